/** Owns the notes on cells that were changed here and outside at the same time: both versions are shown until somebody has seen them. */
import * as Y from "yjs";
import { button, openDialog } from "../shell/dialog";
import { h, replaceChildren } from "../shell/dom";
import { formatMoment, t } from "../shell/i18n";
import { count, fieldsOf, text } from "../sync/wire";
import { version } from "../text/conflicts";
import type { Book } from "./book";

export function notesOf(doc: Y.Doc): Y.Map<unknown> {
  return doc.getMap<unknown>("conflicts");
}

/** Show all notes; somebody who may write can put them away. */
export function openNotes(book: Book, readOnly: boolean, goTo: (place: string) => void): void {
  const map = notesOf(book.doc);
  const draw = (): void => {
    if (map.size === 0) return dialog.close();
    replaceChildren(dialog.body, h("p", { class: "hint" }, t("sheet.conflict_text")), ...[...map.entries()].map(([id, value]) => card(id, value)));
  };
  const card = (id: string, value: unknown): HTMLElement => {
    const fields = value instanceof Y.Map ? new Map<string, unknown>(value.entries()) : fieldsOf(value);
    const title = text(fields.get("cell")) || text(fields.get("part"));
    const place = placeOf(book, fields);
    const [live, theirs] = [text(fields.get("live")) ?? "", text(fields.get("theirs")) ?? ""];
    const atMs = count(fields.get("at_ms"));
    const versions = h("div", { class: "conflict-versions" }, version(t("conflict.mine"), "", live, theirs), version(t("conflict.theirs", { who: t("conflict.file") }), atMs === null ? "" : formatMoment(atMs), theirs, live));
    const show = place ? button(t("sheet.conflict_show"), () => (dialog.close(), goTo(place))) : null;
    const done = readOnly ? null : button(t("rich.conflict_done"), () => map.delete(id));
    return h("section", { class: "conflict" }, title ? h("h3", {}, title) : null, versions, h("div", { class: "conflict-actions" }, show, done));
  };
  map.observe(draw);
  const dialog = openDialog({ title: t("conflict.title"), kind: "wide", onClose: () => map.unobserve(draw) });
  dialog.body.classList.add("conflicts");
  draw();
}

/** `Sheet1!B4` as the merge wrote it; null when the note is about no cell, or its sheet is gone. */
function placeOf(book: Book, fields: ReadonlyMap<string, unknown>): string | null {
  const place = text(fields.get("cell")) ?? "";
  const mark = place.lastIndexOf("!");
  return mark > 0 && book.named(place.slice(0, mark)) ? place : null;
}
