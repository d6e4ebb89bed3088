/** Entry of the start page: language, who is asking, then the folder. */
import "./shell/shell.css";
import "./start/start.css";
import { listenForKeys } from "./shell/commands";
import { errorPage } from "./shell/error-page";
import { loadLanguage } from "./shell/i18n";
import { ensureSignedIn } from "./shell/sign-in";
import { StartPage } from "./start/page";

async function start(): Promise<void> {
  await loadLanguage();
  listenForKeys();
  new StartPage(await ensureSignedIn()).start();
}

start().catch(errorPage);
