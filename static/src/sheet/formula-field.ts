/** Owns a field for a cell's content: references of a formula in colours, functions offered while one types. */
import { h, replaceChildren, uniqueId } from "../shell/dom";
import { t } from "../shell/i18n";
import { ranges, wordAt, callAt, tokens, type Token } from "./formula/tokens";
import { functionsLike, hintOf } from "./functions";

export const COLORS = 6;

export interface FieldEvents {
  input(): void;
  keydown(event: KeyboardEvent): void;
  focus(): void;
  blur(event: FocusEvent): void;
}

/** The references of a formula with the place in the text and the number of their colour; equal ones share it. */
export function colored(text: string): { token: Token; color: number }[] {
  if (!text.startsWith("=")) return [];
  const seen = new Map<string, number>();
  return ranges(text.slice(1)).map((token) => {
    const name = token.text.replaceAll("$", "").toUpperCase();
    const color = seen.get(name) ?? seen.size % COLORS;
    seen.set(name, color);
    return { token: { ...token, start: token.start + 1, end: token.end + 1 }, color };
  });
}

export class FormulaField {
  readonly input: HTMLTextAreaElement;
  readonly element: HTMLElement;
  private readonly colors = h("div", { class: "sheet-field-colors", attrs: { "aria-hidden": "true" } });
  private readonly list = h("div", { class: "sheet-completion", role: "listbox", id: uniqueId("functions"), hidden: true, attrs: { "aria-label": t("sheet.functions") } });
  private offered: readonly string[] = [];
  private chosen = 0;

  constructor(className: string, label: string, private readonly events: FieldEvents) {
    this.input = h("textarea", { class: "sheet-field-input", attrs: { "aria-label": label, autocomplete: "off", autocapitalize: "off", spellcheck: "false", rows: 1, "aria-autocomplete": "list" } });
    this.element = h("div", { class: `sheet-field ${className}` }, this.colors, this.input, this.list);
    this.input.addEventListener("input", () => {
      this.draw();
      this.offer();
      events.input();
    });
    this.input.addEventListener("keydown", (event) => this.onKey(event));
    this.input.addEventListener("focus", () => events.focus());
    this.input.addEventListener("blur", (event) => {
      this.close();
      events.blur(event);
    });
    this.input.addEventListener("scroll", () => (this.colors.scrollTop = this.input.scrollTop));
  }

  get value(): string {
    return this.input.value;
  }

  set value(text: string) {
    if (this.input.value !== text) this.input.value = text;
    this.draw();
    this.close();
  }

  get isOffering(): boolean {
    return this.offered.length > 0;
  }

  /** Put text in place of what is selected, or of these characters. */
  insert(text: string, start = this.input.selectionStart, end = this.input.selectionEnd): void {
    this.input.setRangeText(text, start, end, "end");
    this.draw();
    this.close();
    this.events.input();
  }

  close(): void {
    this.offered = [];
    this.list.hidden = true;
    this.input.removeAttribute("aria-activedescendant");
  }

  private draw(): void {
    const text = this.input.value;
    const marks = colored(text);
    this.element.classList.toggle("is-colored", marks.length > 0);
    if (marks.length === 0) return this.colors.replaceChildren();
    const pieces: (string | HTMLElement)[] = [];
    let at = 0;
    for (const { token, color } of marks) {
      pieces.push(text.slice(at, token.start), h("span", { class: `sheet-ref-${color}` }, token.text));
      at = token.end;
    }
    replaceChildren(this.colors, ...pieces, `${text.slice(at)}\u200b`);
  }

  private offer(): void {
    const { value, selectionStart } = this.input;
    const text = value.slice(1);
    const word = value.startsWith("=") && this.input.selectionEnd === selectionStart ? wordAt(text, selectionStart - 1) : null;
    this.offered = word ? functionsLike(word.text) : [];
    this.chosen = 0;
    const call = value.startsWith("=") && this.offered.length === 0 ? callAt(text, selectionStart - 1) : null;
    const hint = call && hintOf(call.name);
    this.list.hidden = this.offered.length === 0 && !hint;
    this.list.setAttribute("role", this.offered.length > 0 ? "listbox" : "note");
    if (hint) return replaceChildren(this.list, h("div", { class: "sheet-hint" }, hint));
    this.drawList();
  }

  private drawList(): void {
    const items = this.offered.map((name, index) => {
      const item = h("div", { class: "sheet-offer", role: "option", id: `${this.list.id}-${index}`, attrs: { "aria-selected": String(index === this.chosen) } }, hintOf(name) ?? name);
      item.addEventListener("mousedown", (event) => {
        event.preventDefault();
        this.take(index);
      });
      return item;
    });
    replaceChildren(this.list, ...items);
    if (this.offered.length > 0) this.input.setAttribute("aria-activedescendant", `${this.list.id}-${this.chosen}`);
    else this.input.removeAttribute("aria-activedescendant");
  }

  private take(index: number): void {
    const name = this.offered[index];
    const word = wordAt(this.input.value.slice(1), this.input.selectionStart - 1);
    if (!name || !word) return;
    const open = this.input.value[word.end + 1] === "(" ? "" : "(";
    this.insert(`${name}${open}`, word.start + 1, word.end + 1);
    this.offer();
  }

  private onKey(event: KeyboardEvent): void {
    if (this.isOffering && !event.isComposing) {
      const step = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
      if (step !== 0) {
        this.chosen = (this.chosen + step + this.offered.length) % this.offered.length;
        this.drawList();
      } else if (event.key === "Tab" && !event.shiftKey) this.take(this.chosen);
      else if (event.key === "Escape") this.close();
      if (step !== 0 || event.key === "Tab" || event.key === "Escape") return void (event.preventDefault(), event.stopPropagation());
    }
    if (event.key === "F4" && this.cycle()) return void event.preventDefault();
    this.events.keydown(event);
  }

  /** F4: A1, $A$1, A$1, $A1. */
  private cycle(): boolean {
    const { value, selectionStart } = this.input;
    const token = tokens(value.slice(1)).find(({ kind, start, end }) => kind === "reference" && start + 1 <= selectionStart && end + 1 >= selectionStart);
    if (!value.startsWith("=") || !token) return false;
    const next = token.text.split(":").map(cycled).join(":");
    this.insert(next, token.start + 1, token.end + 1);
    return true;
  }
}

function cycled(corner: string): string {
  const found = /^(\$?)([A-Za-z]*)(\$?)(\d*)$/.exec(corner);
  if (!found) return corner;
  const [, col, letters, row, digits] = found;
  if (!letters || !digits) return corner.startsWith("$") ? corner.slice(1) : `$${corner}`;
  const state = (col ? 2 : 0) + (row ? 1 : 0);
  const [nextCol, nextRow] = [["$", "$"], ["$", ""], ["", ""], ["", "$"]][state]!;
  return `${nextCol}${letters}${nextRow}${digits}`;
}
