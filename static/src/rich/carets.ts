/** Owns how the others' carets and selections look. */
import type { DecorationAttrs } from "prosemirror-view";
import type { Awareness } from "y-protocols/awareness";
import { wearColors } from "../shell/people";
import { readPeer } from "../sync/peers";

export function caretOf(awareness: Awareness): (user: unknown, client: number) => HTMLElement {
  return (_user, client) => {
    const peer = readPeer(client, awareness.getStates().get(client));
    const caret = document.createElement("span");
    caret.className = "peer-caret";
    caret.setAttribute("aria-hidden", "true");
    wearColors(caret, peer.color, peer.colorDark);
    const flag = document.createElement("span");
    flag.className = "peer-flag";
    flag.textContent = peer.name;
    caret.append("\u2060", flag, "\u2060");
    return caret;
  };
}

/** A tint in the person's colour: the binding gives the presence state's `user`. */
export function selectionOf(user: { color?: unknown }): DecorationAttrs {
  const color = typeof user.color === "string" && /^#[0-9a-f]{6}$/i.test(user.color) ? user.color : "#888888";
  return { style: `background-color: ${color}33`, class: "rich-peer-selection" };
}
