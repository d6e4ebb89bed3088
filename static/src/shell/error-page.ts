/** Owns the page that stands when nothing else could be drawn: what happened, try again, details. */
import { button, copyDetails, errorText } from "./dialog";
import { h } from "./dom";
import { t } from "./i18n";
import { icon } from "./icons";
import { mountPage } from "./topbar";

export function errorPage(error: unknown): void {
  const retry = button(t("action.retry"), () => location.reload(), "primary");
  const details = button(t("action.copy_details"), () => void copyDetails(error));
  const actions = h("div", { class: "state-actions" }, retry, details);
  const state = h("div", { class: "state" }, h("div", { class: "state-icon" }, icon("alert", 28)), h("h1", {}, t("error.page_title")), h("p", { class: "hint" }, errorText(error)), actions);
  mountPage(null, h("main", { class: "error-page" }, state));
}
