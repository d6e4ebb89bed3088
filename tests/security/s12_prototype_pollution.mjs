// Prototype pollution: hostile keys wherever a page reads what others wrote. Run by test_s12_prototype_pollution.py.
import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { runCases } from "../browser/driver.mjs";
import { addConflict, ask, awareness, hello, interpose, joinRoom, notice, saveState, Y } from "./hostile_client.mjs";

const { sample, folder } = JSON.parse(process.argv[2]);
const KEYS = [
  "__proto__", "constructor", "prototype", "toString", "valueOf", "hasOwnProperty", "isPrototypeOf", "propertyIsEnumerable",
  "toLocaleString", "toJSON", "__defineGetter__", "__defineSetter__", "__lookupGetter__", "__lookupSetter__", "then", "length",
  "name", "caller", "constructor.prototype", "__proto__.polluted",
];
const NOWHERE = "/robots.txt";
let files = 0;

/** The text of a JSON object with each key as its own field, `__proto__` too; nested three deep. */
function hostileJson(depth = 2) {
  const inner = depth === 0 ? '{"polluted": true}' : hostileJson(depth - 1);
  return `{${KEYS.map((key) => `${JSON.stringify(key)}: ${key.startsWith("__proto__") || key === "constructor" ? inner : '"polluted"'}`).join(", ")}}`;
}
const HOSTILE = JSON.parse(hostileJson(1));
/** Yjs itself refuses to write a value whose `constructor` is not a type; within an array it writes anything. */
const { constructor: _refused, ...WRITABLE } = HOSTILE;

function file(content, name = `case-${(files += 1)}.md`) {
  mkdirSync(join(folder, name, ".."), { recursive: true });
  writeFileSync(join(folder, name), content);
  return name;
}

/** Remember the built-in prototypes before any script of the page runs. */
async function remember(page) {
  await page.addInitScript(() => {
    const builtIn = [Object, Array, Function, String, Number, Boolean, Map, Set, Promise, RegExp, Error, Element].map((type) => type.prototype);
    const shape = () => builtIn.map((prototype) => Reflect.ownKeys(prototype).map((key) => [key, Object.getOwnPropertyDescriptor(prototype, key)]));
    const before = shape();
    const differs = ([key, now], [oldKey, old]) => key !== oldKey || now.value !== old.value || now.get !== old.get || now.set !== old.set;
    globalThis.pollution = () => shape().flatMap((now, type) => now.filter((item, index) => !before[type][index] || differs(item, before[type][index])).map(([key]) => String(key)));
  });
}

async function open(page, path) {
  await page.goto(`${sample}/edit/${path.split("/").map(encodeURIComponent).join("/")}`);
  await page.locator('.cm-content[aria-readonly="false"]').waitFor();
}

async function assertClean(page) {
  assert.deepEqual(await page.evaluate(() => [globalThis.pollution(), {}.polluted ?? null, [].polluted ?? null]), [[], null, null]);
}

/** A person writes, and the file has it. */
async function assertWritable(page) {
  await page.locator(".cm-content").click();
  await page.keyboard.press("Control+End");
  await page.keyboard.type("still writing");
  await page.locator(".cm-line", { hasText: "still writing" }).waitFor();
  await page.locator('.state-line[data-key="state.stored_at"]').waitFor();
  await assertClean(page);
}

/** A case: prototypes are looked at from before the first script to after the last step. */
const clean = (work) => ({
  path: NOWHERE,
  async run(page) {
    await remember(page);
    await work(page);
    await assertClean(page);
  },
});

/** Everything that a map can hold under a hostile key. */
function values(key) {
  const nested = new Y.Map();
  for (const inner of KEYS) nested.set(inner, inner === key ? [HOSTILE] : inner);
  const list = new Y.Array();
  list.push([key, [HOSTILE], WRITABLE]);
  return [key, WRITABLE, nested, list, [HOSTILE, key], new Uint8Array([1, 2, 3]), null];
}

/** Each map in a message of its own: together they are more than the server takes at once. */
function fillMaps(doc) {
  for (const root of ["conflicts", "state", "marks", "__proto__", "constructor"]) {
    doc.transact(() => {
      for (const key of KEYS) for (const [index, value] of values(key).entries()) doc.getMap(root).set(index ? `${key}${"_".repeat(index)}` : key, value);
      for (const key of KEYS) doc.getMap(root).set(key, WRITABLE);
    });
  }
}

/** Answer an API request with what the server said, changed by `change`. */
async function changed(page, path, change) {
  await page.route(`**/api/v1${path}*`, async (route) => {
    const response = await route.fetch();
    // As text: a JavaScript object cannot be relied on to carry `__proto__` as a field of its own.
    await route.fulfill({ response, body: change(await response.text()) });
  });
}

const withHostileFields = (text) => text.replaceAll("{", `{"__proto__": ${hostileJson(1)}, ${KEYS.slice(1).filter((key) => !["name", "length"].includes(key)).map((key) => `${JSON.stringify(key)}: "polluted"`).join(", ")}, `).replaceAll(", }", "}");

await runCases({
  "a polluted prototype is seen": {
    path: NOWHERE,
    async run(page) {
      await remember(page);
      await page.goto(sample);
      await page.evaluate(() => void (JSON.parse('{"x": 1}').__proto__.polluted = true));
      assert.deepEqual(await page.evaluate(() => globalThis.pollution()), ["polluted"]);
      await page.evaluate(() => void (delete Object.prototype.polluted, (Object.prototype.toString = () => "x")));
      assert.deepEqual(await page.evaluate(() => globalThis.pollution()), ["toString"]);
    },
  },
  "in every map of a document that is opened": clean(async (page) => {
    const path = file("text\n");
    const client = await joinRoom(sample, path);
    fillMaps(client.doc);
    client.doc.transact(() => KEYS.forEach((key) => addConflict(client.doc, key, `mine ${key}\n`, `theirs ${key}\n`, { ...WRITABLE, source: key })));
    await open(page, path);
    await page.getByRole("button", { name: "Compare versions" }).first().click();
    await page.locator(".conflict").nth(KEYS.length - 1).waitFor();
    const [first] = await page.locator(".conflict").all();
    await first.getByRole("button", { name: "Keep both" }).click();
    await page.locator(".conflict").nth(KEYS.length - 1).waitFor({ state: "detached" });
    await page.keyboard.press("Escape");
    await assertWritable(page);
    client.close();
  }),
  "in every map while people write": clean(async (page) => {
    const path = file("text\n");
    await open(page, path);
    const client = await joinRoom(sample, path);
    fillMaps(client.doc);
    const ytext = client.doc.getText("source");
    for (const key of KEYS) {
      ytext.insert(0, key, JSON.parse(`{${JSON.stringify(key)}: ${JSON.stringify(key)}}`));
      ytext.insertEmbed(0, HOSTILE);
      ytext.format(0, 2, { [key]: HOSTILE });
    }
    await page.waitForFunction((key) => document.querySelector(".cm-content")?.textContent?.includes(key), KEYS.at(-1));
    client.doc.transact(() => ytext.delete(0, ytext.length));
    await page.waitForFunction((key) => !document.querySelector(".cm-content")?.textContent?.includes(key), KEYS[0]);
    await assertWritable(page);
    client.close();
  }),
  "in presence that the server passes on": clean(async (page) => {
    const path = file("text\n");
    await open(page, path);
    const people = await Promise.all(KEYS.slice(0, 10).map((key) => joinRoom(sample, path, key)));
    const position = '{"tname": "source", "item": null, "type": null, "assoc": 0}';
    people.forEach(({ doc, present }, index) => {
      const key = JSON.stringify(KEYS[index]);
      present([[doc.clientID, `{${key}: {"polluted": true}, "user": {${key}: {"polluted": true}}, "cursor": {${key}: 1, "anchor": ${position}, "head": ${position}}}`]]);
    });
    await page.locator(".peer-flag").nth(9).waitFor({ state: "attached" });
    const hostile = [hostileJson(1), `{"user": ${hostileJson(1)}, "cursor": ${hostileJson(1)}}`, `{"cursor": {"anchor": ${hostileJson(1)}, "head": ${position}}}`];
    hostile.forEach((state, index) => people[index].present([[index + 1, state]]));
    await page.locator(".people-more").click();
    await page.getByRole("menuitem", { name: "hasOwnProperty" }).waitFor();
    await page.keyboard.press("Escape");
    await assertWritable(page);
    people.forEach(({ close }) => close());
  }),
  "in presence, notices and states that no server has checked": clean(async (page) => {
    const { inject, connections } = await interpose(page);
    const path = file("text\n");
    await open(page, path);
    const position = { tname: "source", item: null, type: null, assoc: 0 };
    const cursor = { ...HOSTILE, anchor: position, head: position };
    const odd = [
      ...KEYS.map((key) => ({ user: { name: key, id: key, color: key, role: key }, cursor })),
      ...KEYS.map((key) => ({ user: key, cursor: { anchor: { tname: key, item: null, type: null, assoc: 0 }, head: { ...position, assoc: HOSTILE } } })),
      ...[-1, 2 ** 52].map((clock) => ({ user: HOSTILE, cursor: { anchor: { item: { client: 1, clock } }, head: { type: { client: 1, clock } } }, top: { item: { client: clock, clock: 0 } } })),
    ];
    inject(awareness([...odd.map((state, index) => [index + 1, state]), [900, hostileJson()], [901, '"__proto__"'], [902, "[]"], [903, `{"__proto__": ${hostileJson(1)}}`]]));
    const { history_id } = await ask(sample, "POST", "/documents/open", { path });
    for (const key of KEYS) {
      const fields = (more) => `{${JSON.stringify(key)}: {"polluted": true}, ${more}}`;
      inject(notice(fields(`"code": ${JSON.stringify(key)}, "text": ${JSON.stringify(key)}`)));
      inject(notice(fields(`"code": "outside_change", "source": ${hostileJson(0)}, "places": ${hostileJson(0)}`)));
      inject(saveState(fields(`"state": ${JSON.stringify(key)}, "covers": ${hostileJson(0)}, "reason": ${hostileJson(0)}`)));
      inject(hello(`{"history_id": "${history_id}", "role": "owner", "kind": "text", "user": {${JSON.stringify(key)}: 1, "name": "${key}", "id": "x"}, "facts": {${JSON.stringify(key)}: "polluted", "encoding": "${key}", "line_ends": "${key}"}}`));
    }
    await page.locator(".peer-flag").nth(KEYS.length - 1).waitFor({ state: "attached" });
    await page.locator(".status-facts", { hasText: /polluted/i }).waitFor();
    assert.equal(connections(), 1, "the page gave its connection up");
    for (const key of KEYS) inject(notice(`{${JSON.stringify(key)}: {"polluted": true}, "code": "role_changed", "role": ${JSON.stringify(key)}}`)); // each brings a new connection
    await page.reload();
    await page.locator('.cm-content[aria-readonly="false"]').waitFor();
    await assertWritable(page);
  }),
  "in answers of the API": clean(async (page) => {
    for (const path of ["/folders", "/me", "/live", "/search", "/documents/open"]) await changed(page, path, withHostileFields);
    file("text\n", "answers/notes.md");
    await page.goto(`${sample}/?path=answers`);
    await page.locator(".row", { hasText: "notes.md" }).waitFor();
    await page.getByRole("searchbox").fill("notes");
    await page.locator(".row", { hasText: "notes.md" }).waitFor();
    await assertClean(page);
    await open(page, "answers/notes.md");
    await assertWritable(page);
  }),
  "as values of what the API says": clean(async (page) => {
    for (const key of ["__proto__", "constructor", "toString"]) {
      await page.unrouteAll();
      const name = file("text\n", `values/${key}.md`);
      for (const path of ["/folders", "/documents/open"]) {
        await changed(page, path, (text) => text.replace(/"(format|kind|encoding|line_ends|color|version)":\s*"(?!file|folder|text)[^"]*"/g, (_, field) => `"${field}": "${key}"`));
      }
      await page.goto(`${sample}/?path=values`);
      await page.locator(".row", { hasText: key }).first().waitFor();
      await open(page, name);
      await assertWritable(page);
    }
    await page.unrouteAll();
    await page.route("**/api/v1/folders*", (route) => route.fulfill({ status: 400, body: `{"error": {"code": "__proto__", "message": "toString", "correlation_id": ${hostileJson(0)}}}` }));
    await page.goto(`${sample}/?path=values`);
    await page.getByText("toString").waitFor();
  }),
  "as names of files, folders, people and extensions": clean(async (page) => {
    await page.addInitScript(() => localStorage.setItem("collab.name", "__proto__"));
    for (const key of KEYS) file(`${key}\n`, `names/${key}/${key}.${key.replaceAll(".", "")}`);
    for (const key of ["__proto__", "constructor"]) {
      await page.goto(`${sample}/?path=names&q=${key}`);
      await page.locator(".row", { hasText: key }).first().waitFor();
      await page.goto(`${sample}/?path=${encodeURIComponent(`names/${key}`)}`);
      await page.locator(".row", { hasText: key }).first().waitFor();
      await open(page, `names/${key}/${key}.${key}`);
      await assertWritable(page);
    }
  }),
  "in the page's own address": clean(async (page) => {
    file("text\n", "there.md");
    for (const key of [...KEYS, "en-<b>", "en-x"]) {
      await page.goto(`${sample}/?${new URLSearchParams({ lang: key, [key]: key })}`);
      await page.locator(".row", { hasText: "there.md" }).waitFor();
      await assertClean(page);
    }
  }),
  "as words of every language that is coloured": clean(async (page) => {
    const words = KEYS.map((key) => `${key} \\${key}{x} \\begin{${key}} @${key}{${key}, ${key} = {x}} <${key} ${key}="1"> $${key} ${key}: ${key}() #${key} [${key}]`).join("\n");
    for (const extension of ["tex", "bib", "sh", "r", "jl", "f90", "rb", "lua", "toml", "diff"]) {
      await open(page, file(`${words}\n`, `words/x.${extension}`));
      await page.locator(".cm-line", { hasText: "hasOwnProperty" }).first().waitFor();
      await assertClean(page);
    }
  }),
  "in the preview, its mathematics and its references": clean(async (page) => {
    const texts = KEYS.flatMap((key) => [`[${key}]`, `[a][${key}]`, `[${key}]: /x`, `# ${key}`, `~~~${key}\nx\n~~~`, `$\\${key}$ $\\${key}{x}$ $\\begin{${key}}x\\end{${key}}$ $\\def\\${key}{x}\\${key}$ $\\color{${key}}x$ $\\left${key}x\\right.$ $\\rule{1${key}}{1em}$`, `&${key};`, `[x](#${key})`, `- [x] ${key}`]);
    const deep = `$${"{".repeat(20_000)}x${"}".repeat(20_000)}$`;
    await open(page, file(`${texts.join("\n\n")}\n\n${deep}\n\n$x^2$\n\nthe last line\n`));
    await page.locator(".preview-block", { hasText: "the last line" }).waitFor();
    await page.locator(".preview-page .katex").last().waitFor();
    await assertWritable(page);
  }),
});
