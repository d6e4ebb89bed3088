/** Owns what this browser keeps of unacknowledged edits (IndexedDB); knows no socket and no page.
 *
 * Nothing of a document stays here once the server has journalled it. Every entry belongs to a document and a history:
 * entries of another history are never applied, they are kept aside for the person to look at.
 */
import * as Y from "yjs";

const DATABASE = "collab-offline";
const ENTRIES = "entries";
const SNAPSHOTS = "snapshots";
/** More entries than this of one document become one. */
export const COMPACT_ABOVE = 200;

interface Entry {
  readonly room: string;
  readonly update: Uint8Array;
}

interface Snapshot {
  readonly room: string;
  readonly update: Uint8Array;
  readonly savedAtMs: number;
}

/** What was found of a document: to be applied (same history) or kept aside (another one). */
export interface Kept {
  readonly historyId: string;
  readonly snapshot: Uint8Array | null;
  readonly updates: readonly Uint8Array[];
  readonly keys: readonly number[];
  readonly savedAtMs: number | null;
}

/** Why edits cannot be kept: no storage in this window, or the storage refused. */
export type KeepFailure = "unavailable" | "quota" | "error";

export class OfflineError extends Error {
  constructor(readonly reason: KeepFailure, detail: string) {
    super(detail);
  }
}

export interface OfflineStore {
  /** All that is kept of the document, one item per history. */
  load(documentId: string): Promise<Kept[]>;
  /** Resolves after the transaction is complete; answers the entry's key. Rejects with OfflineError. */
  put(documentId: string, historyId: string, update: Uint8Array): Promise<number>;
  /** The whole document beside the entries, so that they can be read without the server. */
  putSnapshot(documentId: string, historyId: string, update: Uint8Array, atMs: number): Promise<void>;
  /** Entries that the server has now. */
  remove(keys: readonly number[]): Promise<void>;
  /** Everything of one history of the document. */
  forget(documentId: string, historyId: string): Promise<void>;
  /** Everything of the document. */
  forgetDocument(documentId: string): Promise<void>;
  close(): void;
}

const SEPARATOR = "\u0000";

function roomOf(documentId: string, historyId: string): string {
  return `${documentId}${SEPARATOR}${historyId}`;
}

function rangeOf(documentId: string): IDBKeyRange {
  return IDBKeyRange.bound(`${documentId}${SEPARATOR}`, `${documentId}${SEPARATOR}\uffff`);
}

/** Open the browser's store. Rejects with OfflineError where there is none (private windows of some browsers). */
export async function openOfflineStore(factory: IDBFactory | undefined = globalThis.indexedDB): Promise<OfflineStore> {
  if (!factory) throw new OfflineError("unavailable", "no IndexedDB");
  const request = attempt(() => factory.open(DATABASE, 1));
  request.onupgradeneeded = () => {
    const entries = request.result.createObjectStore(ENTRIES, { autoIncrement: true });
    entries.createIndex("room", "room");
    request.result.createObjectStore(SNAPSHOTS, { keyPath: "room" });
  };
  return new IndexedStore(await settled(request));
}

class IndexedStore implements OfflineStore {
  constructor(private readonly database: IDBDatabase) {
    database.onversionchange = () => database.close();
  }

  async load(documentId: string): Promise<Kept[]> {
    const transaction = this.begin([ENTRIES, SNAPSHOTS], "readonly");
    const index = transaction.objectStore(ENTRIES).index("room");
    const range = rangeOf(documentId);
    const [entries, keys, snapshots] = await Promise.all([
      settled(index.getAll(range) as IDBRequest<Entry[]>),
      settled(index.getAllKeys(range) as IDBRequest<number[]>),
      settled(transaction.objectStore(SNAPSHOTS).getAll(range) as IDBRequest<Snapshot[]>),
    ]);
    return gather(entries, keys, snapshots);
  }

  async put(documentId: string, historyId: string, update: Uint8Array): Promise<number> {
    const transaction = this.begin([ENTRIES], "readwrite");
    const done = completed(transaction);
    const entry: Entry = { room: roomOf(documentId, historyId), update };
    const key = settled(attempt(() => transaction.objectStore(ENTRIES).add(entry)) as IDBRequest<number>);
    key.catch(() => undefined); // the transaction's own error is the one that is told
    await done;
    return key;
  }

  async putSnapshot(documentId: string, historyId: string, update: Uint8Array, atMs: number): Promise<void> {
    const transaction = this.begin([SNAPSHOTS], "readwrite");
    const snapshot: Snapshot = { room: roomOf(documentId, historyId), update, savedAtMs: atMs };
    attempt(() => transaction.objectStore(SNAPSHOTS).put(snapshot));
    await completed(transaction);
  }

  async remove(keys: readonly number[]): Promise<void> {
    const transaction = this.begin([ENTRIES], "readwrite");
    for (const key of keys) transaction.objectStore(ENTRIES).delete(key);
    await completed(transaction);
  }

  async forget(documentId: string, historyId: string): Promise<void> {
    await this.wipe(IDBKeyRange.only(roomOf(documentId, historyId)));
  }

  async forgetDocument(documentId: string): Promise<void> {
    await this.wipe(rangeOf(documentId));
  }

  close(): void {
    this.database.close();
  }

  private async wipe(range: IDBKeyRange): Promise<void> {
    const transaction = this.begin([ENTRIES, SNAPSHOTS], "readwrite");
    const entries = transaction.objectStore(ENTRIES);
    entries.index("room").getAllKeys(range).onsuccess = (event) => {
      for (const key of (event.target as IDBRequest<IDBValidKey[]>).result) entries.delete(key);
    };
    transaction.objectStore(SNAPSHOTS).delete(range);
    await completed(transaction);
  }

  private begin(stores: string[], mode: IDBTransactionMode): IDBTransaction {
    return attempt(() => this.database.transaction(stores, mode, { durability: mode === "readwrite" ? "strict" : "default" }));
  }
}

function gather(entries: readonly Entry[], keys: readonly number[], snapshots: readonly Snapshot[]): Kept[] {
  const rooms = new Map<string, { updates: Uint8Array[]; keys: number[] }>();
  const room = (name: string) => {
    const found = rooms.get(name) ?? { updates: [], keys: [] };
    rooms.set(name, found);
    return found;
  };
  entries.forEach((entry, index) => {
    const key = keys[index];
    if (key === undefined) return;
    room(entry.room).updates.push(entry.update);
    room(entry.room).keys.push(key);
  });
  const pictures = new Map(snapshots.map((snapshot) => [snapshot.room, snapshot]));
  return [...rooms].map(([name, found]) => ({
    historyId: name.slice(name.indexOf(SEPARATOR) + 1),
    snapshot: pictures.get(name)?.update ?? null,
    savedAtMs: pictures.get(name)?.savedAtMs ?? null,
    ...found,
  }));
}

/** The text of kept edits as a person can read it: the whole document where a snapshot and `read` are there, else what was typed. */
export function keptText(kept: Kept, read: ((doc: Y.Doc) => string) | null): string {
  if (kept.snapshot && read) {
    const doc = new Y.Doc();
    for (const update of [kept.snapshot, ...kept.updates]) Y.applyUpdate(doc, update);
    const whole = read(doc);
    doc.destroy();
    return whole;
  }
  return typedText(kept.updates);
}

/** What was typed in these updates, in order, without its surroundings. */
export function typedText(updates: readonly Uint8Array[]): string {
  if (updates.length === 0) return "";
  const pieces: string[] = [];
  for (const struct of Y.decodeUpdate(Y.mergeUpdates([...updates])).structs) {
    if (struct instanceof Y.Item && struct.content instanceof Y.ContentString) pieces.push(struct.content.str);
  }
  return pieces.join("");
}

function settled<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(failure(request.error));
  });
}

function completed(transaction: IDBTransaction): Promise<void> {
  return new Promise((resolve, reject) => {
    transaction.oncomplete = () => resolve();
    transaction.onabort = () => reject(failure(transaction.error));
    transaction.onerror = () => reject(failure(transaction.error));
  });
}

/** Calls of IndexedDB may also throw: a closed database, a private window. */
function attempt<T>(call: () => T): T {
  try {
    return call();
  } catch (error) {
    throw failure(error);
  }
}

function failure(error: unknown): OfflineError {
  const name = error instanceof DOMException || error instanceof Error ? error.name : "";
  if (name === "QuotaExceededError") return new OfflineError("quota", name);
  if (name === "SecurityError" || name === "InvalidStateError") return new OfflineError("unavailable", name);
  return new OfflineError("error", name || String(error));
}
