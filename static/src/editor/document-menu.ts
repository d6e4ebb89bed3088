/** Owns the buttons at the right of the editor's top bar: Share and the menu of the document. */
import { button, confirmDialog } from "../shell/dialog";
import { h } from "../shell/dom";
import { keyText, runCommand } from "../shell/commands";
import { t } from "../shell/i18n";
import { icon } from "../shell/icons";
import { attachMenu, type MenuEntry } from "../shell/menu";
import { openExports } from "./exports";
import type { EditorPage } from "./page";

export function shareButton(page: EditorPage): HTMLElement {
  const share = button(t("share.action"), () => openShare(page), "primary");
  share.classList.add("share-button");
  return share;
}

/** For who may only read. */
export function askButton(page: EditorPage): HTMLElement {
  const ask = button(t("access.ask"), () => void page.asking.ask());
  ask.classList.add("ask-button");
  ask.hidden = true;
  return ask;
}

/** The dialog is loaded when it is first asked for. */
export function openShare(page: EditorPage): void {
  void import("../shell/share-dialog").then(({ openShareDialog }) => openShareDialog(page.live.opened.document_id, page.title.name));
}

export function documentMenu(page: EditorPage): HTMLElement {
  const label = t("menu.document");
  const trigger = h("button", { class: "icon-button", type: "button", title: label, attrs: { "aria-label": label } }, icon("more"));
  attachMenu(trigger, () => entriesOf(page, trigger));
  return trigger;
}

function entriesOf(page: EditorPage, trigger: HTMLElement): MenuEntry[] {
  const people = page.people.entries();
  const { editor } = page;
  return [
    { label: t("command.store"), icon: "save", key: keyText("Mod+S"), disabled: page.live.readOnly !== null, run: () => runCommand("store") },
    ...(editor.find ? [{ label: t("command.find"), icon: "search" as const, key: keyText("Mod+F"), run: () => editor.find?.() }] : []),
    ...(editor.menu?.() ?? []),
    ...paneEntries(page),
    "separator",
    ...(page.hosted?.menu() ?? readerEntries(page)),
    { label: t("state.action.download_copy"), icon: "download", run: () => void page.offers.downloadCopy() },
    ...(mayExport(page) ? [{ label: t("export.action"), icon: "download" as const, run: () => void openExports(page, trigger) }] : []),
    ...(page.mayManage ? [{ label: t("title.rename"), icon: "pencil" as const, key: "F2", run: () => page.title.rename() }] : []),
    { label: t("command.forget"), icon: "trash", run: () => void forget(page) },
    { label: t("command.palette"), icon: "keyboard", key: keyText("Mod+K"), run: () => runCommand("palette") },
    ...(people.length > 0 ? ["separator" as const, ...people] : []),
  ];
}

/** A host may take it out of the page. */
function mayExport({ hosted }: EditorPage): boolean {
  return !hosted?.facts.switches.DisableExport && !hosted?.facts.switches.HideExportOption;
}

function readerEntries(page: EditorPage): MenuEntry[] {
  if (page.live.readOnly !== "role_viewer") return [];
  return [{ label: t("access.ask"), icon: "pencil", run: () => void page.asking.ask() }];
}

/** On a phone the bar has no room for these buttons. */
function paneEntries({ panes, editor }: EditorPage): MenuEntry[] {
  return panes.sides.map((side) => ({
    label: panes.label(side),
    icon: side === "outline" ? "list" : (editor.side?.icon ?? "paneRight"),
    checked: panes.isOpen(side),
    run: () => panes.toggle(side),
  }));
}

export async function forget(page: EditorPage): Promise<void> {
  if (await confirmDialog(t("forget.title"), t("forget.text"), t("forget.action"), true)) await page.offers.forgetDevice();
}
