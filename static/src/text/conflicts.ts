/** Owns passages with two versions: reads them from the document's `conflicts` map, shows them side by side, settles them.
 *
 * The text holds both versions one after the other, mine (live) first. Keys and values come from the document: they go
 * through Maps and checks, never through plain objects.
 */
import * as Y from "yjs";
import { button, openDialog } from "../shell/dialog";
import { h, replaceChildren } from "../shell/dom";
import { formatMoment, t } from "../shell/i18n";
import { resolve } from "../sync/peers";
import { count, fieldsOf, text } from "../sync/wire";

const ROOT = "conflicts";
/** The source of changes that came through the storage: nobody knows who. */
const STORAGE = "storage";

export interface Conflict {
  readonly id: string;
  /** As they stand in the text now. */
  readonly live: string;
  readonly theirs: string;
  readonly source: string;
  readonly atMs: number | null;
  readonly from: number;
  /** Where mine ends and theirs begins. */
  readonly middle: number;
  readonly to: number;
}

export type Settlement = "mine" | "theirs" | "both";

/** The conflicts whose place is still there, in the text's order. */
export function conflictsOf(ytext: Y.Text): Conflict[] {
  const found: Conflict[] = [];
  ytext.doc?.getMap<unknown>(ROOT).forEach((value, id) => {
    const conflict = readConflict(id, value, ytext);
    if (conflict) found.push(conflict);
  });
  return found.sort((left, right) => left.from - right.from);
}

function readConflict(id: string, value: unknown, ytext: Y.Text): Conflict | null {
  const fields = value instanceof Y.Map ? new Map<string, unknown>(value.entries()) : fieldsOf(value);
  const from = placeOf(fields.get("start"), ytext);
  const middle = placeOf(fields.get("middle"), ytext);
  const to = placeOf(fields.get("end"), ytext);
  if (from === null || middle === null || to === null || from > middle || middle > to || from === to) return null;
  const passage = ytext.toString();
  const versions = { live: passage.slice(from, middle), theirs: passage.slice(middle, to) };
  return { id, from, middle, to, ...versions, source: text(fields.get("source")) ?? "", atMs: count(fields.get("at_ms")) };
}

/** An encoded relative position as a place in the text. */
function placeOf(value: unknown, ytext: Y.Text): number | null {
  try {
    return value instanceof Uint8Array ? resolve(Y.decodeRelativePosition(value), ytext) : null;
  } catch {
    return null;
  }
}

/** Keep one version or both; the conflict is gone for everybody. Answers where the passage is now. */
export function settle(ytext: Y.Text, id: string, settlement: Settlement, origin: unknown): number | null {
  const conflict = conflictsOf(ytext).find((item) => item.id === id);
  if (!conflict || !ytext.doc) return null;
  const { from, middle, to } = conflict;
  ytext.doc.transact(() => {
    if (settlement === "mine" && to > middle) ytext.delete(middle, to - middle);
    if (settlement === "theirs" && middle > from) ytext.delete(from, middle - from);
    ytext.doc?.getMap(ROOT).delete(id);
  }, origin);
  return from;
}

export interface ConflictActions {
  readonly ytext: Y.Text;
  readonly readOnly: boolean;
  /** Origin of the transaction, so that it can be undone. */
  readonly origin: unknown;
  readonly goTo: (position: number) => void;
}

/** One conflict with what can be done about it. */
export function conflictCard(conflict: Conflict, actions: ConflictActions, close: () => void): HTMLElement {
  return cardOf(conflict, actions, close);
}

/** The dialog with all of them, one below the other. It follows what the others settle meanwhile. */
export function openConflicts(actions: ConflictActions): void {
  const { ytext } = actions;
  const map = ytext.doc?.getMap(ROOT);
  const draw = (): void => {
    const conflicts = conflictsOf(ytext);
    if (conflicts.length === 0) return dialog.close();
    replaceChildren(dialog.body, h("p", { class: "hint" }, t("conflict.text")), ...conflicts.map((conflict) => cardOf(conflict, actions, dialog.close)));
  };
  map?.observe(draw);
  const dialog = openDialog({ title: t("conflict.title"), kind: "wide", onClose: () => map?.unobserve(draw) });
  dialog.body.classList.add("conflicts");
  draw();
}

function cardOf(conflict: Conflict, { ytext, readOnly, origin, goTo }: ConflictActions, close: () => void): HTMLElement {
  const who = conflict.source === "" || conflict.source.startsWith(STORAGE) ? t("conflict.file") : conflict.source;
  const when = conflict.atMs === null ? "" : formatMoment(conflict.atMs);
  const versions = h("div", { class: "conflict-versions" }, version(t("conflict.mine"), "", conflict.live, conflict.theirs), version(t("conflict.theirs", { who }), when, conflict.theirs, conflict.live));
  const choose = (settlement: Settlement): void => {
    const at = settle(ytext, conflict.id, settlement, origin);
    if (at !== null && conflictsOf(ytext).length === 0) goTo(at);
  };
  const choices = h("div", { class: "conflict-actions" });
  if (!readOnly) {
    choices.append(button(t("conflict.keep_mine"), () => choose("mine")), button(t("conflict.keep_theirs"), () => choose("theirs")), button(t("conflict.keep_both"), () => choose("both")));
  }
  choices.append(button(t("conflict.show"), () => (close(), goTo(conflict.from))));
  return h("section", { class: "conflict" }, versions, choices);
}

/** One version; lines that the other one lacks are marked. */
export function version(title: string, when: string, mine: string, other: string): HTMLElement {
  const known = new Set(other.split("\n"));
  const lines = mine.replace(/\n$/, "").split("\n").map((line) => h("div", { class: known.has(line) ? "line" : "line line-differs" }, line || "\u00a0"));
  return h("div", { class: "conflict-version" }, h("h3", { title: when }, title), h("pre", { tabIndex: 0 }, ...(mine === "" ? [h("div", { class: "hint" }, t("conflict.nothing"))] : lines)));
}
