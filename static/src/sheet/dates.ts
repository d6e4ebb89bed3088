/** Owns days as numbers: days since 1899-12-30, and back. */

const DAY_MS = 86_400_000;
const EPOCH = Date.UTC(1899, 11, 30);

/** The number of a day, null for a day that no calendar has. */
export function serialOf(year: number, month: number, day: number): number | null {
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  if (date.getUTCFullYear() !== year || date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day) return null;
  return Math.round((date.getTime() - EPOCH) / DAY_MS);
}

export interface Moment {
  readonly year: number;
  readonly month: number;
  readonly day: number;
  readonly weekday: number;
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
  /** Of the second, less than 1. */
  readonly fraction: number;
}

/** What a number is as a moment; `digits` of the second are kept, the rest is rounded. */
export function momentOf(serial: number, digits = 0): Moment {
  const scale = 10 ** digits;
  const units = Math.round(serial * 86_400 * scale);
  const seconds = Math.floor(units / scale);
  const date = new Date(EPOCH + seconds * 1000);
  return {
    year: date.getUTCFullYear(),
    month: date.getUTCMonth() + 1,
    day: date.getUTCDate(),
    weekday: date.getUTCDay(),
    hour: date.getUTCHours(),
    minute: date.getUTCMinutes(),
    second: date.getUTCSeconds(),
    fraction: (units - seconds * scale) / scale,
  };
}
