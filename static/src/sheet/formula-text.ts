/** Owns formulas of one book as people see and type them, by formula/translate.ts. */
import type { Book } from "./book";
import { tokens } from "./formula/tokens";
import { fromA1, GONE, toA1, unreadText, type Ids } from "./formula/translate";
import type { SheetModel } from "./model";
import { ABSOLUTE_COLUMN, ABSOLUTE_ROW, MOST_COLS, MOST_ROWS, type At, type Formula, type Part, type Reference } from "./types";

/** Where rows, columns and sheets of a book are now. */
export function idsOfBook(book: Book): Ids {
  const sheets = new Map(book.sheets().map((sheet) => [sheet.id, sheet]));
  const found = (index: number | undefined): number | null => (index === undefined || index < 0 ? null : index);
  return {
    rowId: (sheet, index) => sheets.get(sheet)?.rows.placeAt(index) ?? index,
    colId: (sheet, index) => sheets.get(sheet)?.cols.placeAt(index) ?? index,
    rowIndex: (sheet, id) => found(sheets.get(sheet)?.rows.indexOf(id)),
    colIndex: (sheet, id) => found(sheets.get(sheet)?.cols.indexOf(id)),
    sheetId: (name) => book.named(name)?.id ?? null,
    sheetName: (id) => sheets.get(id)?.name ?? null,
  };
}

/** `=SUM(A1:B2)`; the file's own text of a formula that is not read here. */
export function formulaText(book: Book, sheet: SheetModel, formula: Formula): string {
  return unreadText(formula) ?? `=${toA1(formula, idsOfBook(book), sheet.id)}`;
}

/** The parts of a typed formula (with its `=`), null when it cannot be read. Brackets that are open at its end are closed. */
export function readFormula(book: Book, sheet: SheetModel, text: string): Formula | null {
  const source = text.replace(/^=/, "");
  const open = openBrackets(source);
  if (!source.trim() || open < 0) return null;
  return fromA1(named(source) + ")".repeat(open), idsOfBook(book), sheet.id);
}

/** Functions are written in capitals. */
function named(source: string): string {
  return tokens(source).map(({ kind, text }) => (kind === "function" ? text.toUpperCase() : text)).join("");
}

function openBrackets(source: string): number {
  let open = 0;
  for (const { text, kind } of tokens(source)) {
    if (kind === "operator" && text === "(") open += 1;
    if (kind === "operator" && text === ")") open -= 1;
    if (open < 0) return -1;
  }
  return open;
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
  const source = sheetId === undefined ? from : book.sheet(sheetId);
  const target = sheetId === undefined ? to : source;
  if (!source || !target) return GONE;
  const rowIndex = row === null ? null : source.rows.indexOf(row);
  const colIndex = col === null ? null : source.cols.indexOf(col);
  if (rowIndex === -1 || colIndex === -1) return GONE;
  const newRow = rowIndex === null ? null : rowIndex + (flags & ABSOLUTE_ROW ? 0 : by.row);
  const newCol = colIndex === null ? null : colIndex + (flags & ABSOLUTE_COLUMN ? 0 : by.col);
  if ((newRow !== null && (newRow < 0 || newRow >= MOST_ROWS)) || (newCol !== null && (newCol < 0 || newCol >= MOST_COLS))) return GONE;
  const places = [newRow === null ? null : target.rows.placeAt(newRow), newCol === null ? null : target.cols.placeAt(newCol), flags] as const;
  return sheetId === undefined ? places : [...places, sheetId];
}
