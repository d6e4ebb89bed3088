/** Owns the toolbar of a spreadsheet and the bar below it: number formats, colours, buttons; name box and formula bar. */
import { h, setAttributes } from "../shell/dom";
import { t, type MessageKey } from "../shell/i18n";
import { icon, type IconName } from "../shell/icons";
import { attachMenu, showMenu, type MenuEntry } from "../shell/menu";
import { keyText } from "../shell/commands";
import type { Actions } from "./actions";
import type { SheetCommand } from "./commands";
import type { SheetLocale } from "./locale";
import { formatValue } from "./number-format";
import { ColorPalette } from "./palette";

const SIGNS: ReadonlyMap<string, string> = new Map([["bold", "B"], ["italic", "I"], ["underline", "U"], ["strike", "S"]]);
const ICONS: ReadonlyMap<string, IconName> = new Map([["wrap", "wrap"], ["percent", "percent"], ["more_decimals", "moreDecimals"], ["fewer_decimals", "fewerDecimals"]]);
const GROUPS: readonly (readonly string[])[] = [["undo", "redo"], ["format"], ["percent", "fewer_decimals", "more_decimals"], ["bold", "italic", "underline", "strike", "color", "fill"], ["left", "center", "right", "wrap", "merge"], ["sort_up", "sort_down", "filter", "freeze", "sum"], ["more"]];
const FORMATS: readonly (readonly [MessageKey, string | null, number])[] = [
  ["sheet.format_general", null, 1234.5],
  ["sheet.format_number", "#,##0.00", 1234.5],
  ["sheet.format_percent", "0.00%", 0.123],
  ["sheet.format_currency", '#,##0.00 "€"', 1234.5],
  ["sheet.format_date", "", 45_000],
  ["sheet.format_iso", "yyyy-mm-dd", 45_000],
  ["sheet.format_time", "hh:mm:ss", 0.6042],
  ["sheet.format_duration", "[h]:mm:ss", 1.52],
  ["sheet.format_scientific", "0.00E+00", 12_345],
  ["sheet.format_text", "@", 1234.5],
];

export interface ToolbarParts {
  readonly commands: readonly SheetCommand[];
  readonly actions: Actions;
  readonly locale: SheetLocale;
  readonly focusGrid: () => void;
  readonly more: () => readonly MenuEntry[];
}

export class Toolbar {
  readonly element = h("div", { class: "sheet-toolbar", role: "toolbar", attrs: { "aria-label": t("sheet.toolbar") } });
  private readonly buttons = new Map<string, HTMLButtonElement>();
  private pending = 0;

  constructor(private readonly parts: ToolbarParts) {
    for (const group of GROUPS) this.element.append(h("div", { class: "sheet-tools", role: "presentation" }, ...group.map((id) => this.make(id))));
    this.element.addEventListener("keydown", (event) => this.move(event));
    // The selection keeps the keyboard.
    this.element.addEventListener("mousedown", (event) => event.preventDefault());
  }

  setEnabled(writes: boolean): void {
    this.element.hidden = !writes;
  }

  /** The selection is another: shown at the next frame. */
  refresh(): void {
    this.pending ||= requestAnimationFrame(() => {
      this.pending = 0;
      for (const { id, pressed } of this.parts.commands) if (pressed) this.buttons.get(id)?.setAttribute("aria-pressed", String(pressed()));
      const { look } = this.parts.actions;
      const name = this.formatName(look.format);
      this.buttons.get("format")!.firstElementChild!.textContent = name;
      this.buttons.get("format")!.setAttribute("aria-label", `${t("sheet.number_format")}: ${name}`);
      for (const [id, value] of [["color", look.color], ["fill", look.fill]] as const) this.buttons.get(id)!.style.setProperty("--shown", value ?? "transparent");
    });
  }

  focus(): void {
    const first = [...this.buttons.values()].find((button) => button.tabIndex === 0) ?? [...this.buttons.values()][0];
    first?.focus();
  }

  private make(id: string): HTMLButtonElement {
    const made = id === "format" ? this.formatButton() : id === "color" || id === "fill" ? this.colorButton(id) : id === "more" ? this.moreButton() : this.commandButton(id);
    made.tabIndex = this.buttons.size === 0 ? 0 : -1;
    this.buttons.set(id, made);
    return made;
  }

  private commandButton(id: string): HTMLButtonElement {
    const command = this.parts.commands.find((one) => one.id === id)!;
    const label = t(command.label);
    const key = command.keys?.[0];
    const sign = command.icon ?? ICONS.get(id);
    const made = h("button", { class: `tool tool-${id}`, type: "button", title: key ? `${label} (${keyText(key)})` : label, attrs: { "aria-label": label } }, sign ? icon(sign) : h("span", { attrs: { "aria-hidden": "true" } }, SIGNS.get(id)));
    made.addEventListener("click", () => {
      command.run();
      if (id !== "sum") this.parts.focusGrid();
    });
    return made;
  }

  private formatButton(): HTMLButtonElement {
    const made = h("button", { class: "tool tool-format", type: "button", title: t("sheet.number_format"), attrs: { "aria-label": t("sheet.number_format") } }, h("span", {}), icon("chevronDown", 12));
    attachMenu(made, () =>
      FORMATS.map(([label, code, sample]) => {
        const format = code === "" ? this.parts.locale.date : code;
        return { label: t(label), key: formatValue(sample, format ?? undefined, this.parts.locale).text, checked: (this.parts.actions.look.format ?? null) === format, run: () => (this.parts.actions.dress({ format }), this.parts.focusGrid()) };
      }),
    );
    return made;
  }

  private formatName(format: string | undefined): string {
    if (!format || /^general$/i.test(format)) return t("sheet.format_general");
    const known = FORMATS.find(([, code]) => (code === "" ? this.parts.locale.date : code) === format);
    return known ? t(known[0]) : format;
  }

  private colorButton(id: "color" | "fill"): HTMLButtonElement {
    const label = t(id === "color" ? "sheet.text_color" : "sheet.fill_color");
    const made = h("button", { class: `tool tool-color tool-${id}`, type: "button", title: label, attrs: { "aria-label": label, "aria-haspopup": "true", "aria-expanded": "false" } }, icon(id === "color" ? "textColor" : "paint"));
    const palette = new ColorPalette(made, label, (color) => {
      this.parts.actions.dress({ [id]: color });
      this.parts.focusGrid();
    });
    made.addEventListener("click", () => palette.toggle());
    return made;
  }

  private moreButton(): HTMLButtonElement {
    const made = h("button", { class: "tool tool-more", type: "button", title: t("sheet.more"), attrs: { "aria-label": t("sheet.more"), "aria-haspopup": "menu", "aria-expanded": "false" } }, icon("more"));
    made.addEventListener("click", () => showMenu(this.parts.more(), made));
    return made;
  }

  /** Arrow keys move within the toolbar (WAI-ARIA toolbar). */
  private move(event: KeyboardEvent): void {
    if (event.key === "Escape" || event.key === "F6") {
      event.preventDefault();
      return this.parts.focusGrid();
    }
    if (event.key !== "ArrowRight" && event.key !== "ArrowLeft") return;
    const all = [...this.buttons.values()];
    const at = all.indexOf(event.target as HTMLButtonElement);
    const next = all[(at + (event.key === "ArrowRight" ? 1 : -1) + all.length) % all.length];
    if (at < 0 || !next) return;
    event.preventDefault();
    for (const button of all) setAttributes(button, { tabindex: button === next ? 0 : -1 });
    next.focus();
  }
}
