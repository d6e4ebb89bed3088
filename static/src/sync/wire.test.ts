import assert from "node:assert/strict";
import { test } from "node:test";
import * as encoding from "lib0/encoding";
import { readPeer } from "./peers";
import { decodeMessage } from "./wire";

function json(type: number, source: string): Uint8Array {
  const encoder = encoding.createEncoder();
  encoding.writeVarUint(encoder, type);
  encoding.writeVarString(encoder, source);
  return encoding.toUint8Array(encoder);
}

const HOSTILE_KEYS = ["__proto__", "constructor", "prototype", "toString", "hasOwnProperty", "__defineGetter__", "valueOf"];

test("wire: an unknown role is the least", () => {
  const message = decodeMessage(json(112, '{"history_id":"h","role":"admin","kind":"text","user":null,"facts":{}}'));

  assert.ok(message.type === "hello" && message.hello.role === "viewer");
});

test("wire: an unknown save state is not stored", () => {
  const message = decodeMessage(json(114, '{"state":"perfect","covers":-1}'));

  assert.ok(message.type === "saveState");
  assert.equal(message.save.state, "pending");
  assert.equal(message.save.covers, 0);
});

test("wire: hostile names of fields reach no prototype", () => {
  for (const key of HOSTILE_KEYS) {
    const message = decodeMessage(json(115, `{"code":"renamed","text":"t","${key}":{"polluted":true}}`));
    const state = JSON.parse(`{"${key}":{"polluted":true},"user":{"${key}":{"polluted":true},"name":"Ann"},"cursor":{"${key}":1}}`) as unknown;

    assert.ok(message.type === "notice" && message.notice.fields.has(key));
    assert.equal(readPeer(7, state).name, "Ann");
    assert.equal(({} as Record<string, unknown>).polluted, undefined);
  }
});

test("wire: truncated bytes throw and nothing else", () => {
  for (const bytes of [[], [0], [0, 2, 9, 1], [112, 5, 123], [113]]) assert.throws(() => decodeMessage(new Uint8Array(bytes)));
});

test("peers: a colour that is none, and a name full of controls, do no harm", () => {
  const peer = readPeer(7, { user: { id: "u", name: "A\u202Enna\u0007", color: "red;background:url(x)" }, cursor: { anchor: { item: { client: "x" } } } });

  assert.equal(peer.name, "Anna");
  assert.match(peer.color, /^#[0-9a-f]{6}$/);
  assert.equal(peer.cursor, null);
});

test("peers: any JSON is some person", () => {
  for (const state of [null, 5, "x", [], { user: 7 }, { user: { name: {} }, cursor: [] }]) assert.equal(typeof readPeer(1, state).name, "string");
});
