/** Owns the page of a file that is not edited here: what it is, how big, and how to get it. Pictures are shown. */
import { contentAddress, type Entry, type Place } from "./api";
import { h } from "./dom";
import { formatMoment, formatSize, t } from "./i18n";
import { formatIcon, icon } from "./icons";

const PICTURES = new Set(["image", "svg"]);
/** Text kinds are refused for their size, others because they are not text. */
const NOT_TEXT = new Set(["binary", "image", "archive", "audio", "video", "pdf"]);

/** `reason` is the server's sentence, when it gave one. */
export function filePage(entry: Entry, place: Place, reason?: string): HTMLElement {
  const facts = `${formatSize(entry.size_bytes)} · ${formatMoment(entry.modified_ms)}`;
  const picture = PICTURES.has(entry.format);
  const why = reason ?? (picture ? "" : NOT_TEXT.has(entry.format) ? t("file.not_text") : t("file.too_large"));
  const view = picture ? pictureOf(entry, place) : h("div", { class: "file-icon" }, icon(formatIcon(entry.format, false), 48));
  const download = h("a", { class: "button button-primary", attrs: { href: contentAddress(place), download: entry.name } }, icon("download"), t("action.download"));
  return h("article", { class: "file-page" }, view, h("h1", {}, entry.name), h("p", { class: "hint" }, facts), why ? h("p", {}, why) : null, download);
}

function pictureOf(entry: Entry, place: Place): HTMLElement {
  const image = h("img", { class: "file-picture", attrs: { alt: entry.name, src: contentAddress(place, true) } });
  image.addEventListener("error", () => image.replaceWith(h("div", { class: "file-icon" }, icon("image", 48))));
  return image;
}
