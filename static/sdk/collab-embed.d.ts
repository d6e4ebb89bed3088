/** collab-embed: live documents of a livefolder server in any web page. docs/embedding.md */
import type { Awareness } from "y-protocols/awareness";
import type * as Yjs from "yjs";

export interface Connection {
  /** The server's address: `https://edit.example.org`. */
  readonly server: string;
  /** The file in the shared folder. */
  readonly path: string;
  readonly root?: string;
  /** An access token that your own backend made, or a function that gets one; it is asked again when the old one ends. */
  readonly token: string | (() => string | Promise<string>);
}

export interface Looks {
  readonly theme?: "light" | "dark";
  /** CSS variables: `--host-accent`, `--host-ground`, `--host-ink`. */
  readonly colors?: Readonly<Record<string, string>>;
  readonly lang?: string;
}

export interface Person {
  readonly name: string;
  readonly color: string;
  readonly readOnly: boolean;
  /** This window's own. */
  readonly self: boolean;
}

export type SaveState = "connecting" | "offline" | "pending" | "stored" | "refused";

export interface Save {
  readonly state: SaveState;
  /** Why it is refused, in words for people. */
  readonly reason: string | null;
}

export interface Events {
  /** Who is here, at every change. */
  presence: readonly Person[];
  /** What the storage has of the edits made here. */
  save: Save;
  /** The session ended and does not come back by itself. */
  close: { readonly reason: string };
}

export interface Embedded {
  /** Listen; answers how to stop. */
  on<Name extends keyof Events>(name: Name, listener: (value: Events[Name]) => void): () => void;
  /** Store now. */
  save(): Promise<void>;
  close(): void;
}

export interface LiveDocument extends Embedded {
  /** The Yjs of this module: types of another copy of Yjs do not mix with it. */
  readonly Y: typeof Yjs;
  readonly doc: Yjs.Doc;
  /** Texts have their content here. */
  readonly text: Yjs.Text;
  readonly awareness: Awareness;
  readonly name: string;
  readonly format: string;
  readonly readOnly: boolean;
}

/** Only the document and its connection, for an editor of your own. Rejects when it cannot be opened. */
export function openDocument(connection: Connection): Promise<LiveDocument>;

/** A text editor in an element of this page. Load `collab-embed.css`, too. */
export function mountEditor(element: HTMLElement, options: Connection & Looks): Promise<LiveDocument>;

/** The whole editor in a frame within the element. */
export function mountFrame(element: HTMLElement, options: Connection & Looks): Embedded;
