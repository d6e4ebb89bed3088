/** Owns uploads: a few at a time, with progress, and a question where a file of that name is there already. */
import { ApiError, upload, type Place } from "../shell/api";
import { button, errorText, iconButton } from "../shell/dialog";
import { h, replaceChildren } from "../shell/dom";
import { t } from "../shell/i18n";
import { icon } from "../shell/icons";
import { announce } from "../shell/live-region";
import { freeName, joinPath, parentOf } from "./names";

const AT_ONCE = 2;
const GONE_AFTER_MS = 4_000;

export interface Upload {
  readonly file: File;
  readonly place: Place;
}

export interface UploadEvents {
  /** A file arrived. */
  arrived: (place: Place) => void;
  /** Whether the folder that is shown has this path. */
  taken: (place: Place) => boolean;
}

/** The panel in the corner; it is there while uploads are. */
export class Uploads {
  private readonly panel = h("section", { class: "uploads", hidden: true });
  private readonly list = h("ul", {});
  private readonly waiting: (() => Promise<void>)[] = [];
  private running = 0;

  constructor(private readonly events: UploadEvents) {
    this.panel.setAttribute("aria-label", t("upload.region"));
    this.panel.append(h("h2", {}, t("upload.region")), this.list);
    document.body.append(this.panel);
  }

  get busy(): boolean {
    return this.running > 0 || this.waiting.length > 0;
  }

  add(uploads: readonly Upload[]): void {
    for (const item of uploads) this.enqueue(new UploadRow(item, this.list, (row) => this.retry(row)), item.place, false);
    this.panel.hidden = this.list.childElementCount === 0;
    if (uploads.length) announce(t("upload.started", { count: uploads.length }));
  }

  private retry(row: UploadRow): void {
    const { place } = row.item;
    if (row.answer === "replace") return this.enqueue(row, place, true);
    const folder = parentOf(place.path);
    const name = freeName(row.item.file.name, (candidate) => this.events.taken({ ...place, path: joinPath(folder, candidate) }));
    this.enqueue(row, { ...place, path: joinPath(folder, name) }, false);
  }

  private enqueue(row: UploadRow, place: Place, replace: boolean): void {
    this.waiting.push(() => this.send(row, place, replace));
    this.startNext();
  }

  private startNext(): void {
    while (this.running < AT_ONCE) {
      const work = this.waiting.shift();
      if (!work) return;
      this.running += 1;
      void work().finally(() => {
        this.running -= 1;
        this.startNext();
      });
    }
  }

  private async send(row: UploadRow, place: Place, replace: boolean): Promise<void> {
    if (row.stop.signal.aborted) return this.removeRow(row);
    try {
      await upload(place, row.item.file, replace, (part) => row.progress(part), row.stop.signal);
      row.done();
      this.events.arrived(place);
      window.setTimeout(() => this.removeRow(row), GONE_AFTER_MS);
    } catch (error) {
      if (error instanceof DOMException) this.removeRow(row);
      else row.failed(error, () => this.removeRow(row));
    }
  }

  private removeRow(row: UploadRow): void {
    row.element.remove();
    this.panel.hidden = this.list.childElementCount === 0;
  }
}

class UploadRow {
  readonly element = h("li", { class: "upload" });
  readonly stop = new AbortController();
  answer: "replace" | "both" = "both";
  private readonly bar = h("progress", { attrs: { max: 1, value: 0 } });
  private readonly note = h("div", { class: "upload-note" });
  private readonly side = h("div", { class: "upload-side" });

  constructor(readonly item: Upload, list: HTMLElement, private readonly again: (row: UploadRow) => void) {
    this.bar.setAttribute("aria-label", item.file.name);
    this.element.append(h("div", { class: "upload-main" }, h("span", { class: "upload-name" }, item.file.name), this.bar, this.note), this.side);
    this.waitingState();
    list.append(this.element);
  }

  progress(part: number): void {
    this.bar.value = part;
  }

  done(): void {
    this.bar.hidden = true;
    replaceChildren(this.side, icon("check"));
    announce(t("upload.done", { name: this.item.file.name }));
  }

  failed(error: unknown, remove: () => void): void {
    const exists = error instanceof ApiError && error.status === 409;
    const text = exists ? t("upload.exists") : errorText(error);
    this.bar.hidden = true;
    const choices = exists
      ? [button(t("upload.replace"), () => this.choose("replace")), button(t("upload.keep_both"), () => this.choose("both"))]
      : [button(t("action.retry"), () => this.choose(this.answer))];
    replaceChildren(this.note, h("span", { class: exists ? "" : "problem" }, text), h("div", { class: "upload-choices" }, ...choices));
    replaceChildren(this.side, iconButton("close", t("upload.skip", { name: this.item.file.name }), remove));
    announce(`${this.item.file.name}: ${text}`);
  }

  private choose(answer: "replace" | "both"): void {
    this.answer = answer;
    this.waitingState();
    this.again(this);
  }

  private waitingState(): void {
    this.bar.hidden = false;
    this.bar.value = 0;
    replaceChildren(this.note);
    replaceChildren(this.side, iconButton("close", t("upload.cancel", { name: this.item.file.name }), () => this.stop.abort()));
  }
}

/** Let files be dropped anywhere on `target`; a veil says where they will go. */
export function acceptDrops(target: HTMLElement, mayDrop: () => boolean, folderName: () => string, onFiles: (files: File[]) => void): void {
  const text = h("p", {});
  const veil = h("div", { class: "drop-veil", hidden: true, attrs: { "aria-hidden": "true" } }, icon("upload", 32), text);
  target.append(veil);
  const hasFiles = (event: DragEvent): boolean => Boolean(event.dataTransfer?.types.includes("Files")) && mayDrop();
  const hide = (): void => void (veil.hidden = true);
  target.addEventListener("dragover", (event) => {
    if (!hasFiles(event)) return;
    event.preventDefault();
    text.textContent = t("upload.drop", { folder: folderName() });
    veil.hidden = false;
  });
  target.addEventListener("dragleave", (event) => {
    if (!target.contains(event.relatedTarget as Node | null)) hide();
  });
  target.addEventListener("drop", (event) => {
    if (!hasFiles(event)) return;
    event.preventDefault();
    hide();
    onFiles(droppedFiles(event.dataTransfer));
  });
}

/** Files only: a dropped folder has no bytes of its own. */
function droppedFiles(transfer: DataTransfer | null): File[] {
  const items = [...(transfer?.items ?? [])].filter((item) => item.kind === "file");
  const plain = items.filter((item) => item.webkitGetAsEntry()?.isDirectory !== true);
  return plain.map((item) => item.getAsFile()).filter((file): file is File => file !== null);
}
