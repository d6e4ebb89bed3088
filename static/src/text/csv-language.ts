/** Owns the colours of CSV: each column its own tint, so that the eye can follow it. Only visible lines are read. */
import { RangeSetBuilder, type Extension } from "@codemirror/state";
import { Decoration, ViewPlugin, type DecorationSet, type EditorView, type ViewUpdate } from "@codemirror/view";

const TINTS = 6;
const SAMPLE_LINES = 20;
const DELIMITERS = [",", ";", "\t", "|"] as const;
/** A longer line stays without colours. */
const LONGEST_LINE = 20_000;

const marks = Array.from({ length: TINTS }, (_, index) => Decoration.mark({ class: `csv-column-${index}` }));

/** The delimiter that most lines have, comma when none. */
export function delimiterOf(lines: readonly string[]): string {
  const counts = DELIMITERS.map((delimiter) => lines.reduce((sum, line) => sum + line.split(delimiter).length - 1, 0));
  const most = Math.max(...counts);
  return most === 0 ? "," : (DELIMITERS[counts.indexOf(most)] ?? ",");
}

/** Start and end of each field of one line; quotes hide delimiters. */
export function fieldsOfLine(line: string, delimiter: string): [number, number][] {
  const fields: [number, number][] = [];
  let start = 0;
  let quoted = false;
  for (let at = 0; at < line.length; at += 1) {
    if (line[at] === '"') quoted = !quoted;
    else if (line[at] === delimiter && !quoted) {
      fields.push([start, at]);
      start = at + 1;
    }
  }
  fields.push([start, line.length]);
  return fields;
}

function tint(view: EditorView): DecorationSet {
  const { doc } = view.state;
  const sample = Array.from({ length: Math.min(SAMPLE_LINES, doc.lines) }, (_, index) => doc.line(index + 1).text.slice(0, 500));
  const delimiter = delimiterOf(sample);
  const builder = new RangeSetBuilder<Decoration>();
  for (const { from, to } of view.visibleRanges) {
    for (let at = from; at <= to; ) {
      const line = doc.lineAt(at);
      if (line.length < LONGEST_LINE) {
        fieldsOfLine(line.text, delimiter).forEach(([start, end], column) => {
          const mark = marks[column % TINTS];
          if (mark && end > start) builder.add(line.from + start, line.from + end, mark);
        });
      }
      at = line.to + 1;
    }
  }
  return builder.finish();
}

export function csvColumns(): Extension {
  return ViewPlugin.define(
    (view) => ({
      decorations: tint(view),
      update(update: ViewUpdate) {
        if (update.docChanged || update.viewportChanged) this.decorations = tint(update.view);
      },
    }),
    { decorations: (plugin) => plugin.decorations },
  );
}
