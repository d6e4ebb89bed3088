"""S14: XML of strangers opens no file, expands nothing, and nests only so deep."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from collab.errors import FormatError, LimitExceeded
from collab.formats.zipped.scan import HAS_DTD, scan
from collab.limits import Limits

LIMITS = Limits()
LAUGHS = "".join(f'<!ENTITY l{n + 1} "{f"&l{n};" * 10}">' for n in range(9))


def documents(file: str, url: str) -> list[str]:
    """Documents that ask for a file, an address, or a lot of memory."""
    return [
        f'<!DOCTYPE a [<!ENTITY l0 "lol">{LAUGHS}]><a>&l9;</a>',
        f'<!DOCTYPE a [<!ENTITY x "{"y" * 1000}">]><a>{"&x;" * 1000}</a>',
        f'<!DOCTYPE a [<!ENTITY x SYSTEM "{file}">]><a>&x;</a>',
        f'<!DOCTYPE a [<!ENTITY x SYSTEM "{url}">]><a>&x;</a>',
        f'<!DOCTYPE a SYSTEM "{url}"><a/>',
        f'<!DOCTYPE a PUBLIC "-//x//y" "{url}"><a/>',
        f'<!DOCTYPE a SYSTEM "{file}"><a/>',
        f'<!DOCTYPE a [<!ENTITY % x SYSTEM "{url}">%x;]><a/>',
        f'<!DOCTYPE a [<!ENTITY % f SYSTEM "{file}"><!ENTITY % e "<!ENTITY s SYSTEM \'{url}?%f;\'>">%e;]><a>&s;</a>',
        '<!DOCTYPE a [<!ENTITY a "&b;"><!ENTITY b "&a;">]><a>&a;</a>',
        '<!DOCTYPE a [<!ATTLIST a b CDATA "default">]><a/>',
        "<!DOCTYPE a [<!ELEMENT a ANY>]><a/>",
        f'<!DOCTYPE a [<!NOTATION n SYSTEM "{url}"><!ENTITY x SYSTEM "{file}" NDATA n>]><a/>',
        "<!DOCTYPE a><a/>",
        "<a>&undefined;</a>",
        "<a>&#0;</a>",
        "<a>&#xD800;</a>",
        "<a>" * 300 + "</a>" * 300,
        "<a " + " ".join(f'b{n}=""' for n in range(501)) + "/>",
        '<a b="1" b="2"/>',
        "<x:a/>",
    ]


@pytest.fixture
def listener() -> socket.socket:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        yield server


def test_hostile_documents_are_refused_and_nothing_is_fetched(tmp_path: Path, listener: socket.socket) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("secret", encoding="utf-8")
    hostile = documents(secret.as_uri(), f"http://127.0.0.1:{listener.getsockname()[1]}/x.dtd")
    accessed = secret.stat().st_atime_ns

    for document in hostile:
        with pytest.raises((FormatError, LimitExceeded)):
            scan(document.encode(), LIMITS)

    assert secret.stat().st_atime_ns == accessed
    with pytest.raises(BlockingIOError):
        listener.accept()


def test_a_document_type_is_refused_with_that_reason() -> None:
    with pytest.raises(FormatError) as caught:
        scan(b"<!DOCTYPE a><a/>", LIMITS)

    assert caught.value.public == HAS_DTD


def test_an_inclusion_is_only_an_element(tmp_path: Path) -> None:
    found = scan(b"<a xmlns:xi='http://www.w3.org/2001/XInclude'><xi:include href='file:///etc/passwd'/></a>", LIMITS)

    assert found.root.text() == ""


def test_instructions_that_name_a_style_sheet_are_only_kept() -> None:
    found = scan(b"<a><?xml-stylesheet href='http://127.0.0.1:9/'?></a>", LIMITS)

    assert found.source(found.root.children[0]).startswith(b"<?xml-stylesheet")
