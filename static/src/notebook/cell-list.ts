/** Owns the list of cells on the page: in the document's order, drawn when they are near the window. */
import * as Y from "yjs";
import { h } from "../shell/dom";
import { CellView, type CellContext } from "./cell-view";
import { cellAround, cellsOf, isCell, type YCell } from "./schema";

/** Cells so far from the window are drawn already. */
const NEAR = "800px 0px";
/** More drawn cells than this, and those far away are given up. */
const MOST_DRAWN = 120;

export interface ListEvents {
  /** Cells came, went or moved. */
  reordered(): void;
  /** Something within a cell changed; `key` of its map, null for several. */
  changed(view: CellView, key: string | null): void;
}

export class CellList {
  readonly element = h("div", { class: "nb-cells" });
  views: readonly CellView[] = [];
  private readonly cells: Y.Array<unknown>;
  private byCell = new Map<YCell, CellView>();
  private readonly byElement = new WeakMap<Element, CellView>();
  private readonly near = new Set<CellView>();
  private readonly observer: IntersectionObserver;

  constructor(doc: Y.Doc, scroller: HTMLElement, private readonly context: CellContext, private readonly events: ListEvents) {
    this.cells = cellsOf(doc);
    this.observer = new IntersectionObserver((entries) => this.onNear(entries), { root: scroller, rootMargin: NEAR });
    this.cells.observeDeep(this.onChange);
    this.reconcile();
  }

  viewOf(cell: YCell | null): CellView | null {
    return (cell && this.byCell.get(cell)) ?? null;
  }

  viewAround(node: EventTarget | null): CellView | null {
    const element = node instanceof Element ? node.closest(".nb-cell") : null;
    return (element && this.byElement.get(element)) ?? null;
  }

  /** The cell at the top of the window. */
  top(scroller: HTMLElement): CellView | null {
    const edge = scroller.getBoundingClientRect().top + 8;
    let low = 0;
    let high = this.views.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.views[middle]!.element.getBoundingClientRect().bottom <= edge) low = middle + 1;
      else high = middle;
    }
    return this.views[low] ?? null;
  }

  setReadOnly(readOnly: boolean): void {
    for (const view of this.views) view.setReadOnly(readOnly);
  }

  destroy(): void {
    this.cells.unobserveDeep(this.onChange);
    this.observer.disconnect();
    for (const view of this.views) view.destroy();
  }

  private readonly onChange = (events: Y.YEvent<Y.AbstractType<unknown>>[]): void => {
    let moved = false;
    const touched = new Map<CellView, Set<string | null>>();
    for (const event of events) {
      if ((event.target as unknown) === this.cells) {
        moved = true;
        continue;
      }
      const view = this.viewOf(cellAround(event.target, this.cells));
      if (!view) continue;
      const keys = touched.get(view) ?? new Set();
      for (const key of keysOf(event, view.cell)) keys.add(key);
      touched.set(view, keys);
    }
    if (moved) this.reconcile();
    for (const [view, keys] of touched) for (const key of keys) this.tell(view, key);
    if (moved) this.events.reordered();
  };

  private tell(view: CellView, key: string | null): void {
    view.changed(key);
    this.events.changed(view, key);
  }

  /** Make the page's cells those of the document; what stays where it is is not touched, so that focus and scrolling stay. */
  private reconcile(): void {
    const wanted = this.cells.toArray().filter(isCell);
    const byCell = new Map<YCell, CellView>();
    for (const cell of wanted) byCell.set(cell, this.byCell.get(cell) ?? this.make(cell));
    for (const [cell, view] of this.byCell) if (!byCell.has(cell)) this.drop(view);
    this.byCell = byCell;
    this.views = [...byCell.values()];
    let next: Element | null = this.element.firstElementChild;
    this.views.forEach((view, index) => {
      if (next === view.element) next = view.element.nextElementSibling;
      else this.element.insertBefore(view.element, next);
      view.setIndex(index);
    });
  }

  private make(cell: YCell): CellView {
    const view = new CellView(cell, this.context);
    this.byElement.set(view.element, view);
    this.observer.observe(view.element);
    return view;
  }

  private drop(view: CellView): void {
    this.observer.unobserve(view.element);
    this.near.delete(view);
    view.destroy();
  }

  private onNear(entries: readonly IntersectionObserverEntry[]): void {
    for (const { target, isIntersecting } of entries) {
      const view = this.byElement.get(target);
      if (!view) continue;
      if (isIntersecting) {
        this.near.add(view);
        view.mount();
      } else {
        this.near.delete(view);
      }
    }
    const drawn = this.views.filter((view) => view.mounted);
    if (drawn.length <= MOST_DRAWN) return;
    for (const view of drawn) if (!this.near.has(view) && !view.element.contains(document.activeElement)) view.unmount();
  }
}

/** Which parts of the cell an event is about. */
function keysOf(event: Y.YEvent<Y.AbstractType<unknown>>, cell: YCell): (string | null)[] {
  if ((event.target as unknown) === cell) return [...(event as Y.YMapEvent<unknown>).keysChanged] as string[];
  let at: Y.AbstractType<unknown> | null = event.target;
  while (at && (at.parent as unknown) !== cell) at = at.parent as Y.AbstractType<unknown> | null;
  return [at?._item?.parentSub ?? null];
}
