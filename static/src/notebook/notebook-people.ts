/** Owns where people are in a notebook: the markers on cells, showing and going to the others, sharing where we are. */
import * as Y from "yjs";
import type { EditorHost, PeoplePlaces } from "../editor/contract";
import { t } from "../shell/i18n";
import { peersOf, type Peer } from "../sync/peers";
import type { CellList } from "./cell-list";
import type { CellView } from "./cell-view";
import { cellAround, cellsOf, sourceText } from "./schema";

const SHARE_AFTER_MS = 250;

export interface PeopleParts {
  readonly host: EditorHost;
  readonly list: CellList;
  readonly scroller: HTMLElement;
  readonly show: (view: CellView, block: ScrollLogicalPosition) => void;
  readonly goTo: (view: CellView, position: number) => void;
}

export class NotebookPeople implements PeoplePlaces {
  private marked = new Set<CellView>();
  private shared = "";
  private timer: number | undefined;

  constructor(private readonly parts: PeopleParts) {
    parts.host.live.provider.awareness.on("change", this.mark);
    parts.scroller.addEventListener("scroll", this.onScroll, { passive: true });
  }

  show(peer: Peer): void {
    const top = this.placeOf(peer.top);
    const place = top ?? this.placeOf(peer.cursor?.head ?? null);
    if (place) this.parts.show(place.view, top ? "start" : "center");
  }

  goTo(peer: Peer): void {
    const place = this.placeOf(peer.cursor?.head ?? null);
    if (place) this.parts.goTo(place.view, place.index);
  }

  describe(peer: Peer): string | null {
    const place = this.placeOf(peer.cursor?.head ?? null);
    return place ? t("notebook.cell_number", { number: this.parts.list.views.indexOf(place.view) + 1 }) : null;
  }

  /** Tell the others where we are: in a cell's text, or at its beginning when we only chose it. */
  share(view: CellView | null): void {
    const text = view && sourceText(view.cell);
    if (!view || !text) return;
    const { anchor, head } = view.editor?.view.hasFocus ? view.editor.view.state.selection.main : { anchor: 0, head: 0 };
    const position = (index: number): Y.RelativePosition => Y.createRelativePositionFromTypeIndex(text, Math.min(index, text.length));
    const cursor = { anchor: position(anchor), head: position(head) };
    const key = JSON.stringify(cursor);
    if (key === this.shared) return;
    this.shared = key;
    const { awareness } = this.parts.host.live.provider;
    // `cursors` is what JupyterLab shows.
    awareness.setLocalState({ ...awareness.getLocalState(), cursor, cursors: [{ ...cursor, primary: true, empty: anchor === head }] });
  }

  /** Put the others' markers on their cells. */
  readonly mark = (): void => {
    const byView = new Map<CellView, Peer[]>();
    for (const peer of peersOf(this.parts.host.live.provider.awareness)) {
      const place = this.placeOf(peer.cursor?.head ?? null);
      if (place) byView.set(place.view, [...(byView.get(place.view) ?? []), peer]);
    }
    for (const view of this.marked) if (!byView.has(view)) view.showPeople([]);
    for (const [view, peers] of byView) view.showPeople(peers);
    this.marked = new Set(byView.keys());
  };

  destroy(): void {
    window.clearTimeout(this.timer);
    this.parts.host.live.provider.awareness.off("change", this.mark);
    this.parts.scroller.removeEventListener("scroll", this.onScroll);
  }

  private placeOf(position: Y.RelativePosition | null): { view: CellView; index: number } | null {
    const { doc } = this.parts.host.live;
    try {
      const found = position && Y.createAbsolutePositionFromRelativePosition(position, doc);
      const view = found && this.parts.list.viewOf(cellAround(found.type, cellsOf(doc)));
      return view ? { view, index: found.index } : null;
    } catch {
      return null; // made up by its sender
    }
  }

  private readonly onScroll = (): void => {
    this.timer ??= window.setTimeout(() => {
      this.timer = undefined;
      const { host, list, scroller } = this.parts;
      const text = sourceText(list.top(scroller)?.cell ?? new Y.Map());
      if (!host.following && text) host.live.provider.awareness.setLocalStateField("top", Y.createRelativePositionFromTypeIndex(text, 0));
    }, SHARE_AFTER_MS);
  };
}
