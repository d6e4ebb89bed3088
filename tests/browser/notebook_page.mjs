// The notebook editor in real browsers against a real server. Run by test_notebook_page.py.
import { runCases } from "./driver.mjs";
import { cases as cells } from "./notebook/cells.mjs";
import { cases as looks } from "./notebook/looks.mjs";
import { cases as outputs } from "./notebook/outputs.mjs";
import { cases as together } from "./notebook/together.mjs";

await runCases({ ...cells, ...looks, ...outputs, ...together }, { atOnce: 3 });
