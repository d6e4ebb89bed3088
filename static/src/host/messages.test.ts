import assert from "node:assert/strict";
import { test } from "node:test";
import { flagOf, HostChannel, readMessage, textOf } from "./messages";

const ORIGIN = "https://files.example";

function channel(origin: string | null = ORIGIN) {
  const sent: { message: string; origin: string }[] = [];
  const parent = { postMessage: (message: string, to: string) => void sent.push({ message, origin: to }) };
  return { parent, sent, channel: new HostChannel(parent, origin, () => 7) };
}

test("a message is read from a text and from an object, and nothing else is one", () => {
  assert.equal(readMessage('{"MessageId":"Action_Save","Values":{"Notify":true}}')?.id, "Action_Save");
  assert.equal(readMessage({ MessageId: "Get_Views" })?.id, "Get_Views");
  for (const odd of ["", "{", "null", 7, null, undefined, [], {}, { MessageId: 7 }]) assert.equal(readMessage(odd), null);
});

test("values are read as what they mean, whoever wrote them", () => {
  const message = readMessage({ MessageId: "x", Values: { Notify: "true", ttl: 7, __proto__: { token: "no" } } });
  assert.ok(message);
  assert.equal(flagOf(message, "Notify"), true);
  assert.equal(textOf(message, "token", "ttl"), "7");
});

test("what is sent goes to the host's origin only, and nowhere when that is unknown", () => {
  const known = channel();
  known.channel.send("UI_Close", { a: 1 });
  assert.deepEqual(known.sent, [{ message: '{"MessageId":"UI_Close","SendTime":7,"Values":{"a":1}}', origin: ORIGIN }]);
  const unknown = channel(null);
  unknown.channel.send("UI_Close");
  assert.deepEqual(unknown.sent, []);
});

test("only the parent at the host's origin is listened to, and most of it after it said that it is ready", () => {
  const { channel: one, parent } = channel();
  const heard: string[] = [];
  for (const id of ["Action_Save", "Close_Session"]) one.on(id, (message) => heard.push(message.id));
  const say = (id: string, origin = ORIGIN, source: unknown = parent): void => one.receive({ data: { MessageId: id }, origin, source });
  say("Action_Save");
  say("Close_Session");
  say("Host_PostmessageReady", "https://evil.example");
  say("Action_Save");
  say("Host_PostmessageReady");
  say("Action_Save", "https://files.example.evil.example");
  say("Action_Save", ORIGIN, {});
  say("Action_Save");
  assert.deepEqual(heard, ["Close_Session", "Action_Save"]);
});
