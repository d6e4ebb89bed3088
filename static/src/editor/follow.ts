/** Owns following: the followed person's view scrolls ours, until any key, click or wheel of ours ends it. */
import type { Awareness } from "y-protocols/awareness";
import { peersOf, type Peer } from "../sync/peers";
import type { PeoplePlaces } from "./contract";

const ENDS = ["keydown", "pointerdown", "wheel", "touchstart"] as const;

export class Follow {
  private userId: string | null = null;

  /** `places` is asked each time; `changed` hears when following starts or ends. */
  constructor(
    private readonly places: () => PeoplePlaces | undefined,
    private readonly awareness: Awareness,
    private readonly changed: () => void,
  ) {
    awareness.on("change", this.step);
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

  goTo(peer: Peer): void {
    this.places()?.goTo(peer);
  }

  destroy(): void {
    this.end();
    this.awareness.off("change", this.step);
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
    this.places()?.show(peer);
  };
}
