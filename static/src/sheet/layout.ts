/** Owns where the cells of one sheet are on the screen: lanes of rows and columns, what is frozen, hidden, filtered out. */
import type { Display } from "./display";
import { Lane } from "./geometry";
import type { SheetModel } from "./model";
import { MOST_COLS, MOST_ROWS, type At, type Range } from "./types";

export const USUAL_HEIGHT = 22;
export const USUAL_WIDTH = 84;
export const HEAD_HEIGHT = 24;
const SPARE_ROWS = 60;
const SPARE_COLS = 12;
/** Browsers cannot lay out more. */
const TALLEST = 15_000_000;

export interface Room {
  /** How many rows and columns are shown at least: more, the further somebody scrolls. */
  readonly rows: number;
  readonly cols: number;
}

export class Layout {
  readonly rows: Lane;
  readonly cols: Lane;
  readonly frozenRows: number;
  readonly frozenCols: number;
  /** Width of the row numbers. */
  readonly headWidth: number;
  readonly filtered: ReadonlySet<number>;

  constructor(readonly sheet: SheetModel, display: Display, room: Room) {
    this.filtered = filteredOut(sheet, display);
    const rows = Math.min(Math.max(sheet.rows.length + SPARE_ROWS, room.rows), MOST_ROWS, Math.max(sheet.rows.length, Math.floor(TALLEST / USUAL_HEIGHT)));
    const cols = Math.min(Math.max(sheet.cols.length + SPARE_COLS, room.cols), MOST_COLS);
    const hidden = this.filtered.size === 0 ? sheet.hides("rows") : new Set([...sheet.hides("rows"), ...this.filtered]);
    this.rows = new Lane(rows, USUAL_HEIGHT, sheet.sizes("rows"), hidden);
    this.cols = new Lane(cols, USUAL_WIDTH, sheet.sizes("cols"), sheet.hides("cols"));
    this.frozenRows = Math.min(sheet.frozen("rows"), rows);
    this.frozenCols = Math.min(sheet.frozen("cols"), cols);
    this.headWidth = Math.max(44, String(rows).length * 8 + 16);
  }

  get width(): number {
    return this.headWidth + this.cols.total;
  }

  get height(): number {
    return HEAD_HEIGHT + this.rows.total;
  }

  /** What always stands at the top and at the left. */
  get frozenHeight(): number {
    return HEAD_HEIGHT + this.rows.start(this.frozenRows);
  }

  get frozenWidth(): number {
    return this.headWidth + this.cols.start(this.frozenCols);
  }

  /** Where a range is within the whole sheet, heads included. */
  box(range: Range): { x: number; y: number; width: number; height: number } {
    const x = this.headWidth + this.cols.start(range.left);
    const y = HEAD_HEIGHT + this.rows.start(range.top);
    return { x, y, width: this.headWidth + this.cols.end(range.right) - x, height: HEAD_HEIGHT + this.rows.end(range.bottom) - y };
  }

  clamp({ row, col }: At): At {
    return { row: Math.min(Math.max(row, 0), this.rows.count - 1), col: Math.min(Math.max(col, 0), this.cols.count - 1) };
  }
}

/** Rows whose value in a filtered column is one of those left out. */
function filteredOut(sheet: SheetModel, display: Display): Set<number> {
  const out = new Set<number>();
  const filter = sheet.filter();
  if (!filter) return out;
  for (const [colId, values] of filter.hidden) {
    const col = sheet.cols.indexOf(colId);
    if (col < 0 || values.size === 0) continue;
    for (let row = filter.range.top + 1; row <= filter.range.bottom; row += 1) if (values.has(display.text(sheet, row, col))) out.add(row);
  }
  return out;
}
