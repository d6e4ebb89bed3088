/** Owns formulas in the page. */
const MATH = { throwOnError: true, trust: false, maxExpand: 300, maxSize: 20, strict: false } as const;

/** Draw the formulas in `.math-inline` and `.math-block`: by KaTeX as elements, without markup; it is loaded for the first one. */
export async function renderMath(element: HTMLElement): Promise<void> {
  const places = [...element.querySelectorAll<HTMLElement>(".math-inline, .math-block")];
  if (places.length === 0) return;
  const { default: katex } = await import("katex");
  for (const place of places) {
    const source = place.textContent ?? "";
    try {
      const tree = (katex as unknown as TreeMaker).__renderToDomTree(source, { ...MATH, displayMode: place.classList.contains("math-block") });
      withoutStyles(tree);
      place.replaceChildren(tree.toNode());
    } catch (error) {
      // Not left to KaTeX: its own mark is a style attribute, which the page's policy forbids, and it rethrows most errors.
      place.textContent = source;
      place.classList.add("katex-error");
      place.title = error instanceof Error ? error.message : "";
    }
  }
}

/** What KaTeX gives to tools that look at its tree; its types leave it out. */
interface TreeMaker {
  __renderToDomTree(source: string, options: object): MathTree & { toNode(): Node };
}

interface MathTree {
  attributes?: { style?: string };
  children?: readonly object[];
}

/**
 * The visible half of a formula gets its boxes and colours through the style sheet's interface, which the policy allows.
 * The half for screen readers has a few of them as style attributes too: those are of no use there, and refused.
 */
function withoutStyles(tree: MathTree): void {
  delete tree.attributes?.style;
  for (const child of tree.children ?? []) withoutStyles(child);
}
