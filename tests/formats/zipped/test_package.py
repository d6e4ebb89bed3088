"""Laws of a zip's copy: what is not replaced keeps its bytes, and the copy is a zip that others read."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest

from collab.errors import FormatError
from collab.formats.zipped.package import Package
from collab.formats.zipped.patch import prove, save_parts
from collab.limits import Limits

LIMITS = Limits()
KINDS = ("odt", "ott", "docx", "docm", "ods", "xlsx", "xlsm")


class _Pipe(io.RawIOBase):
    """A file that cannot seek, so that zipfile writes descriptors behind the data."""

    def __init__(self) -> None:
        self.content = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, content: object) -> int:
        self.content += bytes(content)  # type: ignore[call-overload]
        return len(bytes(content))  # type: ignore[call-overload]


def zipped(parts: dict[str, bytes], *, streamed: bool = False) -> bytes:
    pipe, buffer = _Pipe(), io.BytesIO()
    with zipfile.ZipFile(pipe if streamed else buffer, "w", zipfile.ZIP_DEFLATED) as package:  # type: ignore[arg-type]
        for name, content in parts.items():
            package.writestr(name, content, zipfile.ZIP_STORED if name == "mimetype" else None)
        package.comment = b"a comment"
    return bytes(pipe.content) if streamed else buffer.getvalue()


PARTS = {"mimetype": b"application/x", "content.xml": b"<a>" + b"x" * 5000 + b"</a>", "Pictures/a.png": b"\x89PNG" * 9}


@pytest.mark.parametrize("streamed", [False, True])
def test_a_replaced_part_reads_back_and_all_others_keep_their_bytes(streamed: bool) -> None:
    before = Package.open(zipped(PARTS, streamed=streamed), LIMITS)

    content = before.replaced({"content.xml": b"<b/>"})

    after = Package.open(content, LIMITS)
    assert after.read("content.xml") == b"<b/>"
    assert [after.raw(name) == before.raw(name) for name in PARTS] == [True, False, True]
    with zipfile.ZipFile(io.BytesIO(content)) as package:
        assert package.testzip() is None
        assert package.comment == b"a comment"
        assert package.namelist() == list(PARTS)


def test_a_new_part_stands_behind_the_others() -> None:
    before = Package.open(zipped(PARTS), LIMITS)

    content = before.replaced({}, {"Pictures/ü.png": b"new"})

    with zipfile.ZipFile(io.BytesIO(content)) as package:
        assert package.read("Pictures/ü.png") == b"new"
    assert Package.open(content, LIMITS).raw("mimetype") == before.raw("mimetype")


def test_the_same_part_again_gives_the_same_file() -> None:
    content = zipped(PARTS)
    package = Package.open(content, LIMITS)

    assert save_parts(package, {"content.xml": PARTS["content.xml"]}, LIMITS) == content


def test_a_result_with_a_changed_neighbour_is_refused() -> None:
    package = Package.open(zipped(PARTS), LIMITS)
    wrong = zipped({**PARTS, "content.xml": b"<b/>", "Pictures/a.png": b"other"})

    with pytest.raises(FormatError):
        prove(package, wrong, {"content.xml": b"<b/>"}, LIMITS)


def test_a_result_that_is_not_well_formed_is_refused() -> None:
    package = Package.open(zipped(PARTS), LIMITS)

    with pytest.raises(FormatError):
        save_parts(package, {"content.xml": b"<b>"}, LIMITS)


def test_signatures_are_seen() -> None:
    assert Package.open(zipped({"META-INF/documentsignatures.xml": b"<x/>"}), LIMITS).signed
    assert not Package.open(zipped(PARTS), LIMITS).signed


def test_every_package_of_the_corpus_opens_and_keeps_its_other_members(corpus: Path) -> None:
    paths = [path for kind in KINDS for path in sorted((corpus / kind).iterdir()) if path.stat().st_size < 10**7]
    opened = 0
    for path in paths:
        try:
            package = Package.open(path.read_bytes(), LIMITS)
        except FormatError:
            with pytest.raises(zipfile.BadZipFile):
                zipfile.ZipFile(path).testzip()
            continue
        name = next(name for name in package.members if name.endswith(".xml"))
        after = Package.open(package.replaced({name: b"<x/>"}), LIMITS)
        assert all(after.raw(other) == package.raw(other) for other in package.members if other != name), path.name
        opened += 1
    assert opened > 0.9 * len(paths)
