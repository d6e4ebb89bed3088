/** Owns number formats in xlsx' language: a value and its format become the text that is shown. Knows no cell. */
import { momentOf } from "./dates";
import type { SheetLocale } from "./locale";
import type { Value } from "./types";

export interface Shown {
  readonly text: string;
  /** What the format says of the colour, as the name of one: `red`. */
  readonly color?: string;
}

interface Token {
  readonly kind: "text" | "digit" | "point" | "comma" | "percent" | "exponent" | "slash" | "date" | "at" | "fill";
  readonly text: string;
}

interface Section {
  readonly tokens: readonly Token[];
  readonly color: string | undefined;
  readonly condition: ((value: number) => boolean) | null;
  readonly isDate: boolean;
  readonly isText: boolean;
}

const COLORS = new Map([["red", "red"], ["blue", "blue"], ["green", "green"], ["black", "black"], ["white", "white"], ["yellow", "yellow"], ["magenta", "magenta"], ["cyan", "cyan"]]);
const LONGEST_FORMAT = 255;
const parsed = new Map<string, readonly Section[]>();

/** Whether a number of this format is a day or a time. */
export function isDateFormat(format: string): boolean {
  return sectionsOf(format)[0]?.isDate ?? false;
}

export function formatValue(value: Value, format: string | undefined, locale: SheetLocale): Shown {
  if (typeof value === "boolean") return { text: value ? "TRUE" : "FALSE" };
  if (!format || /^general$/i.test(format) || format.length > LONGEST_FORMAT) return { text: typeof value === "number" ? general(value, locale) : value };
  const sections = sectionsOf(format);
  if (typeof value === "string") {
    const section = sections.find(({ isText }) => isText) ?? (sections.length > 3 ? sections[3] : undefined);
    return section ? shown(section, section.tokens.map((token) => (token.kind === "at" ? value : token.kind === "text" ? token.text : "")).join("")) : { text: value };
  }
  const section = chosen(sections, value);
  if (!section) return { text: "#".repeat(6) };
  const own = section !== sections[0] && section.condition === null && value < 0;
  const text = section.isDate ? dateText(section.tokens, value, locale) : numberText(section.tokens, own ? -value : value, locale);
  return shown(section, text);
}

function shown(section: Section, text: string): Shown {
  return section.color === undefined ? { text } : { text, color: section.color };
}

/** Positive; negative; zero; text: or by their own conditions. */
function chosen(sections: readonly Section[], value: number): Section | undefined {
  const numbers = sections.filter(({ isText }) => !isText).slice(0, 3);
  if (numbers.some(({ condition }) => condition)) return numbers.find(({ condition }) => condition === null || condition(value));
  if (numbers.length === 0) return undefined;
  if (value < 0 && numbers.length > 1) return numbers[1];
  return value === 0 && numbers.length > 2 ? numbers[2] : numbers[0];
}

/** At most 11 characters, as the office programs do. */
export function general(value: number, locale: SheetLocale, digits = 10): string {
  const size = Math.abs(value);
  const plain = size === 0 || (size >= 1e-5 && size < 1e11);
  const text = plain ? String(Number(value.toPrecision(digits))) : value.toExponential(5).replace(/\.?0+e/, "e").replace(/e([+-])(\d)$/, "e$10$2").toUpperCase();
  const whole = /e/i.test(text) && plain ? value.toFixed(10).replace(/\.?0+$/, "") : text;
  return whole.replace(".", locale.decimal);
}

// -- reading a format --

function sectionsOf(format: string): readonly Section[] {
  const known = parsed.get(format);
  if (known) return known;
  const made = split(format).map(readSection);
  if (parsed.size > 500) parsed.clear();
  parsed.set(format, made);
  return made;
}

function split(format: string): string[] {
  const parts = [""];
  for (const [piece] of format.matchAll(/"[^"]*"?|\\[^]|\[[^\]]*\]|[^]/gu)) {
    if (piece === ";") parts.push("");
    else parts[parts.length - 1] += piece;
  }
  return parts;
}

const TOKEN = /"([^"]*)"?|\\([^])|\[([^\]]*)\]|_[^]|\*[^]|(general)|(am\/pm|a\/p)|([ymdhs]+|b+)|(e[+-])|([#0?])|[^]/giu;

function readSection(source: string): Section {
  const tokens: Token[] = [];
  let color: string | undefined;
  let condition: Section["condition"] = null;
  const add = (kind: Token["kind"], text: string): number => tokens.push({ kind, text });
  for (const found of source.matchAll(TOKEN)) {
    const [piece, quoted, escaped, bracket, whole, noon, letters, exponent, digit] = found;
    if (quoted !== undefined) add("text", quoted);
    else if (escaped !== undefined) add("text", escaped);
    else if (bracket !== undefined) {
      const limit = /^([<>]=?|=|<>)(-?[\d.]+)$/.exec(bracket);
      if (limit) condition = comparison(limit[1]!, Number(limit[2]));
      else if (bracket.startsWith("$")) add("text", bracket.slice(1).split("-")[0] ?? "");
      else if (/^(h+|m+|s+)$/i.test(bracket)) add("date", `[${bracket.toLowerCase()}]`);
      else color = COLORS.get(bracket.toLowerCase()) ?? color;
    } else if (whole) add("digit", "general");
    else if (noon) add("date", noon.toLowerCase());
    else if (letters) add("date", letters.toLowerCase());
    else if (exponent) add("exponent", exponent.toUpperCase());
    else if (digit) add("digit", digit);
    else if (piece.startsWith("_")) add("text", " ");
    else if (piece.startsWith("*")) add("fill", "");
    else add(KINDS.get(piece) ?? "text", piece);
  }
  const isDate = tokens.some(({ kind }) => kind === "date");
  return { tokens: isDate ? minutes(tokens) : tokens, color, condition, isDate, isText: tokens.some(({ kind }) => kind === "at") };
}

const KINDS: ReadonlyMap<string, Token["kind"]> = new Map([[".", "point"], [",", "comma"], ["%", "percent"], ["/", "slash"], ["@", "at"]]);

function comparison(sign: string, limit: number): (value: number) => boolean {
  const tests = new Map<string, (value: number) => boolean>([
    ["<", (value) => value < limit],
    ["<=", (value) => value <= limit],
    [">", (value) => value > limit],
    [">=", (value) => value >= limit],
    ["<>", (value) => value !== limit],
  ]);
  return tests.get(sign) ?? ((value) => value === limit);
}

/** An `m` beside hours or seconds is minutes, any other one months. */
function minutes(tokens: readonly Token[]): Token[] {
  const dates = tokens.filter(({ kind }) => kind === "date");
  const isMinute = (token: Token): boolean => {
    const at = dates.indexOf(token);
    return /^m{1,2}$/.test(token.text) && (/h/.test(dates[at - 1]?.text ?? "") || /s/.test(dates[at + 1]?.text ?? ""));
  };
  return tokens.map((token) => (token.kind === "date" && isMinute(token) ? { kind: "date", text: token.text.replace(/m/g, "i") } : token));
}

// -- dates --

function dateText(tokens: readonly Token[], serial: number, locale: SheetLocale): string {
  const point = tokens.findIndex(({ kind, text }, index) => kind === "point" && /s/.test(tokens[index - 1]?.text ?? "") && text === ".");
  const digits = point < 0 ? 0 : tokens.slice(point + 1).findIndex(({ text }) => text !== "0");
  const places = point < 0 ? 0 : digits < 0 ? tokens.length - point - 1 : digits;
  const moment = momentOf(serial, Math.min(places, 3));
  if (moment.year < 0 || moment.year > 9999 || Number.isNaN(moment.year)) return "#".repeat(6);
  const noon = tokens.some(({ text }) => text === "am/pm" || text === "a/p");
  const elapsed = Math.round(serial * 86_400);
  let text = "";
  for (let index = 0; index < tokens.length; index += 1) {
    const token = tokens[index]!;
    if (index === point) {
      text += locale.decimal + String(Math.round(moment.fraction * 10 ** places)).padStart(places, "0");
      index += places;
    } else text += token.kind === "date" ? datePart(token.text, moment, elapsed, noon, locale) : token.kind === "fill" ? "" : token.text;
  }
  return text;
}

function datePart(letters: string, moment: ReturnType<typeof momentOf>, elapsed: number, noon: boolean, locale: SheetLocale): string {
  const two = (value: number): string => (letters.length > 1 ? String(value).padStart(2, "0") : String(value));
  if (letters === "am/pm") return moment.hour < 12 ? "AM" : "PM";
  if (letters === "a/p") return moment.hour < 12 ? "A" : "P";
  if (letters.startsWith("[")) {
    const unit = letters[1] === "h" ? 3600 : letters[1] === "s" ? 1 : 60;
    return String(Math.trunc(elapsed / unit)).padStart(letters.length - 2, "0");
  }
  switch (letters[0]) {
    case "y":
      return letters.length > 2 ? String(moment.year).padStart(4, "0") : String(moment.year % 100).padStart(2, "0");
    case "m":
      if (letters.length > 2) return letters.length === 3 ? (locale.shortMonths[moment.month - 1] ?? "") : letters.length === 5 ? (locale.months[moment.month - 1] ?? "").slice(0, 1) : (locale.months[moment.month - 1] ?? "");
      return two(moment.month);
    case "d":
      if (letters.length > 2) return (letters.length === 3 ? locale.shortDays : locale.days)[moment.weekday] ?? "";
      return two(moment.day);
    case "h":
      return two(noon ? moment.hour % 12 || 12 : moment.hour);
    case "i":
      return two(moment.minute);
    case "s":
      return two(moment.second);
    default:
      return "";
  }
}

// -- numbers --

function numberText(tokens: readonly Token[], value: number, locale: SheetLocale): string {
  if (tokens.some(({ kind, text }) => kind === "digit" && text === "general")) return tokens.map((token) => (token.text === "general" ? general(value, locale) : token.kind === "fill" ? "" : token.text)).join("");
  if (!tokens.some(({ kind }) => kind === "digit")) return (value < 0 ? "-" : "") + tokens.map(({ text }) => text).join("");
  if (tokens.some(({ kind }) => kind === "slash")) return fractionText(tokens, value);
  const exponent = tokens.findIndex(({ kind }) => kind === "exponent");
  if (exponent >= 0) return exponentText(tokens, exponent, value, locale);
  return plainText(tokens, value, locale);
}

/** Commas at the end scale by thousands, others group; percent signs scale by a hundred. */
function plainText(tokens: readonly Token[], value: number, locale: SheetLocale): string {
  const lastDigit = tokens.findLastIndex(({ kind }) => kind === "digit");
  const firstDigit = tokens.findIndex(({ kind }) => kind === "digit");
  const point = tokens.findIndex(({ kind }) => kind === "point");
  const wholeEnd = point < 0 ? lastDigit : point - 1;
  let scale = 0;
  let grouped = false;
  tokens.forEach(({ kind }, index) => {
    if (kind !== "comma") return;
    if (index > lastDigit || (point >= 0 && index === point - 1)) scale += 1;
    else if (index > firstDigit && index <= wholeEnd) grouped = true;
  });
  const percents = tokens.filter(({ kind }) => kind === "percent").length;
  const decimals = point < 0 ? [] : tokens.slice(point + 1).filter(({ kind }) => kind === "digit");
  const amount = Math.abs(value) * 100 ** percents / 1000 ** scale;
  const fixed = roundTo(amount, Math.min(decimals.length, 20));
  const [whole = "0", fraction = ""] = fixed.split(".");
  const wholeDigits = tokens.filter(({ kind }, index) => kind === "digit" && (point < 0 || index < point));
  const sign = value < 0 && /[1-9]/.test(fixed) ? "-" : "";
  return sign + lay(tokens, point, layWhole(wholeDigits, whole, grouped ? locale.group : ""), layFraction(decimals, fraction), locale);
}

/** As written in decimal, half away from zero: 1.005 with two places is 1.01. */
function roundTo(amount: number, places: number): string {
  if (!Number.isFinite(amount)) return "0";
  const text = amount.toFixed(places);
  const shifted = Number(`${amount}e${places}`);
  return Number.isFinite(shifted) && shifted < 2 ** 53 ? Number(`${Math.round(shifted)}e-${places}`).toFixed(places) : text;
}

/** A piece for each digit token; the first one takes what is more. */
function layWhole(tokens: readonly Token[], whole: string, group: string): string[] {
  const digits = whole === "0" ? "" : whole;
  const pieces: string[] = [];
  for (let index = tokens.length - 1; index >= 0; index -= 1) {
    const place = tokens.length - 1 - index;
    const digit = digits[digits.length - 1 - place] ?? (tokens[index]!.text === "0" ? "0" : tokens[index]!.text === "?" ? " " : "");
    pieces.unshift(digit && group && place > 0 && place % 3 === 0 && digit !== " " ? digit + group : digit);
  }
  let rest = digits.slice(0, Math.max(digits.length - tokens.length, 0));
  let place = tokens.length;
  let more = "";
  for (; rest; rest = rest.slice(0, -1), place += 1) more = rest.slice(-1) + (group && place > 0 && place % 3 === 0 ? group : "") + more;
  if (pieces.length > 0) pieces[0] = more + pieces[0];
  return pieces;
}

function layFraction(tokens: readonly Token[], fraction: string): string[] {
  const significant = fraction.replace(/0+$/, "").length;
  return tokens.map(({ text }, index) => (index < significant || text === "0" ? (fraction[index] ?? "0") : text === "?" ? " " : ""));
}

function lay(tokens: readonly Token[], point: number, whole: string[], fraction: string[], locale: SheetLocale): string {
  let text = "";
  for (const [index, { kind, text: own }] of tokens.entries()) {
    if (kind === "digit") text += (point < 0 || index < point ? whole : fraction).shift() ?? "";
    else if (kind === "point") text += fraction.some((piece) => piece.trim()) || tokens.slice(index).some((token) => token.text === "0") ? locale.decimal : "";
    else if (kind !== "comma" && kind !== "fill") text += own;
  }
  return text;
}

function exponentText(tokens: readonly Token[], at: number, value: number, locale: SheetLocale): string {
  const mantissa = tokens.slice(0, at);
  const point = mantissa.findIndex(({ kind }) => kind === "point");
  const decimals = point < 0 ? 0 : mantissa.slice(point).filter(({ kind }) => kind === "digit").length;
  const [head = "0", power = "0"] = Math.abs(value).toExponential(Math.min(decimals, 20)).split("e");
  const digits = tokens.slice(at + 1).filter(({ kind }) => kind === "digit").length;
  const sign = Number(power) < 0 ? "-" : tokens[at]!.text.endsWith("+") ? "+" : "";
  const after = tokens.slice(at + 1).filter(({ kind }) => kind !== "digit").map(({ text }) => text).join("");
  return `${value < 0 ? "-" : ""}${head.replace(".", locale.decimal)}E${sign}${String(Math.abs(Number(power))).padStart(digits, "0")}${after}`;
}

/** `# ?/?`: the nearest fraction whose denominator has as many digits, or the one that is written there. */
function fractionText(tokens: readonly Token[], value: number): string {
  const slash = tokens.findIndex(({ kind }) => kind === "slash");
  const given = Number(tokens.slice(slash + 1).map(({ text }) => (/^\d$/.test(text) ? text : "")).join(""));
  const places = tokens.slice(slash + 1).filter(({ kind }) => kind === "digit").length;
  const mixed = tokens.slice(0, slash).some(({ kind }, index) => kind === "digit" && tokens.slice(index, slash).some((token) => token.kind === "text" && token.text === " "));
  const size = Math.abs(value);
  const whole = mixed ? Math.floor(size) : 0;
  const [top, bottom] = given > 0 ? [Math.round((size - whole) * given), given] : nearest(size - whole, 10 ** Math.min(places, 4) - 1);
  const sign = value < 0 ? "-" : "";
  if (top === 0) return `${sign}${whole}`;
  return mixed && top === bottom ? `${sign}${whole + 1}` : `${sign}${mixed && whole > 0 ? `${whole} ` : ""}${top}/${bottom}`;
}

function nearest(value: number, most: number): [number, number] {
  let best: [number, number] = [Math.round(value), 1];
  for (let bottom = 2; bottom <= most; bottom += 1) {
    const top = Math.round(value * bottom);
    if (Math.abs(value - top / bottom) < Math.abs(value - best[0] / best[1]) - 1e-12) best = [top, bottom];
  }
  return best;
}
