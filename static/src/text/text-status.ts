/** Owns what the status bar says of a text: place, language, encoding, line ends, words. */
import type { EditorState } from "@codemirror/state";
import type { StatusItem } from "../editor/contract";
import { formatNumber, t } from "../shell/i18n";
import { countWords } from "./words";

const LINE_ENDS = new Map([["lf", "LF"], ["crlf", "CRLF"], ["cr", "CR"], ["mixed", "LF/CRLF"], ["\n", "LF"], ["\r\n", "CRLF"], ["\r", "CR"]]);
const COUNT_AFTER_MS = 400;
/** A longer text is not counted. */
const LONGEST_COUNTED = 2_000_000;

export class TextStatus {
  private words = "";
  private timer: number | undefined;

  constructor(private readonly language: string, private readonly changed: () => void) {}

  items(state: EditorState, facts: ReadonlyMap<string, string>): StatusItem[] {
    return [
      { id: "place", text: placeOf(state) },
      { id: "language", text: this.language },
      { id: "facts", text: factsOf(facts) },
      { id: "words", text: this.words },
    ];
  }

  countSoon(state: () => EditorState): void {
    window.clearTimeout(this.timer);
    this.timer = window.setTimeout(() => {
      const { doc } = state();
      this.words = doc.length > LONGEST_COUNTED ? "" : t("status.words", { count: countWords(doc.toString()) });
      this.changed();
    }, COUNT_AFTER_MS);
  }

  destroy(): void {
    window.clearTimeout(this.timer);
  }
}

function placeOf(state: EditorState): string {
  const { main, ranges } = state.selection;
  const line = state.doc.lineAt(main.head);
  const selected = ranges.reduce((sum, range) => sum + range.to - range.from, 0);
  const place = t("status.place", { line: formatNumber(line.number), column: formatNumber(main.head - line.from + 1) });
  const extra = ranges.length > 1 ? t("status.cursors", { count: ranges.length }) : selected > 0 ? t("status.selected", { count: selected }) : "";
  return extra ? `${place} (${extra})` : place;
}

function factsOf(facts: ReadonlyMap<string, string>): string {
  const lineEnds = facts.get("line_ends");
  const shown = [facts.get("encoding")?.toUpperCase(), lineEnds && (LINE_ENDS.get(lineEnds.toLowerCase()) ?? lineEnds)];
  return shown.filter(Boolean).join(" · ");
}
