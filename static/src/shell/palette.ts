/** Owns the palette: one field, a list below it that is filtered while one types, and Enter (WAI-ARIA combobox). */
import { commands, isEnabled, keyCaps } from "./commands";
import { h, replaceChildren, uniqueId } from "./dom";
import { t } from "./i18n";
import { icon, type IconName } from "./icons";

export interface Choice {
  readonly label: string;
  readonly detail?: string;
  readonly icon?: IconName;
  readonly key?: string;
  readonly run: () => void;
}

export interface PaletteOptions {
  label: string;
  empty: string;
  /** What fits the text; asked again with each change, an older answer is dropped. */
  find: (text: string, signal: AbortSignal) => Promise<readonly Choice[]> | readonly Choice[];
}

const SHOWN = 50;

/** The palette with every command that may be run now (Ctrl/Cmd K). */
export function openCommandPalette(): void {
  openPalette({ label: t("palette.commands"), empty: t("palette.no_command"), find: (text) => commandChoices(text) });
}

function commandChoices(text: string): Choice[] {
  const runnable = commands().filter((command) => isEnabled(command) && command.run !== openCommandPalette);
  const found = rank(runnable, text, (command) => `${command.group} ${command.label}`);
  return found.map((command) => ({
    label: command.label,
    detail: command.group,
    ...(command.keys?.[0] ? { key: command.keys[0] } : {}),
    run: command.run,
  }));
}

/** Items whose text has all letters of `text` in their order; whole words and beginnings first. */
export function rank<Item>(items: readonly Item[], text: string, textOf: (item: Item) => string): Item[] {
  const wanted = text.trim().toLocaleLowerCase();
  if (!wanted) return [...items];
  const scored = items.map((item) => ({ item, score: scoreOf(textOf(item).toLocaleLowerCase(), wanted) }));
  return scored.filter(({ score }) => score > 0).sort((left, right) => right.score - left.score).map(({ item }) => item);
}

function scoreOf(text: string, wanted: string): number {
  const at = text.indexOf(wanted);
  if (at === 0 || (at > 0 && text[at - 1] === " ")) return 3;
  if (at > 0) return 2;
  let from = 0;
  for (const letter of wanted.replace(/\s+/g, "")) {
    from = text.indexOf(letter, from) + 1;
    if (from === 0) return 0;
  }
  return 1;
}

let closePalette: (() => void) | undefined;

export function openPalette(options: PaletteOptions): void {
  closePalette?.();
  const list = h("div", { class: "palette-list", role: "listbox", id: uniqueId("list"), attrs: { "aria-label": options.label } });
  const input = h("input", {
    class: "palette-input",
    type: "text",
    role: "combobox",
    attrs: { "aria-label": options.label, "aria-controls": list.id, "aria-expanded": "true", "aria-autocomplete": "list", placeholder: options.label, autocomplete: "off", spellcheck: "false" },
  });
  const dialog = h("dialog", { class: "dialog dialog-top palette", attrs: { "aria-label": options.label } }, input, list);
  const palette = new Palette(options, input, list, () => dialog.close());
  dialog.addEventListener("close", () => (dialog.remove(), palette.stop(), (closePalette = undefined)));
  dialog.addEventListener("mousedown", (event) => event.target === dialog && dialog.close());
  closePalette = () => dialog.close();
  document.body.append(dialog);
  dialog.showModal();
  input.focus();
  void palette.refresh();
}

class Palette {
  private choices: readonly Choice[] = [];
  private active = 0;
  private question = new AbortController();

  constructor(
    private readonly options: PaletteOptions,
    private readonly input: HTMLInputElement,
    private readonly list: HTMLElement,
    private readonly close: () => void,
  ) {
    input.addEventListener("input", () => void this.refresh());
    input.addEventListener("keydown", (event) => this.onKey(event));
  }

  stop(): void {
    this.question.abort();
  }

  async refresh(): Promise<void> {
    this.question.abort();
    const { signal } = (this.question = new AbortController());
    const found = await Promise.resolve(this.options.find(this.input.value, signal)).catch(() => [] as Choice[]);
    if (signal.aborted) return;
    this.choices = found.slice(0, SHOWN);
    this.active = 0;
    this.draw();
  }

  private draw(): void {
    const rows = this.choices.map((choice, index) => this.rowOf(choice, index));
    if (rows.length) replaceChildren(this.list, ...rows);
    else replaceChildren(this.list, h("p", { class: "palette-empty", role: "option", attrs: { "aria-disabled": "true" } }, this.options.empty));
    this.mark();
  }

  private rowOf(choice: Choice, index: number): HTMLElement {
    const row = h("div", { class: "palette-row", role: "option", id: `${this.list.id}-${index}`, on: { click: () => this.choose(index) } });
    if (choice.icon) row.append(icon(choice.icon));
    row.append(h("span", { class: "palette-label" }, choice.label));
    if (choice.detail) row.append(h("span", { class: "palette-detail" }, choice.detail));
    if (choice.key) row.append(keyCaps(choice.key));
    return row;
  }

  private mark(): void {
    [...this.list.children].forEach((row, index) => row.setAttribute("aria-selected", String(index === this.active && this.choices.length > 0)));
    const row = this.choices.length ? this.list.children[this.active] : undefined;
    if (row) this.input.setAttribute("aria-activedescendant", row.id);
    else this.input.removeAttribute("aria-activedescendant");
    row?.scrollIntoView({ block: "nearest" });
  }

  private onKey(event: KeyboardEvent): void {
    if (event.isComposing) return;
    const count = this.choices.length;
    if (event.key === "Enter") this.choose(this.active);
    else if (event.key === "ArrowDown" && count) this.active = (this.active + 1) % count;
    else if (event.key === "ArrowUp" && count) this.active = (this.active - 1 + count) % count;
    else return;
    event.preventDefault();
    this.mark();
  }

  private choose(index: number): void {
    const choice = this.choices[index];
    if (!choice) return;
    this.close();
    choice.run();
  }
}
