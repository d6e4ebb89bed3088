/** Owns the page of a document whose kind this version has no editor for: what it is and how to get it. */
import { liveContentAddress, type Me, type OpenDocument } from "../shell/api";
import { accountButton } from "../shell/app-menu";
import { h } from "../shell/dom";
import { t } from "../shell/i18n";
import { formatIcon, icon } from "../shell/icons";
import { createTopBar, mountPage } from "../shell/topbar";
import { backLink } from "./title";

export function unknownKindPage(opened: OpenDocument, me: Me): void {
  const bar = createTopBar();
  bar.left.append(backLink({ root: opened.root, path: opened.path }), h("span", { class: "doc-name" }, opened.name));
  bar.right.append(accountButton(me));
  const download = h("a", { class: "button button-primary", attrs: { href: liveContentAddress(opened.document_id), download: opened.name } }, icon("download"), t("action.download"));
  const picture = h("div", { class: "file-icon" }, icon(formatIcon(opened.format, false), 48));
  const page = h("article", { class: "file-page" }, picture, h("h1", {}, opened.name), h("p", {}, t("editor.unknown_kind", { kind: opened.kind })), download);
  mountPage(bar, h("main", {}, page));
}
