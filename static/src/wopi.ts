/** Entry of the editor within a host's page: what the host opened, for whom, and how it wants it to look. */
import "./shell/shell.css";
import "./editor/editor.css";
import "./text/text.css";
import "./notebook/notebook.css";
import "./sheet/sheet.css";
import { ApiError, type Me, type OpenDocument } from "./shell/api";
import { listenForKeys } from "./shell/commands";
import { errorPage } from "./shell/error-page";
import { loadLanguage } from "./shell/i18n";
import { startAsGuest } from "./shell/rights";
import { applyTheme } from "./shell/theme";
import { EditorPage } from "./editor/page";
import { editorOf } from "./editor/registry";
import { unknownKindPage } from "./editor/unknown-kind";
import { Hosted } from "./host/hosted";
import { applyColors } from "./host/colors";
import { readLaunch, type Launch } from "./host/launch";
import { HostChannel } from "./host/messages";

async function start(): Promise<void> {
  const launch = readLaunch();
  const channel = new HostChannel(window.parent, launch.host?.origin ?? null, () => Date.now());
  window.addEventListener("message", (event) => channel.receive(event));
  if (launch.ui?.theme) applyTheme(launch.ui.theme);
  if (launch.ui) applyColors(launch.ui.colors);
  await loadLanguage([...(launch.ui?.lang ? [launch.ui.lang] : []), ...navigator.languages]);
  listenForKeys();
  channel.send("App_LoadingStatus", { Status: "Frame_Ready", Features: { VersionStates: true } });
  try {
    await show(launch, channel);
  } catch (error) {
    channel.send("App_LoadingStatus", { Status: "Failed" });
    channel.send("Action_Load_Resp", { success: false, errorMsg: error instanceof Error ? error.message : "", errorType: "load" });
    throw error;
  }
}

async function show(launch: Launch, channel: HostChannel): Promise<void> {
  const { opened, host, problem } = launch;
  if (!opened || !host) throw new ApiError(problem?.message ?? "", problem?.code ?? "unknown", 0, null, "launch");
  document.title = opened.name;
  startAsGuest([opened.token], false);
  const load = editorOf(opened.kind);
  if (!load) return unknownKindPage(opened, guestOf(opened));
  const hosted = new Hosted(host, channel, launch.ui?.close_button ?? false);
  await new EditorPage(opened, guestOf(opened), hosted).start(load);
}

/** Who came by a host: no account here. */
function guestOf(opened: OpenDocument): Me {
  return { mode: "token", signed_in: false, user: opened.user, role: opened.role, roots: [], version: "" };
}

start().catch(errorPage);
