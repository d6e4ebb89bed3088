/** Owns which cell is active, which are selected with it, and whether one writes (edit mode) or commands (command mode). */
import type { CellView } from "./cell-view";

export type Mode = "command" | "edit";

export class CellSelection {
  active: CellView | null = null;
  mode: Mode = "command";
  private anchor: CellView | null = null;
  /** Where the active cell was, for when it is gone. */
  private index = 0;
  private drawn: readonly CellView[] = [];
  private drawnActive: CellView | null = null;

  /** `changed` hears when the active cell, the selection or the mode is another. */
  constructor(private readonly views: () => readonly CellView[], private readonly changed: () => void) {}

  /** The selected cells in the document's order; always with the active one. */
  get selected(): readonly CellView[] {
    const views = this.views();
    const { active, anchor } = this;
    if (!active) return [];
    const from = views.indexOf(anchor ?? active);
    const to = views.indexOf(active);
    return from < 0 ? [active] : views.slice(Math.min(from, to), Math.max(from, to) + 1);
  }

  get activeIndex(): number {
    return this.active ? this.views().indexOf(this.active) : -1;
  }

  /** Make a cell the active one; `extend` keeps the selection from where it began. */
  choose(view: CellView | null, extend = false): void {
    if (!view) return;
    this.anchor = extend ? (this.anchor ?? this.active) : null;
    this.active = view;
    this.index = this.activeIndex;
    this.draw();
  }

  setMode(mode: Mode): void {
    if (mode === this.mode) return;
    this.mode = mode;
    if (mode === "edit") this.anchor = null;
    this.draw();
  }

  all(): void {
    const views = this.views();
    this.anchor = views[0] ?? null;
    this.active = views.at(-1) ?? null;
    this.draw();
  }

  /** Cells came or went: an active one that is gone gives its place to the one that stands there now. */
  reordered(): void {
    const views = this.views();
    if (this.anchor && !views.includes(this.anchor)) this.anchor = null;
    if (this.active && views.includes(this.active)) {
      this.index = this.activeIndex;
    } else {
      const had = this.active !== null;
      this.active = views[Math.min(this.index, views.length - 1)] ?? null;
      if (had) this.mode = "command";
    }
    this.draw();
  }

  private draw(): void {
    const selected = this.selected;
    for (const view of this.drawn) if (!selected.includes(view)) view.element.classList.remove("is-selected");
    for (const view of selected) view.element.classList.add("is-selected");
    if (this.drawnActive !== this.active) {
      this.drawnActive?.element.classList.remove("is-active", "is-editing");
      if (this.drawnActive) this.drawnActive.element.tabIndex = -1;
    }
    if (this.active) {
      this.active.element.classList.add("is-active");
      this.active.element.classList.toggle("is-editing", this.mode === "edit");
      this.active.element.tabIndex = 0;
    }
    this.drawn = selected;
    this.drawnActive = this.active;
    this.changed();
  }
}
