/**
 * Owns the list of entries on the page: draws the rows that are seen, moves focus and selection by keyboard and
 * pointer (WAI-ARIA grid with roving focus). What an entry does when it is opened is the page's.
 */
import type { Entry, Person } from "../shell/api";
import { h, replaceChildren, setAttributes } from "../shell/dom";
import { t, type MessageKey } from "../shell/i18n";
import { icon } from "../shell/icons";
import { nextOrder, Selection, type Order, type SortKey } from "./listing";
import { drawRow, type RowView } from "./row";
import { rowAfterKey, scrollToRow, visibleSpan } from "./virtual";

export interface GridEvents {
  open: (entry: Entry, newTab: boolean) => void;
  menu: (entry: Entry, anchor: HTMLElement, point?: { x: number; y: number }) => void;
  order: (order: Order) => void;
  selection: (selected: number) => void;
}

export interface GridView {
  readonly entries: readonly Entry[];
  readonly order: Order;
  readonly people: ReadonlyMap<string, readonly Person[]>;
  /** Search results say in which folder they are. */
  readonly showFolder: boolean;
  readonly hrefOf: (entry: Entry) => string;
}

const DEFAULT_ROW_HEIGHT = 40;

const COLUMNS: readonly { key: SortKey; label: MessageKey }[] = [
  { key: "name", label: "column.name" },
  { key: "modified", label: "column.modified" },
  { key: "size", label: "column.size" },
];

export class Grid {
  readonly element: HTMLElement;
  readonly selection = new Selection();
  private readonly head = h("div", { class: "grid-head", role: "row", attrs: { "aria-rowindex": 1 } });
  private readonly rowsBox = h("div", { class: "grid-rows", role: "rowgroup" });
  private view: GridView | null = null;
  private active = 0;
  private rowHeight = DEFAULT_ROW_HEIGHT;
  /** What is seen of the rows: the head stays above them. */
  private viewHeight = 0;
  private readonly drawn = new Map<number, HTMLElement>();

  constructor(private readonly events: GridEvents, label: string) {
    const headGroup = h("div", { class: "grid-head-group", role: "rowgroup" }, this.head);
    this.element = h("div", { class: "grid", role: "grid", attrs: { "aria-label": label, "aria-multiselectable": "true", "aria-colcount": 5 } }, headGroup, this.rowsBox);
    this.element.addEventListener("scroll", () => this.drawRows(), { passive: true });
    new ResizeObserver(() => this.redraw()).observe(this.element);
    this.element.addEventListener("keydown", (event) => this.onKey(event));
    this.rowsBox.addEventListener("focusin", (event) => this.onFocus(event));
    this.rowsBox.addEventListener("click", (event) => this.onClick(event));
    this.rowsBox.addEventListener("contextmenu", (event) => this.onContextMenu(event));
  }

  get entries(): readonly Entry[] {
    return this.view?.entries ?? [];
  }

  /** The entries that a command is about: the selected ones, else the one with the focus. */
  get targets(): Entry[] {
    const selected = this.selection.of(this.entries);
    const active = this.entries[this.active];
    if (selected.length) return selected;
    return active && this.element.contains(document.activeElement) ? [active] : [];
  }

  /** Show entries; focus and scroll position stay at their entry when it is still there. */
  show(view: GridView, reset: boolean): void {
    const path = this.entries[this.active]?.path;
    this.view = view;
    const kept = reset ? -1 : view.entries.findIndex((entry) => entry.path === path);
    this.active = Math.max(0, kept >= 0 ? kept : Math.min(reset ? 0 : this.active, view.entries.length - 1));
    if (reset) {
      this.selection.clear();
      this.element.scrollTop = 0;
    }
    this.selection.keep(view.entries);
    this.drawHead();
    this.redraw();
    this.events.selection(this.selection.size);
  }

  /** Move the focus to an entry, the first one without a path. */
  focusEntry(path?: string): void {
    const row = path === undefined ? this.active : this.entries.findIndex((entry) => entry.path === path);
    this.moveTo(Math.max(0, row));
  }

  clearSelection(): void {
    this.selection.clear();
    this.redraw();
    this.events.selection(0);
  }

  /** The row's height is the style sheet's: it is larger on phones. Read when the window changed, not while scrolling. */
  private measure(): void {
    this.rowHeight = parseFloat(getComputedStyle(this.element).getPropertyValue("--row-height")) || DEFAULT_ROW_HEIGHT;
    this.viewHeight = this.element.clientHeight - this.head.offsetHeight;
  }

  private drawHead(): void {
    const order = this.view?.order;
    const cells = COLUMNS.map(({ key, label }) => {
      const sorted = order?.key === key;
      const sign = sorted ? h("span", { class: order.descending ? "sort-down" : "sort-up" }, icon("chevronDown", 12)) : null;
      const press = h("button", { type: "button", on: { click: () => this.view && this.events.order(nextOrder(this.view.order, key)) } }, t(label), sign);
      const direction = sorted ? (order.descending ? "descending" : "ascending") : "none";
      return h("div", { class: `cell cell-${key}`, role: "columnheader", attrs: { "aria-sort": direction } }, press);
    });
    const people = h("div", { class: "cell cell-people", role: "columnheader" }, t("column.people"));
    const actions = h("div", { class: "cell cell-actions", role: "columnheader" }, h("span", { class: "visually-hidden" }, t("column.actions")));
    replaceChildren(this.head, cells[0], people, cells[1], cells[2], actions);
    setAttributes(this.element, { "aria-rowcount": this.entries.length + 1 });
  }

  /** Draw everything again; the focus stays on the active row when it was in the list. */
  private redraw(): void {
    this.measure();
    const focused = this.rowsBox.contains(document.activeElement);
    for (const row of this.drawn.values()) row.remove();
    this.drawn.clear();
    this.rowsBox.style.height = `${this.entries.length * this.rowHeight}px`;
    this.drawRows();
    if (focused) this.drawn.get(this.active)?.focus({ preventScroll: true });
  }

  /** Draw what is seen, drop what is not; the row with the focus always stays, so that keys go on from it. */
  private drawRows(): void {
    const { view } = this;
    if (!view) return;
    const height = this.rowHeight;
    const span = visibleSpan(this.element.scrollTop, this.viewHeight, height, view.entries.length);
    for (const [index, row] of this.drawn) {
      if ((index >= span.first && index < span.end) || index === this.active) continue;
      row.remove();
      this.drawn.delete(index);
    }
    for (let index = span.first; index < span.end; index += 1) this.ensureRow(index, height);
    if (view.entries.length) this.ensureRow(this.active, height);
  }

  private ensureRow(index: number, height: number): void {
    const entry = this.entries[index];
    if (!entry || !this.view || this.drawn.has(index)) return;
    const row = drawRow(this.rowView(entry, index, this.view));
    row.style.transform = `translateY(${index * height}px)`;
    this.drawn.set(index, row);
    this.insertInOrder(index, row);
  }

  /** The rows' order in the page is their order on the screen: screen readers and Tab follow it. */
  private insertInOrder(index: number, row: HTMLElement): void {
    const next = [...this.rowsBox.children].find((other) => Number((other as HTMLElement).dataset.index) > index);
    this.rowsBox.insertBefore(row, next ?? null);
  }

  private rowView(entry: Entry, index: number, view: GridView): RowView {
    return {
      entry,
      index,
      people: view.people.get(entry.path) ?? entry.people,
      href: view.hrefOf(entry),
      showFolder: view.showFolder,
      selected: this.selection.has(entry.path),
      active: index === this.active,
      nowMs: Date.now(),
    };
  }

  private refreshRow(index: number): void {
    this.drawn.get(index)?.remove();
    this.drawn.delete(index);
    this.ensureRow(index, this.rowHeight);
  }

  private moveTo(index: number): void {
    if (!this.entries[index]) return;
    this.drawn.get(this.active)?.setAttribute("tabindex", "-1");
    this.active = index;
    this.element.scrollTop = scrollToRow(index, this.element.scrollTop, this.viewHeight, this.rowHeight);
    this.drawRows();
    const row = this.drawn.get(index);
    row?.setAttribute("tabindex", "0");
    row?.focus({ preventScroll: true });
  }

  private onKey(event: KeyboardEvent): void {
    if (!this.rowsBox.contains(event.target as Node) || event.altKey) return;
    const onRow = (event.target as HTMLElement).getAttribute("role") === "row";
    const entry = this.entries[this.active];
    const pageRows = Math.max(1, Math.floor(this.viewHeight / this.rowHeight) - 1);
    const target = rowAfterKey(event.key, this.active, this.entries.length, pageRows);
    const mod = event.ctrlKey || event.metaKey;
    if (target !== undefined && !mod) this.step(target, event.shiftKey);
    else if (event.key === "Enter" && onRow && entry) this.events.open(entry, mod);
    else if (event.key === " " && onRow && entry) this.toggle(this.active);
    else if (mod && event.key.toLowerCase() === "a") this.selectAll();
    else if (event.key === "Escape" && this.selection.size) this.clearSelectionByKey();
    else return;
    event.preventDefault();
  }

  /** Whoever gave the focus to a row (assistive technology does): commands are about that row. */
  private onFocus(event: FocusEvent): void {
    const hit = this.rowAt(event.target);
    if (!hit || hit.index === this.active) return;
    this.drawn.get(this.active)?.setAttribute("tabindex", "-1");
    this.active = hit.index;
    hit.row.setAttribute("tabindex", "0");
  }

  private step(target: number, extend: boolean): void {
    const from = this.active;
    this.moveTo(target);
    if (!extend) return;
    this.selection.extend(this.entries, from, target);
    this.redrawWithFocus();
  }

  private selectAll(): void {
    this.selection.all(this.entries);
    this.redrawWithFocus();
  }

  private clearSelectionByKey(): void {
    this.selection.clear();
    this.redrawWithFocus();
  }

  private toggle(index: number): void {
    const entry = this.entries[index];
    if (!entry) return;
    this.selection.toggle(entry.path);
    this.active = index;
    this.redrawWithFocus();
  }

  private redrawWithFocus(): void {
    this.redraw();
    this.drawn.get(this.active)?.focus({ preventScroll: true });
    this.events.selection(this.selection.size);
  }

  private rowAt(target: EventTarget | null): { row: HTMLElement; index: number; entry: Entry } | null {
    const row = target instanceof Element ? target.closest<HTMLElement>("[data-index]") : null;
    const index = Number(row?.dataset.index);
    const entry = this.entries[index];
    return row && entry ? { row, index, entry } : null;
  }

  private onClick(event: MouseEvent): void {
    const hit = this.rowAt(event.target);
    if (!hit) return;
    const target = event.target as Element;
    const more = target.closest<HTMLElement>(".row-more");
    event.preventDefault();
    if (more) return this.events.menu(hit.entry, more);
    if (target.closest(".row-check")) return this.toggle(hit.index);
    if (event.shiftKey) {
      const from = this.active;
      this.active = hit.index;
      this.selection.extend(this.entries, from, hit.index);
      return this.redrawWithFocus();
    }
    if ((event.ctrlKey || event.metaKey) && !target.closest("a")) return this.toggle(hit.index);
    const before = this.active;
    this.active = hit.index;
    if (before !== hit.index) this.refreshRow(before);
    this.events.open(hit.entry, event.ctrlKey || event.metaKey);
  }

  private onContextMenu(event: MouseEvent): void {
    const hit = this.rowAt(event.target);
    if (!hit) return;
    event.preventDefault();
    this.moveTo(hit.index);
    this.events.menu(hit.entry, hit.row, event.clientX || event.clientY ? { x: event.clientX, y: event.clientY } : undefined);
  }
}
