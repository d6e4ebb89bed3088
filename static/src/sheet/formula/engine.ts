/** Owns the formula engine of one page: a worker that computes, started when something is to be computed, replaced when it hangs. */
import type { Answer, ChangedValue, Order, Value, Workbook, Written } from "./workbook";

export type { CellContent, ChangedValue, Content, Value, Workbook, WorkbookSheet, Written } from "./workbook";

/** Where the build put the worker. */
declare const FORMULA_WORKER: string;

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

const LIMIT_MS = 10_000;
const MOMENT_MS = 400;
/** The first answer waits for the engine to be loaded. */
const LOADING_MS = 60_000;

export class Engine {
  private readonly startWorker: () => WorkerLike;
  private readonly limitMs: number;
  private worker: WorkerLike | null = null;
  private workbook: Workbook = { sheets: [] };
  /** What was set since the workbook was loaded, by place. */
  private written = new Map<string, Written>();
  /** Formulas that hung: the engine does not see them again until somebody changes them. */
  private guilty = new Map<string, Written>();
  private turn = 0;
  private awaited: { readonly turn: number; readonly suspects: readonly Written[] | null }[] = [];
  private limit: ReturnType<typeof setTimeout> | undefined;
  private moment: ReturnType<typeof setTimeout> | undefined;
  private state: EngineState = "idle";
  private hasAnswered = false;

  constructor(
    private readonly events: EngineEvents,
    options: EngineOptions = {},
  ) {
    this.startWorker = options.startWorker ?? startWorker;
    this.limitMs = options.limitMs ?? LIMIT_MS;
  }

  /** The workbook as it is now, instead of the one before: at the start, and after rows, columns or sheets changed. */
  load(workbook: Workbook): void {
    this.workbook = workbook;
    this.written = new Map();
    this.guilty = new Map();
    const hasFormulas = workbook.sheets.some((sheet) => sheet.cells.some(([, , content]) => "formula" in content));
    // Without an edit everything shows what the file says.
    const isNeeded = hasFormulas && workbook.sheets.some((sheet) => sheet.edited.length > 0);
    if (this.worker || isNeeded) this.ask({ kind: "load", turn: 0, workbook }, null);
  }

  /** Cells that somebody changed. Whoever changes rows or columns calls `load`. */
  set(cells: readonly Written[]): void {
    if (!cells.length || this.state === "failed") return;
    for (const cell of cells) {
      this.written.set(placeKey(cell), cell);
      this.guilty.delete(placeKey(cell));
    }
    if (!this.worker && !this.hasFormulas()) return;
    if (this.worker) this.ask({ kind: "set", turn: 0, cells }, cells);
    else this.ask({ kind: "load", turn: 0, workbook: this.current() }, cells);
  }

  /** Computes all that depends on edits once more. */
  rebuild(): void {
    this.guilty = new Map();
    this.ask({ kind: "load", turn: 0, workbook: this.current() }, null);
  }

  close(): void {
    this.end();
    this.awaited = [];
  }

  private hasFormulas(): boolean {
    const isFormula = (content: Written["content"]): boolean => "formula" in content;
    return [...this.written.values()].some((cell) => isFormula(cell.content)) || this.workbook.sheets.some((sheet) => sheet.cells.some(([, , content]) => isFormula(content)));
  }

  /** The workbook with all that was set since. */
  private current(): Workbook {
    const sheets = this.workbook.sheets.map((sheet) => {
      const written = [...this.written.values()].filter((cell) => cell.sheet === sheet.id);
      const places = new Set(written.map((cell) => `${cell.row}:${cell.col}`));
      const kept = sheet.cells.filter(([row, col]) => !places.has(`${row}:${col}`));
      const cells = written.map((cell) => [cell.row, cell.col, this.guilty.has(placeKey(cell)) ? { value: null } : cell.content] as const);
      const edited = [...sheet.edited, ...written.map((cell) => [cell.row, cell.col] as const)];
      return { ...sheet, cells: [...kept, ...cells], edited };
    });
    return { sheets };
  }

  private ask(order: Order, suspects: readonly Written[] | null): void {
    if (this.state === "failed") return;
    this.turn += 1;
    this.awaited.push({ turn: this.turn, suspects });
    if (!this.worker) this.start();
    this.worker?.postMessage({ ...order, turn: this.turn });
    if (this.awaited.length === 1) this.watch();
  }

  private start(): void {
    const worker = this.startWorker();
    this.hasAnswered = false;
    worker.onmessage = ({ data }) => {
      if (worker === this.worker) this.take(data);
    };
    worker.onerror = () => {
      if (worker === this.worker) this.fail();
    };
    this.worker = worker;
  }

  private watch(): void {
    this.unwatch();
    this.limit = setTimeout(() => this.stop(), this.hasAnswered ? this.limitMs : Math.max(this.limitMs, LOADING_MS));
    this.moment = setTimeout(() => this.enter("busy"), MOMENT_MS);
  }

  private unwatch(): void {
    clearTimeout(this.limit);
    clearTimeout(this.moment);
  }

  private take(answer: Answer): void {
    if ("failed" in answer) {
      if (this.hasAnswered) this.stop();
      else this.fail();
      return;
    }
    this.hasAnswered = true;
    this.awaited = this.awaited.filter((item) => item.turn > answer.turn);
    if (this.awaited.length) this.watch();
    else {
      this.unwatch();
      this.enter("idle");
    }
    if (answer.changed.length) this.events.onValues(answer.changed);
  }

  /**
   * The engine hangs or broke: end it. The formulas of the order that it was at show an error and are kept away from the
   * next one. When that was a whole workbook nobody knows which one it was, and nothing more is computed until the next edit.
   */
  private stop(): void {
    const [first] = this.awaited;
    this.end();
    this.awaited = [];
    const formulas = (first?.suspects ?? []).filter((cell) => "formula" in cell.content);
    for (const cell of formulas) this.guilty.set(placeKey(cell), cell);
    const error: Value = { kind: "error", value: TOO_LONG };
    if (formulas.length) {
      this.events.onValues(formulas.map(({ sheet, row, col }) => ({ sheet, row, col, value: error })));
      this.ask({ kind: "load", turn: 0, workbook: this.current() }, null);
    } else this.enter("idle");
  }

  private fail(): void {
    this.end();
    this.awaited = [];
    this.enter("failed");
  }

  private end(): void {
    this.unwatch();
    this.worker?.terminate();
    this.worker = null;
  }

  private enter(state: EngineState): void {
    if (state === this.state) return;
    this.state = state;
    this.events.onState?.(state);
  }
}

function placeKey(cell: Written): string {
  return `${cell.sheet}:${cell.row}:${cell.col}`;
}

interface TrustedTypes {
  createPolicy(name: string, rules: { createScriptURL(url: string): string }): { createScriptURL(url: string): string };
}

let policy: { createScriptURL(url: string): string } | null = null;

/** The page lets no text become a script's address but this one (collab/web/security.py). */
function startWorker(): WorkerLike {
  const types = (globalThis as { trustedTypes?: TrustedTypes }).trustedTypes;
  policy ??= types?.createPolicy("formula-worker", { createScriptURL: () => FORMULA_WORKER }) ?? { createScriptURL: () => FORMULA_WORKER };
  return new Worker(policy.createScriptURL(""), { type: "module" }) as WorkerLike;
}
