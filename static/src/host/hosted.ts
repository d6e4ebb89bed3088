/** Owns the editor's life within a host's page: what the host tells it to do, and what it tells the host.
 *
 * Every button works without a host that listens; a host that does is told instead.
 */
import type { EditorPage } from "../editor/page";
import { api, ApiError, type OpenDocument } from "../shell/api";
import { errorText, iconButton, promptDialog } from "../shell/dialog";
import { h } from "../shell/dom";
import { t } from "../shell/i18n";
import type { MenuEntry } from "../shell/menu";
import { problemToast, toast } from "../shell/toast";
import type { StopReason } from "../sync/access";
import { peersOf } from "../sync/peers";
import { HostButtons } from "./buttons";
import type { HostFacts } from "./launch";
import { flagOf, HostChannel, textOf, type HostMessage } from "./messages";

const EDIT_HEARTBEAT_MS = 5 * 60_000;
const WARN_BEFORE_END_MS = 15 * 60_000;

/** How a new token of the host becomes a right here. */
export type RenewBy = (documentId: string, token: string, ttl: string) => Promise<OpenDocument>;

const byWopi: RenewBy = async (documentId, token, ttl) => (await api.wopiToken(documentId, token, ttl)).opened;

export class Hosted {
  private page!: EditorPage;
  private modified = false;
  private loaded = false;
  private lastEditNotice = -Infinity;
  private warned = false;
  private stopTold: StopReason | null = null;
  private readonly buttons: HostButtons;

  constructor(
    readonly facts: HostFacts,
    readonly channel: HostChannel,
    private readonly closeButton: boolean,
    private readonly renewBy: RenewBy = byWopi,
  ) {
    this.buttons = new HostButtons((id) => channel.send("Clicked_Button", { Id: id }));
    this.listen();
  }

  /** The page is put together. */
  attach(page: EditorPage): void {
    this.page = page;
    page.live.provider.awareness.on("change", () => this.channel.send("Views_List", { Views: this.views() }));
    page.live.doc.on("update", (_update: Uint8Array, origin: unknown) => origin !== page.live.provider && this.edited());
    window.setInterval(() => this.watchEnd(), 30_000);
  }

  get mayRename(): boolean {
    return this.facts.can.rename;
  }

  // -- what the page tells --

  /** Something of the facts changed. */
  changed(): void {
    const { facts } = this.page.live;
    if (!this.loaded && facts.synced) {
      this.loaded = true;
      this.channel.send("App_LoadingStatus", { Status: "Document_Loaded", DocumentLoadedTime: Date.now() });
      this.channel.send("Action_Load_Resp", { success: true, result: "", errorMsg: "" });
    }
    const modified = facts.pending > 0 || !(facts.allStored && (facts.save === null || facts.save.state === "stored"));
    if (this.loaded && modified !== this.modified) {
      this.modified = modified;
      this.channel.send("Doc_ModifiedStatus", { Modified: modified });
    }
    if (facts.stop !== this.stopTold) this.tellStop(facts.stop);
  }

  private tellStop(stop: StopReason | null): void {
    this.stopTold = stop;
    if (stop === "signed_out") this.channel.send("Token_Needed");
    if (stop === "forbidden" || stop === "signed_out") this.channel.send("Session_Closed", { Reason: stop });
  }

  renamed(name: string): void {
    this.channel.send("File_Rename", { NewName: encodeURIComponent(name) });
  }

  /** Give the file another name; answers what it is called now. */
  async rename(name: string): Promise<string> {
    return (await api.wopiRename(this.documentId, name)).name;
  }

  // -- buttons --

  elements(): HTMLElement[] {
    const { posts, urls } = this.facts;
    const found: HTMLElement[] = [this.buttons.element];
    if (posts.FileSharingPostMessage || urls.FileSharingUrl) found.push(this.named("share", iconButton("users", t("share.action"), () => this.share())));
    if (posts.ClosePostMessage || urls.CloseUrl || this.closeButton) found.push(this.named("close", iconButton("close", t("host.close"), () => void this.close())));
    return found;
  }

  menu(): MenuEntry[] {
    const { posts, urls, can } = this.facts;
    return [
      ...(can.save_as ? [{ label: t("host.save_as"), icon: "copy" as const, run: () => this.askSaveAs() }] : []),
      ...(can.rename ? [{ label: t("title.rename"), icon: "pencil" as const, key: "F2", run: () => this.page.title.rename() }] : []),
      ...(posts.FileVersionPostMessage || urls.FileVersionUrl ? [{ label: t("host.versions"), icon: "history" as const, run: () => this.versions() }] : []),
    ];
  }

  askSaveAs(): void {
    const { name } = this.page.title;
    const dot = name.lastIndexOf(".");
    promptDialog({
      title: t("host.save_as"),
      label: t("title.new_name"),
      value: dot > 0 ? `${name.slice(0, dot)} (copy)${name.slice(dot)}` : `${name} (copy)`,
      action: t("host.save_as"),
      submit: async (value) => {
        const made = await this.saveAs(value);
        toast(t("notice.copied", { name: made }));
      },
    });
  }

  private async saveAs(name: string): Promise<string> {
    const made = await api.wopiSaveAs(this.documentId, name);
    this.channel.send("Action_Save_Resp", { success: true, result: "", errorMsg: "", fileName: made.name, action: "saveas" });
    return made.name;
  }

  private share(): void {
    if (this.facts.posts.FileSharingPostMessage) {
      this.channel.send("UI_Share");
      this.channel.send("UI_Sharing");
    } else {
      window.open(this.facts.urls.FileSharingUrl, "_blank", "noopener");
    }
  }

  private versions(): void {
    if (this.facts.posts.FileVersionPostMessage) this.channel.send("UI_FileVersions");
    else window.open(this.facts.urls.FileVersionUrl, "_blank", "noopener");
  }

  /** Store, then leave: by the host's page where it listens, else to where the host says, else to an empty page. */
  async close(): Promise<void> {
    await this.page.offers.storeNow();
    const { posts, urls } = this.facts;
    if (this.channel.ready && (posts.ClosePostMessage || this.closeButton)) this.channel.send("UI_Close");
    else if (urls.CloseUrl) location.assign(urls.CloseUrl);
    else this.leave();
  }

  private leave(): void {
    this.page.live.destroy();
    document.getElementById("app")?.replaceChildren(h("main", { class: "error-page" }, h("p", { class: "hint" }, t("host.closed"))));
    this.channel.send("Session_Closed", { Reason: "" });
  }

  private named(id: string, element: HTMLElement): HTMLElement {
    return this.buttons.known(id, element);
  }

  // -- what the host tells --

  private listen(): void {
    const { channel } = this;
    channel
      .on("Action_Save", (message) => void this.save(message))
      .on("Action_SaveAs", (message) => void this.saveAsFor(message))
      .on("Action_Close", () => void this.saveAndLeave())
      .on("Close_Session", () => void this.saveAndLeave())
      .on("Action_Print", () => window.print())
      .on("Get_Views", () => channel.send("Get_Views_Resp", { Views: this.views() }))
      .on("Get_Export_Formats", () => void this.exportFormats())
      .on("Reset_Access_Token", (message) => void this.resetToken(message))
      .on("Host_VersionRestore", (message) => void this.beforeRestore(message))
      .on("Grab_Focus", () => this.page?.editor?.focus())
      .on("Hide_Button", (message) => this.buttons.hide(textOf(message, "id")))
      .on("Show_Button", (message) => this.buttons.show(textOf(message, "id")))
      .on("Remove_Button", (message) => this.buttons.remove(textOf(message, "id")))
      .on("Insert_Button", (message) => this.buttons.insert(textOf(message, "id"), textOf(message, "hint", "label", "text")));
  }

  /** `Label` and `Format`, as hosts know it from other editors; what cannot be had here is not named. */
  private async exportFormats(): Promise<void> {
    const forbidden = this.facts.switches.DisableExport;
    const known = forbidden || !this.page?.live ? [] : await api.exportFormats(this.documentId).then((found) => found.formats, () => []);
    const values = known.filter(({ reason }) => reason === null).map(({ label, format }) => ({ Label: label, Format: format }));
    this.channel.send("Get_Export_Formats_Resp", { Values: values, Formats: values });
  }

  private async save(message: HostMessage): Promise<void> {
    const answer = flagOf(message, "Notify");
    if (flagOf(message, "DontSaveIfUnmodified") && !this.modified) {
      if (answer) this.channel.send("Action_Save_Resp", { success: true, result: "unmodified", errorMsg: "", fileName: this.page.title.name });
      return;
    }
    try {
      this.page.live.provider.flush();
      const { state, reason } = await api.save(this.documentId);
      const success = state === "stored";
      if (answer) this.channel.send("Action_Save_Resp", { success, result: state, errorMsg: success ? "" : (reason ?? state), fileName: this.page.title.name });
    } catch (error) {
      if (answer) this.channel.send("Action_Save_Resp", { success: false, result: codeOf(error), errorMsg: errorText(error), fileName: this.page.title.name });
    }
  }

  private async saveAsFor(message: HostMessage): Promise<void> {
    try {
      await this.saveAs(textOf(message, "Filename"));
    } catch (error) {
      this.channel.send("Action_Save_Resp", { success: false, result: codeOf(error), errorMsg: errorText(error), action: "saveas" });
      problemToast(error);
    }
  }

  private async saveAndLeave(): Promise<void> {
    if (this.page?.live) {
      await this.page.offers.storeNow();
      this.leave();
    }
  }

  private async resetToken(message: HostMessage): Promise<void> {
    const token = textOf(message, "token", "access_token", "AccessToken");
    if (!token || !this.page?.live) return;
    try {
      const opened = await this.renewBy(this.documentId, token, textOf(message, "access_token_ttl", "tokenTtl"));
      this.warned = false;
      await this.page.live.changeRight(opened.token);
      if (this.page.live.facts.stop !== null) this.page.live.reconnect();
    } catch (error) {
      problemToast(error);
    }
  }

  private async beforeRestore(message: HostMessage): Promise<void> {
    if (textOf(message, "Status") !== "Pre_Restore") return;
    await this.page.offers.storeNow();
    this.channel.send("App_VersionRestore", { Status: "Pre_Restore_Ack" });
    this.leave();
  }

  // -- inside --

  private get documentId(): string {
    return this.page.live.opened.document_id;
  }

  private views(): Record<string, unknown>[] {
    const { live } = this.page;
    const { awareness, role } = live.provider;
    const mine = { ViewId: awareness.clientID, UserName: live.opened.user.name, UserId: this.facts.user_id, Color: live.opened.user.color, ReadOnly: role === "viewer", IsCurrentView: true };
    const others = peersOf(awareness).map((peer) => ({
      ViewId: peer.client,
      UserName: peer.name,
      UserId: peer.userId.split(" ")[0]?.split("|").slice(1).join("|") ?? "",
      Color: peer.color,
      ReadOnly: peer.role === "viewer",
      IsCurrentView: false,
    }));
    return [mine, ...others];
  }

  /** Microsoft's heartbeat: at the first edit, then every five minutes while there are edits. */
  private edited(): void {
    if (!this.facts.posts.EditNotificationPostMessage || performance.now() - this.lastEditNotice < EDIT_HEARTBEAT_MS) return;
    this.lastEditNotice = performance.now();
    this.channel.send("Edit_Notification");
  }

  /** Say so in time when the person's sign-in at the host ends. */
  private watchEnd(): void {
    const endsMs = (this.page.live.opened.right_ends_at ?? Infinity) * 1000;
    if (this.warned || endsMs - Date.now() > WARN_BEFORE_END_MS) return;
    this.warned = true;
    toast(t("host.token_ends"), { look: "problem" });
    this.channel.send("Session_Expiring", { ExpiresAt: endsMs });
  }
}

function codeOf(error: unknown): string {
  return error instanceof ApiError ? error.code : "error";
}
