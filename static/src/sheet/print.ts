/** Owns the sheet on paper: a plain table of what is used, made when the browser prints. */
import { h, replaceChildren } from "../shell/dom";
import { cellColors } from "./colors";
import type { SheetView } from "./sheet-view";
import { contains } from "./types";

const MOST_ROWS_PRINTED = 5_000;
const MOST_COLS_PRINTED = 100;

export class PrintView {
  readonly element = h("div", { class: "sheet-print", attrs: { "aria-hidden": "true" } });
  private readonly before = (): void => this.fill();
  private readonly after = (): void => replaceChildren(this.element);

  constructor(private readonly view: () => SheetView) {
    window.addEventListener("beforeprint", this.before);
    window.addEventListener("afterprint", this.after);
  }

  destroy(): void {
    window.removeEventListener("beforeprint", this.before);
    window.removeEventListener("afterprint", this.after);
  }

  private fill(): void {
    const { sheet, layout } = this.view();
    let [bottom, right] = [0, 0];
    for (const { row, col } of sheet.filled()) [bottom, right] = [Math.max(bottom, row), Math.max(right, col)];
    bottom = Math.min(bottom, MOST_ROWS_PRINTED - 1);
    right = Math.min(right, MOST_COLS_PRINTED - 1);
    const cols = Array.from({ length: right + 1 }, (_, col) => col).filter((col) => !layout.cols.isHidden(col));
    const table = h("table", {}, h("caption", {}, sheet.name), h("colgroup", {}, ...cols.map((col) => sized(h("col"), layout.cols.size(col)))));
    const body = table.createTBody();
    for (let row = 0; row <= bottom; row += 1) {
      if (layout.rows.isHidden(row)) continue;
      const line = body.insertRow();
      for (const col of cols) {
        const merged = sheet.mergeAt(row, col);
        if (merged && (merged.top !== row || merged.left !== col)) continue;
        const cell = line.insertCell();
        if (merged) {
          cell.colSpan = cols.filter((one) => contains(merged, { row, col: one })).length;
          cell.rowSpan = Math.min(merged.bottom, bottom) - merged.top + 1;
        }
        this.dress(cell, row, col);
      }
    }
    replaceChildren(this.element, table);
  }

  private dress(element: HTMLTableCellElement, row: number, col: number): void {
    const { sheet, display } = this.view();
    const { text, look, side } = display.cell(sheet, row, col);
    const { ink, fill } = cellColors(look.color, look.fill, false);
    element.textContent = text;
    Object.assign(element.style, { color: ink, backgroundColor: fill, textAlign: look.align ?? side, fontWeight: look.bold ? "700" : "", fontStyle: look.italic ? "italic" : "", textDecoration: look.underline ? "underline" : "", whiteSpace: look.wrap ? "pre-wrap" : "pre" });
  }
}

function sized(element: HTMLTableColElement, width: number): HTMLTableColElement {
  element.style.width = `${width}px`;
  return element;
}
