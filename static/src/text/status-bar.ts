/** Owns the bar at the bottom: place, language, encoding, line ends, words; and who is typing where. */
import type { EditorState } from "@codemirror/state";
import { h, replaceChildren } from "../shell/dom";
import { formatNumber, t } from "../shell/i18n";

const LINE_ENDS = new Map([["lf", "LF"], ["crlf", "CRLF"], ["cr", "CR"], ["mixed", "LF/CRLF"], ["\n", "LF"], ["\r\n", "CRLF"], ["\r", "CR"]]);
const COUNT_AFTER_MS = 400;
/** A longer text is not counted. */
const LONGEST_COUNTED = 2_000_000;
const WORD = /[\p{L}\p{N}]+(?:['’._-][\p{L}\p{N}]+)*/gu;

export function countWords(text: string): number {
  let words = 0;
  WORD.lastIndex = 0;
  while (WORD.test(text)) words += 1;
  return words;
}

export class StatusBar {
  private readonly place = h("span", { class: "status-place" });
  private readonly language = h("span");
  private readonly facts = h("span", { class: "status-facts" });
  private readonly words = h("span", { class: "status-words" });
  private readonly activity = h("span", { class: "status-activity" });
  readonly element = h("footer", { class: "status-bar", attrs: { "aria-label": t("status.label") } }, this.place, this.language, this.facts, this.words, this.activity);
  private timer: number | undefined;

  constructor(language: string) {
    replaceChildren(this.language, language);
  }

  showPlace(state: EditorState): void {
    const { main, ranges } = state.selection;
    const line = state.doc.lineAt(main.head);
    const selected = ranges.reduce((sum, range) => sum + range.to - range.from, 0);
    const place = t("status.place", { line: formatNumber(line.number), column: formatNumber(main.head - line.from + 1) });
    const extra = ranges.length > 1 ? t("status.cursors", { count: ranges.length }) : selected > 0 ? t("status.selected", { count: selected }) : "";
    replaceChildren(this.place, extra ? `${place} (${extra})` : place);
  }

  showFacts(facts: ReadonlyMap<string, string>): void {
    const lineEnds = facts.get("line_ends");
    const shown = [facts.get("encoding")?.toUpperCase(), lineEnds && (LINE_ENDS.get(lineEnds.toLowerCase()) ?? lineEnds)];
    replaceChildren(this.facts, shown.filter(Boolean).join(" · "));
  }

  countSoon(state: () => EditorState): void {
    window.clearTimeout(this.timer);
    this.timer = window.setTimeout(() => {
      const { doc } = state();
      replaceChildren(this.words, doc.length > LONGEST_COUNTED ? "" : t("status.words", { count: countWords(doc.toString()) }));
    }, COUNT_AFTER_MS);
  }

  showActivity(sentence: string): void {
    replaceChildren(this.activity, sentence);
  }
}
