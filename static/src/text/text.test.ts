import assert from "node:assert/strict";
import { test } from "node:test";
import { ChangeSet, Text } from "@codemirror/state";
import * as Y from "yjs";
import { newPassages } from "../editor/aside";
import { changesOf, piecesOf, textOf } from "./binding";
import { conflictsOf, settle } from "./conflicts";
import { delimiterOf, fieldsOfLine } from "./csv-language";
import { linkTo, numbered } from "./drop";
import { languageOf } from "./languages";
import { parseBib } from "./latex";
import { blocksOf } from "./markdown-blocks";
import { headingAt, outlineOf } from "./outline";
import { relativePath, slugOf } from "./preview";
import { countWords } from "./words";

function html(source: string): string {
  return blocksOf(source).map((block) => block.markup).join("");
}

// -- binding --

test("binding: an embedded thing takes the place of one character", () => {
  const ytext = new Y.Doc().getText("source");
  ytext.insert(0, "ab");
  ytext.insertEmbed(1, { hostile: true });

  assert.equal(textOf(ytext), "a\ufffcb");
  assert.equal(textOf(ytext).length, ytext.length);
});

/** Yjs writes replacement characters where an edit cuts a surrogate pair in two; the places stay the same. */
function withoutPairs(text: string): string {
  return text.replace(/[\ud800-\udfff\ufffd]/g, "?");
}

test("binding: random remote edits leave both sides equal", () => {
  const ytext = new Y.Doc().getText("source");
  let shown = Text.of([""]);
  ytext.observe((event) => {
    shown = ChangeSet.of(changesOf(event.delta as Parameters<typeof changesOf>[0]), shown.length, "\n").apply(shown);
  });
  let seed = 7;
  const random = (bound: number): number => (seed = (seed * 48_271) % 2_147_483_647) % bound;
  for (let step = 0; step < 500; step += 1) {
    ytext.doc?.transact(() => {
      for (let part = 0; part <= random(3); part += 1) {
        const at = random(ytext.length + 1);
        if (random(3) === 0) ytext.delete(at, Math.min(random(5), ytext.length - at));
        else if (random(12) === 0) ytext.insertEmbed(at, {});
        else ytext.insert(at, ["x\n", "é", "🙂", "\r", "abc"][random(5)]!);
      }
    });
    assert.equal(withoutPairs(shown.toString()), withoutPairs(textOf(ytext)), `seed 7, step ${step}`);
  }
});

test("binding: pieces of a paste are the whole and cut no surrogate pair", () => {
  const text = "ab🙂cd🙂🙂e";
  const pieces = piecesOf(text, 3);

  assert.equal(pieces.map(([, piece]) => piece).join(""), text);
  assert.ok(pieces.every(([start, piece]) => !/[\ud800-\udbff]$/.test(piece) && text.startsWith(piece, start)));
});

// -- conflicts --

function withConflict(): { ytext: Y.Text; doc: Y.Doc } {
  const doc = new Y.Doc();
  const ytext = doc.getText("source");
  ytext.insert(0, "before\nmine\ntheirs\nafter\n");
  const place = (index: number, assoc: number): Uint8Array => Y.encodeRelativePosition(Y.createRelativePositionFromTypeIndex(ytext, index, assoc));
  const entry = { base: "base\n", live: "mine\n", theirs: "theirs\n", start: place(7, 0), middle: place(12, 0), end: place(19, -1), source: "storage", at_ms: 5 };
  doc.getMap("conflicts").set("c1", entry);
  return { ytext, doc };
}

test("conflicts: both versions are read from the text", () => {
  const [conflict] = conflictsOf(withConflict().ytext);

  assert.deepEqual([conflict?.live, conflict?.theirs, conflict?.source], ["mine\n", "theirs\n", "storage"]);
});

for (const [settlement, text] of [["mine", "before\nmine\nafter\n"], ["theirs", "before\ntheirs\nafter\n"], ["both", "before\nmine\ntheirs\nafter\n"]] as const) {
  test(`conflicts: keep ${settlement}`, () => {
    const { ytext, doc } = withConflict();
    settle(ytext, "c1", settlement, null);

    assert.equal(ytext.toString(), text);
    assert.equal(doc.getMap("conflicts").size, 0);
  });
}

test("conflicts: what was typed into a version meanwhile stays with it", () => {
  const { ytext } = withConflict();
  ytext.insert(11, "!");
  settle(ytext, "c1", "mine", null);

  assert.equal(ytext.toString(), "before\nmine!\nafter\n");
});

test("conflicts: a made-up entry is left out", () => {
  const { ytext, doc } = withConflict();
  for (const [index, value] of [null, 7, "x", [], {}, { start: "AA", middle: 3, end: new Uint8Array([255, 255]) }].entries()) doc.getMap("conflicts").set(`bad${index}`, value);
  doc.getMap("conflicts").set("__proto__", { live: "x" });

  assert.deepEqual(conflictsOf(ytext).map((conflict) => conflict.id), ["c1"]);
});

// -- edits kept aside --

test("aside: only what the document lacks is offered, with the line before it", () => {
  const passages = newPassages("title\nsame\nnew one\nnew two\nend", "title\nsame\nend");

  assert.deepEqual(passages, [{ text: "new one\nnew two", before: "same" }]);
});

// -- Markdown --

test("markdown: raw markup stays text", () => {
  assert.ok(!html('<script>alert(1)</script>\n\n<img src=x onerror=alert(1)>').includes("<script"));
  assert.ok(!html('text <img src=x onerror="alert(1)">').includes("<img"));
});

test("markdown: a link that runs code is no link", () => {
  for (const target of ["javascript:alert(1)", "JaVaScRiPt:alert(1)", "vbscript:x", "data:text/html,x"]) assert.ok(!html(`[x](${target})`).includes("<a"), target);
});

test("markdown: mathematics in a line and on its own", () => {
  assert.match(html("Energy $E = mc^2$ here"), /<span class="math-inline">E = mc\^2<\/span>/);
  assert.match(html("$$\n\\int_0^1 x\n$$"), /<div class="math-block">\\int_0\^1 x<\/div>/);
  assert.match(html("$$ x < y $$"), /<div class="math-block"> x &lt; y <\/div>/);
});

test("markdown: money is no mathematics", () => {
  assert.ok(!html("It costs $5 or $6 at most").includes("math"));
  assert.ok(!html("between $ 5 and 6 $").includes("math"));
});

test("markdown: code keeps its dollars", () => {
  assert.ok(!html("`$x$`").includes("math"));
});

test("markdown: columns are aligned by class and never by style", () => {
  const table = html("| a | b |\n|:-:|--:|\n| 1 | 2 |");

  assert.match(table, /<th class="align-center">/);
  assert.match(table, /<td class="align-right">/);
  assert.ok(!table.includes("style="));
});

test("markdown: blocks know their lines, list items theirs within the block", () => {
  const blocks = blocksOf("# a\n\ntext\n\n- [ ] one\n- [x] two\n");

  assert.deepEqual(blocks.map((block) => [block.line, block.end]), [[0, 1], [2, 3], [4, 6]]);
  assert.match(blocks[2]?.markup ?? "", /<li data-line="0">[\s\S]*<li data-line="1">/);
});

test("markdown: a block that only moved has the same markup", () => {
  const [list] = blocksOf("- one\n- two\n");
  const moved = blocksOf("new\n\n- one\n- two\n")[1];

  assert.equal(moved?.markup, list?.markup);
});

test("markdown: footnotes are numbered in the text's order and stand at its end", () => {
  const blocks = blocksOf("One[^b] and ^[two *here*].\n\n[^b]: The **first** note.\n\nEnd.\n");

  assert.match(blocks[0]?.markup ?? "", /href="#fn1" id="fnref1">\[1\]<.*href="#fn2"/s);
  assert.match(blocks.at(-1)?.markup ?? "", /<ol.*id="fn1".*<strong>first<\/strong>.*href="#fnref1".*id="fn2".*<em>here<\/em>/s);
  assert.equal(blocks.filter(({ markup }) => markup.includes("End.")).length, 1);
});

test("markdown: raw markup in a footnote stays text", () => {
  assert.doesNotMatch(blocksOf("a[^1]\n\n[^1]: <img src=x onerror=alert(1)> [x](javascript:alert(1))\n").map(({ markup }) => markup).join(""), /<img|href="javascript/);
});

test("markdown: deep nesting ends", () => {
  assert.ok(blocksOf(`${"> ".repeat(5_000)}x`).length > 0);
  assert.ok(blocksOf("[".repeat(20_000)).length > 0);
});

test("preview: paths start at the document's folder and stay in the root", () => {
  const place = { root: "r", path: "thesis/ch1/text.md" };

  assert.deepEqual(relativePath(place, "plot.png"), { root: "r", path: "thesis/ch1/plot.png" });
  assert.deepEqual(relativePath(place, "../a%20b.png?x#y"), { root: "r", path: "thesis/a b.png" });
  assert.deepEqual(relativePath(place, "../../../../etc/passwd"), { root: "r", path: "etc/passwd" });
  assert.deepEqual(relativePath(place, "/top.png"), { root: "r", path: "top.png" });
  for (const elsewhere of ["https://x/y.png", "//x/y", "data:x", "#part", "", "%E0%A4%A"]) assert.equal(relativePath(place, elsewhere), null, elsewhere);
});

test("preview: anchors are made as Markdown tools make them", () => {
  assert.equal(slugOf("Results & Discussion (2026)"), "results-discussion-2026");
});

// -- outline --

test("outline: headings of Markdown, not those in code", () => {
  const headings = outlineOf("# One\n\n```\n# no\n```\n\n## *Two* ##\n#no\n", "markdown");

  assert.deepEqual(headings.map(({ title, level, line }) => [title, level, line]), [["One", 1, 1], ["Two", 2, 7]]);
});

test("outline: sections of LaTeX, from the outermost one", () => {
  const headings = outlineOf("\\section{Intro \\label{a}}\n% \\section{no}\n\\subsection*[s]{The \\emph{way}}\n", "latex");

  assert.deepEqual(headings.map(({ title, level }) => [title, level]), [["Intro a", 1], ["The way", 2]]);
});

test("outline: a position is under the last heading before it", () => {
  const headings = outlineOf("# a\ntext\n# b\n", "markdown");

  assert.equal(headingAt(headings, 6)?.title, "a");
  assert.equal(headingAt(headings, 10)?.title, "b");
  assert.equal(headingAt([], 3), null);
});

// -- LaTeX --

test("latex: entries of a bibliography with nested braces", () => {
  const entries = parseBib('@comment{x, y}\n@article{knuth84, title = {The {\\TeX}book {nested {deep}}}, author="Donald Knuth and A. Other", year=1984,}\n@book{lamport,title={LaTeX}}');

  assert.deepEqual(entries[0], { key: "knuth84", title: "The \\TeXbook nested deep", author: "Donald Knuth and A. Other", year: "1984" });
  assert.equal(entries[1]?.key, "lamport");
});

// -- csv, drop, words, languages --

test("csv: the delimiter is the most frequent one, and quotes hide it", () => {
  assert.equal(delimiterOf(["a;b;c", "1,5;2;3"]), ";");
  assert.deepEqual(fieldsOfLine('a,"b,c",d', ","), [[0, 1], [2, 7], [8, 9]]);
});

test("drop: a taken name gets a number before its extension", () => {
  assert.deepEqual([numbered("plot.png", 1), numbered("plot.png", 2), numbered("README", 3)], ["plot.png", "plot-2.png", "README-3"]);
});

test("drop: the link is one of the format", () => {
  assert.equal(linkTo("my plot (1).png", true, "markdown"), "![my plot (1)](my%20plot%20\\(1\\).png)");
  assert.equal(linkTo("plot.pdf", true, "latex"), "\\includegraphics[width=\\linewidth]{plot.pdf}");
});

test("words: counted in every script, with inner marks", () => {
  assert.equal(countWords("It's a well-known naïve test, Größe 3.5 — да!"), 8);
});

test("languages: the format decides, else the name", () => {
  assert.equal(languageOf("latex", "x.tex").name, "LaTeX");
  assert.equal(languageOf("text", "run.jl").name, "Julia");
  assert.equal(languageOf("text", "sub/Makefile").name, "Makefile");
  assert.equal(languageOf("__proto__", "x.constructor").name, "__proto__");
  assert.equal(languageOf("text", "notes").manners.wrap, true);
});
