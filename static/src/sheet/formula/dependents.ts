/** Owns which formulas stand on a cell, directly or through others; knows areas and places, no formula's text. Pure. */
import type { Area } from "./precedents";

/** Last used row and column of a sheet. */
export type Extent = readonly [row: number, col: number];

const FEW_CELLS = 32;
const ROWS_SHIFT = 6;
const COLUMNS_SHIFT = 3;
const MANY_BLOCKS = 512;
const STEPS = 20_000_000;

interface Wide {
  readonly area: Area;
  readonly formulas: string[];
}

export function keyOf(sheet: string, row: number, col: number): string {
  return `${sheet}:${row}:${col}`;
}

export function placeOf(key: string): { sheet: string; row: number; col: number } {
  const [sheet = "", row, col] = key.split(":");
  return { sheet, row: Number(row), col: Number(col) };
}

/** Formulas by the cells that they stand on: small areas cell by cell, others by blocks of 64 x 8 cells. */
export class Dependents {
  private readonly byCell = new Map<string, string[]>();
  private readonly byBlock = new Map<string, (readonly [Area, string])[]>();
  private readonly wide = new Map<string, Wide>();

  /** `extents`: what lies behind the last used cell is empty; a place that is written there is known before. */
  constructor(private readonly extents: ReadonlyMap<string, Extent>) {}

  add(formula: string, areas: readonly Area[]): void {
    for (const area of areas) this.addArea(formula, area);
  }

  private addArea(formula: string, area: Area): void {
    const { sheet, top, left } = area;
    const [lastRow, lastColumn] = this.extents.get(sheet) ?? [-1, -1];
    const bottom = Math.min(area.bottom, Math.max(lastRow, top));
    const right = Math.min(area.right, Math.max(lastColumn, left));
    if ((area.bottom - top + 1) * (area.right - left + 1) <= FEW_CELLS) {
      for (let row = top; row <= area.bottom; row += 1) for (let col = left; col <= area.right; col += 1) push(this.byCell, keyOf(sheet, row, col), formula);
      return;
    }
    const rows = (bottom >> ROWS_SHIFT) - (top >> ROWS_SHIFT) + 1;
    const columns = (right >> COLUMNS_SHIFT) - (left >> COLUMNS_SHIFT) + 1;
    // Cells are written behind the used ones too, so an area that reaches there is a wide one.
    if (rows * columns > MANY_BLOCKS || bottom < area.bottom || right < area.right) {
      const key = JSON.stringify(area);
      const known = this.wide.get(key);
      if (known) known.formulas.push(formula);
      else this.wide.set(key, { area, formulas: [formula] });
      return;
    }
    for (let row = top >> ROWS_SHIFT; row <= bottom >> ROWS_SHIFT; row += 1) for (let col = left >> COLUMNS_SHIFT; col <= right >> COLUMNS_SHIFT; col += 1) push(this.byBlock, keyOf(sheet, row, col), [area, formula] as const);
  }

  /** All formulas that stand on these cells, or on formulas that do. */
  reached(edited: Iterable<string>): Set<string> {
    const found = new Set<string>();
    const wide = new Set(this.wide.values());
    const todo = [...edited];
    let steps = 0;
    for (let key = todo.pop(); key !== undefined; key = todo.pop()) {
      const { sheet, row, col } = placeOf(key);
      const reach = [...(this.byCell.get(key) ?? [])];
      for (const [area, formula] of this.byBlock.get(keyOf(sheet, row >> ROWS_SHIFT, col >> COLUMNS_SHIFT)) ?? []) {
        steps += 1;
        if (has(area, sheet, row, col)) reach.push(formula);
      }
      for (const item of wide) {
        steps += 1;
        if (steps <= STEPS && !has(item.area, sheet, row, col)) continue;
        wide.delete(item);
        reach.push(...item.formulas);
      }
      for (const formula of reach) {
        if (found.has(formula)) continue;
        found.add(formula);
        todo.push(formula);
      }
    }
    return found;
  }
}

function push<Item>(map: Map<string, Item[]>, key: string, item: Item): void {
  const list = map.get(key);
  if (list) list.push(item);
  else map.set(key, [item]);
}

function has(area: Area, sheet: string, row: number, col: number): boolean {
  return area.sheet === sheet && area.top <= row && row <= area.bottom && area.left <= col && col <= area.right;
}
