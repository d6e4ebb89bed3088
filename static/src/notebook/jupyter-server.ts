/** Owns talking to one Jupyter server: its REST calls and a kernel's channels. Knows no notebook. */
import { readMessage, writeMessage, type KernelMessage } from "./kernel-messages";
import { newId, record, type Plain } from "./schema";

export interface JupyterAddress {
  /** With the base path, without a slash at the end. */
  readonly url: string;
  readonly token: string;
}

export interface KernelSpec {
  readonly name: string;
  readonly label: string;
}

const REFUSED = 403;

/** What the server answered, or that it did not. */
export class JupyterError extends Error {
  constructor(readonly status: number, detail: string) {
    super(detail);
  }
}

/** Take apart what people paste: `http://host:8888/lab?token=…`. Null when it is no address. */
export function readAddress(pasted: string, token: string): JupyterAddress | null {
  try {
    const url = new URL(pasted.trim());
    if (url.protocol !== "http:" && url.protocol !== "https:") return null;
    const base = url.pathname.replace(/\/(?:lab|tree|notebooks|nbclassic|doc)(?:\/.*)?$/, "").replace(/\/+$/, "");
    return { url: url.origin + base, token: token.trim() || (url.searchParams.get("token") ?? "") };
  } catch {
    return null;
  }
}

export class JupyterServer {
  constructor(readonly address: JupyterAddress) {}

  /** The kernels that can be started, the server's usual one first. Throws JupyterError. */
  async specs(): Promise<KernelSpec[]> {
    const answer = record(await this.call("GET", "api/kernelspecs"));
    const specs = Object.entries(record(answer.kernelspecs)).map(([name, value]) => ({ name, label: String(record(record(value).spec).display_name ?? name) }));
    return specs.sort((left, right) => Number(right.name === answer.default) - Number(left.name === answer.default));
  }

  /** Start a kernel; answers its id. Throws JupyterError. */
  async start(name: string): Promise<string> {
    return String(record(await this.call("POST", "api/kernels", { name })).id);
  }

  /** Whether a kernel still runs. Throws JupyterError. */
  async has(id: string): Promise<boolean> {
    try {
      await this.call("GET", `api/kernels/${encodeURIComponent(id)}`);
      return true;
    } catch (error) {
      if (error instanceof JupyterError && error.status === 404) return false;
      throw error;
    }
  }

  async interrupt(id: string): Promise<void> {
    await this.call("POST", `api/kernels/${encodeURIComponent(id)}/interrupt`);
  }

  async restart(id: string): Promise<void> {
    await this.call("POST", `api/kernels/${encodeURIComponent(id)}/restart`);
  }

  async shutDown(id: string): Promise<void> {
    await this.call("DELETE", `api/kernels/${encodeURIComponent(id)}`);
  }

  channels(id: string, listener: ChannelListener): KernelChannels {
    return new KernelChannels(this.address, id, listener);
  }

  private async call(method: string, path: string, body?: Plain): Promise<unknown> {
    const { url, token } = this.address;
    const headers: Record<string, string> = token ? { Authorization: `token ${token}` } : {};
    if (body) headers["Content-Type"] = "application/json";
    let response: Response;
    try {
      response = await fetch(`${url}/${path}`, { method, headers, credentials: "omit", ...(body ? { body: JSON.stringify(body) } : {}) });
    } catch (error) {
      throw (await this.answers()) ? new JupyterError(REFUSED, `${method} ${path}: refused`) : new JupyterError(0, error instanceof Error ? error.message : String(error));
    }
    if (!response.ok) throw new JupyterError(response.status, `${method} ${path}: ${response.status}`);
    return response.status === 204 ? null : response.json();
  }

  /** Jupyter's refusals lack the headers that let a page read them and look like silence; the version is told to everybody. */
  private async answers(): Promise<boolean> {
    try {
      return (await fetch(`${this.address.url}/api`, { credentials: "omit" })).ok;
    } catch {
      return false;
    }
  }
}

export interface ChannelListener {
  message(message: KernelMessage): void;
  /** The connection is there, or away and tried again. */
  connected(open: boolean): void;
}

const RETRY_MS = [500, 1_000, 2_000, 5_000, 10_000];

/** One kernel's channels; comes back by itself. */
export class KernelChannels {
  private readonly session = newId() + newId();
  private socket: WebSocket | null = null;
  private tries = 0;
  private timer: number | undefined;
  private closed = false;
  private waiting: string[] = [];

  constructor(private readonly address: JupyterAddress, private readonly kernel: string, private readonly listener: ChannelListener) {
    this.connect();
  }

  /** Send a request, at once or as soon as the connection is there; answers its id. */
  send(channel: string, type: string, content: Plain): string {
    const id = crypto.randomUUID();
    const message = writeMessage(channel, type, content, id, this.session);
    if (this.socket?.readyState === WebSocket.OPEN) this.socket.send(message);
    else this.waiting.push(message);
    return id;
  }

  close(): void {
    this.closed = true;
    window.clearTimeout(this.timer);
    this.socket?.close();
  }

  private connect(): void {
    const { url, token } = this.address;
    const query = new URLSearchParams({ session_id: this.session, ...(token ? { token } : {}) });
    const socket = new WebSocket(`${url.replace(/^http/, "ws")}/api/kernels/${encodeURIComponent(this.kernel)}/channels?${query}`);
    this.socket = socket;
    socket.onopen = () => {
      this.tries = 0;
      this.listener.connected(true);
      for (const message of this.waiting.splice(0)) socket.send(message);
    };
    socket.onmessage = ({ data }) => {
      const message = readMessage(data);
      if (message) this.listener.message(message);
    };
    socket.onclose = () => {
      if (this.closed) return;
      this.listener.connected(false);
      const wait = RETRY_MS[Math.min(this.tries, RETRY_MS.length - 1)]!;
      this.tries += 1;
      this.timer = window.setTimeout(() => this.connect(), wait);
    };
  }
}
