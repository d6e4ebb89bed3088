/** Owns how a room is reached and why one may not come back; knows no socket. */

/** How to reach the room; a token lives in `url` or beside it. */
export interface Access {
  readonly url: string;
  readonly historyId: string;
}

/** Why the connection is not coming back by itself. `signed_out`: `renew` said so; else the close code's meaning. */
export type StopReason =
  | "malformed"
  | "signed_out"
  | "forbidden"
  | "not_found"
  | "history_changed"
  | "limit"
  | "unsupported";

/** What `renew` answers when the person may not come back. */
export class AccessRefused extends Error {
  constructor(readonly reason: StopReason) {
    super(reason);
  }
}

const SUBPROTOCOL = "collab.v1";

/** Close codes after which nothing is retried. */
export const STOPS: ReadonlyMap<number, StopReason> = new Map([
  [4400, "malformed"],
  [4403, "forbidden"],
  [4404, "not_found"],
  [4409, "history_changed"],
  [4413, "limit"],
  [4415, "unsupported"],
]);

/** The token travels as a subprotocol, where no log and no referrer sees it. */
export function addressOf(access: Access): { address: string; protocols: string[] } {
  const url = new URL(access.url, globalThis.location?.href);
  const token = url.searchParams.get("token");
  url.searchParams.delete("token");
  url.searchParams.set("v", "1");
  url.searchParams.set("history", access.historyId);
  if (url.protocol === "http:") url.protocol = "ws:";
  if (url.protocol === "https:") url.protocol = "wss:";
  return { address: url.href, protocols: token ? [SUBPROTOCOL, `token.${token}`] : [SUBPROTOCOL] };
}
