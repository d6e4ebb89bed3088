/** Owns what is known of the values of formulas: the engine's answers as view state. The file's own values are in the model. */
import type { Book, BookChange } from "./book";
import { idsOfBook } from "./formula-text";
import type { ChangedValue, Content, Engine, EngineState, Value as Computed, Workbook, WorkbookSheet, Written } from "./formula/engine";
import { toA1, unreadText, type Ids } from "./formula/translate";
import { idsOf, keyOf, type SheetModel } from "./model";
import { touchedFormulas } from "./touched";
import type { Cell, CellType, Value } from "./types";

export interface Result {
  readonly type: CellType;
  readonly value: Value | null;
  /** The engine could not compute it: what the file had is old. */
  readonly isOld?: boolean;
}

export interface ResultEvents {
  changed(): void;
  state(state: EngineState): void;
}

const LOAD_AFTER_MS = 120;

interface Lines {
  readonly rows: readonly string[];
  readonly cols: readonly string[];
}

export class Results {
  private readonly values = new Map<string, Map<string, Result>>();
  private readonly withFormulas = new Map<string, boolean>();
  /** Rows and columns as they were when the engine was loaded: its answers name places. */
  private loaded = new Map<string, Lines>();
  private loadedNames = "";
  private engine: Engine | null = null;
  private starting = false;
  private timer: number | undefined;
  private closed = false;
  private readonly unlisten: () => void;

  constructor(private readonly book: Book, private readonly events: ResultEvents) {
    this.unlisten = book.onChange((change) => this.onChange(change));
    this.loadSoon();
  }

  /** By ids; undefined: not computed, the file's value counts. */
  of(sheet: string, row: string, col: string): Result | undefined {
    return this.values.get(sheet)?.get(keyOf(row, col));
  }

  destroy(): void {
    this.closed = true;
    window.clearTimeout(this.timer);
    this.unlisten();
    this.engine?.close();
  }

  private onChange(change: BookChange): void {
    for (const [id, { cells }] of change.sheets) for (const key of cells) this.values.get(id)?.delete(key);
    if (!this.engine || this.starting || this.movedOn()) return this.loadSoon();
    const ids = idsOfBook(this.book);
    const written: Written[] = [];
    for (const [id, { cells }] of change.sheets) {
      const sheet = this.book.sheet(id);
      for (const key of sheet ? cells : []) {
        const [rowId, colId] = idsOf(key);
        const at = sheet!.atOfKey(key);
        if (at) written.push({ sheet: id, ...at, content: contentOf(sheet!.cellOf(rowId, colId), ids, id) ?? { value: null } });
      }
    }
    if (written.length > 0 && this.timer === undefined) this.engine.set(written);
  }

  /** Whether rows, columns or sheets are others than the engine knows. What was only appended is no reason. */
  private movedOn(): boolean {
    if (this.loadedNames !== this.names()) return true;
    for (const sheet of this.book.sheets()) {
      const before = this.loaded.get(sheet.id);
      const now = { rows: sheet.rows.ids, cols: sheet.cols.ids };
      if (!before || !isPrefix(before.rows, now.rows) || !isPrefix(before.cols, now.cols)) return true;
      this.loaded.set(sheet.id, now);
    }
    return false;
  }

  private names(): string {
    return JSON.stringify(this.book.sheets().map(({ id, name }) => [id, name]));
  }

  private loadSoon(): void {
    this.timer ??= window.setTimeout(() => {
      this.timer = undefined;
      if (this.engine || this.isNeeded()) void this.load();
    }, LOAD_AFTER_MS);
  }

  /** Without an edit everything is as the file says. */
  private isNeeded(): boolean {
    const sheets = this.book.sheets();
    if (!sheets.some((sheet) => this.hasFormulas(sheet))) return false;
    return sheets.some((sheet) => (sheet.part("cells")?.size ?? 0) > 0) || sheets.some((sheet) => touchedFormulas(sheet, this.book).length > 0);
  }

  private hasFormulas(sheet: SheetModel): boolean {
    let known = this.withFormulas.get(sheet.id);
    if (known === undefined) {
      known = false;
      sheet.part("base")?.forEach((row) => (known ||= Object.values(row as object).some((cell) => Array.isArray(cell) && cell.length > 3)));
      this.withFormulas.set(sheet.id, known);
    }
    if (known) return true;
    for (const content of sheet.part("cells")?.values() ?? []) if (typeof content === "object" && content !== null && "f" in content) return true;
    return false;
  }

  private async load(): Promise<void> {
    if (this.starting) return;
    if (!this.engine) {
      this.starting = true;
      const { Engine: Made } = await import("./formula/engine");
      this.starting = false;
      if (this.closed) return;
      this.engine = new Made({ onValues: (changed) => this.take(changed), onState: (state) => this.events.state(state) });
    }
    this.loaded = new Map(this.book.sheets().map((sheet) => [sheet.id, { rows: sheet.rows.ids, cols: sheet.cols.ids }]));
    this.loadedNames = this.names();
    this.engine.load(workbookOf(this.book));
  }

  private take(changed: readonly ChangedValue[]): void {
    for (const { sheet, row, col, value } of changed) {
      const lines = this.loaded.get(sheet);
      const rowId = lines?.rows[row];
      const colId = lines?.cols[col];
      if (rowId === undefined || colId === undefined) continue;
      const values = this.values.get(sheet) ?? new Map<string, Result>();
      this.values.set(sheet, values);
      values.set(keyOf(rowId, colId), resultOf(value, this.book.sheet(sheet)?.cellOf(rowId, colId)));
    }
    if (changed.length > 0) this.events.changed();
  }
}

function isPrefix(before: readonly string[], now: readonly string[]): boolean {
  return before === now || (before.length <= now.length && before.every((id, index) => id === now[index]));
}

function resultOf(value: Computed | null, cell: Cell | undefined): Result {
  if (value === null) return { type: cell?.type ?? "z", value: cell?.value ?? null, isOld: true };
  switch (value.kind) {
    case "number":
      return { type: "n", value: value.value };
    case "text":
      return { type: "s", value: value.value };
    case "boolean":
      return { type: "b", value: value.value };
    case "error":
      return { type: "e", value: value.value };
    default:
      return { type: "n", value: 0 };
  }
}

/** The whole book as the engine wants it. */
export function workbookOf(book: Book): Workbook {
  const ids = idsOfBook(book);
  return { sheets: book.sheets().map((sheet) => workbookSheet(book, sheet, ids)) };
}

function workbookSheet(book: Book, sheet: SheetModel, ids: Ids): WorkbookSheet {
  const cells: (readonly [number, number, Content])[] = [];
  for (const { row, col, cell } of sheet.filled()) {
    const content = contentOf(cell, ids, sheet.id);
    if (content) cells.push([row, col, content]);
  }
  const edited: [number, number][] = touchedFormulas(sheet, book).map(({ row, col }) => [row, col]);
  for (const key of sheet.part("cells")?.keys() ?? []) {
    const at = sheet.atOfKey(key);
    if (at) edited.push([at.row, at.col]);
  }
  return { id: sheet.id, name: sheet.name, cells, edited };
}

function contentOf({ formula, value, type }: Cell, ids: Ids, sheet: string): Content | null {
  if (!formula || unreadText(formula) !== null) return value === null ? null : { value };
  const text = toA1(formula, ids, sheet);
  return value === null ? { formula: text } : { formula: text, cached: cachedOf(type, value) };
}

function cachedOf(type: CellType, value: Value): Computed {
  if (typeof value === "number") return { kind: "number", value };
  if (typeof value === "boolean") return { kind: "boolean", value };
  return { kind: type === "e" ? "error" : "text", value };
}
