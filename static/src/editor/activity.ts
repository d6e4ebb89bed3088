/** Owns the words about what the others do: who is typing where, and the summed-up sentences for a screen reader. */
import { t } from "../shell/i18n";
import type { Peer } from "../sync/peers";

const TYPING_MS = 3_000;
const SPEAK_EVERY_MS = 6_000;
const LEAVE_AFTER_MS = 5_000;

export interface ActivityOptions {
  /** Who is behind a Y client, null when nobody here. */
  readonly peer: (client: number) => Peer | null;
  /** For the status bar; empty when nobody types. */
  readonly show: (sentence: string) => void;
  /** For the screen reader. */
  readonly speak: (sentence: string) => void;
}

/** "Anna", "Anna and Ben", "Anna and 2 others". */
export function someNames(names: readonly string[]): string {
  const [first = "", second = ""] = names;
  if (names.length <= 1) return first;
  return names.length === 2 ? t("people.two", { first, second }) : t("people.and_others", { name: first, count: names.length - 1 });
}

export class Activity {
  private editors = new Map<string, string>();
  private where: string | null = null;
  private typingTimer: number | undefined;
  private speakTimer: number | undefined;
  private readonly present = new Map<string, string>();
  private readonly leaving = new Map<string, number>();
  private started = false;

  constructor(private readonly options: ActivityOptions) {}

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

  /** These clients just wrote, in the section of this title. */
  edited(clients: readonly number[], section: string | null): void {
    const people = clients.flatMap((client) => this.options.peer(client) ?? []);
    if (people.length === 0) return;
    this.where = section;
    for (const peer of people) this.editors.set(peer.userId, peer.name);
    const names = someNames([...new Set(people.map((peer) => peer.name))]);
    this.options.show(this.where ? t("activity.typing_in", { names, section: this.where, count: people.length }) : t("activity.typing", { names, count: people.length }));
    window.clearTimeout(this.typingTimer);
    this.typingTimer = window.setTimeout(() => this.options.show(""), TYPING_MS);
    this.speakTimer ??= window.setTimeout(() => this.speak(), SPEAK_EVERY_MS);
  }

  private leave(id: string): void {
    const name = this.present.get(id) ?? "";
    this.present.delete(id);
    this.leaving.delete(id);
    this.options.speak(t("people.left", { name }));
  }

  private speak(): void {
    this.speakTimer = undefined;
    const names = someNames([...this.editors.values()]);
    this.editors.clear();
    this.options.speak(this.where ? t("activity.edited_in", { names, section: this.where }) : t("activity.edited", { names }));
  }
}
