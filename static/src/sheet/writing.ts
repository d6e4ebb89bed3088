/** Owns what becomes of a text that somebody wrote into a cell: where it goes, also when the cell moved or went meanwhile. */
import { t } from "../shell/i18n";
import { toast } from "../shell/toast";
import type { Target, WritingEvents } from "./cell-editor";
import type { Contents } from "./contents";
import { attempt, type Core } from "./core";
import { PointSteps } from "./pointing";
import { stepFrom, type Direction } from "./selection";

export class Writing implements WritingEvents {
  private readonly steps = new PointSteps(() => this.core.view);

  /** `changed` hears when the field was opened or closed, or has another text. */
  constructor(private readonly core: Core, private readonly contents: Contents, private readonly changedText: () => void) {}

  begin(): { target: Target; text: string } | null {
    const { view, display, mayWrite } = this.core;
    if (!mayWrite) return null;
    this.steps.reset();
    const { top, left } = view.selection.activeRange();
    view.grid.reveal({ row: top, col: left });
    const { sheet } = view;
    return { target: { sheet: sheet.id, row: sheet.rows.placeAt(top), col: sheet.cols.placeAt(left) }, text: display.source(sheet, top, left) };
  }

  commit(target: Target, text: string): boolean {
    const { book, view } = this.core;
    const sheet = book.sheet(target.sheet);
    const at = { row: sheet?.rows.indexOf(target.row) ?? -1, col: sheet?.cols.indexOf(target.col) ?? -1 };
    if (!sheet || at.row < 0 || at.col < 0 || !book.sheets().includes(sheet)) {
      if (sheet) attempt(this.core, () => this.contents.enterLost(sheet, String(target.row), String(target.col), text));
      toast(t("sheet.cell_gone", { text: text.slice(0, 80) }), { look: "problem" });
      return true;
    }
    if (!this.contents.enter(sheet, at, text)) return false;
    if (sheet !== view.sheet) view.show(sheet);
    return true;
  }

  all(text: string): void {
    const { view } = this.core;
    const { top, left } = view.selection.activeRange();
    if (this.contents.enterAll(view.sheet, view.range, { row: top, col: left }, text)) view.editor.cancel();
  }

  moved(direction: Direction): void {
    const { view } = this.core;
    view.select(stepFrom(view.layout, view.selection.anchor, direction));
  }

  changed(): void {
    this.steps.reset();
    this.changedText();
  }

  pointStep(direction: Direction, extend: boolean): void {
    this.steps.step(direction, extend);
  }

  focusGrid(): void {
    this.core.view.grid.scroller.focus({ preventScroll: true });
  }
}
