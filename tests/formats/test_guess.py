"""The guess of old charsets, from a few words of many languages."""

# ruff: noqa: RUF001 - the samples are in many scripts

from __future__ import annotations

import random

import pytest

from collab.formats.guess import CHARSETS, guess_codec, keeps_bytes

SAMPLES = [
    ("cp1252", "Élève garçon déjà vu, naïve façade."),
    ("cp1252", "caf\xe9"),
    ("cp1252", "Größe für Äpfel"),
    ("cp1252", "name;prix\nthé;3\ncafé crème;4\n"),
    ("cp1252", "naïve “quotes” – dash"),
    ("cp1252", "El niño está en la montaña. ¿Qué?"),
    ("cp1252", "Não há informação"),
    ("cp1252", "Blåbærsyltetøy på brød"),
    ("cp1252", "# CAFÉ À LA CARTE\n"),
    ("cp1252", "10 µm ± 2 °C, 5 €"),
    ("cp1250", "Zażółć gęślą jaźń"),
    ("cp1250", "Příliš žluťoučký kůň úpěl ďábelské ódy"),
    ("cp1250", "Árvíztűrő tükörfúrógép"),
    ("cp1251", "Съешь ещё этих мягких французских булок"),
    ("cp1251", "Привет"),
    ("koi8-r", "Съешь ещё этих мягких французских булок"),
    ("iso8859-5", "Съешь этих мягких французских булок"),
    ("cp1253", "Ξεσκεπάζω την ψυχοφθόρα βδελυγμία"),
    ("cp1254", "Pijamalı hasta yağız şoföre çabucak güvendi"),
    ("cp1257", "Glāžšķūņa rūķīši dzērumā čiepj"),
    ("cp1256", "نص حكيم له سر قاطع"),
    ("cp874", "เป็นมนุษย์สุดประเสริฐ"),
    ("cp932", "日本語のテキストファイルです。これは長い文章です。"),
    ("euc_jp", "日本語のテキストファイルです。これは長い文章です。"),
    ("gb18030", "这是一个中文文本文件。你好世界，我们在这里工作。"),
    ("big5", "這是一個中文文字檔案。你好世界，我們在這裡工作。"),
    ("cp949", "한국어 텍스트 파일입니다. 안녕하세요 세계"),
    ("mac-roman", "Élève garçon déjà vu, naïve façade."),
    ("cp850", "Élève garçon déjà vu, naïve façade."),
]


@pytest.mark.parametrize(("codec", "text"), SAMPLES)
def test_a_few_words_are_read_as_they_were_written(codec: str, text: str) -> None:
    content = text.encode(codec)

    guessed = guess_codec(content)

    assert guessed is not None
    assert content.decode(guessed) == text


@pytest.mark.parametrize("seed", range(20))
def test_whatever_is_guessed_keeps_every_byte(seed: int) -> None:
    content = random.Random(seed).randbytes(300)

    guessed = guess_codec(content)

    assert guessed is None or keeps_bytes(content, guessed)


@pytest.mark.parametrize("codec", CHARSETS)
def test_every_accepted_charset_contains_ascii_and_is_stateless(codec: str) -> None:
    ascii_text = "".join(map(chr, range(128)))

    assert ascii_text.encode(codec) == ascii_text.encode("ascii")
    assert "a\nb".encode(codec) == "a\n".encode(codec) + "b".encode(codec)
