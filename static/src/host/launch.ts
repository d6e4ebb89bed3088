/** Owns what the server put into the page when a host opened a file; draws nothing. */
import type { OpenDocument } from "../shell/api";

export interface HostFacts {
  /** Of the page around this one; null: it is not known, and nothing is sent. */
  readonly origin: string | null;
  readonly user_id: string;
  readonly is_owner: boolean;
  readonly can: Readonly<Record<"rename" | "save_as" | "terminate", boolean>>;
  /** Which buttons the host wants to be told of by a message. */
  readonly posts: Readonly<Record<string, boolean>>;
  readonly switches: Readonly<Record<string, boolean>>;
  readonly urls: Readonly<Record<string, string>>;
}

export interface Launch {
  readonly opened?: OpenDocument;
  readonly host?: HostFacts;
  readonly problem?: { readonly code: string; readonly message: string };
  readonly ui?: {
    readonly lang: string | null;
    readonly theme: "dark" | "light" | null;
    readonly colors: Readonly<Record<string, string>>;
    readonly close_button: boolean;
  };
}

/** Read it, and take the token out of the address where a host put it there. */
export function readLaunch(): Launch {
  const text = document.getElementById("launch")?.textContent ?? "{}";
  if (new URLSearchParams(location.search).has("access_token")) history.replaceState(null, "", location.pathname);
  return JSON.parse(text) as Launch;
}
