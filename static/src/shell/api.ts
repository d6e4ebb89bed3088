/** Owns the requests of docs/http-api.md and what their failure means; draws nothing. */

export type Role = "viewer" | "commenter" | "editor" | "owner";

export interface Person {
  readonly name: string;
  /** On light grounds. */
  readonly color: string;
  readonly color_dark?: string;
}

export interface User extends Person {
  readonly id: string;
}

export interface Root {
  readonly name: string;
  readonly writable: boolean;
  /** Names that begin with a dot can be shown. */
  readonly hidden_files?: boolean;
}

export interface Me {
  readonly mode: "open" | "token";
  readonly signed_in: boolean;
  readonly user: User | null;
  readonly role: Role | null;
  readonly roots: readonly Root[];
  readonly version: string;
  /** Where people can sign in besides with a token; null: nowhere. */
  readonly sign_in?: { readonly name: string; readonly url: string } | null;
}

export interface Entry {
  readonly name: string;
  readonly path: string;
  readonly kind: "file" | "folder";
  readonly size_bytes: number;
  readonly modified_ms: number;
  readonly format: string;
  readonly editable: boolean;
  readonly people: readonly Person[];
}

export interface Folder {
  readonly root: string;
  readonly path: string;
  readonly writable: boolean;
  readonly entries: readonly Entry[];
}

export interface LiveDocument {
  readonly path: string;
  readonly root: string;
  readonly name: string;
  readonly format: string;
  readonly people: readonly Person[];
}

export interface OpenDocument {
  readonly document_id: string;
  readonly kind: string;
  readonly format: string;
  readonly role: Role;
  readonly history_id: string;
  readonly websocket_url: string;
  readonly token: string;
  readonly expires_at: number;
  readonly name: string;
  readonly path: string;
  readonly root: string;
  readonly user: User;
  readonly facts: Readonly<Record<string, string>>;
  readonly writable: boolean;
  /** When the right that the token was made from ends (seconds since 1970). */
  readonly right_ends_at?: number | null;
  /** The file is gone; what is shown comes from the journal. */
  readonly deleted?: boolean;
}

/** What an owner says to who asks to edit. */
export type AccessAnswer = "once" | "editor" | "deny";

export interface Share {
  readonly share_id: string;
  readonly role: Role;
  readonly expires_at: number | null;
}

export interface NewShare extends Share {
  readonly url: string;
}

/** What storage the server has of a document (docs/protocol.md, save state). */
export interface SaveState {
  readonly state: "stored" | "pending" | "saving" | "refused" | "none";
  readonly covers: number;
  readonly stored_at_ms: number | null;
  readonly version: string | null;
  readonly code: string | null;
  readonly reason: string | null;
}

/** A file that new ones can be made from. */
export interface Template {
  readonly name: string;
  readonly format: string;
}

/** A format that a document can be had in; `reason` says why not on this server. */
export interface ExportFormat {
  readonly format: string;
  readonly label: string;
  readonly extension: string;
  /** It may take a minute. */
  readonly slow: boolean;
  readonly reason: string | null;
}

export interface Place {
  readonly root: string;
  readonly path: string;
}

/** A request that did not work: `code` is the server's slug, or `network` when no answer came. */
export class ApiError extends Error {
  override readonly name = "ApiError";

  constructor(
    message: string,
    readonly code: string,
    readonly status: number,
    readonly correlationId: string | null,
    readonly request: string,
  ) {
    super(message);
  }

  /** May work later without anybody changing anything. */
  get temporary(): boolean {
    return this.code === "network" || this.status === 429 || this.status >= 500;
  }

  /** What an administrator needs; no content, no token. */
  details(at: Date): string {
    const lines = [`time: ${at.toISOString()}`, `request: ${this.request}`, `status: ${this.status}`, `code: ${this.code}`];
    if (this.correlationId) lines.push(`correlation id: ${this.correlationId}`);
    return [...lines, `message: ${this.message}`].join("\n");
  }
}

const BASE = "/api/v1";
const JSON_TYPE = "application/json";
const BYTES_TYPE = "application/octet-stream";

type Query = Readonly<Record<string, string | number | undefined>>;

/** The address of an API resource with its query; empty values are left out. */
export function address(path: string, query: Query = {}): string {
  const pairs = Object.entries(query).filter(([, value]) => value !== undefined && value !== "");
  const search = new URLSearchParams(pairs.map(([key, value]) => [key, String(value)])).toString();
  return BASE + path + (search ? `?${search}` : "");
}

function documentAddress(documentId: string, what: string): string {
  return address(`/documents/${encodeURIComponent(documentId)}${what}`);
}

let roomToken: string | null = null;

/** Ask for documents by this room token from now on, null: by the session. */
export function actWith(token: string | null): void {
  roomToken = token;
}

async function call<Answer>(method: string, url: string, body?: unknown, signal?: AbortSignal): Promise<Answer> {
  const response = await answerTo(method, url, body, signal);
  return (response.status === 204 ? undefined : await response.json()) as Answer;
}

async function answerTo(method: string, url: string, body?: unknown, signal?: AbortSignal): Promise<Response> {
  const raw = body instanceof Uint8Array;
  const headers = new Headers({ "Content-Type": raw ? BYTES_TYPE : JSON_TYPE, Accept: JSON_TYPE });
  if (roomToken !== null && url.startsWith(`${BASE}/documents/`)) headers.set("Authorization", `Bearer ${roomToken}`);
  const init: RequestInit = { method, headers, credentials: "same-origin" };
  if (body !== undefined) init.body = raw ? (body as BodyInit) : JSON.stringify(body);
  if (signal) init.signal = signal;
  const request = `${method} ${url.split("?")[0] ?? url}`;
  const response = await fetch(url, init).catch((error: unknown) => Promise.reject(networkError(error, request)));
  if (!response.ok) throw errorOf(response.status, await response.text().catch(() => ""), request);
  return response;
}

export interface NamedContent {
  readonly name: string;
  readonly content: Blob;
}

async function named(response: Response, fallback: string): Promise<NamedContent> {
  const name = /filename\*=UTF-8''([^;]+)/.exec(response.headers.get("Content-Disposition") ?? "")?.[1];
  return { name: decodeURIComponent(name ?? fallback), content: await response.blob() };
}

function networkError(error: unknown, request: string): unknown {
  if (error instanceof DOMException && error.name === "AbortError") return error;
  return new ApiError("", "network", 0, null, request);
}

/** The error that an answer's status and body stand for; a body that is not ours (a proxy's page) is not shown. */
export function errorOf(status: number, body: string, request: string): ApiError {
  let error: { code?: unknown; message?: unknown; correlation_id?: unknown } = {};
  try {
    const parsed = JSON.parse(body) as { error?: typeof error } | null;
    error = parsed?.error ?? {};
  } catch {
    // Not our JSON: the status alone says what happened.
  }
  const text = (value: unknown): string | null => (typeof value === "string" ? value : null);
  return new ApiError(text(error.message) ?? "", text(error.code) ?? `http_${status}`, status, text(error.correlation_id), request);
}

function historyAddress(documentId: string, historyId: string): string {
  return address(`/documents/${encodeURIComponent(documentId)}/histories/${encodeURIComponent(historyId)}`);
}

export const api = {
  me: (): Promise<Me> => call("GET", address("/me")),
  signIn: (token: string): Promise<unknown> => call("POST", address("/session"), { token }),
  signOut: (): Promise<void> => call("DELETE", address("/session")),

  folder: (place: Place, signal?: AbortSignal, hidden = false): Promise<Folder> =>
    call("GET", address("/folders", { ...place, hidden: hidden ? 1 : undefined }), undefined, signal),
  search: (place: Place, text: string, signal?: AbortSignal, hidden = false): Promise<{ entries: Entry[]; truncated: boolean }> =>
    call("GET", address("/search", { ...place, q: text, hidden: hidden ? 1 : undefined }), undefined, signal),
  live: (signal?: AbortSignal): Promise<{ documents: LiveDocument[] }> => call("GET", address("/live"), undefined, signal),

  createFolder: (place: Place): Promise<Entry> => call("POST", address("/folders"), place),
  createFile: (place: Place, content = ""): Promise<Entry> => call("POST", address("/files"), { ...place, content }),
  templates: (): Promise<{ templates: readonly Template[] }> => call("GET", address("/templates")),
  createFrom: (place: Place, template: string): Promise<Entry> => call("POST", address("/files"), { ...place, template }),
  rename: (place: Place, newPath: string): Promise<Entry> => call("POST", address("/files/rename"), { ...place, new_path: newPath }),
  remove: (place: Place): Promise<void> => call("DELETE", address("/files", { ...place })),

  open: (place: Place, name?: string): Promise<OpenDocument> => call("POST", address("/documents/open"), name ? { ...place, name } : place),
  renewToken: (documentId: string, name?: string): Promise<OpenDocument> => call("POST", documentAddress(documentId, "/token"), name ? { name } : undefined),
  exportFormats: (documentId: string): Promise<{ formats: readonly ExportFormat[] }> => call("GET", documentAddress(documentId, "/exports")),
  exportAs: async (documentId: string, format: string): Promise<NamedContent> =>
    named(await answerTo("GET", `${documentAddress(documentId, "/export")}?format=${encodeURIComponent(format)}`), `document.${format}`),
  /** The document as its file would be now, by the right of this page: a link to it would lack that of a guest. */
  liveContent: async (documentId: string): Promise<NamedContent> => named(await answerTo("GET", liveContentAddress(documentId)), "document"),
  save: (documentId: string): Promise<SaveState> => call("POST", documentAddress(documentId, "/save")),
  restore: (documentId: string): Promise<SaveState> => call("POST", documentAddress(documentId, "/restore")),
  undoOutside: (documentId: string, change: number): Promise<void> => call("POST", documentAddress(documentId, `/outside/${change}/undo`)),
  askAccess: (documentId: string): Promise<{ told: number }> => call("POST", documentAddress(documentId, "/access-requests")),
  answerAccess: (documentId: string, request: string, answer: AccessAnswer): Promise<void> =>
    call("POST", documentAddress(documentId, `/access-requests/${encodeURIComponent(request)}`), { answer }),

  wopiToken: (documentId: string, token: string, ttl: string): Promise<{ opened: OpenDocument }> =>
    call("POST", documentAddress(documentId, "/wopi/token"), { access_token: token, access_token_ttl: ttl }),
  wopiSaveAs: (documentId: string, name: string): Promise<{ name: string }> => call("POST", documentAddress(documentId, "/wopi/save-as"), { name }),
  wopiRename: (documentId: string, name: string): Promise<{ name: string }> => call("POST", documentAddress(documentId, "/wopi/rename"), { name }),

  retiredHistory: (documentId: string, historyId: string): Promise<{ state_vector: string }> => call("GET", historyAddress(documentId, historyId)),
  handOver: (documentId: string, historyId: string, update: Uint8Array): Promise<{ new: boolean; changes: number; conflicts: number }> =>
    call("POST", `${historyAddress(documentId, historyId)}/edits`, update),

  share: (documentId: string, role: Role, expiresInS?: number): Promise<NewShare> =>
    call("POST", documentAddress(documentId, "/shares"), expiresInS ? { role, expires_in_s: expiresInS } : { role }),
  shares: (documentId: string): Promise<{ shares: Share[] }> => call("GET", documentAddress(documentId, "/shares")),
  revokeShare: (documentId: string, shareId: string): Promise<void> =>
    call("DELETE", documentAddress(documentId, `/shares/${encodeURIComponent(shareId)}`)),
  redeemShare: (secret: string, name?: string): Promise<OpenDocument> => call("POST", address("/shares/redeem"), name ? { secret, name } : { secret }),
};

/** Where the browser finds a file's bytes in the storage; `inline` for pictures only. */
export function contentAddress(place: Place, inline = false): string {
  return address("/files/content", { ...place, inline: inline ? 1 : undefined });
}

/** Where the live content is, as the file would be ("download my copy"). */
export function liveContentAddress(documentId: string): string {
  return documentAddress(documentId, "/content");
}

/** Send a file's bytes with progress (0…1). XMLHttpRequest, because fetch does not report the upload. */
export function upload(place: Place, file: Blob, replace: boolean, onProgress: (part: number) => void, signal: AbortSignal): Promise<Entry> {
  const url = address("/files/content", { ...place, replace: replace ? 1 : undefined });
  const request = "PUT /api/v1/files/content";
  return new Promise((resolve, reject) => {
    const xhr = new XMLHttpRequest();
    xhr.open("PUT", url);
    xhr.setRequestHeader("Content-Type", "application/octet-stream");
    xhr.upload.addEventListener("progress", (event) => event.lengthComputable && onProgress(event.loaded / event.total));
    xhr.addEventListener("load", () => {
      if (xhr.status >= 200 && xhr.status < 300) resolve(JSON.parse(xhr.responseText) as Entry);
      else reject(errorOf(xhr.status, xhr.responseText, request));
    });
    xhr.addEventListener("error", () => reject(new ApiError("", "network", 0, null, request)));
    xhr.addEventListener("abort", () => reject(new DOMException("aborted", "AbortError")));
    signal.addEventListener("abort", () => xhr.abort());
    xhr.send(file);
  });
}

/** The editor's page for a file: `/edit/{path}?root=`. */
export function editAddress(place: Place): string {
  const path = place.path.split("/").map(encodeURIComponent).join("/");
  return `/edit/${path}${place.root ? `?root=${encodeURIComponent(place.root)}` : ""}`;
}

/** The start page at a folder. */
export function folderAddress(place: Place): string {
  const pairs = Object.entries(place).filter(([, value]) => value !== "");
  const search = new URLSearchParams(pairs).toString();
  return search ? `/?${search}` : "/";
}
