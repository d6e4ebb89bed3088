/** Owns the pane that shows the headings of a document. */
import { h, replaceChildren } from "../shell/dom";
import { t } from "../shell/i18n";
import type { Heading } from "./contract";

export class OutlinePane {
  readonly element = h("nav", { class: "outline", attrs: { "aria-label": t("outline.label") } });
  private drawn = "";
  private current: number | null = null;
  private links: HTMLButtonElement[] = [];

  constructor(private readonly goTo: (index: number) => void) {
    this.show([]);
  }

  show(headings: readonly Heading[]): void {
    const key = headings.map((heading) => `${heading.level} ${heading.title}`).join("\n");
    if (key === this.drawn && headings.length > 0) return;
    this.drawn = key;
    this.links = headings.map((heading, index) => this.linkOf(heading, index));
    this.current = null;
    if (headings.length === 0) return replaceChildren(this.element, h("p", { class: "hint" }, t("outline.empty")));
    replaceChildren(this.element, h("ul", {}, ...this.links.map((link) => h("li", {}, link))));
  }

  /** Mark the heading that is being read. */
  mark(index: number): void {
    if (index === this.current) return;
    if (this.current !== null) this.links[this.current]?.removeAttribute("aria-current");
    this.links[index]?.setAttribute("aria-current", "true");
    this.current = index;
  }

  private linkOf(heading: Heading, index: number): HTMLButtonElement {
    const link = h("button", { class: "outline-link", type: "button", title: heading.title }, heading.title || "…");
    link.style.setProperty("--level", String(Math.min(heading.level, 6)));
    link.addEventListener("click", () => this.goTo(index));
    return link;
  }
}
