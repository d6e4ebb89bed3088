/** Entry of the editor page: who asks, which document, which editor. */
import "./shell/shell.css";
import "./editor/editor.css";
import "./text/text.css";
import "./notebook/notebook.css";
import "./sheet/sheet.css";
import { api, ApiError, type Me, type OpenDocument, type Place } from "./shell/api";
import { accountButton } from "./shell/app-menu";
import { h } from "./shell/dom";
import { errorPage } from "./shell/error-page";
import { filePage } from "./shell/file-page";
import { openedByShare } from "./shell/hand-over";
import { loadLanguage } from "./shell/i18n";
import { guestName } from "./shell/identity";
import { renew, startAsGuest } from "./shell/rights";
import { ensureSignedIn } from "./shell/sign-in";
import { createTopBar, mountPage } from "./shell/topbar";
import { listenForKeys } from "./shell/commands";
import { EditorPage } from "./editor/page";
import { editorOf, expectEditor } from "./editor/registry";
import { backLink } from "./editor/title";
import { unknownKindPage } from "./editor/unknown-kind";

const PREFIX = "/edit/";

async function start(): Promise<void> {
  await loadLanguage();
  listenForKeys();
  const place = placeOf(location);
  document.title = nameOf(place);
  expectEditor(place.path);
  const shared = openedByShare(place);
  if (shared) startAsGuest(shared.rights);
  const me = shared ? guestOf(shared.opened) : await ensureSignedIn();
  const opened = shared ? await renew(shared.opened.document_id) : await open(place, me);
  if (opened) await show(opened, me);
}

async function show(opened: OpenDocument, me: Me): Promise<void> {
  const load = editorOf(opened.kind);
  if (load) await new EditorPage(opened, me).start(load);
  else unknownKindPage(opened, me);
}

/** `/edit/{path}?root=`. */
export function placeOf(address: Pick<Location, "pathname" | "search">): Place {
  const path = address.pathname.slice(PREFIX.length).split("/").map(decodeURIComponent).join("/");
  return { root: new URLSearchParams(address.search).get("root") ?? "", path };
}

function nameOf(place: Place): string {
  return place.path.slice(place.path.lastIndexOf("/") + 1);
}

/** Open the document; a file that cannot be edited gets its own page and null is answered. */
async function open(place: Place, me: Me): Promise<OpenDocument | null> {
  try {
    return await api.open(place, me.mode === "open" ? guestName() : undefined);
  } catch (error) {
    if (!(error instanceof ApiError) || (error.status !== 415 && error.status !== 413)) throw error;
    await showFile(place, me, error.message);
    return null;
  }
}

async function showFile(place: Place, me: Me, reason: string): Promise<void> {
  const folder = place.path.includes("/") ? place.path.slice(0, place.path.lastIndexOf("/")) : "";
  const { entries } = await api.folder({ root: place.root, path: folder });
  const entry = entries.find((item) => item.path === place.path);
  const bar = createTopBar();
  bar.left.append(backLink(place), h("span", { class: "doc-name" }, nameOf(place)));
  bar.right.append(accountButton(me));
  mountPage(bar, h("main", {}, entry ? filePage(entry, place, reason || undefined) : null));
}

/** Who came by a share link: no account, the role of the link. */
function guestOf(opened: OpenDocument): Me {
  return { mode: "open", signed_in: false, user: opened.user, role: opened.role, roots: [], version: "" };
}

start().catch(errorPage);
