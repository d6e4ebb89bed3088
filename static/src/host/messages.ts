/** Owns the messages between this page and the page of a host around it: their form, and whom they are taken from.
 *
 * A message is a JSON string {MessageId, SendTime, Values}; an object is taken too. Nothing is taken from, and nothing sent
 * to, any window but the parent, and any origin but the host's.
 */

export interface HostMessage {
  readonly id: string;
  readonly values: ReadonlyMap<string, unknown>;
}

/** The message in what a window sent; null for anything else. */
export function readMessage(data: unknown): HostMessage | null {
  let plain = data;
  if (typeof data === "string") {
    try {
      plain = JSON.parse(data);
    } catch {
      return null;
    }
  }
  if (typeof plain !== "object" || plain === null) return null;
  const { MessageId: id, Values: values } = plain as { MessageId?: unknown; Values?: unknown };
  if (typeof id !== "string") return null;
  const fields = typeof values === "object" && values !== null ? Object.entries(values) : [];
  return { id, values: new Map(fields) };
}

export function writeMessage(id: string, values: Readonly<Record<string, unknown>>, atMs: number): string {
  return JSON.stringify({ MessageId: id, SendTime: atMs, Values: values });
}

/** A text of a message; empty when there is none. */
export function textOf(message: HostMessage, ...names: string[]): string {
  for (const name of names) {
    const value = message.values.get(name);
    if (typeof value === "string") return value;
    if (typeof value === "number") return String(value);
  }
  return "";
}

/** A yes or a no, however the host writes it. */
export function flagOf(message: HostMessage, name: string): boolean {
  const value = message.values.get(name);
  return value === true || value === 1 || value === "true" || value === "1";
}

/** What of a window is needed here. */
export interface ParentWindow {
  postMessage(message: string, origin: string): void;
}

type Listener = (message: HostMessage) => void;

export class HostChannel {
  private readonly listeners = new Map<string, Listener>();
  /** The host said that it listens: until then only closing and buttons are obeyed. */
  ready = false;

  constructor(private readonly parent: ParentWindow, private readonly origin: string | null, private readonly now: () => number) {}

  on(id: string, listener: Listener): this {
    this.listeners.set(id, listener);
    return this;
  }

  send(id: string, values: Readonly<Record<string, unknown>> = {}): void {
    if (this.origin !== null) this.parent.postMessage(writeMessage(id, values, this.now()), this.origin);
  }

  /** A window sent something. */
  receive(event: { readonly data: unknown; readonly origin: string; readonly source: unknown }): void {
    if (this.origin === null || event.source !== this.parent || event.origin !== this.origin) return;
    const message = readMessage(event.data);
    if (message === null) return;
    if (message.id === "Host_PostmessageReady") this.ready = true;
    if (this.ready || EARLY.has(message.id)) this.listeners.get(message.id)?.(message);
  }
}

const EARLY = new Set(["Close_Session", "Hide_Button", "Show_Button", "Insert_Button", "Remove_Button"]);
