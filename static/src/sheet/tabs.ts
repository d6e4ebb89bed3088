/** Owns the row of sheets at the bottom: choosing, adding, renaming, moving, deleting, hiding. */
import { confirmDialog, iconButton, promptDialog } from "../shell/dialog";
import { ApiError } from "../shell/api";
import { h, replaceChildren } from "../shell/dom";
import { t } from "../shell/i18n";
import { showMenu, type MenuEntry } from "../shell/menu";
import { attempt, reasonOf, type Core } from "./core";
import { Refused } from "./edits";
import type { SheetModel } from "./model";

export interface TabsParts {
  readonly core: Core;
  readonly show: (sheet: SheetModel) => void;
  readonly focusGrid: () => void;
}

export class Tabs {
  readonly element = h("div", { class: "sheet-tabs" });
  private readonly list = h("div", { class: "sheet-tab-list", role: "tablist", attrs: { "aria-label": t("sheet.sheets") } });
  private readonly add = iconButton("plus", t("sheet.add_sheet"), () => this.addSheet());
  private readonly all = iconButton("list", t("sheet.all_sheets"), () => this.listAll());
  private drawn = "";

  constructor(private readonly parts: TabsParts) {
    this.element.append(this.all, this.add, this.list);
    this.list.addEventListener("keydown", (event) => this.onKey(event));
  }

  draw(): void {
    const { core } = this.parts;
    const sheets = core.book.sheets().filter((sheet) => !sheet.hidden || sheet === core.view.sheet);
    this.add.hidden = !core.mayWrite;
    const key = JSON.stringify([core.view.sheet.id, core.mayWrite, sheets.map(({ id, name, hidden }) => [id, name, hidden])]);
    if (key === this.drawn) return;
    this.drawn = key;
    const focused = this.list.contains(document.activeElement);
    replaceChildren(this.list, ...sheets.map((sheet) => this.tab(sheet)));
    const current = this.list.querySelector<HTMLElement>('[aria-selected="true"]');
    current?.scrollIntoView({ block: "nearest", inline: "nearest" });
    if (focused) current?.focus();
  }

  focus(): void {
    this.list.querySelector<HTMLElement>('[aria-selected="true"]')?.focus();
  }

  addSheet(): void {
    const { core } = this.parts;
    const used = new Set(core.book.sheets().map(({ name }) => name.toLocaleLowerCase()));
    let number = core.book.sheets().length + 1;
    while (used.has(t("sheet.new_name", { number }).toLocaleLowerCase())) number += 1;
    attempt(core, () => {
      const id = core.edits.addSheet(t("sheet.new_name", { number }), core.view.sheet.id);
      const sheet = core.book.sheet(id);
      if (sheet) this.parts.show(sheet);
      this.parts.focusGrid();
    });
  }

  next(by: 1 | -1): void {
    const { core } = this.parts;
    const sheets = core.book.sheets().filter(({ hidden }) => !hidden);
    const next = sheets[sheets.indexOf(core.view.sheet) + by];
    if (next) this.parts.show(next);
  }

  private tab(sheet: SheetModel): HTMLElement {
    const current = sheet === this.parts.core.view.sheet;
    const tab = h("button", { class: "sheet-tab", type: "button", role: "tab", tabIndex: current ? 0 : -1, title: sheet.name, attrs: { "aria-selected": String(current), draggable: "true", "data-sheet": sheet.id } }, sheet.name);
    tab.addEventListener("mousedown", (event) => this.parts.core.view.editor.isOpen && event.preventDefault());
    tab.addEventListener("click", () => {
      this.parts.show(sheet);
      if (!this.parts.core.view.editor.isOpen) this.parts.focusGrid();
    });
    tab.addEventListener("dblclick", () => this.rename(sheet));
    tab.addEventListener("contextmenu", (event) => {
      event.preventDefault();
      this.parts.show(sheet);
      this.menu(sheet, tab, { x: event.clientX, y: event.clientY });
    });
    this.listenForDrag(tab, sheet);
    return tab;
  }

  private listenForDrag(tab: HTMLElement, sheet: SheetModel): void {
    const { core } = this.parts;
    tab.addEventListener("dragstart", (event) => event.dataTransfer?.setData("text/x-sheet", sheet.id));
    tab.addEventListener("dragover", (event) => core.mayWrite && event.dataTransfer?.types.includes("text/x-sheet") && event.preventDefault());
    tab.addEventListener("drop", (event) => {
      const moved = core.book.sheet(event.dataTransfer?.getData("text/x-sheet") ?? "");
      if (!moved || moved === sheet) return;
      event.preventDefault();
      const box = tab.getBoundingClientRect();
      this.moveBeside(moved, sheet, event.clientX > box.left + box.width / 2);
    });
  }

  private moveBeside(moved: SheetModel, other: SheetModel, behind: boolean): void {
    const { core } = this.parts;
    const ids = core.book.sheets().map(({ id }) => id).filter((id) => id !== moved.id);
    const at = ids.indexOf(other.id) + (behind ? 1 : 0);
    attempt(core, () => core.edits.moveSheet(moved, ids[at - 1] ?? null));
  }

  private menu(sheet: SheetModel, anchor: HTMLElement, point?: { x: number; y: number }): void {
    const { core } = this.parts;
    const disabled = !core.mayWrite;
    const step = (by: 1 | -1): void => {
      const shown = core.book.sheets().filter(({ hidden }) => !hidden);
      const other = shown[shown.indexOf(sheet) + by];
      if (other) this.moveBeside(sheet, other, by > 0);
    };
    const entries: MenuEntry[] = [
      { label: t("sheet.rename_sheet"), icon: "pencil", disabled, run: () => this.rename(sheet) },
      { label: t("sheet.sheet_left"), disabled, run: () => step(-1) },
      { label: t("sheet.sheet_right"), disabled, run: () => step(1) },
      { label: t(sheet.hidden ? "sheet.show_sheet" : "sheet.hide_sheet"), icon: "eye", disabled, run: () => void attempt(core, () => core.edits.hideSheet(sheet, !sheet.hidden)) },
      "separator",
      { label: t("sheet.delete_sheet"), icon: "trash", danger: true, disabled, run: () => void this.remove(sheet) },
    ];
    showMenu(entries, anchor, { point, refocus: () => this.focus() });
  }

  private listAll(): void {
    const { core } = this.parts;
    showMenu(core.book.sheets().map((sheet) => ({ label: sheet.hidden ? t("sheet.hidden_name", { name: sheet.name }) : sheet.name, checked: sheet === core.view.sheet, run: () => (this.parts.show(sheet), this.parts.focusGrid()) })), this.all);
  }

  private rename(sheet: SheetModel): void {
    const { core } = this.parts;
    if (!core.mayWrite) return;
    promptDialog({
      title: t("sheet.rename_sheet"),
      label: t("sheet.sheet_name"),
      value: sheet.name,
      action: t("action.rename"),
      submit: async (name) => {
        try {
          core.edits.rename(sheet, name);
        } catch (error) {
          throw error instanceof Refused ? new ApiError(reasonOf(error.code), error.code, 0, null, "") : error;
        }
      },
    });
  }

  private async remove(sheet: SheetModel): Promise<void> {
    const { core } = this.parts;
    if (!(await confirmDialog(t("sheet.delete_title", { name: sheet.name }), t("sheet.delete_text"), t("action.delete"), true))) return;
    attempt(core, () => core.edits.removeSheet(sheet));
    this.parts.focusGrid();
  }

  private onKey(event: KeyboardEvent): void {
    const tabs = [...this.list.querySelectorAll<HTMLElement>('[role="tab"]')];
    const at = tabs.indexOf(event.target as HTMLElement);
    if (event.key === "Escape" || event.key === "F6") {
      event.preventDefault();
      return this.parts.focusGrid();
    }
    const sheet = this.parts.core.book.sheet(tabs[at]?.dataset.sheet ?? "");
    if (sheet && (event.key === "F2" || event.key === "ContextMenu" || (event.key === "F10" && event.shiftKey))) {
      event.preventDefault();
      return event.key === "F2" ? this.rename(sheet) : this.menu(sheet, tabs[at]!);
    }
    const next = event.key === "ArrowRight" ? tabs[at + 1] : event.key === "ArrowLeft" ? tabs[at - 1] : undefined;
    const other = next && this.parts.core.book.sheet(next.dataset.sheet ?? "");
    if (!other) return;
    event.preventDefault();
    this.parts.show(other);
    this.focus();
  }
}
