/**
 * Owns what is computed: formulas that depend on an edit, and nothing else. What does not is given to the engine as the
 * value that the file has for it. The server does the same at a save (collab/formats/sheet/formula/compute.py).
 */
import { Calculator, engineSheet } from "./calculator";
import { Dependents, keyOf, placeOf, type Extent } from "./dependents";
import { precedentsOf, sheetOf, sizeOf, type Precedents } from "./precedents";
import { tokens } from "./tokens";
import type { ChangedValue, Content, Value, Workbook, WorkbookSheet, Written } from "./workbook";

const DEPTH = 150;
const LENGTH = 32_768;
const VISITS = 40_000_000;
const NOT_AS_MEANT = new Set(["CELL", "INFO", "SHEET", "SHEETS", "FORMULATEXT", "ISFORMULA", "SUBTOTAL"]);
const LOOKS_AT_USED = new Set(
  "SUM SUMIF SUMIFS COUNT COUNTA COUNTIF COUNTIFS AVERAGE AVERAGEIF AVERAGEIFS MAX MIN MAXIFS MINIFS VLOOKUP HLOOKUP LOOKUP XLOOKUP MATCH INDEX IF IFERROR IFNA AND OR NOT ROUND ROUNDUP ROUNDDOWN ROWS COLUMNS ROW COLUMN ABS ISERROR ISNA ISBLANK ISNUMBER ISTEXT PRODUCT".split(" "),
);
const EMPTY: Value = { kind: "empty" };
/** Errors that say something about the values; all others may be the engine's own. */
const PLAIN_FAULTS = new Set(["#DIV/0!", "#N/A", "#NUM!", "#REF!", "#VALUE!", "#CIRC!"]);

export class Computing {
  private readonly cells = new Map<string, Content>();
  private readonly precedents = new Map<string, Precedents>();
  private readonly numbers: ReadonlyMap<string, number>;
  private readonly names: ReadonlyMap<string, string>;
  private readonly extents: ReadonlyMap<string, Extent>;
  private readonly graph: Dependents;
  private readonly roaming = new Set<string>();
  private readonly dirty = new Set<string>();
  private readonly put = new Set<string>();
  private readonly shown = new Map<string, string>();
  private readonly functions = new Map<string, boolean>();
  private readonly edited: readonly string[];
  private calculator: Calculator | null = null;

  constructor(workbook: Workbook) {
    const { sheets } = workbook;
    this.numbers = new Map(sheets.map((sheet, index) => [sheet.id, index]));
    this.names = new Map(sheets.map((sheet) => [sheet.name.toLowerCase(), sheet.id]));
    this.extents = new Map(sheets.map((sheet) => [sheet.id, extentOf(sheet)]));
    this.graph = new Dependents(this.extents);
    for (const sheet of sheets) for (const [row, col, content] of sheet.cells) this.hold(keyOf(sheet.id, row, col), content);
    this.edited = sheets.flatMap((sheet) => sheet.edited.map(([row, col]) => keyOf(sheet.id, row, col)));
  }

  /** Values of all that depends on the edits that the workbook came with. */
  start(): ChangedValue[] {
    return this.edited.length ? this.compute(this.edited) : [];
  }

  /** Values of all that depends on these cells, where they are new. */
  set(cells: readonly Written[]): ChangedValue[] {
    const keys = cells.filter((cell) => this.numbers.has(cell.sheet)).map((cell) => ({ key: keyOf(cell.sheet, cell.row, cell.col), cell }));
    for (const { key, cell } of keys) {
      this.forget(key);
      this.hold(key, cell.content);
      this.give(key);
    }
    return this.compute(keys.map(({ key }) => key));
  }

  close(): void {
    this.calculator?.close();
    this.calculator = null;
  }

  private hold(key: string, content: Content): void {
    this.cells.set(key, content);
    if (!("formula" in content)) return;
    const found = precedentsOf(content.formula.slice(0, LENGTH), placeOf(key).sheet, this.names);
    this.precedents.set(key, found);
    this.graph.add(key, found.areas);
    if (found.anywhere) this.roaming.add(key);
  }

  /** The graph keeps what a formula stood on: it is then computed once too often, never once too little. */
  private forget(key: string): void {
    for (const known of [this.cells, this.precedents, this.shown]) known.delete(key);
    for (const known of [this.roaming, this.dirty]) known.delete(key);
  }

  private compute(edited: readonly string[]): ChangedValue[] {
    const reached = this.graph.reached([...edited, ...this.roaming]);
    for (const key of [...edited, ...this.roaming]) reached.add(key);
    for (const key of reached) if (!this.precedents.has(key)) reached.delete(key);
    if (!reached.size) return [];
    const unknown = this.doubtful(reached);
    for (const key of this.graph.reached(unknown)) if (reached.has(key)) unknown.add(key);
    this.calculator ??= new Calculator(Math.max(1, this.numbers.size));
    for (const key of reached) this.dirty.add(key);
    this.feed([...reached].filter((key) => !unknown.has(key)));
    this.calculator.evaluate();
    return this.answers(reached, unknown);
  }

  private doubtful(reached: ReadonlySet<string>): Set<string> {
    const doubtful = new Set<string>();
    let left = VISITS;
    for (const key of reached) {
      const found = this.precedents.get(key)!;
      const isSparse = [...found.functions].every((name) => LOOKS_AT_USED.has(name));
      const visits = found.areas.reduce((sum, area) => sum + (isSparse ? this.used(area) : sizeOf(area)), 0);
      if (found.unknown || found.depth > DEPTH || [...found.functions].some((name) => this.isStrange(name)) || visits > left) doubtful.add(key);
      else left -= visits;
    }
    return doubtful;
  }

  private used(area: { sheet: string; top: number; left: number; bottom: number; right: number }): number {
    const [row, col] = this.extents.get(area.sheet) ?? [-1, -1];
    return sizeOf({ ...area, bottom: Math.max(area.top, Math.min(area.bottom, row)), right: Math.max(area.left, Math.min(area.right, col)) });
  }

  private isStrange(name: string): boolean {
    if (NOT_AS_MEANT.has(name)) return true;
    if (!this.functions.has(name)) this.functions.set(name, Calculator.unknownOf([name]).length > 0);
    return this.functions.get(name)!;
  }

  /** Give formulas to the engine, and what they stand on as far as that is not there yet. */
  private feed(keys: readonly string[]): void {
    for (const key of keys) this.give(key);
    const found = keys.map((key) => this.precedents.get(key)!);
    const areas = new Map(found.flatMap((item) => item.areas).map((area) => [JSON.stringify(area), area]));
    const size = [...areas.values()].reduce((sum, area) => sum + Math.min(sizeOf(area), this.cells.size), 0);
    // More than needed does no harm.
    if (found.some((item) => item.anywhere) || size > 4 * this.cells.size) for (const key of this.cells.keys()) this.feedValue(key);
    else for (const area of areas.values()) for (const key of this.keysIn(area)) this.feedValue(key);
  }

  private feedValue(key: string): void {
    if (!this.put.has(key) && !this.dirty.has(key)) this.give(key);
  }

  private *keysIn(area: { sheet: string; top: number; left: number; bottom: number; right: number }): Iterable<string> {
    if (sizeOf(area) > this.cells.size) {
      for (const key of this.cells.keys()) {
        const { sheet, row, col } = placeOf(key);
        if (sheet === area.sheet && row >= area.top && row <= area.bottom && col >= area.left && col <= area.right) yield key;
      }
      return;
    }
    for (let row = area.top; row <= area.bottom; row += 1) for (let col = area.left; col <= area.right; col += 1) yield keyOf(area.sheet, row, col);
  }

  private give(key: string): void {
    const content = this.cells.get(key);
    const { sheet, row, col } = placeOf(key);
    const number = this.numbers.get(sheet);
    const calculator = this.calculator;
    if (number === undefined || !calculator || (!content && !this.put.has(key))) return;
    this.put.add(key);
    if (content && "formula" in content && this.dirty.has(key)) {
      if (calculator.putFormula(number, row, col, this.forEngine(content.formula))) return;
      calculator.put(number, row, col, { kind: "error", value: "#NAME?" });
    } else calculator.put(number, row, col, valueOf(content));
  }

  private forEngine(formula: string): string {
    const words = tokens(formula).map((token) => {
      const sheet = token.kind === "sheet" ? this.names.get(sheetOf(token.text)) : undefined;
      return sheet === undefined ? token.text : `${engineSheet(this.numbers.get(sheet)!)}!`;
    });
    return words.join("");
  }

  private answers(reached: ReadonlySet<string>, unknown: Set<string>): ChangedValue[] {
    const values = new Map<string, Value | null>();
    for (const key of reached) if (!unknown.has(key)) values.set(key, this.value(key));
    const lost = [...values].filter(([, value]) => value === null).map(([key]) => key);
    // Who stands on a value that nobody knows, knows nothing, though IFERROR may have made a value of it.
    for (const key of [...unknown, ...lost, ...this.graph.reached(lost)]) if (reached.has(key)) values.set(key, null);
    const changed: ChangedValue[] = [];
    for (const [key, value] of values) {
      const shown = JSON.stringify(value);
      if (this.shown.get(key) === shown) continue;
      this.shown.set(key, shown);
      changed.push({ ...placeOf(key), value });
    }
    return changed;
  }

  private value(key: string): Value | null {
    const { sheet, row, col } = placeOf(key);
    const { array, ...value } = this.calculator!.value(this.numbers.get(sheet)!, row, col);
    if (array) return null;
    return value.kind === "error" && !PLAIN_FAULTS.has(value.value) ? null : value;
  }
}

function extentOf(sheet: WorkbookSheet): Extent {
  let [lastRow, lastColumn] = [-1, -1];
  for (const [row, col] of sheet.cells) {
    lastRow = Math.max(lastRow, row);
    lastColumn = Math.max(lastColumn, col);
  }
  return [lastRow, lastColumn];
}

function valueOf(content: Content | undefined): Value {
  if (!content) return EMPTY;
  if ("formula" in content) return content.cached ?? EMPTY;
  const { value } = content;
  if (typeof value === "number") return { kind: "number", value };
  if (typeof value === "boolean") return { kind: "boolean", value };
  return value === null || value === "" ? EMPTY : { kind: "text", value };
}
