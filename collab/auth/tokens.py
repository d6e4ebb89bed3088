"""Owns signed tokens: making, checking, and what they say; knows no request and no store.

One purpose, one audience: a token for the API is no session cookie and no room token.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TypeVar

import jwt

from collab.auth.colors import color_of
from collab.clock import Clock
from collab.errors import ConfigError, Unauthenticated
from collab.protocol.roles import Identity, Role

_Item = TypeVar("_Item")

SECRET_MIN_BYTES = 32
_ALGORITHM = "HS256"
_NAME_LENGTH = 80
_ID_LENGTH = 200
_SEALED_LENGTH = 24_576
_SHARE = "share:"


class Purpose(StrEnum):
    """What a token is for; its audience."""

    ACCESS = "collab/access"
    """Made by `collab token` or a site's own login: the API, and to be swapped for a session."""
    SESSION = "collab/session"
    """The browser's cookie."""
    ROOM = "collab/room"
    """One document, one history: the WebSocket."""


@dataclass(frozen=True, slots=True)
class Scope:
    """A part of the shared folders; `path` is a folder or file below `root`, empty for all of it."""

    root: str
    path: str = ""

    def covers(self, root: str, path: str) -> bool:
        return self.root == root and (not self.path or path == self.path or path.startswith(self.path + "/"))


@dataclass(frozen=True, slots=True)
class Grant:
    """What a valid token says: who, which role, where, until when.

    `chain` holds the revocation subjects of the tokens and shares that this one was made from, so that revoking the
    first takes all of them.
    """

    token_id: str
    user_id: str
    name: str
    role: Role
    expires_s: int
    scopes: tuple[Scope, ...] | None = None
    document_id: str | None = None
    history_id: str | None = None
    chain: tuple[str, ...] = ()
    until_s: int | None = None
    """When the right that this token was made from ends: a socket that is open may stay until then."""
    once: bool = False
    """Opens a server in open mode, one time."""
    sealed: str | None = field(default=None, repr=False)
    """The person's secret at the storage, readable for our servers only: a door's token in the token of ours."""

    @property
    def share_id(self) -> str | None:
        """The share link that this came by."""
        return next((name.removeprefix(_SHARE) for name in self.chain if name.startswith(_SHARE)), None)

    @property
    def identity(self) -> Identity:
        color = color_of(self.user_id)
        return Identity(self.user_id, self.name, color.on_light, color.on_dark)

    @property
    def subjects(self) -> frozenset[str]:
        """The names under which this token can be revoked."""
        return frozenset({f"jti:{self.token_id}", f"sub:{self.user_id}", *self.chain})

    def covers(self, root: str, path: str) -> bool:
        return self.scopes is None or any(scope.covers(root, path) for scope in self.scopes)


def check_secret(secret: str) -> None:
    """Raises: ConfigError when the secret is too short to sign with."""
    if len(secret.encode()) < SECRET_MIN_BYTES:
        raise ConfigError(
            f"The secret (COLLAB_AUTH_SECRET) must have at least {SECRET_MIN_BYTES} bytes; "
            'make one with: python -c "import secrets; print(secrets.token_urlsafe(48))"'
        )


def digest(secret: str) -> str:
    """The digest under which a share's secret is stored."""
    return hashlib.sha256(secret.encode()).hexdigest()


def clean_name(name: str) -> str:
    """A person's name for other people's eyes: one line, no control or direction characters, bounded."""
    shown = "".join(char if char.isprintable() else " " for char in name)
    return " ".join(shown.split())[:_NAME_LENGTH]


class Tokens:
    """Signs and checks tokens with one key."""

    def __init__(self, key: bytes, clock: Clock) -> None:
        self._key = key
        self._clock = clock

    def sign(self, purpose: Purpose, grant: Grant) -> str:
        """The token that says `grant`."""
        claims: dict[str, object] = {
            "aud": purpose.value,
            "jti": grant.token_id,
            "sub": grant.user_id,
            "name": grant.name,
            "role": grant.role.value,
            "iat": self._clock.wall_ms() // 1000,
            "exp": grant.expires_s,
        }
        if grant.scopes is not None:
            claims["scopes"] = [[scope.root, scope.path] for scope in grant.scopes]
        if grant.document_id is not None:
            claims |= {"doc": grant.document_id, "his": grant.history_id}
        if grant.until_s is not None:
            claims["until"] = grant.until_s
        if grant.once:
            claims["once"] = True
        if grant.sealed is not None:
            claims["sealed"] = grant.sealed
        if grant.chain:
            claims["chain"] = list(grant.chain)
        return jwt.encode(claims, self._key, algorithm=_ALGORITHM)

    def verify(self, purpose: Purpose, token: str, *, even_expired: bool = False) -> Grant:
        """What a token says. Raises: Unauthenticated (not ours, for something else, expired, malformed)."""
        try:
            claims = jwt.decode(
                token,
                self._key,
                algorithms=[_ALGORITHM],
                audience=purpose.value,
                options={"require": ["exp", "jti", "sub", "aud"], "verify_exp": False, "verify_iat": False},
            )
            grant = _grant(claims)
        except (jwt.InvalidTokenError, KeyError, TypeError, ValueError) as error:
            raise Unauthenticated(f"token refused: {type(error).__name__}") from None
        if not even_expired and grant.expires_s * 1000 <= self._clock.wall_ms():
            raise Unauthenticated("token expired")
        return grant

    def pseudonym(self, text: str) -> str:
        """A short name for what is not to be known: always the same, and telling nothing to who lacks the key."""
        return hashlib.blake2b(text.encode(), key=hashlib.sha256(self._key).digest(), digest_size=4).hexdigest()

    def new(self, user_id: str, name: str, role: Role, lifetime_s: int) -> Grant:
        """A fresh grant of everything to a person, to be narrowed with `dataclasses.replace`."""
        expires_s = self._clock.wall_ms() // 1000 + lifetime_s
        return Grant(secrets.token_hex(8), user_id, clean_name(name), role, expires_s)

    def room_right(self, token: str) -> Grant:
        """What a room token gives over HTTP, until when. Raises: Unauthenticated.

        A guest of a share link has nothing else to renew it by, nor has who came by a door: theirs stands as long as
        the right that it was made from. Who has a session renews by that.
        """
        grant = self.verify(Purpose.ROOM, token, even_expired=True)
        renews_itself = grant.share_id is not None or grant.sealed is not None
        ends_s = grant.until_s if grant.until_s is not None and renews_itself else grant.expires_s
        if ends_s * 1000 <= self._clock.wall_ms():
            raise Unauthenticated("room token expired")
        return replace(grant, expires_s=ends_s)

    def for_room(self, right: Grant, document_id: str, history_id: str, lifetime_s: int) -> Grant:
        """The grant of a room token; one that is made from another takes its place."""
        room = self.derive(right, lifetime_s)
        chain = room.chain if right.document_id is None else right.chain
        return replace(room, document_id=document_id, history_id=history_id, chain=chain)

    def derive(self, parent: Grant, lifetime_s: int) -> Grant:
        """A grant made from another: new id, never longer than asked, revoked with its parent."""
        expires_s = self._clock.wall_ms() // 1000 + lifetime_s
        return replace(
            parent,
            token_id=secrets.token_hex(8),
            expires_s=min(expires_s, parent.expires_s),
            until_s=parent.expires_s,
            chain=(*parent.chain, f"jti:{parent.token_id}"),
        )


def _grant(claims: Mapping[str, object]) -> Grant:
    """Read claims strictly. Raises: KeyError, TypeError, ValueError."""
    scopes = claims.get("scopes")
    return Grant(
        token_id=_text(claims["jti"]),
        user_id=_text(claims["sub"]),
        name=clean_name(_text(claims.get("name") or claims["sub"])),
        role=Role(_text(claims["role"])),
        expires_s=_whole(claims["exp"]),
        scopes=None if scopes is None else tuple(_list(scopes, _scope)),
        document_id=None if claims.get("doc") is None else _text(claims["doc"]),
        history_id=None if claims.get("his") is None else _text(claims["his"]),
        chain=tuple(_list(claims.get("chain", []), _text)),
        until_s=None if claims.get("until") is None else _whole(claims["until"]),
        once=claims.get("once") is True,
        sealed=None if claims.get("sealed") is None else _long_text(claims["sealed"]),
    )


def _text(value: object) -> str:
    if not isinstance(value, str) or not value or len(value) > _ID_LENGTH:
        raise TypeError("not a bounded text")
    return value


def _long_text(value: object) -> str:
    if not isinstance(value, str) or len(value) > _SEALED_LENGTH:
        raise TypeError("not a bounded text")
    return value


def _whole(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError("not a number")
    return value


def _scope(value: object) -> Scope:
    if not isinstance(value, list) or len(value) != 2 or not all(isinstance(part, str) for part in value):
        raise TypeError("not a scope")
    return Scope(*value)


def _list(value: object, read: Callable[[object], _Item]) -> Sequence[_Item]:
    if not isinstance(value, list):
        raise TypeError("not a list")
    return [read(item) for item in value]
