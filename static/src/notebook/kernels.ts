/** Owns running code: the person's own Jupyter server and kernel, the queue of cells, what the page says of it. */
import type * as Y from "yjs";
import { jupyterServers } from "../shell/jupyter-servers";
import { promptDialog } from "../shell/dialog";
import { t } from "../shell/i18n";
import { toast } from "../shell/toast";
import type { Runner } from "./actions";
import { RAN_HERE } from "./changes";
import { JupyterError, JupyterServer, readAddress, type JupyterAddress, type KernelChannels, type KernelSpec } from "./jupyter-server";
import { openKernelDialog } from "./kernel-dialog";
import type { KernelMessage } from "./kernel-messages";
import { OutputWriter } from "./output-writer";
import { kernelName, metaOf, outputsOf, sourceOf, type YCell } from "./schema";
import type { KernelState } from "./toolbar";

export interface KernelOptions {
  readonly doc: Y.Doc;
  readonly mayWrite: () => boolean;
  readonly shown: (state: KernelState) => void;
  readonly path: () => string;
}

interface Run {
  readonly id: string;
  readonly cell: YCell;
  readonly writer: OutputWriter;
}

const KEY = "collab.jupyter";

export class Kernels implements Runner {
  state: KernelState = { tone: "none", text: t("notebook.no_kernel") };
  private server: JupyterServer | null = null;
  private kernelId = "";
  private channels: KernelChannels | null = null;
  private runs: Run[] = [];

  constructor(private readonly options: KernelOptions) {
    queueMicrotask(() => void this.comeBack());
  }

  run(cells: readonly YCell[]): void {
    if (!this.options.mayWrite()) return void toast(t("notebook.read_only"));
    if (!this.channels) {
      const run = (): void => this.connect();
      return void toast(t("notebook.cannot_run"), { action: { label: t("notebook.kernel_connect"), run } });
    }
    for (const cell of cells) this.enqueue(cell, this.channels);
  }

  interrupt(): void {
    if (this.server) void this.server.interrupt(this.kernelId).catch((error: unknown) => this.failed(error));
  }

  restart(): void {
    if (!this.server) return;
    this.abandon();
    void this.server.restart(this.kernelId).then(() => void toast(t("notebook.restarted")), (error: unknown) => this.failed(error));
  }

  /** Ask for the server, or offer to leave it. */
  connect(): void {
    openKernelDialog({
      allowed: jupyterServers(),
      kept: keptAddress(),
      wanted: kernelName(this.options.doc),
      connected: this.server?.address.url ?? null,
      specs: (address) => new JupyterServer(address).specs(),
      start: (address, spec) => this.start(address, spec),
      leave: () => this.leave(),
    });
  }

  destroy(): void {
    this.abandon();
    this.channels?.close();
  }

  // -- the kernel --

  private async start(address: JupyterAddress, spec: KernelSpec): Promise<void> {
    const server = new JupyterServer(address);
    const id = await server.start(spec.name);
    keepAddress(address);
    this.attach(server, id, spec.label);
    keepKernel(this.options.path(), { id, label: spec.label });
  }

  /** After a reload: the kernel of this document, when it still runs. */
  private async comeBack(): Promise<void> {
    const [address, kernel] = [keptAddress(), keptKernel(this.options.path())];
    if (!address || !kernel || !jupyterServers().includes(new URL(address.url).origin)) return;
    const server = new JupyterServer(address);
    try {
      if (await server.has(kernel.id)) this.attach(server, kernel.id, kernel.label);
    } catch {
      // the server is away: one connects by hand when it is back
    }
  }

  private attach(server: JupyterServer, id: string, label: string): void {
    this.abandon();
    this.channels?.close();
    this.server = server;
    this.kernelId = id;
    this.channels = server.channels(id, { message: (message) => this.heard(message), connected: (open) => this.show(open ? "idle" : "away", label) });
    this.show("away", label);
    this.label = label;
    this.channels.send("shell", "kernel_info_request", {});
  }

  private label = "";

  private leave(): void {
    const { server, kernelId } = this;
    this.abandon();
    this.channels?.close();
    this.channels = null;
    this.server = null;
    keepKernel(this.options.path(), null);
    if (server) void server.shutDown(kernelId).catch((error: unknown) => this.failed(error));
    this.tell({ tone: "none", text: t("notebook.no_kernel") });
  }

  private show(tone: "idle" | "busy" | "away", label: string): void {
    const text = t(tone === "idle" ? "notebook.kernel_idle" : tone === "busy" ? "notebook.kernel_busy" : "notebook.kernel_away", { name: label });
    this.tell({ tone, text });
  }

  private tell(state: KernelState): void {
    this.state = state;
    this.options.shown(state);
  }

  // -- runs --

  private enqueue(cell: YCell, channels: KernelChannels): void {
    const outputs = outputsOf(cell);
    if (!outputs) return;
    this.options.doc.transact(() => {
      outputs.delete(0, outputs.length);
      cell.set("execution_count", null);
      cell.set("execution_state", "running");
    }, RAN_HERE);
    const id = channels.send("shell", "execute_request", { code: sourceOf(cell), silent: false, store_history: true, user_expressions: {}, allow_stdin: true, stop_on_error: true });
    this.runs.push({ id, cell, writer: new OutputWriter(this.options.doc, cell, t("notebook.too_much_output")) });
  }

  private heard(message: KernelMessage): void {
    const run = this.runs.find((item) => item.id === message.parent);
    if (message.type === "status") this.heardStatus(message);
    else if (message.type === "input_request" && run) this.ask(message);
    else if (message.type === "kernel_info_reply") this.noteLanguage(message);
    else if (run && message.type === "execute_input") this.count(run, message.content.execution_count);
    else if (run && message.type === "execute_reply") this.finish(run, message);
    else if (run && message.channel === "iopub") run.writer.take(message);
  }

  private heardStatus({ content }: KernelMessage): void {
    const state = content.execution_state;
    if (state === "busy") this.show("busy", this.label);
    if (state === "idle") this.show("idle", this.label);
    if (state === "restarting" || state === "dead") {
      this.abandon();
      toast(t(state === "dead" ? "notebook.kernel_dead" : "notebook.kernel_died"), { look: "problem" });
    }
  }

  private count(run: Run, count: unknown): void {
    if (typeof count === "number" && run.cell.doc) this.options.doc.transact(() => run.cell.set("execution_count", count), RAN_HERE);
  }

  /** The reply may come before the last outputs: those have the moment of the writer, and what is late is still taken. */
  private finish(run: Run, message: KernelMessage): void {
    this.count(run, message.content.execution_count);
    this.settle(run);
    window.setTimeout(() => (this.runs = this.runs.filter((item) => item !== run)), LATE_MS);
  }

  private settle(run: Run): void {
    run.writer.flush();
    if (run.cell.doc) this.options.doc.transact(() => run.cell.set("execution_state", "idle"), RAN_HERE);
  }

  /** Nothing more comes of what was sent. */
  private abandon(): void {
    for (const run of this.runs) this.settle(run);
    this.runs = [];
  }

  private ask({ content }: KernelMessage): void {
    const reply = (value: string): void => void this.channels?.send("stdin", "input_reply", { value });
    promptDialog({ title: t("notebook.input"), label: String(content.prompt ?? "") || t("notebook.input"), value: "", action: t("notebook.send"), submit: async (value) => reply(value) });
  }

  /** The notebook says for which kernel it is, so that the file opens with the right language everywhere. */
  private noteLanguage({ content }: KernelMessage): void {
    const metadata = metaOf(this.options.doc).get("metadata");
    const info = content.language_info;
    if (!this.options.mayWrite() || !info || !isMap(metadata) || metadata.has("language_info")) return;
    this.options.doc.transact(() => metadata.set("language_info", info), RAN_HERE);
  }

  private failed(error: unknown): void {
    toast(t("notebook.kernel_failed", { reason: error instanceof JupyterError ? error.message : String(error) }), { look: "problem" });
  }
}

const LATE_MS = 5_000;

function isMap(value: unknown): value is Y.Map<unknown> {
  return typeof value === "object" && value !== null && "set" in value && "has" in value;
}

// -- what this tab remembers; the token leaves with it --

function keptAddress(): JupyterAddress | null {
  const kept = readKept<JupyterAddress>(KEY);
  return kept ? readAddress(kept.url, kept.token) : null;
}

function keepAddress(address: JupyterAddress): void {
  writeKept(KEY, address);
}

function keptKernel(path: string): { id: string; label: string } | null {
  return readKept(`${KEY}.${path}`);
}

function keepKernel(path: string, kernel: { id: string; label: string } | null): void {
  writeKept(`${KEY}.${path}`, kernel);
}

function readKept<Value>(key: string): Value | null {
  try {
    return JSON.parse(sessionStorage.getItem(key) ?? "null") as Value | null;
  } catch {
    return null;
  }
}

function writeKept(key: string, value: unknown): void {
  try {
    sessionStorage.setItem(key, JSON.stringify(value));
  } catch {
    // without a store one types it again
  }
}
