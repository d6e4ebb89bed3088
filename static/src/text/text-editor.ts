/** Owns the editor of texts: CodeMirror and what belongs to a text (outline, preview, conflicts, drops), for the editor page. */
import type { Extension } from "@codemirror/state";
import { EditorView, type ViewUpdate } from "@codemirror/view";
import type * as Y from "yjs";
import type { Copy, Editor, EditorHost, Mark, SidePane, StatusItem } from "../editor/contract";
import type { Command } from "../shell/commands";
import { h } from "../shell/dom";
import { t } from "../shell/i18n";
import type { MenuEntry } from "../shell/menu";
import { resolve } from "../sync/peers";
import { authors, isRemote, SETTLED_HERE } from "./binding";
import { showChanges } from "./change-marks";
import { conflictsOf, openConflicts } from "./conflicts";
import { announceChanges, dropFiles } from "./drop";
import { createTextEditor, type TextEditor } from "./editor";
import { latexCompletions } from "./latex";
import { searchPhrases } from "./phrases";
import { PreviewPane } from "./preview-pane";
import { textCommands, textMenu } from "./text-commands";
import { isOutlined, TextOutline } from "./text-outline";
import { TextPeople } from "./text-people";
import { TextStatus } from "./text-status";

const SOURCE = "source";

export function create(host: EditorHost): Editor {
  return new TextDocumentEditor(host);
}

class TextDocumentEditor implements Editor {
  readonly element = h("div", { class: "text-editor" });
  readonly outline?: TextOutline;
  readonly side?: SidePane;
  readonly people: TextPeople;
  readonly commands: readonly Command[];
  readonly outside = { show: (marks: readonly Mark[]): boolean => this.showOutside(marks), clear: (): void => this.markChanges([]) };
  readonly conflicts = { count: (): number => conflictsOf(this.ytext).length, open: (): void => this.openConflicts() };
  readonly aside = { textOf: (doc: Y.Doc): string => doc.getText(SOURCE).toString(), insert: (passage: string, before: string): void => this.insertPassage(passage, before) };
  private readonly ytext: Y.Text;
  private readonly editor: TextEditor;
  private readonly headings: TextOutline;
  private readonly textStatus: TextStatus;
  private readonly preview: PreviewPane | null = null;

  constructor(private readonly host: EditorHost) {
    const { live, format } = host;
    this.ytext = live.doc.getText(SOURCE);
    this.editor = this.makeEditor();
    const { view } = this.editor;
    this.headings = new TextOutline(view, format, (position) => this.editor.goTo(position), () => host.outlineChanged());
    this.textStatus = new TextStatus(this.editor.languageName, () => host.statusChanged());
    this.people = new TextPeople(view, this.ytext, host, (position) => this.headings.section(position));
    this.commands = textCommands(this.editor);
    if (isOutlined(format)) this.outline = this.headings;
    if (format === "markdown") {
      const preview = new PreviewPane(h("div", { class: "preview" }), view, () => host.place);
      this.preview = preview;
      this.side = sideOf(preview);
    }
    live.doc.getMap("conflicts").observe(this.onConflicts);
    this.ytext.observe(this.onText);
    this.textStatus.countSoon(() => view.state);
  }

  setReadOnly(readOnly: boolean): void {
    this.editor.setReadOnly(readOnly);
  }

  focus(): void {
    this.editor.view.focus();
  }

  undo(): void {
    this.editor.undo();
  }

  redo(): void {
    this.editor.redo();
  }

  find(): void {
    this.editor.find();
  }

  resized(): void {
    this.editor.view.requestMeasure();
  }

  status(): readonly StatusItem[] {
    return this.textStatus.items(this.editor.view.state, this.host.facts);
  }

  menu(): readonly MenuEntry[] {
    return textMenu(this.editor);
  }

  copyOfContent(): Copy {
    return { name: this.host.name, content: new Blob([this.editor.view.state.doc.toString()], { type: "text/plain;charset=utf-8" }) };
  }

  destroy(): void {
    this.host.live.doc.getMap("conflicts").unobserve(this.onConflicts);
    this.ytext.unobserve(this.onText);
    this.headings.destroy();
    this.textStatus.destroy();
    this.people.destroy();
    this.editor.destroy();
  }

  private makeEditor(): TextEditor {
    const { host } = this;
    const { format } = host;
    const { path } = host.place;
    return createTextEditor({
      parent: this.element,
      ytext: this.ytext,
      awareness: host.live.provider.awareness,
      format,
      path,
      readOnly: true,
      label: t("editor.label", { name: host.name }),
      emptyHint: t("editor.empty"),
      phrases: searchPhrases(),
      ...(format === "latex" ? { completions: latexCompletions(() => host.place) } : {}),
      extensions: [dropFiles({ format, place: () => host.place }), announceChanges, this.listener()],
    });
  }

  private listener(): Extension {
    return EditorView.updateListener.of((update) => {
      if (update.docChanged) {
        this.preview?.changed();
        this.headings.readSoon();
        this.textStatus.countSoon(() => this.editor.view.state);
        this.tellEdits(update);
      }
      if (update.docChanged || update.selectionSet) this.host.statusChanged();
    });
  }

  /** Who else wrote this, and where. */
  private tellEdits(update: ViewUpdate): void {
    for (const transaction of update.transactions) {
      const clients = isRemote(transaction) ? transaction.annotation(authors) : undefined;
      let first: number | null = null;
      if (clients) update.changes.iterChangedRanges((_fromA, _toA, from) => void (first ??= from));
      if (clients && first !== null) this.host.edited(clients, this.headings.section(first));
    }
  }

  private readonly onConflicts = (): void => this.host.conflictsChanged();

  private readonly onText = (): void => void (this.host.live.conflicts > 0 && this.host.conflictsChanged());

  private openConflicts(): void {
    const readOnly = this.editor.view.state.readOnly;
    openConflicts({ ytext: this.ytext, readOnly, origin: SETTLED_HERE, goTo: (position) => this.editor.goTo(position) });
  }

  private showOutside(marks: readonly Mark[]): boolean {
    const ranges = marks.flatMap(({ start, end }) => {
      const from = resolve(start, this.ytext);
      const to = resolve(end, this.ytext);
      return from === null || to === null ? [] : [{ from, to: Math.max(from, to) }]; // a passage that is gone since is an empty range
    });
    this.markChanges(ranges);
    const first = ranges.map((range) => range.from).sort((left, right) => left - right)[0];
    if (first !== undefined) this.editor.view.dispatch({ effects: EditorView.scrollIntoView(first, { y: "center" }) });
    return first !== undefined;
  }

  private markChanges(ranges: readonly { from: number; to: number }[]): void {
    this.editor.view.dispatch({ effects: showChanges.of(ranges) });
  }

  /** Behind the line that stood before it, else at the end. */
  private insertPassage(passage: string, before: string): void {
    const { view } = this.editor;
    const source = view.state.doc.toString();
    const at = before === "" ? -1 : source.indexOf(before);
    const end = at < 0 ? source.length : at + before.length;
    view.dispatch({ changes: { from: end, insert: `\n${passage}` }, effects: EditorView.scrollIntoView(end, { y: "center" }), userEvent: "input" });
  }
}

function sideOf(preview: PreviewPane): SidePane {
  return {
    id: "preview",
    label: t("preview.toggle"),
    icon: "eye",
    element: preview.element,
    openAtFirst: matchMedia("(min-width: 1100px)").matches,
    shown: (open) => (open ? void preview.show() : preview.hide()),
  };
}
