/** Owns what the provider needs of the browser, so that tests can bring their own time, chance and sockets. */

export interface Socket {
  binaryType: string;
  onopen: (() => void) | null;
  onmessage: ((event: { data: unknown }) => void) | null;
  onclose: ((event: { code: number; reason: string }) => void) | null;
  onerror: (() => void) | null;
  readonly bufferedAmount: number;
  send(bytes: Uint8Array): void;
  close(code?: number): void;
}

export interface Environment {
  connect(url: string, protocols: string[]): Socket;
  /** Milliseconds of a clock that never runs backwards. */
  now(): number;
  /** Call once after a while; answers how to cancel. */
  after(ms: number, call: () => void): () => void;
  random(): number;
  /** Call when the machine may have woken up or found a network; answers how to stop. */
  onWake(call: () => void): () => void;
}

export const browser: Environment = {
  connect: (url, protocols) => new WebSocket(url, protocols) as unknown as Socket,
  now: () => performance.now(),
  after: (ms, call) => {
    const timer = setTimeout(call, ms);
    return () => clearTimeout(timer);
  },
  random: () => Math.random(),
  onWake: (call) => {
    const visible = () => {
      if (document.visibilityState === "visible") call();
    };
    const events = ["online", "offline", "pageshow"];
    document.addEventListener("visibilitychange", visible);
    for (const name of events) window.addEventListener(name, call);
    return () => {
      document.removeEventListener("visibilitychange", visible);
      for (const name of events) window.removeEventListener(name, call);
    };
  },
};
