/** Owns what stands in the place of the list: loading, nothing there, nothing found, an error. */
import { button, copyDetails, errorText } from "../shell/dialog";
import { h } from "../shell/dom";
import { t } from "../shell/i18n";
import { icon, type IconName } from "../shell/icons";

const SKELETON_ROWS = 8;

function state(sign: IconName, title: string, text: string, ...actions: Node[]): HTMLElement {
  const row = actions.length ? h("div", { class: "state-actions" }, ...actions) : null;
  return h("div", { class: "state" }, h("div", { class: "state-icon" }, icon(sign, 28)), h("h2", {}, title), text ? h("p", { class: "hint" }, text) : null, row);
}

export function skeleton(): HTMLElement {
  const box = h("div", { class: "skeletons", attrs: { "aria-hidden": "true" } });
  for (let row = 0; row < SKELETON_ROWS; row += 1) {
    const line = h("div", { class: "skeleton-row" }, h("span", { class: "skeleton skeleton-icon" }), h("span", { class: "skeleton skeleton-line" }));
    (line.lastElementChild as HTMLElement).style.width = `${30 + ((row * 37) % 30)}%`;
    box.append(line);
  }
  return box;
}

export function emptyFolder(writable: boolean, upload: () => void, create: () => void): HTMLElement {
  if (!writable) return state("folder", t("empty.title"), t("empty.read_only"));
  const start = button(t("empty.new"), create, "primary");
  return state("folder", t("empty.title"), t("empty.text"), start, button(t("action.upload"), upload));
}

export function nothingFound(query: string): HTMLElement {
  return state("search", t("search.none", { query }), t("search.none_hint"));
}

export function failed(error: unknown, retry: () => void): HTMLElement {
  const again = button(t("action.retry"), retry, "primary");
  return state("alert", t("folder.failed"), errorText(error), again, button(t("action.copy_details"), () => void copyDetails(error)));
}
