/** Owns the formula engine (IronCalc) inside the worker: cells in, values out; knows sheets by number and no ids. */
import { Model } from "@ironcalc/wasm";
import type { Value } from "./workbook";

const NUMBER = 1;
const BOOLEAN = 4;
const ERROR = 16;
/** Results are read from a sheet of our own, in runs of so many rows: the engine tells exact numbers of spilled cells only. */
const RUN_SHIFT = 10;
const TOP = 1;
const FAULTS = new Set(["#N/A", "#DIV/0!", "#VALUE!", "#REF!", "#NAME?", "#NUM!", "#NULL!"]);

interface Run {
  readonly column: number;
  top: number;
  bottom: number;
}

/** What a sheet is called in formulas for the engine. */
export function engineSheet(number: number): string {
  return `S${number}`;
}

export class Calculator {
  private readonly model = new Model("workbook", "en", "UTC", "en");
  private readonly runs = new Map<string, Run>();

  constructor(private readonly sheets: number) {
    this.model.pauseEvaluation();
    for (let number = 0; number <= sheets; number += 1) {
      if (number > 0) this.model.newSheet();
      this.model.renameSheet(number, number < sheets ? engineSheet(number) : "Results");
    }
  }

  close(): void {
    this.model.free();
  }

  put(sheet: number, row: number, col: number, value: Value): void {
    this.model.setUserInput(sheet, row + 1, col + 1, inputOf(value));
  }

  /** False when the engine takes it for none. */
  putFormula(sheet: number, row: number, col: number, text: string): boolean {
    try {
      this.model.setUserInput(sheet, row + 1, col + 1, `=${text}`);
    } catch {
      return false;
    }
    this.watch(sheet, row, col);
    return true;
  }

  /** Nobody's undo is kept here. */
  evaluate(): void {
    this.model.evaluate();
    this.model.flushSendQueue();
  }

  /** Those of these functions that the engine does not have. */
  static unknownOf(names: readonly string[]): string[] {
    const calculator = new Calculator(1);
    names.forEach((name, row) => calculator.putFormula(0, row, 0, `${name}()`));
    calculator.evaluate();
    const unknown = names.filter((_, row) => calculator.model.getFormattedCellValue(0, row + 1, 1) === "#NAME?");
    calculator.close();
    return unknown;
  }

  /** The value of a formula; `array` says that it filled its neighbours as well. */
  value(sheet: number, row: number, col: number): Value & { readonly array?: boolean } {
    const text = this.model.getFormattedCellValue(sheet, row + 1, col + 1);
    const kind = this.model.getCellType(sheet, row + 1, col + 1);
    if (kind === ERROR) return { kind: "error", value: text };
    const array = this.fills(sheet, row, col) ? { array: true } : {};
    if (kind === BOOLEAN) return { kind: "boolean", value: text === "TRUE", ...array };
    if (kind === NUMBER) return { kind: "number", value: this.number(sheet, row, col), ...array };
    return { kind: "text", value: text, ...array };
  }

  private fills(sheet: number, row: number, col: number): boolean {
    const shape = this.model.getCellArrayStructure(sheet, row + 1, col + 1);
    return typeof shape === "object" && "DynamicAnchor" in shape && shape.DynamicAnchor.some((side) => side > 1);
  }

  private number(sheet: number, row: number, col: number): number {
    const results = this.sheets;
    if (row === 0) return Number(this.model.getFormattedCellValue(results, TOP, this.columnOf(sheet, col, -1).column));
    const run = this.columnOf(sheet, col, row >> RUN_SHIFT);
    return Number(this.model.getCellContent(results, TOP + row - run.top + 1, run.column));
  }

  /** Repeat a cell among the results. A run begins one row earlier: of its own first cell the engine tells the formula. */
  private watch(sheet: number, row: number, col: number): void {
    const place = `${engineSheet(sheet)}!${columnLetters(col)}`;
    if (row === 0) {
      this.model.setUserInput(this.sheets, TOP, this.columnOf(sheet, col, -1).column, `=${place}1&""`);
      return;
    }
    const run = this.columnOf(sheet, col, row >> RUN_SHIFT);
    if (run.top <= row && row <= run.bottom) return;
    run.top = Math.min(run.top, row);
    run.bottom = Math.max(run.bottom, row);
    this.model.setUserInput(this.sheets, TOP, run.column, `=${place}${run.top}:${columnLetters(col)}${run.bottom + 1}`);
  }

  private columnOf(sheet: number, col: number, block: number): Run {
    const key = `${sheet}:${col}:${block}`;
    let run = this.runs.get(key);
    if (!run) {
      run = { column: this.runs.size + 1, top: Infinity, bottom: -1 };
      this.runs.set(key, run);
    }
    return run;
  }
}

function columnLetters(index: number): string {
  return index < 26 ? String.fromCharCode(65 + index) : columnLetters(Math.floor(index / 26) - 1) + columnLetters(index % 26);
}

/** As somebody would type it: a text begins with a quote, so that it is one. */
function inputOf(value: Value): string {
  if (value.kind === "text") return `'${value.value}`;
  if (value.kind === "boolean") return value.value ? "TRUE" : "FALSE";
  if (value.kind === "error") return FAULTS.has(value.value) ? value.value : "#VALUE!";
  return value.kind === "empty" ? "" : String(value.value);
}
