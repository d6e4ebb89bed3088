"""Owns the guess which old charset a file is in, by how plausible its characters look; knows nothing but bytes.

General detectors are made for whole web pages and err on short files; here a wrong guess costs little (every byte is
kept, only shown wrongly), but the likely charsets of a share must come out right from a few words: Western and Central
European, Cyrillic, Greek, Turkish, Baltic, Hebrew, Arabic, Thai, Japanese, Chinese, Korean. Each candidate decodes a
sample, and each character that is not ASCII costs the more the less likely it is in a text. The first of the cheapest
candidates wins, so the table's order breaks ties.
"""

# ruff: noqa: RUF001 - look-alikes are what this table is about

from __future__ import annotations

import codecs
import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache

CHARSETS = {
    "cp1252": "Windows-1252",
    "cp1250": "Windows-1250",
    "cp932": "Shift JIS",
    "gb18030": "GB 18030",
    "euc_jp": "EUC-JP",
    "big5": "Big5",
    "cp949": "Korean (949)",
    "cp1251": "Windows-1251",
    "koi8-r": "KOI8-R",
    "koi8-u": "KOI8-U",
    "cp1253": "Windows-1253",
    "cp1254": "Windows-1254",
    "cp1257": "Windows-1257",
    "cp1255": "Windows-1255",
    "cp1256": "Windows-1256",
    "cp874": "Windows-874",
    "cp1258": "Windows-1258",
    "iso8859-1": "ISO 8859-1",
    "iso8859-2": "ISO 8859-2",
    "iso8859-5": "ISO 8859-5",
    "iso8859-7": "ISO 8859-7",
    "iso8859-9": "ISO 8859-9",
    "iso8859-15": "ISO 8859-15",
    "cp866": "DOS 866",
    "cp850": "DOS 850",
    "cp852": "DOS 852",
    "mac-roman": "Mac Roman",
    "cp437": "DOS 437",
}
"""Every accepted codec and its name for people; all are stateless and contain ASCII."""

_COMMON = {
    "cp1252": "àâäçèéêëîïôöùûüœßñáíóúãõåøæìòÀÂÄÇÈÉÊÎÔÖÜÑÅØÆŒ",
    "cp1250": "ąćęłńóśźżáčďéěíňřšťúůýžöüőűăâîşţđäôľĺŕßĄĆĘŁŃÓŚŹŻÁČĎÉĚÍŘŠŤÚŮÝŽÖÜŐ",
    "cp1254": "çğıöşüâîûÇĞİÖŞÜ",
    "cp1257": "āčēģīķļņšūžąęėįųõäöüĀČĒĢĪĶĻŅŠŪŽĄĘĖĮŲÕÄÖÜ",
    "cp1258": "ăâđêôơưàáãèéìíòóùúý\u0300\u0301\u0303\u0309\u0323₫",
}
_SAME_LETTERS = {
    "iso8859-1": "cp1252",
    "iso8859-15": "cp1252",
    "mac-roman": "cp1252",
    "cp850": "cp1252",
    "cp437": "cp1252",
    "iso8859-2": "cp1250",
    "cp852": "cp1250",
    "iso8859-9": "cp1254",
}
_LEVEL_1 = {"gb18030": ("gb2312", 0xD8), "cp932": ("euc_jp", 0xD0), "euc_jp": ("euc_jp", 0xD0), "big5": ("big5", 0xC7)}
"""Where a national set keeps its frequent ideographs: the codec to ask and the first byte behind them."""
_SCRIPTS = {
    "koi8-r": "CYRILLIC",
    "koi8-u": "CYRILLIC",
    "cp1251": "CYRILLIC",
    "iso8859-5": "CYRILLIC",
    "cp866": "CYRILLIC",
    "cp1253": "GREEK",
    "iso8859-7": "GREEK",
    "cp1255": "HEBREW",
    "cp1256": "ARABIC",
    "cp874": "THAI",
}
_TYPOGRAPHY = set("\u00a0–—‘’‚“”„…«»°§·€£©®™½×±µ²³•†¿¡№")
_WIDE_PUNCTUATION = set("、。，！？：；（）「」『』《》“”ー・～　")
_RARE_LETTERS = set("ЂЃѓЉЊЌЋЏђљњќћџЎўЈјҐъщшэцфюйЪЩШЭЦФЮЙЁ")
_UNLIKELY = {
    **dict.fromkeys(("cp866", "cp850", "cp852", "mac-roman", "cp437"), 0.08),
    **dict.fromkeys(("cp1253", "cp1255", "cp1256", "cp874", "cp1258"), 0.03),
}
_WORD_END = re.compile(rb"[\x80-\xff][^\x00-\x20]*")
_WORD_HEAD = re.compile(rb"[!-~]{0,16}\Z")
_SAMPLE_SIZE = 2_048
_REFUSED = 0.25
"""A mean cost beyond this is no text in that charset."""


def guess_codec(content: bytes) -> str | None:
    """The most plausible codec of bytes that are not UTF-8, None when no candidate looks like a text.

    The whole content can be decoded by it, and encoding that gives the same bytes.
    """
    sample = _sample(content)
    costs = sorted((_cost(sample, codec), place, codec) for place, codec in enumerate(CHARSETS))
    for cost, _, codec in costs:
        if cost > _REFUSED:
            return None
        if keeps_bytes(content, codec):
            return codec
    return None


def keeps_bytes(content: bytes, codec: str) -> bool:
    """Whether the content can be decoded, and encoded again to the same bytes."""
    try:
        return content.decode(codec).encode(codec) == content
    except UnicodeError:
        return False


def _sample(content: bytes) -> bytes:
    """The first words with bytes that are not ASCII; the others say nothing."""
    words = []
    size = 0
    for found in _WORD_END.finditer(content):
        head = _WORD_HEAD.search(content, max(0, found.start() - 16), found.start())
        words.append((head[0] if head else b"") + found[0])
        size += len(words[-1]) + 1
        if size > _SAMPLE_SIZE:
            break
    return b" ".join(words)[:_SAMPLE_SIZE]


def _cost(sample: bytes, codec: str) -> float:
    """The mean cost of the characters that are not ASCII."""
    try:
        text = codecs.getincrementaldecoder(codec)().decode(sample)  # which may end within a character
    except UnicodeError:
        return 2.0
    # Counted by bytes, so that a charset of two bytes a character gains nothing from having fewer of them.
    size = sum(byte > 0x7F for byte in sample) or 1
    return sum(_costs(text, codec)) / size + _UNLIKELY.get(codec, 0.0)


def _costs(text: str, codec: str) -> Iterator[float]:
    previous = "\n"
    for character in text:
        if character > "\x7f":
            cost = _character_cost(character, codec) + _neighbour_cost(previous, character)
            yield cost * (2 if len(character.encode(codec)) > 1 else 1)
        elif previous > "\x7f" and character.isalpha():
            yield _neighbour_cost(previous, character)
        previous = character


@lru_cache(maxsize=8_192)
def _character_cost(character: str, codec: str) -> float:
    if character in _TYPOGRAPHY or character in _WIDE_PUNCTUATION:
        return 0.05
    category = unicodedata.category(character)
    if category in ("Cc", "Cn", "Co", "Cf"):
        return 3.0
    if category[0] not in "LM":
        return 1.0
    if category == "Mn" and codec not in ("cp874", "cp1258"):
        return 0.5
    return _letter_cost(character, codec)


def _letter_cost(character: str, codec: str) -> float:
    script = _SCRIPTS.get(codec)
    name = unicodedata.name(character, "")
    if script is not None:
        if not name.startswith(script):
            return 0.5
        return 0.07 if character in _RARE_LETTERS or character.isupper() else 0.0
    common = _COMMON.get(_SAME_LETTERS.get(codec, codec))
    if common is not None:
        return 0.0 if character in common and not character.isupper() else 0.1 if character in common else 0.5
    return _east_asian_cost(character, codec, name)


def _east_asian_cost(character: str, codec: str, name: str) -> float:
    if name.startswith("HANGUL"):
        return 0.0 if codec == "cp949" and len(character.encode("euc_kr", "ignore")) == 2 else 0.5
    if name.startswith(("HIRAGANA", "KATAKANA")):
        return 0.0 if codec in ("cp932", "euc_jp") else 0.5
    if not name.startswith("CJK UNIFIED"):
        return 1.0
    national, rare = _LEVEL_1.get(codec, ("", 0))
    encoded = character.encode(national, "ignore") if national else b""
    return 0.05 if encoded and encoded[0] < rare else 0.4


def _neighbour_cost(previous: str, character: str) -> float:
    """Within a word a small letter is not followed by a capital, nor one script by another, and in Latin script two
    letters beyond ASCII seldom meet."""
    if not (previous.isalpha() and character.isalpha()):
        return 0.0
    if "\x7f" < previous < "\u0250" and "\x7f" < character < "\u0250":
        return 0.75 if previous.islower() and character.isupper() else 0.15
    flipped = previous.islower() and character.isupper()
    return (0.6 if flipped else 0.0) + (0.6 if _script(previous) != _script(character) else 0.0)


@lru_cache(maxsize=8_192)
def _script(character: str) -> str:
    name = unicodedata.name(character, "").partition(" ")[0]
    return "HAN" if name in ("CJK", "HIRAGANA", "KATAKANA", "KATAKANA-HIRAGANA") else name
