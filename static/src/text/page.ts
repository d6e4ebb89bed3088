/** Owns the editor page of a text: puts the document, the editor and what is around them together. */
import type { Extension } from "@codemirror/state";
import { EditorView } from "@codemirror/view";
import { api, ApiError, liveContentAddress, type Me, type OpenDocument, type Place } from "../shell/api";
import { accountButton } from "../shell/app-menu";
import { copyDetails } from "../shell/dialog";
import { h } from "../shell/dom";
import { t } from "../shell/i18n";
import { announce } from "../shell/live-region";
import { renew } from "../shell/rights";
import { problemToast, toast } from "../shell/toast";
import { createTopBar, mountPage } from "../shell/topbar";
import { LiveDocument, type DocumentListener } from "../sync/live-document";
import type { HandedOver } from "../sync/stale-edits";
import { peersOf, peopleOf, type Peer } from "../sync/peers";
import { PeopleBar } from "../sync/people-bar";
import type { Action, OutsideChange } from "../sync/state";
import { StateLine } from "../sync/state-line";
import { text, type Hello, type Notice } from "../sync/wire";
import { Activity } from "./activity";
import { Asking } from "./asking";
import { SETTLED_HERE } from "./binding";
import { showChanges } from "./change-marks";
import { registerEditorCommands } from "./commands";
import { conflictsOf, openConflicts } from "./conflicts";
import { announceChanges, dropFiles } from "./drop";
import { createTextEditor, type TextEditor } from "./editor";
import { Follow } from "./follow";
import { latexCompletions } from "./latex";
import { askButton, documentMenu, shareButton } from "./document-menu";
import { headingAt, outlineOf, OutlinePane, type Heading } from "./outline";
import { OutsideChanges } from "./outside";
import { Panes } from "./panes";
import { searchPhrases } from "./phrases";
import { PreviewPane } from "./preview-pane";
import { compareAside, download, makeCopy } from "./rescue";
import { StatusBar } from "./status-bar";
import { Title } from "./title";

const SOURCE = "source";
const OUTLINE_AFTER_MS = 250;

export class EditorPage implements DocumentListener {
  live!: LiveDocument;
  editor!: TextEditor;
  readonly panes = new Panes((side, open) => this.onPane(side, open));
  readonly title: Title;
  readonly state = new StateLine((action) => void this.act(action), () => this.stateHint(), () => void this.storeNow());
  readonly people = new PeopleBar({ follow: (peer) => this.follow?.toggle(peer), goTo: (peer) => this.follow?.goTo(peer) });
  follow: Follow | null = null;
  readonly asking = new Asking({ documentId: () => this.live.opened.document_id, name: () => this.title.name });
  private outside!: OutsideChanges;
  private readonly outline = new OutlinePane((line) => this.goToLine(line));
  private activity!: Activity;
  private status!: StatusBar;
  private preview: PreviewPane | null = null;
  private readonly askButton = askButton(this);
  private headings: readonly Heading[] = [];
  private outlineTimer: number | undefined;
  private lastError: unknown = null;

  constructor(private readonly opened: OpenDocument, private readonly me: Me) {
    this.title = new Title(this.place, this.mayManage, !this.embedded);
  }

  async start(): Promise<void> {
    this.live = await LiveDocument.open(this.opened, this);
    this.activity = new Activity({
      peer: (client) => this.peers.find((peer) => peer.client === client) ?? null,
      section: (position) => headingAt(this.headings, position)?.title ?? null,
      show: (sentence) => this.status.showActivity(sentence),
      speak: announce,
    });
    this.outside = new OutsideChanges({
      ytext: this.ytext,
      documentId: () => this.live.opened.document_id,
      userId: () => this.live.opened.user.id,
      told: (change) => this.tellOutside(change),
    });
    this.makeEditor();
    this.mount();
    this.watch();
    this.live.connect();
    this.changed();
    this.editor.view.focus();
  }

  get place(): Place {
    const { root, path } = this.live?.opened ?? this.opened;
    return { root, path };
  }

  get mayManage(): boolean {
    return this.opened.role === "owner" && this.opened.path !== "";
  }

  /** Within a host's page: no second title bar. */
  private get embedded(): boolean {
    return window.parent !== window;
  }

  get ytext() {
    return this.live.doc.getText(SOURCE);
  }

  get peers(): Peer[] {
    return peersOf(this.live.provider.awareness);
  }

  // -- DocumentListener --

  changed(): void {
    if (!this.editor) return;
    this.state.show(this.live.view);
    this.askButton.hidden = this.live.readOnly !== "role_viewer";
    const closed = this.live.readOnly !== null || (!this.live.provider.synced && this.live.facts.pending === 0) || this.live.facts.phase === "stopped";
    if (closed !== this.editor.view.state.readOnly) this.editor.setReadOnly(closed);
  }

  notice(notice: Notice): void {
    switch (notice.code) {
      case "outside_change":
        return this.outside.note(notice);
      case "outside_undone":
        return this.outside.undone(notice);
      case "access_asked":
        return this.asking.asked(notice);
      case "access_answered":
        return this.asking.answered(notice);
      case "access_denied":
        return this.asking.heard(notice);
      case "renamed":
        return this.moved(text(notice.fields.get("path")) ?? text(notice.fields.get("new_path")));
      case "role_changed":
        return void this.roleChanged(notice);
      case "update_refused":
        return void toast(t("notice.update_refused"), { look: "problem" });
      case "restored":
        return void toast(t("notice.restored"));
      default:
        return this.changed();
    }
  }

  hello(hello: Hello): void {
    this.status.showFacts(hello.facts);
    this.changed();
  }

  handedOver(outcome: HandedOver): void {
    const text = t("notice.handed_over", { conflicts: outcome.conflicts });
    toast(text, { look: outcome.conflicts > 0 ? "problem" : "plain" });
    announce(text);
  }

  /** The server judges by the new role already; a new connection brings token and rights in line with it. */
  private async roleChanged(notice: Notice): Promise<void> {
    const token = text(notice.fields.get("token"));
    try {
      await this.live.changeRight(token);
    } catch (error) {
      return problemToast(error);
    }
    if (token === null) toast(t("notice.role_changed"));
    else this.asking.heard(notice);
  }

  // -- putting together --

  private makeEditor(): void {
    const { format, path } = this.opened;
    this.editor = createTextEditor({
      parent: this.panes.text,
      ytext: this.ytext,
      awareness: this.live.provider.awareness,
      format,
      path,
      readOnly: true,
      label: t("editor.label", { name: this.title.name }),
      emptyHint: t("editor.empty"),
      phrases: searchPhrases(),
      ...(format === "latex" ? { completions: latexCompletions(() => this.place) } : {}),
      extensions: [this.activity.extension(), dropFiles({ format, place: () => this.place }), announceChanges, this.listener()],
    });
    this.status = new StatusBar(this.editor.languageName);
    this.status.showFacts(new Map(Object.entries(this.opened.facts)));
    this.follow = new Follow(this.editor.view, this.ytext, this.live.provider.awareness, () => this.drawPeople());
    if (format === "markdown") this.preview = new PreviewPane(this.panes.preview, this.editor.view, () => this.place);
  }

  private listener(): Extension {
    return EditorView.updateListener.of((update) => {
      if (update.docChanged) {
        this.preview?.changed();
        this.outlineSoon();
        this.status.countSoon(() => this.editor.view.state);
      }
      if (update.docChanged || update.selectionSet) this.status.showPlace(update.state);
    });
  }

  private mount(): void {
    const bar = createTopBar();
    const outlined = this.opened.format === "markdown" || this.opened.format === "latex";
    bar.element.classList.add("editor-bar");
    bar.left.append(this.title.element);
    bar.middle.append(this.state.line);
    bar.right.append(this.people.element);
    if (outlined) bar.right.append(this.panes.button("outline"));
    if (this.preview) bar.right.append(this.panes.button("preview"));
    bar.right.append(this.mayManage ? shareButton(this) : this.askButton);
    bar.right.append(documentMenu(this), accountButton(this.me, { onName: (name) => this.rejoin(name) }));
    const main = h("main", { class: "editor-page" }, this.state.banners, this.asking.element, this.panes.element, this.status.element);
    mountPage(bar, main);
    this.panes.outline.append(this.outline.element);
    if (outlined) this.panes.restore("outline", false);
    if (this.preview) this.panes.restore("preview", matchMedia("(min-width: 1100px)").matches);
    this.status.showPlace(this.editor.view.state);
    this.status.countSoon(() => this.editor.view.state);
    registerEditorCommands(this);
  }

  private watch(): void {
    this.live.provider.awareness.on("change", () => this.drawPeople());
    this.live.doc.getMap("conflicts").observe(() => this.countConflicts());
    this.ytext.observe(() => this.live.conflicts > 0 && this.countConflicts());
    this.editor.view.scrollDOM.addEventListener("scroll", () => this.markHeading(), { passive: true });
    this.drawPeople();
    this.drawOutline();
  }

  private countConflicts(): void {
    this.live.conflicts = conflictsOf(this.ytext).length;
    this.changed();
  }

  private drawPeople(): void {
    const { id, name } = this.live.opened.user;
    const people = peopleOf(this.peers).filter((peer) => this.me.mode === "open" || peer.userId !== `${id} ${name}`);
    this.people.show(people, this.follow?.followed ?? null);
    if (this.live.provider.synced) this.activity.people(people);
  }

  /** The name that others see comes from the server: a new name needs a new token and a new connection. */
  private rejoin(name: string): void {
    const again = this.me.signed_in ? api.open(this.place, name) : renew(this.live.opened.document_id, name);
    void again.then(() => location.reload(), problemToast);
  }

  private moved(path: string | null): void {
    if (path === null) return void toast(t("notice.renamed"));
    this.live.opened = { ...this.live.opened, path };
    this.title.move(this.place);
    const query = this.place.root ? `?root=${encodeURIComponent(this.place.root)}` : "";
    history.replaceState(history.state, "", `/edit/${path.split("/").map(encodeURIComponent).join("/")}${query}`);
    toast(t("notice.renamed_to", { name: this.title.name }));
  }

  // -- outline --

  private onPane(side: "outline" | "preview", open: boolean): void {
    if (!this.editor) return;
    if (side === "preview" && open) void this.preview?.show();
    if (side === "outline" && open) this.drawOutline();
    this.editor.view.requestMeasure();
  }

  private outlineSoon(): void {
    window.clearTimeout(this.outlineTimer);
    this.outlineTimer = window.setTimeout(() => this.drawOutline(), OUTLINE_AFTER_MS);
  }

  private drawOutline(): void {
    this.headings = outlineOf(this.editor.view.state.doc.toString(), this.opened.format);
    if (this.panes.isOpen("outline")) this.outline.show(this.headings);
    this.markHeading();
  }

  private markHeading(): void {
    if (!this.panes.isOpen("outline")) return;
    const { view } = this.editor;
    const top = view.lineBlockAtHeight(view.scrollDOM.scrollTop - view.documentPadding.top + READING_PX).from;
    const heading = headingAt(this.headings, top);
    this.outline.mark(heading ? this.headings.indexOf(heading) : -1);
  }

  private goToLine(number: number): void {
    const { doc } = this.editor.view.state;
    this.editor.goTo(doc.line(Math.min(number, doc.lines)).from);
    if (matchMedia("(max-width: 760px)").matches) this.panes.toggle("outline", false);
  }

  // -- what the state offers --

  async storeNow(): Promise<void> {
    if (this.live.readOnly !== null || this.live.facts.phase !== "live") return;
    try {
      await this.live.storeNow();
    } catch (error) {
      this.lastError = error;
      if (error instanceof ApiError && error.code !== "network") problemToast(error);
    }
  }

  private stateHint(): string {
    const { root, path } = this.place;
    const version = this.live?.provider.save?.version;
    const where = t("state.hint.place", { place: root ? `${root}/${path}` : path });
    return version ? `${where}\n${t("state.hint.version", { version })}` : where;
  }

  private async act(action: Action): Promise<void> {
    switch (action) {
      case "retry":
        return this.live.facts.phase === "live" ? this.storeNow() : this.live.reconnect();
      case "download_copy":
        return this.downloadCopy();
      case "download_unsent":
        return download(`unsent-${this.title.name}`, this.live.unsentText);
      case "details":
        return copyDetails(this.lastError ?? new ApiError(this.live.provider.save?.reason ?? "", this.live.provider.save?.code ?? "", 0, null, "save"));
      case "sign_in":
      case "reload":
        return location.reload();
      case "compare_aside":
        return compareAside(this.live, this.editor.view, this.title.name, this.ytext.toString());
      case "discard_aside":
        return this.live.discardAside();
      case "show_conflicts":
        return this.showConflicts();
      case "show_changes":
        return this.showOutside();
      case "undo_changes":
        return this.outside.undo();
      case "dismiss_changes":
        return this.outside.forget();
      case "restore_file":
        return this.live.restoreFile().catch(problemToast);
      case "save_as":
      case "make_copy":
        return makeCopy(this.place, this.editor.view.state.doc.toString());
    }
  }

  /** What is in this window, without asking the server. */
  downloadCopy(): void {
    download(this.title.name, this.editor.view.state.doc.toString());
  }

  downloadFile(): void {
    location.assign(liveContentAddress(this.live.opened.document_id));
  }

  showConflicts(): void {
    const readOnly = this.editor.view.state.readOnly;
    openConflicts({ ytext: this.ytext, readOnly, origin: SETTLED_HERE, goTo: (position) => this.editor.goTo(position) });
  }

  private showOutside(): void {
    const ranges = this.outside.ranges();
    const { view } = this.editor;
    view.dispatch({ effects: showChanges.of(ranges) });
    const first = ranges.map((range) => range.from).sort((left, right) => left - right)[0];
    if (first !== undefined) view.dispatch({ effects: EditorView.scrollIntoView(first, { y: "center" }) });
    else toast(t("notice.changes_gone"));
  }

  private tellOutside(change: OutsideChange | null): void {
    this.live.outside = change;
    if (change === null) this.editor.view.dispatch({ effects: showChanges.of([]) });
    this.changed();
  }

  /** Forget this document on this device. */
  async forgetDevice(): Promise<void> {
    await this.live.forgetDevice();
    toast(t("notice.forgotten"));
  }

  sayWhoIsHere(): void {
    const sections = this.peers.map((peer) => peer.name);
    announce(this.people.sentence());
    toast(sections.length > 0 ? this.people.sentence() : t("people.alone"));
  }
}

const READING_PX = 40;
