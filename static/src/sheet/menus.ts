/** Owns what stands in the context menu of cells, rows and columns, and in the toolbar's "more". */
import type { MenuEntry } from "../shell/menu";
import { t } from "../shell/i18n";
import { menuItem, type SheetCommand } from "./commands";
import type { Core } from "./core";

const ROWS = ["row_above", "row_below", "delete_rows", "rows_up", "rows_down", "row_height", "hide_rows", "show_rows"];
const COLUMNS = ["column_left", "column_right", "delete_columns", "columns_left", "columns_right", "column_width", "hide_columns", "show_columns"];

export interface ClipboardRuns {
  readonly cut: () => void;
  readonly copy: () => void;
  readonly paste: (valuesOnly: boolean) => void;
}

export function cellMenu(core: Core, commands: readonly SheetCommand[], clipboard: ClipboardRuns): MenuEntry[] {
  const { kind } = core.view.selection;
  const disabled = !core.mayWrite;
  const items = (ids: readonly string[]): MenuEntry[] => ids.map((id) => menuItem(commands, id, core.mayWrite));
  const lines = kind === "rows" ? items(ROWS) : kind === "cols" ? items(COLUMNS) : items(["row_above", "row_below", "column_left", "column_right", "delete_rows", "delete_columns"]);
  return [
    { label: t("sheet.cut"), icon: "cut", key: "Ctrl+X", disabled, run: clipboard.cut },
    { label: t("sheet.copy"), icon: "copy", key: "Ctrl+C", run: clipboard.copy },
    { label: t("sheet.paste"), icon: "paste", key: "Ctrl+V", disabled, run: () => clipboard.paste(false) },
    { label: t("sheet.paste_values"), disabled, run: () => clipboard.paste(true) },
    "separator",
    ...lines,
    "separator",
    ...items(["clear", "clear_looks", "merge", "sort_up", "sort_down", "filter"]),
  ];
}

export function moreMenu(core: Core, commands: readonly SheetCommand[]): MenuEntry[] {
  const items = (ids: readonly string[]): MenuEntry[] => ids.map((id) => menuItem(commands, id, core.mayWrite));
  return [...items(["row_above", "row_below", "column_left", "column_right", "delete_rows", "delete_columns"]), "separator", ...items(["hide_rows", "show_rows", "hide_columns", "show_columns", "row_height", "column_width"]), "separator", ...items(["fill_down", "fill_right", "clear", "clear_looks", "freeze", "merge", "filter", "find"])];
}
