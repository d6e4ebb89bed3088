/** Owns the way of local edits into the offline store and out of it again; knows no socket.
 *
 * `kept` is the truth for the state line: "browser" only when every unacknowledged edit is in a completed transaction.
 */
import * as Y from "yjs";
import { COMPACT_ABOVE, OfflineError, type KeepFailure, type Kept, type OfflineStore } from "./offline";

interface Pending {
  /** Sequence number of the edit in the ledger; edits found at the start have 0. */
  readonly edit: number;
  readonly update: Uint8Array;
  /** Key in the store, null while its transaction runs or when it failed. */
  key: number | null;
}

export interface Room {
  readonly documentId: string;
  readonly historyId: string;
}

export class Keeper {
  private pending: Pending[] = [];
  private found: Kept | null = null;
  private working: Promise<void> = Promise.resolve();
  private wiped = false;
  failure: KeepFailure | null = null;

  constructor(
    private readonly store: OfflineStore | null,
    private readonly room: Room,
    private readonly onChange: () => void,
  ) {
    if (!store) this.failure = "unavailable";
  }

  /** Read what is kept: edits of this history are answered to be applied, those of others to be kept aside. */
  async load(): Promise<{ apply: readonly Uint8Array[]; aside: readonly Kept[] }> {
    const all = (await this.store?.load(this.room.documentId).catch((error) => this.fail(error))) ?? [];
    const aside = all.filter((kept) => kept.historyId !== this.room.historyId && kept.updates.length > 0);
    this.found = all.find((kept) => kept.historyId === this.room.historyId) ?? null;
    if (!this.found) return { apply: [], aside };
    this.pending = this.found.updates.map((update, index) => ({ edit: 0, update, key: this.found?.keys[index] ?? null }));
    return { apply: [...(this.found.snapshot ? [this.found.snapshot] : []), ...this.found.updates], aside };
  }

  /** Keep a local edit until `confirm` names it. */
  add(edit: number, update: Uint8Array): void {
    if (this.wiped) return;
    const entry: Pending = { edit, update, key: null };
    this.pending.push(entry);
    if (this.store) this.enqueue(() => this.write(entry));
  }

  /** The server journalled all edits up to this number; those found at the start go with the first confirmation. */
  confirm(upTo: number): void {
    const done = this.pending.filter((entry) => entry.edit <= upTo);
    if (done.length === 0) return;
    this.pending = this.pending.filter((entry) => entry.edit > upTo);
    this.enqueue(async () => {
      const keys = done.flatMap((entry) => (entry.key === null ? [] : [entry.key]));
      if (keys.length > 0) await this.store?.remove(keys);
      if (this.pending.length === 0) await this.store?.forget(this.room.documentId, this.room.historyId);
    });
  }

  /** Keep the whole document beside the edits, so that they stay readable without the server. */
  keepSnapshot(doc: Y.Doc, atMs: number): void {
    if (!this.store || this.wiped || this.pending.length === 0) return;
    const update = Y.encodeStateAsUpdate(doc);
    this.enqueue(() => this.store!.putSnapshot(this.room.documentId, this.room.historyId, update, atMs));
  }

  /** Where the unacknowledged edits are. */
  get kept(): "browser" | "tab" {
    return this.store && this.pending.every((entry) => entry.key !== null) ? "browser" : "tab";
  }

  get count(): number {
    return this.pending.length;
  }

  /** What the server has not confirmed, for a download. */
  get unsent(): readonly Uint8Array[] {
    return this.pending.map((entry) => entry.update);
  }

  /** Remove everything of this document from the device; nothing is kept afterwards. */
  async forget(): Promise<void> {
    this.wiped = true;
    await this.working;
    await this.store?.forgetDocument(this.room.documentId).catch((error) => this.fail(error));
    for (const entry of this.pending) entry.key = null;
    this.onChange();
  }

  /** Drop what was kept aside of another history. */
  async forgetAside(historyId: string): Promise<void> {
    await this.store?.forget(this.room.documentId, historyId).catch((error) => this.fail(error));
  }

  /** Resolves when everything asked for so far is written. */
  async idle(): Promise<void> {
    await this.working;
  }

  private async write(entry: Pending): Promise<void> {
    if (this.wiped || !this.pending.includes(entry)) return; // confirmed or wiped while it waited
    entry.key = await this.store!.put(this.room.documentId, this.room.historyId, entry.update);
    this.failure = null;
    await this.compact();
  }

  /** Many small entries become one: written first, the old ones removed after. */
  private async compact(): Promise<void> {
    const old = this.pending.filter((entry) => entry.key !== null);
    const last = old.at(-1);
    if (!last || old.length <= COMPACT_ABOVE) return;
    const update = Y.mergeUpdates(old.map((entry) => entry.update));
    const key = await this.store!.put(this.room.documentId, this.room.historyId, update);
    await this.store!.remove(old.flatMap((entry) => (entry.key === null ? [] : [entry.key])));
    if (!this.pending.includes(last)) return this.store!.remove([key]); // all confirmed meanwhile
    const merged: Pending = { edit: last.edit, update, key };
    this.pending = [merged, ...this.pending.filter((entry) => !old.includes(entry))];
  }

  private enqueue(work: () => Promise<void>): void {
    this.working = this.working.then(work).catch((error) => this.fail(error)).then(() => this.onChange());
  }

  private fail(error: unknown): undefined {
    this.failure = error instanceof OfflineError ? error.reason : "error";
    return undefined;
  }
}
