/** Owns how numbers and dates are written in a language, as the browser's Intl knows it. */

export interface SheetLocale {
  readonly tag: string;
  readonly decimal: string;
  readonly group: string;
  /** The order of a short date: `dmy`, `mdy` or `ymd`. */
  readonly order: "dmy" | "mdy" | "ymd";
  /** The number formats of a typed date and of one with a time. */
  readonly date: string;
  readonly months: readonly string[];
  readonly shortMonths: readonly string[];
  readonly days: readonly string[];
  readonly shortDays: readonly string[];
}

const known = new Map<string, SheetLocale>();

/** Monday, 2001-01-01. */
const MONDAY = Date.UTC(2001, 0, 1);
const DAY_MS = 86_400_000;

export function localeOf(tag: string): SheetLocale {
  const there = known.get(tag);
  if (there) return there;
  const numbers = new Intl.NumberFormat(tag, { useGrouping: true }).formatToParts(1_234_567.5);
  const named = (type: string): string => numbers.find((part) => part.type === type)?.value ?? "";
  const dates = new Intl.DateTimeFormat(tag, { year: "numeric", month: "2-digit", day: "2-digit", timeZone: "UTC" }).formatToParts(Date.UTC(2001, 10, 22));
  const fields = dates.filter(({ type }) => type === "day" || type === "month" || type === "year").map(({ type }) => type[0]).join("");
  const order = fields === "mdy" || fields === "ymd" ? fields : "dmy";
  const letters = new Map([["day", "dd"], ["month", "mm"], ["year", "yyyy"]]);
  const month = (style: "long" | "short"): string[] => Array.from({ length: 12 }, (_, index) => new Intl.DateTimeFormat(tag, { month: style, timeZone: "UTC" }).format(Date.UTC(2001, index, 15)));
  const day = (style: "long" | "short"): string[] => Array.from({ length: 7 }, (_, index) => new Intl.DateTimeFormat(tag, { weekday: style, timeZone: "UTC" }).format(MONDAY + (index - 1) * DAY_MS));
  const made: SheetLocale = {
    tag,
    decimal: named("decimal") || ".",
    group: named("group"),
    order,
    date: dates.map(({ type, value }) => letters.get(type) ?? value.trim()).join("").replace(/[.\u200f]+$/, "") || "yyyy-mm-dd",
    months: month("long"),
    shortMonths: month("short"),
    days: day("long"),
    shortDays: day("short"),
  };
  known.set(tag, made);
  return made;
}

/** The language of this page. */
export function pageLocale(): SheetLocale {
  const wanted = document.documentElement.lang || "en";
  try {
    return localeOf(wanted);
  } catch {
    return localeOf("en");
  }
}
