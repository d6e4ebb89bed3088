// The editor within the page of a WOPI host of another origin, third-party cookies blocked. Run by test_wopi_page.py.
import assert from "node:assert/strict";
import { runCases } from "./driver.mjs";
import { content, PATIENCE_MS, ready, stateIs, textIs, typeAtEnd } from "./editor_steps.mjs";

const { host, editor } = JSON.parse(process.argv[2]);
const ARGUMENTS = ["--test-third-party-cookie-phaseout"];
let files = 0;

/** Behind the host's back. */
async function outside(file, what = "look", more = {}) {
  const body = JSON.stringify({ file, do: what, ...more });
  const answer = await fetch(`${host}/outside`, { method: "POST", body });
  return answer.json();
}

async function newFile(text) {
  const file = `case-${(files += 1)}.md`;
  await outside(file, "write", { content: text });
  return file;
}

async function until(look, wanted) {
  const ends = Date.now() + PATIENCE_MS;
  for (;;) {
    const found = await look();
    if (wanted(found)) return found;
    if (Date.now() > ends) assert.fail(`still ${JSON.stringify(found)}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

const stored = (file, text) => until(() => outside(file), (found) => found.content === text);
const received = (page, id) => page.evaluate((wanted) => globalThis.received.filter((one) => one.MessageId === wanted), id);
const heard = (page, id, wanted = () => true) => until(() => received(page, id), (found) => found.some((one) => wanted(one.Values))).then((found) => found.filter((one) => wanted(one.Values)).at(-1));
const say = (page, id, values = {}) => page.evaluate(([name, given]) => globalThis.say(name, given), [id, values]);

/** Open a file in the host's page; answers the frame. */
async function launched(page, file, query = "", readOnly = false) {
  page.context().setDefaultTimeout(PATIENCE_MS);
  await page.goto(`${host.replace("127.0.0.1", "localhost")}/open/${file}?x=1${query}`);
  const frame = await until(() => page.frames().find((one) => one.url().startsWith(`${editor}/wopi/edit`)), Boolean);
  const inside = Object.assign(frame, { keyboard: page.keyboard });
  await ready(inside, readOnly);
  return inside;
}

const CASES = {
  "a file opens, is edited, stored and unlocked, and the host's page is told": {
    path: "about:blank",
    async run(page) {
      const file = await newFile("# One\n");
      const frame = await launched(page, file);
      await heard(page, "App_LoadingStatus", ({ Status }) => Status === "Frame_Ready");
      await say(page, "Host_PostmessageReady");
      await heard(page, "App_LoadingStatus", ({ Status }) => Status === "Document_Loaded");
      await typeAtEnd(frame, "typed");
      await heard(page, "Doc_ModifiedStatus", ({ Modified }) => Modified === true);
      await stored(file, "# One\ntyped");
      const { origin } = await heard(page, "Doc_ModifiedStatus", ({ Modified }) => Modified === false);
      assert.equal(origin, editor);
      assert.ok((await outside(file)).lock);
      await page.goto("about:blank");
      await until(() => outside(file), (found) => found.lock === null);
    },
  },
  "a sandboxed frame without cookies edits and stores on the host's command": {
    path: "about:blank",
    async run(page) {
      const file = await newFile("one\n");
      const frame = await launched(page, file, "&sandbox=1");
      await say(page, "Host_PostmessageReady");
      await typeAtEnd(frame, "two");
      await say(page, "Action_Save", { Notify: true });
      const { Values } = await heard(page, "Action_Save_Resp");
      assert.equal(Values.success, true);
      assert.equal((await outside(file)).content, "one\ntwo");
      await stateIs(frame, "state.stored_at");
      assert.deepEqual(await page.context().cookies(), []);
    },
  },
  "two people with their own tokens write in one document": {
    path: "about:blank",
    async run(page) {
      const file = await newFile("start\n");
      const anna = await launched(page, file, "&user=anna");
      const other = await page.context().newPage();
      const bob = await launched(other, file, "&user=bob");
      await typeAtEnd(anna, "from anna\n");
      await textIs(bob, "start\nfrom anna\n");
      await typeAtEnd(bob, "from bob\n");
      await textIs(anna, "start\nfrom anna\nfrom bob\n");
      await say(page, "Host_PostmessageReady");
      await say(page, "Get_Views");
      const { Values } = await heard(page, "Get_Views_Resp", ({ Views }) => Views.length === 2);
      assert.deepEqual(Values.Views.map((view) => view.UserName).sort(), ["Anna", "Bob"]);
      assert.deepEqual(Values.Views.map((view) => view.UserId).sort(), ["anna", "bob"]);
      await say(page, "Get_Export_Formats");
      const formats = (await heard(page, "Get_Export_Formats_Resp")).Values.Values;
      assert.deepEqual(formats.slice(0, 2), [{ Label: "OpenDocument", Format: "odt" }, { Label: "HTML", Format: "html" }]);
      await stored(file, "start\nfrom anna\nfrom bob\n");
    },
  },
  "a copy is saved and the file is renamed, by the host's page and by the person": {
    path: "about:blank",
    async run(page) {
      const file = await newFile("text\n");
      const frame = await launched(page, file);
      await say(page, "Host_PostmessageReady");
      await say(page, "Action_SaveAs", { Filename: `copy of ${file}`, Notify: true });
      const { Values } = await heard(page, "Action_Save_Resp", ({ action }) => action === "saveas");
      assert.equal(Values.fileName, `copy of ${file}`);
      assert.ok((await outside(file)).files.includes(`copy of ${file}`));
      await frame.locator(".doc-rename").click();
      await frame.locator("dialog input").fill(`new-${file}`);
      await page.keyboard.press("Enter");
      await heard(page, "File_Rename", ({ NewName }) => NewName === encodeURIComponent(`new-${file}`));
      assert.equal((await outside(file)).name, `new-${file}`);
      assert.equal((await outside(file)).content, "text\n");
    },
  },
  "a new token from the host's page keeps a session alive whose old token is gone": {
    path: "about:blank",
    async run(page) {
      const file = await newFile("one\n");
      const frame = await launched(page, file, "&user=carl");
      await say(page, "Host_PostmessageReady");
      await outside(file, "withdraw", { user: "carl" });
      const { token } = await outside(file, "grant", { user: "carl" });
      await say(page, "Reset_Access_Token", { token });
      await until(() => frame.locator(".cm-content[aria-readonly=false]").count(), (found) => found === 1);
      await typeAtEnd(frame, "two");
      await stored(file, "one\ntwo");
    },
  },
  "a right that was withdrawn ends the session, and the page says so": {
    path: "about:blank",
    async run(page) {
      const file = await newFile("one\n");
      const frame = await launched(page, file, "&user=dora");
      await say(page, "Host_PostmessageReady");
      await outside(file, "withdraw", { user: "dora" });
      await heard(page, "Session_Closed");
      await frame.locator('.cm-content[aria-readonly="true"]').waitFor();
    },
  },
  "the same line changed here and outside keeps both": {
    path: "about:blank",
    async run(page) {
      const file = await newFile("first\nsecond\n");
      const frame = await launched(page, file);
      await content(frame).click();
      await page.keyboard.press("Control+Home");
      await page.keyboard.type("mine ");
      await outside(file, "write", { content: "theirs first\nsecond\n" });
      const found = await until(() => outside(file), ({ content: text }) => text.includes("mine") && text.includes("theirs"));
      assert.ok(found.content.endsWith("second\n"));
    },
  },
  "while another application has the lock the page is read-only, and then not any more": {
    path: "about:blank",
    async run(page) {
      const file = await newFile("one\n");
      await outside(file, "lock");
      const frame = await launched(page, file, "", true);
      await frame.locator(".toast-text", { hasText: /locked by Foreign Person/ }).waitFor();
      assert.equal(await content(frame).getAttribute("aria-readonly"), "true");
      await outside(file, "unlock");
      await ready(frame);
      await typeAtEnd(frame, "two");
      await stored(file, "one\ntwo");
    },
  },
  "who may only view cannot type": {
    path: "about:blank",
    async run(page) {
      const file = await newFile("one\n");
      const frame = await launched(page, file, "&view=1", true);
      await textIs(frame, "one\n");
      assert.equal((await outside(file)).lock, null);
    },
  },
  "the host's look and language are taken over": {
    path: "about:blank",
    async run(page) {
      const file = await newFile("one\n");
      const frame = await launched(page, file, "&ui=UITheme%3Ddark%3B&lang=en-GB");
      assert.equal(await frame.evaluate(() => document.documentElement.dataset.theme), "dark");
      assert.equal(await frame.evaluate(() => document.documentElement.lang), "en-GB");
    },
  },
  "a launch by address leaves no token in it": {
    path: "about:blank",
    async run(page) {
      const file = await newFile("one\n");
      const { token } = await outside(file, "grant");
      const source = encodeURIComponent(`${host}/wopi/files/${file}`);
      await page.goto(`${editor}/wopi/edit?WOPISrc=${source}&access_token=${encodeURIComponent(token)}`);
      await ready(page);
      assert.ok(!page.url().includes("access_token"));
    },
  },
  "messages of other windows are not obeyed": {
    path: "about:blank",
    async run(page) {
      const file = await newFile("one\n");
      const frame = await launched(page, file);
      await say(page, "Host_PostmessageReady");
      await frame.evaluate(() => window.postMessage(JSON.stringify({ MessageId: "Action_Close", Values: {} }), "*"));
      await say(page, "Get_Views");
      await heard(page, "Get_Views_Resp");
      assert.equal(await content(frame).count(), 1);
      await say(page, "Action_Close");
      await heard(page, "Session_Closed");
      assert.equal(await content(frame).count(), 0);
    },
  },
};

runCases(CASES, { atOnce: 2, more: ARGUMENTS });
