/** Owns the commands of every editor page and their keys; an editor adds its own. Keys that an editor listens to itself are only shown. */
import { registerCommands, type Command } from "../shell/commands";
import { t, type MessageKey } from "../shell/i18n";
import { forget, openShare } from "./document-menu";
import type { EditorPage } from "./page";

export function registerEditorCommands(page: EditorPage): void {
  registerCommands([...fileCommands(page), ...editCommands(page), ...(page.editor.commands ?? []), ...viewCommands(page), ...peopleCommands(page)]);
}

function fileCommands(page: EditorPage): Command[] {
  const group = t("group.document");
  return [
    { id: "store", label: t("command.store"), group, keys: ["Mod+S"], run: () => void page.offers.storeNow() },
    { id: "find-file", label: t("command.find_file"), group, keys: ["Mod+P"], run: () => void openFile(page) },
    { id: "share", label: t("share.action"), group, enabled: () => page.mayManage, run: () => openShare(page) },
    { id: "rename", label: t("title.rename"), group, keys: ["F2"], enabled: () => page.mayManage, run: () => page.title.rename() },
    { id: "download-copy", label: t("state.action.download_copy"), group, run: () => void page.offers.downloadCopy() },
    { id: "forget", label: t("command.forget"), group, run: () => void forget(page) },
  ];
}

async function openFile(page: EditorPage): Promise<void> {
  const { openFilePalette } = await import("../start/commands");
  openFilePalette(page.place.root);
}

function editCommands({ editor }: EditorPage): Command[] {
  const group = t("group.edit");
  const shown = (id: string, label: MessageKey, keys: string[], run: () => void): Command => ({ id, label: t(label), group, keys, handledElsewhere: true, run });
  return [
    ...(editor.undo ? [shown("undo", "command.undo", ["Mod+Z"], () => editor.undo?.())] : []),
    ...(editor.redo ? [shown("redo", "command.redo", ["Mod+Y", "Mod+Shift+Z"], () => editor.redo?.())] : []),
    ...(editor.find ? [{ id: "find", label: t("command.find"), group, keys: ["Mod+F"], run: () => editor.find?.() }] : []),
  ];
}

function viewCommands({ panes, editor, live }: EditorPage): Command[] {
  const group = t("group.view");
  const { conflicts } = editor;
  const open = (): void => conflicts?.open();
  return [
    ...panes.sides.map((side) => ({ id: side, label: panes.label(side), group, run: () => panes.toggle(side) })),
    ...(conflicts ? [{ id: "conflicts", label: t("state.action.show_conflicts"), group, enabled: () => live.conflicts > 0, run: open }] : []),
  ];
}

function peopleCommands(page: EditorPage): Command[] {
  const group = t("group.people");
  const others = (): boolean => page.editor.people !== undefined && page.peers.length > 0;
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
