/** Owns what the share page hands to the editor: the opened document, for this tab and this file only. */
import type { OpenDocument, Place } from "./api";

const KEY = "collab.opened";

export interface Kept {
  readonly root: string;
  readonly path: string;
  readonly opened: OpenDocument;
  /** The room tokens by which it may be asked for again, the best last. */
  readonly rights: readonly string[];
}

export function keepOpened(place: Place, opened: OpenDocument, rights: readonly string[] = [opened.token]): void {
  const kept: Kept = { root: place.root, path: place.path, opened, rights };
  sessionStorage.setItem(KEY, JSON.stringify(kept));
}

/**
 * The document that a share link opened in this tab, when the editor was asked for this file. It stays until the tab
 * is closed, so that a reload goes on: such a guest may not call `documents/open`, but may renew the token.
 */
export function openedByShare(place: Place): Kept | null {
  try {
    const kept = JSON.parse(sessionStorage.getItem(KEY) ?? "null") as Kept | null;
    return kept && kept.path === place.path && (kept.root === place.root || !place.root) ? kept : null;
  } catch {
    return null;
  }
}
