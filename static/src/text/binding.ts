/** Owns the binding of a Y.Text and a CodeMirror document: both hold the same characters at the same places.
 *
 * Why not a ready binding: things in the text that are not characters (a hostile or newer client may embed them) would
 * stop the editor of everybody. Here each takes the place of one character, so that the two never drift apart.
 */
import { Annotation, ChangeSet, Transaction, type ChangeSpec, type Extension } from "@codemirror/state";
import { ViewPlugin, type EditorView, type PluginValue, type ViewUpdate } from "@codemirror/view";
import type * as Y from "yjs";

/** Origin of the transactions that this binding makes; undo follows it. */
export const TYPED_HERE = Symbol("typed here");
/** Origin of this person's edits that did not start in the editor (a conflict settled); undone like typing. */
export const SETTLED_HERE = Symbol("settled here");

/** The Y clients whose insertions a remote transaction brings; empty for pure deletions. */
export const authors = Annotation.define<readonly number[]>();

/** Stands for one embedded thing of length one. */
const PLACEHOLDER = "\ufffc";

/** At three bytes a character this stays below the server's limit of a message. */
const PIECE_CHARACTERS = 200_000;

interface Delta {
  readonly insert?: unknown;
  readonly delete?: number;
  readonly retain?: number;
}

/** The text as CodeMirror has to show it. */
export function textOf(ytext: Y.Text): string {
  return (ytext.toDelta() as Delta[]).map((part) => charactersOf(part.insert)).join("");
}

function charactersOf(insert: unknown): string {
  return typeof insert === "string" ? insert : PLACEHOLDER;
}

/** A Y delta as changes of the document before it. */
export function changesOf(delta: readonly Delta[]): ChangeSpec[] {
  const changes: ChangeSpec[] = [];
  let position = 0;
  for (const part of delta) {
    if (part.insert !== undefined) {
      changes.push({ from: position, insert: charactersOf(part.insert) });
    } else if (part.delete !== undefined) {
      changes.push({ from: position, to: position + part.delete });
      position += part.delete;
    } else {
      position += part.retain ?? 0;
    }
  }
  return changes;
}

/** Whether a transaction of the editor came from the document and not from this person. */
export function isRemote(transaction: Transaction): boolean {
  return transaction.annotation(Transaction.remote) === true;
}

function authorsOf(transaction: Y.Transaction): number[] {
  const { beforeState, afterState } = transaction;
  return [...afterState].flatMap(([client, clock]) => (clock > (beforeState.get(client) ?? 0) ? [client] : []));
}

class Binding implements PluginValue {
  constructor(
    private readonly view: EditorView,
    private readonly ytext: Y.Text,
    private readonly beforeEdit: (update: ViewUpdate) => void,
  ) {
    ytext.observe(this.onEvent);
  }

  /** What others changed, or undo did, goes in. */
  private readonly onEvent = (event: Y.YTextEvent, transaction: Y.Transaction): void => {
    if (transaction.origin === TYPED_HERE) return;
    const changes = ChangeSet.of(changesOf(event.delta as Delta[]), this.view.state.doc.length, "\n");
    this.view.dispatch({ changes, annotations: [Transaction.remote.of(true), authors.of(authorsOf(transaction))] });
  };

  /** What was typed here goes out as one transaction. */
  update(update: ViewUpdate): void {
    if (!update.docChanged || update.transactions.some(isRemote)) return;
    this.beforeEdit(update);
    if (update.changes.newLength - update.changes.length > PIECE_CHARACTERS) this.write(update.changes);
    else this.ytext.doc?.transact(() => this.write(update.changes), TYPED_HERE);
  }

  private write(changes: ChangeSet): void {
    let shift = 0;
    changes.iterChanges((fromA, toA, _fromB, _toB, insert) => {
      const text = insert.sliceString(0, insert.length, "\n");
      const at = fromA + shift;
      this.ytext.doc?.transact(() => toA > fromA && this.ytext.delete(at, toA - fromA), TYPED_HERE);
      for (const [start, piece] of piecesOf(text)) this.ytext.doc?.transact(() => this.ytext.insert(at + start, piece), TYPED_HERE);
      shift += text.length - (toA - fromA);
    });
  }

  destroy(): void {
    this.ytext.unobserve(this.onEvent);
  }
}

/** A large paste becomes several transactions, so that each fits into one message; no surrogate pair is cut. */
export function piecesOf(text: string, size = PIECE_CHARACTERS): [number, string][] {
  const pieces: [number, string][] = [];
  for (let start = 0; start < text.length; ) {
    let end = Math.min(text.length, start + size);
    if (end < text.length && /[\ud800-\udbff]/.test(text[end - 1] ?? "")) end += 1;
    pieces.push([start, text.slice(start, end)]);
    start = end;
  }
  return pieces;
}

/** Bind the editor to the text; `beforeEdit` sees each local change before it is written into the text. */
export function bindingOf(ytext: Y.Text, beforeEdit: (update: ViewUpdate) => void): Extension {
  return ViewPlugin.define((view) => new Binding(view, ytext, beforeEdit));
}
