/** Owns the words about what the others do: who is typing where, and the summed-up sentences for a screen reader. */
import { ViewPlugin, type EditorView, type ViewUpdate } from "@codemirror/view";
import type { Extension } from "@codemirror/state";
import { t } from "../shell/i18n";
import type { Peer } from "../sync/peers";
import { authors, isRemote } from "./binding";
import type { ChangedRange } from "./change-marks";

const TYPING_MS = 3_000;
const SPEAK_EVERY_MS = 6_000;
const LEAVE_AFTER_MS = 5_000;
const REMEMBER_MS = 120_000;
const MOST_CHANGES = 500;

export interface ActivityOptions {
  /** Who is behind a Y client, null when nobody here. */
  readonly peer: (client: number) => Peer | null;
  /** The title of the section at a position. */
  readonly section: (position: number) => string | null;
  readonly now: () => number;
  /** For the status bar; empty when nobody types. */
  readonly show: (sentence: string) => void;
  /** For the screen reader. */
  readonly speak: (sentence: string) => void;
}

interface Change {
  from: number;
  to: number;
  readonly atMs: number;
  readonly outside: boolean;
}

/** "Anna", "Anna and Ben", "Anna and 2 others". */
export function someNames(names: readonly string[]): string {
  const [first = "", second = ""] = names;
  if (names.length <= 1) return first;
  return names.length === 2 ? t("people.two", { first, second }) : t("people.and_others", { name: first, count: names.length - 1 });
}

export class Activity {
  private changes: Change[] = [];
  private editors = new Map<string, string>();
  private where: string | null = null;
  private typingTimer: number | undefined;
  private speakTimer: number | undefined;
  private readonly present = new Map<string, string>();
  private readonly leaving = new Map<string, number>();
  private started = false;

  constructor(private readonly options: ActivityOptions) {}

  extension(): Extension {
    return ViewPlugin.define((_view: EditorView) => ({ update: (update: ViewUpdate) => this.update(update) }));
  }

  /** Passages that were changed by nobody who is here: by another program, through the storage. */
  outsideChanges(): ChangedRange[] {
    return this.changes.filter((change) => change.outside).map(({ from, to }) => ({ from, to }));
  }

  forgetOutside(): void {
    this.changes = this.changes.filter((change) => !change.outside);
  }

  /** The people here now; joins and departures are said, the first list is not. */
  people(peers: readonly Peer[]): void {
    const now = new Map(peers.map((peer) => [peer.userId, peer.name]));
    const joined = [...now].filter(([id]) => !this.present.has(id));
    for (const [id, name] of joined) {
      this.present.set(id, name);
      window.clearTimeout(this.leaving.get(id));
      this.leaving.delete(id);
    }
    for (const id of this.present.keys()) {
      if (now.has(id)) window.clearTimeout(this.leaving.get(id)), this.leaving.delete(id);
      else if (!this.leaving.has(id)) this.leaving.set(id, window.setTimeout(() => this.leave(id), LEAVE_AFTER_MS));
    }
    if (this.started && joined.length > 0) this.options.speak(t("people.joined", { names: someNames(joined.map(([, name]) => name)), count: joined.length }));
    this.started = true;
  }

  private leave(id: string): void {
    const name = this.present.get(id) ?? "";
    this.present.delete(id);
    this.leaving.delete(id);
    this.options.speak(t("people.left", { name }));
  }

  private update(update: ViewUpdate): void {
    if (!update.docChanged) return;
    for (const change of this.changes) {
      change.from = update.changes.mapPos(change.from, 1);
      change.to = update.changes.mapPos(change.to, -1);
    }
    for (const transaction of update.transactions) {
      const clients = isRemote(transaction) ? transaction.annotation(authors) : undefined;
      if (clients) this.note(update, clients);
    }
  }

  private note(update: ViewUpdate, clients: readonly number[]): void {
    const now = this.options.now();
    const people = clients.flatMap((client) => this.options.peer(client) ?? []);
    const outside = clients.length > 0 && people.length === 0;
    let first: number | null = null;
    this.changes = this.changes.filter((change) => now - change.atMs < REMEMBER_MS).slice(-MOST_CHANGES);
    update.changes.iterChangedRanges((_fromA, _toA, from, to) => {
      first ??= from;
      this.changes.push({ from, to, atMs: now, outside });
    });
    if (first !== null && people.length > 0) this.edited(people, first);
  }

  private edited(people: readonly Peer[], position: number): void {
    this.where = this.options.section(position);
    for (const peer of people) this.editors.set(peer.userId, peer.name);
    const names = someNames([...new Set(people.map((peer) => peer.name))]);
    this.options.show(this.where ? t("activity.typing_in", { names, section: this.where, count: people.length }) : t("activity.typing", { names, count: people.length }));
    window.clearTimeout(this.typingTimer);
    this.typingTimer = window.setTimeout(() => this.options.show(""), TYPING_MS);
    this.speakTimer ??= window.setTimeout(() => this.speak(), SPEAK_EVERY_MS);
  }

  private speak(): void {
    this.speakTimer = undefined;
    const names = someNames([...this.editors.values()]);
    this.editors.clear();
    this.options.speak(this.where ? t("activity.edited_in", { names, section: this.where }) : t("activity.edited", { names }));
  }
}
