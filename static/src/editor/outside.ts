/** Owns what came through the storage of late: what was said of it, where it is in the document, and taking it back. */
import { fromBase64 } from "lib0/buffer";
import * as Y from "yjs";
import { api } from "../shell/api";
import { t } from "../shell/i18n";
import { problemToast, toast } from "../shell/toast";
import type { OutsideChange } from "../sync/state";
import { count, text, type Notice } from "../sync/wire";
import type { Mark } from "./contract";

/** Older ones stay in the document; only their place here is given up. */
const MOST = 8;
const MOST_MARKS = 100;

interface Change {
  /** The server's number of it; null when it cannot be taken back. */
  readonly id: number | null;
  readonly who: string;
  readonly places: number;
  readonly marks: readonly Mark[];
}

export interface OutsideOptions {
  readonly documentId: () => string;
  /** This person's id: their own doing needs no news. */
  readonly userId: () => string;
  /** What there is to be told, null when nothing. */
  readonly told: (change: OutsideChange | null) => void;
}

export class OutsideChanges {
  private changes: Change[] = [];

  constructor(private readonly options: OutsideOptions) {}

  note(notice: Notice): void {
    this.changes = [...this.changes, readChange(notice)].slice(-MOST);
    this.tell();
  }

  /** Somebody took one back. */
  undone(notice: Notice): void {
    const id = count(notice.fields.get("change"));
    this.changes = this.changes.filter((change) => change.id !== id);
    const who = text(notice.fields.get("who")) ?? "";
    const mine = text(notice.fields.get("user_id")) === this.options.userId();
    toast(mine ? t("notice.outside_undone_here") : t("notice.outside_undone", { who }));
    this.tell();
  }

  forget(): void {
    this.changes = [];
    this.tell();
  }

  /** Where they are, for the editor that can show them. */
  get marks(): readonly Mark[] {
    return this.changes.flatMap((change) => change.marks);
  }

  /** Take all of it back, the last first; each is one edit that leaves alone what people wrote since. */
  async undo(): Promise<void> {
    for (const { id } of [...this.changes].reverse()) {
      if (id === null) continue;
      try {
        await api.undoOutside(this.options.documentId(), id);
      } catch (error) {
        return problemToast(error);
      }
    }
  }

  private tell(): void {
    const { changes } = this;
    const [first] = changes;
    if (!first) return this.options.told(null);
    const who = changes.every((change) => change.who === first.who) ? first.who : "";
    const places = changes.reduce((sum, change) => sum + change.places, 0);
    this.options.told({ who, places, undoable: changes.some((change) => change.id !== null) });
  }
}

function readChange({ fields }: Notice): Change {
  const marks = fields.get("marks");
  return {
    id: count(fields.get("change")),
    who: text(fields.get("who")) ?? "",
    places: count(fields.get("places")) || 1,
    marks: Array.isArray(marks) ? marks.slice(0, MOST_MARKS).flatMap(readMark) : [],
  };
}

function readMark(value: unknown): Mark[] {
  const [start, end] = Array.isArray(value) ? value.map(readPosition) : [];
  return start && end ? [{ start, end }] : [];
}

function readPosition(value: unknown): Y.RelativePosition | null {
  try {
    return typeof value === "string" ? Y.decodeRelativePosition(fromBase64(value)) : null;
  } catch {
    return null; // made up by its sender
  }
}
