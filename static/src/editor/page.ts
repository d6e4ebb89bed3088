/** Owns the page of an editor: puts the document, its one editor and what is around them together. */
import { api, type Me, type OpenDocument, type Place } from "../shell/api";
import { accountButton } from "../shell/app-menu";
import { h } from "../shell/dom";
import { formatList, t } from "../shell/i18n";
import { announce } from "../shell/live-region";
import { renew } from "../shell/rights";
import { problemToast, toast } from "../shell/toast";
import { createTopBar, mountPage } from "../shell/topbar";
import { LiveDocument, type DocumentListener } from "../sync/live-document";
import { peersOf, peopleOf, type Peer } from "../sync/peers";
import { PeopleBar } from "../sync/people-bar";
import type { HandedOver } from "../sync/stale-edits";
import type { OutsideChange } from "../sync/state";
import { StateLine } from "../sync/state-line";
import { text, type Hello, type Notice } from "../sync/wire";
import type { Hosted } from "../host/hosted";
import { Activity } from "./activity";
import { Asking } from "./asking";
import { registerEditorCommands } from "./commands";
import type { Editor, EditorHost, EditorModule } from "./contract";
import { askButton, documentMenu, shareButton } from "./document-menu";
import { Follow } from "./follow";
import { Offers } from "./offers";
import { OutlinePane } from "./outline-pane";
import { OutsideChanges } from "./outside";
import { isNarrow, Panes, type Side } from "./panes";
import { StatusBar } from "./status-bar";
import { Title } from "./title";

export class EditorPage implements DocumentListener {
  live!: LiveDocument;
  editor!: Editor;
  panes!: Panes;
  follow: Follow | null = null;
  /** Nobody may write now, for whatever reason. */
  closed = true;
  readonly title: Title;
  readonly offers = new Offers(this);
  readonly state = new StateLine((action) => void this.offers.act(action), () => this.offers.stateHint(), () => void this.offers.storeNow());
  readonly people = new PeopleBar({ follow: (peer) => this.follow?.toggle(peer), goTo: (peer) => this.follow?.goTo(peer) });
  readonly asking = new Asking({ documentId: () => this.live.opened.document_id, name: () => this.title.name });
  readonly outside = new OutsideChanges({
    documentId: () => this.live.opened.document_id,
    userId: () => this.live.opened.user.id,
    told: (change) => this.tellOutside(change),
  });
  private readonly outline = new OutlinePane((index) => this.goToHeading(index));
  private readonly status = new StatusBar();
  private readonly activity = new Activity({
    peer: (client) => this.peers.find((peer) => peer.client === client) ?? null,
    show: (sentence) => this.status.showActivity(sentence),
    speak: announce,
  });
  private readonly askButton = askButton(this);
  private facts: ReadonlyMap<string, string>;

  constructor(private readonly opened: OpenDocument, private readonly me: Me, readonly hosted: Hosted | null = null) {
    const rename = hosted?.mayRename ? (name: string) => hosted.rename(name) : null;
    this.title = new Title(this.place, this.mayManage || rename !== null, !this.embedded && hosted === null, rename);
    this.facts = new Map(Object.entries(opened.facts));
  }

  async start(load: () => Promise<EditorModule>): Promise<void> {
    const [{ create }, live] = await Promise.all([load(), LiveDocument.open(this.opened, this)]);
    this.live = live;
    this.follow = new Follow(() => this.editor.people, live.provider.awareness, () => this.drawPeople());
    this.editor = await create(this.host());
    this.panes = new Panes(this.editor, this.outline.element, (side, open) => this.onPane(side, open));
    this.mount();
    live.provider.awareness.on("change", () => this.drawPeople());
    this.drawPeople();
    this.hosted?.attach(this);
    live.connect();
    this.changed();
    this.editor.focus();
  }

  get place(): Place {
    const { root, path } = this.live?.opened ?? this.opened;
    return { root, path };
  }

  get mayManage(): boolean {
    return this.opened.role === "owner" && this.opened.path !== "";
  }

  get peers(): Peer[] {
    return peersOf(this.live.provider.awareness);
  }

  /** Within a host's page: no second title bar. */
  private get embedded(): boolean {
    return window.parent !== window;
  }

  // -- DocumentListener --

  changed(): void {
    if (!this.editor) return;
    this.state.show(this.live.view);
    this.hosted?.changed();
    this.askButton.hidden = this.hosted !== null || this.live.readOnly !== "role_viewer";
    const closed = this.live.readOnly !== null || (!this.live.provider.synced && this.live.facts.pending === 0) || this.live.facts.phase === "stopped";
    if (closed === this.closed) return;
    this.closed = closed;
    this.editor.setReadOnly(closed);
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
    this.facts = hello.facts;
    this.drawStatus();
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
    if (token === null) toast(text(notice.fields.get("reason")) ?? t("notice.role_changed"));
    else this.asking.heard(notice);
  }

  private moved(path: string | null): void {
    if (path === null) return void toast(t("notice.renamed"));
    this.live.opened = { ...this.live.opened, path };
    this.title.move(this.place);
    if (this.hosted) {
      this.hosted.renamed(this.title.name);
      return void toast(t("notice.renamed_to", { name: this.title.name }));
    }
    const query = this.place.root ? `?root=${encodeURIComponent(this.place.root)}` : "";
    history.replaceState(history.state, "", `/edit/${path.split("/").map(encodeURIComponent).join("/")}${query}`);
    toast(t("notice.renamed_to", { name: this.title.name }));
  }

  // -- putting together --

  private host(): EditorHost {
    const page = this;
    return {
      live: page.live,
      format: page.opened.format,
      get place() {
        return page.place;
      },
      get name() {
        return page.title.name;
      },
      get facts() {
        return page.facts;
      },
      get following() {
        return page.follow?.followed !== null;
      },
      outlineChanged: () => page.drawOutline(),
      statusChanged: () => page.drawStatus(),
      conflictsChanged: () => page.countConflicts(),
      edited: (clients, section) => page.activity.edited(clients, section),
    };
  }

  private mount(): void {
    const bar = createTopBar();
    const { editor, panes } = this;
    bar.element.classList.add("editor-bar");
    bar.left.append(this.title.element);
    bar.middle.append(this.state.line);
    bar.right.append(this.people.element, ...panes.sides.map((side) => panes.button(side)), ...(editor.buttons ?? []));
    bar.right.append(this.mayManage ? shareButton(this) : this.askButton);
    bar.right.append(documentMenu(this));
    if (this.hosted) bar.right.append(...this.hosted.elements());
    else bar.right.append(accountButton(this.me, { onName: (name) => this.rejoin(name) }));
    const main = h("main", { class: "editor-page" }, this.state.banners, this.asking.element, panes.element, this.status.element);
    mountPage(bar, main);
    panes.restore();
    this.drawStatus();
    registerEditorCommands(this);
  }

  /** The name that others see comes from the server: a new name needs a new token and a new connection. */
  private rejoin(name: string): void {
    const again = this.me.signed_in ? api.open(this.place, name) : renew(this.live.opened.document_id, name);
    void again.then(() => location.reload(), problemToast);
  }

  // -- what the editor tells --

  private drawStatus(): void {
    if (this.editor?.status) this.status.show(this.editor.status());
  }

  private countConflicts(): void {
    this.live.conflicts = this.editor?.conflicts?.count() ?? 0;
    this.changed();
  }

  private drawOutline(): void {
    const outline = this.editor?.outline;
    if (!outline || !this.panes?.isOpen("outline")) return;
    this.outline.show(outline.headings());
    this.outline.mark(outline.current());
  }

  private goToHeading(index: number): void {
    this.editor.outline?.goTo(index);
    if (isNarrow()) this.panes.toggle("outline", false);
  }

  private onPane(side: Side, open: boolean): void {
    if (side === "side") this.editor.side?.shown?.(open);
    else if (open && this.panes) this.drawOutline();
    this.editor.resized?.();
  }

  private tellOutside(change: OutsideChange | null): void {
    this.live.outside = change;
    if (change === null) this.editor.outside?.clear();
    this.changed();
  }

  // -- people --

  private drawPeople(): void {
    const { id, name } = this.live.opened.user;
    const people = peopleOf(this.peers).filter((peer) => this.me.mode === "open" || peer.userId !== `${id} ${name}`);
    this.people.show(people, this.follow?.followed ?? null);
    if (this.live.provider.synced) this.activity.people(people);
  }

  /** Who is here and, where the editor knows it, where. */
  sayWhoIsHere(): void {
    const where = peopleOf(this.peers).flatMap((peer) => {
      const place = this.editor.people?.describe?.(peer);
      return place ? t("people.where", { name: peer.name, place }) : [];
    });
    const sentence = this.people.sentence();
    announce(where.length > 0 ? `${sentence} ${formatList(where)}` : sentence);
    toast(sentence);
  }
}
