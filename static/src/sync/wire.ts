/** Owns the bytes of the Yjs wire protocol and of our extensions (docs/protocol.md); knows no socket and no document. */
import * as decoding from "lib0/decoding";
import * as encoding from "lib0/encoding";

const SYNC = 0;
const AWARENESS = 1;
const AUTH = 2;
const QUERY_AWARENESS = 3;
const HELLO = 112;
const ACKNOWLEDGEMENT = 113;
const SAVE_STATE = 114;
const NOTICE = 115;

const STEP_1 = 0;
const STEP_2 = 1;
const UPDATE = 2;

export type Role = "viewer" | "commenter" | "editor" | "owner";

export interface User {
  readonly id: string;
  readonly name: string;
  readonly color: string;
  readonly colorDark: string;
}

export interface Hello {
  readonly historyId: string;
  readonly role: Role;
  readonly kind: string;
  readonly user: User | null;
  readonly facts: ReadonlyMap<string, string>;
}

export interface SaveState {
  readonly state: "stored" | "pending" | "saving" | "refused" | "none";
  readonly covers: number;
  readonly storedAtMs: number | null;
  readonly version: string | null;
  readonly code: string | null;
  readonly reason: string | null;
}

export interface Notice {
  readonly code: string;
  readonly text: string;
  /** The fields beyond code and text; a Map, because their names come from outside. */
  readonly fields: ReadonlyMap<string, unknown>;
}

export type Message =
  | { readonly type: "step1"; readonly stateVector: Uint8Array }
  | { readonly type: "step2"; readonly update: Uint8Array }
  | { readonly type: "update"; readonly update: Uint8Array }
  | { readonly type: "awareness"; readonly update: Uint8Array }
  | { readonly type: "queryAwareness" }
  | { readonly type: "denied"; readonly reason: string }
  | { readonly type: "hello"; readonly hello: Hello }
  | { readonly type: "acknowledgement"; readonly count: number }
  | { readonly type: "saveState"; readonly save: SaveState }
  | { readonly type: "notice"; readonly notice: Notice }
  | { readonly type: "unknown"; readonly code: number };

/** Read one message of the server. Throws on bytes that are no message. */
export function decodeMessage(bytes: Uint8Array): Message {
  const decoder = decoding.createDecoder(bytes);
  const type = decoding.readVarUint(decoder);
  switch (type) {
    case SYNC:
      return decodeSync(decoder);
    case AWARENESS:
      return { type: "awareness", update: decoding.readVarUint8Array(decoder) };
    case AUTH:
      decoding.readVarUint(decoder);
      return { type: "denied", reason: decoding.readVarString(decoder) };
    case QUERY_AWARENESS:
      return { type: "queryAwareness" };
    case HELLO:
      return { type: "hello", hello: readHello(readRecord(decoder)) };
    case ACKNOWLEDGEMENT:
      return { type: "acknowledgement", count: decoding.readVarUint(decoder) };
    case SAVE_STATE:
      return { type: "saveState", save: readSaveState(readRecord(decoder)) };
    case NOTICE:
      return { type: "notice", notice: readNotice(readRecord(decoder)) };
    default:
      return { type: "unknown", code: type };
  }
}

function decodeSync(decoder: decoding.Decoder): Message {
  const step = decoding.readVarUint(decoder);
  const payload = decoding.readVarUint8Array(decoder);
  if (step === STEP_1) return { type: "step1", stateVector: payload };
  if (step === STEP_2) return { type: "step2", update: payload };
  if (step === UPDATE) return { type: "update", update: payload };
  throw new Error(`sync step ${step} is unknown`);
}

export function encodeStep1(stateVector: Uint8Array): Uint8Array {
  return encode((encoder) => sync(encoder, STEP_1, stateVector));
}

export function encodeStep2(update: Uint8Array): Uint8Array {
  return encode((encoder) => sync(encoder, STEP_2, update));
}

export function encodeUpdate(update: Uint8Array): Uint8Array {
  return encode((encoder) => sync(encoder, UPDATE, update));
}

export function encodeAwareness(update: Uint8Array): Uint8Array {
  return encode((encoder) => {
    encoding.writeVarUint(encoder, AWARENESS);
    encoding.writeVarUint8Array(encoder, update);
  });
}

export function encodeQueryAwareness(): Uint8Array {
  return encode((encoder) => encoding.writeVarUint(encoder, QUERY_AWARENESS));
}

function sync(encoder: encoding.Encoder, step: number, payload: Uint8Array): void {
  encoding.writeVarUint(encoder, SYNC);
  encoding.writeVarUint(encoder, step);
  encoding.writeVarUint8Array(encoder, payload);
}

function encode(write: (encoder: encoding.Encoder) => void): Uint8Array {
  const encoder = encoding.createEncoder();
  write(encoder);
  return encoding.toUint8Array(encoder);
}

/** A JSON object as a Map, so that no key of it can reach a prototype. */
type Fields = ReadonlyMap<string, unknown>;

function readRecord(decoder: decoding.Decoder): Fields {
  return fieldsOf(JSON.parse(decoding.readVarString(decoder)));
}

export function fieldsOf(value: unknown): Fields {
  if (value === null || typeof value !== "object" || Array.isArray(value)) return new Map();
  return new Map(Object.entries(value));
}

function readHello(fields: Fields): Hello {
  const facts = new Map<string, string>();
  for (const [name, value] of fieldsOf(fields.get("facts"))) if (typeof value === "string") facts.set(name, value);
  return {
    historyId: text(fields.get("history_id")) ?? "",
    role: readRole(fields.get("role")),
    kind: text(fields.get("kind")) ?? "text",
    user: readUser(fields.get("user")),
    facts,
  };
}

/** The least right wins where the role is unknown. */
export function readRole(value: unknown): Role {
  return value === "owner" || value === "editor" || value === "commenter" ? value : "viewer";
}

export function readUser(value: unknown): User | null {
  const fields = fieldsOf(value);
  const name = text(fields.get("name"));
  if (name === null) return null;
  return { id: text(fields.get("id")) ?? "", name, ...readColors(fields) };
}

const GREY = { color: "#667085", colorDark: "#a6aec0" };

/** A person's colours for light and for dark grounds. Only `#rrggbb` may reach a style. */
export function readColors(fields: Fields): { color: string; colorDark: string } {
  const color = text(fields.get("color")) ?? "";
  const colorDark = text(fields.get("color_dark")) ?? "";
  return { color: COLOR.test(color) ? color : GREY.color, colorDark: COLOR.test(colorDark) ? colorDark : GREY.colorDark };
}

const COLOR = /^#[0-9a-f]{6}$/i;

const SAVE_STATES: readonly SaveState["state"][] = ["stored", "pending", "saving", "refused", "none"];

export function readSaveState(fields: Fields): SaveState {
  return {
    state: SAVE_STATES.find((state) => state === fields.get("state")) ?? "pending",
    covers: count(fields.get("covers")) ?? 0,
    storedAtMs: count(fields.get("stored_at_ms")),
    version: text(fields.get("version")),
    code: text(fields.get("code")),
    reason: text(fields.get("reason")),
  };
}

function readNotice(fields: Fields): Notice {
  const rest = new Map(fields);
  rest.delete("code");
  rest.delete("text");
  return { code: text(fields.get("code")) ?? "", text: text(fields.get("text")) ?? "", fields: rest };
}

export function text(value: unknown): string | null {
  return typeof value === "string" ? value : null;
}

export function count(value: unknown): number | null {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0 ? value : null;
}
