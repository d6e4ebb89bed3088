/** Owns by which right this page asks for its document: the session of the browser, or room tokens that it was given.
 *
 * Who came by a share link has a room token and nothing else. Who was allowed to edit for a while has a second one on
 * top, and falls back to what was before when it ends.
 */
import { ApiError, api, actWith, type OpenDocument } from "./api";
import { keepOpened } from "./hand-over";

let rights: string[] = [];
let guest = false;
/** Whether this tab remembers the right when it is loaded again. */
let remembered = true;

/** This page belongs to a guest with that token; `more` are rights given since. */
export function startAsGuest(tokens: readonly string[], remember = true): void {
  remembered = remember;
  rights = [...tokens];
  guest = true;
  actWith(rights.at(-1) ?? null);
}

/** A right that was given on top. */
export function addRight(token: string): void {
  rights.push(token);
}

/** A fresh token for the document, by the best right that still stands. */
export async function renew(documentId: string, name?: string): Promise<OpenDocument> {
  for (;;) {
    const token = rights.at(-1) ?? null;
    actWith(token);
    try {
      return took(await api.renewToken(documentId, name));
    } catch (error) {
      const ended = error instanceof ApiError && (error.status === 401 || error.status === 403);
      if (!ended || token === null || (guest && rights.length === 1)) throw error;
      rights.pop();
    }
  }
}

/** The answer's token takes the place of the one that it was made from. */
function took(opened: OpenDocument): OpenDocument {
  if (rights.length === 0) return opened;
  rights[rights.length - 1] = opened.token;
  actWith(opened.token);
  if (guest && remembered) keepOpened({ root: opened.root, path: opened.path }, opened, rights);
  return opened;
}
