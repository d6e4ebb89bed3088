/** Owns what is known of the values of formulas: the engine's answers as view state, else what the file had. */
import type { CellType, Value } from "./types";

export interface Result {
  readonly type: CellType;
  readonly value: Value | null;
}

/** What the engine computed; it answers nothing for cells whose precedents nobody changed. */
export interface Results {
  /** By ids; undefined: not computed, the file's value counts. */
  of(sheet: string, row: string, col: string): Result | undefined;
}

export const NO_RESULTS: Results = { of: () => undefined };
