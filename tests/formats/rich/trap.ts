// Opens documents as a browser does, without one: the binding must neither delete nor write anything. Run by test_trap.py.
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { initProseMirrorDoc, updateYFragment } from "y-prosemirror";
import * as Y from "yjs";
import { schema } from "../../../static/src/rich/schema";

const folder = process.argv[2] ?? "";
for (const name of readdirSync(folder)) {
  const doc = new Y.Doc();
  Y.applyUpdate(doc, readFileSync(join(folder, name)));
  let updates = 0;
  doc.on("update", () => (updates += 1));
  const body = doc.getXmlFragment("body");
  const { doc: page, meta } = initProseMirrorDoc(body, schema);
  page.check();
  const opened = updates;
  updateYFragment(doc, body, page, meta);
  console.log(JSON.stringify({ name, opened, written: updates - opened, blocks: page.childCount, wanted: body.length }));
}
