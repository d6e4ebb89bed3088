"""Owns the calculation chain: the list of cells with formulas, which must name no cell that has none."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from collab.formats.sheet.model import Place
from collab.formats.sheet.xlsx_names import place_of, reference_of
from collab.formats.sheet.xlsx_package import prefix_of
from collab.formats.sheet.xlsx_tags import closing, opened, with_attributes
from collab.formats.zipped.patch import Patch, apply_patches
from collab.formats.zipped.scan import Scan


def without(chain: Scan, gone: Mapping[str, set[Place]]) -> bytes | None:
    """The chain without these cells, by sheet number of the workbook; None when nothing is left of it."""
    patches: list[Patch] = []
    sheet, owed, left = "0", False, 0
    for node in chain.root.elements:
        if "i" in node.attrs:
            sheet, owed = node.attrs["i"], False
        if place_of(node.attrs.get("r", "")) in gone.get(sheet, set()):
            patches.append(Patch(node.start, node.end, b""))
            # The next entry may rely on the sheet that this one named.
            owed = owed or "i" in node.attrs
            continue
        left += 1
        if owed and "i" not in node.attrs:
            tag = chain.source(node)
            patches.append(Patch(node.start, node.end, with_attributes(tag, {"i": sheet})))
        owed = False
    return apply_patches(chain.content, patches) if left else None


def rewritten(chain: Scan, cells: Iterable[tuple[str, Sequence[Place]]]) -> bytes | None:
    """A chain of exactly these cells; None when there are none."""
    prefix = prefix_of(chain.content, chain.root)
    items = [_item(prefix, sheet, place) for sheet, places in cells for place in places]
    if not items:
        return None
    tag = opened(chain.tag(chain.root))
    return chain.content[: chain.root.start] + tag + b"".join(items) + closing(tag)


def _item(prefix: bytes, sheet: str, place: Place) -> bytes:
    return with_attributes(b"<" + prefix + b"c/>", {"r": reference_of(*place), "i": sheet})
