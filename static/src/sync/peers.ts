/** Owns who is here: presence states of the others, read with suspicion, as people. Draws nothing.
 *
 * The server puts its own identity, with colours and role, into `user`; everything else in a state comes from another person's browser.
 */
import type { Awareness } from "y-protocols/awareness";
import * as Y from "yjs";
import { fieldsOf, readColors, readRole, text, type Role } from "./wire";

export interface Peer {
  readonly client: number;
  readonly userId: string;
  readonly name: string;
  readonly color: string;
  readonly colorDark: string;
  /** What the server lets this person do. */
  readonly role: Role;
  readonly cursor: Cursor | null;
  /** The start of what is at the top of this person's window. */
  readonly top: Y.RelativePosition | null;
}

export interface Cursor {
  readonly anchor: Y.RelativePosition;
  readonly head: Y.RelativePosition;
}

const LONGEST_NAME = 60;

/** The others, one item per browser window, oldest client first. */
export function peersOf(awareness: Awareness): Peer[] {
  const peers: Peer[] = [];
  for (const [client, state] of awareness.getStates()) {
    if (client !== awareness.clientID) peers.push(readPeer(client, state));
  }
  return peers.sort((left, right) => left.client - right.client);
}

export function readPeer(client: number, state: unknown): Peer {
  const fields = fieldsOf(state);
  const user = fieldsOf(fields.get("user"));
  const name = (text(user.get("name")) ?? "").replace(/[\p{Cc}\p{Cf}]/gu, "").slice(0, LONGEST_NAME).trim();
  return {
    client,
    // Everybody of an open server has the same id: there the name tells people apart.
    userId: `${text(user.get("id")) ?? client} ${name}`,
    name: name || "?",
    ...readColors(user),
    role: readRole(user.get("role")),
    cursor: readCursor(fields.get("cursor")) ?? readCursor(firstOf(fields.get("cursors"))),
    top: readPosition(fields.get("top")),
  };
}

/** JupyterLab shares all its cursors; the first is the main one. */
function firstOf(value: unknown): unknown {
  return Array.isArray(value) ? value[0] : undefined;
}

function readCursor(value: unknown): Cursor | null {
  const fields = fieldsOf(value);
  const anchor = readPosition(fields.get("anchor"));
  const head = readPosition(fields.get("head"));
  return anchor && head ? { anchor, head } : null;
}

/** Only the shape that Yjs writes gets through. */
function readPosition(value: unknown): Y.RelativePosition | null {
  const fields = fieldsOf(value);
  const item = readId(fields.get("item"));
  const type = readId(fields.get("type"));
  const tname = text(fields.get("tname"));
  if (!item && !type && tname === null) return null;
  const assoc = fields.get("assoc");
  return Y.createRelativePositionFromJSON({ item, type, tname, assoc: typeof assoc === "number" ? assoc : 0 });
}

function readId(value: unknown): { client: number; clock: number } | null {
  const fields = fieldsOf(value);
  const client = fields.get("client");
  const clock = fields.get("clock");
  return Number.isSafeInteger(client) && Number.isSafeInteger(clock) ? { client: client as number, clock: clock as number } : null;
}

/** One entry per person, however many windows are open. */
export function peopleOf(peers: readonly Peer[]): Peer[] {
  const people = new Map<string, Peer>();
  for (const peer of peers) if (!people.has(peer.userId)) people.set(peer.userId, peer);
  return [...people.values()];
}

/** Where a position is now, null while its surroundings are not here yet. */
export function resolve(position: Y.RelativePosition, ytext: Y.Text): number | null {
  try {
    const found = ytext.doc ? Y.createAbsolutePositionFromRelativePosition(position, ytext.doc) : null;
    return found?.type === ytext ? found.index : null;
  } catch {
    return null; // made up by its sender
  }
}
