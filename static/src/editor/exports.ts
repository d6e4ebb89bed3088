/** Owns "Download as …": in which formats the document can be had, and fetching it in one of them. */
import { api, type ExportFormat } from "../shell/api";
import { t } from "../shell/i18n";
import { showMenu, type MenuEntry } from "../shell/menu";
import { problemToast, toast } from "../shell/toast";
import type { EditorPage } from "./page";
import { download } from "./rescue";

const NOTE_AFTER_MS = 800;
const LOOK_MS = 50;
const SENT_WITHIN_MS = 3_000;

/** Show the formats as a menu at the button; the server is asked each time, since a new name may change them. */
export async function openExports(page: EditorPage, anchor: HTMLElement): Promise<void> {
  try {
    const { formats } = await api.exportFormats(page.live.opened.document_id);
    if (formats.length === 0) toast(t("export.none"));
    else showMenu(formats.map((format) => entryOf(page, format)), anchor);
  } catch (error) {
    problemToast(error);
  }
}

function entryOf(page: EditorPage, format: ExportFormat): MenuEntry {
  const label = t("export.format", { label: format.label, extension: format.extension });
  if (format.reason === null) return { label, icon: "download", run: () => void exportAs(page, format) };
  return { label: t("export.unavailable", { label }), icon: "download", hint: format.reason, disabled: true, run: () => undefined };
}

async function exportAs(page: EditorPage, { format, label }: ExportFormat): Promise<void> {
  let remove = (): void => undefined;
  const timer = window.setTimeout(() => (remove = toast(t("export.working", { label }), { sticky: true })), NOTE_AFTER_MS);
  try {
    await sent(page);
    download(await api.exportAs(page.live.opened.document_id, format));
    toast(t("export.done", { label }));
  } catch (error) {
    problemToast(error);
  } finally {
    window.clearTimeout(timer);
    remove();
  }
}

/** What was just typed is at the server, unless that takes long. */
async function sent({ live }: EditorPage): Promise<void> {
  live.provider.flush();
  for (let waited = 0; live.facts.pending > 0 && waited < SENT_WITHIN_MS; waited += LOOK_MS) {
    await new Promise((resolve) => window.setTimeout(resolve, LOOK_MS));
  }
}
