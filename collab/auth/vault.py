"""Owns the sealing of other people's secrets: AES-GCM with the registry's key; knows no secret's meaning."""

from __future__ import annotations

import base64
import binascii
import secrets

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

KEY_BYTES = 32
_NONCE_BYTES = 12


class KeyVault:
    """Seals and opens with one key. What is sealed for one purpose opens for no other."""

    def __init__(self, key: bytes) -> None:
        self._cipher = AESGCM(key)

    def seal(self, secret: str, purpose: str) -> bytes:
        """Unreadable for whoever has not the key."""
        nonce = secrets.token_bytes(_NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, secret.encode(), purpose.encode())

    def open(self, sealed: bytes, purpose: str) -> str:
        """The opposite of `seal`. Raises: ValueError (not sealed by us for this)."""
        try:
            return self._cipher.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], purpose.encode()).decode()
        except (InvalidTag, ValueError):
            raise ValueError("not sealed by us") from None

    def seal_text(self, secret: str, purpose: str) -> str:
        """As `seal`, for a token's claim."""
        return base64.urlsafe_b64encode(self.seal(secret, purpose)).decode()

    def open_text(self, sealed: str, purpose: str) -> str:
        """The opposite of `seal_text`. Raises: ValueError."""
        try:
            return self.open(base64.urlsafe_b64decode(sealed), purpose)
        except binascii.Error:
            raise ValueError("not sealed by us") from None
