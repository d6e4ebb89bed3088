"""The host's check of our proof with nothing but the standard library: no line of it is shared with what signs."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from xml.etree import ElementTree

_SHA256_PREFIX = bytes.fromhex("3031300d060960864801650304020105000420")
_TWENTY_MINUTES_TICKS = 20 * 60 * 10_000_000
_YEAR_ONE_TO_1970_S = 62_135_596_800


def keys_of(discovery: bytes) -> dict[str, str]:
    """The attributes of `proof-key`."""
    found = ElementTree.fromstring(discovery).find("proof-key")  # noqa: S314 - our own document
    assert found is not None
    return dict(found.attrib)


def rsa_accepts(modulus: str, exponent: str, message: bytes, signature: str) -> bool:
    """RSASSA-PKCS1-v1_5 with SHA-256, by hand."""
    n = int.from_bytes(base64.b64decode(modulus), "big")
    e = int.from_bytes(base64.b64decode(exponent), "big")
    size = (n.bit_length() + 7) // 8
    try:
        raw = base64.b64decode(signature, validate=True)
    except ValueError:
        return False
    if len(raw) != size:
        return False
    opened = pow(int.from_bytes(raw, "big"), e, n).to_bytes(size, "big")
    digest = _SHA256_PREFIX + hashlib.sha256(message).digest()
    return opened == b"\x00\x01" + b"\xff" * (size - len(digest) - 3) + b"\x00" + digest


def expected_message(token: str, url: str, ticks: int) -> bytes:
    """What must have been signed."""
    out = bytearray()
    for part in (token.encode("utf-8"), url.upper().encode("utf-8"), ticks.to_bytes(8, "big")):
        out += len(part).to_bytes(4, "big") + part
    return bytes(out)


def host_accepts(keys: Mapping[str, str], headers: Mapping[str, str], url: str, token: str, now_s: float) -> bool:
    """As hosts do: the proof by either key, or the old proof by the current key; and not too old."""
    try:
        ticks = int(headers["x-wopi-timestamp"])
        proof, old = headers["x-wopi-proof"], headers["x-wopi-proofold"]
    except (KeyError, ValueError):
        return False
    now_ticks = int((now_s + _YEAR_ONE_TO_1970_S) * 10_000_000)
    if abs(now_ticks - ticks) > _TWENTY_MINUTES_TICKS:
        return False
    message = expected_message(token, url, ticks)
    current = (keys["modulus"], keys["exponent"])
    before = (keys["oldmodulus"], keys["oldexponent"])
    return (
        rsa_accepts(*current, message, proof)
        or rsa_accepts(*current, message, old)
        or rsa_accepts(*before, message, proof)
    )
