import assert from "node:assert/strict";
import { test } from "node:test";
import { BLINK_MS, SLOW_STORAGE_MS, describe, type Facts, type StateKey, type Tone } from "./state";
import type { SaveState } from "./wire";

const STORED: SaveState = { state: "stored", covers: 3, storedAtMs: 724_000, version: "v7", code: null, reason: null };

const LIVE: Facts = {
  phase: "live",
  stop: null,
  synced: true,
  receivedBytes: 0,
  awayMs: 0,
  restarting: false,
  pending: 0,
  kept: "browser",
  quotaFull: false,
  journalAway: false,
  nodesApart: false,
  save: STORED,
  allStored: true,
  lastStoredMs: 724_000,
  unstoredMs: 0,
  readOnly: null,
  asideEdits: false,
  conflicts: 0,
  outside: null,
  deleted: false,
  time: (atMs) => `at ${atMs}`,
  size: (bytes) => `${bytes} B`,
};

function line(facts: Partial<Facts>) {
  return describe({ ...LIVE, ...facts }).line;
}

function banners(facts: Partial<Facts>) {
  return describe({ ...LIVE, ...facts }).banners;
}

const ROWS: readonly (readonly [string, Partial<Facts>, StateKey, Tone])[] = [
  ["joining says how much has come", { phase: "syncing", synced: false, receivedBytes: 900, save: null }, "state.opening", "busy"],
  ["connecting for the first time is opening", { phase: "connecting", synced: false, save: null }, "state.opening", "busy"],
  ["a first connection that fails is offline", { phase: "offline", synced: false, awayMs: 5_000, save: null }, "state.offline", "warning"],
  ["everything journalled is saved", { save: { ...STORED, state: "pending" }, allStored: false }, "state.saved", "good"],
  ["a room without a file is saved", { save: { ...STORED, state: "none" }, allStored: false }, "state.saved", "good"],
  ["stored only when the file covers my last edit", {}, "state.stored_at", "good"],
  ["a stored file that lacks my last edit is only saved", { allStored: false }, "state.saved", "good"],
  ["unacknowledged edits are being saved", { pending: 2, allStored: false }, "state.saving", "busy"],
  ["offline edits are kept in this browser", { phase: "offline", awayMs: 9_000, pending: 4 }, "state.offline_kept", "warning"],
  ["offline without a store says so", { phase: "offline", awayMs: 9_000, pending: 4, kept: "tab" }, "state.offline_tab", "danger"],
  ["offline without edits says that one may go on", { phase: "offline", awayMs: 9_000 }, "state.offline", "warning"],
  ["trying again is still offline", { phase: "connecting", awayMs: 9_000, pending: 1 }, "state.offline_kept", "warning"],
  ["a refusing storage says since when and why", { save: { ...STORED, state: "refused", reason: "The storage is full." } }, "state.refused_since", "danger"],
  ["a storage that never took the file says why", { save: { ...STORED, state: "refused", reason: "Locked." }, lastStoredMs: null }, "state.refused", "danger"],
  ["a slow storage is told", { allStored: false, save: { ...STORED, state: "saving" }, unstoredMs: SLOW_STORAGE_MS }, "state.slow_since", "danger"],
  ["a journal that is away is told", { journalAway: true, pending: 1 }, "state.journal_away", "danger"],
  ["a viewer reads why nothing can be typed", { readOnly: "role_viewer" }, "state.read_only.viewer", "muted"],
  ["a commenter reads it too", { readOnly: "role_commenter" }, "state.read_only.commenter", "muted"],
  ["a storage without write rights", { readOnly: "storage" }, "state.read_only.storage", "muted"],
  ["a document of another kind", { readOnly: "kind" }, "state.read_only.kind", "muted"],
  ["a viewer hears that the storage refuses", { readOnly: "role_viewer", save: { ...STORED, state: "refused", reason: "Full." } }, "state.refused_since", "danger"],
  ["a restarting server is back in a moment", { phase: "offline", awayMs: 3_000, restarting: true }, "state.restarting", "warning"],
  ["a restart without a store asks to keep the tab", { phase: "offline", awayMs: 3_000, restarting: true, kept: "tab" }, "state.restarting_tab", "warning"],
  ["an ended session asks to sign in", { phase: "stopped", stop: "signed_out", awayMs: 3_000 }, "state.signed_out", "warning"],
  ["lost rights", { phase: "stopped", stop: "forbidden" }, "state.forbidden", "danger"],
  ["lost rights with unsent edits", { phase: "stopped", stop: "forbidden", pending: 2 }, "state.forbidden_unsent", "danger"],
  ["another history without edits", { phase: "stopped", stop: "history_changed" }, "state.history_changed", "danger"],
  ["another history with edits keeps them aside", { phase: "stopped", stop: "history_changed", pending: 1 }, "state.aside", "warning"],
  ["a document that is gone", { phase: "stopped", stop: "not_found" }, "state.not_found", "danger"],
  ["a limit", { phase: "stopped", stop: "limit" }, "state.limit", "danger"],
  ["a file that cannot be edited", { phase: "stopped", stop: "unsupported" }, "state.unsupported", "danger"],
  ["a refused message", { phase: "stopped", stop: "malformed" }, "state.stopped", "danger"],
];

for (const [name, facts, key, tone] of ROWS) {
  test(`state: ${name}`, () => {
    const shown = line(facts);

    assert.equal(shown.key, key);
    assert.equal(shown.tone, tone);
  });
}

test("state: a short interruption without edits changes nothing", () => {
  assert.equal(line({ phase: "offline", awayMs: BLINK_MS - 1 }).key, "state.stored_at");
  assert.equal(line({ phase: "offline", awayMs: BLINK_MS }).key, "state.offline");
});

test("state: a short interruption with edits is never called saved", () => {
  assert.equal(line({ phase: "offline", awayMs: 10, pending: 1, allStored: false }).key, "state.saving");
});

test("state: a refusal says the time and the reason in words", () => {
  const shown = line({ save: { ...STORED, state: "refused", reason: "The storage is full." } });

  assert.deepEqual(shown.values, { reason: "The storage is full.", time: "at 724000" });
  assert.deepEqual(shown.actions, ["retry", "download_copy", "details"]);
});

test("state: what must not be missed is a banner too", () => {
  const refused = banners({ save: { ...STORED, state: "refused", reason: "Full." } });

  assert.deepEqual(refused.map((banner) => banner.id), ["state"]);
  assert.ok(refused[0]?.actions.includes("download_copy"));
});

test("state: lost rights offer the unsent edits", () => {
  assert.deepEqual(line({ phase: "stopped", stop: "forbidden", pending: 1 }).actions, ["download_unsent"]);
});

test("state: news about the text are banners with what one can do", () => {
  const shown = banners({ nodesApart: true, conflicts: 2, outside: { who: "", places: 3, undoable: true }, asideEdits: true, deleted: true, quotaFull: true });

  assert.deepEqual(shown.map((banner) => [banner.id, banner.key]), [
    ["aside", "state.aside"],
    ["deleted", "state.deleted"],
    ["conflicts", "state.conflicts"],
    ["outside", "state.outside"],
    ["nodes_apart", "state.nodes_apart"],
    ["quota", "state.quota"],
  ]);
  assert.ok(shown.every((banner) => banner.id === "nodes_apart" || banner.actions.length > 0));
});

test("state: a known author of an outside change is named", () => {
  assert.deepEqual(banners({ outside: { who: "Anna's laptop", places: 1, undoable: false } })[0]?.values, { who: "Anna's laptop", count: 1 });
});

test("state: an outside change is taken back by those who may write, while that is possible", () => {
  const actions = (facts: Partial<Facts>) => banners(facts)[0]?.actions;
  const outside = { who: "", places: 1, undoable: true };

  assert.deepEqual(actions({ outside }), ["show_changes", "undo_changes", "dismiss_changes"]);
  assert.deepEqual(actions({ outside, readOnly: "role_viewer" }), ["show_changes", "dismiss_changes"]);
  assert.deepEqual(actions({ outside: { ...outside, undoable: false } }), ["show_changes", "dismiss_changes"]);
});

test("state: nothing to say means no banner", () => {
  assert.deepEqual(banners({}), []);
});
