/** Owns what the state line and the banners offer: store, retry, copies, comparing; and the line's hint. */
import { ApiError } from "../shell/api";
import { copyDetails } from "../shell/dialog";
import { t } from "../shell/i18n";
import { problemToast, toast } from "../shell/toast";
import type { Action } from "../sync/state";
import type { EditorPage } from "./page";
import { compareAside, downloadCopy, downloadText, makeCopy } from "./rescue";

export class Offers {
  private lastError: unknown = null;

  constructor(private readonly page: EditorPage) {}

  async act(action: Action): Promise<void> {
    const { page } = this;
    const { live, title, editor, outside } = page;
    switch (action) {
      case "retry":
        return live.facts.phase === "live" ? this.storeNow() : live.reconnect();
      case "download_copy":
        return this.downloadCopy();
      case "download_unsent":
        return downloadText(`unsent-${title.name}`, live.unsentText);
      case "details":
        return copyDetails(this.lastError ?? new ApiError(live.provider.save?.reason ?? "", live.provider.save?.code ?? "", 0, null, "save"));
      case "sign_in":
      case "reload":
        return location.reload();
      case "compare_aside":
        return compareAside(live, editor, title.name, page.closed);
      case "discard_aside":
        return live.discardAside();
      case "show_conflicts":
        return editor.conflicts?.open();
      case "show_changes":
        return this.showOutside();
      case "undo_changes":
        return outside.undo();
      case "dismiss_changes":
        return outside.forget();
      case "restore_file":
        return live.restoreFile().catch(problemToast);
      case "save_as":
      case "make_copy":
        if (page.hosted) return page.hosted.askSaveAs();
        return makeCopy(editor, live.opened.document_id, page.place);
    }
  }

  async storeNow(): Promise<void> {
    const { live } = this.page;
    if (live.readOnly !== null || live.facts.phase !== "live") return;
    try {
      await live.storeNow();
    } catch (error) {
      this.lastError = error;
      if (error instanceof ApiError && error.code !== "network") problemToast(error);
    }
  }

  downloadCopy(): Promise<void> {
    return downloadCopy(this.page.editor, this.page.live.opened.document_id);
  }

  /** Forget this document on this device. */
  async forgetDevice(): Promise<void> {
    await this.page.live.forgetDevice();
    toast(t("notice.forgotten"));
  }

  stateHint(): string {
    const { live, place } = this.page;
    const { root, path } = place;
    const version = live?.provider.save?.version;
    const where = t("state.hint.place", { place: root ? `${root}/${path}` : path });
    return version ? `${where}\n${t("state.hint.version", { version })}` : where;
  }

  private showOutside(): void {
    const { editor, outside } = this.page;
    if (!editor.outside?.show(outside.marks)) toast(t("notice.changes_gone"));
  }
}
