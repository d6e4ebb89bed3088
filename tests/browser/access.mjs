// Who may do what: guests of links, asking to edit, the people list, rights that end. Run by test_access.py.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { assertAccessible, DARK, PHONE, runCases } from "./driver.mjs";
import { banner, button, content, makeFile, newPerson, open, ready, stateIs, textIs, told, typeAtEnd } from "./editor_steps.mjs";

const { site, folder, owner, python } = JSON.parse(process.argv[2]);
const SHORT_S = 20;

/** A link of the owner's to a file, made over the API. */
async function linkTo(name, role, lifetime = undefined) {
  const ask = async (path, body) => {
    const headers = { "Content-Type": "application/json", Authorization: `Bearer ${owner}` };
    const answer = await fetch(`${site}/api/v1${path}`, { method: "POST", headers, body: JSON.stringify(body) });
    assert.ok(answer.ok, await answer.clone().text());
    return answer.json();
  };
  const { document_id: id } = await ask("/documents/open", { path: name });
  const share = await ask(`/documents/${id}/shares`, { role, ...(lifetime ? { expires_in_s: lifetime } : {}) });
  const revoke = () => fetch(`${site}/api/v1/documents/${id}/shares/${share.share_id}`, { method: "DELETE", headers: { Authorization: `Bearer ${owner}` } });
  return { url: share.url, revoke };
}

/** A fresh token of the command's kind. */
function newToken(user, role, seconds) {
  const made = spawnSync(python, ["-m", "tests.browser.make_token", user, role, String(seconds)], { encoding: "utf8" });
  assert.equal(made.status, 0, made.stderr);
  return made.stdout.trim();
}

async function signIn(page, path, token = owner) {
  page.context().setDefaultTimeout(30_000);
  await page.goto(`${site}${path}#token=${token}`);
  await ready(page);
}

async function comeBy(page, { url }, name, { readOnly = false, ...options } = {}) {
  const guest = await newPerson(page, name, options);
  await open(guest, url, readOnly);
  return guest;
}

const isReader = (page, name) => page.waitForFunction((wanted) => [...document.querySelectorAll("[role^=menuitem]")].some((item) => item.textContent.includes(wanted)), `${name} (reads only)`);

await runCases({
  "a guest edits by a link, stores, reloads, and is still the same person": {
    server: "site",
    async run(page) {
      const target = makeFile(folder, "start\n");
      await signIn(page, target.path);
      const guest = await comeBy(page, await linkTo(target.name, "editor"), "Gus");
      await typeAtEnd(guest, "by the guest");
      await guest.keyboard.press("Control+s");
      await stateIs(guest, "state.stored_at");
      await guest.reload();
      await ready(guest);
      await typeAtEnd(guest, ", twice");
      await textIs(page, "start\nby the guest, twice");
      await page.getByRole("button", { name: "Follow Gus" }).waitFor();
      assert.equal(await page.locator(".people-chip").count(), 1);
    },
  },
  "a reader asks, is allowed once, and edits": {
    server: "site",
    async run(page) {
      const target = makeFile(folder, "read me\n");
      await signIn(page, target.path);
      const guest = await comeBy(page, await linkTo(target.name, "viewer"), "Rita Reader", { readOnly: true });
      await page.getByRole("button", { name: "Follow Rita Reader" }).waitFor();
      await page.getByRole("button", { name: "Document menu" }).click();
      await isReader(page, "Rita Reader");
      await page.keyboard.press("Escape");
      await button(guest, "Ask to edit").click();
      await told(guest, "Asked. You will hear here when somebody answers.");
      await told(page, "Rita Reader would like to edit this document");
      await assertAccessible(page);
      await button(page, "Allow once").click();
      await told(guest, "You may edit this document now.");
      await ready(guest);
      await button(guest, "Ask to edit").waitFor({ state: "hidden" });
      await typeAtEnd(guest, "thank you");
      await textIs(page, "read me\nthank you");
      await page.getByRole("button", { name: "Document menu" }).click();
      await page.getByRole("menuitem", { name: "Rita Reader", exact: true }).waitFor();
      await page.keyboard.press("Escape");
      await guest.reload();
      await ready(guest);
      await typeAtEnd(guest, " again");
      await textIs(page, "read me\nthank you again");
    },
  },
  "a lasting right comes with a link of one's own": {
    server: "site",
    async run(page) {
      const target = makeFile(folder, "text\n");
      await signIn(page, target.path);
      const guest = await comeBy(page, await linkTo(target.name, "viewer"), "Rita", { readOnly: true, permissions: ["clipboard-read", "clipboard-write"] });
      await button(guest, "Ask to edit").click();
      await button(page, "As editor").click();
      await button(guest, "Copy my link").click();
      await guest.getByText("Copied", { exact: true }).first().waitFor();
      const link = await guest.evaluate(() => navigator.clipboard.readText());
      await guest.context().close();
      const again = await newPerson(page, "Rita");
      await open(again, link);
      await typeAtEnd(again, "back");
      await textIs(page, "text\nback");
    },
  },
  "a reader who is denied hears it and goes on reading": {
    server: "site",
    async run(page) {
      const target = makeFile(folder, "text\n");
      await signIn(page, target.path);
      const guest = await comeBy(page, await linkTo(target.name, "viewer"), "Rita", { readOnly: true });
      await button(guest, "Ask to edit").click();
      await button(page, "Deny").click();
      await told(guest, "Your request to edit was declined.");
      await page.locator(".access-request").waitFor({ state: "detached" });
      await typeAtEnd(page, "news");
      await textIs(guest, "text\nnews");
      await ready(guest, true);
    },
  },
  "with nobody there who may decide, there are words to send": {
    server: "site",
    options: { ...PHONE, ...DARK },
    async run(page) {
      const target = makeFile(folder, "text\n");
      const { url } = await linkTo(target.name, "viewer");
      await open(page, url, true);
      await page.getByRole("button", { name: "Document menu" }).click();
      await page.getByRole("menuitem", { name: "Ask to edit" }).click();
      const words = page.getByRole("textbox", { name: "Message to send" });
      assert.match(await words.inputValue(), new RegExp(`I would like to edit “${target.name}”.*\\n${site}/edit/${target.name}`));
      assert.match(await page.getByRole("link", { name: "Write a mail" }).getAttribute("href"), /^mailto:\?subject=May%20I%20edit/);
      await assertAccessible(page);
    },
  },
  "what a client says of its own role is not shown": {
    server: "site",
    async run(page) {
      const target = makeFile(folder, "text\n");
      await signIn(page, target.path);
      const guest = await newPerson(page, "Mallory");
      await guest.addInitScript(() => {
        const send = WebSocket.prototype.send;
        const lie = (data) => {
          const said = String.fromCharCode(...data); // byte for byte, which no TextDecoder does
          const claimed = said.replace('"name":"Mallory"', '"role":"owner"  '); // of the same length
          return said === claimed ? data : Uint8Array.from(claimed, (sign) => sign.charCodeAt(0));
        };
        WebSocket.prototype.send = function (data) {
          const bytes = data instanceof Uint8Array ? lie(data) : data;
          if (bytes !== data) globalThis.lied = true;
          return send.call(this, bytes);
        };
      });
      await open(guest, (await linkTo(target.name, "viewer")).url, true);
      await guest.waitForFunction(() => globalThis.lied);
      await page.getByRole("button", { name: "Follow Mallory" }).waitFor();
      await page.getByRole("button", { name: "Document menu" }).click();
      await isReader(page, "Mallory");
    },
  },
  "4403: a link that is withdrawn ends the guest's visit": {
    server: "site",
    async run(page) {
      const target = makeFile(folder, "secret\n");
      const link = await linkTo(target.name, "editor");
      await open(page, link.url);
      await typeAtEnd(page, "mine");
      await stateIs(page, "state.stored_at");
      assert.equal((await link.revoke()).status, 204);
      await stateIs(page, "state.forbidden");
      await banner(page, "state").getByText("You no longer have access to this document").waitFor();
      await ready(page, true);
      await page.reload();
      await page.getByRole("heading", { name: "This page could not be opened" }).waitFor();
    },
  },
  "4401: a session that ended asks to sign in again, and nothing is lost": {
    server: "site",
    async run(page) {
      const target = makeFile(folder, "start\n");
      await signIn(page, target.path, newToken("sam", "editor", SHORT_S));
      await typeAtEnd(page, "before the end");
      await page.locator('.state-line[data-key="state.signed_out"]').waitFor({ timeout: (SHORT_S + 30) * 1000 });
      assert.match(await content(page).textContent(), /before the end/);
      await banner(page, "state").getByRole("button", { name: "Sign in" }).click();
      await page.getByLabel("Link or token").fill(newToken("sam", "editor", 600));
      await button(page, "Sign in").click();
      await ready(page);
      await typeAtEnd(page, ", after it");
      await textIs(page, "start\nbefore the end, after it");
      await stateIs(page, "state.stored_at");
    },
  },
  "4401: a link that ran out ends the guest's visit": {
    server: "site",
    async run(page) {
      const target = makeFile(folder, "text\n");
      const link = await linkTo(target.name, "editor", SHORT_S);
      await open(page, link.url);
      await page.locator('.state-line[data-key="state.signed_out"]').waitFor({ timeout: (SHORT_S + 30) * 1000 });
      await ready(page, true);
      assert.match(await content(page).textContent(), /text/);
    },
  },
});
