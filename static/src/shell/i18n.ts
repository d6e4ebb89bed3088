/**
 * Owns the language of the page: which catalogue, and texts, dates, sizes in it. English is always there; another
 * language is one more file in locales/, loaded when asked for.
 */
import english from "../../locales/en.json";
import { formatMessage, parseMessage, type Message, type Values } from "./message-format";

export type MessageKey = keyof typeof english;

let locale = "en";
let catalogue: Readonly<Record<string, string>> = english;
const parsed = new Map<string, Message>();

/** Catalogues besides English, by language. A language is added here and in locales/. A Map: addresses name languages. */
const CATALOGUES: ReadonlyMap<string, () => Promise<Readonly<Record<string, string>>>> = new Map();

/** The text of a key in the current language; `values` fill its arguments. */
export function t(key: MessageKey, values: Values = {}): string {
  const source = catalogue[key] ?? english[key];
  let message = parsed.get(source);
  if (!message) parsed.set(source, (message = parseMessage(source)));
  return formatMessage(message, values, locale);
}

/** Choose the first known language of `wanted` (host's `lang`, the setting, the browser); call before drawing. */
export async function loadLanguage(wanted: readonly string[] = preferredLanguages()): Promise<void> {
  for (const tag of wanted) {
    const language = tag.toLowerCase().split("-")[0] ?? "";
    const load = CATALOGUES.get(language);
    if ((language !== "en" && !load) || !isLocale(tag)) continue;
    catalogue = load ? await load() : english;
    parsed.clear();
    formatters.clear();
    locale = tag;
    break;
  }
  document.documentElement.lang = locale;
}

/** `Intl` throws for anything else. */
function isLocale(tag: string): boolean {
  try {
    return Intl.getCanonicalLocales(tag).length === 1;
  } catch {
    return false;
  }
}

function preferredLanguages(): string[] {
  const asked = new URLSearchParams(location.search).get("lang");
  return [...(asked ? [asked] : []), ...navigator.languages];
}

/** Formatters of the current language, made once each: making one costs more than drawing a row. */
const formatters = new Map<string, unknown>();

function formatter<Formatter>(name: string, make: () => Formatter): Formatter {
  const known = formatters.get(name) as Formatter | undefined;
  if (known) return known;
  const made = make();
  formatters.set(name, made);
  return made;
}

function dateFormatter(name: string, style: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  return formatter(name, () => new Intl.DateTimeFormat(locale, style));
}

export function formatNumber(value: number): string {
  return formatter("number", () => new Intl.NumberFormat(locale)).format(value);
}

const UNITS = ["byte", "kilobyte", "megabyte", "gigabyte", "terabyte"] as const;

/** `1.2 MB`: decimal units, two digits at most where they matter. */
export function formatSize(bytes: number): string {
  const power = bytes < 1000 ? 0 : Math.min(Math.floor(Math.log10(bytes) / 3), UNITS.length - 1);
  const value = bytes / 1000 ** power;
  const digits = power === 0 || value >= 10 ? 0 : 1;
  const style = { style: "unit", unit: UNITS[power], unitDisplay: power === 0 ? "long" : "short" } as const;
  const options = { ...style, maximumFractionDigits: digits } as Intl.NumberFormatOptions;
  return formatter(`size ${power} ${digits}`, () => new Intl.NumberFormat(locale, options)).format(value);
}

const STEPS: readonly (readonly [Intl.RelativeTimeFormatUnit, number])[] = [
  ["day", 86_400_000],
  ["hour", 3_600_000],
  ["minute", 60_000],
];
const WEEK_MS = 7 * 86_400_000;

/** `5 minutes ago` within a week, then the date. */
export function formatWhen(atMs: number, nowMs: number): string {
  const age = nowMs - atMs;
  if (age >= WEEK_MS || age < -WEEK_MS) return formatDate(atMs, nowMs);
  const relative = formatter("relative", () => new Intl.RelativeTimeFormat(locale, { numeric: "auto" }));
  for (const [unit, length] of STEPS) {
    if (Math.abs(age) >= length) return relative.format(-Math.round(age / length), unit);
  }
  return t("time.now");
}

function formatDate(atMs: number, nowMs: number): string {
  const sameYear = new Date(atMs).getFullYear() === new Date(nowMs).getFullYear();
  return (sameYear ? dateFormatter("day", { day: "numeric", month: "short" }) : dateFormatter("date", { dateStyle: "medium" })).format(atMs);
}

/** The exact moment, for tooltips. */
export function formatMoment(atMs: number): string {
  return dateFormatter("moment", { dateStyle: "medium", timeStyle: "medium" }).format(atMs);
}

/** `12:04`, for the save state. */
export function formatTime(atMs: number): string {
  return dateFormatter("time", { hour: "2-digit", minute: "2-digit" }).format(atMs);
}

/** `Anna, Ben and Chris`. */
export function formatList(items: readonly string[]): string {
  return formatter("list", () => new Intl.ListFormat(locale, { type: "conjunction" })).format(items);
}

/** Compare names as people sort them: `a2` before `a10`. */
export function nameOrder(): (left: string, right: string) => number {
  return new Intl.Collator(locale, { numeric: true, sensitivity: "base" }).compare;
}
