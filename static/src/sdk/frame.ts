/** Owns the whole editor in a frame of a page: what it is told, and what it tells. */
import type { Connection, Embedded, Looks, Person } from "../../sdk/collab-embed";
import { flagOf, readMessage, textOf, writeMessage, type HostMessage } from "../host/messages";
import { tokenOf } from "./document";
import { Emitter } from "./emitter";

const SAVE_TIMEOUT_MS = 60_000;

export class Frame implements Embedded {
  readonly frame = document.createElement("iframe");
  private readonly emitter = new Emitter();
  private readonly origin: string;
  private saves: (() => void)[] = [];

  constructor(element: HTMLElement, private readonly options: Connection & Looks) {
    this.origin = new URL(options.server).origin;
    this.frame.src = new URL("/embed", options.server).href;
    this.frame.title = options.path;
    this.frame.allow = "clipboard-write";
    this.frame.style.cssText = "border:0;width:100%;height:100%";
    window.addEventListener("message", this.onMessage);
    element.append(this.frame);
  }

  readonly on: Emitter["on"] = (name, listener) => this.emitter.on(name, listener);

  save(): Promise<void> {
    return new Promise((resolve, reject) => {
      const late = window.setTimeout(() => reject(new Error("The editor does not answer.")), SAVE_TIMEOUT_MS);
      this.saves.push(() => (window.clearTimeout(late), resolve()));
      this.send("Action_Save", { Notify: true });
    });
  }

  close(): void {
    window.removeEventListener("message", this.onMessage);
    this.frame.remove();
    this.emitter.emit("close", { reason: "" });
  }

  private send(id: string, values: Readonly<Record<string, unknown>> = {}): void {
    this.frame.contentWindow?.postMessage(writeMessage(id, values, Date.now()), this.origin);
  }

  private readonly onMessage = (event: MessageEvent): void => {
    if (event.source !== this.frame.contentWindow || event.origin !== this.origin) return;
    const message = readMessage(event.data);
    if (message) void this.take(message);
  };

  private async take(message: HostMessage): Promise<void> {
    switch (message.id) {
      case "App_LoadingStatus":
        if (textOf(message, "Status") === "Frame_Ready") await this.open();
        else if (textOf(message, "Status") === "Failed") this.emitter.emit("close", { reason: "failed" });
        else if (textOf(message, "Status") === "Document_Loaded") this.emitter.emit("save", { state: "stored", reason: null });
        return;
      case "Doc_ModifiedStatus":
        return this.emitter.emit("save", { state: flagOf(message, "Modified") ? "pending" : "stored", reason: null });
      case "Action_Save_Resp": {
        if (!flagOf(message, "success")) this.emitter.emit("save", { state: "refused", reason: textOf(message, "errorMsg") });
        return this.saves.splice(0).forEach((done) => done());
      }
      case "Views_List":
        return this.emitter.emit("presence", peopleOf(message.values.get("Views")));
      case "Token_Needed":
        return this.send("Reset_Access_Token", { token: await tokenOf(this.options) });
      case "Session_Closed":
        return this.emitter.emit("close", { reason: textOf(message, "Reason") });
    }
  }

  private async open(): Promise<void> {
    const { path, root, theme, colors, lang } = this.options;
    this.send("Embed_Open", { token: await tokenOf(this.options), path, root: root ?? "", theme: theme ?? null, colors: colors ?? {}, lang: lang ?? null });
    this.send("Host_PostmessageReady");
  }
}

function peopleOf(views: unknown): Person[] {
  if (!Array.isArray(views)) return [];
  return (views as Record<string, unknown>[]).map((view) => ({
    name: String(view.UserName ?? ""),
    color: String(view.Color ?? ""),
    readOnly: view.ReadOnly === true,
    self: view.IsCurrentView === true,
  }));
}
