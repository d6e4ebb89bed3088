/** Owns what the share page hands to the editor: the opened document, for this tab and this file only. */
import type { OpenDocument, Place } from "./api";

const KEY = "collab.opened";

interface Kept {
  readonly root: string;
  readonly path: string;
  readonly opened: OpenDocument;
}

export function keepOpened(place: Place, opened: OpenDocument): void {
  const kept: Kept = { root: place.root, path: place.path, opened };
  sessionStorage.setItem(KEY, JSON.stringify(kept));
}

/**
 * The document that a share link opened in this tab, when the editor was asked for this file. It stays until the tab
 * is closed, so that a reload goes on: such a guest may not call `documents/open`, but may renew the token.
 */
export function openedByShare(place: Place): OpenDocument | null {
  try {
    const kept = JSON.parse(sessionStorage.getItem(KEY) ?? "null") as Kept | null;
    return kept && kept.path === place.path && (kept.root === place.root || !place.root) ? kept.opened : null;
  } catch {
    return null;
  }
}
