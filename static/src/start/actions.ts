/** Owns what can be done with entries: make, rename, delete, download, share. The page tells what changed. */
import { api, ApiError, contentAddress, editAddress, type Entry, type Place, type Template } from "../shell/api";
import { confirmDialog, promptDialog } from "../shell/dialog";
import { formatNumber, t, type MessageKey } from "../shell/i18n";
import type { IconName } from "../shell/icons";
import { announce } from "../shell/live-region";
import type { MenuEntry } from "../shell/menu";
import { openShareDialog } from "../shell/share-dialog";
import { problemToast, toast } from "../shell/toast";
import { keyText } from "../shell/commands";
import { joinPath, nameProblem, parentOf, stemLength, withExtension } from "./names";

export interface NewKind {
  readonly id: string;
  readonly label: MessageKey;
  readonly icon: IconName;
  /** Empty for a folder. */
  readonly extension: string;
  readonly content: string;
}

const LATEX = "\\documentclass{article}\n\\begin{document}\n\n\\end{document}\n";
const NOTEBOOK = `${JSON.stringify({ cells: [], metadata: {}, nbformat: 4, nbformat_minor: 5 }, null, 1)}\n`;

export const NEW_KINDS: readonly NewKind[] = [
  { id: "markdown", label: "new.markdown", icon: "text", extension: ".md", content: "" },
  { id: "latex", label: "new.latex", icon: "math", extension: ".tex", content: LATEX },
  { id: "text", label: "new.text", icon: "file", extension: ".txt", content: "" },
  { id: "csv", label: "new.csv", icon: "sheet", extension: ".csv", content: "" },
  { id: "notebook", label: "new.notebook", icon: "code", extension: ".ipynb", content: NOTEBOOK },
  { id: "odt", label: "new.odt", icon: "text", extension: ".odt", content: "" },
  { id: "docx", label: "new.docx", icon: "text", extension: ".docx", content: "" },
  { id: "ods", label: "new.ods", icon: "spreadsheet", extension: ".ods", content: "" },
  { id: "folder", label: "new.folder", icon: "folder", extension: "", content: "" },
];

/** A refusal in the words of this page, shown in the dialog. */
class NameRefused extends ApiError {
  constructor(message: string) {
    super(message, "name_refused", 0, null, "");
  }
}

function checkName(name: string): void {
  const problem = nameProblem(name);
  if (problem) throw new NameRefused(t(problem));
}

/** The storage says "conflict"; for somebody who names a file that means: the name is taken. */
async function orTaken<Answer>(work: Promise<Answer>, name: string): Promise<Answer> {
  return work.catch((error: unknown) => {
    throw error instanceof ApiError && error.status === 409 ? new NameRefused(t("name.taken", { name })) : error;
  });
}

/** Ask for a name and make the file or folder; a file is opened. */
export function createEntry(kind: NewKind, folder: Place, onFolder: (entry: Entry) => void): void {
  const isFolder = kind.id === "folder";
  const suggestion = isFolder ? t("new.folder_name") : t("new.file_name") + kind.extension;
  promptDialog({
    title: t("new.title", { kind: t(kind.label) }),
    label: t("name.file_label"),
    value: suggestion,
    select: isFolder ? suggestion.length : stemLength(suggestion),
    action: t("action.create"),
    submit: async (typed) => {
      const name = isFolder ? typed : withExtension(typed, kind.extension);
      checkName(name);
      const place = { root: folder.root, path: joinPath(folder.path, name) };
      const entry = await orTaken(isFolder ? api.createFolder(place) : api.createFile(place, kind.content), name);
      if (isFolder) onFolder(entry);
      else location.assign(editAddress({ root: folder.root, path: entry.path }));
    },
  });
}

/** Ask for a name and make a file with the bytes of a template; it is opened. */
export function createFromTemplate(template: Template, folder: Place): void {
  const length = stemLength(template.name);
  promptDialog({
    title: t("new.title", { kind: template.name }),
    label: t("name.file_label"),
    value: template.name,
    select: length,
    action: t("action.create"),
    submit: async (typed) => {
      const name = withExtension(typed, template.name.slice(length));
      checkName(name);
      const place = { root: folder.root, path: joinPath(folder.path, name) };
      const entry = await orTaken(api.createFrom(place, template.name), name);
      location.assign(editAddress({ root: folder.root, path: entry.path }));
    },
  });
}

export function renameEntry(entry: Entry, root: string, onDone: (renamed: Entry) => void): void {
  promptDialog({
    title: t("rename.title", { name: entry.name }),
    label: t("name.file_label"),
    value: entry.name,
    select: entry.kind === "folder" ? entry.name.length : stemLength(entry.name),
    action: t("action.rename"),
    submit: async (name) => {
      if (name === entry.name) return;
      checkName(name);
      const renamed = await orTaken(api.rename({ root, path: entry.path }, joinPath(parentOf(entry.path), name)), name);
      announce(t("rename.done", { name }));
      onDone(renamed);
    },
  });
}

/** Delete after a question that says that it is final. */
export async function deleteEntries(entries: readonly Entry[], root: string, onDone: () => void): Promise<void> {
  const [first] = entries;
  if (!first) return;
  const count = entries.length;
  const folders = entries.some((entry) => entry.kind === "folder");
  const title = count === 1 ? t("delete.title_one", { name: first.name }) : t("delete.title", { count });
  if (!(await confirmDialog(title, t(folders ? "delete.text_folder" : "delete.text"), t("action.delete"), true))) return;
  let deleted = 0;
  try {
    for (const entry of entries) {
      await api.remove({ root, path: entry.path });
      deleted += 1;
    }
  } catch (error) {
    problemToast(error);
  }
  if (deleted) toast(deleted === 1 && count === 1 ? t("delete.done_one", { name: first.name }) : t("delete.done", { count: deleted }));
  onDone();
}

/** The bytes in the storage; folders have none. */
export function downloadEntries(entries: readonly Entry[], root: string): void {
  const files = entries.filter((entry) => entry.kind === "file");
  for (const entry of files) {
    const link = document.createElement("a");
    link.href = contentAddress({ root, path: entry.path });
    link.download = entry.name;
    link.click();
  }
  announce(t("download.started", { count: files.length }));
}

/** Sharing is about a live document: opening it makes one. */
async function shareEntry(entry: Entry, root: string): Promise<void> {
  try {
    const opened = await api.open({ root, path: entry.path });
    openShareDialog(opened.document_id, entry.name);
  } catch (error) {
    problemToast(error);
  }
}

export interface EntryEvents {
  open: (entry: Entry, newTab: boolean) => void;
  renamed: (entry: Entry) => void;
  removed: () => void;
}

/** The menu of an entry, or of several that are selected. */
export function entryMenu(entries: readonly Entry[], root: string, writable: boolean, mayShare: boolean, events: EntryEvents): MenuEntry[] {
  const [entry] = entries;
  if (!entry) return [];
  const menu: MenuEntry[] = [];
  if (entries.length === 1) {
    menu.push({ label: t("action.open"), icon: "eye", key: "↵", run: () => events.open(entry, false) });
    if (entry.kind === "file") menu.push({ label: t("action.open_tab"), icon: "external", run: () => events.open(entry, true) });
    if (mayShare && entry.editable) menu.push({ label: t("action.share"), icon: "link", run: () => void shareEntry(entry, root) });
    if (writable) menu.push({ label: t("action.rename_dots"), icon: "pencil", key: "F2", run: () => renameEntry(entry, root, events.renamed) });
  }
  if (entries.some((item) => item.kind === "file")) menu.push({ label: t("action.download"), icon: "download", run: () => downloadEntries(entries, root) });
  if (!writable) return menu;
  const label = entries.length === 1 ? t("action.delete_dots") : t("action.delete_many", { count: formatNumber(entries.length) });
  return [...menu, "separator", { label, icon: "trash", key: keyText("Delete"), danger: true, run: () => void deleteEntries(entries, root, events.removed) }];
}
