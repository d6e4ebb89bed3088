/** Owns the formula engine of one page: a worker that computes, started when something is to be computed, replaced when it hangs. */
import type { Answer, ChangedValue, Order, Workbook, Written } from "./workbook";

export type { CellContent, ChangedValue, Content, Value, Workbook, WorkbookSheet, Written } from "./workbook";

export interface EngineEvents {
  /** New values of formulas that depend on edits. Formulas that are in no answer show what the file says. */
  onValues(changed: readonly ChangedValue[]): void;
  /** `busy`: an answer is awaited for longer than a moment. `failed`: this browser cannot run the engine. */
  onState?(state: EngineState): void;
}

export type EngineState = "idle" | "busy" | "failed";

/** What of a Worker is used; tests put their own here. */
export interface WorkerLike {
  postMessage(order: Order): void;
  terminate(): void;
  onmessage: ((event: { data: Answer }) => void) | null;
  onerror: ((event: unknown) => void) | null;
}

export interface EngineOptions {
  readonly startWorker?: () => WorkerLike;
  /** A formula that takes longer is ended; its cell shows TOO_LONG. */
  readonly limitMs?: number;
}

/** The error of a formula that ran too long. */
export const TOO_LONG = "#TIME!";

export class Engine {
  constructor(
    protected readonly events: EngineEvents,
    protected readonly options: EngineOptions = {},
  ) {}

  /** The workbook as it is now, instead of the one before: at the start, and after rows, columns or sheets changed. */
  load(_workbook: Workbook): void {}

  /** Cells that somebody changed. Whoever changes rows or columns calls `load`. */
  set(_cells: readonly Written[]): void {}

  /** Computes all that depends on edits once more. */
  rebuild(): void {}

  close(): void {}
}
