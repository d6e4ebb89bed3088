/** Owns changes of what cells hold: typed, emptied, filled, sorted. Each is one step of undo. */
import { attempt, contentOf, MOST_CELLS, type Core } from "./core";
import { Refused, type Write } from "./edits";
import { readEntry } from "./entry";
import { moveFormula, readFormula } from "./formula-text";
import { keyOf, type SheetModel } from "./model";
import { isDateFormat } from "./number-format";
import { continued } from "./series";
import { sortedOrder } from "./sorting";
import { meet, sizeOf, type At, type Content, type Look, type LookChange, type Range, type Value } from "./types";

interface Meant {
  readonly content: Content;
  readonly look: LookChange | null;
}

export class Contents {
  constructor(private readonly core: Core) {}

  /** What typed text means for a cell. Throws Refused for a formula that cannot be read. */
  meaning(sheet: SheetModel, at: At, text: string, lenient = false): Meant {
    const { book, display } = this.core;
    const before = sheet.lookAt(at.row, at.col);
    const entry = readEntry(text, display.locale, before.format);
    if (entry.kind === "empty") return { content: null, look: null };
    if (entry.kind === "formula") {
      const formula = readFormula(book, sheet, entry.text);
      if (formula) return { content: { f: formula }, look: null };
      if (lenient) return { content: { v: text }, look: null };
      throw new Refused("formula");
    }
    const plain = !before.format || /^general$/i.test(before.format);
    const format = entry.format !== undefined && plain ? { format: entry.format } : null;
    const wrap = typeof entry.value === "string" && entry.value.includes("\n") && !before.wrap ? { wrap: true } : null;
    return { content: { v: entry.value }, look: format || wrap ? { ...format, ...wrap } : null };
  }

  /** Write what was typed; false when it was refused. */
  enter(sheet: SheetModel, at: At, text: string): boolean {
    const { edits, display } = this.core;
    return attempt(this.core, () => {
      if (display.isUnread(sheet, at.row, at.col) && text === display.source(sheet, at.row, at.col)) return;
      const { content, look } = this.meaning(sheet, at, text);
      edits.reach(sheet, [at]);
      edits.several(() => {
        edits.write(sheet, [{ ...at, content }]);
        if (look) edits.dressCell(sheet, at, look);
      });
    });
  }

  /** The same into all cells of a range (Ctrl+Enter); relative references go along. */
  enterAll(sheet: SheetModel, range: Range, at: At, text: string): boolean {
    const { edits, book } = this.core;
    return attempt(this.core, () => {
      bounded(range);
      const { content, look } = this.meaning(sheet, at, text);
      edits.reach(sheet, [{ row: range.bottom, col: range.right }]);
      edits.several(() => {
        const writes = cellsIn(range).map(({ row, col }) => ({ row, col, content: content && "f" in content ? { f: moveFormula(book, sheet, sheet, content.f, { row: row - at.row, col: col - at.col }) } : content }));
        edits.write(sheet, writes);
        if (look) for (const one of cellsIn(range)) edits.dressCell(sheet, one, look);
      });
    });
  }

  clear(sheet: SheetModel, range: Range): void {
    attempt(this.core, () => this.core.edits.write(sheet, this.used(sheet, range).map((at) => ({ ...at, content: null }))));
  }

  /** The cells of a range that have something. */
  used(sheet: SheetModel, range: Range): At[] {
    const bottom = Math.min(range.bottom, sheet.rows.length - 1);
    const right = Math.min(range.right, sheet.cols.length - 1);
    const found: At[] = [];
    for (let row = range.top; row <= bottom; row += 1) for (let col = range.left; col <= right; col += 1) if (!sheet.isEmpty(row, col)) found.push({ row, col });
    if (found.length > MOST_CELLS) throw new Refused("too_many");
    return found;
  }

  // -- fill --

  /** Go on with what `source` has into the rest of `target`, in one direction; `copy` repeats instead of counting on. */
  fill(sheet: SheetModel, source: Range, target: Range, copy: boolean): void {
    const { edits } = this.core;
    attempt(this.core, () => {
      bounded(target);
      const vertical = target.top < source.top || target.bottom > source.bottom;
      edits.reach(sheet, [{ row: target.bottom, col: target.right }]);
      edits.several(() => {
        const [from, to] = vertical ? [source.left, source.right] : [source.top, source.bottom];
        for (let lane = from; lane <= to; lane += 1) this.fillLane(sheet, source, target, lane, vertical, copy);
      });
    });
  }

  private fillLane(sheet: SheetModel, source: Range, target: Range, lane: number, vertical: boolean, copy: boolean): void {
    const { edits, book } = this.core;
    const at = (index: number): At => (vertical ? { row: index, col: lane } : { row: lane, col: index });
    const [first, last, start, end] = vertical ? [source.top, source.bottom, target.top, target.bottom] : [source.left, source.right, target.left, target.right];
    const count = last - first + 1;
    const cells = Array.from({ length: count }, (_, index) => sheet.cellAt(at(first + index).row, at(first + index).col));
    const looks = Array.from({ length: count }, (_, index) => sheet.lookAt(at(first + index).row, at(first + index).col));
    const isDate = looks[0]?.format !== undefined && isDateFormat(looks[0].format);
    const plain = cells.every(({ formula }) => formula === null);
    const next = plain && !copy ? continued(cells.map(({ value }) => value), isDate) : null;
    const writes: Write[] = [];
    for (let index = start; index <= end; index += 1) {
      if (index >= first && index <= last) continue;
      const from = (((index - first) % count) + count) % count;
      const cell = cells[from]!;
      const value: Value | null = next ? next(index > last ? index - last - 1 : index - first) : cell.value;
      const by = vertical ? { row: index - first - from, col: 0 } : { row: 0, col: index - first - from };
      const content: Content = cell.formula ? { f: moveFormula(book, sheet, sheet, cell.formula, by) } : value === null ? null : { v: value };
      writes.push({ ...at(index), content });
      edits.dressAs(sheet, at(index), looks[from]!);
    }
    edits.write(sheet, writes);
  }

  // -- sort --

  /** Sort rows of a range by a column. Whole rows go together where the range is all there is in them. */
  sort(sheet: SheetModel, range: Range, col: number, down: boolean): void {
    const { edits, display } = this.core;
    attempt(this.core, () => {
      const bottom = Math.min(range.bottom, sheet.rows.length - 1);
      const right = Math.min(range.right, sheet.cols.length - 1);
      const body = { ...range, bottom, right };
      if (bottom <= range.top) return;
      if (sheet.merges().some((merged) => meet(merged, body) && merged.top !== merged.bottom)) throw new Refused("merged");
      const order = sortedOrder(range.top, bottom, (row) => display.value(sheet, row, col), down, display.locale.tag);
      if (order.every((row, index) => row === range.top + index)) return;
      const whole = sheet.locked === null && !sheet.merges().some((merged) => meet(merged, body)) && this.isAlone(sheet, body);
      if (whole) edits.reorder(sheet, range.top, order);
      else this.permute(sheet, body, order);
    });
  }

  /** Whether these rows have nothing beside the range. */
  private isAlone(sheet: SheetModel, range: Range): boolean {
    for (let row = range.top; row <= range.bottom; row += 1) {
      for (let col = 0; col < sheet.cols.length; col += 1) if ((col < range.left || col > range.right) && !sheet.isEmpty(row, col)) return false;
    }
    return true;
  }

  private permute(sheet: SheetModel, range: Range, order: readonly number[]): void {
    const { edits, book } = this.core;
    bounded(range);
    const writes: Write[] = [];
    const looks: { at: At; look: Look }[] = [];
    order.forEach((from, index) => {
      const row = range.top + index;
      if (from === row) return;
      for (let col = range.left; col <= range.right; col += 1) {
        const cell = sheet.cellAt(from, col);
        writes.push({ row, col, content: cell.formula ? { f: moveFormula(book, sheet, sheet, cell.formula, { row: row - from, col: 0 }) } : contentOf(cell) });
        looks.push({ at: { row, col }, look: sheet.lookAt(from, col) });
      }
    });
    edits.several(() => {
      edits.write(sheet, writes);
      for (const { at, look } of looks) edits.dressAs(sheet, at, look);
    });
  }

  /** Write into a cell whose row or column somebody deleted meanwhile: it comes back with them. */
  enterLost(sheet: SheetModel, rowId: string, colId: string, text: string): void {
    const entry = readEntry(text, this.core.display.locale);
    const value = entry.kind === "value" ? entry.value : text;
    this.core.edits.several(() => this.core.edits.writeKey(sheet, keyOf(rowId, colId), text === "" ? null : { v: value }));
  }
}

export function bounded(range: Range): void {
  if (sizeOf(range) > MOST_CELLS) throw new Refused("too_many");
}

export function cellsIn(range: Range): At[] {
  const found: At[] = [];
  for (let row = range.top; row <= range.bottom; row += 1) for (let col = range.left; col <= range.right; col += 1) found.push({ row, col });
  return found;
}
