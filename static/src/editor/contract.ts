/** Owns what the page and an editor owe each other: every kind of document has one `Editor`, the page around it is the same.
 *
 * An editor knows its document and nothing of top bar, banners, sharing, storage or people's rights: it tells the host what
 * changed and answers what it is asked. What is optional here is left out by an editor that has no such thing; the page then
 * shows no button, no pane and no command for it. docs/architecture.md, "An editor for another kind", says how to add one.
 */
import type * as Y from "yjs";
import type { Place } from "../shell/api";
import type { Command } from "../shell/commands";
import type { IconName } from "../shell/icons";
import type { MenuEntry } from "../shell/menu";
import type { LiveDocument } from "../sync/live-document";
import type { Peer } from "../sync/peers";

/** What a module of an editor exports; the registry imports it when a document of its kind is opened. */
export interface EditorModule {
  create(host: EditorHost): Editor | Promise<Editor>;
}

/** What the page gives an editor, and how the editor tells it what changed. */
export interface EditorHost {
  /** The document (`live.doc`), its connection and presence (`live.provider.awareness`). */
  readonly live: LiveDocument;
  /** Where the file is now; a rename changes it. */
  readonly place: Place;
  /** The file's name now. */
  readonly name: string;
  /** The language by the file's name (`markdown`, `notebook`, …). */
  readonly format: string;
  /** What the server says of the file (`encoding`, `line_ends`, …). */
  readonly facts: ReadonlyMap<string, string>;
  /** The view follows somebody: an editor then does not share where it is scrolled to. */
  readonly following: boolean;
  /** Headings are others, or another one is being read. */
  outlineChanged(): void;
  /** `status` answers something new. */
  statusChanged(): void;
  /** `conflicts.count` answers something new. */
  conflictsChanged(): void;
  /** These Y clients just edited, in the section of this title: for status bar and screen reader. */
  edited(clients: readonly number[], section: string | null): void;
}

export interface Editor {
  /** Fills its pane; scrolls inside. */
  readonly element: HTMLElement;
  /** May be called at any time. A reader still can select, copy, search. An editor starts read-only. */
  setReadOnly(readOnly: boolean): void;
  /** Put the keyboard where one writes. */
  focus(): void;
  destroy(): void;
  /** The document as a file, from this window alone: it must work without a server. Null: only the server can make the file. */
  copyOfContent(): Copy | null | Promise<Copy | null>;
  /** Own edits only. The editor listens for the keys itself. */
  undo?(): void;
  redo?(): void;
  /** Open find and replace. */
  find?(): void;
  /** Its size may have changed: a pane was opened or closed. */
  resized?(): void;

  readonly outline?: Outline;
  readonly side?: SidePane;
  readonly people?: PeoplePlaces;
  /** From left to right; asked for after `statusChanged`. */
  status?(): readonly StatusItem[];
  /** Stand in the top bar, before Share; on a phone they are hidden, so each is in `menu` too. */
  readonly buttons?: readonly HTMLElement[];
  /** In the document's menu, below Find. */
  menu?(): readonly MenuEntry[];
  /** In the palette and in the help. Keys that the editor listens to itself have `handledElsewhere`. */
  readonly commands?: readonly Command[];
  readonly outside?: OutsideMarks;
  readonly conflicts?: Conflicts;
  readonly aside?: Aside;
}

export interface Copy {
  readonly name: string;
  readonly content: Blob;
}

export interface Heading {
  readonly title: string;
  /** 1 = outermost. */
  readonly level: number;
}

export interface Outline {
  /** Of the document now, in its order. */
  headings(): readonly Heading[];
  /** Which of them is being read, -1 for none. */
  current(): number;
  /** Show the heading of this index and put the cursor there. */
  goTo(index: number): void;
}

/** One pane at the right: a preview, comments, properties. */
export interface SidePane {
  /** Names the remembered setting and the class `pane-{id}`. */
  readonly id: string;
  readonly label: string;
  readonly icon: IconName;
  readonly element: HTMLElement;
  /** Open when this browser remembers nothing. */
  readonly openAtFirst: boolean;
  shown?(open: boolean): void;
}

/** Where the others are, from what their windows share in the presence: `cursor` and `top` of a `Peer`. */
export interface PeoplePlaces {
  /** Scroll to what this person sees; our cursor stays. Called again whenever it moves. */
  show(peer: Peer): void;
  /** Put our cursor where this person is; Tab order and screen readers go along. */
  goTo(peer: Peer): void;
  /** Where this person is, for a screen reader ("§ Method", "cell 4"); null when unknown. */
  describe?(peer: Peer): string | null;
}

export interface StatusItem {
  /** Names the class `status-{id}`. */
  readonly id: string;
  readonly text: string;
  readonly title?: string;
}

/** A passage that came through the storage, as positions that move with the document. */
export interface Mark {
  readonly start: Y.RelativePosition;
  readonly end: Y.RelativePosition;
}

export interface OutsideMarks {
  /** Mark these passages and scroll to the first; false when nothing of them is there any more. */
  show(marks: readonly Mark[]): boolean;
  clear(): void;
}

/** Passages that both sides changed and that a person has to look at. */
export interface Conflicts {
  count(): number;
  open(): void;
}

/** Edits of another history, as text: for an editor whose document can be read and written as text. */
export interface Aside {
  /** The text of any document of this kind. */
  textOf(doc: Y.Doc): string;
  /** Put a passage behind this line, else at the end. */
  insert(passage: string, before: string): void;
}
