"""S13: archives that are bombs or traps are refused before they are unpacked, whole or in part."""

from __future__ import annotations

import io
import random
import struct
import zipfile
import zlib

import psutil
import pytest

from collab.errors import FormatError, LimitExceeded
from collab.formats.zipped.package import ENCRYPTED, Package
from collab.limits import MIB, Limits

LIMITS = Limits()


def zipped(parts: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as package:
        for name, content in parts.items():
            package.writestr(name, content)
    return buffer.getvalue()


def directory_of(content: bytes) -> int:
    return content.index(b"PK\1\2")


def with_field(content: bytes, offset: int, value: int, size: str = "<L") -> bytes:
    """The first directory entry with another value."""
    at = directory_of(content) + offset
    new = struct.pack(size, value)
    return content[:at] + new + content[at + len(new) :]


def overlapped(copies: int) -> bytes:
    """One kernel of data that many directory entries share, as David Fifield's bombs do."""
    content = zipped({"a": b"x" * 1000})
    start = directory_of(content)
    end = content.index(b"PK\5\6")
    entries = b"".join(content[start:end].replace(b"a", chr(98 + n).encode()) for n in range(copies))
    tail = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, copies, copies, len(entries), start, 0)
    return content[:start] + entries + tail


def test_a_member_that_unpacks_to_a_thousand_times_its_size_is_refused_by_its_ratio() -> None:
    with pytest.raises(LimitExceeded) as caught:
        Package.open(zipped({"content.xml": b" " * 20 * MIB}), LIMITS)

    assert caught.value.limit == "package_ratio"


def test_members_that_are_too_many_or_too_large_together_are_refused() -> None:
    with pytest.raises(LimitExceeded) as caught:
        Package.open(zipped({str(n): b"" for n in range(5001)}), LIMITS)
    assert caught.value.limit == "package_members"

    with pytest.raises(LimitExceeded) as caught:
        Package.open(zipped({str(n): b"x" * 100 for n in range(11)}), Limits(package_unpacked_bytes=1000))
    assert caught.value.limit == "package_unpacked_bytes"


def test_overlapped_members_are_refused() -> None:
    with pytest.raises(FormatError):
        Package.open(overlapped(3), LIMITS)


def test_a_member_inside_another_is_refused() -> None:
    inner = zipped({"b": b"x" * 50})
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as package:
        package.writestr("a", inner)
        package.writestr("b", b"x" * 50)
    content = buffer.getvalue()
    second = content.index(b"PK\1\2", content.rindex(b"PK\1\2") - 1)
    inside = content.index(b"PK\3\4", 4)
    with pytest.raises(FormatError):
        Package.open(content[: second + 42] + struct.pack("<L", inside) + content[second + 46 :], LIMITS)


@pytest.mark.parametrize("lie", [10, 2 * MIB, 0])
def test_a_member_that_lies_about_its_size_is_refused_and_costs_only_what_it_promised(lie: int) -> None:
    package = Package.open(with_field(zipped({"a": b"x" * MIB}), 24, lie), LIMITS)

    before = psutil.Process().memory_info().rss
    with pytest.raises(FormatError):
        package.read("a")
    assert psutil.Process().memory_info().rss - before < 64 * MIB


def test_a_member_whose_checksum_is_wrong_is_refused() -> None:
    package = Package.open(with_field(zipped({"a": b"x" * 100}), 16, 1), LIMITS)

    with pytest.raises(FormatError):
        package.read("a")


@pytest.mark.parametrize("name", ["../a", "/a", "a/../../b", "a\\..\\b", "a//b", "./a", "C:/../x/.."])
def test_names_that_lead_elsewhere_are_refused(name: str) -> None:
    with pytest.raises(FormatError):
        Package.open(zipped({name: b""}), LIMITS)


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_two_members_of_one_name_are_refused() -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as package:
        package.writestr("content.xml", b"<a/>")
        package.writestr("content.xml", b"<b/>")

    with pytest.raises(FormatError):
        Package.open(buffer.getvalue(), LIMITS)


def test_a_local_header_that_names_another_member_is_refused() -> None:
    content = zipped({"aaaa": b"x"})
    with pytest.raises(FormatError):
        Package.open(content.replace(b"aaaa", b"bbbb", 1), LIMITS)


def test_encrypted_members_are_refused_with_that_reason() -> None:
    with pytest.raises(FormatError) as caught:
        Package.open(with_field(zipped({"a": b"x"}), 8, 1, "<H"), LIMITS)

    assert caught.value.public == ENCRYPTED


def test_a_quine_is_a_package_like_any_other_and_is_never_opened_again() -> None:
    inner = zipped({"r/r.zip": b"PK\3\4" * 100})
    package = Package.open(zipped({"r/r.zip": inner}), LIMITS)

    assert package.read("r/r.zip") == inner


def test_a_part_over_the_limit_is_not_unpacked() -> None:
    package = Package.open(zipped({"a": random.Random(1).randbytes(2000)}), Limits(part_size_bytes=1000))

    with pytest.raises(LimitExceeded):
        package.read("a")


def test_cut_and_flipped_packages_are_opened_or_refused_and_nothing_else() -> None:
    rng = random.Random(13)
    sound = zipped({"content.xml": b"<a>text</a>" * 50, "styles.xml": b"<b/>", "p/q.bin": rng.randbytes(300)})
    outcomes = set()
    for _ in range(5000):
        content = bytearray(sound)
        for _ in range(rng.randrange(1, 4)):
            at = rng.randrange(len(content))
            content[at : at + rng.choice((0, 1, 1, 8))] = rng.randbytes(rng.choice((0, 1, 1, 4)))
        try:
            package = Package.open(bytes(content), LIMITS)
            for name in package.members:
                package.read(name)
            outcomes.add("opened")
        except (FormatError, LimitExceeded):
            outcomes.add("refused")
    assert outcomes == {"opened", "refused"}


def test_deflate_that_ends_too_early_or_too_late_is_refused() -> None:
    packed = zlib.compress(b"x" * 100)[2:-4]
    for wrong in (packed[:-2], packed + b"more"):
        name = b"a"
        shared = (0, 8, 0, 0x21, zlib.crc32(b"x" * 100), len(wrong), 100, 1, 0)
        header = struct.pack("<4s5H3L2H", b"PK\3\4", 20, *shared) + name
        entry = struct.pack("<4s6H3L5H2L", b"PK\1\2", 20, 20, *shared, 0, 0, 0, 0, 0) + name
        at = len(header) + len(wrong)
        end = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 1, 1, len(entry), at, 0)
        package = Package.open(header + wrong + entry + end, LIMITS)
        with pytest.raises(FormatError):
            package.read("a")
