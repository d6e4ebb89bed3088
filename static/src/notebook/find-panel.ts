/** Owns find and replace over all cells. */
import { button, iconButton } from "../shell/dialog";
import { h, replaceChildren } from "../shell/dom";
import { t } from "../shell/i18n";
import { announce } from "../shell/live-region";
import type { CellList } from "./cell-list";
import type { CellView } from "./cell-view";
import { showMatches } from "./match-marks";
import { matchesOf, replacementOf, type Match, type Query } from "./matches";
import { sourceOf } from "./schema";

const SEARCH_AFTER_MS = 120;

export interface FindParts {
  readonly list: CellList;
  readonly show: (view: CellView) => void;
  readonly replace: (changes: ReadonlyMap<CellView, readonly { from: number; to: number; insert: string }[]>) => void;
  readonly closed: () => void;
}

export class FindPanel {
  readonly element = h("div", { class: "nb-find", role: "search", hidden: true, attrs: { "aria-label": t("command.find") } });
  private readonly words = field(t("search.find"));
  private readonly replacement = field(t("search.replace_with"));
  private readonly matchCase = box();
  private readonly regexp = box();
  private readonly count = h("span", { class: "nb-find-count", role: "status" });
  private matches: readonly Match[] = [];
  private current = -1;
  private marked = new Set<CellView>();
  private timer: number | undefined;

  constructor(private readonly parts: FindParts) {
    const next = button(t("search.next"), () => this.go(1));
    const previous = button(t("search.previous"), () => this.go(-1));
    const one = button(t("search.replace"), () => this.replaceOne());
    const all = button(t("search.replace_all"), () => this.replaceAll());
    const close = iconButton("close", t("action.close"), () => this.close());
    const first = h("div", { class: "nb-find-row" }, this.words, next, previous, labelled(t("search.case"), this.matchCase), labelled(t("search.regexp"), this.regexp), this.count, close);
    this.element.append(first, h("div", { class: "nb-find-row" }, this.replacement, one, all));
    this.words.addEventListener("input", () => this.search(true));
    for (const item of [this.matchCase, this.regexp]) item.addEventListener("change", () => this.search(true));
    this.element.addEventListener("keydown", (event) => this.onKey(event));
  }

  open(selected: string): void {
    this.element.hidden = false;
    if (selected && !selected.includes("\n")) this.words.value = selected;
    this.words.select();
    this.words.focus();
    this.search(true);
  }

  close(): void {
    if (this.element.hidden) return;
    this.element.hidden = true;
    this.matches = [];
    this.mark();
    this.parts.closed();
  }

  /** The notebook changed. */
  changed(): void {
    if (this.element.hidden) return;
    window.clearTimeout(this.timer);
    this.timer = window.setTimeout(() => this.search(false), SEARCH_AFTER_MS);
  }

  destroy(): void {
    window.clearTimeout(this.timer);
  }

  private get query(): Query {
    return { text: this.words.value, matchCase: this.matchCase.checked, regexp: this.regexp.checked };
  }

  private search(fresh: boolean): void {
    this.matches = matchesOf(this.parts.list.views.map((view) => sourceOf(view.cell)), this.query);
    this.current = this.matches.length === 0 ? -1 : fresh ? 0 : Math.min(Math.max(0, this.current), this.matches.length - 1);
    this.mark();
    if (fresh) this.showCurrent();
  }

  private go(step: -1 | 1): void {
    if (this.matches.length === 0) return;
    this.current = (this.current + step + this.matches.length) % this.matches.length;
    this.mark();
    this.showCurrent();
    announce(this.count.textContent ?? "");
  }

  private showCurrent(): void {
    const match = this.matches[this.current];
    const view = match && this.parts.list.views[match.cell];
    if (!match || !view) return;
    this.parts.show(view);
    this.mark();
    const cm = view.editor?.view;
    const box = cm?.coordsAtPos(Math.min(match.from, cm.state.doc.length));
    const scroller = view.element.closest(".nb-scroller");
    if (box && scroller && (box.top < scroller.getBoundingClientRect().top || box.bottom > scroller.getBoundingClientRect().bottom)) {
      scroller.scrollTop += box.top - scroller.getBoundingClientRect().top - scroller.clientHeight / 2;
    }
  }

  /** Show the matches in the cells that are drawn. */
  private mark(): void {
    const byView = new Map<CellView, { from: number; to: number; current: boolean }[]>();
    this.matches.forEach((match, index) => {
      const view = this.parts.list.views[match.cell];
      if (view?.editor) byView.set(view, [...(byView.get(view) ?? []), { from: match.from, to: match.to, current: index === this.current }]);
    });
    for (const view of this.marked) if (!byView.has(view)) view.editor?.view.dispatch({ effects: showMatches.of([]) });
    for (const [view, ranges] of byView) view.editor?.view.dispatch({ effects: showMatches.of(ranges) });
    this.marked = new Set(byView.keys());
    const text = this.words.value === "" ? "" : this.matches.length === 0 ? t("notebook.find_none") : t("notebook.find_count", { number: this.current + 1, count: this.matches.length });
    replaceChildren(this.count, text);
  }

  private replaceOne(): void {
    const match = this.matches[this.current];
    if (match) this.replaceThese([match]);
  }

  private replaceAll(): void {
    this.replaceThese(this.matches);
  }

  private replaceThese(matches: readonly Match[]): void {
    const changes = new Map<CellView, { from: number; to: number; insert: string }[]>();
    for (const { cell, from, to } of matches) {
      const view = this.parts.list.views[cell];
      if (!view) continue;
      const insert = replacementOf(sourceOf(view.cell).slice(from, to), this.query, this.replacement.value);
      changes.set(view, [...(changes.get(view) ?? []), { from, to, insert }]);
    }
    this.parts.replace(changes);
    this.search(false);
    this.showCurrent();
  }

  private onKey(event: KeyboardEvent): void {
    if (event.key === "Escape") this.close();
    else if (event.key === "Enter" && event.target === this.words) this.go(event.shiftKey ? -1 : 1);
    else if (event.key === "Enter" && event.target === this.replacement) this.replaceOne();
    else return;
    event.preventDefault();
    event.stopPropagation();
  }
}

function field(label: string): HTMLInputElement {
  return h("input", { class: "field", type: "text", attrs: { "aria-label": label, placeholder: label, spellcheck: "false" } });
}

function box(): HTMLInputElement {
  return h("input", { type: "checkbox" });
}

function labelled(text: string, input: HTMLElement): HTMLElement {
  return h("label", {}, input, text);
}
