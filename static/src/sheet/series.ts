/** Owns how a row of values goes on when it is filled further: sequences, days, numbered text, else the same again. Pure. */
import type { Value } from "./types";

/** The value after `values`, `index` steps beyond their end; negative ones go on before their beginning. */
export function continued(values: readonly (Value | null)[], isDate: boolean): (index: number) => Value | null {
  const count = values.length;
  const again = (index: number): Value | null => values[((index % count) + count) % count] ?? null;
  const at = (index: number): number => (index >= 0 ? index + count : index);
  if (values.every((value) => typeof value === "number")) {
    const numbers = values as readonly number[];
    const step = count > 1 ? numbers[1]! - numbers[0]! : isDate ? 1 : 0;
    const even = numbers.every((value, index) => index === 0 || Math.abs(value - numbers[index - 1]! - step) < 1e-9 * Math.max(1, Math.abs(value)));
    if (even && step !== 0) return (index) => Number((numbers[0]! + step * at(index)).toPrecision(14));
    return (index) => again(index);
  }
  const parts = values.map((value) => (typeof value === "string" ? /^(.*?)(\d{1,9})$/s.exec(value) : null));
  const first = parts[0];
  if (first && parts.every((part) => part?.[1] === first[1])) {
    const step = count > 1 ? Number(parts[1]![2]) - Number(first[2]) : 1;
    const width = first[2]!.startsWith("0") ? first[2]!.length : 0;
    const even = parts.every((part, index) => Number(part![2]) === Number(first[2]) + step * index);
    if (even && step !== 0) return (index) => `${first[1]}${String(Math.max(0, Number(first[2]) + step * at(index))).padStart(width, "0")}`;
  }
  return again;
}
