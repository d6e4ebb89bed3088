/** Owns the commands that only a text has. */
import type { Command } from "../shell/commands";
import { t, type MessageKey } from "../shell/i18n";
import type { MenuEntry } from "../shell/menu";
import type { TextEditor } from "./editor";

export function textCommands(editor: TextEditor): Command[] {
  const focus = (): void => editor.view.focus();
  const shown = (id: string, label: MessageKey, keys: string[]): Command => ({ id, label: t(label), group: t("group.edit"), keys, handledElsewhere: true, run: focus });
  return [
    shown("lines", "command.move_lines", ["Alt+ArrowUp", "Alt+ArrowDown"]),
    shown("next-match", "command.add_cursor", ["Mod+D"]),
    shown("leave", "command.leave_editor", ["Escape"]),
    { id: "wrap", label: t("command.wrap"), group: t("group.view"), run: () => editor.setWrap(!editor.wraps) },
  ];
}

export function textMenu(editor: TextEditor): MenuEntry[] {
  return [{ label: t("command.wrap"), icon: "text", checked: editor.wraps, run: () => editor.setWrap(!editor.wraps) }];
}
