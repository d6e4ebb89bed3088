/** Owns the start page: which folder is shown, loading it again when it changed, and what opening an entry does. */
import { api, editAddress, type Entry, type Me, type Place, type Template } from "../shell/api";
import { accountButton } from "../shell/app-menu";
import { h, replaceChildren } from "../shell/dom";
import { filePage } from "../shell/file-page";
import { nameOrder, t } from "../shell/i18n";
import { formatIcon, icon } from "../shell/icons";
import { announce } from "../shell/live-region";
import { showMenu, type MenuEntry } from "../shell/menu";
import { readSetting, writeSetting } from "../shell/theme";
import { createTopBar, mountPage } from "../shell/topbar";
import { createEntry, createFromTemplate, deleteEntries, downloadEntries, entryMenu, NEW_KINDS, type EntryEvents } from "./actions";
import { crumbsOf, drawBreadcrumb } from "./breadcrumb";
import { registerPageCommands } from "./commands";
import { Grid } from "./grid";
import { BY_NAME, sortEntries, type Order } from "./listing";
import { LiveStrip } from "./live";
import { formatWhere, parseWhere, type Where } from "./location";
import { joinPath, parentOf } from "./names";
import { emptyFolder, failed, nothingFound, skeleton } from "./states";
import { Toolbar } from "./toolbar";
import { acceptDrops, Uploads } from "./upload";

const HIDDEN = "collab.hidden_files";
const REFRESH_MS = 10_000;
/** A larger folder is loaded again only when somebody comes back to the page. */
const REFRESHED_ENTRIES = 2_000;
const SKELETON_AFTER_MS = 300;

interface Listing {
  readonly entries: readonly Entry[];
  readonly writable: boolean;
  readonly truncated: boolean;
}

export class StartPage {
  readonly grid: Grid;
  readonly toolbar: Toolbar;
  private readonly bar = createTopBar();
  private readonly content = h("div", { class: "content" });
  private readonly note = h("p", { class: "list-note", hidden: true });
  private readonly live = new LiveStrip(() => this.draw(false));
  private readonly uploads: Uploads;
  private readonly main: HTMLElement;
  private where: Where;
  private listing: Listing | null = null;
  private templates: readonly Template[] = [];
  private order: Order = BY_NAME;
  private hidden = readSetting(HIDDEN) === "1";
  private loading = new AbortController();
  private shown = "";
  /** The entry to focus when the list is there: the folder one came from. */
  private focusPath: string | undefined;

  constructor(private readonly me: Me) {
    this.where = parseWhere(location.search);
    this.grid = new Grid(
      {
        open: (entry, newTab) => this.open(entry, newTab),
        menu: (entry, anchor, point) => this.openMenu(entry, anchor, point),
        order: (order) => ((this.order = order), this.draw(false)),
        selection: (count) => this.toolbar.show(count, this.writable),
      },
      t("list.label"),
    );
    this.toolbar = new Toolbar({
      search: (text) => this.go({ ...this.where, query: text.trim(), file: "" }, Boolean(this.where.query)),
      newEntries: () => this.newEntries(),
      upload: (files) => this.upload(files),
      download: () => downloadEntries(this.grid.targets, this.root),
      remove: () => void this.removeTargets(),
      clear: () => this.grid.clearSelection(),
    });
    this.uploads = new Uploads({ arrived: () => void this.load(false), taken: (place) => this.has(place.path) });
    this.main = h("main", { class: "start" }, this.live.element, this.toolbar.element, this.content, this.note);
  }

  /** Draw the page and begin to listen. */
  start(): void {
    registerPageCommands(this);
    this.bar.right.append(accountButton(this.me, { more: () => this.viewEntries() }));
    mountPage(this.bar, this.main);
    acceptDrops(this.main, () => this.writable, () => this.folderName, (files) => this.upload(files));
    window.addEventListener("popstate", () => this.visit(parseWhere(location.search)));
    window.addEventListener("beforeunload", (event) => this.uploads.busy && event.preventDefault());
    document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && void this.load(false));
    window.setInterval(() => this.refresh(), REFRESH_MS);
    this.visit(this.where);
    void this.loadTemplates();
  }

  get writable(): boolean {
    return this.listing?.writable ?? false;
  }

  /** Where new things go. */
  get place(): Place {
    return { root: this.root, path: this.where.path };
  }

  get root(): string {
    return this.where.root || (this.me.roots.length === 1 ? (this.me.roots[0]?.name ?? "") : "");
  }

  /** Up to the folder above; from a search or a file back to its folder. */
  up(): void {
    const { path, query, file } = this.where;
    if (query || file) return this.go({ ...this.where, query: "", file: "" });
    this.focusPath = path || this.where.root;
    if (path) this.go({ ...this.where, path: parentOf(path) });
    else if (this.where.root) this.go({ root: "", path: "", query: "", file: "" });
  }

  get events(): EntryEvents {
    return {
      open: (entry, newTab) => this.open(entry, newTab),
      renamed: (entry) => ((this.focusPath = entry.path), void this.load(false)),
      removed: () => void this.load(false),
    };
  }

  async removeTargets(): Promise<void> {
    if (this.writable) await deleteEntries(this.grid.targets, this.root, this.events.removed);
  }

  newEntries(): MenuEntry[] {
    const kinds = NEW_KINDS.map((kind) => ({
      label: t(kind.label),
      icon: kind.icon,
      run: () => createEntry(kind, this.place, (entry) => ((this.focusPath = entry.path), void this.load(false))),
    }));
    const made = this.templates.map((template) => ({
      label: template.name,
      icon: formatIcon(template.format, true),
      hint: t("new.from_template"),
      run: () => createFromTemplate(template, this.place),
    }));
    return made.length > 0 ? [...kinds, "separator", ...made] : kinds;
  }

  /** What an operator offers besides; without it there are the plain kinds. */
  private async loadTemplates(): Promise<void> {
    if (this.me.role !== "editor" && this.me.role !== "owner") return;
    this.templates = await api.templates().then(
      (found) => found.templates,
      () => [],
    );
  }

  /** Whether the server shows names that begin with a dot in this root. */
  get mayShowHidden(): boolean {
    return this.me.roots.some((root) => root.name === this.root && root.hidden_files);
  }

  toggleHidden(): void {
    this.hidden = !this.hidden;
    writeSetting(HIDDEN, this.hidden ? "1" : "");
    void this.load(false);
  }

  private viewEntries(): MenuEntry[] {
    if (!this.mayShowHidden) return [];
    return [{ label: t("command.hidden"), icon: "eye", checked: this.hidden, toggle: true, run: () => this.toggleHidden() }, "separator"];
  }

  private get folderName(): string {
    return this.where.path.split("/").pop() || this.where.root || t("start.title");
  }

  private get atRoots(): boolean {
    return this.me.roots.length > 1 && !this.where.root;
  }

  private has(path: string): boolean {
    return this.listing?.entries.some((entry) => entry.path === path) ?? false;
  }

  private upload(files: readonly File[]): void {
    const { root, path } = this.place;
    this.uploads.add(files.map((file) => ({ file, place: { root, path: joinPath(path, file.name) } })));
  }

  private go(where: Where, replace = false): void {
    const url = formatWhere(where, location.search);
    if (replace) history.replaceState(null, "", url);
    else history.pushState(null, "", url);
    this.visit(where);
  }

  private visit(where: Where): void {
    const sameFolder = this.listing !== null && where.root === this.where.root && where.path === this.where.path;
    if (!sameFolder && this.focusPath === undefined && where.path === parentOf(this.where.path)) this.focusPath = this.where.path;
    this.where = where;
    if (document.activeElement !== this.toolbar.search) this.toolbar.search.value = where.query;
    replaceChildren(this.bar.left, drawBreadcrumb(crumbsOf(where, this.me.roots.length > 1), (to) => formatWhere(to, location.search), (to) => this.go(to)));
    document.title = where.path || where.root ? t("start.page_title", { folder: this.folderName }) : t("start.title");
    void this.load(true);
  }

  private refresh(): void {
    const small = (this.listing?.entries.length ?? 0) <= REFRESHED_ENTRIES;
    if (document.visibilityState === "visible" && small && !this.where.query) void this.load(false);
  }

  private async load(fresh: boolean): Promise<void> {
    this.loading.abort();
    const { signal } = (this.loading = new AbortController());
    const slow = window.setTimeout(() => fresh && replaceChildren(this.content, skeleton()), SKELETON_AFTER_MS);
    try {
      const listing = await this.fetchListing(signal);
      if (signal.aborted) return;
      this.listing = listing;
      this.draw(fresh);
    } catch (error) {
      if (!signal.aborted && (fresh || !this.listing)) this.showError(error);
    } finally {
      window.clearTimeout(slow);
    }
  }

  private async fetchListing(signal: AbortSignal): Promise<Listing> {
    if (this.atRoots) return { entries: this.me.roots.map(rootEntry), writable: false, truncated: false };
    const place = this.place;
    const { query } = this.where;
    const hidden = this.hidden && this.mayShowHidden;
    if (!query) return { ...(await api.folder(place, signal, hidden)), truncated: false };
    const found = await api.search(place, query, signal, hidden);
    announce(t("search.found", { count: found.entries.length }));
    return { ...found, writable: this.listing?.writable ?? false };
  }

  private showError(error: unknown): void {
    this.listing = null;
    this.shown = "";
    this.toolbar.show(0, false);
    replaceChildren(this.content, failed(error, () => void this.load(true)));
  }

  private draw(fresh: boolean): void {
    const { listing, where } = this;
    if (!listing) return;
    const people = this.live.peopleIn(this.root);
    const state = JSON.stringify([listing, where, this.order, [...people]]);
    if (!fresh && state === this.shown && this.focusPath === undefined) return;
    this.shown = state;
    this.toolbar.element.hidden = this.atRoots || where.file !== "";
    this.note.hidden = !listing.truncated;
    this.note.textContent = t("search.truncated", { count: listing.entries.length });
    if (where.file) return this.drawFile(where.file);
    if (!listing.entries.length) return this.drawEmpty();
    if (this.grid.element.parentElement !== this.content) replaceChildren(this.content, this.grid.element);
    const entries = sortEntries(listing.entries, this.order, nameOrder());
    this.grid.show({ entries, order: this.order, people, showFolder: where.query !== "", hrefOf: (entry) => this.hrefOf(entry) }, fresh);
    this.restoreFocus();
  }

  private drawEmpty(): void {
    this.toolbar.show(0, this.writable);
    const start = (): void => this.toolbar.newButton.click();
    replaceChildren(this.content, this.where.query ? nothingFound(this.where.query) : emptyFolder(this.writable, () => this.toolbar.pick(), start));
  }

  private drawFile(path: string): void {
    const entry = this.listing?.entries.find((item) => item.path === path);
    if (!entry) return this.go({ ...this.where, file: "" }, true);
    const back = h("button", { class: "button", type: "button", on: { click: () => this.up() } }, icon("back"), t("action.back"));
    replaceChildren(this.content, h("div", { class: "file-view" }, back, filePage(entry, { root: this.root, path })));
    back.focus();
  }

  private restoreFocus(): void {
    const path = this.focusPath;
    this.focusPath = undefined;
    const free = document.activeElement === document.body || document.activeElement?.id === "main";
    if (path !== undefined && this.grid.entries.some((entry) => entry.path === path)) this.grid.focusEntry(path);
    else if (free && !this.where.query) this.grid.focusEntry();
  }

  private targetOf(entry: Entry): Where | null {
    if (this.atRoots) return { root: entry.path, path: "", query: "", file: "" };
    if (entry.kind === "folder") return { ...this.where, path: entry.path, query: "", file: "" };
    return entry.editable ? null : { ...this.where, path: parentOf(entry.path), query: "", file: entry.path };
  }

  private hrefOf(entry: Entry): string {
    const where = this.targetOf(entry);
    return where ? formatWhere(where, location.search) : editAddress({ root: this.where.root, path: entry.path });
  }

  private open(entry: Entry, newTab: boolean): void {
    const where = this.targetOf(entry);
    if (newTab) window.open(this.hrefOf(entry), "_blank", "noopener");
    else if (where) this.go(where);
    else location.assign(this.hrefOf(entry));
  }

  private openMenu(entry: Entry, anchor: HTMLElement, point?: { x: number; y: number }): void {
    if (this.atRoots) return;
    const chosen = this.grid.selection.has(entry.path) ? this.grid.selection.of(this.grid.entries) : [entry];
    const mayShare = this.me.role === "owner";
    showMenu(entryMenu(chosen, this.root, this.writable, mayShare, this.events), anchor, { point, refocus: () => this.grid.focusEntry(entry.path) });
  }
}

function rootEntry(root: { name: string }): Entry {
  return { name: root.name, path: root.name, kind: "folder", size_bytes: 0, modified_ms: 0, format: "", editable: false, people: [] };
}
