"""Owns an OpenDocument text as a file: zipped (odt, ott) or flat (fodt); where its body and its styles are."""

from __future__ import annotations

from collections.abc import Sequence

from collab.errors import FormatError
from collab.formats.rich.model import Block
from collab.formats.rich.odf_names import NAMES
from collab.formats.rich.odf_read import OdfReader
from collab.formats.rich.odf_styles import Styles, page_of
from collab.formats.rich.odf_write import OdfWriter
from collab.formats.rich.source import Fragments, Source
from collab.formats.rich.splice import Splicer
from collab.formats.zipped.package import ENCRYPTED, Package
from collab.formats.zipped.patch import apply_patches, save_parts
from collab.formats.zipped.scan import Scan, scan
from collab.limits import Limits

NOT_A_TEXT = "This file is not a text document, so it cannot be edited here."
SIGNED = "signed"
_CONTENT, _STYLES, _MANIFEST = "content.xml", "styles.xml", "META-INF/manifest.xml"


class OdfFile:
    """An opened file."""

    def __init__(self, content: bytes, limits: Limits) -> None:
        """Raises: FormatError, LimitExceeded."""
        self._limits = limits
        self.content = content
        self.package = (
            None if content.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<") else Package.open(content, limits)
        )
        if (
            self.package is not None
            and _MANIFEST in self.package
            and b"encryption-data" in self.package.read(_MANIFEST)
        ):
            raise FormatError("encrypted", public=ENCRYPTED)
        part = content if self.package is None else self.package.read(_CONTENT)
        found = scan(part, limits, NAMES)
        self.styles = Styles()
        page = self._read_styles(found)
        body = found.root.find("office:body", "office:text")
        if body is None:
            raise FormatError("no office:text", public=NOT_A_TEXT)
        self._reader = OdfReader(found, self.styles, Fragments())
        self.source = Source(found, body, self._reader.blocks(body), self._reader.fragments, page=page)

    @property
    def read_only(self) -> str:
        """Why nobody should edit this; empty when anybody may."""
        return SIGNED if self.package is not None and self.package.signed else ""

    def _read_styles(self, content: Scan) -> dict[str, object]:
        self.styles.add(content.root)
        if self.package is None or _STYLES not in self.package:
            return page_of(content.root)
        root = scan(self.package.read(_STYLES), self._limits, NAMES).root
        self.styles.add(root)
        return page_of(root)

    def saved(self, live: Sequence[Block], fragments: Fragments) -> bytes:
        """The file with the live blocks as its body. Raises: FormatError, LimitExceeded."""
        self.source.fragments.known |= {
            name: one for name, one in fragments.known.items() if name not in self.source.fragments.known
        }
        writer = OdfWriter(self.source, self._reader)
        patches = Splicer(writer).run(live)
        patches += writer.style_patches()
        part = apply_patches(self.source.scan.content, patches)
        if self.package is None:
            return part
        return save_parts(self.package, {_CONTENT: part}, self._limits)

    def lists(self) -> dict[str, str]:
        """Lists are elements round their items."""
        return {"kind": "nested"}

    def looks(self) -> dict[str, object]:
        """How the styles look that the body uses, and those that people can choose."""
        used = {(b.attrs.get("style", ""), b.is_text) for block in self.source.blocks for b in block.walk()}
        spans = {
            name
            for block in self.source.blocks
            for inner in block.walk()
            for piece in inner.pieces
            for mark, value in piece.marks
            if mark == "span"
            for name in value.split()
        }
        looks: dict[str, object] = {}
        for name, is_text in used:
            if name and is_text:
                looks[f"p:{name}"] = self._entry("paragraph", name)
        for name in spans:
            looks[f"c:{name}"] = self._entry("text", name)
        for style in self.styles.named("paragraph"):
            looks[f"p:{style.name}"] = self._entry("paragraph", style.name)
        return looks

    def _entry(self, family: str, name: str) -> dict[str, object]:
        style = self.styles.get(family, name)
        css = self.styles.look(family, name, toggles=family == "paragraph" or style is None or not style.automatic)
        entry: dict[str, object] = {"css": css}
        if style is not None and not style.automatic:
            entry |= {"label": style.label, "level": style.level}
        return entry
