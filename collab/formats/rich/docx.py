"""Owns a WordprocessingML document as a file (docx, docm, dotx): where its body, styles and pictures are."""

from __future__ import annotations

import posixpath
from collections.abc import Sequence

from collab.errors import FormatError
from collab.formats.rich.docx_names import NAMES
from collab.formats.rich.docx_read import DocxReader
from collab.formats.rich.docx_styles import WordStyles, page_of, paragraph_look, run_look
from collab.formats.rich.docx_write import DocxWriter
from collab.formats.rich.model import Block
from collab.formats.rich.odf import NOT_A_TEXT, SIGNED
from collab.formats.rich.source import Fragments, Source
from collab.formats.rich.splice import Splicer
from collab.formats.zipped.package import ENCRYPTED, Package
from collab.formats.zipped.patch import apply_patches, save_parts
from collab.formats.zipped.scan import Node, scan
from collab.limits import Limits

_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ROOT_RELATIONS = "_rels/.rels"


class DocxFile:
    """An opened file."""

    def __init__(self, content: bytes, limits: Limits) -> None:
        """Raises: FormatError, LimitExceeded."""
        if content.startswith(_OLE):
            raise FormatError("an OLE container: encrypted, or an old binary file", public=ENCRYPTED)
        self._limits = limits
        self.content = content
        self.package = Package.open(content, limits)
        self._part = self._main_part()
        found = scan(self.package.read(self._part), limits, NAMES)
        body = found.root.find("w:body")
        if found.root.name != "w:document" or body is None:
            raise FormatError("no w:body", public=NOT_A_TEXT)
        targets = self._relations(self._part)
        links = {key: target for key, (kind, target, _) in targets.items() if kind == "hyperlink"}
        images = {key: part for key, (kind, _, part) in targets.items() if kind == "image" and part}
        self.styles = WordStyles(self._related(targets, "styles"), self._related(targets, "numbering"))
        self._reader = DocxReader(found, self.styles, Fragments(), links, images)
        self.source = Source(found, body, self._reader.blocks(body), self._reader.fragments, page=page_of(body))

    @property
    def read_only(self) -> str:
        """Why nobody should edit this; empty when anybody may."""
        return SIGNED if self.package.signed else ""

    def _main_part(self) -> str:
        for kind, _, part in self._relations("").values():
            if kind == "officeDocument" and part in self.package:
                return part
        raise FormatError("no main part", public=NOT_A_TEXT)

    def _relations(self, part: str) -> dict[str, tuple[str, str, str]]:
        """Relationship id -> kind, target as written, and the member that it means."""
        folder, name = posixpath.split(part)
        path = posixpath.join(folder, "_rels", f"{name}.rels") if part else _ROOT_RELATIONS
        if path not in self.package:
            return {}
        found = {}
        for node in scan(self.package.read(path), self._limits).root.elements:
            target, kind = node.attrs.get("Target", ""), node.attrs.get("Type", "").rpartition("/")[2]
            member = ""
            if node.attrs.get("TargetMode") != "External":
                member = posixpath.normpath(posixpath.join("/", folder, target)).lstrip("/")
            found[node.attrs.get("Id", "")] = (kind, target, member)
        return found

    def _related(self, targets: dict[str, tuple[str, str, str]], wanted: str) -> Node | None:
        for kind, _, part in targets.values():
            if kind == wanted and part in self.package:
                return scan(self.package.read(part), self._limits, NAMES).root
        return None

    def saved(self, live: Sequence[Block], fragments: Fragments) -> bytes:
        """The file with the live blocks as its body. Raises: FormatError, LimitExceeded."""
        known = self.source.fragments.known
        known |= {name: one for name, one in fragments.known.items() if name not in known}
        patches = Splicer(DocxWriter(self.source, self._reader)).run(live)
        part = apply_patches(self.source.scan.content, patches)
        return save_parts(self.package, {self._part: part}, self._limits)

    def lists(self) -> dict[str, str]:
        """Lists are properties of paragraphs: which numbering has bullets, and which counts."""
        first = {number: levels.get(0, "") for number, levels in self.styles.numberings.items()}
        bullet = next((number for number, kind in first.items() if kind == "bullet"), "")
        ordered = next((number for number, kind in first.items() if kind == "decimal"), "")
        return {"kind": "flat", "bullet": bullet, "ordered": ordered}

    def looks(self) -> dict[str, object]:
        """How styles and direct formatting look."""
        looks: dict[str, object] = {}
        for style in self.styles.named("paragraph"):
            css = self.styles.look(style.style_id)
            looks[f"p:{style.style_id}"] = {
                "css": css,
                "label": style.label,
                "level": self.styles.level(style.style_id),
            }
        for reference, properties in self._reader.looks.items():
            if properties.name == "w:rPr":
                style_id = next(
                    (node.attrs.get("w:val", "") for node in properties.elements if node.name == "w:rStyle"), ""
                )
                css = {**self.styles.text_look(style_id), **run_look(properties, toggles=False)}
            else:
                css = {key: value for key, value in paragraph_look(properties).items() if key != "text-align"}
            looks[f"d:{reference}"] = {"css": css}
        looks["p:"] = {"css": self.styles.look(self.styles.default())}
        return looks
