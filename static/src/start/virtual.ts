/** Owns the arithmetic of a virtual list with rows of one height; touches no page. */

export interface Span {
  readonly first: number;
  /** Behind the last one. */
  readonly end: number;
}

/** Rows that are drawn before and after what is seen, so that scrolling shows no holes. */
export const OVERSCAN = 12;

/** The rows to draw for a scroll position. */
export function visibleSpan(scrollTop: number, viewHeight: number, rowHeight: number, count: number, overscan = OVERSCAN): Span {
  const first = Math.floor(Math.max(0, scrollTop) / rowHeight) - overscan;
  const end = Math.ceil((Math.max(0, scrollTop) + viewHeight) / rowHeight) + overscan;
  return { first: Math.min(Math.max(0, first), count), end: Math.min(Math.max(0, end), count) };
}

/** Where to scroll so that a row is wholly seen, moving as little as possible. */
export function scrollToRow(row: number, scrollTop: number, viewHeight: number, rowHeight: number): number {
  const top = row * rowHeight;
  if (top < scrollTop) return top;
  return Math.max(scrollTop, top + rowHeight - viewHeight);
}

/** The row that a key leads to; undefined for keys that do not move. */
export function rowAfterKey(key: string, row: number, count: number, pageRows: number): number | undefined {
  const targets = new Map([
    ["ArrowDown", row + 1],
    ["ArrowUp", row - 1],
    ["PageDown", row + pageRows],
    ["PageUp", row - pageRows],
    ["Home", 0],
    ["End", count - 1],
  ]);
  const target = targets.get(key);
  return target === undefined || count === 0 ? undefined : Math.min(Math.max(0, target), count - 1);
}
