"""Owns the format `text`: any plain-text file as one Y.Text at root `source`; knows no storage and no room.

What a file has and a Y.Text has not (byte order mark, charset, line ends) is read again from `base` at each encode,
so no state can go stale. Only a charset that the bytes do not show by themselves is noted in the document's `state`.
"""

from __future__ import annotations

from collab.document import CONFLICTS, SOURCE, STATE, Document, Kind, Splice
from collab.errors import FormatError, LimitExceeded
from collab.formats.base import Decoded, Merged
from collab.formats.charsets import UTF_8, Charset, read_characters, refuse_binary
from collab.formats.linediff import diff_lines
from collab.formats.lines import line_ends_label, restore_line_ends, unify
from collab.formats.text_merge import Plan, apply_plan, plan_text_merge
from collab.limits import Limits

ENCODING = "encoding"
"""Key of the `state` map: the codec of a file that does not show it by a mark or as UTF-8."""
MORE_THAN_TEXT = "The document holds more than its text, so it keeps its history."
OPEN_CONFLICTS = "The document has passages in two versions. Choose one of each first."


class TextFormat:
    """Plain text in any charset that keeps its bytes."""

    name = "text"
    kind = Kind.TEXT
    sandboxed = False

    def decode(self, content: bytes, limits: Limits, client_id: int) -> Decoded:
        """Make the update of a fresh document. Raises: FormatError (no text), LimitExceeded."""
        if len(content) > limits.file_size_bytes:
            raise LimitExceeded("file_size_bytes", f"{len(content)} bytes")
        text, charset = read_characters(content)
        refuse_binary(content, text)
        document = Document(client_id)
        with document.transaction():
            document.edit_text([Splice(0, 0, unify(text))])
            _note_charset(document, charset)
        facts = {"encoding": charset.label, "line_ends": line_ends_label(text)}
        return Decoded(document.diff(), self.kind, facts)

    def encode(self, document: Document, base: bytes) -> bytes:
        """The file; lines that nobody touched keep their bytes. Raises: FormatError (charset)."""
        return encode_text(document.text(), base, noted_charset(document))

    def rescue(self, document: Document) -> bytes:
        """The text in UTF-8, which has every character."""
        return document.text().encode()

    def is_blank(self, content: bytes) -> bool:
        """Whether there is nothing but blanks."""
        return not content.strip()

    def common(self, document: Document, theirs: bytes) -> bytes:
        """The lines that live document and file share. Raises: FormatError."""
        live = self.encode(document, theirs).splitlines(keepends=True)
        other = theirs.splitlines(keepends=True)
        kept: list[bytes] = []
        position = 0
        for change in diff_lines([line.hex() for line in live], [line.hex() for line in other]):
            kept += live[position : change.a_start]
            position = change.a_end
        return b"".join(kept + live[position:])

    def renew(self, document: Document, client_id: int) -> Document:
        """A fresh document of the same text and facts. Raises: FormatError (something would be lost)."""
        refuse_more_than_text(document)
        text, facts = document.text(), document.map_values(STATE)
        fresh = Document(client_id)
        with fresh.transaction():
            fresh.edit_text([Splice(0, 0, text)])
            for key, value in facts.items():
                fresh.set_map_value(STATE, key, value)
        if fresh.text() != text or fresh.map_values(STATE) != facts:
            raise FormatError("the fresh document is not the same")
        return fresh

    def merge(self, base: bytes, theirs: bytes, document: Document, source: str, at_ms: int) -> Merged:
        """Three-way merge into the live document, as one transaction. Raises: FormatError (theirs is no text)."""
        plan = self.plan_merge(base, theirs, document.text(), noted_charset(document))
        return apply_plan(plan, document, source, at_ms) or Merged(0)

    def plan_merge(self, base: bytes, theirs: bytes, live: str, known: str | None = None) -> Plan:
        """The expensive half of `merge`, which needs no document: give the plan to `apply_plan`.

        `known` is the document's `noted_charset`. Raises: FormatError (theirs is no text).
        """
        theirs_text, _ = read_characters(theirs, known)
        refuse_binary(theirs, theirs_text)
        base_text, _ = _read_base(base, known)
        return plan_text_merge(unify(base_text), unify(theirs_text), live)


def refuse_more_than_text(document: Document) -> None:
    """Raises: FormatError when a document holds what its text does not show."""
    strange = document.roots() - {SOURCE, STATE, CONFLICTS}
    if strange:
        raise FormatError(f"it has {len(strange)} root types of another program", public=MORE_THAN_TEXT)
    if not document.is_plain():
        raise FormatError("its text has formatting or embedded things", public=MORE_THAN_TEXT)
    if document.map_values(CONFLICTS):
        raise FormatError("it has conflicts", public=OPEN_CONFLICTS)


def encode_text(text: str, base: bytes, known: str | None = None) -> bytes:
    """The bytes of `text` in the charset and with the line ends of `base`. Raises: FormatError (charset)."""
    base_text, charset = _read_base(base, known)
    return charset.encode(restore_line_ends(unify(text), base_text))


def noted_charset(document: Document) -> str | None:
    """The codec noted in the document, of a file whose bytes do not show it. Raises: DocumentPoisoned."""
    noted = document.map_value(STATE, ENCODING)
    return noted if isinstance(noted, str) else None


def _read_base(base: bytes, known: str | None) -> tuple[str, Charset]:
    """The bytes that we loaded or saved ourselves; an empty file with no charset noted is UTF-8."""
    return read_characters(base, known) if base or known else ("", UTF_8)


def _note_charset(document: Document, charset: Charset) -> None:
    if charset.hidden:
        document.set_map_value(STATE, ENCODING, charset.codec)
