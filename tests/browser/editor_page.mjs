// The editor page in real browsers against a real server: what people see and do together. Run by test_editor_page.py.
import { runCases } from "./driver.mjs";
import { cases as faults } from "./editor/faults.mjs";
import { cases as looks } from "./editor/looks.mjs";
import { cases as preview } from "./editor/preview.mjs";
import { cases as storage } from "./editor/storage.mjs";
import { cases as together } from "./editor/together.mjs";
import { cases as writing } from "./editor/writing.mjs";

await runCases({ ...faults, ...looks, ...preview, ...storage, ...together, ...writing }, { atOnce: 3 });
