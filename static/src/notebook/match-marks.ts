/** Owns the marks on what is searched for in a cell. */
import { StateEffect, StateField, type Extension } from "@codemirror/state";
import { Decoration, EditorView, type DecorationSet } from "@codemirror/view";

export interface MarkedMatch {
  readonly from: number;
  readonly to: number;
  readonly current: boolean;
}

export const showMatches = StateEffect.define<readonly MarkedMatch[]>();

const other = Decoration.mark({ class: "cm-searchMatch" });
const current = Decoration.mark({ class: "cm-searchMatch cm-searchMatch-selected" });

const field = StateField.define<DecorationSet>({
  create: () => Decoration.none,
  update(marks, transaction) {
    let next = marks.map(transaction.changes);
    for (const effect of transaction.effects) {
      if (!effect.is(showMatches)) continue;
      const { length } = transaction.state.doc;
      const shown = effect.value.filter((match) => match.to <= length && match.from < match.to);
      next = Decoration.set(shown.map((match) => (match.current ? current : other).range(match.from, match.to)), true);
    }
    return next;
  },
  provide: (marks) => EditorView.decorations.from(marks),
});

export const matchMarks: Extension = field;
