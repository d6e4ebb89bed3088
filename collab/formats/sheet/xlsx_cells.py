"""Owns one cell as bytes: what an edit makes of it, with everything kept that the edit does not name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from collab.errors import FormatError
from collab.formats.sheet.formulas import is_unread
from collab.formats.sheet.model import BOOLEAN, EMPTY, ERROR, NUMBER, TEXT, CellEdit, Content, Formula
from collab.formats.sheet.xlsx_names import escaped, reference_of
from collab.formats.sheet.xlsx_tags import closing, opened, with_attributes
from collab.formats.zipped.patch import escape_text
from collab.formats.zipped.scan import Node, Scan

ARRAY_COPY = "An array formula of another cell cannot be put here."


@dataclass(frozen=True, slots=True)
class Old:
    """A cell as the file has it; `node` is None where there is none."""

    scan: Scan
    node: Node | None
    style: int

    def child(self, *names: str) -> bytes:
        """The bytes of the children of these names."""
        if self.node is None:
            return b""
        return b"".join(self.scan.source(child) for child in self.node.elements if child.name in names)

    def rest(self) -> bytes:
        """The bytes of what is neither formula nor value."""
        if self.node is None:
            return b""
        known = ("x:f", "x:v", "x:is")
        return b"".join(self.scan.source(child) for child in self.node.elements if child.name not in known)

    def tag(self, prefix: bytes, reference: str) -> bytes:
        """Its start tag, or a new one."""
        if self.node is None:
            tag = b"<" + prefix + b'c r="' + reference.encode() + b'">'
            return with_attributes(tag, {"s": str(self.style)}) if self.style else tag
        return with_attributes(opened(self.scan.tag(self.node)), {"r": reference})


class CellWriter:
    """Writes the cells of one sheet."""

    def __init__(self, prefix: bytes, formula_text: Callable[[Formula], str], number_text: Callable[[float, int], str]):
        """`number_text` writes a number for a cell of a style."""
        self._prefix = prefix
        self._formula_text = formula_text
        self._number_text = number_text
        self.without_value = False
        """Whether a formula was written whose value is not known."""

    def written(self, old: Old, row: int, col: int, edit: CellEdit, style: int, formula: bytes | None = None) -> bytes:
        """A cell after an edit; `formula` takes the place of a formula element that the edit leaves alone."""
        reference = reference_of(row, col)
        tag = old.tag(self._prefix, reference)
        if style != old.style:
            tag = with_attributes(tag, {"s": str(style) if style else None})
        if edit.content is not None:
            return self._filled(tag, self._formula(edit.content), edit.content, style, old.rest())
        if edit.formula is not None:
            formula = self._plain_formula(edit.formula)
        elif formula is None:
            formula = old.child("x:f")
        if edit.cached is not None:
            return self._filled(tag, formula, edit.cached, style, old.rest(), keep=True)
        return self._closed(tag, formula + old.child("x:v", "x:is") + old.rest())

    def formula_element(self, text: str, attributes: bytes = b"") -> bytes:
        """A formula element; a text of blanks at its end is kept so."""
        tag = b"<" + self._prefix + b"f" + attributes + b">"
        return tag + escape_text(text) + closing(tag)

    def _plain_formula(self, formula: Formula) -> bytes:
        return self.formula_element(self._formula_text(formula))

    def _formula(self, content: Content) -> bytes:
        if content.formula is None:
            return b""
        if is_unread(content.formula) and str(content.formula[0])[1:2] == "{":
            raise FormatError("an array formula elsewhere", public=ARRAY_COPY)
        return self._plain_formula(content.formula)

    def _filled(
        self, tag: bytes, formula: bytes, content: Content, style: int, rest: bytes, *, keep: bool = False
    ) -> bytes:
        kind, value = self._value(content, style, bool(formula))
        self.without_value |= bool(formula) and not value
        # What says how the old content was made (arrays that spill, pictures in cells) does not belong to the new one.
        gone = {} if keep else {"cm": None, "vm": None}
        return self._closed(with_attributes(tag, {"t": kind, **gone}), formula + value + rest)

    def _value(self, content: Content, style: int, has_formula: bool) -> tuple[str | None, bytes]:
        kind, value = content.kind, content.value
        if kind == NUMBER and isinstance(value, int | float):
            return None, self._element("v", self._number_text(value, style))
        if kind == BOOLEAN:
            return "b", self._element("v", "1" if value else "0")
        if kind == ERROR:
            return "e", self._element("v", str(value))
        if kind == TEXT and isinstance(value, str):
            if has_formula:
                return "str", self._element("v", escaped(value))
            return "inlineStr", self._wrapped("is", self._element("t", escaped(value), b' xml:space="preserve"'))
        return None, b""

    def _element(self, name: str, text: str, attributes: bytes = b"") -> bytes:
        tag = b"<" + self._prefix + name.encode() + attributes + b">"
        return tag + escape_text(text) + closing(tag)

    def _wrapped(self, name: str, inner: bytes) -> bytes:
        tag = b"<" + self._prefix + name.encode() + b">"
        return tag + inner + closing(tag)

    def _closed(self, tag: bytes, inner: bytes) -> bytes:
        return tag + inner + closing(tag) if inner else tag[:-1] + b"/>"


def is_nothing(edit: CellEdit) -> bool:
    """Whether an edit leaves neither content nor a look of its own."""
    return edit.content is not None and edit.content.kind == EMPTY and edit.content.formula is None and not edit.look
