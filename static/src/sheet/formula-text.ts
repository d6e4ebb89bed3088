/** Owns formulas as people see and type them: A1 text to references by ids and back, for one book. */
import type { Book } from "./book";
import type { SheetModel } from "./model";
import { ABSOLUTE_COLUMN, ABSOLUTE_ROW, columnIndex, columnName, MOST_COLS, MOST_ROWS, UNREAD, type At, type Formula, type Part, type Reference } from "./types";

const GONE = "#REF!";
const PIECE = /"(?:[^"]|"")*"|(?:(?:'(?:[^']|'')+'|[\p{L}_][\p{L}\p{N}_.]*)!)?(?:\$?[A-Za-z]{1,3}\$?\d{1,7}|\$?[A-Za-z]{1,3}:\$?[A-Za-z]{1,3}|\$?\d{1,7}:\$?\d{1,7})(?![\p{L}\p{N}_.(])|[\p{L}_\\][\p{L}\p{N}_.]*|\d+(?:\.\d*)?(?:[eE][+-]?\d+)?|[^]/gu;

/** `=SUM(A1:B2)` of a cell's formula. */
export function formulaText(book: Book, sheet: SheetModel, formula: Formula): string {
  const [first] = formula;
  if (typeof first === "string" && first.startsWith(UNREAD)) return first.slice(1);
  return `=${formula.map((part) => (typeof part === "string" ? part : referenceText(book, sheet, part))).join("")}`;
}

function referenceText(book: Book, here: SheetModel, [row, col, flags, sheetId]: Reference): string {
  const sheet = sheetId === undefined ? here : book.sheets().find(({ id }) => id === sheetId);
  if (!sheet) return GONE;
  const rowIndex = row === null ? null : sheet.rows.indexOf(row);
  const colIndex = col === null ? null : sheet.cols.indexOf(col);
  if ((rowIndex !== null && rowIndex < 0) || (colIndex !== null && colIndex < 0)) return GONE;
  const letters = colIndex === null ? "" : `${flags & ABSOLUTE_COLUMN ? "$" : ""}${columnName(colIndex)}`;
  const digits = rowIndex === null ? "" : `${flags & ABSOLUTE_ROW ? "$" : ""}${rowIndex + 1}`;
  return `${sheetId === undefined || sheet === here ? "" : `${sheetName(sheet.name)}!`}${letters}${digits}`;
}

export function sheetName(name: string): string {
  return /^[\p{L}_][\p{L}\p{N}_.]*$/u.test(name) && columnIndex(name) < 0 && !/^[a-z]{1,3}\d+$/i.test(name) ? name : `'${name.replaceAll("'", "''")}'`;
}

/** The parts of a typed formula (with or without its `=`), null when it cannot be one. */
export function readFormula(book: Book, sheet: SheetModel, text: string): Formula | null {
  const parts: Part[] = [];
  const add = (part: Part): void => {
    const last = parts.at(-1);
    if (typeof part === "string" && typeof last === "string") parts[parts.length - 1] = last + part;
    else parts.push(part);
  };
  const source = text.replace(/^=/, "");
  if (!source.trim() || !isBalanced(source)) return null;
  for (const [piece] of source.matchAll(PIECE)) for (const part of readPiece(book, sheet, piece)) add(part);
  return parts;
}

function isBalanced(source: string): boolean {
  let depth = 0;
  for (const [piece] of source.matchAll(/"(?:[^"]|"")*"|'(?:[^']|'')*'|["()]/g)) {
    if (piece === '"') return false;
    if (piece === "(") depth += 1;
    if (piece === ")" && --depth < 0) return false;
  }
  return depth === 0;
}

function readPiece(book: Book, here: SheetModel, piece: string): Part[] {
  if (piece.startsWith('"')) return [piece];
  const found = /^(?:(?:'((?:[^']|'')+)'|([^'!"]+))!)?([^!]+)$/su.exec(piece);
  const named = found?.[1]?.replaceAll("''", "'") ?? found?.[2];
  const sheet = named === undefined ? here : book.named(named);
  if (!sheet || !found?.[3]) return [piece];
  const other = sheet === here ? undefined : sheet.id;
  const ends = found[3].split(":");
  const references = ends.map((end) => readReference(sheet, end, other, ends.length > 1));
  if (references.some((reference) => reference === null)) return [piece];
  return references.flatMap((reference, index) => (index === 0 ? [reference as Part] : [":", reference as Part]));
}

function readReference(sheet: SheetModel, text: string, other: string | undefined, whole: boolean): Reference | null {
  const found = /^(\$?)([a-z]{1,3})?(\$?)(\d{1,7})?$/i.exec(text);
  if (!found) return null;
  const [, dollar, letters, second, digits] = found;
  if (!whole && (letters === undefined || digits === undefined)) return null;
  const col = letters === undefined ? null : columnIndex(letters);
  const row = digits === undefined ? null : Number(digits) - 1;
  if (col === -1 || row === -1 || (row ?? 0) >= MOST_ROWS || (row === null && col === null)) return null;
  const absoluteRow = letters === undefined ? dollar : second;
  const flags = (absoluteRow ? ABSOLUTE_ROW : 0) | (letters !== undefined && dollar ? ABSOLUTE_COLUMN : 0);
  const places = [row === null ? null : sheet.rows.placeAt(row), col === null ? null : sheet.cols.placeAt(col), flags] as const;
  return other === undefined ? places : [...places, other];
}

/** The formula as it is when it is copied to another cell: relative references go along. */
export function moveFormula(book: Book, from: SheetModel, to: SheetModel, formula: Formula, by: At): Formula {
  const moved: Part[] = [];
  for (const part of formula) {
    const made = typeof part === "string" ? part : moveReference(book, from, to, part, by);
    const last = moved.at(-1);
    if (typeof made === "string" && typeof last === "string") moved[moved.length - 1] = last + made;
    else moved.push(made);
  }
  return moved;
}

function moveReference(book: Book, from: SheetModel, to: SheetModel, [row, col, flags, sheetId]: Reference, by: At): Part {
  const sheet = sheetId === undefined ? from : book.sheet(sheetId);
  const target = sheetId === undefined ? to : sheet;
  if (!sheet || !target) return GONE;
  const rowIndex = row === null ? null : sheet.rows.indexOf(row);
  const colIndex = col === null ? null : sheet.cols.indexOf(col);
  if (rowIndex === -1 || colIndex === -1) return GONE;
  const newRow = rowIndex === null ? null : rowIndex + (flags & ABSOLUTE_ROW ? 0 : by.row);
  const newCol = colIndex === null ? null : colIndex + (flags & ABSOLUTE_COLUMN ? 0 : by.col);
  if ((newRow !== null && (newRow < 0 || newRow >= MOST_ROWS)) || (newCol !== null && (newCol < 0 || newCol >= MOST_COLS))) return GONE;
  const places = [newRow === null ? null : target.rows.placeAt(newRow), newCol === null ? null : target.cols.placeAt(newCol), flags] as const;
  return sheetId === undefined ? places : [...places, sheetId];
}
