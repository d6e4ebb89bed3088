/** Entry of the share page: trades the secret in the fragment for a document and goes on into the editor. */
import "./shell/shell.css";
import { api, editAddress, type OpenDocument } from "./shell/api";
import { errorPage } from "./shell/error-page";
import { loadLanguage } from "./shell/i18n";
import { guestName } from "./shell/identity";
import { h } from "./shell/dom";
import { t } from "./shell/i18n";
import { keepOpened } from "./shell/hand-over";
import { mountPage } from "./shell/topbar";

async function start(): Promise<void> {
  await loadLanguage();
  const secret = takeSecret();
  document.title = t("share.opening");
  mountPage(null, h("main", { class: "error-page" }, h("p", { class: "hint", role: "status" }, t("share.opening"))));
  const opened: OpenDocument = await api.redeemShare(secret, guestName());
  const place = { root: opened.root, path: opened.path };
  keepOpened(place, opened);
  location.replace(editAddress(place));
}

/** The secret leaves the address before anything else happens: history and screenshots do not show it. */
function takeSecret(): string {
  const secret = decodeURIComponent(location.hash.slice(1));
  history.replaceState(null, "", location.pathname);
  return secret;
}

start().catch(errorPage);
