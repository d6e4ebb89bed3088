/** Owns find and replace in the sheet that is shown. */
import { button, iconButton } from "../shell/dialog";
import { h } from "../shell/dom";
import { t } from "../shell/i18n";
import type { Contents } from "./contents";
import { attempt, type Core } from "./core";
import type { LookChange } from "./types";
import type { Write } from "./edits";
import { addressOf, type At } from "./types";

const MOST = 20_000;
const SEARCH_AFTER_MS = 120;

export class FindBar {
  readonly element: HTMLElement;
  private readonly query = h("input", { type: "search", class: "input", attrs: { "aria-label": t("sheet.find"), placeholder: t("sheet.find") } });
  private readonly replacement = h("input", { type: "text", class: "input", attrs: { "aria-label": t("sheet.replace_with"), placeholder: t("sheet.replace_with") } });
  private readonly exact = h("input", { type: "checkbox" });
  private readonly whole = h("input", { type: "checkbox" });
  private readonly count = h("span", { class: "find-count", attrs: { "aria-live": "polite" } });
  private readonly replacing: HTMLElement;
  private matches: At[] = [];
  private timer: number | undefined;

  constructor(private readonly core: Core, private readonly contents: Contents, private readonly focusGrid: () => void) {
    this.query.addEventListener("input", () => this.searchSoon());
    this.query.addEventListener("keydown", (event) => event.key === "Enter" && (event.preventDefault(), this.step(event.shiftKey ? -1 : 1)));
    for (const box of [this.exact, this.whole]) box.addEventListener("change", () => this.search());
    this.replacing = h("span", { class: "sheet-find-replace" }, this.replacement, button(t("sheet.replace"), () => this.replaceOne()), button(t("sheet.replace_all"), () => this.replaceAll()));
    const steps = [iconButton("arrowUp", t("sheet.find_previous"), () => this.step(-1)), iconButton("arrowDown", t("sheet.find_next"), () => this.step(1))];
    this.element = h("div", { class: "sheet-find find-bar", role: "search", hidden: true }, this.query, ...steps, this.count, h("label", {}, this.exact, t("sheet.find_case")), h("label", {}, this.whole, t("sheet.find_whole")), this.replacing, iconButton("close", t("action.close"), () => this.close()));
    this.element.addEventListener("keydown", (event) => event.key === "Escape" && (event.stopPropagation(), this.close()));
  }

  get isOpen(): boolean {
    return !this.element.hidden;
  }

  open(): void {
    this.element.hidden = false;
    this.replacing.hidden = !this.core.mayWrite;
    this.query.focus();
    this.query.select();
    this.search();
  }

  close(): void {
    this.element.hidden = true;
    this.core.view.matches = new Set();
    this.core.view.redraw();
    this.focusGrid();
  }

  /** The document or the sheet is another. */
  refresh(): void {
    if (this.isOpen) this.searchSoon();
  }

  private searchSoon(): void {
    window.clearTimeout(this.timer);
    this.timer = window.setTimeout(() => this.isOpen && this.search(), SEARCH_AFTER_MS);
  }

  private fits(text: string): boolean {
    const wanted = this.query.value;
    const [one, other] = this.exact.checked ? [text, wanted] : [text.toLocaleLowerCase(), wanted.toLocaleLowerCase()];
    return this.whole.checked ? one === other : one.includes(other);
  }

  private search(): void {
    const { view, display } = this.core;
    this.matches = [];
    if (this.query.value) {
      for (const { row, col, cell } of view.sheet.filled()) {
        if (this.fits(display.text(view.sheet, row, col)) || (cell.formula && this.fits(display.source(view.sheet, row, col)))) this.matches.push({ row, col });
        if (this.matches.length >= MOST) break;
      }
    }
    view.matches = new Set(this.matches.map(addressOf));
    this.count.textContent = this.query.value ? t("sheet.found", { count: this.matches.length }) : "";
    view.redraw();
  }

  private step(way: 1 | -1): void {
    const { view } = this.core;
    const { row, col } = view.selection.anchor;
    const behind = (at: At): boolean => at.row > row || (at.row === row && at.col > col);
    const before = (at: At): boolean => at.row < row || (at.row === row && at.col < col);
    const next = way > 0 ? this.matches.find(behind) ?? this.matches[0] : this.matches.findLast(before) ?? this.matches.at(-1);
    if (next) view.select(next);
  }

  private replaced(at: At): string {
    const text = this.core.display.source(this.core.view.sheet, at.row, at.col);
    if (this.whole.checked) return this.replacement.value;
    const wanted = this.query.value.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
    return text.replace(new RegExp(wanted, this.exact.checked ? "gu" : "giu"), () => this.replacement.value);
  }

  private replaceOne(): void {
    const { view } = this.core;
    const { anchor } = view.selection;
    if (this.matches.some(({ row, col }) => row === anchor.row && col === anchor.col)) this.contents.enter(view.sheet, anchor, this.replaced(anchor));
    this.step(1);
    this.search();
  }

  private replaceAll(): void {
    const { view, edits, display } = this.core;
    attempt(this.core, () => {
      const writes: Write[] = [];
      const looks: { at: At; look: LookChange }[] = [];
      for (const at of this.matches) {
        const text = this.replaced(at);
        // A cell that shows the words, but whose content does not have them, stays.
        if (text === display.source(view.sheet, at.row, at.col) || display.isUnread(view.sheet, at.row, at.col)) continue;
        const { content, look } = this.contents.meaning(view.sheet, at, text, true);
        writes.push({ ...at, content });
        if (look) looks.push({ at, look });
      }
      edits.several(() => {
        edits.write(view.sheet, writes);
        for (const { at, look } of looks) edits.dressCell(view.sheet, at, look);
      });
      this.count.textContent = t("sheet.replaced", { count: writes.length });
    });
  }
}
