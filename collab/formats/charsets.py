"""Owns bytes <-> characters: byte order marks, UTF-8, a file's own charset, and what is no text at all; knows no lines.

A charset is accepted only when encoding the decoded text gives the very same bytes, so that every character that
nobody touches keeps its bytes. All charsets here are stateless: a part of the text encodes to a part of the bytes.
"""

from __future__ import annotations

from dataclasses import dataclass

from collab.errors import FormatError
from collab.formats.guess import CHARSETS, guess_codec, keeps_bytes

_BOMS = (
    (b"\xef\xbb\xbf", "utf-8"),
    (b"\xff\xfe\x00\x00", "utf-32-le"),
    (b"\x00\x00\xfe\xff", "utf-32-be"),
    (b"\xff\xfe", "utf-16-le"),
    (b"\xfe\xff", "utf-16-be"),
)
_BOM_CHARACTER = "\ufeff"
_UTF_16 = {"utf-16-le": 1, "utf-16-be": 0}
"""Which byte of a pair is zero in ASCII text."""
_UNICODE = {codec for _, codec in _BOMS}
_CONTROLS = bytes(code for code in range(32) if code not in b"\t\n\v\f\r\x1b") + b"\x7f"
_CONTROL_SHARE = 50
"""More than one control character in so many bytes is not a text."""
_NO_CHARSET = (
    "The characters of this file are neither UTF-8 nor in another character set that can be told for sure, "
    "so editing it here could damage it."
)


@dataclass(frozen=True, slots=True)
class Charset:
    """How a file's characters are bytes; `codec` is Python's name for it."""

    codec: str
    bom: bytes = b""

    @property
    def label(self) -> str:
        """The name for people's eyes."""
        name = CHARSETS.get(self.codec) or self.codec.upper().replace("-LE", " LE").replace("-BE", " BE")
        return f"{name} with BOM" if self.bom and self.codec == "utf-8" else name

    @property
    def hidden(self) -> bool:
        """Whether a file's bytes do not say it by themselves, so that it has to be noted."""
        return self.codec != "utf-8" and not self.bom

    def encode(self, text: str) -> bytes:
        """The bytes of a whole file. Raises: FormatError, naming the first character that this charset lacks."""
        # A text that itself begins with U+FEFF needs a mark before it, or that character would be read as the mark.
        bom = (
            _BOM_CHARACTER.encode(self.codec)
            if text.startswith(_BOM_CHARACTER) and self.codec in _UNICODE
            else self.bom
        )
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
    found = _with_bom(content) or _utf_16(content, known) or _utf_8(content, known) or _legacy(content, known)
    if found is None:
        refuse_binary(content, content.decode("latin-1"))
        raise FormatError("no charset is plausible and gives the same bytes back", public=_NO_CHARSET)
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


def _utf_16(content: bytes, known: str | None) -> tuple[str, Charset] | None:
    """UTF-16 without a mark: its ASCII half shows as NUL in every other byte, or the file is known to be in it."""
    if known in _UTF_16 and (not content or "\0" in (_strict(content, "utf-8") or "\0")):
        codecs: tuple[str, ...] = (known,)
    elif b"\0" in content:
        codecs = tuple(codec for codec, place in _UTF_16.items() if _mostly_nul(content[place::2]))
    else:
        return None
    texts = ((_strict(content, codec), codec) for codec in codecs)
    return next(((text, Charset(codec)) for text, codec in texts if text is not None), None)


def _mostly_nul(half: bytes) -> bool:
    return half.count(0) * 2 > len(half)


def _utf_8(content: bytes, known: str | None) -> tuple[str, Charset] | None:
    """UTF-8, unless the bytes are plain ASCII and the file is known to be in a charset of its own."""
    text = _strict(content, "utf-8")
    if text is None:
        return None
    return text, Charset(known) if known in CHARSETS and content.isascii() else UTF_8


def _legacy(content: bytes, known: str | None) -> tuple[str, Charset] | None:
    codec = known if known in CHARSETS and keeps_bytes(content, known) else guess_codec(content)
    return None if codec is None else (content.decode(codec), Charset(codec))


def _strict(content: bytes, codec: str) -> str | None:
    try:
        text = content.decode(codec)
        return text if text.encode(codec) == content else None
    except UnicodeError:
        return None
