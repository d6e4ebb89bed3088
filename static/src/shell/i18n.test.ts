import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { formatSize, formatWhen, t } from "./i18n";
import { argumentsOf, parseMessage } from "./message-format";

declare const CATALOGUE_FOLDER: string;
declare const SOURCE_FOLDER: string;

type Catalogue = Record<string, string>;

function readCatalogue(file: string): Catalogue {
  return JSON.parse(readFileSync(join(CATALOGUE_FOLDER, file), "utf8")) as Catalogue;
}

function sources(): string {
  const files = readdirSync(SOURCE_FOLDER, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".ts") && !name.endsWith(".test.ts"));
  return files.map((name) => readFileSync(join(SOURCE_FOLDER, name), "utf8")).join("\n");
}

const english = readCatalogue("en.json");

test("every message of every catalogue can be read", () => {
  for (const file of readdirSync(CATALOGUE_FOLDER)) for (const text of Object.values(readCatalogue(file))) parseMessage(text);
});

test("every other language has the same keys and arguments as English", () => {
  for (const file of readdirSync(CATALOGUE_FOLDER)) {
    const other = readCatalogue(file);
    assert.deepEqual(Object.keys(other).sort(), Object.keys(english).sort(), file);
    for (const [key, text] of Object.entries(other)) assert.deepEqual(argumentsOf(parseMessage(text)), argumentsOf(parseMessage(english[key]!)), `${file}: ${key}`);
  }
});

test("every key that the sources name with t() is in the catalogue", () => {
  const named = [...sources().matchAll(/\bt\(\s*"([^"]+)"/g)].map((match) => match[1]!);
  assert.ok(named.length > 50);
  assert.deepEqual(named.filter((key) => !(key in english)), []);
});

test("every key of the catalogue is used somewhere", () => {
  const text = sources();
  assert.deepEqual(Object.keys(english).filter((key) => !text.includes(`"${key}"`)), []);
});

test("the keys of the catalogue are in order, so that two people's additions merge", () => {
  assert.deepEqual(Object.keys(english), Object.keys(english).sort());
});

test("a text is filled with its values", () => {
  assert.equal(t("selection.count", { count: 3 }), "3 selected");
});

test("sizes are short and in decimal units", () => {
  assert.deepEqual([0, 999, 1_000, 1_540, 48_300_000, 7_000_000_000_000].map(formatSize), ["0 bytes", "999 bytes", "1 kB", "1.5 kB", "48 MB", "7 TB"]);
});

test("a size of a huge file stays in the largest unit", () => {
  assert.equal(formatSize(5_000_000_000_000_000), "5,000 TB");
});

test("a moment ago, minutes, hours and days are relative", () => {
  const now = Date.UTC(2026, 5, 15, 12);
  const ago = [5_000, 5 * 60_000, 3 * 3_600_000, 26 * 3_600_000].map((age) => formatWhen(now - age, now));
  assert.deepEqual(ago, ["just now", "5 minutes ago", "3 hours ago", "yesterday"]);
});

test("older than a week is a date", () => {
  const now = Date.UTC(2026, 5, 15, 12);
  assert.equal(formatWhen(now - 20 * 86_400_000, now), "May 26");
});
