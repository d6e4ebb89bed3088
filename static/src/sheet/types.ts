/** Owns the shapes of what docs/sheets.md says is in the document, and the words for places in a sheet. */

/** A row or column: its id, or its index where it is beyond the last one. */
export type Place = string | number;

/** `[row, column, flags, sheet?]`; see docs/sheets.md, "Formulas". */
export type Reference = readonly [row: Place | null, col: Place | null, flags: number, sheet?: string];
export type Part = string | Reference;
export type Formula = readonly Part[];

export const ABSOLUTE_ROW = 1;
export const ABSOLUTE_COLUMN = 2;
/** A formula that could not be read: kept, shown, not computed. */
export const UNREAD = "\u0000";

export type Value = number | string | boolean;
export type CellType = "n" | "s" | "b" | "e" | "z";

export interface Cell {
  readonly type: CellType;
  readonly value: Value | null;
  readonly formula: Formula | null;
  /** Somebody wrote it here: what the file says does not count. */
  readonly edited: boolean;
}

/** What people put into a cell. */
export type Content = { readonly v: Value } | { readonly f: Formula } | null;

export interface Look {
  readonly bold?: boolean;
  readonly italic?: boolean;
  readonly underline?: boolean;
  readonly strike?: boolean;
  readonly color?: string;
  readonly fill?: string;
  readonly align?: "left" | "center" | "right";
  readonly valign?: "top" | "middle" | "bottom";
  readonly wrap?: boolean;
  readonly size?: number;
  readonly font?: string;
  readonly format?: string;
}

/** A change of looks: null takes away what the file says. */
export type LookChange = { readonly [Key in keyof Look]: Look[Key] | null };

/** A cell by its indexes. */
export interface At {
  readonly row: number;
  readonly col: number;
}

/** Cells by their indexes, both ends included. */
export interface Range {
  readonly top: number;
  readonly left: number;
  readonly bottom: number;
  readonly right: number;
}

export type Way = "rows" | "cols";

/** The most that an office program reads. */
export const MOST_ROWS = 1_048_576;
export const MOST_COLS = 16_384;

export const EMPTY: Cell = { type: "z", value: null, formula: null, edited: false };

export function rangeOf(one: At, other: At = one): Range {
  return { top: Math.min(one.row, other.row), left: Math.min(one.col, other.col), bottom: Math.max(one.row, other.row), right: Math.max(one.col, other.col) };
}

export function contains(range: Range, { row, col }: At): boolean {
  return row >= range.top && row <= range.bottom && col >= range.left && col <= range.right;
}

export function meet(one: Range, other: Range): boolean {
  return one.top <= other.bottom && other.top <= one.bottom && one.left <= other.right && other.left <= one.right;
}

export function sizeOf(range: Range): number {
  return (range.bottom - range.top + 1) * (range.right - range.left + 1);
}

/** `A`, `B`, …, `AA`. */
export function columnName(index: number): string {
  let name = "";
  for (let left = index; left >= 0; left = Math.floor(left / 26) - 1) name = String.fromCharCode(65 + (left % 26)) + name;
  return name;
}

/** The index of `AB`, -1 for what is no column. */
export function columnIndex(name: string): number {
  if (!/^[a-z]{1,3}$/i.test(name)) return -1;
  const index = [...name.toUpperCase()].reduce((sum, letter) => sum * 26 + letter.charCodeAt(0) - 64, 0) - 1;
  return index < MOST_COLS ? index : -1;
}

export function addressOf({ row, col }: At): string {
  return `${columnName(col)}${row + 1}`;
}

export function rangeName(range: Range): string {
  const first = addressOf({ row: range.top, col: range.left });
  return sizeOf(range) === 1 ? first : `${first}:${addressOf({ row: range.bottom, col: range.right })}`;
}

/** `B3` or `A1:C9` as a range, null for anything else. */
export function readRange(text: string): Range | null {
  const found = /^\$?([a-z]{1,3})\$?(\d{1,7})(?::\$?([a-z]{1,3})\$?(\d{1,7}))?$/i.exec(text.trim());
  if (!found) return null;
  const place = (col: string | undefined, row: string | undefined): At => ({ row: Number(row) - 1, col: columnIndex(col ?? "") });
  const one = place(found[1], found[2]);
  const range = rangeOf(one, found[3] ? place(found[3], found[4]) : one);
  return range.top < 0 || range.left < 0 || range.bottom >= MOST_ROWS ? null : range;
}
