/** Owns the places of the page: outline, document, the editor's side pane; which are open, and what this browser remembers. */
import { iconButton } from "../shell/dialog";
import { h } from "../shell/dom";
import { t } from "../shell/i18n";
import { readSetting, writeSetting } from "../shell/theme";
import type { Editor } from "./contract";

export type Side = "outline" | "side";

const SIDES: readonly Side[] = ["outline", "side"];
const NARROW = "(max-width: 760px)";

/** A phone: one column, panes lie over the document. */
export function isNarrow(): boolean {
  return matchMedia(NARROW).matches;
}

export class Panes {
  readonly element = h("div", { class: "panes" });
  private readonly panes = new Map<Side, HTMLElement>();
  private readonly buttons = new Map<Side, HTMLButtonElement>();

  /** `outline` is what the outline's pane shows; `changed` hears when a pane opens or closes. */
  constructor(private readonly editor: Editor, outline: HTMLElement, private readonly changed: (side: Side, open: boolean) => void) {
    const { side } = editor;
    if (editor.outline) this.add("outline", outline);
    this.element.append(h("div", { class: "pane pane-document" }, editor.element));
    if (side) this.add("side", side.element);
    this.element.addEventListener("keydown", (event) => {
      if (event.key !== "Escape" || event.defaultPrevented || !isNarrow()) return;
      for (const open of SIDES.filter((item) => this.isOpen(item))) this.toggle(open, false);
    });
  }

  /** The sides that this editor has. */
  get sides(): readonly Side[] {
    return [...this.panes.keys()];
  }

  button(side: Side): HTMLButtonElement {
    return this.buttons.get(side)!;
  }

  label(side: Side): string {
    return side === "outline" ? t("outline.toggle") : (this.editor.side?.label ?? "");
  }

  isOpen(side: Side): boolean {
    return this.panes.get(side)?.hidden === false;
  }

  /** Open what was open the last time. On a phone the document stands alone. */
  restore(): void {
    for (const side of this.sides) {
      const kept = readSetting(this.keyOf(side));
      const usual = side === "side" && (this.editor.side?.openAtFirst ?? false);
      this.set(side, !isNarrow() && (kept === null ? usual : kept === "1"));
    }
  }

  toggle(side: Side, open = !this.isOpen(side)): void {
    const narrow = isNarrow();
    if (open && narrow) this.set(side === "outline" ? "side" : "outline", false);
    this.set(side, open);
    if (!narrow) writeSetting(this.keyOf(side), open ? "1" : "0");
  }

  private add(side: Side, content: HTMLElement): void {
    const name = this.nameOf(side);
    const pane = h("div", { class: side === "outline" ? "pane pane-outline" : `pane pane-side pane-${name}`, hidden: true }, content);
    const button = iconButton(side === "outline" ? "list" : (this.editor.side?.icon ?? "paneRight"), this.label(side), () => this.toggle(side));
    button.classList.add(`toggle-${name}`);
    this.panes.set(side, pane);
    this.buttons.set(side, button);
    this.element.append(pane);
  }

  private set(side: Side, open: boolean): void {
    const pane = this.panes.get(side);
    if (!pane) return;
    pane.hidden = !open;
    this.button(side).setAttribute("aria-pressed", String(open));
    this.element.classList.toggle(`has-${this.nameOf(side)}`, open);
    this.changed(side, open);
  }

  private nameOf(side: Side): string {
    return side === "outline" ? side : (this.editor.side?.id ?? side);
  }

  private keyOf(side: Side): string {
    return `collab.pane.${this.nameOf(side)}`;
  }
}
