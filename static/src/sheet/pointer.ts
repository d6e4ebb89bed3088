/** Owns what mouse, pen and finger do in the grid: select, drag, resize, fill, move rows and columns, open menus. */
import type { Contents } from "./contents";
import type { Actions } from "./actions";
import { referenceName } from "./pointing";
import type { SheetView } from "./sheet-view";
import { contains, rangeOf, type At, type Range, type Way } from "./types";

export interface PointerParts {
  readonly view: SheetView;
  readonly actions: Actions;
  readonly contents: Contents;
  readonly mayWrite: () => boolean;
  readonly menu: (point: { x: number; y: number }) => void;
}

type Drag =
  | { readonly kind: "select"; readonly from: At; readonly area: "cell" | "row" | "col" }
  | { readonly kind: "point"; readonly from: At }
  | { readonly kind: "resize"; readonly way: Way; readonly index: number; readonly start: number; readonly size: number }
  | { readonly kind: "fill"; readonly source: Range; target: Range }
  | { readonly kind: "move"; readonly way: Way; before: number };

const EDGE = 4;
const EDGE_FINGER = 12;
const TAP_MS = 350;
/** A drag this near to the border scrolls. */
const BORDER = 24;

export class GridPointer {
  private drag: Drag | null = null;
  private lastTap = { at: 0, row: -1, col: -1 };
  private scrolling = 0;
  private last: PointerEvent | null = null;
  private readonly line = document.createElement("div");

  constructor(private readonly parts: PointerParts) {
    const { scroller } = parts.view.grid;
    scroller.addEventListener("pointerdown", (event) => this.onDown(event));
    scroller.addEventListener("pointermove", (event) => this.onMove(event));
    scroller.addEventListener("pointerup", (event) => this.onUp(event));
    scroller.addEventListener("pointercancel", () => this.end());
    scroller.addEventListener("dblclick", (event) => this.onDouble(event));
    scroller.addEventListener("contextmenu", (event) => this.onMenu(event));
    this.line.className = "sheet-drag-line";
    this.line.hidden = true;
    parts.view.frame.append(this.line);
  }

  private onDown(event: PointerEvent): void {
    const { view } = this.parts;
    if (event.button !== 0 || this.onScrollbar(event)) return;
    const onHandle = event.target instanceof Element && event.target.closest(".sheet-fill-handle") !== null;
    if (event.pointerType === "touch") {
      // A tap comes with pointerup, a drag scrolls; a drag of the corner selects more.
      if (onHandle) this.begin(event, { kind: "select", from: view.selection.anchor, area: "cell" });
      return;
    }
    event.preventDefault();
    const hit = view.grid.hit(event.clientX, event.clientY);
    if (view.editor.isOpen) {
      if (view.editor.mayPoint && hit.area === "cell") {
        this.begin(event, { kind: "point", from: hit });
        return this.point(hit, hit);
      }
      if (!view.editor.commit()) return;
    }
    view.grid.scroller.focus({ preventScroll: true });
    const edge = this.parts.mayWrite() ? view.grid.edge(event.clientX, event.clientY, EDGE) : null;
    if (edge) {
      const lane = view.layout[edge.way];
      return this.begin(event, { kind: "resize", ...edge, start: edge.way === "cols" ? event.clientX : event.clientY, size: lane.size(edge.index) });
    }
    if (onHandle) return this.begin(event, { kind: "fill", source: this.parts.actions.worked, target: view.range });
    if (hit.area === "corner") return view.select({ row: 0, col: 0 }, { row: view.layout.rows.count - 1, col: view.layout.cols.count - 1 }, "all", "none");
    if (this.mayMove(hit)) return this.begin(event, { kind: "move", way: hit.area === "row" ? "rows" : "cols", before: -1 });
    this.choose(hit, event.shiftKey);
    this.begin(event, { kind: "select", from: view.selection.anchor, area: hit.area });
  }

  /** Rows and columns that are selected as a whole are dragged by their heads. */
  private mayMove(hit: { area: string; row: number; col: number }): boolean {
    const { view } = this.parts;
    const { kind } = view.selection;
    if (!this.parts.mayWrite() || view.sheet.locked !== null) return false;
    const { range } = view;
    return (hit.area === "row" && kind === "rows" && hit.row >= range.top && hit.row <= range.bottom) || (hit.area === "col" && kind === "cols" && hit.col >= range.left && hit.col <= range.right);
  }

  private choose(hit: { area: string; row: number; col: number }, extend: boolean): void {
    const { view } = this.parts;
    const kind = hit.area === "row" ? "rows" : hit.area === "col" ? "cols" : "cells";
    const seen = view.grid.window();
    // A head selects from the first cell that is seen: the view does not jump.
    const at = kind === "rows" ? { row: hit.row, col: seen.left } : kind === "cols" ? { row: seen.top, col: hit.col } : { row: hit.row, col: hit.col };
    if (extend) view.select(view.selection.anchor, at, kind, kind === "cells" ? "head" : "none");
    else view.select(at, at, kind, kind === "cells" ? "head" : "none");
  }

  private begin(event: PointerEvent, drag: Drag): void {
    this.drag = drag;
    if (event.isTrusted) this.parts.view.grid.scroller.setPointerCapture(event.pointerId);
  }

  private onMove(event: PointerEvent): void {
    const { view } = this.parts;
    const { scroller } = view.grid;
    if (!this.drag) {
      if (event.pointerType === "touch") return;
      const edge = this.parts.mayWrite() ? view.grid.edge(event.clientX, event.clientY, EDGE) : null;
      scroller.style.cursor = edge ? (edge.way === "cols" ? "col-resize" : "row-resize") : "";
      return;
    }
    this.last = event;
    this.follow(event);
    if (this.drag.kind !== "resize") this.scrollAtBorder();
  }

  private follow(event: PointerEvent): void {
    const { view } = this.parts;
    const { drag } = this;
    const hit = view.grid.hit(event.clientX, event.clientY);
    switch (drag?.kind) {
      case "select":
        return view.select(drag.from, hit, drag.area === "row" ? "rows" : drag.area === "col" ? "cols" : "cells", "none");
      case "point":
        return this.point(drag.from, hit);
      case "resize":
        return this.showLine(drag.way, drag.way === "cols" ? event.clientX : event.clientY);
      case "fill":
        drag.target = fillTarget(drag.source, hit);
        return view.select({ row: drag.target.top, col: drag.target.left }, { row: drag.target.bottom, col: drag.target.right }, "cells", "none");
      case "move": {
        const index = drag.way === "rows" ? hit.row : hit.col;
        const box = view.grid.frameOf(rangeOf(hit));
        const frame = view.grid.scroller.getBoundingClientRect();
        const [start, size, at] = drag.way === "rows" ? [box.y + frame.top, box.height, event.clientY] : [box.x + frame.left, box.width, event.clientX];
        const behind = at > start + size / 2;
        drag.before = behind ? index + 1 : index;
        return this.showLine(drag.way, behind ? start + size : start);
      }
      default:
    }
  }

  private onUp(event: PointerEvent): void {
    const { drag } = this;
    if (event.pointerType === "touch" && !drag) return this.onTap(event);
    this.end();
    if (!drag) return;
    const { actions, contents, view } = this.parts;
    if (drag.kind === "resize") {
      const moved = (drag.way === "cols" ? event.clientX : event.clientY) - drag.start;
      if (Math.abs(moved) > 1) actions.resize(drag.way, drag.index, Math.max(drag.size + moved, 12));
    } else if (drag.kind === "fill" && !sameRange(drag.source, drag.target)) contents.fill(view.sheet, drag.source, drag.target, event.ctrlKey || event.metaKey);
    else if (drag.kind === "move") {
      if (drag.before >= 0) actions.moveTo(drag.way, drag.before);
      else this.choose(view.grid.hit(event.clientX, event.clientY), event.shiftKey);
    }
  }

  /** A finger: one tap selects, two write. */
  private onTap(event: PointerEvent): void {
    const { view } = this.parts;
    if (this.onScrollbar(event) || (event.target instanceof Element && event.target.closest("button"))) return;
    const hit = view.grid.hit(event.clientX, event.clientY);
    if (view.editor.isOpen) {
      if (view.editor.mayPoint && hit.area === "cell") return this.point(hit, hit);
      if (!view.editor.commit()) return;
    }
    const again = event.timeStamp - this.lastTap.at < TAP_MS && this.lastTap.row === hit.row && this.lastTap.col === hit.col;
    this.lastTap = { at: event.timeStamp, row: hit.row, col: hit.col };
    if (again && hit.area === "cell" && this.parts.mayWrite()) return view.editor.open();
    view.grid.scroller.focus({ preventScroll: true });
    if (hit.area === "corner") view.select({ row: 0, col: 0 }, { row: view.layout.rows.count - 1, col: view.layout.cols.count - 1 }, "all", "none");
    else this.choose(hit, event.shiftKey);
  }

  private onDouble(event: MouseEvent): void {
    const { view, actions } = this.parts;
    const edge = view.grid.edge(event.clientX, event.clientY, EDGE_FINGER / 2);
    if (!this.parts.mayWrite()) return;
    if (edge) return actions.fit(edge.way, edge.index);
    if (view.grid.hit(event.clientX, event.clientY).area === "cell" && !view.editor.isOpen) view.editor.open();
  }

  private onMenu(event: MouseEvent): void {
    const { view } = this.parts;
    if (event.target instanceof Element && event.target.closest(".sheet-field")) return;
    event.preventDefault();
    const hit = view.grid.hit(event.clientX, event.clientY);
    const inside = hit.area === "row" ? view.selection.kind === "rows" && hit.row >= view.range.top && hit.row <= view.range.bottom : hit.area === "col" ? view.selection.kind === "cols" && hit.col >= view.range.left && hit.col <= view.range.right : contains(view.range, hit);
    if (!inside && hit.area !== "corner") this.choose(hit, false);
    this.parts.menu({ x: event.clientX, y: event.clientY });
  }

  private point(from: At, to: At): void {
    const { view } = this.parts;
    view.editor.point(referenceName(view, rangeOf(from, to)));
    view.drawOver();
  }

  /** A drag beyond the border goes on scrolling. */
  private scrollAtBorder(): void {
    if (this.scrolling) return;
    const step = (): void => {
      this.scrolling = 0;
      const { last, drag } = this;
      if (!last || !drag) return;
      const { scroller } = this.parts.view.grid;
      const { layout } = this.parts.view;
      const frame = scroller.getBoundingClientRect();
      const speed = (position: number, start: number, end: number): number => (position < start + BORDER ? -Math.min(start + BORDER - position, 60) : position > end - BORDER ? Math.min(position - end + BORDER, 60) : 0);
      const x = drag.kind === "select" && drag.area === "row" ? 0 : speed(last.clientX, frame.left + layout.frozenWidth, frame.right);
      const y = drag.kind === "select" && drag.area === "col" ? 0 : speed(last.clientY, frame.top + layout.frozenHeight, frame.bottom);
      if (x === 0 && y === 0) return;
      scroller.scrollBy(x / 2, y / 2);
      this.follow(last);
      this.scrolling = requestAnimationFrame(step);
    };
    this.scrolling = requestAnimationFrame(step);
  }

  private showLine(way: Way, at: number): void {
    const frame = this.parts.view.frame.getBoundingClientRect();
    this.line.hidden = false;
    this.line.dataset.way = way;
    this.line.style.left = way === "cols" ? `${at - frame.left}px` : "0";
    this.line.style.top = way === "rows" ? `${at - frame.top}px` : "0";
  }

  private end(): void {
    this.drag = null;
    this.last = null;
    this.line.hidden = true;
    cancelAnimationFrame(this.scrolling);
    this.scrolling = 0;
  }

  private onScrollbar(event: PointerEvent): boolean {
    const { scroller } = this.parts.view.grid;
    const frame = scroller.getBoundingClientRect();
    return event.clientX - frame.left >= scroller.clientWidth || event.clientY - frame.top >= scroller.clientHeight;
  }
}

/** The source grown towards a cell, in the direction that is further away. */
export function fillTarget(source: Range, to: At): Range {
  const down = Math.max(to.row - source.bottom, source.top - to.row, 0);
  const across = Math.max(to.col - source.right, source.left - to.col, 0);
  if (down === 0 && across === 0) return source;
  if (down >= across) return { ...source, top: Math.min(source.top, to.row), bottom: Math.max(source.bottom, to.row) };
  return { ...source, left: Math.min(source.left, to.col), right: Math.max(source.right, to.col) };
}

function sameRange(one: Range, other: Range): boolean {
  return one.top === other.top && one.left === other.left && one.bottom === other.bottom && one.right === other.right;
}
