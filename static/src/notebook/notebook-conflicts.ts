/** Owns what both sides changed in a notebook: passages with two versions in a cell, and notes on what could not be merged.
 *
 * A passage stands twice in its cell until somebody chooses. A note says what the other side has (`theirs`) where the document
 * kept ours: outputs, metadata, a cell's type; it is read and put away.
 */
import * as Y from "yjs";
import { button, openDialog } from "../shell/dialog";
import { h, replaceChildren } from "../shell/dom";
import { t } from "../shell/i18n";
import { fieldsOf, text } from "../sync/wire";
import { conflictCard, conflictsOf, version, type Conflict } from "../text/conflicts";
import { CHANGED_HERE } from "./changes";
import { cellId, cellsOf, isCell, sourceText, type YCell } from "./schema";

const ROOT = "conflicts";

type Found = { readonly cell: YCell; readonly ytext: Y.Text; readonly conflict: Conflict } | { readonly id: string; readonly cell: YCell | null; readonly part: string; readonly live: string; readonly theirs: string };

/** All of them, passages first. */
export function notebookConflicts(doc: Y.Doc): Found[] {
  if (doc.getMap(ROOT).size === 0) return [];
  const cells = cellsOf(doc).toArray().filter(isCell);
  const passages = cells.flatMap((cell): Found[] => {
    const ytext = sourceText(cell);
    return ytext ? conflictsOf(ytext).map((conflict) => ({ cell, ytext, conflict })) : [];
  });
  const notes: Found[] = [];
  doc.getMap<unknown>(ROOT).forEach((value, id) => {
    const fields = value instanceof Y.Map ? new Map<string, unknown>(value.entries()) : fieldsOf(value);
    const part = text(fields.get("part"));
    if (part === null || fields.has("start")) return;
    const cell = cells.find((item) => cellId(item) === text(fields.get("cell"))) ?? null;
    notes.push({ id, cell, part, live: text(fields.get("live")) ?? "", theirs: text(fields.get("theirs")) ?? "" });
  });
  return [...passages, ...notes];
}

export interface NotebookConflictActions {
  readonly doc: Y.Doc;
  readonly readOnly: boolean;
  readonly goTo: (cell: YCell | null, position: number) => void;
}

export function openNotebookConflicts(actions: NotebookConflictActions): void {
  const { doc, readOnly } = actions;
  const map = doc.getMap(ROOT);
  const draw = (): void => {
    const found = notebookConflicts(doc);
    if (found.length === 0) return dialog.close();
    replaceChildren(dialog.body, h("p", { class: "hint" }, t("conflict.text")), ...found.map(cardOf));
  };
  const cardOf = (found: Found): HTMLElement => {
    if ("conflict" in found) {
      const goTo = (position: number): void => actions.goTo(found.cell, position);
      return conflictCard(found.conflict, { ytext: found.ytext, readOnly, origin: CHANGED_HERE, goTo }, dialog.close);
    }
    const done = button(t("notebook.conflict_done"), () => doc.transact(() => map.delete(found.id), CHANGED_HERE));
    const show = button(t("conflict.show"), () => (dialog.close(), actions.goTo(found.cell, 0)));
    const versions = h("div", { class: "conflict-versions" }, version(t("conflict.mine"), "", found.live, found.theirs), version(t("conflict.file"), "", found.theirs, found.live));
    return h("section", { class: "conflict" }, h("h3", {}, t("notebook.conflict_part", { part: found.part })), versions, h("div", { class: "conflict-actions" }, readOnly ? null : done, found.cell ? show : null));
  };
  map.observe(draw);
  const dialog = openDialog({ title: t("conflict.title"), kind: "wide", onClose: () => map.unobserve(draw) });
  dialog.body.classList.add("conflicts");
  draw();
}
