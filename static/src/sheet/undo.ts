/** Owns undo and redo of this person's own changes in the whole spreadsheet, with the cells that each was made at. */
import * as Y from "yjs";
import { CHANGED_HERE } from "./edits";

const PLACE = "place";

/** A sheet and what was selected in it. */
export interface UndoPlace {
  readonly sheet: string;
  readonly anchor: { row: string | number; col: string | number };
  readonly head: { row: string | number; col: string | number };
}

export interface UndoPlaces {
  now(): UndoPlace | null;
  goTo(place: UndoPlace): void;
}

export class SheetUndo {
  private readonly undoManager: Y.UndoManager;

  constructor(doc: Y.Doc, private readonly places: UndoPlaces) {
    // Each change is a step: what belongs together is one transaction.
    this.undoManager = new Y.UndoManager([doc.getMap("sheets"), doc.getArray("tabs")], { trackedOrigins: new Set([CHANGED_HERE]), captureTimeout: 0 });
    this.undoManager.on("stack-item-added", ({ stackItem }) => {
      if (!stackItem.meta.has(PLACE)) stackItem.meta.set(PLACE, this.places.now());
    });
    this.undoManager.on("stack-item-popped", ({ stackItem }) => {
      const place = stackItem.meta.get(PLACE) as UndoPlace | null;
      if (place) this.places.goTo(place);
    });
  }

  get mayUndo(): boolean {
    return this.undoManager.undoStack.length > 0;
  }

  get mayRedo(): boolean {
    return this.undoManager.redoStack.length > 0;
  }

  undo(): void {
    this.undoManager.undo();
  }

  redo(): void {
    this.undoManager.redo();
  }

  destroy(): void {
    this.undoManager.destroy();
  }
}
