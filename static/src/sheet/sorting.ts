/** Owns the order of values as office programs sort them, and how far a table reaches around a cell. Pure. */
import type { SheetModel } from "./model";
import type { At, Range, Value } from "./types";

/** Numbers, then text, then truths; empty cells are last in both directions. Equal ones keep their order. */
export function sortedOrder(top: number, bottom: number, valueOf: (row: number) => Value | null, down: boolean, language: string): number[] {
  const { compare } = new Intl.Collator(language, { numeric: true, sensitivity: "base" });
  const rows = Array.from({ length: bottom - top + 1 }, (_, index) => ({ row: top + index, value: valueOf(top + index) }));
  const rank = (value: Value | null): number => (value === null || value === "" ? 3 : typeof value === "number" ? 0 : typeof value === "string" ? 1 : 2);
  const order = (one: Value | null, other: Value | null): number => {
    const ranks = rank(one) - rank(other);
    if (rank(one) === 3 || rank(other) === 3) return ranks;
    if (ranks !== 0) return down ? -ranks : ranks;
    const way = typeof one === "string" ? compare(one, String(other)) : Number(one) - Number(other);
    return down ? -way : way;
  };
  return rows.sort((one, other) => order(one.value, other.value) || one.row - other.row).map(({ row }) => row);
}

/** The cells around one up to empty rows and columns. */
export function regionAround(sheet: SheetModel, at: At): Range {
  let { row: top, row: bottom, col: left, col: right } = at;
  const rowUsed = (row: number): boolean => row >= 0 && row < sheet.rows.length && some(left, right, (col) => !sheet.isEmpty(row, col));
  const colUsed = (col: number): boolean => col >= 0 && col < sheet.cols.length && some(top, bottom, (row) => !sheet.isEmpty(row, col));
  for (let grew = true; grew; ) {
    grew = false;
    if (colUsed(left - 1)) grew = (left -= 1) >= 0;
    if (colUsed(right + 1)) grew = (right += 1) >= 0;
    while (rowUsed(top - 1)) grew = (top -= 1) >= 0;
    while (rowUsed(bottom + 1)) grew = (bottom += 1) >= 0;
  }
  return { top, left, bottom, right };
}

function some(first: number, last: number, test: (index: number) => boolean): boolean {
  for (let index = first; index <= last; index += 1) if (test(index)) return true;
  return false;
}

/** Whether the first row of a table says what is in its columns. */
export function hasHead(sheet: SheetModel, range: Range): boolean {
  if (range.bottom <= range.top) return false;
  let differs = false;
  for (let col = range.left; col <= range.right; col += 1) {
    const head = sheet.cellAt(range.top, col);
    if (head.formula !== null || typeof head.value !== "string" || head.value === "") return false;
    const below = sheet.cellAt(range.top + 1, col);
    differs ||= typeof below.value === "number" || below.formula !== null || sheet.lookAt(range.top, col).bold === true;
  }
  return differs;
}
