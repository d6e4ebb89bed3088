/** Owns undo and redo of this person's own changes in the whole notebook, with the cell and the selection that went with each. */
import * as Y from "yjs";
import { TYPED_HERE } from "../text/binding";
import { CHANGED_HERE } from "./changes";
import { cellsOf } from "./schema";

const CAPTURE_MS = 500;
const PLACE = "place";

/** Where the person was: a cell by its id, and a selection in its source. */
export interface UndoPlace {
  readonly cellId: string;
  readonly anchor: number;
  readonly head: number;
}

export interface UndoPlaces {
  now(): UndoPlace | null;
  goTo(place: UndoPlace): void;
}

export class NotebookUndo {
  private readonly undoManager: Y.UndoManager;
  private before: UndoPlace | null = null;

  constructor(doc: Y.Doc, private readonly places: UndoPlaces) {
    this.undoManager = new Y.UndoManager(cellsOf(doc), { trackedOrigins: new Set([TYPED_HERE, CHANGED_HERE]), captureTimeout: CAPTURE_MS });
    this.undoManager.on("stack-item-added", ({ stackItem }) => {
      if (!stackItem.meta.has(PLACE)) stackItem.meta.set(PLACE, this.before);
    });
    this.undoManager.on("stack-item-popped", ({ stackItem }) => {
      const place = stackItem.meta.get(PLACE) as UndoPlace | null;
      if (place) this.places.goTo(place);
    });
  }

  /** Called before a change of this person is written: where it starts from belongs to the step. */
  readonly beforeEdit = (): void => {
    this.before = this.places.now();
  };

  /** What follows is a new step. */
  endStep(): void {
    this.undoManager.stopCapturing();
  }

  /** A change to cells is a step of its own. */
  step<Result>(run: () => Result): Result {
    this.endStep();
    this.beforeEdit();
    const result = run();
    this.endStep();
    return result;
  }

  undo(): void {
    this.beforeEdit();
    this.undoManager.undo();
  }

  redo(): void {
    this.beforeEdit();
    this.undoManager.redo();
  }

  destroy(): void {
    this.undoManager.destroy();
  }
}
