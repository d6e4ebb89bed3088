// Owns a client that keeps to the protocol's bytes and to nothing else: it writes what it likes into maps and presence.
import { createRequire } from "node:module";
import { STEP_TIMEOUT_MS } from "../browser/driver.mjs";

const require = createRequire(new URL("../../static/package.json", import.meta.url));
export const Y = require("yjs");
const encoding = require("lib0/encoding");
const decoding = require("lib0/decoding");

const SYNC = 0;
const AWARENESS = 1;
const STEP_1 = 0;
const STEP_2 = 1;
const UPDATE = 2;
const SAVE_STATE = 114;
const NOTICE = 115;
const HELLO = 112;

const JSON_TYPE = { "Content-Type": "application/json" };

/** Ask the API; answers the JSON. Throws with the answer's text when it refuses. */
export async function ask(base, method, path, body) {
  const response = await fetch(`${base}/api/v1${path}`, { method, headers: JSON_TYPE, body: body && JSON.stringify(body) });
  const text = await response.text();
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
  return text ? JSON.parse(text) : null;
}

/** Open a file under a name and join its room; resolves when the document is here. */
export async function joinRoom(base, path, name = "Mallory") {
  const opened = await ask(base, "POST", "/documents/open", { path, name });
  const doc = new Y.Doc();
  const socket = new WebSocket(opened.websocket_url);
  socket.binaryType = "arraybuffer";
  const send = (bytes) => socket.send(bytes);
  await new Promise((resolve, reject) => {
    const late = setTimeout(() => reject(new Error(`${path}: the room did not answer`)), STEP_TIMEOUT_MS);
    socket.onclose = ({ code }) => reject(new Error(`${path}: closed with ${code}`));
    socket.onopen = () => send(sync(STEP_1, Y.encodeStateVector(doc)));
    socket.onmessage = ({ data }) => {
      const decoder = decoding.createDecoder(new Uint8Array(data));
      if (decoding.readVarUint(decoder) !== SYNC) return;
      const step = decoding.readVarUint(decoder);
      const payload = decoding.readVarUint8Array(decoder);
      if (step === STEP_1) return send(sync(STEP_2, Y.encodeStateAsUpdate(doc, payload)));
      Y.applyUpdate(doc, payload, socket);
      if (step === STEP_2) clearTimeout(late), resolve();
    };
  });
  doc.on("update", (update, origin) => origin !== socket && send(sync(UPDATE, update)));
  return { doc, opened, present: (states) => send(awareness(states)), close: () => socket.close() };
}

function sync(step, payload) {
  return encode((encoder) => {
    encoding.writeVarUint(encoder, SYNC);
    encoding.writeVarUint(encoder, step);
    encoding.writeVarUint8Array(encoder, payload);
  });
}

/** Presence of clients: `[client, JSON text or a value]`. */
export function awareness(states) {
  const entries = encode((encoder) => {
    encoding.writeVarUint(encoder, states.length);
    for (const [client, state] of states) {
      encoding.writeVarUint(encoder, client);
      encoding.writeVarUint(encoder, 1);
      encoding.writeVarString(encoder, typeof state === "string" ? state : JSON.stringify(state));
    }
  });
  return encode((encoder) => {
    encoding.writeVarUint(encoder, AWARENESS);
    encoding.writeVarUint8Array(encoder, entries);
  });
}

const record = (type) => (value) =>
  encode((encoder) => {
    encoding.writeVarUint(encoder, type);
    encoding.writeVarString(encoder, typeof value === "string" ? value : JSON.stringify(value));
  });
export const notice = record(NOTICE);
export const saveState = record(SAVE_STATE);
export const hello = record(HELLO);

function encode(write) {
  const encoder = encoding.createEncoder();
  write(encoder);
  return encoding.toUint8Array(encoder);
}

/** A place in the text as the `conflicts` map has it. */
export function place(ytext, index) {
  return Y.encodeRelativePosition(Y.createRelativePositionFromTypeIndex(ytext, index));
}

/** A passage with two versions, entered into the `conflicts` map; `more` are further fields. */
export function addConflict(doc, key, mine, theirs, more = {}) {
  const ytext = doc.getText("source");
  const start = ytext.length;
  ytext.insert(start, `${mine}${theirs}---\n`);
  const middle = start + mine.length;
  const places = { start: place(ytext, start), middle: place(ytext, middle), end: place(ytext, middle + theirs.length) };
  doc.getMap("conflicts").set(key, { ...more, ...places });
}

/** Stand between a page and the server: the answer's `inject(bytes)` makes the page hear it as the server's word. */
export async function interpose(page) {
  const sockets = [];
  await page.routeWebSocket(/\/ws\//, (socket) => {
    socket.connectToServer();
    sockets.push(socket);
  });
  return { inject: (bytes) => sockets.at(-1).send(Buffer.from(bytes)), connections: () => sockets.length };
}
