/** Owns the marks on passages that somebody else changed, for "Show": set for a while, moved along with the text. */
import { StateEffect, StateField, type Extension } from "@codemirror/state";
import { Decoration, EditorView, WidgetType, type DecorationSet } from "@codemirror/view";
import { t } from "../shell/i18n";

export interface ChangedRange {
  readonly from: number;
  readonly to: number;
}

export const showChanges = StateEffect.define<readonly ChangedRange[]>();

const line = Decoration.line({ class: "changed-line" });
const mark = Decoration.mark({ class: "changed-text" });

/** Where nothing is left of what stood there. */
class Gap extends WidgetType {
  override eq(): boolean {
    return true;
  }

  toDOM(): HTMLElement {
    const gap = document.createElement("span");
    gap.className = "changed-gap";
    gap.title = t("changes.removed");
    gap.setAttribute("role", "img");
    gap.setAttribute("aria-label", gap.title);
    return gap;
  }
}

const gap = Decoration.widget({ widget: new Gap(), side: -1 });

const field = StateField.define<DecorationSet>({
  create: () => Decoration.none,
  update(marks, transaction) {
    let next = marks.map(transaction.changes);
    for (const effect of transaction.effects) {
      if (!effect.is(showChanges)) continue;
      const { doc } = transaction.state;
      const ranges = effect.value.flatMap(({ from, to }) => {
        const start = doc.lineAt(Math.min(from, doc.length));
        const inside = to > from ? mark.range(from, Math.min(to, doc.length)) : gap.range(Math.min(from, doc.length));
        return [line.range(start.from), inside];
      });
      next = Decoration.set(ranges, true);
    }
    return next;
  },
  provide: (marks) => EditorView.decorations.from(marks),
});

export const changeMarks: Extension = field;
