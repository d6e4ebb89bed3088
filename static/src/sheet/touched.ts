/** Owns which formulas of the file are no longer what the file computed, because rows or columns of their ranges came, went or moved.
 *
 * The file's own rows are `r1`, `r2`, … in its order, its columns `c1`, …: a range is whole as long as its ids follow each other.
 */
import type { Axis } from "./axis";
import type { Book } from "./book";
import type { SheetModel } from "./model";
import type { At, Formula, Place, Reference } from "./types";

/** How many times the order is broken up to each index. */
class Breaks {
  private readonly counts: Uint32Array;
  readonly any: boolean;

  constructor(private readonly axis: Axis, letter: string) {
    this.counts = new Uint32Array(axis.length);
    let breaks = 0;
    axis.ids.forEach((id, index) => {
      const before = axis.ids[index - 1];
      const appended = id.startsWith("p") && (before === undefined || before.startsWith("p") || before.startsWith(letter));
      if (!appended && id !== `${letter}${index === 0 ? 1 : numberOf(before ?? "", letter) + 1}`) breaks += 1;
      this.counts[index] = breaks;
    });
    this.any = breaks > 0;
  }

  /** Whether a place is gone. */
  lost(place: Place | null): boolean {
    return place !== null && this.axis.indexOf(place) < 0;
  }

  between(one: Place | null, other: Place | null): boolean {
    if (one === null || other === null) return this.any;
    const ends = [this.axis.indexOf(one), this.axis.indexOf(other)].sort((left, right) => left - right);
    const count = (index: number): number => this.counts[Math.min(index, this.counts.length - 1)] ?? 0;
    return count(ends[1]!) !== count(ends[0]!);
  }
}

function numberOf(id: string, letter: string): number {
  return id.startsWith(letter) ? Number(id.slice(1)) : NaN;
}

export function touchedFormulas(sheet: SheetModel, book: Book): At[] {
  const breaks = new Map<string, { rows: Breaks; cols: Breaks }>();
  for (const one of book.sheets()) breaks.set(one.id, { rows: new Breaks(one.rows, "r"), cols: new Breaks(one.cols, "c") });
  const found: At[] = [];
  const base = sheet.part("base");
  for (const [row, rowId] of sheet.rows.ids.entries()) {
    const cells = base?.get(rowId);
    if (typeof cells !== "object" || cells === null) continue;
    for (const [colId, cell] of Object.entries(cells)) {
      if (!Array.isArray(cell) || !Array.isArray(cell[3])) continue;
      const col = sheet.cols.indexOf(colId);
      if (col >= 0 && isTouched(cell[3] as Formula, sheet.id, breaks)) found.push({ row, col });
    }
  }
  return found;
}

function isTouched(formula: Formula, own: string, breaks: ReadonlyMap<string, { rows: Breaks; cols: Breaks }>): boolean {
  return formula.some((part, index) => {
    if (typeof part === "string") return false;
    const there = breaks.get(part[3] ?? own);
    if (!there || there.rows.lost(part[0]) || there.cols.lost(part[1])) return true;
    const end = formula[index + 1] === ":" ? formula[index + 2] : undefined;
    if (typeof end !== "object") return false;
    const [row, col] = end as Reference;
    return there.rows.between(part[0], row) || there.cols.between(part[1], col);
  });
}
