/** Owns the bar at the bottom: what the editor says of the document, and who is typing where. */
import { h, replaceChildren } from "../shell/dom";
import { t } from "../shell/i18n";
import type { StatusItem } from "./contract";

export class StatusBar {
  private readonly items = new Map<string, HTMLElement>();
  private readonly activity = h("span", { class: "status-activity" });
  readonly element = h("footer", { class: "status-bar", attrs: { "aria-label": t("status.label") } }, this.activity);

  /** Only what is new is drawn: this is called with every move of the cursor. */
  show(items: readonly StatusItem[]): void {
    for (const item of items) {
      const element = this.items.get(item.id) ?? this.add(item.id);
      if (element.textContent !== item.text) element.textContent = item.text;
      if (element.title !== (item.title ?? "")) element.title = item.title ?? "";
    }
    for (const [id, element] of this.items) if (!items.some((item) => item.id === id)) element.textContent = "";
  }

  showActivity(sentence: string): void {
    replaceChildren(this.activity, sentence);
  }

  private add(id: string): HTMLElement {
    const element = h("span", { class: `status-${id}` });
    this.activity.before(element);
    this.items.set(id, element);
    return element;
  }
}
