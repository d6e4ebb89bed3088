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

/** The host's variables, and what they are called here. A Map: the names come from outside. */
const COLORS: ReadonlyMap<string, string> = new Map([
  ["--co-primary-element", "--host-accent"],
  ["--co-primary", "--host-accent"],
  ["--co-main-background", "--host-ground"],
  ["--co-color-main-background", "--host-ground"],
  ["--co-color-main-text", "--host-ink"],
  ["--oc-role-primary", "--host-accent"],
  ["--oc-role-surface", "--host-ground"],
  ["--oc-role-on-surface", "--host-ink"],
  ["--host-accent", "--host-accent"],
  ["--host-ground", "--host-ground"],
  ["--host-ink", "--host-ink"],
]);

/** Take over the host's colours. */
export function applyColors(colors: Readonly<Record<string, string>>, root: HTMLElement = document.documentElement): void {
  for (const [name, value] of Object.entries(colors)) {
    const ours = COLORS.get(name);
    if (ours !== undefined && CSS.supports("color", value)) root.style.setProperty(ours, value);
  }
}
