/** Owns the places of the page: outline, text, preview; which are open, how wide, and what this browser remembers. */
import { iconButton } from "../shell/dialog";
import { h } from "../shell/dom";
import { t } from "../shell/i18n";
import { readSetting, writeSetting } from "../shell/theme";

export type Side = "outline" | "preview";

const KEYS: Readonly<Record<Side, string>> = { outline: "collab.pane.outline", preview: "collab.pane.preview" };
const NARROW = "(max-width: 760px)";

export class Panes {
  readonly text = h("div", { class: "pane pane-text" });
  readonly outline = h("div", { class: "pane pane-outline", hidden: true });
  readonly preview = h("div", { class: "pane pane-preview", hidden: true });
  readonly element = h("div", { class: "panes" }, this.outline, this.text, this.preview);
  private readonly buttons = new Map<Side, HTMLButtonElement>();

  /** `changed` hears when a pane opens or closes. */
  constructor(private readonly changed: (side: Side, open: boolean) => void) {
    for (const side of ["outline", "preview"] as const) this.buttons.set(side, this.buttonOf(side));
    this.element.addEventListener("keydown", (event) => {
      if (event.key !== "Escape" || event.defaultPrevented || !matchMedia(NARROW).matches) return;
      for (const side of ["outline", "preview"] as const) if (this.isOpen(side)) this.toggle(side, false);
    });
  }

  button(side: Side): HTMLButtonElement {
    return this.buttons.get(side)!;
  }

  isOpen(side: Side): boolean {
    return !this[side].hidden;
  }

  /** Open what was open the last time; `usual` is how it is at first. On a phone the text stands alone. */
  restore(side: Side, usual: boolean): void {
    const kept = readSetting(KEYS[side]);
    const open = !matchMedia(NARROW).matches && (kept === null ? usual : kept === "1");
    this.set(side, open);
  }

  toggle(side: Side, open = !this.isOpen(side)): void {
    const narrow = matchMedia(NARROW).matches;
    if (open && narrow) this.set(side === "outline" ? "preview" : "outline", false);
    this.set(side, open);
    if (!narrow) writeSetting(KEYS[side], open ? "1" : "0");
  }

  private set(side: Side, open: boolean): void {
    this[side].hidden = !open;
    this.button(side).setAttribute("aria-pressed", String(open));
    this.element.classList.toggle(`has-${side}`, open);
    this.changed(side, open);
  }

  private buttonOf(side: Side): HTMLButtonElement {
    const outline = side === "outline";
    const button = iconButton(outline ? "list" : "eye", t(outline ? "outline.toggle" : "preview.toggle"), () => this.toggle(side));
    button.classList.add(`toggle-${side}`);
    return button;
  }
}
