/** Owns what the person is told about their edits: a pure function from facts to words. The only place that decides. */
import type { StopReason } from "./access";
import type { Phase } from "./provider";
import type { SaveState } from "./wire";

export type Tone = "good" | "busy" | "muted" | "warning" | "danger";

export type Action =
  | "retry"
  | "download_copy"
  | "download_unsent"
  | "details"
  | "sign_in"
  | "reload"
  | "compare_aside"
  | "discard_aside"
  | "show_conflicts"
  | "show_changes"
  | "undo_changes"
  | "dismiss_changes"
  | "restore_file"
  | "save_as"
  | "make_copy";

/** A sentence of the catalogue with its values. */
export interface Sentence {
  readonly key: StateKey;
  readonly values: Readonly<Record<string, string | number>>;
}

export interface Line extends Sentence {
  readonly tone: Tone;
  readonly actions: readonly Action[];
}

export interface Banner extends Line {
  readonly id: string;
}

export interface View {
  readonly line: Line;
  readonly banners: readonly Banner[];
}

export type ReadOnlyReason = "role_viewer" | "role_commenter" | "storage" | "kind";

export interface OutsideChange {
  /** Empty: nobody knows. */
  readonly who: string;
  readonly places: number;
  readonly undoable: boolean;
}

export interface Facts {
  readonly phase: Phase;
  readonly stop: StopReason | null;
  /** The document was complete at least once. */
  readonly synced: boolean;
  readonly receivedBytes: number;
  /** How long the connection has been away. */
  readonly awayMs: number;
  readonly restarting: boolean;
  /** My edits that no journal has confirmed, and where they are meanwhile. */
  readonly pending: number;
  readonly kept: "browser" | "tab";
  readonly quotaFull: boolean;
  readonly journalAway: boolean;
  /** The servers of the group cannot reach each other: others' edits come late. */
  readonly nodesApart: boolean;
  readonly save: SaveState | null;
  /** The stored file contains my last edit. */
  readonly allStored: boolean;
  /** The last moment at which the file was known to be complete. */
  readonly lastStoredMs: number | null;
  /** How long there has been something that the storage does not have. */
  readonly unstoredMs: number;
  readonly readOnly: ReadOnlyReason | null;
  readonly asideEdits: boolean;
  readonly conflicts: number;
  readonly outside: OutsideChange | null;
  readonly deleted: boolean;
  /** Turns a moment into `12:04`, and bytes into `1.2 MB`. */
  readonly time: (atMs: number) => string;
  readonly size: (bytes: number) => string;
}

/** A short interruption is not worth a word while nothing of mine is at stake longer than usual. */
export const BLINK_MS = 1_500;
/** The server stores within seconds; past this the person is told. */
export const SLOW_STORAGE_MS = 60_000;

const none: readonly Action[] = [];

/** What to show. Every row of the table in the interface's description is one branch here. */
export function describe(facts: Facts): View {
  const line = lineOf(facts);
  return { line, banners: bannersOf(facts, line) };
}

function lineOf(facts: Facts): Line {
  if (facts.phase === "stopped" && facts.stop) return stoppedLine(facts, facts.stop);
  if (!facts.synced && facts.phase !== "offline") return say("state.opening", "busy", { size: facts.size(facts.receivedBytes) });
  if (facts.phase !== "live" && facts.awayMs >= BLINK_MS) return offlineLine(facts);
  if (facts.phase !== "live" && !facts.synced) return say("state.opening", "busy", { size: facts.size(0) });
  return liveLine(facts);
}

const STOPPED: Readonly<Record<StopReason, { key: StateKey; actions: readonly Action[] }>> = {
  signed_out: { key: "state.signed_out", actions: ["sign_in"] },
  forbidden: { key: "state.forbidden", actions: none },
  not_found: { key: "state.not_found", actions: ["download_copy", "save_as"] },
  history_changed: { key: "state.history_changed", actions: ["reload"] },
  limit: { key: "state.limit", actions: ["download_copy", "reload"] },
  unsupported: { key: "state.unsupported", actions: ["download_copy"] },
  malformed: { key: "state.stopped", actions: ["download_copy", "reload"] },
};

function stoppedLine(facts: Facts, reason: StopReason): Line {
  const { key, actions } = STOPPED[reason];
  if (facts.pending === 0) return say(key, reason === "signed_out" ? "warning" : "danger", {}, actions);
  if (reason === "forbidden") return say("state.forbidden_unsent", "danger", { count: facts.pending }, ["download_unsent"]);
  if (reason === "history_changed") return say("state.aside", "warning", {}, ["compare_aside", "download_copy"]);
  return say(key, "danger", {}, actions);
}

function offlineLine(facts: Facts): Line {
  if (facts.restarting) return say(facts.kept === "browser" ? "state.restarting" : "state.restarting_tab", "warning");
  if (facts.kept === "tab") return say("state.offline_tab", "danger", {}, ["retry", "download_copy"]);
  return say(facts.pending > 0 ? "state.offline_kept" : "state.offline", "warning", {}, ["retry"]);
}

function liveLine(facts: Facts): Line {
  const { save } = facts;
  if (facts.journalAway) return say(facts.kept === "browser" ? "state.journal_away" : "state.journal_away_tab", "danger", {}, ["download_copy"]);
  if (save?.state === "refused") return notStored(facts, save.reason);
  if (facts.readOnly) return say(READ_ONLY[facts.readOnly], "muted", {}, facts.readOnly === "kind" ? none : ["make_copy"]);
  if (facts.pending > 0) return say("state.saving", "busy");
  if (save?.state === "stored" && facts.allStored) return storedLine(facts, save);
  if (save && save.state !== "none" && facts.unstoredMs >= SLOW_STORAGE_MS) return notStored(facts, null);
  return say("state.saved", "good");
}

const READ_ONLY: Readonly<Record<ReadOnlyReason, StateKey>> = {
  role_viewer: "state.read_only.viewer",
  role_commenter: "state.read_only.commenter",
  storage: "state.read_only.storage",
  kind: "state.read_only.kind",
};

function storedLine(facts: Facts, save: SaveState): Line {
  return save.storedAtMs === null ? say("state.stored", "good") : say("state.stored_at", "good", { time: facts.time(save.storedAtMs) });
}

/** Never hidden: the file is behind, since when, and why. No reason given means that the storage is slow. */
function notStored(facts: Facts, reason: string | null): Line {
  const actions: readonly Action[] = ["retry", "download_copy", "details"];
  const since = facts.lastStoredMs === null ? null : facts.time(facts.lastStoredMs);
  if (reason === null) {
    return since === null ? say("state.slow", "danger", {}, actions) : say("state.slow_since", "danger", { time: since }, actions);
  }
  if (since === null) return say("state.refused", "danger", { reason }, actions);
  return say("state.refused_since", "danger", { reason, time: since }, actions);
}

function bannersOf(facts: Facts, line: Line): Banner[] {
  const banners: Banner[] = [];
  const add = (id: string, banner: Line): void => void banners.push({ id, ...banner });
  if (line.tone === "danger" || facts.phase === "stopped") add("state", line);
  if (facts.asideEdits) add("aside", say("state.aside", "warning", {}, ["compare_aside", "discard_aside"]));
  if (facts.deleted) add("deleted", say("state.deleted", "danger", {}, ["restore_file", "save_as"]));
  if (facts.conflicts > 0) add("conflicts", say("state.conflicts", "warning", { count: facts.conflicts }, ["show_conflicts"]));
  if (facts.outside) add("outside", outsideBanner(facts.outside, facts.readOnly === null));
  if (facts.nodesApart && facts.phase === "live") add("nodes_apart", say("state.nodes_apart", "warning"));
  if (facts.quotaFull) add("quota", say("state.quota", "warning", {}, ["download_copy"]));
  return banners;
}

function outsideBanner({ who, places, undoable }: OutsideChange, mayWrite: boolean): Line {
  const actions: readonly Action[] = ["show_changes", ...(undoable && mayWrite ? (["undo_changes"] as const) : []), "dismiss_changes"];
  if (who === "") return say("state.outside", "muted", { count: places }, actions);
  return say("state.outside_by", "muted", { who, count: places }, actions);
}

function say(key: StateKey, tone: Tone, values: Sentence["values"] = {}, actions: readonly Action[] = none): Line {
  return { key, tone, values, actions };
}

/** The catalogue's keys that this module uses; the catalogue's type checks that they exist. */
export type StateKey =
  | "state.aside"
  | "state.conflicts"
  | "state.deleted"
  | "state.forbidden"
  | "state.forbidden_unsent"
  | "state.history_changed"
  | "state.journal_away"
  | "state.journal_away_tab"
  | "state.limit"
  | "state.not_found"
  | "state.offline"
  | "state.offline_kept"
  | "state.offline_tab"
  | "state.opening"
  | "state.outside"
  | "state.outside_by"
  | "state.quota"
  | "state.read_only.commenter"
  | "state.read_only.kind"
  | "state.read_only.storage"
  | "state.read_only.viewer"
  | "state.refused"
  | "state.refused_since"
  | "state.restarting"
  | "state.restarting_tab"
  | "state.saved"
  | "state.saving"
  | "state.signed_out"
  | "state.slow"
  | "state.slow_since"
  | "state.stopped"
  | "state.nodes_apart"
  | "state.stored"
  | "state.stored_at"
  | "state.unsupported";
