/** Owns the ways out of trouble: copies of the text, and edits of another history that this browser kept. */
import { EditorView } from "@codemirror/view";
import { api, editAddress, type Place } from "../shell/api";
import { h } from "../shell/dom";
import { t } from "../shell/i18n";
import { problemToast, toast } from "../shell/toast";
import type { LiveDocument } from "../sync/live-document";
import { openAside } from "./aside";

const REVOKE_AFTER_MS = 10_000;

/** Give a text to the browser as a file. */
export function download(name: string, content: string): void {
  const url = URL.createObjectURL(new Blob([content], { type: "text/plain;charset=utf-8" }));
  h("a", { attrs: { href: url, download: name } }).click();
  window.setTimeout(() => URL.revokeObjectURL(url), REVOKE_AFTER_MS);
}

/** A new file with this text beside the old one. */
export async function makeCopy({ root, path }: Place, content: string): Promise<void> {
  const dot = path.lastIndexOf(".");
  const copy = dot > path.lastIndexOf("/") + 1 ? `${path.slice(0, dot)} (copy)${path.slice(dot)}` : `${path} (copy)`;
  try {
    const entry = await api.createFile({ root, path: copy }, content);
    const run = (): void => location.assign(editAddress({ root, path: entry.path }));
    toast(t("notice.copied", { name: entry.name }), { action: { label: t("action.open"), run } });
  } catch (error) {
    problemToast(error);
  }
}

/** What of the kept edits the document lacks, to be put in by hand. */
export function compareAside(live: LiveDocument, view: EditorView, name: string, written: string): void {
  openAside({
    texts: live.aside.length > 0 ? live.asideTexts() : [{ historyId: "", text: written, savedAtMs: null }],
    current: view.state.doc.toString(),
    readOnly: view.state.readOnly,
    insert: (passage, before) => insertPassage(view, passage, before),
    download: (kept) => download(name, kept),
    discard: () => void live.discardAside(),
  });
}

/** Behind the line that stood before it, else at the end. */
function insertPassage(view: EditorView, passage: string, before: string): void {
  const source = view.state.doc.toString();
  const at = before === "" ? -1 : source.indexOf(before);
  const end = at < 0 ? source.length : at + before.length;
  view.dispatch({ changes: { from: end, insert: `\n${passage}` }, effects: EditorView.scrollIntoView(end, { y: "center" }), userEvent: "input" });
}
