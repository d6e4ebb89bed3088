/** Owns what the status bar says of the selection: its cells, and sum, average and count of their numbers. */
import type { StatusItem } from "../editor/contract";
import { t } from "../shell/i18n";
import type { Core } from "./core";
import { formatValue } from "./number-format";
import { rangeName, sizeOf } from "./types";

/** More cells than this are not added up while somebody drags. */
const MOST_SUMMED = 200_000;

export function summaryOf({ view, display }: Core): StatusItem[] {
  const { range, sheet, layout } = view;
  const items: StatusItem[] = [{ id: "cells", text: rangeName(range) }];
  if (layout.filtered.size > 0) items.push({ id: "filter", text: t("sheet.filtered_out", { count: layout.filtered.size }) });
  const seen = { ...range, bottom: Math.min(range.bottom, sheet.rows.length - 1), right: Math.min(range.right, sheet.cols.length - 1) };
  if (sizeOf(range) === 1 || sizeOf(seen) > MOST_SUMMED) return items;
  let [sum, numbers, filled] = [0, 0, 0];
  let format: string | undefined;
  for (let row = seen.top; row <= seen.bottom; row += 1) {
    if (layout.rows.isHidden(row)) continue;
    for (let col = seen.left; col <= seen.right; col += 1) {
      const value = display.value(sheet, row, col);
      if (value === null || value === "") continue;
      filled += 1;
      if (typeof value !== "number") continue;
      if (numbers === 0) ({ format } = sheet.lookAt(row, col));
      numbers += 1;
      sum += value;
    }
  }
  const shown = (value: number): string => formatValue(Number(value.toPrecision(14)), format, display.locale).text;
  if (numbers > 0) items.push({ id: "sum", text: t("sheet.sum_is", { value: shown(sum) }) }, { id: "average", text: t("sheet.average_is", { value: shown(sum / numbers) }) });
  if (filled > 0) items.push({ id: "count", text: t("sheet.count_is", { count: filled }) });
  return items;
}
