/** Owns the buttons that a host adds to the page or hides of it. */
import { h } from "../shell/dom";

const MOST = 8;

export class HostButtons {
  readonly element = h("span", { class: "host-buttons" });
  private readonly byId = new Map<string, HTMLElement>();
  private readonly added = new Set<string>();

  constructor(private readonly clicked: (id: string) => void) {}

  /** A button of the page that a host may hide. */
  known(id: string, element: HTMLElement): HTMLElement {
    this.byId.set(id, element);
    return element;
  }

  insert(id: string, label: string): void {
    if (!id || this.byId.has(id) || this.added.size >= MOST) return;
    const button = h("button", { class: "button", type: "button", on: { click: () => this.clicked(id) } }, (label || id).slice(0, 40));
    this.byId.set(id, button);
    this.added.add(id);
    this.element.append(button);
  }

  remove(id: string): void {
    if (!this.added.delete(id)) return this.hide(id);
    this.byId.get(id)?.remove();
    this.byId.delete(id);
  }

  hide(id: string): void {
    const element = this.byId.get(id);
    if (element) element.hidden = true;
  }

  show(id: string): void {
    const element = this.byId.get(id);
    if (element) element.hidden = false;
  }
}
