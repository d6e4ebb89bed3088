/** Owns the others' cursors and selections in the text, and the sending of ours. */
import { Annotation, type Extension, type Range } from "@codemirror/state";
import { Decoration, ViewPlugin, WidgetType, type DecorationSet, type EditorView, type PluginValue, type ViewUpdate } from "@codemirror/view";
import type { Awareness } from "y-protocols/awareness";
import * as Y from "yjs";
import { wearColors } from "../shell/people";
import { readPeer, resolve, type Peer } from "../sync/peers";

const cursorsMoved = Annotation.define<boolean>();

interface Place {
  peer: Peer;
  anchor: number;
  head: number;
  /** Grows with each move of that person: the flag shows again. */
  moves: number;
}

class CaretWidget extends WidgetType {
  constructor(private readonly peer: Peer, private readonly moves: number) {
    super();
  }

  override eq(other: CaretWidget): boolean {
    return other.moves === this.moves && other.peer.name === this.peer.name && other.peer.color === this.peer.color;
  }

  toDOM(): HTMLElement {
    const caret = document.createElement("span");
    caret.className = "peer-caret";
    caret.setAttribute("aria-hidden", "true");
    wearColors(caret, this.peer.color, this.peer.colorDark);
    const flag = document.createElement("span");
    flag.className = "peer-flag";
    flag.textContent = this.peer.name;
    caret.append("\u2060", flag, "\u2060");
    return caret;
  }

  override ignoreEvent(): boolean {
    return true;
  }
}

class Cursors implements PluginValue {
  decorations: DecorationSet = Decoration.none;
  private readonly places = new Map<number, Place>();
  private readonly unresolved = new Map<number, Peer>();
  private sent: { anchor: number; head: number } | null = null;

  constructor(private readonly view: EditorView, private readonly ytext: Y.Text, private readonly awareness: Awareness, private readonly shares: boolean) {
    awareness.on("change", this.onChange);
    for (const client of awareness.getStates().keys()) this.read(client);
    this.draw();
  }

  private readonly onChange = ({ added, updated, removed }: { added: number[]; updated: number[]; removed: number[] }): void => {
    const clients = [...added, ...updated, ...removed].filter((client) => client !== this.awareness.clientID);
    if (clients.length === 0) return;
    for (const client of clients) this.read(client);
    this.view.dispatch({ annotations: cursorsMoved.of(true) });
  };

  update(update: ViewUpdate): void {
    if (update.docChanged) {
      for (const place of this.places.values()) {
        place.anchor = update.changes.mapPos(place.anchor, 1);
        place.head = update.changes.mapPos(place.head, 1);
      }
      for (const [client, peer] of [...this.unresolved]) this.place(client, peer);
    }
    if (update.docChanged || update.transactions.some((transaction) => transaction.annotation(cursorsMoved))) this.draw();
    if (this.shares && (update.selectionSet || update.focusChanged || update.docChanged)) this.share(update.view);
  }

  destroy(): void {
    this.awareness.off("change", this.onChange);
  }

  private read(client: number): void {
    const state = this.awareness.getStates().get(client);
    const peer = state === undefined || client === this.awareness.clientID ? null : readPeer(client, state);
    if (peer?.cursor) return this.place(client, peer);
    this.places.delete(client);
    this.unresolved.delete(client);
  }

  private place(client: number, peer: Peer): void {
    const anchor = peer.cursor && resolve(peer.cursor.anchor, this.ytext);
    const head = peer.cursor && resolve(peer.cursor.head, this.ytext);
    if (anchor === null || head === null) return void this.unresolved.set(client, peer);
    this.unresolved.delete(client);
    const old = this.places.get(client);
    const moved = !old || old.anchor !== anchor || old.head !== head;
    this.places.set(client, { peer, anchor, head, moves: (old?.moves ?? 0) + (moved ? 1 : 0) });
  }

  private draw(): void {
    const length = this.view.state.doc.length;
    const ranges: Range<Decoration>[] = [];
    for (const { peer, anchor, head, moves } of this.places.values()) {
      const from = Math.min(anchor, head, length);
      const to = Math.min(Math.max(anchor, head), length);
      if (to > from) ranges.push(selectionOf(peer).range(from, to));
      const side = head >= anchor ? -1 : 1;
      ranges.push(Decoration.widget({ widget: new CaretWidget(peer, moves), side }).range(Math.min(head, length)));
    }
    this.decorations = Decoration.set(ranges, true);
  }

  /** Tell the others where we are, as positions that move with the text; without focus we are where we were. */
  private share(view: EditorView): void {
    const { anchor, head } = view.state.selection.main;
    if (!view.hasFocus || (this.sent?.anchor === anchor && this.sent.head === head)) return;
    this.sent = { anchor, head };
    // The text has the change by now only after this update: the binding comes first in the list of extensions.
    const position = (index: number): Y.RelativePosition => Y.createRelativePositionFromTypeIndex(this.ytext, Math.min(index, this.ytext.length));
    this.awareness.setLocalStateField("cursor", { anchor: position(anchor), head: position(head) });
  }
}

const selections = new Map<string, Decoration>();

function selectionOf(peer: Peer): Decoration {
  let mark = selections.get(peer.color);
  if (!mark) {
    mark = Decoration.mark({ class: "peer-selection person", attributes: { style: `--person-light: ${peer.color}; --person-dark: ${peer.colorDark}` } });
    selections.set(peer.color, mark);
  }
  return mark;
}

/** `shares`: ours is told to the others too; an owner of many texts does that itself. */
export function cursorsOf(ytext: Y.Text, awareness: Awareness, shares = true): Extension {
  return ViewPlugin.define((view) => new Cursors(view, ytext, awareness, shares), { decorations: (plugin) => plugin.decorations });
}
