/**
 * Owns the ICU subset that our catalogues use: `{name}`, `{n, plural, =0 {…} one {# file} other {# files}}` and
 * `{role, select, owner {…} other {…}}`, nested; knows no catalogue and no page.
 */

export type Values = Readonly<Record<string, string | number>>;

type Part =
  | { kind: "text"; text: string }
  | { kind: "argument"; name: string }
  | { kind: "count" }
  | { kind: "choice"; name: string; plural: boolean; options: ReadonlyMap<string, readonly Part[]> };

export type Message = readonly Part[];

/** Read a message once. Throws SyntaxError with the place, so that a bad catalogue fails its test. */
export function parseMessage(source: string): Message {
  const reader = new Reader(source);
  const parts = reader.parts(false);
  if (!reader.done) reader.fail("unexpected }");
  return parts;
}

export function formatMessage(message: Message, values: Values, locale: string, count?: number): string {
  return message.map((part) => formatPart(part, values, locale, count)).join("");
}

/** Names of all arguments of a message: translations must use the same ones. */
export function argumentsOf(message: Message): Set<string> {
  const names = new Set<string>();
  for (const part of message) {
    if (part.kind === "argument" || part.kind === "choice") names.add(part.name);
    if (part.kind === "choice") for (const option of part.options.values()) for (const name of argumentsOf(option)) names.add(name);
  }
  return names;
}

function formatPart(part: Part, values: Values, locale: string, count: number | undefined): string {
  if (part.kind === "text") return part.text;
  if (part.kind === "count") return new Intl.NumberFormat(locale).format(count ?? 0);
  const value = values[part.name];
  if (value === undefined) return `{${part.name}}`;
  if (part.kind === "argument") return typeof value === "number" ? new Intl.NumberFormat(locale).format(value) : value;
  const option = part.plural ? pluralOption(part.options, Number(value), locale) : part.options.get(String(value));
  const chosen = option ?? part.options.get("other") ?? [];
  return formatMessage(chosen, values, locale, part.plural ? Number(value) : count);
}

function pluralOption(options: ReadonlyMap<string, Message>, count: number, locale: string): Message | undefined {
  return options.get(`=${count}`) ?? options.get(new Intl.PluralRules(locale).select(count));
}

class Reader {
  private at = 0;

  constructor(private readonly source: string) {}

  get done(): boolean {
    return this.at >= this.source.length;
  }

  fail(reason: string): never {
    throw new SyntaxError(`${reason} at ${this.at} of "${this.source}"`);
  }

  parts(counted: boolean): Part[] {
    const parts: Part[] = [];
    while (!this.done && this.source[this.at] !== "}") parts.push(this.part(counted));
    return parts;
  }

  private part(counted: boolean): Part {
    const char = this.source[this.at];
    if (char === "{") return this.argument(counted);
    if (char === "#" && counted) {
      this.at += 1;
      return { kind: "count" };
    }
    return { kind: "text", text: this.text(counted) };
  }

  private text(counted: boolean): string {
    const end = counted ? /[{}#]/ : /[{}]/;
    const start = this.at;
    while (!this.done && !end.test(this.source[this.at] ?? "")) this.at += 1;
    return this.source.slice(start, this.at);
  }

  private argument(counted: boolean): Part {
    this.expect("{");
    const name = this.word();
    if (this.accept("}")) return { kind: "argument", name };
    this.expect(",");
    const type = this.word();
    if (type !== "plural" && type !== "select") this.fail(`unknown type ${type}`);
    this.expect(",");
    const plural = type === "plural";
    const options = this.options(plural || counted);
    this.expect("}");
    if (!options.has("other")) this.fail("no other {…}");
    return { kind: "choice", name, plural, options };
  }

  private options(counted: boolean): Map<string, Part[]> {
    const options = new Map<string, Part[]>();
    for (this.space(); this.source[this.at] !== "}"; this.space()) {
      const key = this.word();
      this.expect("{");
      options.set(key, this.parts(counted));
      this.expect("}");
    }
    return options;
  }

  private word(): string {
    this.space();
    const found = /^=?[\w.-]+/.exec(this.source.slice(this.at))?.[0] ?? this.fail("a name is missing");
    this.at += found.length;
    return found;
  }

  private accept(char: string): boolean {
    this.space();
    if (this.source[this.at] !== char) return false;
    this.at += 1;
    return true;
  }

  private expect(char: string): void {
    if (!this.accept(char)) this.fail(`${char} expected`);
  }

  private space(): void {
    while (/\s/.test(this.source[this.at] ?? "")) this.at += 1;
  }
}
