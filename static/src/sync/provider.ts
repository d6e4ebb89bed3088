/** Owns one document's connection to the server: state machine, update messages and their count. Knows no page.
 *
 *     offline -> connecting -> syncing -> live -> offline …      stopped: no retry until `connect()` is called
 */
import {
  Awareness,
  applyAwarenessUpdate,
  encodeAwarenessUpdate,
  removeAwarenessStates,
} from "y-protocols/awareness";
import * as Y from "yjs";
import { AccessRefused, STOPS, addressOf, type Access, type StopReason } from "./access";
import { OVERLOADED, RECONNECT, backoffMs } from "./backoff";
import { browser, type Environment, type Socket } from "./environment";
import { Ledger } from "./ledger";
import * as wire from "./wire";

export type Phase = "offline" | "connecting" | "syncing" | "live" | "stopped";

export interface Observer {
  changed(): void;
  notice(notice: wire.Notice): void;
  hello(hello: wire.Hello): void;
  /** Local edits up to this number are journalled. */
  confirmed(upTo: number): void;
  /** A local edit was made; it has this number. */
  edited(edit: number, update: Uint8Array): void;
  stopped(reason: StopReason): void;
}

export interface ProviderOptions {
  readonly access: Access;
  /** Fetch a fresh token. Rejects with AccessRefused, or with anything else when the server is away. */
  readonly renew: () => Promise<Access>;
  readonly observer: Observer;
  readonly environment?: Environment;
}

const CONNECT_TIMEOUT_MS = 15_000;
const SYNC_TIMEOUT_MS = 180_000;
const QUIET_MS = 20_000;
const PROBE_TIMEOUT_MS = 10_000;
const WAKE_PROBE_TIMEOUT_MS = 4_000;
const FLUSH_INTERVAL_MS = 16;
const AWARENESS_INTERVAL_MS = 80;
const SEND_BUFFER_BYTES = 1 << 20;
/** The server refuses larger update messages. */
const UPDATE_MESSAGE_BYTES = 900 * 1024;
/** After so many failures in a row the token is renewed, which also tells why the server refuses. */
const ASK_AFTER_FAILURES = 2;

export class Provider {
  readonly awareness: Awareness;
  readonly ledger = new Ledger();
  phase: Phase = "offline";
  role: wire.Role = "viewer";
  save: wire.SaveState | null = null;
  /** The server said that it restarts. */
  restarting = false;
  receivedBytes = 0;
  synced = false;

  private readonly environment: Environment;
  private access: Access;
  private socket: Socket | null = null;
  private failures = 0;
  private queue: Uint8Array[] = [];
  private lastFlush = -Infinity;
  private lastReceived = 0;
  private cancelFlush: (() => void) | null = null;
  private cancelAwareness: (() => void) | null = null;
  private cancelTimer: () => void = () => undefined;
  private readonly stopWake: () => void;
  private generation = 0;
  /** This connection's server asked what it lacks, and got all that was edited before. */
  private answered = false;

  constructor(readonly doc: Y.Doc, private readonly options: ProviderOptions) {
    this.environment = options.environment ?? browser;
    this.access = options.access;
    this.awareness = new Awareness(doc);
    this.awareness.setLocalState({});
    doc.on("update", this.onUpdate);
    this.awareness.on("update", this.onAwareness);
    this.stopWake = this.environment.onWake(() => this.wake());
  }

  /** Connect, also after a stop. */
  connect(): void {
    if (this.phase !== "offline" && this.phase !== "stopped") return;
    this.failures = 0;
    this.open();
  }

  /** Apply what this browser kept; the edits count as pending until the server has them. */
  applyKept(updates: readonly Uint8Array[]): void {
    if (updates.length === 0) return;
    Y.transact(this.doc, () => updates.forEach((update) => Y.applyUpdate(this.doc, update, this)), this);
    this.ledger.edit();
    this.options.observer.changed();
  }

  /** Come in again by another right. */
  change(access: Access): void {
    if (!this.take(access)) return;
    if (this.phase === "offline" || this.phase === "stopped") return this.connect();
    this.flush();
    this.reopen();
  }

  /** Leave for good: say goodbye to the others and drop the socket. */
  destroy(): void {
    this.flush();
    this.awareness.setLocalState(null);
    this.sendAwareness();
    this.doc.off("update", this.onUpdate);
    this.stopWake();
    this.awareness.destroy();
    this.drop(1000);
    this.phase = "stopped";
  }

  get mayWrite(): boolean {
    return this.role === "editor" || this.role === "owner";
  }

  // -- the connection --

  private open(): void {
    const generation = ++this.generation;
    this.enter("connecting");
    const { address, protocols } = addressOf(this.access);
    const socket = this.environment.connect(address, protocols);
    socket.binaryType = "arraybuffer";
    socket.onopen = () => this.later(CONNECT_TIMEOUT_MS, () => this.lose(generation, 1006));
    socket.onmessage = (event) => this.receive(generation, event.data);
    socket.onclose = (event) => this.lose(generation, event.code);
    socket.onerror = null;
    this.socket = socket;
    this.later(CONNECT_TIMEOUT_MS, () => this.lose(generation, 1006));
  }

  private lose(generation: number, code: number): void {
    if (generation !== this.generation || this.phase === "stopped") return;
    const wasOpen = this.phase === "live" || this.phase === "syncing";
    this.drop();
    this.ledger.reset();
    this.queue = [];
    this.save = null;
    this.restarting = code === 1012;
    this.forgetOthers();
    const stop = STOPS.get(code);
    if (stop) return this.stop(stop);
    this.failures = wasOpen && this.failures === 0 ? 1 : this.failures + 1;
    this.enter("offline");
    if (code === 4401) return void this.renewAndOpen(generation);
    this.retry(generation, code);
  }

  private retry(generation: number, code: number): void {
    const options = code === 1013 ? OVERLOADED : RECONNECT;
    const ask = this.failures > ASK_AFTER_FAILURES;
    this.later(backoffMs(this.failures - 1, this.environment.random(), options), () =>
      ask ? void this.renewAndOpen(generation) : this.open(),
    );
  }

  private async renewAndOpen(generation: number): Promise<void> {
    try {
      const access = await this.options.renew();
      if (generation === this.generation && !this.take(access)) return;
    } catch (error) {
      if (generation !== this.generation) return;
      if (error instanceof AccessRefused) return this.stop(error.reason);
      this.failures += 1;
      return this.later(backoffMs(this.failures - 1, this.environment.random()), () => void this.renewAndOpen(generation));
    }
    if (generation === this.generation && this.phase === "offline") this.open();
  }

  /** Go on by this access, unless it is of another history: this document must never meet that one. */
  private take(access: Access): boolean {
    if (access.historyId !== this.access.historyId) {
      this.stop("history_changed");
      return false;
    }
    this.access = access;
    return true;
  }

  private stop(reason: StopReason): void {
    this.drop();
    this.enter("stopped");
    this.options.observer.stopped(reason);
  }

  private drop(code?: number): void {
    this.cancelTimer();
    this.cancelFlush?.();
    this.cancelFlush = null;
    this.answered = false;
    const socket = this.socket;
    this.socket = null;
    if (!socket) return;
    socket.onopen = socket.onmessage = socket.onclose = null;
    socket.close(code);
  }

  private enter(phase: Phase): void {
    this.phase = phase;
    if (phase === "connecting") this.receivedBytes = 0;
    this.options.observer.changed();
  }

  /** The connection's one timer. */
  private later(ms: number, call: () => void): void {
    this.cancelTimer();
    this.cancelTimer = this.environment.after(ms, call);
  }

  private wake(): void {
    if (this.phase === "offline") {
      this.failures = Math.min(this.failures, 1);
      this.open();
    } else if (this.phase === "live") {
      this.probe(WAKE_PROBE_TIMEOUT_MS);
    }
  }

  /** Ask for any answer; silence means that the connection is dead. */
  private probe(timeoutMs: number): void {
    const generation = this.generation;
    this.greetOthers(); // so that there is something to answer with
    this.socket?.send(wire.encodeQueryAwareness());
    this.later(timeoutMs, () => this.lose(generation, 1006));
  }

  private watchSilence(): void {
    const quietFor = this.environment.now() - this.lastReceived;
    this.later(Math.max(QUIET_MS - quietFor, 1_000), () => {
      if (this.environment.now() - this.lastReceived >= QUIET_MS) this.probe(PROBE_TIMEOUT_MS);
      else this.watchSilence();
    });
  }

  // -- messages in --

  private receive(generation: number, data: unknown): void {
    if (generation !== this.generation || !(data instanceof ArrayBuffer)) return;
    this.receivedBytes += data.byteLength;
    this.lastReceived = this.environment.now();
    if (this.phase === "live") this.watchSilence();
    try {
      this.act(wire.decodeMessage(new Uint8Array(data)));
    } catch (error) {
      console.error("A message of the server could not be read", error);
      this.lose(generation, 1002);
    }
  }

  private act(message: wire.Message): void {
    switch (message.type) {
      case "hello":
        return this.greet(message.hello);
      case "step1":
        return this.answer(message.stateVector);
      case "step2":
        Y.applyUpdate(this.doc, message.update, this);
        return this.phase === "syncing" ? this.settle() : undefined;
      case "update":
        return Y.applyUpdate(this.doc, message.update, this);
      case "awareness":
        return applyAwarenessUpdate(this.awareness, message.update, this);
      case "queryAwareness":
        return this.sendAwareness();
      case "acknowledgement":
        this.options.observer.confirmed(this.ledger.acknowledge(message.count));
        return this.options.observer.changed();
      case "saveState":
        this.save = message.save;
        this.ledger.cover(message.save.covers);
        return this.options.observer.changed();
      case "notice":
        if (message.notice.code === "server_restarting") this.restarting = true;
        return this.options.observer.notice(message.notice);
      default:
        return undefined;
    }
  }

  /** Nothing of ours goes out before the history was compared: a stale document must never be merged. */
  private greet(hello: wire.Hello): void {
    if (hello.historyId !== this.access.historyId) return this.stop("history_changed");
    this.role = hello.role;
    this.restarting = false;
    if (hello.user) this.awareness.setLocalStateField("user", { name: hello.user.name }); // the server says the rest
    this.options.observer.hello(hello);
    this.enter("syncing");
    this.later(SYNC_TIMEOUT_MS, () => this.lose(this.generation, 1006));
    this.socket?.send(wire.encodeStep1(Y.encodeStateVector(this.doc)));
  }

  private answer(stateVector: Uint8Array): void {
    if (!this.mayWrite) return;
    this.queue = []; // the answer carries them
    this.answered = true;
    this.ledger.send();
    this.socket?.send(wire.encodeStep2(Y.encodeStateAsUpdate(this.doc, stateVector)));
    this.options.observer.changed();
  }

  private settle(): void {
    this.failures = 0;
    this.synced = true;
    this.enter("live");
    this.greetOthers();
    this.watchSilence();
    this.flush();
  }

  private greetOthers(): void {
    this.awareness.setLocalState(this.awareness.getLocalState() ?? {}); // y-protocols, awareness: clock must grow
    this.sendAwareness();
  }

  // -- messages out --

  private readonly onUpdate = (update: Uint8Array, origin: unknown): void => {
    if (origin === this) return;
    const edit = this.ledger.edit();
    this.options.observer.edited(edit, update);
    if (this.phase === "live" || this.phase === "syncing") {
      this.queue.push(update);
      this.scheduleFlush();
    }
    this.options.observer.changed();
  };

  private scheduleFlush(): void {
    if (this.cancelFlush) return;
    const wait = Math.max(0, FLUSH_INTERVAL_MS - (this.environment.now() - this.lastFlush));
    this.cancelFlush = this.environment.after(wait, () => {
      this.cancelFlush = null;
      this.flush();
    });
  }

  /** Send the local edits made since the last time as one message; those made offline have to be with the server before. */
  flush(): void {
    const socket = this.socket;
    if (!socket || !this.answered || this.phase !== "live" || this.queue.length === 0) return;
    this.lastFlush = this.environment.now();
    if (socket.bufferedAmount > SEND_BUFFER_BYTES) return this.scheduleFlush();
    const batches = batchesOf(this.queue, UPDATE_MESSAGE_BYTES);
    if (batches.some((batch) => batch.length > UPDATE_MESSAGE_BYTES)) return this.reopen();
    this.queue = [];
    for (const batch of batches) socket.send(wire.encodeUpdate(batch));
    this.ledger.send(batches.length);
    this.options.observer.changed();
  }

  /** An edit that is too large for an update message goes with the sync step 2 of a new connection, which may be larger. */
  private reopen(): void {
    this.drop(1000);
    this.ledger.reset();
    this.queue = [];
    this.save = null;
    this.open();
  }

  private readonly onAwareness = (_change: unknown, origin: unknown): void => {
    if (origin !== "local" || this.cancelAwareness) return;
    this.cancelAwareness = this.environment.after(AWARENESS_INTERVAL_MS, () => {
      this.cancelAwareness = null;
      this.sendAwareness();
    });
  };

  private sendAwareness(): void {
    this.cancelAwareness?.();
    this.cancelAwareness = null;
    if (this.phase !== "live") return;
    this.socket?.send(wire.encodeAwareness(encodeAwarenessUpdate(this.awareness, [this.doc.clientID])));
  }

  private forgetOthers(): void {
    const others = [...this.awareness.getStates().keys()].filter((client) => client !== this.doc.clientID);
    removeAwarenessStates(this.awareness, others, this);
  }
}

/** Neighbours merged while they stay within `limit`; a single update may be above it. */
function batchesOf(updates: readonly Uint8Array[], limit: number): Uint8Array[] {
  const groups: Uint8Array[][] = [];
  let size = Infinity;
  for (const update of updates) {
    if (size + update.length > limit) groups.push([]), (size = 0);
    groups.at(-1)?.push(update);
    size += update.length;
  }
  return groups.map((group) => (group.length === 1 ? group[0]! : Y.mergeUpdates(group)));
}
