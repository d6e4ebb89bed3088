"""Owns the proof that a request to a WOPI host is ours: two RSA keys, what is signed, what discovery tells of them.

Both keys sign every request, so that a host which still knows the old ones of before a rotation accepts it. Knows no
store and no socket.
"""

from __future__ import annotations

import base64
import json
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

KEY_BITS = 2048
_EXPONENT = 65537
_EPOCH_TICKS = 621_355_968_000_000_000
_TICKS_PER_MS = 10_000
_CAPI_HEADER = bytes.fromhex("06020000 00a40000".replace(" ", "")) + b"RSA1"


@dataclass(frozen=True)
class ProofKey:
    """One RSA key."""

    pem: bytes = field(repr=False)

    @classmethod
    def new(cls) -> ProofKey:
        """A fresh one; takes a moment."""
        private = rsa.generate_private_key(_EXPONENT, KEY_BITS)
        form = serialization.PrivateFormat.PKCS8
        return cls(private.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()))

    @cached_property
    def _private(self) -> rsa.RSAPrivateKey:
        key = serialization.load_pem_private_key(self.pem, None)
        if not isinstance(key, rsa.RSAPrivateKey):
            raise ValueError("no RSA key")
        return key

    def sign(self, message: bytes) -> str:
        """RSASSA-PKCS1-v1_5 over SHA-256, as base64."""
        return base64.b64encode(self._private.sign(message, padding.PKCS1v15(), hashes.SHA256())).decode()

    @property
    def modulus(self) -> str:
        """Base64 of the big-endian bytes, without a byte for the sign."""
        return base64.b64encode(self._modulus_bytes).decode()

    @property
    def exponent(self) -> str:
        number = self._private.public_key().public_numbers().e
        return base64.b64encode(number.to_bytes((number.bit_length() + 7) // 8, "big")).decode()

    @property
    def capi_blob(self) -> str:
        """The public key as Microsoft's cryptography interface writes it, base64."""
        numbers, modulus = self._private.public_key().public_numbers(), self._modulus_bytes
        head = struct.pack("<II", len(modulus) * 8, numbers.e)
        return base64.b64encode(_CAPI_HEADER + head + modulus[::-1]).decode()

    @property
    def _modulus_bytes(self) -> bytes:
        number = self._private.public_key().public_numbers().n
        return number.to_bytes((number.bit_length() + 7) // 8, "big")


@dataclass(frozen=True)
class ProofKeys:
    """The key of now and the one before; equal until the first rotation."""

    current: ProofKey
    old: ProofKey

    @classmethod
    def new(cls) -> ProofKeys:
        key = ProofKey.new()
        return cls(key, key)

    def rotated(self) -> ProofKeys:
        """A new current key; the present one becomes the old one."""
        return ProofKeys(ProofKey.new(), self.current)

    def dump(self) -> bytes:
        """For the registry."""
        return json.dumps({"current": self.current.pem.decode(), "old": self.old.pem.decode()}).encode()

    @classmethod
    def load(cls, content: bytes) -> ProofKeys:
        """The opposite of `dump`. Raises: ValueError."""
        plain = json.loads(content)
        try:
            return cls(ProofKey(plain["current"].encode()), ProofKey(plain["old"].encode()))
        except (KeyError, TypeError, AttributeError):
            raise ValueError("no proof keys") from None

    def headers(self, token: str, url: str, wall_ms: int) -> Mapping[str, str]:
        """What a request needs; `url` as it is sent, `token` decoded."""
        ticks = ticks_of(wall_ms)
        message = proof_message(token, url, ticks)
        proof = self.current.sign(message)
        old = proof if self.old.pem == self.current.pem else self.old.sign(message)
        return {"X-WOPI-Proof": proof, "X-WOPI-ProofOld": old, "X-WOPI-TimeStamp": str(ticks)}

    def attributes(self) -> Mapping[str, str]:
        """Of the element `proof-key` in discovery. Some hosts read the old ones without asking for them."""
        parts = (("", self.current), ("old", self.old))
        return {
            f"{prefix}{name}": value
            for prefix, key in parts
            for name, value in (("value", key.capi_blob), ("modulus", key.modulus), ("exponent", key.exponent))
        }


def ticks_of(wall_ms: int) -> int:
    """A time as .NET counts: tenths of a microsecond since the year 1."""
    return _EPOCH_TICKS + wall_ms * _TICKS_PER_MS


def proof_message(token: str, url: str, ticks: int) -> bytes:
    """The bytes that are signed."""
    parts = (token.encode(), url.upper().encode(), struct.pack(">q", ticks))
    return b"".join(struct.pack(">i", len(part)) + part for part in parts)
