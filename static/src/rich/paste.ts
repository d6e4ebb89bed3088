/** Owns what of a paste may stay: things that this document has the source of; everything else became plain nodes already. */
import { Fragment, Slice, type Node } from "prosemirror-model";
import type * as Y from "yjs";

const BY_REFERENCE = new Set(["image", "opaque_block", "opaque_inline"]);

export function keepKnown(slice: Slice, sources: Y.Map<unknown>): Slice {
  return new Slice(kept(slice.content, sources), slice.openStart, slice.openEnd);
}

function kept(content: Fragment, sources: Y.Map<unknown>): Fragment {
  const nodes: Node[] = [];
  content.forEach((node) => {
    if (BY_REFERENCE.has(node.type.name) && !sources.has(String(node.attrs.ref))) return;
    nodes.push(node.isLeaf ? node : node.copy(kept(node.content, sources)));
  });
  return Fragment.fromArray(nodes);
}
