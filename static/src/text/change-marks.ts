/** Owns the marks on passages that somebody else changed, for "Show": set for a while, moved along with the text. */
import { StateEffect, StateField, type Extension } from "@codemirror/state";
import { Decoration, EditorView, type DecorationSet } from "@codemirror/view";

export interface ChangedRange {
  readonly from: number;
  readonly to: number;
}

export const showChanges = StateEffect.define<readonly ChangedRange[]>();

const line = Decoration.line({ class: "changed-line" });
const mark = Decoration.mark({ class: "changed-text" });

const field = StateField.define<DecorationSet>({
  create: () => Decoration.none,
  update(marks, transaction) {
    let next = marks.map(transaction.changes);
    for (const effect of transaction.effects) {
      if (!effect.is(showChanges)) continue;
      const { doc } = transaction.state;
      const ranges = effect.value.flatMap(({ from, to }) => {
        const start = doc.lineAt(Math.min(from, doc.length));
        const inside = to > from ? [mark.range(from, Math.min(to, doc.length))] : [];
        return [line.range(start.from), ...inside];
      });
      next = Decoration.set(ranges, true);
    }
    return next;
  },
  provide: (marks) => EditorView.decorations.from(marks),
});

export const changeMarks: Extension = field;
