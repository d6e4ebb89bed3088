/** Owns how one entry looks in the list. */
import type { Entry, Person } from "../shell/api";
import { h } from "../shell/dom";
import { formatMoment, formatSize, formatWhen, t } from "../shell/i18n";
import { formatIcon, icon } from "../shell/icons";
import { avatarStack } from "../shell/people";
import { parentOf } from "./names";

export interface RowView {
  readonly entry: Entry;
  readonly index: number;
  readonly people: readonly Person[];
  readonly href: string;
  readonly showFolder: boolean;
  readonly selected: boolean;
  readonly active: boolean;
  readonly nowMs: number;
}

export function drawRow(view: RowView): HTMLElement {
  const { entry } = view;
  const row = h("div", {
    class: `row row-${entry.kind}`,
    role: "row",
    tabIndex: view.active ? 0 : -1,
    attrs: { "aria-rowindex": view.index + 2, "aria-selected": String(view.selected), "data-index": view.index },
  });
  const size = entry.kind === "file" ? formatSize(entry.size_bytes) : "";
  const when = entry.modified_ms ? formatWhen(entry.modified_ms, view.nowMs) : "";
  row.append(
    nameCell(view, [when, size].filter(Boolean).join(" · ")),
    h("div", { class: "cell cell-people", role: "gridcell" }, view.people.length ? avatarStack(view.people, "small") : null),
    h("div", { class: "cell cell-modified", role: "gridcell", title: entry.modified_ms ? formatMoment(entry.modified_ms) : "" }, when),
    h("div", { class: "cell cell-size", role: "gridcell" }, size),
    h("div", { class: "cell cell-actions", role: "gridcell" }, moreButton(entry)),
  );
  return row;
}

function nameCell(view: RowView, facts: string): HTMLElement {
  const { entry } = view;
  const sign = entry.kind === "folder" ? icon("folder", 18) : icon(formatIcon(entry.format, entry.editable), 18);
  const link = h("a", { class: "row-name", tabIndex: -1, attrs: { href: view.href, draggable: "false" } }, ...nameParts(entry));
  const folder = view.showFolder ? h("span", { class: "row-where" }, parentOf(entry.path) || t("folder.top")) : null;
  const text = h("div", { class: "row-text" }, link, folder, h("span", { class: "row-facts", attrs: { "aria-hidden": "true" } }, facts));
  return h("div", { class: "cell cell-name", role: "gridcell" }, checkBox(view), h("span", { class: `row-icon kind-${kindOf(entry)}` }, sign), text);
}

/** The end of a long name stays readable: what does not fit is cut before the extension. */
function nameParts(entry: Entry): Node[] {
  const dot = entry.kind === "file" ? entry.name.lastIndexOf(".") : -1;
  if (dot <= 0 || entry.name.length - dot > 10) return [h("span", { class: "name-stem" }, entry.name)];
  return [h("span", { class: "name-stem" }, entry.name.slice(0, dot)), h("span", { class: "name-end" }, entry.name.slice(dot))];
}

function checkBox(view: RowView): HTMLElement {
  const label = t("row.select", { name: view.entry.name });
  const attrs = { "aria-label": label, "aria-checked": String(view.selected) };
  return h("span", { class: "row-check", role: "checkbox", tabIndex: -1, attrs }, icon("check", 12));
}

function moreButton(entry: Entry): HTMLElement {
  const attrs = { "aria-label": t("row.more", { name: entry.name }), "aria-haspopup": "menu", "aria-expanded": "false" };
  return h("button", { class: "icon-button row-more", type: "button", tabIndex: -1, attrs }, icon("more"));
}

function kindOf(entry: Entry): string {
  if (entry.kind === "folder") return "folder";
  const sign = formatIcon(entry.format, entry.editable);
  return entry.editable ? sign : "other";
}
