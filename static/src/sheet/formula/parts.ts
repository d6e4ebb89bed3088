/** Owns a formula as the shared document holds it: text and references by ids (docs/sheets.md, "Formulas"). Pure. */

/** Flags of a reference. */
export const ABSOLUTE_ROW = 1;
export const ABSOLUTE_COLUMN = 2;

/** An id, or a place beyond the end as an index counted from 0; null stands for a whole column or row. */
export type Place = string | number | null;

/** Row, column, flags, and the sheet when the formula names one. Both corners of a range carry it. */
export type Reference = readonly [row: Place, column: Place, flags: number, sheet?: string];

export type Part = string | Reference;

/** What begins a formula that cannot be read: its text in the file's own syntax follows. */
export const UNREAD = "\u0000";

/** Where rows, columns and sheets are now. */
export interface Ids {
  /** The id at an index counted from 0; the index itself beyond the end. */
  rowId(sheet: string, index: number): string | number;
  colId(sheet: string, index: number): string | number;
  /** Null: it is gone. A place beyond the end is its own index. */
  rowIndex(sheet: string, id: string | number): number | null;
  colIndex(sheet: string, id: string | number): number | null;
  sheetId(name: string): string | null;
  sheetName(id: string): string | null;
}

export const LAST_ROW = 1_048_575;
export const LAST_COLUMN = 16_383;

/** "A" for 0, "AA" for 26. */
export function columnName(index: number): string {
  let name = "";
  for (let rest = index + 1; rest > 0; rest = Math.floor((rest - 1) / 26)) name = String.fromCharCode(65 + ((rest - 1) % 26)) + name;
  return name;
}

/** 0 for "A" in either case; above LAST_COLUMN when there is no such column. */
export function columnIndex(name: string): number {
  let index = 0;
  for (const letter of name.toUpperCase()) index = index * 26 + letter.charCodeAt(0) - 64;
  return index - 1;
}

/** Whether a value of the document is a formula; another client may have written anything. */
export function isFormula(value: unknown): value is Part[] {
  return Array.isArray(value) && value.every((part) => typeof part === "string" || isReference(part));
}

function isReference(part: unknown): part is Reference {
  if (!Array.isArray(part) || part.length < 3 || part.length > 4) return false;
  const [row, column, flags, sheet] = part as unknown[];
  if (row === null && column === null) return false;
  return isPlace(row) && isPlace(column) && typeof flags === "number" && (sheet === undefined || typeof sheet === "string");
}

function isPlace(value: unknown): value is Place {
  return value === null || typeof value === "string" || (typeof value === "number" && Number.isInteger(value) && value >= 0);
}

/** The file's own text of a formula that cannot be read here; null when it can. */
export function unreadText(parts: readonly Part[]): string | null {
  const first = parts[0];
  return typeof first === "string" && first.startsWith(UNREAD) ? first.slice(1) : null;
}
