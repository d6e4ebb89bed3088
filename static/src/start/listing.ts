/** Owns the order of a folder's entries and what is selected among them; plain values, touches no page. */
import type { Entry } from "../shell/api";

export type SortKey = "name" | "modified" | "size";

export interface Order {
  readonly key: SortKey;
  readonly descending: boolean;
}

export const BY_NAME: Order = { key: "name", descending: false };

/** A click on a column: turn the order round, or begin with what is looked for: newest and largest first. */
export function nextOrder(order: Order, key: SortKey): Order {
  return order.key === key ? { key, descending: !order.descending } : { key, descending: key !== "name" };
}

/** Folders first, then by the order, equal ones by name. */
export function sortEntries(entries: readonly Entry[], order: Order, compareNames: (left: string, right: string) => number): Entry[] {
  const sign = order.descending ? -1 : 1;
  const byKey = (left: Entry, right: Entry): number => {
    if (order.key === "modified") return sign * (left.modified_ms - right.modified_ms);
    if (order.key === "size" && left.kind === "file") return sign * (left.size_bytes - right.size_bytes);
    return order.key === "name" ? sign * compareNames(left.name, right.name) : 0;
  };
  return [...entries].sort((left, right) => {
    if (left.kind !== right.kind) return left.kind === "folder" ? -1 : 1;
    return byKey(left, right) || compareNames(left.name, right.name);
  });
}

/** The selected paths, and the row from which Shift extends. */
export class Selection {
  private readonly chosen = new Set<string>();
  private anchor: string | null = null;

  get size(): number {
    return this.chosen.size;
  }

  has(path: string): boolean {
    return this.chosen.has(path);
  }

  clear(): void {
    this.chosen.clear();
    this.anchor = null;
  }

  toggle(path: string): void {
    if (!this.chosen.delete(path)) this.chosen.add(path);
    this.anchor = path;
  }

  all(entries: readonly Entry[]): void {
    for (const entry of entries) this.chosen.add(entry.path);
  }

  /** Select everything between the last touched entry (or `from`) and `to`. */
  extend(entries: readonly Entry[], from: number, to: number): void {
    const known = entries.findIndex((entry) => entry.path === this.anchor);
    const start = known >= 0 ? known : from;
    this.anchor = entries[start]?.path ?? null;
    this.chosen.clear();
    for (const entry of entries.slice(Math.min(start, to), Math.max(start, to) + 1)) this.chosen.add(entry.path);
  }

  /** Forget what is not listed any more. */
  keep(entries: readonly Entry[]): void {
    const listed = new Set(entries.map((entry) => entry.path));
    for (const path of this.chosen) if (!listed.has(path)) this.chosen.delete(path);
  }

  of(entries: readonly Entry[]): Entry[] {
    return entries.filter((entry) => this.chosen.has(entry.path));
  }
}
