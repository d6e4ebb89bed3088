/** Owns the choice of a colour: a small grid below a button. */
import { h } from "../shell/dom";
import { t } from "../shell/i18n";

const COLORS: readonly string[] = [
  "#000000", "#434343", "#666666", "#999999", "#b7b7b7", "#d9d9d9", "#efefef", "#ffffff",
  "#980000", "#cc0000", "#e06000", "#bf9000", "#38761d", "#134f5c", "#1155cc", "#351c75",
  "#e06666", "#f4cccc", "#fce5cd", "#fff2cc", "#d9ead3", "#d0e0e3", "#cfe2f3", "#ead1dc",
];
const ACROSS = 8;

export class ColorPalette {
  private element: HTMLElement | null = null;

  constructor(private readonly anchor: HTMLButtonElement, private readonly label: string, private readonly choose: (color: string | null) => void) {}

  toggle(): void {
    if (this.element) this.close();
    else this.open();
  }

  private open(): void {
    const none = h("button", { class: "sheet-no-color", type: "button", on: { click: () => this.take(null) } }, t("sheet.no_color"));
    const swatches = COLORS.map((color) => {
      const swatch = h("button", { class: "sheet-swatch", type: "button", title: color, attrs: { "aria-label": color }, on: { click: () => this.take(color) } });
      swatch.style.backgroundColor = color;
      return swatch;
    });
    const element = h("div", { class: "sheet-palette", role: "group", attrs: { "aria-label": this.label } }, none, h("div", { class: "sheet-swatches" }, ...swatches));
    const box = this.anchor.getBoundingClientRect();
    element.addEventListener("mousedown", (event) => event.preventDefault());
    element.addEventListener("keydown", (event) => this.onKey(event, [none, ...swatches]));
    (this.anchor.closest("main") ?? document.body).append(element);
    element.style.left = `${Math.max(4, Math.min(box.left, window.innerWidth - element.offsetWidth - 8))}px`;
    element.style.top = `${box.bottom + 4}px`;
    this.anchor.setAttribute("aria-expanded", "true");
    this.element = element;
    document.addEventListener("pointerdown", this.outside, true);
    none.focus();
  }

  private readonly outside = (event: Event): void => {
    if (!this.element?.contains(event.target as Node) && !this.anchor.contains(event.target as Node)) this.close();
  };

  private onKey(event: KeyboardEvent, buttons: readonly HTMLElement[]): void {
    if (event.key === "Escape") {
      event.preventDefault();
      event.stopPropagation();
      this.close();
      return this.anchor.focus();
    }
    const steps = new Map([["ArrowRight", 1], ["ArrowLeft", -1], ["ArrowDown", ACROSS], ["ArrowUp", -ACROSS]]);
    const step = steps.get(event.key);
    if (step === undefined) return;
    event.preventDefault();
    const at = buttons.indexOf(document.activeElement as HTMLElement);
    buttons[Math.min(Math.max(at === 0 && step > 0 ? 1 : at + step, 0), buttons.length - 1)]?.focus();
  }

  private take(color: string | null): void {
    this.close();
    this.choose(color);
  }

  private close(): void {
    document.removeEventListener("pointerdown", this.outside, true);
    this.element?.remove();
    this.element = null;
    this.anchor.setAttribute("aria-expanded", "false");
  }
}
