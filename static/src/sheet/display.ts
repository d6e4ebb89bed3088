/** Owns what is seen of a cell: value, text, look. Puts model, results of formulas and number formats together. */
import type { Book } from "./book";
import { entryText } from "./entry";
import { formulaText } from "./formula-text";
import type { SheetLocale } from "./locale";
import type { SheetModel } from "./model";
import { formatValue } from "./number-format";
import type { Result } from "./results";
import { UNREAD, type Cell, type CellType, type Look, type Value } from "./types";

export interface DrawnCell {
  readonly text: string;
  readonly type: CellType;
  readonly value: Value | null;
  readonly look: Look;
  /** The number format's own colour. */
  readonly tone: string | undefined;
  /** Where the text stands when the look does not say. */
  readonly side: "left" | "center" | "right";
  /** What a formula depends on changed, and nothing here can compute it: the value is that of before. */
  readonly isOld?: boolean;
}

const PENDING = "…";

/** Values of formulas that were computed here, by ids. */
export interface ResultSource {
  of(sheet: string, row: string, col: string): Result | undefined;
}

export class Display {
  constructor(private readonly book: Book, readonly results: ResultSource, readonly locale: SheetLocale) {}

  cell(sheet: SheetModel, row: number, col: number): DrawnCell {
    const cell = sheet.cellAt(row, col);
    const look = sheet.lookAt(row, col);
    if (cell.value === null && cell.formula === null) return { text: "", type: "z", value: null, look, tone: undefined, side: "left" };
    const { type, value, isOld = false } = this.resultOf(sheet, row, col, cell);
    const side = type === "n" ? "right" : type === "b" || type === "e" ? "center" : "left";
    if (value === null) return { text: this.unknown(cell), type, value, look, tone: undefined, side };
    const shown = type === "e" ? { text: String(value) } : formatValue(value, look.format, this.locale);
    return { text: shown.text, type, value, look, tone: "color" in shown ? shown.color : undefined, side, isOld };
  }

  /** The value of a cell, a formula's by its result. */
  value(sheet: SheetModel, row: number, col: number): Value | null {
    const cell = sheet.cellAt(row, col);
    return cell.formula === null ? cell.value : this.resultOf(sheet, row, col, cell).value;
  }

  text(sheet: SheetModel, row: number, col: number): string {
    return this.cell(sheet, row, col).text;
  }

  /** What somebody edits who opens the cell. */
  source(sheet: SheetModel, row: number, col: number): string {
    const cell = sheet.cellAt(row, col);
    if (cell.formula) return formulaText(this.book, sheet, cell.formula);
    return entryText(cell.value, sheet.lookAt(row, col).format, this.locale);
  }

  /** A formula that could not be read is kept as it is: nobody can edit it here without losing it. */
  isUnread(sheet: SheetModel, row: number, col: number): boolean {
    const first = sheet.cellAt(row, col).formula?.[0];
    return typeof first === "string" && first.startsWith(UNREAD);
  }

  private resultOf(sheet: SheetModel, row: number, col: number, cell: Cell): Result {
    if (cell.formula === null) return cell;
    const rowId = sheet.rows.ids[row];
    const colId = sheet.cols.ids[col];
    const result = rowId === undefined || colId === undefined ? undefined : this.results.of(sheet.id, rowId, colId);
    return result ?? cell;
  }

  private unknown(cell: Cell): string {
    const first = cell.formula?.[0];
    if (typeof first === "string" && first.startsWith(UNREAD)) return first.slice(1);
    return cell.formula && cell.edited ? PENDING : "";
  }
}
