/** Owns what a person can do to the notebook as a whole: each command's work on the selected cells. */
import { t } from "../shell/i18n";
import { announce } from "../shell/live-region";
import { toast } from "../shell/toast";
import type { CellChanges } from "./changes";
import type { CellList } from "./cell-list";
import type { CellSelection } from "./cell-selection";
import type { CellView } from "./cell-view";
import type { NotebookUndo } from "./notebook-undo";
import { cellType, contentOf, isHidden, newId, sourceOf, sourceText, type CellType, type NewCell, type YCell } from "./schema";

export type After = "stay" | "next" | "insert";

/** Runs code, where there is a kernel. */
export interface Runner {
  /** Cells in their order. */
  run(cells: readonly YCell[]): void;
  interrupt(): void;
  restart(): void;
  connect(): void;
}

export interface ActionParts {
  readonly list: CellList;
  readonly selection: CellSelection;
  readonly changes: CellChanges;
  readonly undo: NotebookUndo;
  readonly runner: Runner;
  readonly scroller: HTMLElement;
  readonly mayWrite: () => boolean;
  readonly toggleLineNumbers: () => void;
}

/** What was cut or copied; it stays while one goes from notebook to notebook in this tab. */
let clipboard: readonly NewCell[] = [];

export class Actions {
  constructor(private readonly parts: ActionParts) {}

  // -- going --

  /** Make a cell active and show it; the keyboard goes along. */
  goTo(view: CellView | null | undefined, extend = false): void {
    if (!view) return;
    const { selection } = this.parts;
    selection.setMode("command");
    selection.choose(view, extend);
    this.show(view);
    view.element.focus({ preventScroll: true });
  }

  show(view: CellView, block: ScrollLogicalPosition = "nearest"): void {
    view.mount();
    view.element.scrollIntoView({ block });
  }

  step(step: -1 | 1, extend = false): void {
    const { list, selection } = this.parts;
    this.goTo(list.views[selection.activeIndex + step], extend);
  }

  toEnd(step: -1 | 1): void {
    this.goTo(this.parts.list.views.at(step < 0 ? 0 : -1));
  }

  selectAll(): void {
    this.parts.selection.all();
  }

  edit(at?: "start" | "end" | number): void {
    const { selection } = this.parts;
    const view = selection.active;
    if (!view) return;
    selection.choose(view);
    selection.setMode("edit");
    view.edit(at);
    view.element.scrollIntoView({ block: "nearest" });
  }

  leaveText(): void {
    const { selection } = this.parts;
    if (selection.mode === "edit") this.goTo(selection.active);
  }

  scroll(step: -1 | 1): void {
    this.parts.scroller.scrollBy({ top: step * this.parts.scroller.clientHeight * 0.85 });
  }

  // -- cells --

  add(offset: 0 | 1, type: CellType = "code"): void {
    const { selection, list } = this.parts;
    const index = selection.activeIndex < 0 ? list.views.length : selection.activeIndex + offset;
    this.write((changes) => this.goToCell(changes.insert(index, [{ type }])[0]));
  }

  copy(): void {
    clipboard = this.parts.selection.selected.map((view) => contentOf(view.cell));
    announce(t("notebook.copied", { count: clipboard.length }));
  }

  cut(): void {
    this.copy();
    this.remove();
  }

  paste(offset: 0 | 1): void {
    if (clipboard.length === 0) return;
    const { selection, list } = this.parts;
    const last = selection.selected.at(-1);
    const index = offset === 0 ? Math.max(0, selection.activeIndex) : last ? list.views.indexOf(last) + 1 : 0;
    this.write((changes) => this.goToCell(changes.insert(index, clipboard.map((content) => ({ ...content, id: newId() }))).at(-1)));
  }

  remove(): void {
    const cells = this.selectedCells();
    this.write((changes) => changes.remove(cells));
    announce(t("notebook.deleted", { count: cells.length }));
    this.goTo(this.parts.selection.active);
  }

  move(step: -1 | 1): void {
    const cells = this.selectedCells();
    const { selection } = this.parts;
    const { mode } = selection;
    this.write((changes) => changes.move(cells, step));
    const view = selection.active;
    if (view) this.show(view);
    if (view && mode === "command") view.element.focus({ preventScroll: true });
  }

  split(): void {
    const { selection } = this.parts;
    const view = selection.active;
    const at = view?.editor?.view.state.selection.main.head;
    if (!view || at === undefined || selection.mode !== "edit") return;
    this.write((changes) => changes.split(view.cell, at));
    view.edit("start");
  }

  /** Merge the selected cells; a single one with the one below it. */
  merge(): void {
    const cells = this.selectedCells();
    if (cells.length === 1) this.mergeWith(1);
    else this.write((changes) => this.goToCell(changes.merge(cells) ?? undefined));
  }

  mergeWith(step: -1 | 1): void {
    const { list, selection } = this.parts;
    const [active, other] = [selection.active, list.views[selection.activeIndex + step]];
    if (!active || !other) return;
    const cells = step < 0 ? [other.cell, active.cell] : [active.cell, other.cell];
    this.write((changes) => this.goToCell(changes.merge(cells) ?? undefined));
  }

  changeType(type: CellType): void {
    const cells = this.selectedCells();
    this.write((changes) => this.goToCell(changes.changeType(cells, type).at(-1)));
  }

  /** A Markdown cell that begins with a heading of this level. */
  heading(level: number): void {
    const view = this.parts.selection.active;
    if (!view) return;
    this.write((changes) => {
      const [cell] = changes.changeType([view.cell], "markdown");
      const old = /^#{0,6}\s*/.exec(sourceOf(cell!))?.[0].length ?? 0;
      changes.replaceText(cell!, [{ from: 0, to: old, insert: `${"#".repeat(level)} ` }]);
      this.goToCell(cell);
    });
    this.edit("end");
  }

  fold(part: "source" | "outputs"): void {
    const cells = this.selectedCells();
    const hidden = !cells.every((cell) => isHidden(cell, part));
    this.write((changes) => changes.change(() => cells.forEach((cell) => changes.setHidden(cell, part, hidden))));
  }

  clearOutputs(): void {
    const cells = this.selectedCells();
    this.write((changes) => changes.clearOutputs(cells));
  }

  toggleLineNumbers(): void {
    this.parts.toggleLineNumbers();
  }

  undo(): void {
    if (this.parts.mayWrite()) this.parts.undo.undo();
  }

  redo(): void {
    if (this.parts.mayWrite()) this.parts.undo.redo();
  }

  // -- running --

  /** Run the selected cells: Markdown is shown as it reads, code goes to the kernel. */
  run(after: After): void {
    const { selection, list } = this.parts;
    const views = selection.selected;
    const last = views.at(-1);
    if (!last) return;
    this.runViews(views);
    if (after === "stay") return this.goTo(selection.active);
    const next = list.views[list.views.indexOf(last) + 1];
    if (after === "next" && next) return this.goTo(next);
    if (!this.parts.mayWrite()) return this.goTo(last);
    const index = list.views.indexOf(last) + 1;
    this.write((changes) => this.goToCell(changes.insert(index, [{ type: cellType(last.cell) === "markdown" && after === "next" ? "markdown" : "code" }])[0]));
    this.edit();
  }

  runAll(): void {
    this.runViews(this.parts.list.views);
  }

  interrupt(): void {
    this.parts.runner.interrupt();
  }

  restart(): void {
    this.parts.runner.restart();
  }

  connect(): void {
    this.parts.runner.connect();
  }

  // -- inside --

  private runViews(views: readonly CellView[]): void {
    for (const view of views) view.render();
    const code = views.filter((view) => view.type === "code" && sourceOf(view.cell).trim() !== "").map((view) => view.cell);
    if (code.length > 0) this.parts.runner.run(code);
  }

  private selectedCells(): YCell[] {
    return this.parts.selection.selected.map((view) => view.cell);
  }

  private goToCell(cell: YCell | undefined): void {
    this.goTo(this.parts.list.viewOf(cell ?? null));
  }

  /** A change as one step of undo; a reader is told why nothing happens. */
  private write(run: (changes: CellChanges) => unknown): void {
    const { mayWrite, undo, changes } = this.parts;
    if (mayWrite()) undo.step(() => run(changes));
    else toast(t("notebook.read_only"));
  }

  /** Tick or untick the task of a line of a Markdown cell. */
  tick(view: CellView, line: number): void {
    const lines = sourceOf(view.cell).split("\n");
    const found = /^(\s*(?:>\s*)*(?:[-*+]|\d+[.)])\s+\[)([ xX])(?=\])/.exec(lines[line] ?? "");
    if (!found?.[1] || !sourceText(view.cell)) return;
    const from = lines.slice(0, line).reduce((sum, item) => sum + item.length + 1, 0) + found[1].length;
    this.write((changes) => changes.replaceText(view.cell, [{ from, to: from + 1, insert: found[2] === " " ? "x" : " " }]));
  }
}
