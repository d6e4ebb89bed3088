/** Owns the commands of the start page and their keys. */
import { api, editAddress } from "../shell/api";
import { registerCommands, type Command } from "../shell/commands";
import { t } from "../shell/i18n";
import { formatIcon } from "../shell/icons";
import { openPalette, type Choice } from "../shell/palette";
import { downloadEntries, renameEntry, createEntry, NEW_KINDS } from "./actions";
import type { StartPage } from "./page";
import { parentOf } from "./names";

export function registerPageCommands(page: StartPage): void {
  registerCommands([...listCommands(page), ...entryCommands(page), ...createCommands(page)]);
}

function listCommands(page: StartPage): Command[] {
  const group = t("group.folder");
  const focus = (): void => (page.toolbar.search.focus(), page.toolbar.search.select());
  const list = (key: string, label: Parameters<typeof t>[0], keys: string[]): Command => ({ id: key, label: t(label), group, keys, handledElsewhere: true, run: () => page.grid.focusEntry() });
  return [
    { id: "search", label: t("command.search"), group, keys: ["/"], run: focus },
    { id: "find-file", label: t("command.find_file"), group, keys: ["Mod+P"], enabled: () => page.root !== "", run: () => openFilePalette(page.root) },
    { id: "hidden", label: t("command.hidden"), group, enabled: () => page.mayShowHidden, run: () => page.toggleHidden() },
    { id: "up", label: t("command.up"), group, keys: ["Backspace"], run: () => page.up() },
    list("list", "command.list", ["ArrowDown", "ArrowUp"]),
  ];
}

function entryCommands(page: StartPage): Command[] {
  const group = t("group.file");
  const some = (): boolean => page.grid.targets.length > 0;
  const one = (): boolean => page.grid.targets.length === 1 && page.writable;
  const rename = (): void => {
    const [entry] = page.grid.targets;
    if (entry) renameEntry(entry, page.root, page.events.renamed);
  };
  const open = (): void => {
    const [entry] = page.grid.targets;
    if (entry) page.events.open(entry, false);
  };
  return [
    { id: "open", label: t("action.open"), group, keys: ["Enter"], handledElsewhere: true, enabled: some, run: open },
    { id: "rename", label: t("action.rename"), group, keys: ["F2"], enabled: one, run: rename },
    { id: "delete", label: t("action.delete"), group, keys: ["Delete"], enabled: () => some() && page.writable, run: () => void page.removeTargets() },
    { id: "download", label: t("action.download"), group, enabled: some, run: () => downloadEntries(page.grid.targets, page.root) },
    { id: "upload", label: t("action.upload"), group, enabled: () => page.writable, run: () => page.toolbar.pick() },
  ];
}

function createCommands(page: StartPage): Command[] {
  return NEW_KINDS.map((kind) => ({
    id: `new.${kind.id}`,
    label: t("new.title", { kind: t(kind.label) }),
    group: t("group.new"),
    enabled: () => page.writable,
    run: () => createEntry(kind, page.place, page.events.renamed),
  }));
}

/** Go to any file of a root by its name (Ctrl/Cmd P). */
export function openFilePalette(root: string): void {
  const find = async (text: string, signal: AbortSignal): Promise<Choice[]> => {
    if (!text.trim()) return [];
    const { entries } = await api.search({ root, path: "" }, text.trim(), signal);
    const files = entries.filter((entry) => entry.kind === "file" && entry.editable);
    return files.map((entry) => ({
      label: entry.name,
      detail: parentOf(entry.path),
      icon: formatIcon(entry.format, true),
      run: () => location.assign(editAddress({ root, path: entry.path })),
    }));
  };
  openPalette({ label: t("palette.files"), empty: t("palette.no_file"), find });
}
