/** Owns what typed text means: a number, a date, a truth, a formula or text, by the language of the page. */
import { momentOf, serialOf } from "./dates";
import type { SheetLocale } from "./locale";
import { formatValue, isDateFormat } from "./number-format";
import type { Value } from "./types";

export type Entry =
  | { readonly kind: "empty" }
  | { readonly kind: "value"; readonly value: Value; /** The number format that such an entry asks for. */ readonly format?: string }
  | { readonly kind: "formula"; readonly text: string };

/** `format` is what the cell has: text stays text in a cell that is formatted as text. */
export function readEntry(typed: string, locale: SheetLocale, format?: string): Entry {
  if (typed === "") return { kind: "empty" };
  if (format === "@") return typed.startsWith("=") && typed.length > 1 ? { kind: "formula", text: typed } : { kind: "value", value: typed };
  if (typed.startsWith("'")) return { kind: "value", value: typed.slice(1) };
  if (/^=./su.test(typed)) return { kind: "formula", text: typed };
  if (/^[+-](?=[^\d\s.,])/.test(typed) && /[(A-Z$]/i.test(typed) && /\d|\(/.test(typed) && !typed.includes(" ")) return { kind: "formula", text: `=${typed}` };
  const text = typed.trim();
  if (/^(true|false)$/i.test(text)) return { kind: "value", value: text.toLowerCase() === "true" };
  return readNumber(text, locale) ?? readMoment(text, locale) ?? { kind: "value", value: typed };
}

const CURRENCIES = "€$£¥₹₽₩₺₴₪₫฿";

function readNumber(text: string, locale: SheetLocale): Entry | null {
  const found = new RegExp(`^(\\(?)([-+]?)\\s*([${CURRENCIES}]?)\\s*([-+]?)(.*?)\\s*(%|[${CURRENCIES}])?(\\)?)$`, "u").exec(text);
  if (!found) return null;
  const [, open, sign, before, inner, digits = "", after, close] = found;
  if (Boolean(open) !== Boolean(close) || (sign && inner)) return null;
  const size = plainNumber(digits, locale);
  if (size === null) return null;
  const negative = Boolean(open) || sign === "-" || inner === "-";
  const places = digits.includes(locale.decimal) ? 2 : 0;
  const value = (negative ? -1 : 1) * size;
  if (after === "%") return { kind: "value", value: Number((value / 100).toPrecision(15)), format: places ? "0.00%" : "0%" };
  const currency = before || after;
  if (currency) return { kind: "value", value, format: before ? `"${currency}"#,##0${places ? ".00" : ""}` : `#,##0${places ? ".00" : ""} "${currency}"` };
  if (locale.group && digits.includes(locale.group)) return { kind: "value", value, format: `#,##0${places ? ".00" : ""}` };
  return /e/i.test(digits) ? { kind: "value", value, format: "0.00E+00" } : { kind: "value", value };
}

/** A number without a sign: groups of three where the language has them, its decimal sign. */
function plainNumber(digits: string, locale: SheetLocale): number | null {
  const decimal = escape(locale.decimal);
  const group = /^\s$/u.test(locale.group) ? "[\\s\\u00a0\\u202f]" : escape(locale.group);
  const grouped = locale.group ? `\\d{1,3}(?:${group}\\d{3})+|` : "";
  if (!new RegExp(`^(?:${grouped}\\d*)(?:${decimal}\\d*)?(?:e[+-]?\\d{1,3})?$`, "iu").test(digits) || !/\d/.test(digits)) return null;
  const [whole = "", ...rest] = digits.split(locale.decimal);
  const value = Number(`${whole.replace(/[^\de+-]/giu, "")}${rest.length > 0 ? `.${rest.join("")}` : ""}`);
  return Number.isFinite(value) ? value : null;
}

function escape(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
}

function readMoment(text: string, locale: SheetLocale): Entry | null {
  const alone = readTime(text);
  if (alone) return { kind: "value", value: alone.value, format: alone.format };
  const at = text.search(/[\sT](?=\d{1,2}:\d{2})/);
  const day = readDay(at < 0 ? text : text.slice(0, at), locale);
  const time = at < 0 ? null : readTime(text.slice(at + 1));
  if (!day || (at >= 0 && !time)) return null;
  return time ? { kind: "value", value: day.value + time.value, format: `${day.format} ${time.format}` } : { kind: "value", value: day.value, format: day.format };
}

interface Read {
  readonly value: number;
  readonly format: string;
}

function readTime(text: string): Read | null {
  const found = /^(\d{1,4}):([0-5]\d)(?::([0-5]\d)(?:[.,](\d{1,3}))?)?(?:\s*([ap])\.?m\.?)?$/i.exec(text.trim());
  if (!found) return null;
  const [, hours, minute, second, fraction, noon] = found;
  if (noon && (Number(hours) < 1 || Number(hours) > 12)) return null;
  const hour = noon ? (Number(hours) % 12) + (noon.toLowerCase() === "p" ? 12 : 0) : Number(hours);
  const value = (hour * 3600 + Number(minute) * 60 + Number(second ?? 0) + Number(`0.${fraction ?? 0}`)) / 86_400;
  const long = second ? ":ss" : "";
  return { value, format: noon ? `h:mm${long} AM/PM` : hour > 23 ? `[h]:mm${long}` : `hh:mm${long}` };
}

function readDay(text: string, locale: SheetLocale): Read | null {
  const iso = /^(\d{4})-(\d{1,2})-(\d{1,2})$/.exec(text);
  if (iso) return day(Number(iso[1]), Number(iso[2]), Number(iso[3]), "yyyy-mm-dd");
  const named = readNamedDay(text, locale);
  if (named) return named;
  const found = /^(\d{1,4})([./-])(\d{1,2})\2(\d{1,4})\.?$/.exec(text) ?? /^(\d{1,2})([./])(\d{1,2})\.?$/.exec(text);
  if (!found || (found[4] === undefined && found[2] === ".")) return null;
  const numbers = [found[1], found[3], found[4]].filter((part) => part !== undefined).map(Number);
  const order = found[1]!.length === 4 ? "ymd" : locale.order;
  const letters = found[4] === undefined ? order.replace("y", "") : order;
  const value = (letter: string): number => numbers[letters.indexOf(letter)] ?? NaN;
  const year = letters.includes("y") ? value("y") : new Date().getFullYear();
  return day(fullYear(year, String(year).length), value("m"), value("d"), locale.date);
}

/** `3 May 2024`, `May 3, 2024`, `3. Mai`. */
function readNamedDay(text: string, locale: SheetLocale): Read | null {
  const word = /\p{L}[\p{L}.]*/u.exec(text)?.[0]?.replace(/\.$/, "").toLocaleLowerCase();
  if (!word || word.length < 3) return null;
  const month = [locale.months, locale.shortMonths].map((names) => names.findIndex((name) => name.replace(/\.$/, "").toLocaleLowerCase() === word)).find((index) => index >= 0) ?? -1;
  const found = /^(?:(\d{1,2})\.?[\s-]*)?\p{L}[\p{L}.]*[\s-]*(?:(\d{1,2}),\s*|(\d{1,2})$)?(\d{4})?$/u.exec(text);
  if (month < 0 || !found) return null;
  const date = found[1] ?? found[2] ?? found[3];
  if (date === undefined) return null;
  return day(found[4] ? Number(found[4]) : new Date().getFullYear(), month + 1, Number(date), "d mmm yyyy");
}

function fullYear(year: number, digits: number): number {
  return digits > 2 ? year : year < 30 ? 2000 + year : 1900 + year;
}

function day(year: number, month: number, date: number, format: string): Read | null {
  const value = serialOf(year, month, date);
  return value === null ? null : { value, format };
}

/** What a person edits: the value in full, as it would be typed. */
export function entryText(value: Value | null, format: string | undefined, locale: SheetLocale): string {
  if (value === null) return "";
  if (typeof value === "boolean") return value ? "TRUE" : "FALSE";
  if (typeof value === "string") return readsAsOther(value, locale, format) ? `'${value}` : value;
  if (format && isDateFormat(format)) return momentText(value, locale);
  if (format?.includes("%")) return `${numberText(Number((value * 100).toPrecision(15)), locale)}%`;
  return numberText(value, locale);
}

function readsAsOther(value: string, locale: SheetLocale, format: string | undefined): boolean {
  const read = readEntry(value, locale, format);
  return read.kind === "formula" || (read.kind === "value" && read.value !== value);
}

function numberText(value: number, locale: SheetLocale): string {
  return String(value).replace("e+", "E+").replace("e-", "E-").replace(".", locale.decimal);
}

function momentText(value: number, locale: SheetLocale): string {
  const { hour, minute, second } = momentOf(value);
  const time = hour === 0 && minute === 0 && second === 0 ? "" : second === 0 ? "hh:mm" : "hh:mm:ss";
  const format = value >= 0 && value < 1 ? time || "hh:mm" : `${locale.date} ${time}`.trim();
  return formatValue(value, format, locale).text;
}
