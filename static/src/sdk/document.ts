/** Owns a document of a server elsewhere, opened with a token of the site's backend; draws nothing. */
import * as Y from "yjs";
import type { Connection, LiveDocument, Person, Save } from "../../sdk/collab-embed";
import { AccessRefused, type Access, type StopReason } from "../sync/access";
import { readPeer } from "../sync/peers";
import { Provider, type Observer } from "../sync/provider";
import { Emitter } from "./emitter";

const SOURCE = "source";

interface Opened {
  readonly document_id: string;
  readonly history_id: string;
  readonly websocket_url: string;
  readonly token: string;
  readonly name: string;
  readonly format: string;
  readonly role: string;
  readonly writable: boolean;
}

export class ConnectedDocument implements LiveDocument, Observer {
  readonly Y = Y;
  readonly doc = new Y.Doc();
  readonly text = this.doc.getText(SOURCE);
  private readonly emitter = new Emitter();
  private readonly provider: Provider;
  private lastSave = "";
  private closed = false;

  private constructor(private readonly connection: Connection, private opened: Opened) {
    this.provider = new Provider(this.doc, { access: accessOf(opened), renew: () => this.renew(), observer: this });
    this.provider.awareness.on("change", () => this.emitter.emit("presence", this.people()));
  }

  /** Open it, and wait until its content is here. */
  static async open(connection: Connection): Promise<ConnectedDocument> {
    const live = new ConnectedDocument(connection, await opened(connection));
    const synced = new Promise<void>((resolve, reject) => {
      const stop = live.on("save", ({ state }) => state !== "connecting" && state !== "offline" && (stop(), resolve()));
      live.on("close", ({ reason }) => reject(new Error(reason)));
    });
    live.provider.connect();
    await synced;
    return live;
  }

  get awareness() {
    return this.provider.awareness;
  }

  get name(): string {
    return this.opened.name;
  }

  get format(): string {
    return this.opened.format;
  }

  get readOnly(): boolean {
    const role = this.provider.synced ? this.provider.role : this.opened.role;
    return !this.opened.writable || role === "viewer" || role === "commenter";
  }

  readonly on: Emitter["on"] = (name, listener) => this.emitter.on(name, listener);

  async save(): Promise<void> {
    this.provider.flush();
    await ask(this.connection.server, `/api/v1/documents/${encodeURIComponent(this.opened.document_id)}/save`, this.opened.token, {});
  }

  close(): void {
    if (this.closed) return;
    this.closed = true;
    this.provider.destroy();
    this.emitter.emit("close", { reason: "" });
  }

  // -- Observer --

  changed(): void {
    const save = this.saved();
    const told = JSON.stringify(save);
    if (told === this.lastSave) return;
    this.lastSave = told;
    this.emitter.emit("save", save);
  }

  stopped(reason: StopReason): void {
    if (reason === "signed_out") void this.renew().then((access) => (this.provider.change(access), this.provider.connect()), () => this.end(reason));
    else this.end(reason);
  }

  notice(): void {}
  hello(): void {}
  confirmed(): void {}
  edited(): void {}

  // -- inside --

  private end(reason: StopReason): void {
    this.closed = true;
    this.emitter.emit("close", { reason });
  }

  private async renew(): Promise<Access> {
    try {
      this.opened = await opened(this.connection);
    } catch (error) {
      if (error instanceof Refused && error.status < 500) throw new AccessRefused(error.status === 404 ? "not_found" : "forbidden");
      throw error;
    }
    return accessOf(this.opened);
  }

  private saved(): Save {
    const { provider } = this;
    if (!provider.synced) return { state: provider.phase === "offline" ? "offline" : "connecting", reason: null };
    if (provider.phase !== "live") return { state: "offline", reason: null };
    const { save } = provider;
    if (save?.state === "refused") return { state: "refused", reason: save.reason };
    const stored = provider.ledger.pending === 0 && provider.ledger.allStored && (save === null || save.state === "stored" || save.state === "none");
    return { state: stored ? "stored" : "pending", reason: null };
  }

  private people(): Person[] {
    return [...this.awareness.getStates()].flatMap(([client, state]) => {
      const { name, color, role } = readPeer(client, state);
      const self = client === this.awareness.clientID;
      return self ? [] : [{ name, color, readOnly: role === "viewer", self }];
    });
  }
}

class Refused extends Error {
  constructor(message: string, readonly status: number) {
    super(message);
  }
}

async function opened(connection: Connection): Promise<Opened> {
  const { path, root } = connection;
  return (await ask(connection.server, "/api/v1/documents/open", await tokenOf(connection), root ? { path, root } : { path })) as Opened;
}

export async function tokenOf({ token }: Connection): Promise<string> {
  return typeof token === "string" ? token : token();
}

async function ask(server: string, path: string, token: string, body: unknown): Promise<unknown> {
  const headers = { Authorization: `Bearer ${token}`, "Content-Type": "application/json" };
  const answer = await fetch(new URL(path, server), { method: "POST", headers, body: JSON.stringify(body), credentials: "omit" });
  if (answer.ok) return answer.json();
  const told = (await answer.json().catch(() => null)) as { error?: { message?: string } } | null;
  throw new Refused(told?.error?.message ?? `The server answered ${answer.status}.`, answer.status);
}

function accessOf(opened: Opened): Access {
  return { url: opened.websocket_url, historyId: opened.history_id };
}
