"""Owns bytes <-> characters: byte order marks, UTF-8, a file's own charset, and what is no text at all; knows no lines.

A charset is accepted only when encoding the decoded text gives the very same bytes, so that every character that
nobody touches keeps its bytes. All charsets here are stateless: a part of the text encodes to a part of the bytes.
"""

from __future__ import annotations

from dataclasses import dataclass

from charset_normalizer import from_bytes

from collab.errors import FormatError

_BOMS = (
    (b"\xef\xbb\xbf", "utf-8"),
    (b"\xff\xfe\x00\x00", "utf-32-le"),
    (b"\x00\x00\xfe\xff", "utf-32-be"),
    (b"\xff\xfe", "utf-16-le"),
    (b"\xfe\xff", "utf-16-be"),
)
_BOM_CHARACTER = "\ufeff"
_UNICODE = {name for _, name in _BOMS}
_LEGACY = {
    "cp1252": "Windows-1252",
    "iso8859-1": "ISO 8859-1",
    "cp1250": "Windows-1250",
    "cp1251": "Windows-1251",
    "cp1253": "Windows-1253",
    "cp1254": "Windows-1254",
    "cp1255": "Windows-1255",
    "cp1256": "Windows-1256",
    "cp1257": "Windows-1257",
    "cp1258": "Windows-1258",
    "iso8859-2": "ISO 8859-2",
    "iso8859-3": "ISO 8859-3",
    "iso8859-4": "ISO 8859-4",
    "iso8859-5": "ISO 8859-5",
    "iso8859-6": "ISO 8859-6",
    "iso8859-7": "ISO 8859-7",
    "iso8859-8": "ISO 8859-8",
    "iso8859-9": "ISO 8859-9",
    "iso8859-10": "ISO 8859-10",
    "iso8859-13": "ISO 8859-13",
    "iso8859-14": "ISO 8859-14",
    "iso8859-15": "ISO 8859-15",
    "iso8859-16": "ISO 8859-16",
    "koi8-r": "KOI8-R",
    "koi8-u": "KOI8-U",
    "mac-roman": "Mac Roman",
    "mac-cyrillic": "Mac Cyrillic",
    "cp437": "DOS 437",
    "cp850": "DOS 850",
    "cp852": "DOS 852",
    "cp866": "DOS 866",
    "cp874": "Windows-874",
    "cp932": "Shift JIS",
    "euc_jp": "EUC-JP",
    "cp949": "Korean (949)",
    "euc_kr": "EUC-KR",
    "gb18030": "GB 18030",
    "gbk": "GBK",
    "big5": "Big5",
}
_CONTROLS = bytes(code for code in range(32) if code not in b"\t\n\v\f\r\x1b") + b"\x7f"
_CONTROL_SHARE = 50
"""More than one control character in so many bytes is not a text."""


@dataclass(frozen=True, slots=True)
class Charset:
    """How a file's characters are bytes; `codec` is Python's name for it."""

    codec: str
    bom: bytes = b""

    @property
    def label(self) -> str:
        """The name for people's eyes."""
        name = _LEGACY.get(self.codec) or self.codec.upper().replace("-LE", " LE").replace("-BE", " BE")
        return f"{name} with BOM" if self.bom and self.codec == "utf-8" else name

    @property
    def legacy(self) -> bool:
        return self.codec not in _UNICODE

    def encode(self, text: str) -> bytes:
        """The bytes of a whole file. Raises: FormatError, naming the first character that this charset lacks."""
        # A text that itself begins with U+FEFF needs a mark before it, or that character would be read as the mark.
        bom = _BOM_CHARACTER.encode(self.codec) if text.startswith(_BOM_CHARACTER) and not self.legacy else self.bom
        try:
            return bom + text.encode(self.codec)
        except UnicodeEncodeError as error:
            raise self._lacks(text[error.start]) from None

    def _lacks(self, character: str) -> FormatError:
        public = (
            f"This file is in {self.label}, which has no character “{character}” (U+{ord(character):04X}). "
            "Remove that character, or convert the file to UTF-8."
        )
        return FormatError(f"{self.codec} lacks U+{ord(character):04X}", public=public)


UTF_8 = Charset("utf-8")


def read_characters(content: bytes, known: str | None = None) -> tuple[str, Charset]:
    """The characters of a file and its charset. `known` is the codec that this file had before, if one is recorded.

    Raises: FormatError when it is no text, or in no charset that keeps every byte.
    """
    found = _with_bom(content) or _unicode(content, known) or _legacy(content, known)
    if found is None:
        raise _not_text("no charset gives the same bytes back")
    return found


def refuse_binary(content: bytes, text: str) -> None:
    """Raises: FormatError when these bytes are no text, though they can be read as one."""
    if "\0" in text:
        raise _not_text("NUL characters")
    controls = len(content) - len(content.translate(None, _CONTROLS))
    if controls * _CONTROL_SHARE > len(content) and "\ufffe" not in text and _mostly_controls(text):
        raise _not_text(f"{controls} control characters in {len(content)} bytes")


def _mostly_controls(text: str) -> bool:
    """The same question asked of characters: the bytes of UTF-16 are full of control codes."""
    controls = sum(text.count(chr(code)) for code in _CONTROLS)
    return controls * _CONTROL_SHARE > len(text)


def _not_text(detail: str) -> FormatError:
    return FormatError(f"not a text: {detail}", public="This is not a text file, so it cannot be edited here.")


def _with_bom(content: bytes) -> tuple[str, Charset] | None:
    for bom, codec in _BOMS:
        if content.startswith(bom):
            text = _strict(content[len(bom) :], codec)
            if text is not None:
                return text, Charset(codec, bom)
    return None


def _unicode(content: bytes, known: str | None) -> tuple[str, Charset] | None:
    """UTF-8, unless the bytes are plain ASCII and the file is known to be in a charset of its own."""
    text = _strict(content, "utf-8")
    if text is None:
        return None
    if known in _LEGACY and content.isascii():
        return text, Charset(known)
    return text, UTF_8


def _legacy(content: bytes, known: str | None) -> tuple[str, Charset] | None:
    candidates = [known] if known in _LEGACY else [_python_name(match.encoding) for match in from_bytes(content)]
    for codec in candidates:
        if codec in _LEGACY:
            text = _strict(content, codec)
            if text is not None:
                return text, Charset(codec)
    return None


def _python_name(name: str) -> str:
    """charset-normalizer's spelling (`iso8859_15`, `koi8_r`) as the one of the table."""
    return name if name in _LEGACY else name.replace("_", "-")


def _strict(content: bytes, codec: str) -> str | None:
    try:
        text = content.decode(codec)
        return text if text.encode(codec) == content else None
    except UnicodeError:
        return None
