/** Owns one open document in this page: its Y document, connection, kept edits, and the facts told about them.
 *
 * Every editor stands on this; it knows no editor and draws nothing.
 */
import * as Y from "yjs";
import { ApiError, api, type OpenDocument } from "../shell/api";
import { addRight, renew } from "../shell/rights";
import { formatSize, formatTime } from "../shell/i18n";
import { Keeper } from "./keeper";
import { keptText, openOfflineStore, typedText, type Kept, type OfflineStore } from "./offline";
import { AccessRefused, type Access, type StopReason } from "./access";
import { handOverEdits, type HandedOver, type RetiredHistories } from "./stale-edits";
import { Provider, type Observer } from "./provider";
import { describe, type Facts, type OutsideChange, type ReadOnlyReason, type View } from "./state";
import { readRole } from "./wire";
import type { Hello, Notice, Role } from "./wire";

/** How often facts that depend on time are looked at while something is not as it should be. */
const TICK_MS = 1_000;
const SNAPSHOT_AFTER_MS = 1_000;

export interface DocumentListener {
  /** Something of the facts changed. */
  changed(): void;
  notice(notice: Notice): void;
  /** The server greeted: role and facts of the file may be new. */
  hello(hello: Hello): void;
  /** Edits on an older history, made in this browser, are in the document now. */
  handedOver(outcome: HandedOver): void;
}

export class LiveDocument implements Observer {
  readonly doc = new Y.Doc();
  readonly provider: Provider;
  /** Edits of another history that this browser kept. */
  aside: readonly Kept[] = [];
  /** Set by the editor: what others than the people here did, and how many passages have two versions. */
  outside: OutsideChange | null = null;
  conflicts = 0;
  deleted = false;
  private readonly keeper: Keeper;
  /** The history of `doc`; what is opened by a renewed token may be another one, which the provider refuses. */
  private readonly historyId: string;
  /** What the page's editor was made for. */
  private readonly kind: string;
  private journalAway = false;
  private nodesApart = false;
  private stop: StopReason | null = null;
  private awaySince: number | null = performance.now();
  private unstoredSince: number | null = null;
  private lastStoredMs: number | null = null;
  private snapshotTimer: number | undefined;
  private greeted = false;
  private readonly ticker: number;

  private constructor(public opened: OpenDocument, store: OfflineStore | null, private readonly listener: DocumentListener) {
    this.historyId = opened.history_id;
    this.kind = opened.kind;
    const room = { documentId: opened.document_id, historyId: opened.history_id };
    this.keeper = new Keeper(store, room, () => this.changed());
    this.provider = new Provider(this.doc, { access: accessOf(opened), renew: () => this.renew(), observer: this });
    this.ticker = window.setInterval(() => this.tick(), TICK_MS);
    window.addEventListener("pagehide", this.onPageHide);
    window.addEventListener("beforeunload", this.onBeforeUnload);
  }

  /** Open what the API answered: first what this browser kept, then the connection. */
  static async open(opened: OpenDocument, listener: DocumentListener): Promise<LiveDocument> {
    const store = await openOfflineStore().catch(() => null);
    const live = new LiveDocument(opened, store, listener);
    live.deleted = opened.deleted ?? false;
    const { apply, aside } = await live.keeper.load();
    live.aside = aside;
    live.provider.applyKept(apply);
    void live.handOverAside();
    return live;
  }

  connect(): void {
    this.provider.connect();
  }

  destroy(): void {
    window.clearInterval(this.ticker);
    window.removeEventListener("pagehide", this.onPageHide);
    window.removeEventListener("beforeunload", this.onBeforeUnload);
    this.provider.destroy();
    this.doc.destroy();
  }

  // -- facts --

  get facts(): Facts {
    const { provider, keeper } = this;
    const pending = provider.ledger.pending;
    return {
      phase: provider.phase,
      stop: this.stop,
      synced: provider.synced,
      receivedBytes: provider.receivedBytes,
      awayMs: this.awaySince === null ? 0 : performance.now() - this.awaySince,
      restarting: provider.restarting,
      pending,
      kept: keeper.failure ? "tab" : keeper.kept,
      quotaFull: keeper.failure === "quota" && pending > 0,
      journalAway: this.journalAway,
      nodesApart: this.nodesApart,
      save: provider.save,
      allStored: provider.ledger.allStored,
      lastStoredMs: this.lastStoredMs,
      unstoredMs: this.unstoredSince === null ? 0 : performance.now() - this.unstoredSince,
      readOnly: this.readOnly,
      asideEdits: this.aside.length > 0,
      conflicts: this.conflicts,
      outside: this.outside,
      deleted: this.deleted,
      time: formatTime,
      size: formatSize,
    };
  }

  get view(): View {
    return describe(this.facts);
  }

  /** Why this person cannot write, null when they can. */
  get readOnly(): ReadOnlyReason | null {
    const role = this.greeted ? this.provider.role : this.opened.role;
    if (role === "viewer") return "role_viewer";
    if (role === "commenter") return "role_commenter";
    if (this.opened.kind !== this.kind) return "kind";
    return this.opened.writable ? null : "storage";
  }

  /** What the server has not confirmed, as text for a download. */
  get unsentText(): string {
    return typedText(this.keeper.unsent);
  }

  /** The kept edits of other histories as text, the newest first; `read` makes the text of a whole document. */
  asideTexts(read: ((doc: Y.Doc) => string) | null): { historyId: string; text: string; savedAtMs: number | null }[] {
    return this.aside.map((kept) => ({ historyId: kept.historyId, text: keptText(kept, read), savedAtMs: kept.savedAtMs })).reverse();
  }

  async discardAside(): Promise<void> {
    for (const { historyId } of this.aside) await this.keeper.forgetAside(historyId);
    this.aside = [];
    this.changed();
  }

  /** Remove what this browser kept of the document. */
  async forgetDevice(): Promise<void> {
    await this.keeper.forget();
    this.aside = [];
    this.changed();
  }

  /** Ask the storage to take the file now. Throws ApiError. */
  async storeNow(): Promise<void> {
    this.provider.flush();
    await api.save(this.opened.document_id);
  }

  /** Write the file again although it was deleted. Throws ApiError. */
  async restoreFile(): Promise<void> {
    this.provider.flush();
    await api.restore(this.opened.document_id);
  }

  /** Another right was given or taken: come in by it. */
  async changeRight(token: string | null): Promise<void> {
    if (token !== null) addRight(token);
    this.provider.change(await this.renew());
  }

  /** Try again after a stop or while waiting. */
  reconnect(): void {
    this.stop = null;
    this.provider.connect();
  }

  // -- Observer --

  changed(): void {
    const { provider } = this;
    if (provider.phase === "live") this.awaySince = null;
    else this.awaySince ??= performance.now();
    this.watchStorage();
    this.watchPending();
    this.listener.changed();
  }

  notice(notice: Notice): void {
    if (notice.code === "journal_unavailable") this.journalAway = true;
    if (notice.code === "journal_available") this.journalAway = false;
    if (notice.code === "nodes_apart") this.nodesApart = true;
    if (notice.code === "nodes_together") this.nodesApart = false;
    if (notice.code === "deleted") this.deleted = true;
    if (notice.code === "restored" || notice.code === "renamed") this.deleted = false;
    if (notice.code === "role_changed") this.loseRight(readRole(notice.fields.get("role")));
    this.changed();
    this.listener.notice(notice);
  }

  hello(hello: Hello): void {
    this.stop = null;
    this.journalAway = false;
    this.nodesApart = false;
    this.greeted = true;
    this.listener.hello(hello);
  }

  confirmed(upTo: number): void {
    this.keeper.confirm(upTo);
  }

  edited(edit: number, update: Uint8Array): void {
    this.keeper.add(edit, update);
  }

  stopped(reason: StopReason): void {
    this.stop = reason;
    if (reason === "forbidden") void this.keeper.forget();
    if (reason === "history_changed") void this.leaveHistory();
    this.changed();
  }

  // -- inside --

  /** A right that was taken is gone at once, also while the new connection is on its way; one that was given comes with it. */
  private loseRight(role: Role): void {
    if (role === "viewer" || role === "commenter") this.provider.role = role;
  }

  /** The document has another history: hand over or keep what was not confirmed, then open the new one. */
  private async leaveHistory(): Promise<void> {
    const pending = this.provider.ledger.pending > 0;
    if (pending) this.keeper.keepSnapshot(this.doc, Date.now());
    await this.keeper.idle();
    const kept = this.keeper.kept === "browser" && this.keeper.failure === null;
    const safe = !pending || (await this.handOver(this.historyId, [Y.encodeStateAsUpdate(this.doc)])) || kept;
    if (safe && mayReload(this.opened.document_id)) location.reload();
  }

  /** Hand over what this browser kept of older histories; what the server does not take stays aside for the person. */
  private async handOverAside(): Promise<void> {
    for (const kept of this.aside) {
      const updates = [...(kept.snapshot ? [kept.snapshot] : []), ...kept.updates];
      if (!(await this.handOver(kept.historyId, updates))) continue;
      this.aside = this.aside.filter((other) => other !== kept);
      this.changed();
    }
  }

  /** True when the server has these edits, and this browser keeps them no more. */
  private async handOver(historyId: string, updates: readonly Uint8Array[]): Promise<boolean> {
    if (this.readOnly) return false;
    try {
      const outcome = await handOverEdits(RETIRED, this.opened.document_id, historyId, updates);
      await this.keeper.forgetAside(historyId);
      if (outcome?.new) this.listener.handedOver(outcome);
      return true;
    } catch (error) {
      console.warn("Edits on an older history were not taken over", error);
      return false;
    }
  }

  private async renew(): Promise<Access> {
    try {
      this.opened = await renew(this.opened.document_id);
    } catch (error) {
      if (error instanceof ApiError) {
        if (error.status === 401) throw new AccessRefused("signed_out");
        if (error.status === 403) throw new AccessRefused("forbidden");
        if (error.status === 404) throw new AccessRefused("not_found");
      }
      throw error;
    }
    return accessOf(this.opened);
  }

  private watchStorage(): void {
    const { save, ledger } = this.provider;
    if (!save || save.state === "none") return;
    if (save.state === "stored" && save.storedAtMs !== null) this.lastStoredMs = Math.max(this.lastStoredMs ?? 0, save.storedAtMs);
    const stored = save.state === "stored" && ledger.allStored;
    this.unstoredSince = stored ? null : (this.unstoredSince ?? performance.now());
  }

  /** Edits that wait longer than a moment get the whole document beside them, to be readable without the server. */
  private watchPending(): void {
    if (this.keeper.count === 0) {
      window.clearTimeout(this.snapshotTimer);
      this.snapshotTimer = undefined;
    } else {
      this.snapshotTimer ??= window.setTimeout(() => {
        this.snapshotTimer = undefined;
        if (this.provider.synced) this.keeper.keepSnapshot(this.doc, Date.now());
      }, SNAPSHOT_AFTER_MS);
    }
  }

  private tick(): void {
    if (this.awaySince !== null || this.unstoredSince !== null) this.listener.changed();
  }

  private readonly onPageHide = (): void => this.provider.flush();

  /** The browser's own question, only while closing would lose edits. */
  private readonly onBeforeUnload = (event: BeforeUnloadEvent): void => {
    this.provider.flush();
    if (this.provider.ledger.pending > 0 && this.facts.kept === "tab") event.preventDefault();
  };
}

function accessOf(opened: OpenDocument): Access {
  return { url: opened.websocket_url, historyId: opened.history_id };
}

const RETIRED: RetiredHistories = {
  end: async (documentId, historyId) => {
    const { state_vector } = await api.retiredHistory(documentId, historyId);
    return Uint8Array.from(atob(state_vector), (char) => char.charCodeAt(0));
  },
  handOver: (documentId, historyId, update) => api.handOver(documentId, historyId, update),
};

const RELOAD_KEY = "collab.reload";
const RELOAD_PAUSE_MS = 10_000;

/** A page that reloads itself again and again helps nobody. */
function mayReload(documentId: string): boolean {
  const key = `${RELOAD_KEY}.${documentId}`;
  try {
    const last = Number(sessionStorage.getItem(key) ?? 0);
    sessionStorage.setItem(key, String(Date.now()));
    return Date.now() - last > RELOAD_PAUSE_MS;
  } catch {
    return false;
  }
}
