/** Owns undo and redo of this person's own edits, with the selection that went with each. */
import { EditorSelection, type Extension } from "@codemirror/state";
import { EditorView, keymap, type KeyBinding, type ViewUpdate } from "@codemirror/view";
import * as Y from "yjs";
import { SETTLED_HERE, TYPED_HERE } from "./binding";

const CAPTURE_MS = 500;
const SELECTION = "selection";

interface KeptSelection {
  readonly anchor: Y.RelativePosition;
  readonly head: Y.RelativePosition;
}

export class OwnUndo {
  private readonly undoManager: Y.UndoManager;
  private before: KeptSelection | null = null;
  private view: EditorView | null = null;

  constructor(private readonly ytext: Y.Text) {
    this.undoManager = new Y.UndoManager(ytext, { trackedOrigins: new Set([TYPED_HERE, SETTLED_HERE]), captureTimeout: CAPTURE_MS });
    this.undoManager.on("stack-item-added", ({ stackItem }) => {
      if (!stackItem.meta.has(SELECTION)) stackItem.meta.set(SELECTION, this.before);
    });
    this.undoManager.on("stack-item-popped", ({ stackItem }) => this.restore(stackItem.meta.get(SELECTION)));
  }

  attach(view: EditorView): void {
    this.view = view;
  }

  undo(): boolean {
    return this.go(() => this.undoManager.undo());
  }

  redo(): boolean {
    return this.go(() => this.undoManager.redo());
  }

  /** Called before a local change is written: the selection it starts from belongs to the step. */
  readonly beforeEdit = (update: ViewUpdate): void => {
    const { anchor, head } = update.startState.selection.main;
    this.before = this.keep(anchor, head);
  };

  /** What follows is a new step. */
  endStep(): void {
    this.undoManager.stopCapturing();
  }

  extension(): Extension {
    const keys: KeyBinding[] = [
      { key: "Mod-z", run: () => this.undo(), preventDefault: true },
      { key: "Mod-y", mac: "Mod-Shift-z", run: () => this.redo(), preventDefault: true },
      { key: "Mod-Shift-z", run: () => this.redo(), preventDefault: true },
    ];
    const native = EditorView.domEventHandlers({
      beforeinput: (event) => {
        if (event.inputType === "historyUndo") return this.undo();
        return event.inputType === "historyRedo" ? this.redo() : false;
      },
    });
    const steps = EditorView.updateListener.of((update) => {
      if (update.selectionSet && update.transactions.some((transaction) => transaction.isUserEvent("select"))) this.endStep();
    });
    return [keymap.of(keys), native, steps];
  }

  destroy(): void {
    this.undoManager.destroy();
  }

  private go(step: () => unknown): boolean {
    const view = this.view;
    if (!view || view.state.readOnly) return true;
    const { anchor, head } = view.state.selection.main;
    this.before = this.keep(anchor, head);
    step();
    return true;
  }

  private keep(anchor: number, head: number): KeptSelection {
    const position = (index: number): Y.RelativePosition => Y.createRelativePositionFromTypeIndex(this.ytext, index);
    return { anchor: position(anchor), head: position(head) };
  }

  private restore(kept: KeptSelection | null | undefined): void {
    const doc = this.ytext.doc;
    if (!kept || !doc || !this.view) return;
    const anchor = Y.createAbsolutePositionFromRelativePosition(kept.anchor, doc);
    const head = Y.createAbsolutePositionFromRelativePosition(kept.head, doc);
    if (anchor?.type !== this.ytext || head?.type !== this.ytext) return;
    const selection = EditorSelection.single(anchor.index, head.index);
    this.view.dispatch({ selection, effects: EditorView.scrollIntoView(selection.main) });
  }
}
