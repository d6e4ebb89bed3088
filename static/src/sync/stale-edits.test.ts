import assert from "node:assert/strict";
import { test } from "node:test";
import * as Y from "yjs";
import { handOverEdits, type HandedOver, type RetiredHistories } from "./stale-edits";

/** A server that keeps the end of one history and what is handed over. */
class Server implements RetiredHistories {
  readonly taken: Uint8Array[] = [];
  refuse: Error | null = null;
  constructor(private readonly old: Y.Doc) {}

  async end(): Promise<Uint8Array> {
    if (this.refuse) throw this.refuse;
    return Y.encodeStateVector(this.old);
  }

  async handOver(_documentId: string, _historyId: string, update: Uint8Array): Promise<HandedOver> {
    this.taken.push(update);
    return { new: true, changes: 1, conflicts: 0 };
  }

  /** The old document with what was handed over. */
  get text(): string {
    const doc = new Y.Doc();
    for (const update of [Y.encodeStateAsUpdate(this.old), ...this.taken]) Y.applyUpdate(doc, update);
    return doc.getText("source").toString();
  }
}

function docOf(text: string): Y.Doc {
  const doc = new Y.Doc();
  doc.getText("source").insert(0, text);
  return doc;
}

function offline(old: Y.Doc, edit: (text: Y.Text) => void): { doc: Y.Doc; updates: Uint8Array[] } {
  const doc = new Y.Doc();
  Y.applyUpdate(doc, Y.encodeStateAsUpdate(old));
  const updates: Uint8Array[] = [];
  doc.on("update", (update: Uint8Array) => updates.push(update));
  edit(doc.getText("source"));
  return { doc, updates };
}

test("stale edits: a whole document hands over only what the server lacks", async () => {
  const old = docOf("x".repeat(5000));
  const { doc } = offline(old, (text) => text.insert(0, "new "));
  const server = new Server(old);

  const handed = await handOverEdits(server, "d", "h", [Y.encodeStateAsUpdate(doc)]);

  assert.deepEqual(handed, { new: true, changes: 1, conflicts: 0 });
  assert.equal(server.text, `new ${"x".repeat(5000)}`);
  assert.ok(server.taken[0]!.length < 100);
});

test("stale edits: entries without the document beside them are enough", async () => {
  const old = docOf("one two");
  const { updates } = offline(old, (text) => (text.delete(0, 3), text.insert(0, "1"), text.insert(5, "!")));
  const server = new Server(old);

  await handOverEdits(server, "d", "h", updates);

  assert.equal(updates.length, 3);
  assert.equal(server.text, "1 two!");
});

test("stale edits: a deletion alone is handed over", async () => {
  const old = docOf("one two");
  const { updates } = offline(old, (text) => text.delete(3, 4));
  const server = new Server(old);

  await handOverEdits(server, "d", "h", updates);

  assert.equal(server.text, "one");
});

test("stale edits: what the server has is not sent again", async () => {
  const old = docOf("one");
  const server = new Server(old);

  assert.equal(await handOverEdits(server, "d", "h", [Y.encodeStateAsUpdate(old)]), null);
  assert.deepEqual(server.taken, []);
});

test("stale edits: a server that does not know the history is told nothing", async () => {
  const server = new Server(docOf("one"));
  server.refuse = new Error("history_changed");

  await assert.rejects(handOverEdits(server, "d", "h", [Y.encodeStateAsUpdate(docOf("two"))]), /history_changed/);
  assert.deepEqual(server.taken, []);
});
