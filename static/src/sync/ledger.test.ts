import assert from "node:assert/strict";
import { test } from "node:test";
import { RECONNECT, backoffMs } from "./backoff";
import { Ledger } from "./ledger";

test("ledger: an edit is pending until the message that carries it is acknowledged", () => {
  const ledger = new Ledger();
  ledger.edit();
  ledger.edit();
  ledger.send();

  assert.equal(ledger.pending, 2);
  assert.equal(ledger.acknowledge(1), 2);
  assert.equal(ledger.pending, 0);
});

test("ledger: an edit made after the message went out stays pending", () => {
  const ledger = new Ledger();
  ledger.edit();
  ledger.send();
  ledger.edit();

  ledger.acknowledge(1);

  assert.equal(ledger.pending, 1);
});

test("ledger: a lost connection leaves unacknowledged edits pending for the next one", () => {
  const ledger = new Ledger();
  ledger.edit();
  ledger.send();
  ledger.reset();
  ledger.send();

  assert.equal(ledger.pending, 1);
  ledger.acknowledge(1);
  assert.equal(ledger.pending, 0);
});

test("ledger: stored needs the file to cover every message that was sent", () => {
  const ledger = new Ledger();
  ledger.send();
  ledger.edit();
  ledger.send();
  ledger.acknowledge(2);
  ledger.cover(1);

  assert.equal(ledger.allStored, false);
  ledger.cover(2);
  assert.equal(ledger.allStored, true);
  ledger.edit();
  assert.equal(ledger.allStored, false);
});

test("ledger: an acknowledgement of more than was sent counts as all that was sent", () => {
  const ledger = new Ledger();
  ledger.edit();
  ledger.send();

  ledger.acknowledge(99);
  ledger.edit();
  ledger.send();

  assert.equal(ledger.pending, 1);
});

test("ledger: what was covered on the last connection is not covered on this one", () => {
  const ledger = new Ledger();
  ledger.send();
  ledger.acknowledge(1);
  ledger.cover(1);
  ledger.reset();
  ledger.send();

  assert.equal(ledger.allStored, false);
});

test("backoff: waits grow, stay under the maximum and leave half to chance", () => {
  assert.equal(backoffMs(0, 0), RECONNECT.firstMs / 2);
  assert.equal(backoffMs(0, 1), RECONNECT.firstMs);
  assert.equal(backoffMs(50, 1), RECONNECT.maxMs);
  assert.ok(backoffMs(4, 0.5) > backoffMs(2, 0.5));
});
