import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import * as decoding from "lib0/decoding";
import * as encoding from "lib0/encoding";
import * as Y from "yjs";
import type { Environment, Socket } from "./environment";
import { AccessRefused, addressOf, type Access, type StopReason } from "./access";
import { Provider, type Observer } from "./provider";
import { encodeStep1, encodeStep2, encodeUpdate } from "./wire";

class TestSocket implements Socket {
  binaryType = "";
  onopen: (() => void) | null = null;
  onmessage: ((event: { data: unknown }) => void) | null = null;
  onclose: ((event: { code: number; reason: string }) => void) | null = null;
  onerror: (() => void) | null = null;
  bufferedAmount = 0;
  closed = false;
  readonly sent: Uint8Array[] = [];

  constructor(readonly url: string, readonly protocols: string[]) {}

  send(bytes: Uint8Array): void {
    this.sent.push(bytes);
  }

  close(): void {
    this.closed = true;
  }

  deliver(bytes: Uint8Array): void {
    this.onmessage?.({ data: bytes.slice().buffer });
  }

  /** Types of what was sent: "0.1" is a sync step 2, "1" presence. */
  get kinds(): string[] {
    return this.sent.map((bytes) => (bytes[0] === 0 ? `0.${bytes[1]}` : String(bytes[0])));
  }

  get updates(): Uint8Array[] {
    return this.sent.filter((bytes) => bytes[0] === 0 && bytes[1] !== 0);
  }
}

/** Virtual time: `run` lets it pass. */
class TestEnvironment implements Environment {
  readonly sockets: TestSocket[] = [];
  private time = 0;
  private timers: { at: number; call: () => void }[] = [];
  wake: () => void = () => undefined;

  connect(url: string, protocols: string[]): Socket {
    const socket = new TestSocket(url, protocols);
    this.sockets.push(socket);
    return socket;
  }

  now(): number {
    return this.time;
  }

  after(ms: number, call: () => void): () => void {
    const timer = { at: this.time + ms, call };
    this.timers.push(timer);
    return () => void (this.timers = this.timers.filter((other) => other !== timer));
  }

  random(): number {
    return 0.5;
  }

  onWake(call: () => void): () => void {
    this.wake = call;
    return () => undefined;
  }

  run(ms: number): void {
    const end = this.time + ms;
    for (;;) {
      const next = this.timers.filter((timer) => timer.at <= end).sort((left, right) => left.at - right.at)[0];
      if (!next) break;
      this.timers = this.timers.filter((timer) => timer !== next);
      this.time = Math.max(this.time, next.at);
      next.call();
    }
    this.time = end;
  }

  get socket(): TestSocket {
    return this.sockets.at(-1)!;
  }
}

const ACCESS: Access = { url: "ws://127.0.0.1:1/ws/d1?token=abc.def", historyId: "h1" };

function json(type: number, value: unknown): Uint8Array {
  const encoder = encoding.createEncoder();
  encoding.writeVarUint(encoder, type);
  encoding.writeVarString(encoder, JSON.stringify(value));
  return encoding.toUint8Array(encoder);
}

function acknowledgement(count: number): Uint8Array {
  const encoder = encoding.createEncoder();
  encoding.writeVarUint(encoder, 113);
  encoding.writeVarUint(encoder, count);
  return encoding.toUint8Array(encoder);
}

function payloadOf(bytes: Uint8Array): Uint8Array {
  const decoder = decoding.createDecoder(bytes);
  decoding.readVarUint(decoder);
  decoding.readVarUint(decoder);
  return decoding.readVarUint8Array(decoder);
}

const providers: Provider[] = [];
afterEach(() => providers.splice(0).forEach((provider) => provider.destroy()));

function setUp(renew: () => Promise<Access> = async () => ACCESS) {
  const environment = new TestEnvironment();
  const server = new Y.Doc();
  const doc = new Y.Doc();
  const seen = { stopped: [] as StopReason[], confirmed: 0, notices: [] as string[] };
  const observer: Observer = {
    changed: () => undefined,
    notice: (notice) => void seen.notices.push(notice.code),
    hello: () => undefined,
    confirmed: (upTo) => void (seen.confirmed = upTo),
    edited: () => undefined,
    stopped: (reason) => void seen.stopped.push(reason),
  };
  const provider = new Provider(doc, { access: ACCESS, renew, observer, environment });
  providers.push(provider);
  const join = (role = "editor", historyId = "h1"): void => {
    environment.socket.onopen?.();
    environment.socket.deliver(json(112, { history_id: historyId, role, kind: "text", user: { id: "u", name: "Anna", color: "#112233" }, facts: {} }));
    environment.socket.deliver(encodeStep1(Y.encodeStateVector(server)));
    environment.socket.deliver(encodeStep2(Y.encodeStateAsUpdate(server)));
  };
  const type = (text: string): void => doc.getText("source").insert(0, text);
  return { environment, server, doc, provider, seen, join, type };
}

test("provider: the token travels as a subprotocol and not in the address", () => {
  const { address, protocols } = addressOf(ACCESS);

  assert.deepEqual(protocols, ["collab.v1", "token.abc.def"]);
  assert.equal(new URL(address).search, "?v=1&history=h1");
});

test("provider: nothing of ours is sent before the server's greeting named our history", () => {
  const { environment, provider, type } = setUp();
  type("mine");
  provider.connect();
  environment.socket.onopen?.();
  environment.socket.deliver(encodeStep1(new Uint8Array([0])));

  assert.deepEqual(environment.socket.updates, []);
});

test("provider: another history stops before any sync", () => {
  const { environment, provider, seen, join, type } = setUp();
  type("mine");
  provider.connect();
  join("editor", "another");

  assert.deepEqual(seen.stopped, ["history_changed"]);
  assert.deepEqual(environment.socket.updates, []);
  assert.equal(provider.ledger.pending, 1);
});

test("provider: an edit does not go ahead of those made offline, which only the answer to the server carries", () => {
  const { environment, server, provider, seen, type } = setUp();
  type("offline ");
  provider.connect();
  environment.socket.onopen?.();
  environment.socket.deliver(json(112, { history_id: "h1", role: "editor", kind: "text", user: null, facts: {} }));
  environment.socket.deliver(encodeStep2(Y.encodeStateAsUpdate(server)));
  type("online ");
  environment.run(1_000);
  const before = environment.socket.updates.length;
  environment.socket.deliver(encodeStep1(Y.encodeStateVector(server)));
  environment.socket.deliver(acknowledgement(1));

  assert.equal(before, 0);
  assert.deepEqual(environment.socket.kinds.filter((kind) => kind.startsWith("0.") && kind !== "0.0"), ["0.1"]);
  Y.applyUpdate(server, payloadOf(environment.socket.updates[0]!));
  assert.equal(server.getText("source").toString(), "online offline ");
  assert.equal(seen.confirmed, 2);
});

test("provider: a joined document is live and holds the server's text", () => {
  const { server, doc, provider, join } = setUp();
  server.getText("source").insert(0, "hello");
  provider.connect();
  join();

  assert.equal(provider.phase, "live");
  assert.equal(doc.getText("source").toString(), "hello");
});

test("provider: keys typed within a turn go out as one message", () => {
  const { environment, server, provider, join, type } = setUp();
  provider.connect();
  join();
  environment.run(50);
  const before = environment.socket.updates.length;
  for (const key of "abcde") type(key);
  environment.run(20);

  const sent = environment.socket.updates.slice(before);
  assert.equal(sent.length, 1);
  Y.applyUpdate(server, payloadOf(sent[0]!));
  assert.equal(server.getText("source").toString(), "edcba");
});

test("provider: edits are pending until acknowledged, and confirmed by their number", () => {
  const { environment, provider, seen, join, type } = setUp();
  provider.connect();
  join();
  type("a");
  type("b");
  environment.run(20);

  environment.socket.deliver(acknowledgement(1));
  assert.equal(provider.ledger.pending, 2);
  environment.socket.deliver(acknowledgement(2));
  assert.equal(provider.ledger.pending, 0);
  assert.equal(seen.confirmed, 2);
});

test("provider: stored only when the save state covers every message of this connection", () => {
  const { environment, provider, join, type } = setUp();
  provider.connect();
  join();
  type("a");
  environment.run(20);
  environment.socket.deliver(acknowledgement(2));

  environment.socket.deliver(json(114, { state: "stored", covers: 1, stored_at_ms: 5, version: "v", code: null, reason: null }));
  assert.equal(provider.ledger.allStored, false);
  environment.socket.deliver(json(114, { state: "stored", covers: 2, stored_at_ms: 6, version: "w", code: null, reason: null }));
  assert.equal(provider.ledger.allStored, true);
});

test("provider: edits made while away come with the next connection's sync step 2", () => {
  const { environment, server, provider, join, type } = setUp();
  provider.connect();
  join();
  environment.socket.onclose?.({ code: 1006, reason: "" });
  type("offline ");
  assert.equal(provider.phase, "offline");

  environment.run(1_000);
  join();
  Y.applyUpdate(server, payloadOf(environment.socket.updates[0]!));
  assert.equal(server.getText("source").toString(), "offline ");
  environment.socket.deliver(acknowledgement(1));
  assert.equal(provider.ledger.pending, 0);
});

test("provider: an ordinary close is retried with growing waits", () => {
  const { environment, provider } = setUp();
  provider.connect();
  environment.socket.onclose?.({ code: 1006, reason: "" });
  environment.run(400);

  assert.equal(environment.sockets.length, 2);
  environment.socket.onclose?.({ code: 1006, reason: "" });
  environment.run(200);
  assert.equal(environment.sockets.length, 2);
  environment.run(400);
  assert.equal(environment.sockets.length, 3);
});

for (const [code, reason] of [[4400, "malformed"], [4403, "forbidden"], [4404, "not_found"], [4409, "history_changed"], [4413, "limit"], [4415, "unsupported"]] as const) {
  test(`provider: close code ${code} is not retried`, () => {
    const { environment, provider, seen, join } = setUp();
    provider.connect();
    join();
    environment.socket.onclose?.({ code, reason: "" });
    environment.run(600_000);

    assert.equal(environment.sockets.length, 1);
    assert.deepEqual(seen.stopped, [reason]);
  });
}

test("provider: 4401 fetches a fresh token and comes back at once", async () => {
  const { environment, provider, join } = setUp(async () => ({ ...ACCESS, url: "ws://127.0.0.1:1/ws/d1?token=fresh" }));
  provider.connect();
  join();
  environment.socket.onclose?.({ code: 4401, reason: "" });
  await Promise.resolve();
  await Promise.resolve();

  assert.deepEqual(environment.socket.protocols, ["collab.v1", "token.fresh"]);
});

test("provider: 4401 without a new token stops and loses nothing", async () => {
  const { environment, provider, seen, join, type } = setUp(() => Promise.reject(new AccessRefused("signed_out")));
  provider.connect();
  join();
  type("mine");
  environment.socket.onclose?.({ code: 4401, reason: "" });
  await new Promise((resolve) => setImmediate(resolve));

  assert.deepEqual(seen.stopped, ["signed_out"]);
  assert.equal(provider.ledger.pending, 1);
});

test("provider: a fresh token of another history ends it before anything is sent", async () => {
  const { environment, provider, seen, join, type } = setUp(async () => ({ ...ACCESS, historyId: "h2" }));
  provider.connect();
  join();
  type("mine");
  environment.socket.onclose?.({ code: 4401, reason: "" });
  await new Promise((resolve) => setImmediate(resolve));

  assert.deepEqual(seen.stopped, ["history_changed"]);
  assert.equal(environment.sockets.length, 1);
  assert.equal(provider.ledger.pending, 1);
});

test("provider: another right comes in by a new connection, which brings what was not confirmed", () => {
  const { environment, provider, join, type } = setUp();
  provider.connect();
  join();
  type("mine");
  provider.change({ ...ACCESS, url: "ws://127.0.0.1:1/ws/d1?token=more" });
  join("editor");

  assert.deepEqual(environment.socket.protocols, ["collab.v1", "token.more"]);
  assert.equal(environment.sockets.length, 2);
  assert.equal(provider.phase, "live");
});

test("provider: another right of another history is not taken", () => {
  const { environment, provider, seen, join } = setUp();
  provider.connect();
  join();
  provider.change({ ...ACCESS, historyId: "h2" });

  assert.deepEqual(seen.stopped, ["history_changed"]);
  assert.equal(environment.sockets.length, 1);
});

test("provider: overload waits longer than a lost line", () => {
  const { environment, provider, join } = setUp();
  provider.connect();
  join();
  environment.socket.onclose?.({ code: 1013, reason: "" });
  environment.run(1_500);

  assert.equal(environment.sockets.length, 1);
  environment.run(2_000);
  assert.equal(environment.sockets.length, 2);
});

test("provider: a silent connection is asked, and given up when it does not answer", () => {
  const { environment, provider, join } = setUp();
  provider.connect();
  join();
  environment.run(20_500);
  assert.equal(environment.socket.kinds.at(-1), "3");
  assert.equal(provider.phase, "live");
  const first = environment.socket;

  environment.run(11_000);
  assert.ok(first.closed);
  assert.notEqual(environment.socket, first);
});

test("provider: waking up asks at once", () => {
  const { environment, provider, join } = setUp();
  provider.connect();
  join();
  environment.run(10);
  environment.wake();

  assert.equal(environment.socket.kinds.at(-1), "3");
});

test("provider: waking up while away does not wait for the next try", () => {
  const { environment, provider, join } = setUp();
  provider.connect();
  join();
  environment.socket.onclose?.({ code: 1013, reason: "" });
  environment.wake();

  assert.equal(environment.sockets.length, 2);
});

test("provider: a viewer sends no update at all", () => {
  const { environment, provider, join } = setUp();
  provider.connect();
  join("viewer");
  environment.run(100);

  assert.deepEqual(environment.socket.updates, []);
  assert.equal(provider.phase, "live");
});

test("provider: a very large edit goes with the sync step 2 of a new connection", () => {
  const { environment, server, provider, join, type } = setUp();
  provider.connect();
  join();
  environment.run(50);
  type("x".repeat(1_000_000));
  environment.run(20);
  assert.equal(environment.sockets.length, 2);

  join();
  assert.deepEqual(environment.socket.updates.map((bytes) => bytes[1]), [1]);
  Y.applyUpdate(server, payloadOf(environment.socket.updates[0]!));
  assert.equal(server.getText("source").length, 1_000_000);
});

test("provider: many edits of one turn are several messages when one would be too large", () => {
  const { environment, provider, join, type } = setUp();
  provider.connect();
  join();
  environment.run(50);
  const before = environment.socket.updates.length;
  for (let number = 0; number < 5; number += 1) type("x".repeat(300_000));
  environment.run(20);

  const sizes = environment.socket.updates.slice(before).map((bytes) => bytes.length);
  assert.equal(sizes.length, 2);
  assert.ok(sizes.every((size) => size < 1_048_576), String(sizes));
  environment.socket.deliver(acknowledgement(before + 1));
  assert.equal(provider.ledger.pending, 5);
  environment.socket.deliver(acknowledgement(before + 2));
  assert.equal(provider.ledger.pending, 0);
});

test("provider: people of the lost connection are gone, we are not", () => {
  const { environment, provider, join } = setUp();
  provider.connect();
  join();
  provider.awareness.states.set(77, { user: { name: "Ben" } });
  provider.awareness.meta.set(77, { clock: 1, lastUpdated: Date.now() });
  environment.socket.onclose?.({ code: 1006, reason: "" });

  assert.deepEqual([...provider.awareness.getStates().keys()], [provider.doc.clientID]);
});

test("provider: bytes that are no message end the connection and are retried", () => {
  const { environment, provider, join } = setUp();
  const log = console.error;
  console.error = () => undefined;
  provider.connect();
  join();
  environment.socket.deliver(new Uint8Array([0, 9, 1, 1]));
  console.error = log;

  assert.equal(provider.phase, "offline");
  environment.run(1_000);
  assert.equal(environment.sockets.length, 2);
});

test("provider: an update of another person does not come back as ours", () => {
  const { environment, server, provider, join } = setUp();
  provider.connect();
  join();
  environment.run(50);
  const before = environment.socket.updates.length;
  server.getText("source").insert(0, "theirs");
  environment.socket.deliver(encodeUpdate(Y.encodeStateAsUpdate(server)));
  environment.run(100);

  assert.equal(environment.socket.updates.length, before);
  assert.equal(provider.ledger.pending, 0);
});
