/** Owns every change of a person to a spreadsheet, each one transaction; undo tracks its origin. Reads by model.ts. */
import * as Y from "yjs";
import type { Axis } from "./axis";
import type { Book } from "./book";
import { moveReferences } from "./repoint";
import { keyOf, type SheetModel } from "./model";
import type { At, Content, Look, LookChange, Range, Way } from "./types";

/** Origin of what this person did: undo takes it back. */
export const CHANGED_HERE = Symbol("sheet-change");
/** Origin of rows and columns that were only lacking: others may write in them, so undo leaves them. */
const APPENDED_HERE = Symbol("sheet-append");
const PARTS = ["next", "base", "cells", "looks", "sizes", "hides", "merges", "frozen", "filter", "comments", "objects"] as const;

export interface Write extends At {
  readonly content: Content;
}

/** Why a change is not made: a stable slug that sheet-editor.ts puts in words. */
export class Refused extends Error {
  constructor(readonly code: string) {
    super(code);
  }
}

export class Edits {
  private made = 0;

  constructor(private readonly book: Book) {}

  private change(run: () => void): void {
    this.book.doc.transact(run, CHANGED_HERE);
  }

  // -- cells --

  /** Write contents; rows and columns beyond the end come into being. */
  write(sheet: SheetModel, writes: readonly Write[]): void {
    this.reach(sheet, writes);
    this.change(() => {
      const cells = part(sheet, "cells");
      for (const { row, col, content } of writes) {
        const key = keyAt(sheet, { row, col });
        if (key === null || (content === null && sheet.isEmpty(row, col))) continue;
        cells.set(key, content);
      }
    });
  }

  /** Write into a cell by its key, though its row or column may be gone. */
  writeKey(sheet: SheetModel, key: string, content: Content): void {
    part(sheet, "cells").set(key, content);
  }

  /** Change the looks of cells. */
  dress(sheet: SheetModel, range: Range, change: LookChange): void {
    this.reach(sheet, [{ row: range.bottom, col: range.right }]);
    this.change(() => {
      for (let row = range.top; row <= range.bottom; row += 1) for (let col = range.left; col <= range.right; col += 1) this.dressCell(sheet, { row, col }, change);
    });
  }

  /** Give one cell looks, within a transaction of `several`. */
  dressCell(sheet: SheetModel, at: At, change: LookChange): void {
    const key = keyAt(sheet, at);
    if (key === null) return;
    const looks = part(sheet, "looks");
    const before = looks.get(key);
    looks.set(key, { ...(typeof before === "object" ? before : {}), ...change });
  }

  /** Exactly these looks, whatever the cell had: for paste and fill. */
  dressAs(sheet: SheetModel, at: At, look: Look): void {
    const now: Readonly<Record<string, unknown>> = { ...sheet.lookAt(at.row, at.col) };
    const wanted: Readonly<Record<string, unknown>> = { ...look };
    const change: Record<string, unknown> = {};
    for (const key of Object.keys({ ...now, ...wanted })) if (now[key] !== wanted[key]) change[key] = wanted[key] ?? null;
    if (Object.keys(change).length > 0) this.dressCell(sheet, at, change as LookChange);
  }

  /** Several changes as one step. */
  several(run: () => void): void {
    this.change(run);
  }

  /** Rows and columns up to these cells, appended where they are lacking. */
  reach(sheet: SheetModel, cells: readonly At[]): void {
    const rows = cells.reduce((most, { row }) => Math.max(most, row + 1), 0);
    const cols = cells.reduce((most, { col }) => Math.max(most, col + 1), 0);
    this.append(sheet, "rows", rows);
    this.append(sheet, "cols", cols);
  }

  private append(sheet: SheetModel, way: Way, count: number): void {
    const axis = sheet.axis(way);
    if (axis.length >= count) return;
    this.book.doc.transact(() => {
      const next = part(sheet, "next");
      const before = next.get(way);
      let number = typeof before === "number" ? before : 0;
      const ids: string[] = [];
      while (axis.length + ids.length < count) {
        number += 1;
        if (!axis.has(`p${number}`)) ids.push(`p${number}`);
      }
      list(sheet, way).push(ids);
      next.set(way, number);
    }, APPENDED_HERE);
  }

  // -- rows and columns --

  /** Insert before an index; answers the new ids. */
  insert(sheet: SheetModel, way: Way, index: number, count: number): string[] {
    mayMove(sheet);
    this.append(sheet, way, index);
    const ids = Array.from({ length: count }, () => this.newId(sheet.axis(way)));
    this.change(() => list(sheet, way).insert(sheet.axis(way).positionOf(index), ids));
    return ids;
  }

  remove(sheet: SheetModel, way: Way, first: number, last: number): void {
    mayMove(sheet);
    const axis = sheet.axis(way);
    const ids = new Set(axis.ids.slice(first, last + 1));
    if (ids.size === axis.length) throw new Refused("last");
    if (ids.size === 0) return;
    this.change(() => removeAll(axis, ids));
  }

  /** Move rows or columns before another one. */
  move(sheet: SheetModel, way: Way, first: number, last: number, before: number): void {
    mayMove(sheet);
    if (before >= first && before <= last + 1) return;
    this.append(sheet, way, Math.max(last + 1, before));
    const axis = sheet.axis(way);
    const ids = axis.ids.slice(first, last + 1);
    const target = axis.ids[before];
    this.change(() => {
      removeAll(axis, new Set(ids));
      const at = target === undefined ? list(sheet, way).length : list(sheet, way).toArray().indexOf(target);
      list(sheet, way).insert(at, ids);
    });
  }

  /** Put whole rows in another order: `order` are their indexes now. References to ranges stay where they are. */
  reorder(sheet: SheetModel, top: number, order: readonly number[]): void {
    mayMove(sheet);
    const axis = sheet.rows;
    const ids = order.map((index) => axis.ids[index]).filter((id) => id !== undefined);
    const before = axis.ids.slice(top, top + order.length);
    const moved = new Map(before.map((id, index) => [id, ids[index] ?? id]));
    this.change(() => {
      const after = axis.ids[top + order.length];
      removeAll(axis, new Set(ids));
      const at = after === undefined ? list(sheet, "rows").length : list(sheet, "rows").toArray().indexOf(after);
      list(sheet, "rows").insert(at, ids);
      moveReferences(this.book, sheet, moved);
    });
  }

  resize(sheet: SheetModel, way: Way, indexes: readonly number[], size: number | null): void {
    this.byKey(sheet, "sizes", way, indexes, size === null ? undefined : Math.round(size));
  }

  hide(sheet: SheetModel, way: Way, indexes: readonly number[], hidden: boolean): void {
    this.byKey(sheet, "hides", way, indexes, hidden ? true : undefined);
  }

  private byKey(sheet: SheetModel, name: "sizes" | "hides", way: Way, indexes: readonly number[], value: unknown): void {
    this.append(sheet, way, Math.max(...indexes, 0) + 1);
    this.change(() => {
      const map = part(sheet, name);
      for (const index of indexes) {
        const id = sheet.axis(way).ids[index];
        if (id === undefined) continue;
        const key = `${way === "rows" ? "r" : "c"}:${id}`;
        if (value !== undefined) map.set(key, value);
        else if (map.has(key)) map.delete(key);
      }
    });
  }

  freeze(sheet: SheetModel, rows: number, cols: number): void {
    this.change(() => {
      part(sheet, "frozen").set("rows", rows);
      part(sheet, "frozen").set("cols", cols);
    });
  }

  // -- over cells --

  merge(sheet: SheetModel, range: Range): void {
    this.reach(sheet, [{ row: range.bottom, col: range.right }]);
    this.change(() => {
      this.parted(sheet, range);
      const start = keyAt(sheet, { row: range.top, col: range.left });
      const end = keyAt(sheet, { row: range.bottom, col: range.right });
      if (start !== null && end !== null) part(sheet, "merges").set(start, end);
    });
  }

  unmerge(sheet: SheetModel, range: Range): void {
    this.change(() => this.parted(sheet, range));
  }

  private parted(sheet: SheetModel, range: Range): void {
    const merges = part(sheet, "merges");
    for (const merged of sheet.merges()) {
      if (merged.top > range.bottom || merged.bottom < range.top || merged.left > range.right || merged.right < range.left) continue;
      const key = keyAt(sheet, { row: merged.top, col: merged.left });
      if (key !== null) merges.delete(key);
    }
  }

  /** Filter these cells by their first row, or with null not at all. */
  setFilter(sheet: SheetModel, range: Range | null): void {
    if (range) this.reach(sheet, [{ row: range.bottom, col: range.right }]);
    this.change(() => {
      const filter = part(sheet, "filter");
      if (!range) return ["range", "hidden"].forEach((key) => filter.delete(key));
      filter.set("range", [keyAt(sheet, { row: range.top, col: range.left }), keyAt(sheet, { row: range.bottom, col: range.right })]);
      filter.set("hidden", {});
    });
  }

  leaveOut(sheet: SheetModel, colId: string, values: readonly string[]): void {
    this.change(() => {
      const filter = part(sheet, "filter");
      const before = filter.get("hidden");
      const hidden: Record<string, unknown> = { ...(typeof before === "object" ? before : {}) };
      if (values.length > 0) hidden[colId] = values;
      else delete hidden[colId];
      filter.set("hidden", hidden);
    });
  }

  // -- sheets --

  /** A new empty sheet after another one; answers its id. */
  addSheet(name: string, after: string | null): string {
    const id = this.newId({ has: (one) => this.book.sheet(one) !== null });
    this.change(() => {
      const map = new Y.Map<unknown>();
      map.set("name", name);
      map.set("rows", new Y.Array());
      map.set("cols", new Y.Array());
      for (const key of PARTS) map.set(key, new Y.Map());
      this.book.doc.getMap("sheets").set(id, map);
      this.insertTab(id, after);
    });
    return id;
  }

  rename(sheet: SheetModel, name: string): void {
    const taken = this.book.named(name);
    if (taken && taken !== sheet) throw new Refused("name_taken");
    if (!name || name.length > 31 || /[[\]*?:/\\]/.test(name) || /^'|'$/.test(name)) throw new Refused("name");
    this.change(() => sheet.map.set("name", name));
  }

  moveSheet(sheet: SheetModel, after: string | null): void {
    if (after === sheet.id) return;
    this.change(() => {
      this.removeTab(sheet.id);
      this.insertTab(sheet.id, after);
    });
  }

  removeSheet(sheet: SheetModel): void {
    if (this.book.sheets().filter((one) => !one.hidden || one === sheet).length < 2) throw new Refused("last_sheet");
    this.change(() => this.removeTab(sheet.id));
  }

  hideSheet(sheet: SheetModel, hidden: boolean): void {
    if (hidden && this.book.sheets().filter((one) => !one.hidden).length < 2) throw new Refused("last_sheet");
    this.change(() => (hidden ? sheet.map.set("hidden", true) : sheet.map.delete("hidden")));
  }

  private insertTab(id: string, after: string | null): void {
    const tabs = this.book.doc.getArray<unknown>("tabs");
    const at = after === null ? 0 : tabs.toArray().indexOf(after) + 1;
    tabs.insert(after !== null && at === 0 ? tabs.length : at, [id]);
  }

  private removeTab(id: string): void {
    const tabs = this.book.doc.getArray<unknown>("tabs");
    for (let at = tabs.length - 1; at >= 0; at -= 1) if (tabs.get(at) === id) tabs.delete(at);
  }

  private newId(taken: { has: (id: string) => boolean }): string {
    let id: string;
    do id = `${this.book.doc.clientID.toString(36)}-${(this.made += 1)}`;
    while (taken.has(id));
    return id;
  }
}

function part(sheet: SheetModel, name: (typeof PARTS)[number]): Y.Map<unknown> {
  const there = sheet.part(name);
  if (there) return there;
  const made = new Y.Map<unknown>();
  sheet.map.set(name, made);
  return made;
}

function list(sheet: SheetModel, way: Way): Y.Array<unknown> {
  const there = sheet.map.get(way);
  if (there instanceof Y.Array) return there as Y.Array<unknown>;
  const made = new Y.Array<unknown>();
  sheet.map.set(way, made);
  sheet.forget(way);
  return made;
}

function removeAll(axis: Axis, ids: ReadonlySet<string>): void {
  const { array } = axis;
  if (!array) return;
  const positions = axis.positionsOf(ids);
  // Runs in one go: each deletion searches the list.
  for (let at = 0; at < positions.length; ) {
    let end = at;
    while (positions[end + 1] === positions[end]! - 1) end += 1;
    array.delete(positions[end]!, end - at + 1);
    at = end + 1;
  }
}

function keyAt(sheet: SheetModel, { row, col }: At): string | null {
  const rowId = sheet.rows.ids[row];
  const colId = sheet.cols.ids[col];
  return rowId === undefined || colId === undefined ? null : keyOf(rowId, colId);
}

function mayMove(sheet: SheetModel): void {
  if (sheet.locked !== null) throw new Refused(`locked_${sheet.locked}`);
}
