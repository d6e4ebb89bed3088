/** Owns the commands of a spreadsheet with the keys of office programs; toolbar, menus, palette and keys are made from them. */
import { matchesKey, type Command } from "../shell/commands";
import { t, type MessageKey } from "../shell/i18n";
import type { IconName } from "../shell/icons";
import type { MenuItem } from "../shell/menu";
import { keyText } from "../shell/commands";
import type { Actions } from "./actions";
import type { Contents } from "./contents";
import type { Core } from "./core";

export interface SheetCommand {
  readonly id: string;
  readonly label: MessageKey;
  readonly keys?: readonly string[];
  /** Not for who may only read. */
  readonly writes?: boolean;
  readonly icon?: IconName;
  /** On or off, for buttons and menus. */
  readonly pressed?: () => boolean;
  readonly run: () => void;
}

export interface CommandParts {
  readonly core: Core;
  readonly actions: Actions;
  readonly contents: Contents;
  readonly find: () => void;
  readonly addSheet: () => void;
  readonly nextSheet: (by: 1 | -1) => void;
  readonly nameBox: () => void;
}

export function sheetCommands(parts: CommandParts): SheetCommand[] {
  return [...lookCommands(parts), ...lineCommands(parts), ...tableCommands(parts), ...otherCommands(parts)];
}

function lookCommands({ actions }: CommandParts): SheetCommand[] {
  const writes = true;
  const look = (name: "bold" | "italic" | "underline" | "strike" | "wrap", label: MessageKey, keys: string[] = []): SheetCommand => ({ id: name, label, keys, writes, pressed: () => actions.look[name] === true, run: () => actions.toggle(name) });
  const align = (side: "left" | "center" | "right", label: MessageKey, icon: IconName): SheetCommand => ({ id: side, label, icon, writes, pressed: () => actions.look.align === side, run: () => actions.align(side) });
  const format = (id: string, label: MessageKey, code: string | null, keys: string[] = []): SheetCommand => ({ id, label, keys, writes, run: () => actions.dress({ format: code }) });
  return [
    look("bold", "sheet.bold", ["Mod+B"]),
    look("italic", "sheet.italic", ["Mod+I"]),
    look("underline", "sheet.underline", ["Mod+U"]),
    look("strike", "sheet.strike", ["Alt+Shift+5"]),
    look("wrap", "sheet.wrap"),
    align("left", "sheet.left", "alignStart"),
    align("center", "sheet.center", "alignCenter"),
    align("right", "sheet.right", "alignEnd"),
    format("general", "sheet.format_general", null, ["Mod+Shift+~"]),
    format("percent", "sheet.format_percent", "0%", ["Mod+Shift+%"]),
    format("number", "sheet.format_number", "#,##0.00", ["Mod+Shift+!"]),
    format("date", "sheet.format_date", "yyyy-mm-dd", ["Mod+Shift+#"]),
    { id: "more_decimals", label: "sheet.more_decimals", writes, run: () => actions.decimals(1) },
    { id: "fewer_decimals", label: "sheet.fewer_decimals", writes, run: () => actions.decimals(-1) },
    { id: "clear_looks", label: "sheet.clear_looks", keys: ["Mod+\\"], writes, run: () => actions.clearLooks() },
  ];
}

function lineCommands({ core, actions }: CommandParts): SheetCommand[] {
  const writes = true;
  const way = (): "rows" | "cols" => (core.view.selection.kind === "cols" ? "cols" : "rows");
  return [
    { id: "insert", label: "sheet.insert_lines", keys: ["Mod+Alt+="], writes, run: () => actions.insert(way()) },
    { id: "remove", label: "sheet.delete_lines", keys: ["Mod+Alt+-"], writes, run: () => actions.remove(way()) },
    { id: "row_above", label: "sheet.row_above", writes, run: () => actions.insert("rows") },
    { id: "row_below", label: "sheet.row_below", writes, run: () => actions.insert("rows", true) },
    { id: "delete_rows", label: "sheet.delete_rows", writes, run: () => actions.remove("rows") },
    { id: "rows_up", label: "sheet.rows_up", keys: ["Alt+Shift+ArrowUp"], writes, run: () => actions.move("rows", -1) },
    { id: "rows_down", label: "sheet.rows_down", keys: ["Alt+Shift+ArrowDown"], writes, run: () => actions.move("rows", 1) },
    { id: "hide_rows", label: "sheet.hide_rows", keys: ["Mod+Alt+9"], writes, run: () => actions.hide("rows", true) },
    { id: "show_rows", label: "sheet.show_rows", keys: ["Mod+Shift+("], writes, run: () => actions.hide("rows", false) },
    { id: "row_height", label: "sheet.row_height", writes, run: () => actions.askSize("rows") },
    { id: "column_left", label: "sheet.column_left", writes, run: () => actions.insert("cols") },
    { id: "column_right", label: "sheet.column_right", writes, run: () => actions.insert("cols", true) },
    { id: "delete_columns", label: "sheet.delete_columns", writes, run: () => actions.remove("cols") },
    { id: "columns_left", label: "sheet.columns_left", keys: ["Alt+Shift+ArrowLeft"], writes, run: () => actions.move("cols", -1) },
    { id: "columns_right", label: "sheet.columns_right", keys: ["Alt+Shift+ArrowRight"], writes, run: () => actions.move("cols", 1) },
    { id: "hide_columns", label: "sheet.hide_columns", keys: ["Mod+Alt+0"], writes, run: () => actions.hide("cols", true) },
    { id: "show_columns", label: "sheet.show_columns", keys: ["Mod+Shift+)"], writes, run: () => actions.hide("cols", false) },
    { id: "column_width", label: "sheet.column_width", writes, run: () => actions.askSize("cols") },
  ];
}

function tableCommands({ actions }: CommandParts): SheetCommand[] {
  const writes = true;
  return [
    { id: "merge", label: "sheet.merge", icon: "merge", writes, pressed: () => actions.isMerged, run: () => actions.merge() },
    { id: "freeze", label: "sheet.freeze", icon: "pin", writes, pressed: () => actions.isFrozen, run: () => actions.freeze() },
    { id: "sort_up", label: "sheet.sort_up", icon: "sortUp", writes, run: () => actions.sort(false) },
    { id: "sort_down", label: "sheet.sort_down", icon: "sortDown", writes, run: () => actions.sort(true) },
    { id: "filter", label: "sheet.filter", icon: "filter", keys: ["Mod+Shift+L"], writes, pressed: () => actions.isFiltered, run: () => actions.filter() },
    { id: "fill_down", label: "sheet.fill_down", keys: ["Mod+D"], writes, run: () => actions.fillOn("down") },
    { id: "fill_right", label: "sheet.fill_right", keys: ["Mod+R"], writes, run: () => actions.fillOn("right") },
  ];
}

function otherCommands({ core, actions, contents, ...parts }: CommandParts): SheetCommand[] {
  const writes = true;
  const { history } = core;
  return [
    { id: "undo", label: "command.undo", icon: "undo", keys: ["Mod+Z"], writes, run: () => history.undo() },
    { id: "redo", label: "command.redo", icon: "redo", keys: ["Mod+Y", "Mod+Shift+Z"], writes, run: () => history.redo() },
    { id: "clear", label: "sheet.clear", keys: ["Delete", "Backspace"], writes, run: () => contents.clear(core.view.sheet, actions.worked) },
    { id: "sum", label: "sheet.sum", icon: "math", keys: ["Alt+="], writes, run: () => core.view.editor.open(actions.sumText()) },
    { id: "find", label: "command.find", keys: ["Mod+F", "Mod+H"], run: parts.find },
    { id: "go_to", label: "sheet.go_to", keys: ["Mod+G"], run: parts.nameBox },
    { id: "edit", label: "sheet.edit", keys: ["F2"], writes, run: () => core.view.editor.open() },
    { id: "add_sheet", label: "sheet.add_sheet", keys: ["Shift+F11"], writes, run: parts.addSheet },
    { id: "next_sheet", label: "sheet.next_sheet", keys: ["Mod+Shift+PageDown", "Ctrl+PageDown"], run: () => parts.nextSheet(1) },
    { id: "previous_sheet", label: "sheet.previous_sheet", keys: ["Mod+Shift+PageUp", "Ctrl+PageUp"], run: () => parts.nextSheet(-1) },
  ];
}

/** For the palette and the help; the grid listens for the keys itself. */
export function listedCommands(commands: readonly SheetCommand[], core: Core): Command[] {
  const general = new Set(["undo", "redo", "find"]);
  return commands
    .filter(({ id }) => !general.has(id))
    .map(({ id, label, keys, writes, run }) => ({
      id: `sheet.${id}`,
      label: t(label),
      group: t("sheet.group"),
      ...(keys && keys.length > 0 ? { keys: keys.slice(0, 1) } : {}),
      handledElsewhere: true,
      enabled: () => !writes || core.mayWrite,
      run: () => {
        run();
        if (!core.view.editor.isOpen && !document.querySelector("dialog[open]")) core.view.grid.scroller.focus({ preventScroll: true });
      },
    }));
}

export function commandOf(commands: readonly SheetCommand[], event: KeyboardEvent): SheetCommand | null {
  return commands.find(({ keys }) => keys?.some((key) => matchesKey(event, key))) ?? null;
}

export function menuItem(commands: readonly SheetCommand[], id: string, mayWrite: boolean): MenuItem {
  const { label, keys, writes, icon, pressed, run } = commands.find((command) => command.id === id)!;
  return {
    label: t(label),
    ...(icon ? { icon } : {}),
    ...(keys?.[0] ? { key: keyText(keys[0]) } : {}),
    ...(pressed ? { checked: pressed(), toggle: true } : {}),
    disabled: writes === true && !mayWrite,
    run,
  };
}
