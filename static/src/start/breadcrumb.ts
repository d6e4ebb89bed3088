/** Owns the breadcrumb: every folder above, the current one last. */
import { h } from "../shell/dom";
import { t } from "../shell/i18n";
import { icon } from "../shell/icons";
import { ancestors, type Where } from "./location";

export interface Crumb {
  readonly name: string;
  readonly where: Where;
}

/** Files › root › folder …; with one root its name is left out. */
export function crumbsOf(where: Where, severalRoots: boolean): Crumb[] {
  const at = (root: string, path: string): Where => ({ root, path, query: "", file: "" });
  const crumbs = [{ name: t("start.title"), where: at(severalRoots ? "" : where.root, "") }];
  if (severalRoots && where.root) crumbs.push({ name: where.root, where: at(where.root, "") });
  const folders = ancestors(where.path).map(({ name, path }) => ({ name, where: at(where.root, path) }));
  const file = where.file ? [{ name: where.file.split("/").pop() ?? "", where }] : [];
  return [...crumbs, ...folders, ...file];
}

export function drawBreadcrumb(crumbs: readonly Crumb[], hrefOf: (where: Where) => string, go: (where: Where) => void): HTMLElement {
  const list = h("ol", {});
  crumbs.forEach((crumb, index) => {
    const last = index === crumbs.length - 1;
    const link = h("a", { title: crumb.name, attrs: { href: hrefOf(crumb.where), "aria-current": last ? "page" : null } }, crumb.name);
    link.addEventListener("click", (event) => {
      if (event.ctrlKey || event.metaKey || event.shiftKey) return;
      event.preventDefault();
      go(crumb.where);
    });
    list.append(h("li", {}, index > 0 ? icon("chevronRight", 14) : null, last ? h("h1", {}, link) : link));
  });
  return h("nav", { class: "breadcrumb", attrs: { "aria-label": t("breadcrumb.label") } }, list);
}
