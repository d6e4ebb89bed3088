/** Owns the choice of a filter's column: which values are shown, and sorting by it. */
import { button, openDialog } from "../shell/dialog";
import { h, replaceChildren } from "../shell/dom";
import { t } from "../shell/i18n";
import { attempt, type Core } from "./core";
import type { At } from "./types";

const MOST_VALUES = 2_000;

export function openFilter(core: Core, at: At, sort: (down: boolean) => void): void {
  const { view, display, edits } = core;
  const { sheet } = view;
  const filter = sheet.filter();
  const colId = sheet.cols.ids[at.col];
  if (!filter || colId === undefined) return;
  const { compare } = new Intl.Collator(display.locale.tag, { numeric: true });
  const values = new Set<string>();
  for (let row = filter.range.top + 1; row <= filter.range.bottom && values.size < MOST_VALUES; row += 1) values.add(display.text(sheet, row, at.col));
  const out = new Set(filter.hidden.get(colId) ?? []);
  const dialog = openDialog({ title: t("sheet.filter_title", { name: display.text(sheet, at.row, at.col) }), onClose: () => view.grid.scroller.focus({ preventScroll: true }) });
  const list = h("div", { class: "sheet-filter-list", role: "group", attrs: { "aria-label": t("sheet.filter_values") } });
  const draw = (): void => {
    const boxes = [...values].sort(compare).map((value) => {
      const box = h("input", { type: "checkbox" });
      box.checked = !out.has(value);
      box.addEventListener("change", () => (box.checked ? out.delete(value) : out.add(value)));
      return h("label", {}, box, value === "" ? t("sheet.filter_empty") : value);
    });
    replaceChildren(list, ...boxes);
  };
  const all = (shown: boolean): void => {
    out.clear();
    if (!shown) for (const value of values) out.add(value);
    draw();
  };
  const run = (work: () => void): void => {
    dialog.close();
    if (core.mayWrite) work();
  };
  dialog.body.append(
    h("div", { class: "sheet-filter-row" }, button(t("sheet.sort_up"), () => run(() => sort(false))), button(t("sheet.sort_down"), () => run(() => sort(true)))),
    h("div", { class: "sheet-filter-row" }, button(t("sheet.filter_all"), () => all(true)), button(t("sheet.filter_none"), () => all(false))),
    list,
  );
  dialog.footer.append(button(t("action.cancel"), dialog.close), button(t("sheet.apply"), () => run(() => void attempt(core, () => edits.leaveOut(sheet, colId, [...out].filter((value) => values.has(value))))), "primary"));
  draw();
}
