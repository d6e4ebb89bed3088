/** Owns where people are in a text: showing and going to the others, and sharing what is at the top of our own window. */
import { EditorView } from "@codemirror/view";
import * as Y from "yjs";
import type { EditorHost, PeoplePlaces } from "../editor/contract";
import { resolve, type Peer } from "../sync/peers";

const SHARE_AFTER_MS = 250;

export class TextPeople implements PeoplePlaces {
  private shared: number | null = null;
  private timer: number | undefined;

  constructor(private readonly view: EditorView, private readonly ytext: Y.Text, private readonly host: EditorHost, private readonly section: (position: number) => string | null) {
    view.scrollDOM.addEventListener("scroll", this.share, { passive: true });
  }

  show(peer: Peer): void {
    const head = peer.cursor && resolve(peer.cursor.head, this.ytext);
    const top = peer.top && resolve(peer.top, this.ytext);
    const effect = top !== null ? EditorView.scrollIntoView(top, { y: "start" }) : head === null ? null : EditorView.scrollIntoView(head, { y: "center" });
    if (effect) this.view.dispatch({ effects: effect });
  }

  goTo(peer: Peer): void {
    const head = peer.cursor && resolve(peer.cursor.head, this.ytext);
    if (head === null) return;
    this.view.dispatch({ selection: { anchor: head }, effects: EditorView.scrollIntoView(head, { y: "center" }) });
    this.view.focus();
  }

  describe(peer: Peer): string | null {
    const head = peer.cursor && resolve(peer.cursor.head, this.ytext);
    return head === null ? null : this.section(head);
  }

  destroy(): void {
    window.clearTimeout(this.timer);
    this.view.scrollDOM.removeEventListener("scroll", this.share);
  }

  /** Tell the others what is at the top of our window. */
  private readonly share = (): void => {
    this.timer ??= window.setTimeout(() => {
      this.timer = undefined;
      const { scrollDOM, documentPadding } = this.view;
      const top = this.view.lineBlockAtHeight(scrollDOM.scrollTop - documentPadding.top).from;
      if (top === this.shared || this.host.following) return;
      this.shared = top;
      const position = Y.createRelativePositionFromTypeIndex(this.ytext, Math.min(top, this.ytext.length));
      this.host.live.provider.awareness.setLocalStateField("top", position);
    }, SHARE_AFTER_MS);
  };
}
