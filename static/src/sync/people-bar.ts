/** Owns the people in the top bar: at most five avatars and a count; a click follows, the count opens the whole list. */
import { h, replaceChildren } from "../shell/dom";
import { formatList, t } from "../shell/i18n";
import { showMenu, type MenuEntry } from "../shell/menu";
import { avatar, wearColors } from "../shell/people";
import type { Peer } from "./peers";

const SHOWN = 5;

export interface PeopleActions {
  follow(peer: Peer): void;
  goTo(peer: Peer): void;
}

export class PeopleBar {
  readonly element = h("div", { class: "people-bar", role: "group" });
  private people: readonly Peer[] = [];
  private followed: string | null = null;

  constructor(private readonly actions: PeopleActions) {}

  show(people: readonly Peer[], followed: string | null): void {
    const same = people.length === this.people.length && people.every((peer, index) => sameLook(peer, this.people[index]));
    const redraw = !same || followed !== this.followed;
    this.people = people;
    this.followed = followed;
    if (redraw) this.draw();
  }

  /** Who is here, as a sentence that can be listened to the end. */
  sentence(): string {
    if (this.people.length === 0) return t("people.alone");
    const named = this.people.slice(0, SHOWN).map((peer) => peer.name);
    const rest = this.people.length - named.length;
    const names = rest > 0 ? t("people.and_others", { name: named.join(", "), count: rest }) : formatList(named);
    return t("people.here", { count: this.people.length, names });
  }

  private draw(): void {
    this.element.setAttribute("aria-label", this.sentence());
    const chips = this.people.slice(0, SHOWN).map((peer) => this.chip(peer));
    const rest = this.people.length - SHOWN;
    const more = h("button", { class: "people-more", type: "button", attrs: { "aria-haspopup": "menu", "aria-label": t("people.list") } }, rest > 0 ? t("people.more", { count: rest }) : "");
    more.addEventListener("click", () => showMenu(this.entries(), more));
    replaceChildren(this.element, ...chips, rest > 0 ? more : null);
  }

  private chip(peer: Peer): HTMLElement {
    const followed = peer.userId === this.followed;
    const label = t(followed ? "people.stop_following" : "people.follow", { name: peer.name });
    const chip = h("button", { class: "people-chip", type: "button", title: label, attrs: { "aria-label": label, "aria-pressed": String(followed) } }, avatar({ ...peer, color_dark: peer.colorDark }));
    wearColors(chip, peer.color, peer.colorDark);
    chip.addEventListener("click", () => this.actions.follow(this.current(peer)));
    return chip;
  }

  /** The whole list: who may only read is said. */
  entries(): MenuEntry[] {
    return this.people.map((peer) => {
      const reads = peer.role === "viewer" || peer.role === "commenter";
      const label = reads ? t("people.reader", { name: peer.name }) : peer.name;
      return { label, icon: reads ? ("eye" as const) : ("pencil" as const), run: () => this.actions.goTo(this.current(peer)) };
    });
  }

  private current(peer: Peer): Peer {
    return this.people.find((other) => other.userId === peer.userId) ?? peer;
  }
}

function sameLook(left: Peer, right: Peer | undefined): boolean {
  return left.userId === right?.userId && left.name === right.name && left.color === right.color && left.role === right.role;
}
