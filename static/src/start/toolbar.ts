/** Owns the row above the list: search, New and Upload, or what can be done with the selection. */
import { button, iconButton } from "../shell/dialog";
import { h, replaceChildren } from "../shell/dom";
import { t } from "../shell/i18n";
import { icon } from "../shell/icons";
import { attachMenu, type MenuEntry } from "../shell/menu";

const PAUSE_MS = 150;

export interface ToolbarEvents {
  search: (text: string) => void;
  newEntries: () => readonly MenuEntry[];
  upload: (files: File[]) => void;
  download: () => void;
  remove: () => void;
  clear: () => void;
}

export class Toolbar {
  readonly element = h("div", { class: "toolbar" });
  readonly search = h("input", { class: "field search-field", type: "search", attrs: { autocomplete: "off", spellcheck: "false" } });
  readonly newButton = h("button", { class: "button button-primary", type: "button" });
  private readonly picker = h("input", { type: "file", hidden: true, attrs: { multiple: true, tabindex: -1, "aria-hidden": "true" } });
  private readonly actions = h("div", { class: "toolbar-actions" });
  private timer: number | undefined;

  constructor(private readonly events: ToolbarEvents) {
    this.search.placeholder = t("search.label");
    this.search.setAttribute("aria-label", t("search.label"));
    this.search.addEventListener("input", () => this.searchSoon());
    this.search.addEventListener("keydown", (event) => this.onSearchKey(event));
    replaceChildren(this.newButton, icon("plus"), h("span", {}, t("action.new")), icon("chevronDown", 14));
    attachMenu(this.newButton, events.newEntries);
    this.picker.addEventListener("change", () => this.onPicked());
    const box = h("div", { class: "search", role: "search" }, icon("search"), this.search);
    this.element.append(box, this.actions, this.picker);
  }

  /** Ask the browser for files to upload. */
  pick(): void {
    this.picker.click();
  }

  /** What stands at the right: for a selection its actions, else New and Upload where one may write. */
  show(selected: number, writable: boolean): void {
    const keep = this.actions.contains(document.activeElement) && selected > 0;
    if (selected > 0) replaceChildren(this.actions, ...this.selectionParts(selected, writable));
    else replaceChildren(this.actions, ...(writable ? [this.uploadButton(), this.newButton] : []));
    if (keep) this.actions.querySelector<HTMLElement>("button")?.focus();
  }

  private selectionParts(selected: number, writable: boolean): HTMLElement[] {
    const count = h("span", { class: "selected-count" }, t("selection.count", { count: selected }));
    const parts = [count, button(t("action.download"), this.events.download)];
    if (writable) parts.push(button(t("action.delete"), this.events.remove, "danger"));
    return [...parts, iconButton("close", t("selection.clear"), this.events.clear)];
  }

  private uploadButton(): HTMLElement {
    const attrs = { "aria-label": t("action.upload") };
    return h("button", { class: "button upload-button", type: "button", attrs, on: { click: () => this.pick() } }, icon("upload"), h("span", {}, t("action.upload")));
  }

  private onPicked(): void {
    this.events.upload([...(this.picker.files ?? [])]);
    this.picker.value = "";
  }

  private searchSoon(): void {
    window.clearTimeout(this.timer);
    this.timer = window.setTimeout(() => this.events.search(this.search.value), PAUSE_MS);
  }

  private onSearchKey(event: KeyboardEvent): void {
    if (event.key !== "Escape" || !this.search.value) return;
    event.preventDefault();
    this.search.value = "";
    window.clearTimeout(this.timer);
    this.events.search("");
  }
}
