/** Owns what a sort of whole rows does to references: a range stays where it is, though the rows at its ends went elsewhere. */
import type { Book } from "./book";
import { keyOf, type SheetModel } from "./model";
import type { Formula, Part, Reference } from "./types";
import * as Y from "yjs";

/** `moved`: by the id that was at a place, the id that is there now. Called within a transaction. */
export function moveReferences(book: Book, sheet: SheetModel, moved: ReadonlyMap<string, string>): void {
  for (const other of book.sheets()) {
    const cells = other.map.get("cells");
    if (!(cells instanceof Y.Map)) continue;
    for (const { rowId, colId, formula } of formulasOf(other)) {
      const pointed = repointed(formula, other, sheet, moved);
      if (pointed) cells.set(keyOf(rowId, colId), { f: pointed });
    }
  }
}

function formulasOf(sheet: SheetModel): { rowId: string; colId: string; formula: Formula }[] {
  return [...sheet.filled()].flatMap(({ row, col, cell }) => (cell.formula ? [{ rowId: sheet.rows.ids[row]!, colId: sheet.cols.ids[col]!, formula: cell.formula }] : []));
}

/** The formula with the corners of its ranges at their places; null when none went away. */
function repointed(formula: Formula, own: SheetModel, sorted: SheetModel, moved: ReadonlyMap<string, string>): Formula | null {
  let changed = false;
  const parts = formula.map((part, index): Part => {
    if (typeof part === "string" || !isCorner(formula, index)) return part;
    const [row, col, flags, sheetId] = part as Reference;
    const at = typeof row === "string" && (sheetId ?? own.id) === sorted.id ? moved.get(row) : undefined;
    if (at === undefined || at === row) return part;
    changed = true;
    return sheetId === undefined ? [at, col, flags] : [at, col, flags, sheetId];
  });
  return changed ? parts : null;
}

function isCorner(formula: Formula, index: number): boolean {
  const [before, after] = [formula[index - 1], formula[index + 1]];
  return (before === ":" && typeof formula[index - 2] === "object") || (after === ":" && typeof formula[index + 2] === "object");
}
