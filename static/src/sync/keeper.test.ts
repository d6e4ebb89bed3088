import assert from "node:assert/strict";
import { test } from "node:test";
import * as Y from "yjs";
import { Keeper } from "./keeper";
import { COMPACT_ABOVE, OfflineError, keptText, typedText, type Kept, type OfflineStore } from "./offline";

/** A store in memory with the contract of the browser's. */
class MemoryStore implements OfflineStore {
  readonly entries = new Map<number, { documentId: string; historyId: string; update: Uint8Array }>();
  readonly snapshots = new Map<string, Uint8Array>();
  refuse: OfflineError | null = null;
  private next = 1;

  async load(documentId: string): Promise<Kept[]> {
    const histories = new Set([...this.entries.values()].filter((entry) => entry.documentId === documentId).map((entry) => entry.historyId));
    return [...histories].map((historyId) => {
      const found = [...this.entries].filter(([, entry]) => entry.documentId === documentId && entry.historyId === historyId);
      const updates = found.map(([, entry]) => entry.update);
      return { historyId, snapshot: this.snapshots.get(`${documentId} ${historyId}`) ?? null, savedAtMs: null, updates, keys: found.map(([key]) => key) };
    });
  }

  async put(documentId: string, historyId: string, update: Uint8Array): Promise<number> {
    if (this.refuse) throw this.refuse;
    this.entries.set(this.next, { documentId, historyId, update });
    return this.next++;
  }

  async putSnapshot(documentId: string, historyId: string, update: Uint8Array): Promise<void> {
    this.snapshots.set(`${documentId} ${historyId}`, update);
  }

  async remove(keys: readonly number[]): Promise<void> {
    for (const key of keys) this.entries.delete(key);
  }

  async forget(documentId: string, historyId: string): Promise<void> {
    for (const [key, entry] of this.entries) if (entry.documentId === documentId && entry.historyId === historyId) this.entries.delete(key);
    this.snapshots.delete(`${documentId} ${historyId}`);
  }

  async forgetDocument(documentId: string): Promise<void> {
    for (const [key, entry] of this.entries) if (entry.documentId === documentId) this.entries.delete(key);
    this.snapshots.clear();
  }

  close(): void {
    this.entries.clear();
  }
}

const ROOM = { documentId: "d1", historyId: "h1" };

function typing(words: readonly string[]): { doc: Y.Doc; updates: Uint8Array[] } {
  const doc = new Y.Doc();
  const updates: Uint8Array[] = [];
  doc.on("update", (update: Uint8Array) => updates.push(update));
  for (const word of words) doc.getText("source").insert(doc.getText("source").length, word);
  return { doc, updates };
}

function keeperOn(store: OfflineStore | null): Keeper {
  return new Keeper(store, ROOM, () => undefined);
}

test("kept edits: in the browser only after the transaction is complete", async () => {
  const keeper = keeperOn(new MemoryStore());
  keeper.add(1, typing(["a"]).updates[0]!);

  assert.equal(keeper.kept, "tab");
  await keeper.idle();
  assert.equal(keeper.kept, "browser");
});

test("kept edits: without a store they are only in this tab", async () => {
  const keeper = keeperOn(null);
  keeper.add(1, typing(["a"]).updates[0]!);
  await keeper.idle();

  assert.equal(keeper.kept, "tab");
  assert.equal(keeper.failure, "unavailable");
});

test("kept edits: a full device is told and the edits stay in the tab", async () => {
  const store = new MemoryStore();
  store.refuse = new OfflineError("quota", "full");
  const keeper = keeperOn(store);
  keeper.add(1, typing(["a"]).updates[0]!);
  await keeper.idle();

  assert.equal(keeper.failure, "quota");
  assert.equal(keeper.kept, "tab");
  assert.equal(keeper.unsent.length, 1);
});

test("kept edits: nothing stays on the device once all is journalled", async () => {
  const store = new MemoryStore();
  const keeper = keeperOn(store);
  const { doc, updates } = typing(["a", "b"]);
  updates.forEach((update, index) => keeper.add(index + 1, update));
  keeper.keepSnapshot(doc, 1);
  await keeper.idle();
  keeper.confirm(2);
  await keeper.idle();

  assert.equal(store.entries.size, 0);
  assert.equal(store.snapshots.size, 0);
});

test("kept edits: an edit after the confirmed one stays", async () => {
  const store = new MemoryStore();
  const keeper = keeperOn(store);
  typing(["a", "b"]).updates.forEach((update, index) => keeper.add(index + 1, update));
  await keeper.idle();
  keeper.confirm(1);
  await keeper.idle();

  assert.equal(store.entries.size, 1);
  assert.equal(keeper.count, 1);
});

test("kept edits: the next tab finds them, and another history is never applied", async () => {
  const store = new MemoryStore();
  const { updates } = typing(["mine"]);
  await store.put("d1", "h1", updates[0]!);
  await store.put("d1", "h0", updates[0]!);
  const { apply, aside } = await keeperOn(store).load();

  assert.equal(apply.length, 1);
  assert.deepEqual(aside.map((kept) => kept.historyId), ["h0"]);
});

test("kept edits: found ones go with the first confirmation", async () => {
  const store = new MemoryStore();
  await store.put("d1", "h1", typing(["mine"]).updates[0]!);
  const keeper = keeperOn(store);
  await keeper.load();
  keeper.confirm(1);
  await keeper.idle();

  assert.equal(store.entries.size, 0);
});

test("kept edits: many small ones become one, with the same text", async () => {
  const store = new MemoryStore();
  const keeper = keeperOn(store);
  const { doc, updates } = typing(Array.from({ length: COMPACT_ABOVE + 5 }, (_, index) => `${index} `));
  updates.forEach((update, index) => keeper.add(index + 1, update));
  await keeper.idle();

  assert.ok(store.entries.size < 20, `${store.entries.size} entries`);
  const again = new Y.Doc();
  for (const { update } of store.entries.values()) Y.applyUpdate(again, update);
  assert.equal(again.getText("source").toString(), doc.getText("source").toString());
  assert.equal(keeper.kept, "browser");
});

test("kept edits: forgetting the device leaves nothing and keeps nothing any more", async () => {
  const store = new MemoryStore();
  const keeper = keeperOn(store);
  const { updates } = typing(["a", "b"]);
  keeper.add(1, updates[0]!);
  await keeper.idle();
  await keeper.forget();
  keeper.add(2, updates[1]!);
  await keeper.idle();

  assert.equal(store.entries.size, 0);
});

test("kept edits: as text, the whole document where a snapshot is there", () => {
  const { doc, updates } = typing(["one ", "two"]);
  const base = Y.encodeStateAsUpdate(doc);
  const kept: Kept = { historyId: "h0", snapshot: base, updates, keys: [1, 2], savedAtMs: 1 };

  assert.equal(keptText(kept, (doc) => doc.getText("source").toString()), "one two");
});

test("kept edits: as text, what was typed where its surroundings are missing", () => {
  const { updates } = typing(["unknown ", "typed"]);

  assert.equal(typedText([updates[1]!]), "typed");
});
