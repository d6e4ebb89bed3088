/** Owns the finding of words in a notebook's sources. Pure. */

export interface Query {
  readonly text: string;
  readonly matchCase: boolean;
  readonly regexp: boolean;
}

export interface Match {
  /** Of the cell among all. */
  readonly cell: number;
  readonly from: number;
  readonly to: number;
}

const MOST = 5_000;

/** The pattern of a query; null for none, or one that is no regular expression. */
export function patternOf({ text, matchCase, regexp }: Query): RegExp | null {
  if (text === "") return null;
  try {
    return new RegExp(regexp ? text : text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"), matchCase ? "gmu" : "gimu");
  } catch {
    return null;
  }
}

/** All matches in the cells' order; empty ones are left out. */
export function matchesOf(sources: readonly string[], query: Query): Match[] {
  const pattern = patternOf(query);
  const found: Match[] = [];
  if (!pattern) return found;
  for (const [cell, source] of sources.entries()) {
    for (const match of source.matchAll(pattern)) {
      if (match[0] !== "") found.push({ cell, from: match.index, to: match.index + match[0].length });
      if (found.length >= MOST) return found;
    }
  }
  return found;
}

/** What stands in for a match: with a regular expression `$1` and so on are its groups. */
export function replacementOf(matched: string, query: Query, replacement: string): string {
  const pattern = query.regexp ? patternOf(query) : null;
  return pattern ? matched.replace(new RegExp(pattern.source, pattern.flags.replace("g", "")), replacement) : replacement;
}
