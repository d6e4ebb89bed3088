"""Owns the answer to "who asks, and may they": one gate for requests and WebSockets; knows no route's work."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import Enum

from starlette.requests import HTTPConnection

from collab.auth.open_mode import Asked, is_loopback, refusal
from collab.auth.origin import Origin, is_ours
from collab.auth.peer import SUPPORTED as PEER_UID_SUPPORTED
from collab.auth.revocation import Revocations
from collab.auth.tokens import Grant, Purpose, Tokens, clean_name
from collab.config import Config, ServerConfig
from collab.errors import PermissionDenied, Unauthenticated
from collab.protocol.roles import Identity, Role

SESSION_COOKIE = "collab_session"
LOCAL_NAME = "Guest"
_SAFE_METHODS = frozenset({"GET", "HEAD"})
_RANK = {Role.VIEWER: 0, Role.COMMENTER: 1, Role.EDITOR: 2, Role.OWNER: 3}


class Permission(Enum):
    """Who may call a route; every route names one."""

    ANYBODY = "anybody"
    """No check at all: health, and what is the same for all."""
    THIS_MACHINE = "this machine"
    """A request from loopback, through no proxy."""
    VISITOR = "visitor"
    """Origin and open-mode rules hold; signed in or not."""
    VIEWER = "viewer"
    EDITOR = "editor"
    OWNER = "owner"


@dataclass(frozen=True, slots=True)
class Access:
    """Who asks. Without a grant the visitor is not signed in."""

    grant: Grant | None
    open_mode: bool

    def need(self) -> Grant:
        """Raises: Unauthenticated."""
        if self.grant is None:
            raise Unauthenticated("no token")
        return self.grant


def allowed_origins(server: ServerConfig) -> frozenset[Origin]:
    """The origins that may call this server besides its own."""
    origins = (*server.allowed_origins, *filter(None, [server.public_url]))
    return frozenset(origin for origin in map(Origin.parse, map(_bare, origins)) if origin is not None)


class Gate:
    """Decides for one server; `origin_port` is the port that browsers use in open mode."""

    def __init__(
        self,
        config: Config,
        tokens: Tokens,
        revocations: Revocations,
        port: int,
        peer_uids: bool = PEER_UID_SUPPORTED,
    ) -> None:
        self._config = config
        self._tokens = tokens
        self._revocations = revocations
        self._port = port
        self._peer_uids = peer_uids
        self.allowed = allowed_origins(config.server)

    @property
    def cookie_name(self) -> str:
        """Browsers share cookies among the ports of a host, so servers of one user must not."""
        return f"{SESSION_COOKIE}_{self._port}" if self._config.open_mode else SESSION_COOKIE

    async def admit(self, asked: HTTPConnection, permission: Permission) -> Access:
        """Raises: Unauthenticated, PermissionDenied (with the reason)."""
        if permission is Permission.ANYBODY:
            return Access(None, self._config.open_mode)
        if permission is Permission.THIS_MACHINE:
            self._check_local(asked)
            return Access(None, self._config.open_mode)
        access = await self._identify(asked)
        asked.scope.setdefault("state", {})["grant"] = access.grant
        if access.grant is not None and access.grant.document_id is not None and permission is Permission.OWNER:
            raise PermissionDenied("a room token is no owner's", public="Please sign in to do this.")
        if permission is not Permission.VISITOR and _RANK[access.need().role] < _RANK[Role(permission.value)]:
            raise PermissionDenied(f"{permission.value} needed")
        return access

    def check_open(self, asked: HTTPConnection) -> None:
        """The rules of open mode, one-time token left out. Raises: PermissionDenied with the reason."""
        reason = refusal(_asked(asked), self._port, self.allowed)
        if reason is None and not is_loopback(self._config.server.host):
            reason = "This server has no secret and listens on more than this machine."
        if reason is None and self._peer_uids and _peer_uid(asked) != os.getuid():
            reason = "This server is open for the user who started it only."
        if reason is not None:
            raise PermissionDenied(reason, public=reason)

    def check_websocket(self, asked: HTTPConnection) -> None:
        """What must hold before anything of a WebSocket is looked at. Raises: PermissionDenied."""
        if self._config.open_mode:
            self.check_open(asked)
        else:
            self._check_origin(asked, required=False)

    async def grant_of(self, purpose: Purpose, token: str) -> Grant:
        """What a token gives now. Raises: Unauthenticated, PermissionDenied (revoked)."""
        grant = self._tokens.verify(purpose, token)
        await self._revocations.check(grant)
        return grant

    async def local_grant(self, asked: HTTPConnection) -> Grant:
        """The owner's grant of a request that `check_open` let through. Raises: Unauthenticated."""
        cookie = await self._session(asked)
        if cookie is not None:
            return cookie
        if not self._peer_uids:
            raise Unauthenticated("open this server with the address that it printed")
        return self.new_local("local")

    def new_local(self, user_id: str | None = None) -> Grant:
        """A fresh owner's grant for this machine's user."""
        lifetime_s = self._config.auth.session_lifetime_s
        return self._tokens.new(user_id or f"local-{secrets.token_hex(6)}", LOCAL_NAME, Role.OWNER, lifetime_s)

    async def _identify(self, asked: HTTPConnection) -> Access:
        bearer = _bearer(asked)
        if self._config.open_mode:
            self.check_open(asked)
            grant = await self._local_or_none(asked) if bearer is None else self._room_right(asked, bearer)
        elif bearer is not None:
            self._check_origin(asked, required=False)
            grant = self._right_of(asked, bearer)
        else:
            self._check_origin(asked, required=_method(asked) not in _SAFE_METHODS)
            grant = await self._session(asked)
        if grant is not None:
            await self._revocations.check(grant)
        return Access(grant, self._config.open_mode)

    def _right_of(self, asked: HTTPConnection, bearer: str) -> Grant:
        """An access token gives the API, a room token its own document. Raises: Unauthenticated."""
        try:
            return self._tokens.verify(Purpose.ACCESS, bearer)
        except Unauthenticated:
            return self._room_right(asked, bearer)

    def _room_right(self, asked: HTTPConnection, bearer: str) -> Grant:
        """Raises: Unauthenticated, also for the routes of anything but the token's own document."""
        grant = self._tokens.room_right(bearer)
        if asked.path_params.get("document_id") != grant.document_id:
            raise Unauthenticated("a room token opens its own document only")
        return grant

    async def _local_or_none(self, asked: HTTPConnection) -> Grant | None:
        try:
            return await self.local_grant(asked)
        except Unauthenticated:
            return None

    async def _session(self, asked: HTTPConnection) -> Grant | None:
        cookie = asked.cookies.get(self.cookie_name)
        if cookie is None:
            return None
        try:
            grant = self._tokens.verify(Purpose.SESSION, cookie)
            await self._revocations.check(grant)
        except (Unauthenticated, PermissionDenied):
            return None
        return grant

    def _check_origin(self, asked: HTTPConnection, *, required: bool) -> None:
        """Exact comparison; a browser always says where a changing request comes from. Raises: PermissionDenied."""
        origins = asked.headers.getlist("origin")
        if not origins and not required:
            return
        host = asked.headers.get("host", "")
        scheme = asked.url.scheme.replace("ws", "http")
        if len(origins) != 1 or not is_ours(origins[0], scheme, host, self.allowed):
            raise PermissionDenied("foreign origin", public="Another web site may not use this server.")

    def _check_local(self, asked: HTTPConnection) -> None:
        client = asked.client
        proxied = any(name.startswith(("x-forwarded", "forwarded", "via")) for name in asked.headers)
        if proxied or client is None or not is_loopback(client.host):
            raise PermissionDenied("not from this machine")


def named(identity_source: Grant, name: str | None) -> Grant:
    """The grant with the name that a person gave in open mode."""
    shown = clean_name(name or "")
    return replace(identity_source, name=shown) if shown else identity_source


def identity_json(identity: Identity) -> dict[str, str]:
    """A person as the API shows them."""
    return identity.to_json()


def _asked(asked: HTTPConnection) -> Asked:
    headers = [(name.decode("latin-1").lower(), value.decode("latin-1")) for name, value in asked.scope["headers"]]
    return Asked(_method(asked), headers, websocket=asked.scope["type"] == "websocket")


def _bearer(asked: HTTPConnection) -> str | None:
    """The token of the Authorization header. Raises: Unauthenticated (of another scheme)."""
    scheme, _, credential = asked.headers.get("authorization", "").partition(" ")
    if scheme and scheme.lower() != "bearer":
        raise Unauthenticated("unknown authorization scheme")
    return credential.strip() if scheme else None


def _method(asked: HTTPConnection) -> str:
    return str(asked.scope.get("method", "GET"))


def _peer_uid(asked: HTTPConnection) -> int | None:
    peer = asked.scope.get("state", {}).get("peer")
    lookup: Callable[[], int | None] | None = getattr(peer, "uid", None)
    return None if lookup is None else lookup()


def _bare(url: str) -> str:
    """An origin's text out of an address that an operator wrote, path and upper case left out."""
    scheme, _, rest = url.strip().partition("://")
    return f"{scheme}://{rest.partition('/')[0]}".lower()
