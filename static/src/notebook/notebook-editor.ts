/** Owns the editor of notebooks: the list of cells, its keys, undo, people, outline, find; for the editor page. */
import * as Y from "yjs";
import type { Copy, Editor, EditorHost, Mark, StatusItem } from "../editor/contract";
import type { Command } from "../shell/commands";
import { button } from "../shell/dialog";
import { h } from "../shell/dom";
import { t } from "../shell/i18n";
import type { MenuEntry } from "../shell/menu";
import { Actions } from "./actions";
import { CellList } from "./cell-list";
import { CellSelection } from "./cell-selection";
import type { CellContext, CellView } from "./cell-view";
import { CellChanges } from "./changes";
import { keyOf, listedCommands, NotebookKeys, notebookCommands, type NotebookCommand } from "./commands";
import { FindPanel } from "./find-panel";
import { Kernels } from "./kernels";
import { notebookConflicts, openNotebookConflicts } from "./notebook-conflicts";
import { notebookFile } from "./notebook-file";
import { NotebookOutline } from "./notebook-outline";
import { NotebookPeople } from "./notebook-people";
import { NotebookUndo } from "./notebook-undo";
import { cellAround, cellId, cellsOf, kernelName, languageName, type YCell } from "./schema";
import { Toolbar } from "./toolbar";

export function create(host: EditorHost): Editor {
  return new NotebookEditor(host);
}

class NotebookEditor implements Editor {
  readonly element = h("div", { class: "notebook" });
  readonly outline: NotebookOutline;
  readonly people: NotebookPeople;
  readonly commands: readonly Command[];
  readonly outside = { show: (marks: readonly Mark[]): boolean => this.showOutside(marks), clear: (): void => this.clearOutside() };
  readonly conflicts = { count: (): number => notebookConflicts(this.host.live.doc).length, open: (): void => this.openConflicts() };
  private readonly scroller = h("div", { class: "nb-scroller" });
  private readonly context: CellContext;
  private readonly list: CellList;
  private readonly selection: CellSelection;
  private readonly undoing: NotebookUndo;
  private readonly actions: Actions;
  private readonly kernels: Kernels;
  private readonly known: readonly NotebookCommand[];
  private readonly keys: NotebookKeys;
  private readonly toolbar: Toolbar;
  private readonly finding: FindPanel;
  private readonly end: HTMLElement;
  private outsideViews: readonly CellView[] = [];

  constructor(private readonly host: EditorHost) {
    const { doc } = host.live;
    this.undoing = new NotebookUndo(doc, { now: () => this.place(), goTo: ({ cellId: id, anchor }) => this.goToId(id, anchor) });
    this.context = this.makeContext();
    this.selection = new CellSelection(() => this.list?.views ?? [], () => this.onSelection());
    this.list = new CellList(doc, this.scroller, this.context, { reordered: () => this.onReordered(), changed: (_view, key) => this.onChanged(key) });
    const changes = new CellChanges(doc);
    this.kernels = new Kernels({ doc, mayWrite: () => !this.context.readOnly, shown: (state) => (this.toolbar.showKernel(state), host.statusChanged()), path: () => host.place.path });
    const { list, selection, undoing: undo, scroller, kernels: runner } = this;
    this.actions = new Actions({ list, selection, changes, undo, runner, scroller, mayWrite: () => !this.context.readOnly, toggleLineNumbers: () => this.toggleLineNumbers() });
    this.known = notebookCommands(this.actions);
    this.keys = new NotebookKeys(this.known);
    this.commands = listedCommands(this.known, () => !this.context.readOnly);
    this.toolbar = new Toolbar(this.known, this.actions);
    this.outline = new NotebookOutline(list, scroller, (view) => this.goTo(view, "start"), () => host.outlineChanged());
    this.people = new NotebookPeople({ host, list, scroller, show: (view, block) => this.actions.show(view, block), goTo: (view, position) => this.write(view, position) });
    this.finding = new FindPanel({ list, show: (view) => this.showSource(view), replace: (all) => undo.step(() => changes.change(() => all.forEach((ranges, view) => changes.replaceText(view.cell, ranges)))), closed: () => this.focus() });
    this.end = this.makeEnd();
    this.scroller.append(list.element, this.end);
    this.element.append(this.toolbar.element, this.finding.element, this.scroller);
    this.listen();
    doc.getMap("conflicts").observe(this.onConflicts);
    this.setReadOnly(true);
    this.selection.choose(list.views[0] ?? null);
  }

  // -- Editor --

  setReadOnly(readOnly: boolean): void {
    this.context.readOnly = readOnly;
    this.list.setReadOnly(readOnly);
    this.toolbar.setReadOnly(readOnly);
    this.element.dataset.readOnly = String(readOnly);
    this.end.hidden = readOnly;
  }

  focus(): void {
    const view = this.selection.active;
    if (this.selection.mode === "edit" && view?.editor) view.editor.focus();
    else if (view) view.element.focus({ preventScroll: true });
    else this.end.querySelector("button")?.focus();
  }

  undo(): void {
    this.actions.undo();
  }

  redo(): void {
    this.actions.redo();
  }

  find(): void {
    const cm = this.selection.mode === "edit" ? this.selection.active?.editor?.view : undefined;
    const { from = 0, to = 0 } = cm?.state.selection.main ?? {};
    this.finding.open(cm?.state.sliceDoc(from, to) ?? "");
  }

  status(): readonly StatusItem[] {
    const { activeIndex, mode } = this.selection;
    const count = this.list.views.length;
    const kernel = kernelName(this.host.live.doc).label || languageName(this.host.live.doc);
    return [
      { id: "place", text: count === 0 ? "" : t("notebook.place", { number: activeIndex + 1, count }) },
      { id: "mode", text: t(mode === "edit" ? "notebook.mode_edit" : "notebook.mode_command") },
      { id: "language", text: kernel },
      { id: "kernel", text: this.kernels.state.text },
    ];
  }

  menu(): readonly MenuEntry[] {
    const entry = (id: string): MenuEntry => {
      const command = this.known.find((item) => item.id === id)!;
      const key = keyOf(this.known, id);
      return { label: t(command.label), disabled: command.writes === true && this.context.readOnly, run: command.run, ...(key ? { key } : {}) };
    };
    return ["nb-run-all", "nb-clear", "nb-fold-source", "nb-fold-outputs", "nb-lines", "nb-kernel"].map(entry);
  }

  copyOfContent(): Copy {
    return { name: this.host.name, content: new Blob([notebookFile(this.host.live.doc)], { type: "application/x-ipynb+json" }) };
  }

  destroy(): void {
    this.host.live.doc.getMap("conflicts").unobserve(this.onConflicts);
    this.kernels.destroy();
    this.finding.destroy();
    this.outline.destroy();
    this.people.destroy();
    this.list.destroy();
    this.undoing.destroy();
  }

  // -- putting together --

  private makeContext(): CellContext {
    const { host } = this;
    return {
      awareness: host.live.provider.awareness,
      place: () => host.place,
      language: () => languageName(host.live.doc),
      beforeEdit: () => this.undoing.beforeEdit(),
      keys: (view) => ({ leave: (step) => this.leave(view, step), undo: () => this.actions.undo(), redo: () => this.actions.redo() }),
      edited: (view, clients) => host.edited(clients, this.outline?.section(view) ?? null),
      selected: (view) => this.onCursor(view),
      toggleHidden: (view, part) => {
        this.selection.choose(view);
        this.actions.fold(part);
      },
      ticked: (view, line) => this.actions.tick(view, line),
      readOnly: true,
      lineNumbers: false,
    };
  }

  private makeEnd(): HTMLElement {
    const add = button(t("notebook.add"), () => {
      this.selection.choose(this.list.views.at(-1) ?? null);
      this.actions.add(1);
      this.actions.edit();
    });
    return h("div", { class: "nb-end" }, add);
  }

  private listen(): void {
    // Before the cell's text sees them: keys that concern the notebook are never written or moved by it.
    this.scroller.addEventListener("keydown", (event) => this.onKey(event), { capture: true });
    this.scroller.addEventListener("focusin", (event) => this.onFocus(event));
    this.scroller.addEventListener("mousedown", (event) => this.onMouse(event));
    this.scroller.addEventListener("dblclick", (event) => this.onDoubleClick(event));
  }

  // -- what happens --

  private onKey(event: KeyboardEvent): void {
    if (event.isComposing) return;
    const target = event.target instanceof HTMLElement ? event.target : null;
    const typing = Boolean(target?.closest(".cm-content, input, textarea, select"));
    if (!typing && target?.closest("button, a, summary") && (event.key === "Enter" || event.key === " ")) return;
    if (typing && event.key === "Escape" && target?.closest(".cm-editor")?.querySelector(".cm-tooltip-autocomplete")) return;
    const command = this.keys.find(event, typing);
    if (!command) return;
    if (command.id === "nb-command" && !typing) return; // nothing to leave: Escape is the page's
    event.preventDefault();
    event.stopPropagation();
    if (!command.writes || !this.context.readOnly) command.run();
  }

  private onFocus(event: FocusEvent): void {
    const view = this.list.viewAround(event.target);
    if (!view) return;
    const typing = event.target instanceof Element && event.target.closest(".cm-content") !== null;
    if (view !== this.selection.active) this.selection.choose(view);
    this.selection.setMode(typing ? "edit" : "command");
    this.people.share(view);
  }

  private onMouse(event: MouseEvent): void {
    const view = this.list.viewAround(event.target);
    const target = event.target instanceof Element ? event.target : null;
    if (!view || target?.closest(".cm-editor, button, a, input, select, iframe, .nb-output")) return;
    if (event.shiftKey) event.preventDefault();
    this.selection.choose(view, event.shiftKey);
    if (event.shiftKey) view.element.focus({ preventScroll: true });
  }

  private onDoubleClick(event: MouseEvent): void {
    const view = this.list.viewAround(event.target);
    if (view?.type === "markdown" && !view.editing && event.target instanceof Element && event.target.closest(".nb-input")) this.actions.edit();
  }

  private onCursor(view: CellView): void {
    if (!view.editor?.view.hasFocus) return;
    this.people.share(view);
    this.host.statusChanged();
  }

  private onSelection(): void {
    this.toolbar?.showType(this.selection.active?.type ?? null);
    this.host.statusChanged();
  }

  private onReordered(): void {
    const focused = this.scroller.contains(document.activeElement) || document.activeElement === document.body;
    if (this.selection.active === null) this.selection.choose(this.list.views[0] ?? null);
    this.selection.reordered();
    if (focused && !this.scroller.contains(document.activeElement) && this.finding.element.hidden) this.focus();
    this.people.mark();
    this.onChanged(null);
  }

  private onChanged(key: string | null): void {
    if (key !== null && key !== "source") return;
    this.outline?.readSoon();
    this.finding?.changed();
  }

  // -- going --

  private leave(view: CellView, step: -1 | 1): boolean {
    const next = this.list.views[this.list.views.indexOf(view) + step];
    if (!next) return false;
    if (next.type === "markdown" && !next.editing) this.actions.goTo(next);
    else {
      this.selection.choose(next);
      this.actions.edit(step < 0 ? "end" : "start");
    }
    return true;
  }

  private goTo(view: CellView, block: ScrollLogicalPosition): void {
    this.actions.goTo(view);
    this.actions.show(view, block);
  }

  private write(view: CellView, position: number): void {
    this.selection.choose(view);
    this.actions.show(view, "center");
    this.actions.edit(position);
  }

  /** Show a cell's source without taking the keyboard. */
  private showSource(view: CellView): void {
    this.selection.choose(view);
    view.showSource();
    this.actions.show(view);
  }

  private place() {
    const view = this.selection.active;
    const { anchor = 0, head = 0 } = view?.editor?.view.state.selection.main ?? {};
    return view ? { cellId: cellId(view.cell), anchor, head } : null;
  }

  private goToId(id: string, anchor: number): void {
    const view = this.list.views.find((item) => cellId(item.cell) === id);
    if (!view) return;
    const writing = this.selection.mode === "edit" && view.editor !== null;
    this.selection.choose(view);
    if (writing) view.editor?.focus(anchor);
    else this.actions.goTo(view);
  }

  private toggleLineNumbers(): void {
    this.context.lineNumbers = !this.context.lineNumbers;
    for (const view of this.list.views) view.editor?.setLineNumbers(this.context.lineNumbers);
  }

  // -- what others did outside --

  private readonly onConflicts = (): void => this.host.conflictsChanged();

  private openConflicts(): void {
    const goTo = (cell: YCell | null, position: number): void => {
      const view = this.list.viewOf(cell);
      if (view) this.write(view, position);
    };
    openNotebookConflicts({ doc: this.host.live.doc, readOnly: this.context.readOnly, goTo });
  }

  private showOutside(marks: readonly Mark[]): boolean {
    this.clearOutside();
    const views = marks.flatMap(({ start }) => this.viewAt(start) ?? []);
    this.outsideViews = views;
    for (const view of views) view.element.classList.add("is-changed");
    if (views[0]) this.actions.show(views[0], "center");
    return views.length > 0;
  }

  private clearOutside(): void {
    for (const view of this.outsideViews) view.element.classList.remove("is-changed");
    this.outsideViews = [];
  }

  /** A position in a cell, or in the list of cells. */
  private viewAt(position: Y.RelativePosition): CellView | null {
    const { doc } = this.host.live;
    const cells = cellsOf(doc);
    try {
      const found = Y.createAbsolutePositionFromRelativePosition(position, doc);
      if (!found) return null;
      const cell = (found.type as unknown) === cells ? cells.get(found.index) : cellAround(found.type, cells);
      return cell instanceof Y.Map ? this.list.viewOf(cell) : null;
    } catch {
      return null;
    }
  }
}
