/** Owns the commands of the editor page and their keys. Keys that the editor listens to itself are only shown. */
import { registerCommands, type Command } from "../shell/commands";
import { t, type MessageKey } from "../shell/i18n";
import { forget, openShare } from "./document-menu";
import type { EditorPage } from "./page";

export function registerEditorCommands(page: EditorPage): void {
  registerCommands([...fileCommands(page), ...editCommands(page), ...viewCommands(page), ...peopleCommands(page)]);
}

function fileCommands(page: EditorPage): Command[] {
  const group = t("group.document");
  return [
    { id: "store", label: t("command.store"), group, keys: ["Mod+S"], run: () => void page.storeNow() },
    { id: "find-file", label: t("command.find_file"), group, keys: ["Mod+P"], run: () => void openFile(page) },
    { id: "share", label: t("share.action"), group, enabled: () => page.mayManage, run: () => openShare(page) },
    { id: "rename", label: t("title.rename"), group, keys: ["F2"], enabled: () => page.mayManage, run: () => page.title.rename() },
    { id: "download-copy", label: t("state.action.download_copy"), group, run: () => page.downloadCopy() },
    { id: "forget", label: t("command.forget"), group, run: () => void forget(page) },
  ];
}

async function openFile(page: EditorPage): Promise<void> {
  const { openFilePalette } = await import("../start/commands");
  openFilePalette(page.place.root);
}

function editCommands(page: EditorPage): Command[] {
  const group = t("group.edit");
  const shown = (id: string, label: MessageKey, keys: string[], run: () => void): Command => ({ id, label: t(label), group, keys, handledElsewhere: true, run });
  const focus = (): void => page.editor.view.focus();
  return [
    shown("undo", "command.undo", ["Mod+Z"], () => page.editor.undo()),
    shown("redo", "command.redo", ["Mod+Y", "Mod+Shift+Z"], () => page.editor.redo()),
    { id: "find", label: t("command.find"), group, keys: ["Mod+F"], run: () => page.editor.find() },
    shown("lines", "command.move_lines", ["Alt+ArrowUp", "Alt+ArrowDown"], focus),
    shown("next-match", "command.add_cursor", ["Mod+D"], focus),
    shown("leave", "command.leave_editor", ["Escape"], focus),
  ];
}

function viewCommands(page: EditorPage): Command[] {
  const group = t("group.view");
  const { format } = page.live.opened;
  return [
    { id: "outline", label: t("outline.toggle"), group, enabled: () => format === "markdown" || format === "latex", run: () => page.panes.toggle("outline") },
    { id: "preview", label: t("preview.toggle"), group, enabled: () => format === "markdown", run: () => page.panes.toggle("preview") },
    { id: "wrap", label: t("command.wrap"), group, run: () => page.editor.setWrap(!page.editor.wraps) },
    { id: "conflicts", label: t("state.action.show_conflicts"), group, enabled: () => page.live.conflicts > 0, run: () => page.showConflicts() },
  ];
}

function peopleCommands(page: EditorPage): Command[] {
  const group = t("group.people");
  const others = (): boolean => page.peers.length > 0;
  return [
    { id: "who", label: t("command.who"), group, run: () => page.sayWhoIsHere() },
    { id: "jump", label: t("command.jump_to_person"), group, enabled: others, run: () => jumpToNext(page) },
    { id: "follow", label: t("command.follow"), group, enabled: others, run: () => page.peers[0] && page.follow?.toggle(page.peers[0]) },
  ];
}

let last = -1;

/** Each time to the next person. */
function jumpToNext(page: EditorPage): void {
  const people = page.peers.filter((peer) => peer.cursor !== null);
  last = (last + 1) % Math.max(1, people.length);
  const peer = people[last];
  if (peer) page.follow?.goTo(peer);
}
