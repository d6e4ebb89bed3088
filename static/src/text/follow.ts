/** Owns following: the followed person's view scrolls ours, until any key, click or wheel of ours ends it. */
import { EditorView } from "@codemirror/view";
import type { Awareness } from "y-protocols/awareness";
import * as Y from "yjs";
import { peersOf, resolve, type Peer } from "../sync/peers";

const SHARE_AFTER_MS = 250;
const ENDS = ["keydown", "pointerdown", "wheel", "touchstart"] as const;

export class Follow {
  private userId: string | null = null;
  private shared: number | null = null;
  private shareTimer: number | undefined;

  /** `changed` hears when following starts or ends. */
  constructor(
    private readonly view: EditorView,
    private readonly ytext: Y.Text,
    private readonly awareness: Awareness,
    private readonly changed: () => void,
  ) {
    awareness.on("change", this.step);
    view.scrollDOM.addEventListener("scroll", this.share, { passive: true });
  }

  get followed(): string | null {
    return this.userId;
  }

  toggle(peer: Peer): void {
    if (this.userId === peer.userId) return this.end();
    this.userId = peer.userId;
    for (const name of ENDS) window.addEventListener(name, this.onOwnInput, { capture: true, passive: true });
    this.changed();
    this.step();
  }

  /** Put our cursor where that person is; Tab order and screen readers go along. */
  goTo(peer: Peer): void {
    const head = peer.cursor && resolve(peer.cursor.head, this.ytext);
    if (head === null) return;
    this.view.dispatch({ selection: { anchor: head }, effects: EditorView.scrollIntoView(head, { y: "center" }) });
    this.view.focus();
  }

  destroy(): void {
    this.end();
    this.awareness.off("change", this.step);
    this.view.scrollDOM.removeEventListener("scroll", this.share);
    window.clearTimeout(this.shareTimer);
  }

  private readonly onOwnInput = (event: Event): void => {
    if (event.target instanceof Element && event.target.closest(".people-bar")) return; // a click there decides itself
    this.end();
  };

  private end(): void {
    if (this.userId === null) return;
    this.userId = null;
    for (const name of ENDS) window.removeEventListener(name, this.onOwnInput, { capture: true });
    this.changed();
  }

  private readonly step = (): void => {
    if (this.userId === null) return;
    const peer = peersOf(this.awareness).find((item) => item.userId === this.userId);
    if (!peer) return this.end();
    const head = peer.cursor && resolve(peer.cursor.head, this.ytext);
    const top = peer.top && resolve(peer.top, this.ytext);
    const effect = top !== null ? EditorView.scrollIntoView(top, { y: "start" }) : head === null ? null : EditorView.scrollIntoView(head, { y: "center" });
    if (effect) this.view.dispatch({ effects: effect });
  };

  /** Tell the others what is at the top of our window. */
  private readonly share = (): void => {
    this.shareTimer ??= window.setTimeout(() => {
      this.shareTimer = undefined;
      const { scrollDOM, documentPadding } = this.view;
      const top = this.view.lineBlockAtHeight(scrollDOM.scrollTop - documentPadding.top).from;
      if (top === this.shared || this.userId !== null) return;
      this.shared = top;
      this.awareness.setLocalStateField("top", Y.createRelativePositionFromTypeIndex(this.ytext, Math.min(top, this.ytext.length)));
    }, SHARE_AFTER_MS);
  };
}
