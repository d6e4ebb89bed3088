/** Owns the reading of a whole spreadsheet: its sheets in their order, and who is told what changed. */
import * as Y from "yjs";
import { SheetModel } from "./model";

/** The version of docs/sheets.md that this page knows. */
export const SCHEMA = 1;

export interface SheetChange {
  /** Rows, columns, sizes, merges, …: places moved. */
  structure: boolean;
  /** Keys of cells whose content changed. */
  readonly cells: Set<string>;
}

export interface BookChange {
  readonly sheets: ReadonlyMap<string, SheetChange>;
  readonly local: boolean;
  readonly transaction: Y.Transaction;
}

export class Book {
  private readonly models = new Map<string, SheetModel>();
  private readonly sheetsMap: Y.Map<unknown>;
  private readonly tabs: Y.Array<unknown>;
  private readonly listeners = new Set<(change: BookChange) => void>();

  constructor(readonly doc: Y.Doc) {
    this.sheetsMap = doc.getMap("sheets");
    this.tabs = doc.getArray("tabs");
    this.sheetsMap.observeDeep(this.onSheets);
    this.tabs.observe(this.onTabs);
    doc.getMap("meta").observe(this.onTabs);
    doc.getMap("styles").observe(this.onTabs);
  }

  destroy(): void {
    this.sheetsMap.unobserveDeep(this.onSheets);
    this.tabs.unobserve(this.onTabs);
    this.doc.getMap("meta").unobserve(this.onTabs);
    this.doc.getMap("styles").unobserve(this.onTabs);
  }

  /** Hear of every change; answers what ends it. */
  onChange(listener: (change: BookChange) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** Whether this page knows what the document is made of. */
  get isKnown(): boolean {
    const schema = this.doc.getMap("meta").get("schema");
    return schema === undefined || schema === SCHEMA;
  }

  get format(): string {
    const format = this.doc.getMap("meta").get("format");
    return typeof format === "string" ? format : "";
  }

  /** The sheets that are in the tabs, in their order, hidden ones too. */
  sheets(): SheetModel[] {
    const found = new Map<string, SheetModel>();
    for (const id of this.tabs.toArray()) {
      const sheet = typeof id === "string" && !found.has(id) ? this.sheet(id) : null;
      if (sheet) found.set(sheet.id, sheet);
    }
    return [...found.values()];
  }

  sheet(id: string): SheetModel | null {
    const map = this.sheetsMap.get(id);
    if (!(map instanceof Y.Map)) return null;
    const known = this.models.get(id);
    if (known?.map === map) return known;
    const made = new SheetModel(id, map, this.doc.getMap("styles"));
    this.models.set(id, made);
    return made;
  }

  /** A sheet by the name that formulas call it. */
  named(name: string): SheetModel | null {
    const wanted = name.toLocaleLowerCase();
    return this.sheets().find((sheet) => sheet.name.toLocaleLowerCase() === wanted) ?? null;
  }

  private readonly onTabs = (_event: unknown, transaction: Y.Transaction): void => this.tell(new Map(), transaction);

  private readonly onSheets = (events: Y.YEvent<Y.AbstractType<unknown>>[], transaction: Y.Transaction): void => {
    const changes = new Map<string, SheetChange>();
    for (const event of events) {
      const [id, part] = event.path.map(String);
      if (id === undefined) {
        for (const key of event.changes.keys.keys()) this.models.delete(key);
        continue;
      }
      const change = changes.get(id) ?? { structure: false, cells: new Set<string>() };
      changes.set(id, change);
      this.models.get(id)?.forget(part);
      if (part === "cells") for (const key of event.changes.keys.keys()) change.cells.add(key);
      else if (part !== "looks" && part !== "comments") change.structure = true;
    }
    this.tell(changes, transaction);
  };

  private tell(sheets: ReadonlyMap<string, SheetChange>, transaction: Y.Transaction): void {
    for (const listener of this.listeners) listener({ sheets, local: transaction.local, transaction });
  }
}
