// Stored XSS: every payload in every place where a stranger's text is shown. Run by test_s06_stored_xss.py.
import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { runCases } from "../browser/driver.mjs";
import { TALL, dangerous, guardProblems, startListener, watched } from "./browser_watch.mjs";
import { addConflict, ask, awareness, hello, interpose, joinRoom, notice, saveState } from "./hostile_client.mjs";
import { fileNameOf, payloadsFor } from "./xss_payloads.mjs";

const require = createRequire(new URL("../../static/package.json", import.meta.url));
const { sample, folder } = JSON.parse(process.argv[2]);
const listener = await startListener();
const PAYLOADS = payloadsFor(listener.address);
const TEXTS = PAYLOADS.map(({ text }) => text);
const ONE_LINE = TEXTS.map((text) => text.replace(/\p{Cc}/gu, " "));
/** One of each family, where each costs a page. */
const FEW = PAYLOADS.filter(({ family }, index) => PAYLOADS[index - 1]?.family !== family);
const NOWHERE = "/robots.txt";
const LAST = "the last line";
const PIXEL = Buffer.from("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==", "base64");

const inside = (work, options = {}) => ({ path: NOWHERE, run: (page) => watched(page.context().browser(), { listener, ...options }, work) });

function write(path, content) {
  mkdirSync(join(folder, path, ".."), { recursive: true });
  writeFileSync(join(folder, path), content);
  return path;
}

const addressOf = (path) => `${sample}/edit/${path.split("/").map(encodeURIComponent).join("/")}`;

async function open(page, path) {
  await page.goto(addressOf(path));
  await page.locator('.cm-content[aria-readonly="false"]').waitFor();
}

const button = (page, name) => page.getByRole("button", { name, exact: true });

/** Every payload as a file of its own, of several kinds. */
const NAMES = PAYLOADS.map((payload, index) => fileNameOf(payload, ["md", "csv", "txt", "png", "svg", "tex", "html"][index % 7]));
for (const name of NAMES) write(`names/${name}`, name.endsWith("png") ? PIXEL : "text\n");

function markdownOf(texts) {
  const shapes = [
    (text) => text,
    (text) => `[a](<${text}>)`,
    (text) => `![a](<${text}>)`,
    (text) => `[a](x "${text}") ![${text}](x '${text}')`,
    (text) => `<${text}>`,
    (text) => `# ${text}\n\n- [x] ${text}\n- ${text}`,
    (text) => `| ${text} | $${text}$ |\n|---|---|\n| ${text} | **${text}** |`,
    (text) => `$\\text{${text}}$ $\\href{${text}}{x}$`,
    (text) => `~~~${text}\n${text}\n~~~`,
  ];
  const blocks = texts.flatMap((text, index) => [text.replaceAll("\0", ""), ...shapes.map((shape) => shape(ONE_LINE[index]))]);
  return `${blocks.join("\n\n")}\n\n$$x$$\n\n${LAST}\n`;
}

/** People whose names are payloads, each with a cursor in the document. */
async function crowd(path, names) {
  const people = await Promise.all(names.map((name) => joinRoom(sample, path, name)));
  people.forEach(({ doc, present }) => {
    const cursor = { type: null, tname: "source", item: null, assoc: 0 };
    present([[doc.clientID, { user: { name: "?" }, cursor: { anchor: cursor, head: cursor } }]]);
  });
  return () => people.forEach(({ close }) => close());
}

const SVG = 'xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"';
const BEACON = listener.address;
const PICTURES = [
  `<svg ${SVG} onload="pwned(1)"><rect width="9" height="9"/></svg>`,
  `<svg ${SVG}><script>pwned(2)</script></svg>`,
  `<svg ${SVG}><script href="${BEACON}/3.js"/></svg>`,
  `<svg ${SVG}><foreignObject width="9" height="9"><iframe xmlns="http://www.w3.org/1999/xhtml" srcdoc="&lt;script&gt;pwned(4)&lt;/script&gt;"/></foreignObject></svg>`,
  `<svg ${SVG}><foreignObject width="9" height="9"><img xmlns="http://www.w3.org/1999/xhtml" src="x" onerror="pwned(5)"/></foreignObject></svg>`,
  `<svg ${SVG}><animate onbegin="pwned(6)" attributeName="x" dur="1s"/></svg>`,
  `<svg ${SVG}><image href="${BEACON}/7.png"/><image href="x" onerror="pwned(7)"/></svg>`,
  `<svg ${SVG}><style>@import url(${BEACON}/8.css); svg { background: url(${BEACON}/8.png) }</style></svg>`,
  `<?xml version="1.0"?><?xml-stylesheet type="text/xsl" href="${BEACON}/9.xsl"?><svg ${SVG} onload="pwned(9)"/>`,
  `<!DOCTYPE svg [<!ENTITY e "&#60;script xmlns='http://www.w3.org/2000/svg'>pwned(10)&#60;/script>">]><svg ${SVG}>&e;</svg>`,
  `<svg ${SVG}><a xlink:href="javascript:pwned(11)"><animate attributeName="xlink:href" values="javascript:pwned(11)"/><text y="9">a</text></a></svg>`,
  `<html xmlns="http://www.w3.org/1999/xhtml"><script>pwned(12)</script></html>`,
];

await runCases({
  "the watch sees what would get through": {
    alone: true, // what it does is asked of the listener, of which the others want to hear nothing
    path: NOWHERE,
    async run(page) {
      const raw = async (tab) => {
        await tab.goto(sample);
        await tab.locator(".grid").waitFor();
        const put = (texts) => texts.forEach((text) => {
          try {
            document.body.appendChild(document.createElement("div")).innerHTML = text;
          } catch {
            // what the page may not do with text: reported where the policy holds
          }
        });
        await tab.evaluate(put, TEXTS).catch(() => undefined); // a payload may take the page away
        await tab.evaluate(() => new Promise((resolve) => setTimeout(resolve))).catch(() => undefined); // refusals are told in tasks of their own
        await tab.waitForLoadState("networkidle");
      };
      await watched(page.context().browser(), { listener }, async (tab, { seen, heard }) => {
        await raw(tab);
        assert.ok(new Set(seen.ran).size > 30, `only ${seen.ran.length} ran`);
        assert.ok(seen.dialogs.length > 0 && seen.violations.length > 60 && heard().length > 3, JSON.stringify([seen, heard()]));
      });
      await watched(page.context().browser(), { listener, enforced: true }, async (tab, { seen }) => {
        await raw(tab);
        assert.deepEqual([seen.ran, seen.dialogs], [[], []]);
        assert.ok(seen.violations.length > 60, `only ${seen.violations.length} refusals`);
      });
    },
  },
  "what could run is found by its shape": inside(async (page) => {
    await page.goto(sample);
    const markup = PAYLOADS.filter(({ family, text }) => /script|event|svg|mutation|frame|page/.test(family) && text.startsWith("<"));
    const unseen = await page.evaluate(([texts, source]) => {
      const find = new Function(`return ${source}`)();
      return texts.filter((text) => find(new DOMParser().parseFromString(text, "text/html")).length === 0);
    }, [markup.map(({ text }) => text), dangerous.toString()]);
    assert.ok(markup.length > 80, `${markup.length} payloads`);
    assert.ok(unseen.length < 10, unseen.join("\n")); // some are nothing but text when they stand alone
  }),
  "the sanitiser alone lets nothing through": inside(async (page, watch) => {
    const { outputFiles } = require("esbuild").buildSync({
      stdin: { contents: 'export { fragmentOf } from "./sanitize"', resolveDir: fileURLToPath(new URL("../../static/src/shell", import.meta.url)), loader: "ts" },
      bundle: true, format: "iife", globalName: "sanitizer", write: false,
    });
    await page.goto(sample);
    await page.locator(".grid").waitFor();
    await page.evaluate(`${outputFiles[0].text}; globalThis.sanitizer = sanitizer`);
    const left = await page.evaluate((texts) => {
      for (const text of texts) document.body.appendChild(document.createElement("div")).append(globalThis.sanitizer.fragmentOf(text));
      return document.body.querySelectorAll("div > p, div > a").length;
    }, TEXTS);
    assert.ok(left > 0);
    await watch.quiet({ violations: [] }); // the policy is asked about handlers while the sanitiser reads its inert document
  }),
  "in the preview of Markdown, also with a click on each link": inside(async (page, watch) => {
    const path = write("preview.md", markdownOf(TEXTS));
    await open(page, path);
    await page.locator(".preview-block", { hasText: LAST }).waitFor();
    await page.locator(".preview-page .katex").last().waitFor();
    const blocks = await page.locator(".preview-block").count();
    assert.ok(blocks > TEXTS.length * 6, `${blocks} blocks`);
    await watch.look();
    const clicked = await page.evaluate(() => {
      const stay = (event) => /^(https?|mailto|tel):$/.test(event.target.closest("a")?.protocol ?? "") && event.preventDefault();
      window.addEventListener("click", stay);
      const links = [...document.querySelectorAll(".preview-page a")];
      for (const link of links) link.dispatchEvent(new MouseEvent("click", { bubbles: true, cancelable: true }));
      return links.length;
    });
    assert.ok(clicked > 300, `${clicked} links`);
    await watch.quiet();
  }),
  "in tables, code and other texts in the editor": inside(async (page, watch) => {
    for (const extension of ["csv", "html", "bib"]) {
      await open(page, write(`text.${extension}`, `${ONE_LINE.join("\n")}\n`));
      await page.locator(".cm-line", { hasText: "pwned(100)" }).first().waitFor();
      await watch.quiet();
    }
  }, { viewport: TALL }),
  "in names on the start page, its menus and its dialogs": inside(async (page, watch) => {
    await page.goto(`${sample}/?path=names`);
    await page.locator(".row").nth(NAMES.length - 1).waitFor();
    await watch.look();
    await page.locator(".row", { hasText: ".md" }).nth(1).click({ button: "right" });
    await page.getByRole("menuitem", { name: "Share" }).click();
    await button(page, "Create link").click();
    await page.getByRole("textbox", { name: "Link to share" }).waitFor();
    await watch.look();
    await page.keyboard.press("Escape");
    for (const key of ["F2", "Delete"]) {
      await page.locator(".row").nth(7).focus();
      await page.keyboard.press(key);
      await page.locator("dialog").waitFor();
      await watch.quiet();
      await page.keyboard.press("Escape");
    }
  }, { viewport: TALL }),
  "in names of folders, in the search and in its results": inside(async (page, watch) => {
    for (const payload of FEW) write(`folders/${fileNameOf(payload, "d")}/x.md`, "text\n");
    await page.goto(`${sample}/?path=folders`);
    await page.locator(".row").nth(FEW.length - 1).waitFor();
    await page.locator(".row .row-name").nth(1).click();
    await page.locator(".row", { hasText: "x.md" }).waitFor();
    await watch.look();
    await page.goto(`${sample}/?q=pwned&path=`);
    await page.locator(".row").nth(100).waitFor();
    await watch.look();
    for (const { text } of FEW) {
      await page.getByRole("searchbox").fill(`${text} not there`);
      await page.getByText(`Nothing is called “${text} not there”`).waitFor();
    }
    await watch.look();
    await page.goto(`${sample}/?${new URLSearchParams({ path: TEXTS[0], q: TEXTS[13], root: TEXTS[14], lang: TEXTS[15] })}`);
    await page.locator("h1, h2").first().waitFor();
    await watch.quiet();
  }, { viewport: TALL }),
  "in names of files that are uploaded": inside(async (page, watch) => {
    await page.goto(`${sample}/?path=names`);
    await page.locator(".row").first().waitFor();
    const files = FEW.map(({ text }, index) => ({ name: `${text.replace(/[\\/]/g, "\u2215")}.up${index}`, mimeType: "text/html", buffer: Buffer.from(text) }));
    await page.locator("input[type=file]").setInputFiles(files);
    await page.locator(".upload-name").nth(FEW.length - 1).waitFor();
    await watch.quiet();
  }),
  "in the editor's title, through renames": inside(async (page, watch) => {
    let path = write("title/start.md", "text\n");
    await open(page, path);
    for (const name of NAMES) {
      const target = `title/${name}.md`;
      await ask(sample, "POST", "/files/rename", { path, new_path: target });
      path = target;
    }
    await page.waitForFunction((name) => document.title === name, path.slice("title/".length));
    await watch.quiet();
    await ask(sample, "POST", "/files/rename", { path, new_path: "title/start.md" });
  }),
  "in the page of a file that is not edited": inside(async (page, watch) => {
    for (const name of NAMES.filter((item) => item.endsWith(".png")).slice(1, 3)) {
      await page.goto(addressOf(`names/${name}`));
      await page.getByRole("heading", { name: name.slice(0, 5) }).waitFor();
      await watch.quiet();
    }
  }),
  "in people's names, as the server passes them on": {
    path: NOWHERE,
    async run(page) {
      const path = write("people.md", "text\n");
      const short = ONE_LINE.filter((text) => text.length <= 60);
      assert.ok(short.length >= 100, `${short.length} names`);
      const leave = await crowd(path, short);
      try {
        await watched(page.context().browser(), { listener }, async (tab, watch) => {
          await open(tab, path);
          await tab.locator(".peer-flag").nth(short.length - 10).waitFor({ state: "attached" });
          await watch.look();
          await tab.locator(".people-more").click();
          await tab.getByRole("menuitem").nth(50).waitFor();
          await watch.look();
          await tab.goto(sample);
          await tab.getByRole("navigation", { name: "Open now" }).getByRole("link", { name: /people\.md/ }).waitFor();
          await watch.quiet();
        });
      } finally {
        leave();
      }
    },
  },
  "in presence, notices and states that no server has checked": inside(async (page, watch) => {
    const path = write("wire.md", "text\n");
    const { inject } = await interpose(page);
    await open(page, path);
    const cursor = { tname: "source", item: null, type: null, assoc: 0 };
    inject(awareness(TEXTS.map((text, index) => [index + 1, { user: { name: text, id: text, color: text, role: text }, cursor: { anchor: cursor, head: cursor }, role: text }])));
    await page.locator(".peer-flag").nth(100).waitFor({ state: "attached" });
    for (const text of TEXTS) {
      inject(notice({ code: "outside_change", text, source: text, places: 2 }));
      inject(notice({ code: text, text }));
      inject(saveState({ state: "refused", covers: 0, code: text, reason: text, version: text, stored_at_ms: 1 }));
    }
    await page.getByText(TEXTS.at(-1)).first().waitFor();
    await watch.look();
    const { history_id } = await ask(sample, "POST", "/documents/open", { path });
    inject(hello({ history_id, role: TEXTS[14], kind: TEXTS[14], user: { name: TEXTS[14], id: "x", color: TEXTS[14] }, facts: { encoding: TEXTS[14], line_ends: TEXTS[15] } }));
    await page.locator(".status-facts", { hasText: "PWNED" }).waitFor();
    await watch.quiet();
  }),
  "in the outline, labels and citations of LaTeX": inside(async (page, watch) => {
    const keys = TEXTS.map((text) => text.replace(/[\s,{}()]/g, "")).filter(Boolean);
    const entry = (text, index) => `@article{${keys[index % keys.length]},\n  title = "${text}",\n  author = "${text}",\n  year = {${text}}\n}`;
    write("latex/refs.bib", ONE_LINE.slice(0, 90).map(entry).join("\n"));
    const path = write("latex/paper.tex", `${ONE_LINE.map((text) => `\\section{${text}}\\label{${text}}`).join("\n")}\n\n`);
    await open(page, path);
    await button(page, "Outline").click();
    await page.locator(".outline-link").nth(100).waitFor();
    await page.locator(".cm-content").click();
    await page.keyboard.press("Control+End");
    await page.keyboard.type("\\ref{");
    await page.locator(".cm-tooltip-autocomplete li").nth(50).waitFor();
    await watch.look();
    await page.keyboard.press("Escape");
    await page.keyboard.type("} \\cite{");
    const entries = page.locator(".cm-tooltip-autocomplete li");
    await entries.nth(50).waitFor();
    let titles = 0;
    for (let step = 0; step < 40 && titles < 10; step += 1) {
      if ((await entries.count()) === 0) { // a list that was just drawn again lets the key pass to the text, and closes
        await page.keyboard.press("Control+End");
        await page.keyboard.type(" \\cite{");
        await entries.nth(50).waitFor();
        for (let again = 0; again < step; again += 1) await page.keyboard.press("ArrowDown", { delay: 20 });
      }
      await page.keyboard.press("ArrowDown");
      const box = page.locator(".cm-completionInfo").first(); // drawn a moment after its entry is chosen, on a busy machine a long one
      titles += await box.waitFor({ timeout: 3_000 }).then(() => 1, () => 0);
    }
    assert.equal(titles, 10);
    await watch.quiet();
  }),
  "in passages with two versions": {
    path: NOWHERE,
    async run(page) {
      const path = write("conflicts.md", "text\n");
      const client = await joinRoom(sample, path);
      try {
        client.doc.transact(() => TEXTS.forEach((text, index) => addConflict(client.doc, text, `mine ${text}\n`, `theirs ${text}\n`, { source: text, at_ms: index })));
        await watched(page.context().browser(), { listener }, async (tab, watch) => {
          await open(tab, path);
          await button(tab, "Compare versions").first().click();
          await tab.locator(".conflict").nth(TEXTS.length - 1).waitFor();
          await watch.quiet();
        });
      } finally {
        client.close();
      }
    },
  },
  "pictures and pages of people are never shown as ours": {
    path: NOWHERE,
    async run(page) {
      PICTURES.forEach((content, index) => write(`uploads/p${index}.svg`, content));
      for (const extension of ["html", "xhtml", "xml", "md", "svg"]) write(`uploads/all.${extension}`, TEXTS.join("\n"));
      await watched(page.context().browser(), { listener, enforced: true }, async (tab, { seen, heard }) => {
        for (const index of PICTURES.keys()) {
          const response = await tab.goto(`${sample}/api/v1/files/content?path=uploads/p${index}.svg&inline=1`);
          assert.match(response.headers()["content-security-policy"], /^default-src 'none';.*\bsandbox;/);
          if (PICTURES[index].includes("<text")) await tab.locator("text").click({ force: true });
        }
        await tab.waitForLoadState("networkidle");
        assert.deepEqual([seen.ran, seen.dialogs, heard(), seen.unguarded], [[], [], [], []]);
      });
    },
  },
  "pictures of people are shown in a preview as pictures only": inside(async (page, watch) => {
    PICTURES.forEach((content, index) => write(`pictures/p${index}.svg`, content));
    await open(page, write("pictures/all.md", `${PICTURES.map((_, index) => `![p${index}](p${index}.svg)`).join("\n\n")}\n\n${LAST}\n`));
    await page.locator(".preview-block", { hasText: LAST }).waitFor();
    assert.ok((await page.locator('.preview-page img[src*="inline=1"]').count()) === PICTURES.length);
    await watch.look();
    await page.goto(`${sample}/?path=pictures&file=pictures%2Fp1.svg`);
    await page.locator("h1, .row").first().waitFor();
    await watch.quiet();
  }),
  "every download is an attachment that is not sniffed": {
    path: NOWHERE,
    async run(page) {
      for (const extension of ["html", "xhtml", "xml", "md", "svg", "csv"]) write(`downloads/all.${extension}`, TEXTS.join("\n"));
      const paths = [...NAMES.map((name) => `names/${name}`), ...["html", "xhtml", "xml", "md", "svg", "csv"].map((extension) => `downloads/all.${extension}`)];
      for (const path of paths) {
        const response = await fetch(`${sample}/api/v1/files/content?${new URLSearchParams({ path })}`);
        await response.arrayBuffer();
        const headers = Object.fromEntries(response.headers);
        assert.equal(headers["content-type"], "application/octet-stream", path);
        assert.match(headers["content-disposition"], /^attachment; filename\*=UTF-8''[\w%.!~*'()-]+$/, path);
        assert.match(headers["content-security-policy"], /; sandbox;/, path);
        assert.deepEqual(guardProblems(path, headers), []);
        const shown = await fetch(`${sample}/api/v1/files/content?${new URLSearchParams({ path, inline: "1" })}`);
        await shown.arrayBuffer();
        if (!shown.ok) continue;
        assert.match(shown.headers.get("content-type"), /^image\//, path);
        assert.match(shown.headers.get("content-security-policy"), /; sandbox;/, path);
      }
      const [download] = await Promise.all([
        page.waitForEvent("download"),
        page.goto(`${sample}/api/v1/files/content?path=downloads/all.html`).catch(() => undefined), // no page comes of it
      ]);
      assert.equal(download.suggestedFilename(), "all.html");
    },
  },
  "every page and every error has its policy": {
    path: NOWHERE,
    async run() {
      const accept = { headers: { Accept: "text/html" } };
      const texts = TEXTS.map(encodeURIComponent);
      const fixed = ["/", "/s", "/edit/names/x", "/nothing", "/api/v1/me", "/api/v1/nothing", "/static/nothing", "/ws/x", "/healthz", "/robots.txt"];
      const addresses = [...fixed, ...texts.flatMap((text) => [`/${text}`, `/edit/${text}`, `/?q=${text}`, `/api/v1/folders?path=${text}`, `/static/${text}`])];
      const pages = [];
      for (const address of addresses) {
        const response = await fetch(sample + address, accept);
        const body = await response.text();
        assert.deepEqual(guardProblems(address, Object.fromEntries(response.headers)), []);
        if (!response.headers.get("content-type").includes("text/html")) continue;
        pages.push(address);
        assert.doesNotMatch(body, /pwned|<img|<svg|alert\(/, address);
      }
      assert.ok(pages.length > TEXTS.length, `${pages.length} pages`);
    },
  },
});
listener.close();
