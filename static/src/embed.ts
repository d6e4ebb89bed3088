/** Entry of the editor in a frame of a site's own page (the SDK's frame mode): the page says what to open, and by which token. */
import "./shell/shell.css";
import "./editor/editor.css";
import "./text/text.css";
import "./notebook/notebook.css";
import "./sheet/sheet.css";
import { actWith, api, type Me, type OpenDocument } from "./shell/api";
import { listenForKeys } from "./shell/commands";
import { errorPage } from "./shell/error-page";
import { loadLanguage } from "./shell/i18n";
import { startAsGuest } from "./shell/rights";
import { applyTheme } from "./shell/theme";
import { EditorPage } from "./editor/page";
import { editorOf } from "./editor/registry";
import { unknownKindPage } from "./editor/unknown-kind";
import { applyColors } from "./host/colors";
import { Hosted } from "./host/hosted";
import type { HostFacts } from "./host/launch";
import { HostChannel, readMessage, textOf, writeMessage, type HostMessage } from "./host/messages";

const FACTS: Omit<HostFacts, "origin"> = {
  user_id: "",
  is_owner: false,
  can: { rename: false, save_as: false, terminate: false },
  posts: {},
  switches: {},
  urls: {},
};

/** Who may be the page around this one: what the server lets frame it. */
function knownOrigins(): string[] {
  const text = document.getElementById("launch")?.textContent ?? "{}";
  return (JSON.parse(text) as { origins?: string[] }).origins ?? [];
}

/** The first message of an allowed page says what to open. */
function firstMessage(origins: readonly string[]): Promise<{ origin: string; message: HostMessage }> {
  return new Promise((resolve) => {
    const listen = (event: MessageEvent): void => {
      if (event.source !== window.parent || !origins.includes(event.origin)) return;
      const message = readMessage(event.data);
      if (message?.id !== "Embed_Open") return;
      window.removeEventListener("message", listen);
      resolve({ origin: event.origin, message });
    };
    window.addEventListener("message", listen);
    const ready = writeMessage("App_LoadingStatus", { Status: "Frame_Ready" }, Date.now());
    for (const origin of origins) window.parent.postMessage(ready, origin);
  });
}

async function start(): Promise<void> {
  const { origin, message } = await firstMessage(knownOrigins());
  const channel = new HostChannel(window.parent, origin, () => Date.now());
  channel.ready = true;
  window.addEventListener("message", (event) => channel.receive(event));
  const theme = textOf(message, "theme");
  if (theme === "dark" || theme === "light") applyTheme(theme);
  applyColors(colorsOf(message));
  await loadLanguage([textOf(message, "lang"), ...navigator.languages].filter(Boolean));
  listenForKeys();
  try {
    await show(message, channel);
  } catch (error) {
    channel.send("App_LoadingStatus", { Status: "Failed" });
    throw error;
  }
}

async function show(message: HostMessage, channel: HostChannel): Promise<void> {
  const place = { path: textOf(message, "path"), root: textOf(message, "root") };
  const openBy = (token: string): Promise<OpenDocument> => (actWith(token), api.open(place));
  const opened = await openBy(textOf(message, "token"));
  document.title = opened.name;
  startAsGuest([opened.token], false);
  const load = editorOf(opened.kind);
  if (!load) return unknownKindPage(opened, guestOf(opened));
  const hosted = new Hosted({ ...FACTS, origin: "" }, channel, false, (_documentId, token) => openBy(token));
  await new EditorPage(opened, guestOf(opened), hosted).start(load);
}

function colorsOf(message: HostMessage): Record<string, string> {
  const given = message.values.get("colors");
  const pairs = typeof given === "object" && given !== null ? Object.entries(given) : [];
  return Object.fromEntries(pairs.filter((pair): pair is [string, string] => typeof pair[1] === "string"));
}

function guestOf(opened: OpenDocument): Me {
  return { mode: "token", signed_in: false, user: opened.user, role: opened.role, roots: [], version: "" };
}

start().catch(errorPage);
