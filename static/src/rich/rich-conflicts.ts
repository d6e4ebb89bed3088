/** Owns the notes on blocks that were changed here and outside: both versions are in the document until somebody takes one out.
 *
 * A note shows the versions as they were when they met. It is read and put away; what stays is written in the document.
 */
import * as Y from "yjs";
import { button, openDialog } from "../shell/dialog";
import { h, replaceChildren } from "../shell/dom";
import { formatMoment, t } from "../shell/i18n";
import { count, fieldsOf, text } from "../sync/wire";
import { version } from "../text/conflicts";

interface Note {
  readonly id: string;
  readonly live: string;
  readonly theirs: string;
  readonly atMs: number | null;
}

/** The map of the notes. */
export function notesOf(doc: Y.Doc): Y.Map<unknown> {
  return doc.getMap<unknown>("conflicts");
}

/** Show all notes; somebody who may write can put them away. */
export function openNotes(doc: Y.Doc, readOnly: boolean): void {
  const map = notesOf(doc);
  const draw = (): void => {
    if (map.size === 0) return dialog.close();
    replaceChildren(dialog.body, h("p", { class: "hint" }, t("rich.conflict_text")), ...readNotes(map).map(cardOf));
  };
  const cardOf = (note: Note): HTMLElement => {
    const when = note.atMs === null ? "" : formatMoment(note.atMs);
    const versions = h("div", { class: "conflict-versions" }, version(t("conflict.mine"), "", note.live, note.theirs), version(t("conflict.theirs", { who: t("conflict.file") }), when, note.theirs, note.live));
    const done = readOnly ? null : button(t("rich.conflict_done"), () => map.delete(note.id));
    return h("section", { class: "conflict" }, versions, h("div", { class: "conflict-actions" }, done));
  };
  map.observe(draw);
  const dialog = openDialog({ title: t("conflict.title"), kind: "wide", onClose: () => map.unobserve(draw) });
  dialog.body.classList.add("conflicts");
  draw();
}

function readNotes(map: Y.Map<unknown>): Note[] {
  const found: Note[] = [];
  map.forEach((value, id) => {
    const fields = value instanceof Y.Map ? new Map<string, unknown>(value.entries()) : fieldsOf(value);
    found.push({ id, live: text(fields.get("live")) ?? "", theirs: text(fields.get("theirs")) ?? "", atMs: count(fields.get("at_ms")) });
  });
  return found.sort((left, right) => (left.atMs ?? 0) - (right.atMs ?? 0));
}
