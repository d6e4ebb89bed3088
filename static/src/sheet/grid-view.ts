/** Owns the grid's elements: rows of the visible window only, heads, frozen panes, scrolling. Knows no document. */
import { h, uniqueId } from "../shell/dom";
import { HEAD_HEIGHT, type Layout } from "./layout";
import { columnName, contains, meet, type At, type Range } from "./types";

const OVER_ROWS = 12;
const OVER_COLS = 3;
/** This close to the end the sheet gets longer. */
const NEAR_END_PX = 400;
const MOST_SPARE = 80;
const ORDER_AFTER_MS = 200;

export interface GridSource {
  /** Draw what is in a cell into its element. */
  paint(element: HTMLElement, row: number, col: number, merged: Range | null, place: string): void;
  /** The window moved or everything was drawn again. */
  drawn(): void;
  /** Somebody scrolled near the end. */
  atEnd(rows: boolean, cols: boolean): void;
}

interface RowView {
  readonly element: HTMLElement;
  readonly head: HTMLElement;
  readonly frozen: HTMLElement;
  readonly cells: Map<number, HTMLElement>;
  version: number;
  /** The columns that were drawn, to see that nothing is to be done. */
  columns: readonly number[] | null;
}

/** Where the scroller is: read once before elements change, because reading it afterwards lays everything out. */
interface Metrics {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

export interface Hit extends At {
  readonly area: "cell" | "row" | "col" | "corner";
}

/** A rectangle in one of the four parts that frozen rows and columns make. */
export interface Box {
  readonly pane: HTMLElement;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export class GridView {
  readonly scroller = h("div", { class: "sheet-scroller", role: "grid", tabIndex: 0, id: uniqueId("sheet-grid"), attrs: { "aria-multiselectable": "true" } });
  private readonly space = h("div", { class: "sheet-space", role: "presentation" });
  private readonly top = h("div", { class: "sheet-top", role: "rowgroup" });
  private readonly body = h("div", { class: "sheet-body", role: "rowgroup" });
  private readonly panes = {
    body: h("div", { class: "sheet-overlay", attrs: { "aria-hidden": "true" } }),
    left: h("div", { class: "sheet-overlay sheet-overlay-left", attrs: { "aria-hidden": "true" } }),
    top: h("div", { class: "sheet-overlay", attrs: { "aria-hidden": "true" } }),
    corner: h("div", { class: "sheet-overlay sheet-overlay-corner", attrs: { "aria-hidden": "true" } }),
  };
  private readonly headRow: RowView;
  private readonly rows = new Map<number, RowView>();
  private readonly pool: RowView[] = [];
  private version = 0;
  private pending = 0;
  private ordering: number | undefined;
  private cells: readonly Range[] = [];
  private active: At = { row: 0, col: 0 };
  private readonly selected = new Set<HTMLElement>();
  private activeElement: HTMLElement | null = null;
  private metrics: Metrics | null = null;
  private columns: readonly number[] = [];
  private layoutNow: Layout | null = null;

  constructor(private readonly source: GridSource) {
    this.headRow = this.makeRow("columnheader");
    this.headRow.element.classList.add("sheet-head-row");
    this.top.append(this.headRow.element, this.panes.top, this.panes.corner);
    this.space.append(this.panes.left, this.top, this.body, this.panes.body);
    this.scroller.append(this.space);
    this.scroller.addEventListener("scroll", () => this.renderSoon(), { passive: true });
  }

  get layout(): Layout {
    return this.layoutNow!;
  }

  /** The cell that has the focus; keys go to the scroller. */
  get activeId(): string {
    return `${this.scroller.id}-active`;
  }

  show(layout: Layout): void {
    const before = this.layoutNow;
    if (before && (before.frozenRows !== layout.frozenRows || before.frozenCols !== layout.frozenCols)) this.clear();
    this.layoutNow = layout;
    this.space.style.width = `${layout.width}px`;
    this.space.style.height = `${layout.height}px`;
    this.top.style.height = `${layout.frozenHeight}px`;
    this.scroller.style.scrollPadding = `${layout.frozenHeight}px 0 0 ${layout.frozenWidth}px`;
    this.scroller.style.setProperty("--sheet-head", `${layout.headWidth}px`);
    this.scroller.setAttribute("aria-rowcount", String(layout.rows.count + 1));
    this.scroller.setAttribute("aria-colcount", String(layout.cols.count + 1));
    this.redraw();
  }

  /** Other rows and columns are frozen: their elements stand elsewhere. */
  private clear(): void {
    for (const view of this.rows.values()) view.element.remove();
    this.rows.clear();
    this.pool.length = 0;
    for (const element of this.headRow.cells.values()) element.remove();
    this.headRow.cells.clear();
  }

  /** Draw every cell of the window again. */
  redraw(): void {
    this.version += 1;
    this.render();
  }

  renderSoon(): void {
    this.pending ||= requestAnimationFrame(() => {
      this.pending = 0;
      this.render();
    });
  }

  destroy(): void {
    cancelAnimationFrame(this.pending);
    window.clearTimeout(this.ordering);
  }

  // -- the window --

  /** Visible rows and columns beside the frozen ones. */
  window(): Range {
    const { layout } = this;
    const at = this.metrics ?? this.measure();
    const top = Math.max(layout.rows.at(at.top + layout.frozenHeight - HEAD_HEIGHT), layout.frozenRows);
    const left = Math.max(layout.cols.at(at.left + layout.frozenWidth - layout.headWidth), layout.frozenCols);
    const bottom = layout.rows.at(at.top + Math.max(at.height, 50) - HEAD_HEIGHT);
    const right = layout.cols.at(at.left + Math.max(at.width, 50) - layout.headWidth);
    return { top, left, bottom: Math.max(bottom, top), right: Math.max(right, left) };
  }

  private measure(): Metrics {
    const { scrollLeft: left, scrollTop: top, clientWidth: width, clientHeight: height } = this.scroller;
    return { left, top, width, height };
  }

  private render(): void {
    const { layout } = this;
    if (!this.layoutNow) return;
    const at = (this.metrics = this.measure());
    const seen = this.window();
    const { rows, cols } = layout;
    const wanted: Range = {
      top: Math.max(seen.top - OVER_ROWS, layout.frozenRows),
      left: Math.max(seen.left - OVER_COLS, layout.frozenCols),
      bottom: Math.min(seen.bottom + OVER_ROWS, rows.count - 1),
      right: Math.min(seen.right + OVER_COLS, cols.count - 1),
    };
    const visible = [...range(0, layout.frozenCols - 1), ...range(wanted.left, wanted.right)].filter((col) => !cols.isHidden(col));
    const same = visible.length === this.columns.length && visible.every((col, index) => col === this.columns[index]);
    const columns = same ? this.columns : (this.columns = visible);
    const shown = [...range(0, layout.frozenRows - 1), ...range(wanted.top, wanted.bottom)].filter((row) => !rows.isHidden(row));
    const merges = layout.sheet.merges().filter((merged) => meet(merged, { ...wanted, top: 0, left: 0 }) && merged.bottom >= Math.min(wanted.top, layout.frozenRows) && merged.right >= 0);
    const near = merges.filter((merged) => meet(merged, wanted) || merged.top < layout.frozenRows || merged.left < layout.frozenCols);
    const extra = new Map<number, number[]>();
    for (const { top, left } of near) extra.set(top, [...(extra.get(top) ?? []), left]);
    const all = new Set([...shown, ...[...extra.keys()].filter((row) => !rows.isHidden(row))]);
    for (const [row, view] of this.rows) if (!all.has(row)) this.drop(row, view);
    this.renderHead(columns);
    const inWindow = new Set(shown);
    for (const row of all) this.renderRow(row, inWindow.has(row) ? columns : [], extra.get(row) ?? [], near);
    for (const view of this.pool) view.element.remove();
    this.orderSoon();
    this.source.drawn();
    this.metrics = null;
    const toEnd = layout.height - at.top - at.height < NEAR_END_PX;
    const toSide = layout.width - at.left - at.width < NEAR_END_PX;
    if (at.height > 0 && (toEnd || toSide)) this.source.atEnd(toEnd, toSide);
  }

  private orderSoon(): void {
    window.clearTimeout(this.ordering);
    this.ordering = window.setTimeout(() => this.inOrder(), ORDER_AFTER_MS);
  }

  /** A screen reader reads rows in the order of the elements; while somebody scrolls they are only put elsewhere. */
  private inOrder(): void {
    let before: Element | null = null;
    for (const row of [...this.rows.keys()].filter((one) => one >= this.layout.frozenRows).sort((one, other) => one - other)) {
      const { element } = this.rows.get(row)!;
      const wanted: Element | null = before ? before.nextElementSibling : this.body.firstElementChild;
      if (wanted !== element) this.body.insertBefore(element, wanted);
      before = element;
    }
  }

  private renderHead(columns: readonly number[]): void {
    const { layout, headRow } = this;
    headRow.element.style.height = `${HEAD_HEIGHT}px`;
    headRow.element.style.top = "0";
    headRow.element.setAttribute("aria-rowindex", "1");
    if (headRow.version === this.version && headRow.columns === columns) return;
    this.fill(headRow, new Set(columns), (element, col) => {
      element.textContent = columnName(col);
      element.style.cssText = this.place(col, layout.cols.size(col), HEAD_HEIGHT);
    });
    headRow.version = this.version;
    headRow.columns = columns;
  }

  private renderRow(row: number, columns: readonly number[], extra: readonly number[], merges: readonly Range[]): void {
    const { layout } = this;
    const view = this.rows.get(row) ?? this.take(row);
    const plain = extra.length === 0 && merges.length === 0;
    if (view.version === this.version && view.columns === columns && plain) return;
    if (view.version !== this.version) {
      view.element.style.top = `${HEAD_HEIGHT + layout.rows.start(row)}px`;
      view.element.style.height = `${layout.rows.size(row)}px`;
      view.element.setAttribute("aria-rowindex", String(row + 2));
      view.head.textContent = String(row + 1);
    }
    const here = merges.filter((merged) => row >= merged.top && row <= merged.bottom);
    const covered = (col: number): boolean => here.some((merged) => contains(merged, { row, col }) && (merged.top !== row || merged.left !== col));
    const wanted = new Set([...columns, ...extra].filter((col) => !layout.cols.isHidden(col) && !(here.length > 0 && covered(col))));
    this.fill(view, wanted, (element, col) => {
      const merged = here.find((one) => one.top === row && one.left === col) ?? null;
      const width = merged ? layout.cols.end(merged.right) - layout.cols.start(col) : layout.cols.size(col);
      const height = merged ? layout.rows.end(merged.bottom) - layout.rows.start(row) : layout.rows.size(row);
      if (merged || merges.length > 0) element.classList.toggle("is-merged", merged !== null);
      this.source.paint(element, row, col, merged, this.place(col, width, height));
    });
    view.version = this.version;
    view.columns = plain ? columns : null;
  }

  /** Make, keep and drop the cells of a row; `draw` gets what is new or not of this version. */
  private fill(view: RowView, wanted: ReadonlySet<number>, draw: (element: HTMLElement, col: number) => void): void {
    for (const [col, element] of view.cells) {
      if (wanted.has(col)) continue;
      element.remove();
      view.cells.delete(col);
    }
    const fresh = view.version !== this.version;
    for (const col of [...wanted].sort((one, other) => one - other)) {
      const there = view.cells.get(col);
      const element = there ?? h("div", { class: view === this.headRow ? "sheet-col-head" : "sheet-cell", role: view === this.headRow ? "columnheader" : "gridcell" });
      if (!there) {
        element.setAttribute("aria-colindex", String(col + 2));
        const frozen = col < this.layout.frozenCols;
        const next = [...view.cells.keys()].filter((one) => one > col && one < this.layout.frozenCols === frozen).sort((one, other) => one - other)[0];
        (frozen ? view.frozen : view.element).insertBefore(element, next === undefined ? null : view.cells.get(next)!);
        view.cells.set(col, element);
      }
      if (!there || fresh) draw(element, col);
    }
  }

  private place(col: number, width: number, height: number): string {
    const { layout } = this;
    return `left:${(col < layout.frozenCols ? 0 : layout.headWidth) + layout.cols.start(col)}px;width:${width}px;height:${height}px;`;
  }

  private take(row: number): RowView {
    const view = this.pool.pop() ?? this.makeRow("rowheader");
    view.version = -1;
    this.rows.set(row, view);
    const [parent, next] = row < this.layout.frozenRows ? [this.top, this.panes.top] : [this.body, null];
    if (view.element.parentElement !== parent) parent.insertBefore(view.element, next);
    return view;
  }

  private drop(row: number, view: RowView): void {
    this.rows.delete(row);
    if (this.pool.length < MOST_SPARE) this.pool.push(view);
    else view.element.remove();
  }

  private makeRow(role: "rowheader" | "columnheader"): RowView {
    const isHead = role === "columnheader";
    const head = h("div", isHead ? { class: "sheet-corner", role: "presentation" } : { class: "sheet-row-head", role, attrs: { "aria-colindex": 1 } });
    const frozen = h("div", { class: "sheet-row-frozen", role: "presentation" });
    return { element: h("div", { class: "sheet-row", role: "row" }, head, frozen), head, frozen, cells: new Map(), version: -1, columns: null };
  }

  // -- selection --

  /** Mark what is selected: ranges of cells, the active cell. */
  select(cells: readonly Range[], active: At): void {
    this.cells = cells;
    this.active = active;
    this.mark();
  }

  private mark(): void {
    const { cells, active, selected } = this;
    const now = new Set<HTMLElement>();
    for (const [row, view] of this.rows) {
      const here = cells.filter(({ top, bottom }) => row >= top && row <= bottom);
      view.head.classList.toggle("is-in", here.length > 0);
      if (here.length > 0) for (const [col, element] of view.cells) if (here.some(({ left, right }) => col >= left && col <= right)) now.add(element);
    }
    for (const element of selected) if (!now.has(element)) element.removeAttribute("aria-selected");
    for (const element of now) if (!selected.has(element)) element.setAttribute("aria-selected", "true");
    selected.clear();
    for (const element of now) selected.add(element);
    for (const [col, element] of this.headRow.cells) element.classList.toggle("is-in", cells.some(({ left, right }) => col >= left && col <= right));
    this.markActive(this.rows.get(active.row)?.cells.get(active.col) ?? null);
  }

  private markActive(element: HTMLElement | null): void {
    if (element === this.activeElement && (!element || element.id === this.activeId)) return;
    this.activeElement?.removeAttribute("id");
    this.activeElement = element;
    if (element) element.id = this.activeId;
    if (element) this.scroller.setAttribute("aria-activedescendant", this.activeId);
    else this.scroller.removeAttribute("aria-activedescendant");
  }

  // -- places --

  /** Scroll as little as shows a cell. */
  reveal({ row, col }: At, center = false): void {
    const { layout, scroller } = this;
    const { x, y, width, height } = layout.box({ top: row, left: col, bottom: row, right: col });
    if (row >= layout.frozenRows) scroller.scrollTop = into(scroller.scrollTop, y, height, layout.frozenHeight, scroller.clientHeight, center);
    if (col >= layout.frozenCols) scroller.scrollLeft = into(scroller.scrollLeft, x, width, layout.frozenWidth, scroller.clientWidth, center);
    this.render();
  }

  /** What is at a point of the window. */
  hit(clientX: number, clientY: number): Hit {
    const { layout, scroller } = this;
    const frame = scroller.getBoundingClientRect();
    const x = clientX - frame.left;
    const y = clientY - frame.top;
    const col = layout.cols.at((x < layout.frozenWidth ? x : x + scroller.scrollLeft) - layout.headWidth);
    const row = layout.rows.at((y < layout.frozenHeight ? y : y + scroller.scrollTop) - HEAD_HEIGHT);
    const area = x < layout.headWidth ? (y < HEAD_HEIGHT ? "corner" : "row") : y < HEAD_HEIGHT ? "col" : "cell";
    return { area, row, col };
  }

  /** The row or column whose edge is at a point of the heads, -1 for none. */
  edge(clientX: number, clientY: number, reach: number): { way: "rows" | "cols"; index: number } | null {
    const { layout, scroller } = this;
    const frame = scroller.getBoundingClientRect();
    const x = clientX - frame.left;
    const y = clientY - frame.top;
    if ((x < layout.headWidth) === (y < HEAD_HEIGHT)) return null;
    const way = y < HEAD_HEIGHT ? "cols" : "rows";
    const position = way === "cols" ? (x < layout.frozenWidth ? x : x + scroller.scrollLeft) - layout.headWidth : (y < layout.frozenHeight ? y : y + scroller.scrollTop) - HEAD_HEIGHT;
    const index = layout[way].edgeAt(position, reach);
    return index < 0 ? null : { way, index };
  }

  /** A range as boxes of the panes that it lies in. */
  boxes(range: Range): Box[] {
    const { layout, panes } = this;
    const found: Box[] = [];
    const rows = [{ frozen: true, top: range.top, bottom: Math.min(range.bottom, layout.frozenRows - 1) }, { frozen: false, top: Math.max(range.top, layout.frozenRows), bottom: range.bottom }];
    const cols = [{ frozen: true, left: range.left, right: Math.min(range.right, layout.frozenCols - 1) }, { frozen: false, left: Math.max(range.left, layout.frozenCols), right: range.right }];
    for (const { frozen: inTop, top, bottom } of rows) {
      for (const { frozen: inLeft, left, right } of cols) {
        if (top > bottom || left > right) continue;
        const box = layout.box({ top, left, bottom, right });
        if (box.width > 0 && box.height > 0) found.push({ ...box, pane: inTop ? (inLeft ? panes.corner : panes.top) : inLeft ? panes.left : panes.body });
      }
    }
    return found;
  }

  clearOverlays(): void {
    for (const pane of Object.values(this.panes)) pane.replaceChildren();
  }

  /** Where a cell is within the scroller's frame now. */
  frameOf(range: Range): { x: number; y: number; width: number; height: number } {
    const { layout, scroller } = this;
    const box = layout.box(range);
    return { ...box, x: range.left < layout.frozenCols ? box.x : box.x - scroller.scrollLeft, y: range.top < layout.frozenRows ? box.y : box.y - scroller.scrollTop };
  }
}

function range(first: number, last: number): number[] {
  return Array.from({ length: Math.max(last - first + 1, 0) }, (_, index) => first + index);
}

function into(scroll: number, start: number, size: number, frozen: number, view: number, center: boolean): number {
  if (center) return start + size / 2 - (frozen + view) / 2;
  if (start - scroll < frozen) return start - frozen;
  if (start + size - scroll > view) return Math.min(start + size - view, start - frozen);
  return scroll;
}
