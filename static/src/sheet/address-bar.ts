/** Owns the bar above the grid: where the selection is, what is in the cell; on a phone it also has buttons to end the writing. */
import { iconButton } from "../shell/dialog";
import { h, uniqueId } from "../shell/dom";
import { t } from "../shell/i18n";
import type { SheetView } from "./sheet-view";
import { addressOf, rangeName, sizeOf } from "./types";

export class AddressBar {
  readonly element: HTMLElement;
  private readonly name = h("input", { class: "sheet-name", type: "text", id: uniqueId("name-box"), attrs: { "aria-label": t("sheet.name_box"), autocomplete: "off", spellcheck: "false" } });

  constructor(private readonly view: SheetView) {
    const done = iconButton("check", t("sheet.done"), () => view.editor.commit());
    const cancel = iconButton("close", t("action.cancel"), () => view.editor.cancel());
    for (const one of [done, cancel]) one.addEventListener("mousedown", (event) => event.preventDefault());
    const buttons = h("span", { class: "sheet-bar-buttons" }, cancel, done);
    this.element = h("div", { class: "sheet-bar" }, this.name, h("span", { class: "sheet-fx", attrs: { "aria-hidden": "true" } }, "fx"), view.editor.bar.element, buttons);
    this.name.addEventListener("focus", () => this.name.select());
    this.name.addEventListener("blur", () => this.draw());
    this.name.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" && event.key !== "Escape") return;
      event.preventDefault();
      event.stopPropagation();
      if (event.key === "Enter" && !view.goTo(this.name.value)) return this.name.select();
      view.grid.scroller.focus({ preventScroll: true });
    });
  }

  focus(): void {
    this.name.focus();
  }

  draw(): void {
    const { selection, range } = this.view;
    if (document.activeElement !== this.name) this.name.value = selection.kind === "cells" && sizeOf(range) > 1 && sizeOf(range) !== sizeOf(selection.activeRange()) ? rangeName(range) : addressOf(selection.anchor);
    this.element.classList.toggle("is-writing", this.view.editor.isOpen);
  }
}
