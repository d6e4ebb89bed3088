/** Owns the words that the page and the formula worker exchange: cells by sheet and index, and their values. */

/** What a cell shows; an error is its name: `#DIV/0!`. Dates are numbers. */
export type Value =
  | { readonly kind: "number"; readonly value: number }
  | { readonly kind: "text"; readonly value: string }
  | { readonly kind: "boolean"; readonly value: boolean }
  | { readonly kind: "error"; readonly value: string }
  | { readonly kind: "empty" };

/** What a cell holds: a value, or a formula as A1 text without "=" and the value that the file has for it. */
export type Content = { readonly value: number | string | boolean | null } | { readonly formula: string; readonly cached?: Value };

/** Places are counted from 0. */
export type CellContent = readonly [row: number, col: number, content: Content];

export interface WorkbookSheet {
  readonly id: string;
  readonly name: string;
  /** All cells that are not empty. */
  readonly cells: readonly CellContent[];
  /** Places of the cells that differ from the file: those that people wrote or emptied, and formulas whose ranges lost or won rows. */
  readonly edited: readonly (readonly [row: number, col: number])[];
}

export interface Workbook {
  readonly sheets: readonly WorkbookSheet[];
}

/** A cell that somebody changed. */
export interface Written {
  readonly sheet: string;
  readonly row: number;
  readonly col: number;
  readonly content: Content;
}

export interface ChangedValue {
  readonly sheet: string;
  readonly row: number;
  readonly col: number;
  /** Null: not computed here; the file's value, where it has one, is old. */
  readonly value: Value | null;
}

/** From the page to the worker. */
export type Order =
  | { readonly kind: "load"; readonly turn: number; readonly workbook: Workbook }
  | { readonly kind: "set"; readonly turn: number; readonly cells: readonly Written[] };

/** From the worker to the page: one for each order. */
export type Answer = { readonly turn: number; readonly changed: readonly ChangedValue[] } | { readonly turn: number; readonly failed: string };
