/** Owns the ways out of trouble: copies of the document, and edits of another history that this browser kept. */
import { api, editAddress, upload, type Place } from "../shell/api";
import { h } from "../shell/dom";
import { t } from "../shell/i18n";
import { problemToast, toast } from "../shell/toast";
import type { LiveDocument } from "../sync/live-document";
import { openAside } from "./aside";
import type { Copy, Editor } from "./contract";

const REVOKE_AFTER_MS = 10_000;

/** Give a text to the browser as a file. */
export function downloadText(name: string, content: string): void {
  download({ name, content: new Blob([content], { type: "text/plain;charset=utf-8" }) });
}

/** Give a file to the browser. */
export function download({ name, content }: Copy): void {
  const url = URL.createObjectURL(content);
  h("a", { attrs: { href: url, download: name } }).click();
  window.setTimeout(() => URL.revokeObjectURL(url), REVOKE_AFTER_MS);
}

/** What is in this window, without asking the server; an editor that cannot make its file leaves it to the server. */
export async function downloadCopy(editor: Editor, documentId: string): Promise<void> {
  try {
    download((await editor.copyOfContent()) ?? (await api.liveContent(documentId)));
  } catch (error) {
    problemToast(error);
  }
}

/** A new file with this content beside the old one. */
export async function makeCopy(editor: Editor, documentId: string, { root, path }: Place): Promise<void> {
  const dot = path.lastIndexOf(".");
  const target = dot > path.lastIndexOf("/") + 1 ? `${path.slice(0, dot)} (copy)${path.slice(dot)}` : `${path} (copy)`;
  try {
    const content = (await editor.copyOfContent())?.content ?? (await api.liveContent(documentId)).content;
    const entry = await upload({ root, path: target }, content, false, () => undefined, new AbortController().signal);
    const run = (): void => location.assign(editAddress({ root, path: entry.path }));
    toast(t("notice.copied", { name: entry.name }), { action: { label: t("action.open"), run } });
  } catch (error) {
    problemToast(error);
  }
}

/** What of the kept edits the document lacks, to be put in by hand; where an editor cannot, they can be downloaded. */
export function compareAside(live: LiveDocument, editor: Editor, name: string, readOnly: boolean): void {
  const { aside } = editor;
  const current = aside?.textOf(live.doc) ?? "";
  const texts = live.asideTexts(aside ? (doc) => aside.textOf(doc) : null);
  openAside({
    texts: texts.length > 0 ? texts : [{ historyId: "", text: current, savedAtMs: null }],
    current,
    readOnly: readOnly || !aside,
    insert: (passage, before) => aside?.insert(passage, before),
    download: (kept) => downloadText(name, kept),
    discard: () => void live.discardAside(),
  });
}
