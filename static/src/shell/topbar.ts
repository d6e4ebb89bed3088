/** Owns the bar at the top of every page: what is left, in the middle and right of it is the page's own. */
import { h, replaceChildren } from "./dom";
import { t } from "./i18n";

export interface TopBar {
  readonly element: HTMLElement;
  /** Where one is: breadcrumb or file name. */
  readonly left: HTMLElement;
  /** The state; it is never pushed out. */
  readonly middle: HTMLElement;
  /** People, Share, menus. */
  readonly right: HTMLElement;
}

export function createTopBar(): TopBar {
  const left = h("div", { class: "topbar-left" });
  const middle = h("div", { class: "topbar-middle" });
  const right = h("div", { class: "topbar-right" });
  const element = h("header", { class: "topbar" }, left, middle, right);
  return { element, left, middle, right };
}

/** The page: a link over the top bar for keyboards, the bar, the main part. */
export function mountPage(bar: TopBar | null, main: HTMLElement): void {
  main.id = "main";
  main.tabIndex = -1;
  const skip = h("a", { class: "skip-link", attrs: { href: "#main" } }, t("page.skip"));
  const app = document.getElementById("app") ?? document.body;
  replaceChildren(app, skip, bar?.element, main);
}
