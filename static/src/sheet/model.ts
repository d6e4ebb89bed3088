/** Owns the reading of one sheet: its shared types as cells, looks and sizes by index. Writes nothing (edits.ts). */
import * as Y from "yjs";
import { fieldsOf } from "../sync/wire";
import { Axis } from "./axis";
import { EMPTY, type At, type Cell, type CellType, type Formula, type Look, type Range, type Value, type Way, rangeOf } from "./types";

const TYPES: ReadonlySet<unknown> = new Set(["n", "s", "b", "e", "z"]);

export interface Comment {
  readonly author: string;
  readonly text: string;
}

export interface Thing {
  readonly id: string;
  readonly kind: string;
  readonly at: At;
  readonly width: number;
  readonly height: number;
  readonly label: string;
  readonly href: string | null;
}

export interface Filter {
  readonly range: Range;
  /** By column id: values that are left out. */
  readonly hidden: ReadonlyMap<string, ReadonlySet<string>>;
}

export function keyOf(row: string, col: string): string {
  return `${row}:${col}`;
}

/** The ids of a key; a key that is none has empty ones. */
export function idsOf(key: string): [row: string, col: string] {
  const colon = key.indexOf(":");
  return colon < 0 ? ["", ""] : [key.slice(0, colon), key.slice(colon + 1)];
}

export class SheetModel {
  private rowAxis: Axis | null = null;
  private colAxis: Axis | null = null;
  private mergeList: Range[] | null = null;
  private hasComments: boolean | undefined;
  private filterRead: Filter | null | undefined;

  /** `styles` are the looks of the file by their id. */
  constructor(readonly id: string, readonly map: Y.Map<unknown>, private readonly styles: Y.Map<unknown>) {}

  get name(): string {
    return words(this.map.get("name")) || this.id;
  }

  get hidden(): boolean {
    return this.map.get("hidden") === true;
  }

  /** Why rows and columns cannot be inserted, deleted or moved; null when they can. */
  get locked(): string | null {
    return words(this.map.get("locked")) || null;
  }

  get rows(): Axis {
    return (this.rowAxis ??= new Axis(this.list("rows")));
  }

  get cols(): Axis {
    return (this.colAxis ??= new Axis(this.list("cols")));
  }

  axis(way: Way): Axis {
    return way === "rows" ? this.rows : this.cols;
  }

  /** The document changed: what was worked out from this part is worked out again. */
  forget(part: string | undefined): void {
    if (part === undefined || part === "rows") this.rowAxis = null;
    if (part === undefined || part === "cols") this.colAxis = null;
    if (part === undefined || part === "rows" || part === "cols" || part === "merges") this.mergeList = null;
    if (part === undefined || part === "comments") this.hasComments = undefined;
    if (part === undefined || part === "rows" || part === "cols" || part === "filter") this.filterRead = undefined;
  }

  /** A shared map of this sheet, null when the document has none. */
  part(name: string): Y.Map<unknown> | null {
    const value = this.map.get(name);
    return value instanceof Y.Map ? value : null;
  }

  private list(name: string): Y.Array<unknown> | null {
    const value = this.map.get(name);
    return value instanceof Y.Array ? value : null;
  }

  // -- cells --

  cellAt(row: number, col: number): Cell {
    const rowId = this.rows.ids[row];
    const colId = this.cols.ids[col];
    return rowId === undefined || colId === undefined ? EMPTY : this.cellOf(rowId, colId);
  }

  cellOf(rowId: string, colId: string): Cell {
    const written = this.part("cells")?.get(keyOf(rowId, colId));
    if (written !== undefined) return readContent(written);
    const cell = this.baseOf(rowId, colId);
    if (!cell) return EMPTY;
    const [type, value, , formula] = cell;
    const read = isFormula(formula) ? formula : null;
    return { type: TYPES.has(type) ? (type as CellType) : "z", value: isValue(value) ? value : null, formula: read, edited: false };
  }

  private baseOf(rowId: string, colId: string): readonly unknown[] | null {
    const row = this.part("base")?.get(rowId);
    if (typeof row !== "object" || row === null || !Object.hasOwn(row, colId)) return null;
    const cell = (row as Record<string, unknown>)[colId];
    return Array.isArray(cell) ? cell : null;
  }

  /** Whether anything is shown in a cell. */
  isEmpty(row: number, col: number): boolean {
    const { value, formula } = this.cellAt(row, col);
    return formula === null && (value === null || value === "");
  }

  lookAt(row: number, col: number): Look {
    const rowId = this.rows.ids[row];
    const colId = this.cols.ids[col];
    if (rowId === undefined || colId === undefined) return NO_LOOK;
    const style = this.baseOf(rowId, colId)?.[2];
    const first = typeof style === "string" ? this.styles.get(style) : undefined;
    const given = this.part("looks")?.get(keyOf(rowId, colId));
    if (given === undefined) return isRecord(first) ? (first as Look) : NO_LOOK;
    const laid: Record<string, unknown> = { ...(isRecord(first) ? first : {}), ...(isRecord(given) ? given : {}) };
    for (const key of Object.keys(laid)) if (laid[key] === null) delete laid[key];
    return laid as Look;
  }

  /** All cells with something in them, row by row. */
  *filled(): Generator<{ row: number; col: number; cell: Cell }> {
    const written = new Map<string, string[]>();
    for (const key of this.part("cells")?.keys() ?? []) {
      const [rowId, colId] = idsOf(key);
      written.set(rowId, [...(written.get(rowId) ?? []), colId]);
    }
    const base = this.part("base");
    for (const [row, rowId] of this.rows.ids.entries()) {
      const there = base?.get(rowId);
      const ids = [...(isRecord(there) ? Object.keys(there) : []), ...(written.get(rowId) ?? [])];
      const cols = [...new Set(ids.map((id) => this.cols.indexOf(id)))].filter((col) => col >= 0).sort((one, other) => one - other);
      for (const col of cols) {
        const cell = this.cellAt(row, col);
        if (cell.formula !== null || (cell.value !== null && cell.value !== "")) yield { row, col, cell };
      }
    }
  }

  // -- rows and columns --

  /** Heights or widths that are not the usual ones, by index. */
  sizes(way: Way): Map<number, number> {
    const found = new Map<number, number>();
    this.part("sizes")?.forEach((size, key) => {
      const index = this.indexOfKey(way, key);
      if (index >= 0 && typeof size === "number" && size >= 0 && size < 10_000) found.set(index, size);
    });
    return found;
  }

  /** Indexes that somebody hid. */
  hides(way: Way): Set<number> {
    const found = new Set<number>();
    this.part("hides")?.forEach((hidden, key) => {
      const index = this.indexOfKey(way, key);
      if (index >= 0 && hidden === true) found.add(index);
    });
    return found;
  }

  private indexOfKey(way: Way, key: string): number {
    return key.startsWith(way === "rows" ? "r:" : "c:") ? this.axis(way).indexOf(key.slice(2)) : -1;
  }

  frozen(way: Way): number {
    const count = this.part("frozen")?.get(way);
    return typeof count === "number" && count > 0 ? Math.min(Math.floor(count), 100) : 0;
  }

  // -- what lies over cells --

  merges(): readonly Range[] {
    if (this.mergeList) return this.mergeList;
    const found: Range[] = [];
    this.part("merges")?.forEach((end, start) => {
      const range = this.rangeOfKeys(start, end);
      if (range) found.push(range);
    });
    return (this.mergeList = found);
  }

  /** The merged cells that this one is part of. */
  mergeAt(row: number, col: number): Range | null {
    return this.merges().find((range) => row >= range.top && row <= range.bottom && col >= range.left && col <= range.right) ?? null;
  }

  filter(): Filter | null {
    return this.filterRead === undefined ? (this.filterRead = this.readFilter()) : this.filterRead;
  }

  private readFilter(): Filter | null {
    const filter = this.part("filter");
    const ends = filter?.get("range");
    const range = Array.isArray(ends) ? this.rangeOfKeys(ends[0], ends[1]) : null;
    if (!range) return null;
    const hidden = new Map<string, ReadonlySet<string>>();
    for (const [col, values] of fieldsOf(filter?.get("hidden"))) {
      if (Array.isArray(values)) hidden.set(col, new Set(values.filter((value) => typeof value === "string")));
    }
    return { range, hidden };
  }

  commentAt(row: number, col: number): Comment | null {
    const comments = this.part("comments");
    this.hasComments ??= (comments?.size ?? 0) > 0;
    if (!this.hasComments) return null;
    const rowId = this.rows.ids[row];
    const colId = this.cols.ids[col];
    if (!comments || rowId === undefined || colId === undefined) return null;
    const fields = fieldsOf(comments.get(keyOf(rowId, colId)));
    const text = words(fields.get("text"));
    return text ? { author: words(fields.get("author")), text } : null;
  }

  things(): Thing[] {
    const found: Thing[] = [];
    this.part("objects")?.forEach((value, id) => {
      const fields = fieldsOf(value instanceof Y.Map ? value.toJSON() : value);
      const at = this.atOfKey(fields.get("at"));
      if (!at) return;
      const side = (name: string, usual: number): number => (typeof fields.get(name) === "number" ? Math.min(Math.max(fields.get(name) as number, 16), 4000) : usual);
      found.push({ id, kind: words(fields.get("kind")) || "object", at, width: side("w", 320), height: side("h", 200), label: words(fields.get("label")), href: words(fields.get("href")) || null });
    });
    return found;
  }

  /** Where the cell of a key is, null when its row or column is gone. */
  atOfKey(key: unknown): At | null {
    if (typeof key !== "string") return null;
    const [rowId, colId] = idsOf(key);
    const at = { row: this.rows.indexOf(rowId), col: this.cols.indexOf(colId) };
    return at.row < 0 || at.col < 0 ? null : at;
  }

  private rangeOfKeys(start: unknown, end: unknown): Range | null {
    const one = this.atOfKey(start);
    const other = this.atOfKey(end);
    return one && other ? rangeOf(one, other) : null;
  }
}

/** A sheet that is nowhere, until the document is here. */
export function noSheet(): SheetModel {
  const doc = new Y.Doc();
  return new SheetModel("", doc.getMap("sheet"), doc.getMap("styles"));
}

const NO_LOOK: Look = {};

function readContent(written: unknown): Cell {
  const edited = true;
  if (isRecord(written)) {
    if (isFormula(written.f)) return { type: "z", value: null, formula: written.f, edited };
    if (isValue(written.v)) return { type: typeOf(written.v), value: written.v, formula: null, edited };
  }
  return { type: "z", value: null, formula: null, edited };
}

export function typeOf(value: Value): CellType {
  return typeof value === "number" ? "n" : typeof value === "boolean" ? "b" : "s";
}

function isValue(value: unknown): value is Value {
  return (typeof value === "number" && Number.isFinite(value)) || typeof value === "string" || typeof value === "boolean";
}

function isFormula(value: unknown): value is Formula {
  return Array.isArray(value) && value.length > 0 && value.every((part) => typeof part === "string" || isReference(part));
}

function isReference(part: unknown): boolean {
  const place = (value: unknown): boolean => value === null || typeof value === "string" || typeof value === "number";
  return Array.isArray(part) && part.length >= 3 && place(part[0]) && place(part[1]) && typeof part[2] === "number";
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function words(value: unknown): string {
  return typeof value === "string" ? value : "";
}
