"""Laws of the scan: every node's span is exactly its bytes, whatever way it is written."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collab.errors import FormatError, LimitExceeded
from collab.formats.zipped.package import Package
from collab.formats.zipped.patch import Patch, apply_patches, escape_attribute, escape_text
from collab.formats.zipped.scan import COMMENT, Node, Scan, Text, scan
from collab.limits import Limits

LIMITS = Limits()
NAMES = {"urn:one": "one"}


def spans(found: Scan) -> list[bytes]:
    return [found.source(child) for child in found.root.children]


def test_spans_are_the_bytes_of_nodes_and_texts() -> None:
    content = (
        b"\xef\xbb\xbf<?xml version='1.0'?><a><b/>x &amp; \xc3\xbc<!-- c --><c d='>/>'></c><![CDATA[<q>]]>&lt;</a >"
    )

    found = scan(content, LIMITS)

    assert spans(found) == [
        b"<b/>",
        b"x &amp; \xc3\xbc",
        b"<!-- c -->",
        b"<c d='>/>'></c>",
        b"<![CDATA[<q>]]>&lt;",
    ]
    texts = [child.value for child in found.root.children if isinstance(child, Text)]
    assert texts == ["x & ü", "<q><"]
    assert found.source(found.root) == content[content.index(b"<a>") :]


def test_names_have_the_canonical_prefix_of_their_namespace() -> None:
    found = scan(b"<q:a xmlns:q='urn:one' xmlns:z='urn:two' q:b='1' z:c='2' d='3'><e/></q:a>", LIMITS, NAMES)

    assert found.root.name == "one:a"
    assert found.root.attrs == {"one:b": "1", "{urn:two}c": "2", "d": "3"}
    assert found.prefixes == {"urn:one": "q", "urn:two": "z"}


def test_an_empty_tag_has_no_inside_and_an_empty_pair_has_one() -> None:
    found = scan(b"<a><b /><c></c></a>", LIMITS)

    empty, pair = found.root.elements
    assert (empty.inner_start, empty.inner_end) == (-1, -1)
    assert found.tag(empty) == b"<b />"
    assert pair.inner_start == pair.inner_end >= 0


def test_comments_are_nodes_but_no_elements() -> None:
    found = scan(b"<a><!--x--><b/></a>", LIMITS)

    assert [child.name for child in found.root.children if isinstance(child, Node)] == [COMMENT, "b"]
    assert [child.name for child in found.root.elements] == ["b"]


def test_depth_attributes_nodes_and_size_have_limits() -> None:
    small = Limits(xml_depth=3, xml_attributes=2, xml_nodes=5, part_size_bytes=100)
    scan(b"<a><b><c d='' e=''/></b></a>", small)
    for hostile in (b"<a><b><c><d/></c></b></a>", b"<a b='' c='' d=''/>", b"<a>" + b"<b/>" * 5 + b"</a>", b" " * 101):
        with pytest.raises(LimitExceeded):
            scan(hostile, small)


@pytest.mark.parametrize(
    "content", [b"", b"<a>", b"<a/><b/>", "<?xml version='1.0' encoding='utf-16'?><a/>".encode("utf-16")]
)
def test_what_is_not_well_formed_utf_8_is_refused(content: bytes) -> None:
    with pytest.raises(FormatError):
        scan(content, LIMITS)


XML_TEXT = st.text(
    st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff") | st.sampled_from("\t\n")
)


@given(XML_TEXT, XML_TEXT)
def test_escaped_characters_read_back(text: str, value: str) -> None:
    found = scan(b'<a b="' + escape_attribute(value) + b'">' + escape_text(text) + b"</a>", LIMITS)

    assert found.root.text() == text
    assert found.root.attrs["b"] == value


def test_patches_are_applied_in_order_and_never_over_each_other() -> None:
    assert (
        apply_patches(b"abcdef", [Patch(3, 4, b"X"), Patch(1, 1, b"1"), Patch(1, 1, b"2"), Patch(1, 2, b"")])
        == b"a12cXef"
    )
    with pytest.raises(FormatError):
        apply_patches(b"abcdef", [Patch(1, 4, b""), Patch(2, 3, b"")])


def test_spans_of_the_corpus_nest_and_touch(corpus: Path) -> None:
    for path in sorted((corpus / "odt").iterdir())[:25]:
        if path.stat().st_size > 300_000:
            continue
        try:
            content = Package.open(path.read_bytes(), LIMITS).read("content.xml")
            found = scan(content, LIMITS)
        except FormatError:
            continue
        for node in found.root.walk():
            at = node.inner_start
            for child in node.children:
                assert child.start == at, path.name
                at = child.end
            assert at == node.inner_end
