/** Owns the colours of BibTeX: entries, keys, fields, values. */
import type { StreamParser } from "@codemirror/language";

interface State {
  /** Depth of braces inside an entry; 0 = between entries. */
  depth: number;
  place: "outside" | "key" | "field" | "value";
}

export const bibtex: StreamParser<State> = {
  name: "bibtex",
  startState: () => ({ depth: 0, place: "outside" }),
  token(stream, state) {
    if (stream.eatSpace()) return null;
    if (state.place === "outside") return between(stream, state);
    if (stream.match(/^%.*/)) return "comment";
    if (stream.eat("{")) return open(state);
    if (stream.eat("}")) return close(state);
    if (state.place === "key") return key(stream, state);
    return state.place === "field" ? field(stream, state) : value(stream, state);
  },
  languageData: { commentTokens: { line: "%" }, closeBrackets: { brackets: ["{", '"'] } },
};

type Stream = Parameters<StreamParser<State>["token"]>[0];

function between(stream: Stream, state: State): string | null {
  if (stream.match(/^@comment/i)) return stream.skipToEnd(), "comment";
  if (stream.match(/^@\w+/)) {
    state.place = "key";
    state.depth = 0;
    return "keyword";
  }
  stream.skipToEnd();
  return "comment";
}

function open(state: State): string {
  state.depth += 1;
  return "bracket";
}

function close(state: State): string {
  state.depth = Math.max(0, state.depth - 1);
  if (state.depth === 0) state.place = "outside";
  else if (state.depth === 1 && state.place === "value") state.place = "value";
  return "bracket";
}

function key(stream: Stream, state: State): string | null {
  if (stream.eat(",")) {
    state.place = "field";
    return null;
  }
  if (stream.match(/^[^,\s{}]+/)) return "labelName";
  stream.next();
  return null;
}

function field(stream: Stream, state: State): string | null {
  if (stream.eat("=")) {
    state.place = "value";
    return "operator";
  }
  if (stream.match(/^[\w-]+/)) return "propertyName";
  stream.next();
  return null;
}

function value(stream: Stream, state: State): string | null {
  if (state.depth <= 1 && stream.eat(",")) {
    state.place = "field";
    return null;
  }
  if (state.depth <= 1 && stream.match(/^"(?:[^"\\]|\\.)*"?/)) return "string";
  if (state.depth <= 1 && stream.match(/^\d+/)) return "number";
  if (stream.match(/^\\[a-zA-Z]+|^\\./)) return "keyword";
  stream.match(/^[^{}\\,"]+/) || stream.next();
  return state.depth > 1 ? "string" : null;
}
