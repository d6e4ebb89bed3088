/** Owns the help overlay: every command that has a key, from the same registry that listens to them. */
import { commands, keyCaps, type Command } from "./commands";
import { openDialog } from "./dialog";
import { h } from "./dom";
import { t } from "./i18n";

export function openHelp(): void {
  const dialog = openDialog({ title: t("help.title"), kind: "wide" });
  const groups = new Map<string, Command[]>();
  for (const command of commands()) if (command.keys?.length) groups.set(command.group, [...(groups.get(command.group) ?? []), command]);
  const columns = h("div", { class: "help-groups" });
  for (const [name, items] of groups) columns.append(groupOf(name, items));
  dialog.body.append(columns);
}

function groupOf(name: string, items: readonly Command[]): HTMLElement {
  const list = h("dl", { class: "help-list" });
  for (const command of items) {
    const keys = (command.keys ?? []).map(keyCaps);
    list.append(h("div", {}, h("dt", {}, command.label), h("dd", {}, ...keys)));
  }
  return h("section", {}, h("h3", {}, name), list);
}
