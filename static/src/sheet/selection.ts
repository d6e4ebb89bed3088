/** Owns which cells are selected in a sheet, held as ids so that others' inserts do not move it, and how keys move it. */
import type { Layout } from "./layout";
import type { SheetModel } from "./model";
import { rangeOf, type At, type Place, type Range } from "./types";

export type Kind = "cells" | "rows" | "cols" | "all";

interface Spot {
  readonly row: Place;
  readonly col: Place;
}

export class Selection {
  private anchorSpot: Spot = { row: 0, col: 0 };
  private headSpot: Spot = { row: 0, col: 0 };
  /** Where they were last: what is deleted leaves the selection at its place. */
  private lastAnchor: At = { row: 0, col: 0 };
  private lastHead: At = { row: 0, col: 0 };
  kind: Kind = "cells";

  constructor(public sheet: SheetModel) {
    this.set({ row: 0, col: 0 });
  }

  /** The active cell: what is typed goes there. */
  get anchor(): At {
    return (this.lastAnchor = this.find(this.anchorSpot, this.lastAnchor));
  }

  /** The other corner, that Shift and arrows move. */
  get head(): At {
    return (this.lastHead = this.find(this.headSpot, this.lastHead));
  }

  set(anchor: At, head: At = anchor, kind: Kind = "cells"): void {
    this.anchorSpot = this.spot(anchor);
    this.headSpot = this.spot(head);
    this.lastAnchor = anchor;
    this.lastHead = head;
    this.kind = kind;
  }

  /** All selected cells; merged ones are taken whole. */
  range(layout: Layout): Range {
    const plain = rangeOf(this.anchor, this.head);
    const last = { row: layout.rows.count - 1, col: layout.cols.count - 1 };
    if (this.kind === "all") return { top: 0, left: 0, bottom: last.row, right: last.col };
    if (this.kind === "rows") return { ...plain, left: 0, right: last.col };
    if (this.kind === "cols") return { ...plain, top: 0, bottom: last.row };
    return grown(this.sheet, plain);
  }

  /** The cell that is active, a merged one whole. */
  activeRange(): Range {
    const { anchor } = this;
    return this.sheet.mergeAt(anchor.row, anchor.col) ?? rangeOf(anchor);
  }

  /** The anchor by ids, for what is shared and remembered. */
  get spots(): { anchor: Spot; head: Spot } {
    return { anchor: this.spot(this.anchor), head: this.spot(this.head) };
  }

  /** After rows or columns changed: what was beyond the end may have an id now. */
  settle(): void {
    this.set(this.anchor, this.head, this.kind);
  }

  private spot({ row, col }: At): Spot {
    return { row: this.sheet.rows.placeAt(row), col: this.sheet.cols.placeAt(col) };
  }

  private find(spot: Spot, last: At): At {
    const row = this.sheet.rows.indexOf(spot.row);
    const col = this.sheet.cols.indexOf(spot.col);
    return { row: row < 0 ? last.row : row, col: col < 0 ? last.col : col };
  }
}

/** The range with every merged cell that it touches. */
export function grown(sheet: SheetModel, range: Range): Range {
  let now = range;
  for (;;) {
    const before = now;
    for (const merged of sheet.merges()) {
      if (merged.top > now.bottom || merged.bottom < now.top || merged.left > now.right || merged.right < now.left) continue;
      now = { top: Math.min(now.top, merged.top), left: Math.min(now.left, merged.left), bottom: Math.max(now.bottom, merged.bottom), right: Math.max(now.right, merged.right) };
    }
    if (now.top === before.top && now.left === before.left && now.bottom === before.bottom && now.right === before.right) return now;
  }
}

export type Direction = "up" | "down" | "left" | "right";

/** One step over visible cells; a merged cell is one step. */
export function stepFrom(layout: Layout, from: At, direction: Direction, count = 1): At {
  const merged = layout.sheet.mergeAt(from.row, from.col);
  const { row, col } = from;
  switch (direction) {
    case "up":
      return { row: layout.rows.step(merged?.top ?? row, -1, count), col };
    case "down":
      return { row: layout.rows.step(merged?.bottom ?? row, 1, count), col };
    case "left":
      return { row, col: layout.cols.step(merged?.left ?? col, -1, count) };
    default:
      return { row, col: layout.cols.step(merged?.right ?? col, 1, count) };
  }
}

/** Ctrl and an arrow: to the end of the cells that have something, else to the next one that has. */
export function jumpFrom(layout: Layout, from: At, direction: Direction): At {
  const { sheet } = layout;
  const filled = (at: At): boolean => !sheet.isEmpty(at.row, at.col);
  const next = (at: At): At => stepFrom(layout, at, direction);
  const stays = (at: At): boolean => next(at).row === at.row && next(at).col === at.col;
  const used = direction === "up" || direction === "left" ? null : edge(layout, from, direction);
  let at = next(from);
  if (stays(from)) return from;
  const run = filled(from) && filled(at);
  while (!stays(at) && (used === null || before(at, used, direction))) {
    if (run ? !filled(next(at)) : filled(at)) return at;
    at = next(at);
  }
  return at;
}

/** The last cell with anything of this row or column; the last of all beyond it. */
function edge({ sheet, rows, cols }: Layout, { row, col }: At, direction: Direction): At {
  if (direction === "down") return { row: row < sheet.rows.length - 1 ? sheet.rows.length - 1 : rows.count - 1, col };
  return { row, col: col < sheet.cols.length - 1 ? sheet.cols.length - 1 : cols.count - 1 };
}

function before(at: At, used: At, direction: Direction): boolean {
  return direction === "down" ? at.row < used.row : at.col < used.col;
}
