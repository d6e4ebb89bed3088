"""Owns the parts that all routes of one server work with; makes none of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from starlette.requests import HTTPConnection

from collab.audit import Audit
from collab.auth.revocation import Revocations
from collab.auth.tokens import Grant, Tokens
from collab.clock import Clock
from collab.config import Config
from collab.errors import NotFound, PermissionDenied, Unauthenticated
from collab.node.asking import NodeAsking
from collab.node.operator import NodeOperator
from collab.node.past import NodePast
from collab.node.rooms import NodeRooms
from collab.rooms.storage_file import Root
from collab.sandbox.pool import Sandbox
from collab.store.base import Store
from collab.web.access import Gate
from collab.web.admission import Admission
from collab.web.errors import ImpossiblePath, NotPossibleHere
from collab.web.exporting import Exports
from collab.web.metrics import Metrics
from collab.web.pages import Bundle
from collab.web.provider import Provider
from collab.web.sockets import Sockets
from collab.web.transfers import Transfers
from collab.web.upgrade import Upgrade
from collab.web.wopi_door import SEALED_FOR, WopiDoor
from connectors.base import Credentials, Folders
from connectors.errors import InvalidPath
from connectors.paths import split_path

SUBPROTOCOL = "collab.v1"
Y_WEBSOCKET, HOCUSPOCUS, JUPYTER = "y-websocket", "hocuspocus", "jupyter"
"""The dialects, as operators are told them."""
TOKEN_PREFIX = "token."  # noqa: S105  # the prefix of a subprotocol, no password


def folders_of(root: Root) -> Folders:
    """Raises: NotPossibleHere when this storage has no folders."""
    if not isinstance(root.connector, Folders):
        raise NotPossibleHere("no folders")
    return root.connector


@dataclass(slots=True)
class Edge:
    """What a route may use."""

    config: Config
    clock: Clock
    store: Store
    rooms: NodeRooms
    past: NodePast
    roots: Mapping[str, Root]
    gate: Gate
    tokens: Tokens
    revocations: Revocations
    admission: Admission
    sockets: Sockets
    sandbox: Sandbox
    asking: NodeAsking
    operator: NodeOperator
    node: str
    """The name of this machine among those that share the store."""
    transfers: Transfers
    exports: Exports
    metrics: Metrics
    audit: Audit
    provider: Provider | None
    """Where people can sign in, besides with a token."""
    bundle: Bundle
    openapi: Mapping[str, object]
    wopi: WopiDoor
    draining: bool = False

    async def drain(self) -> None:
        """Take no more rooms here, store everything, tell the clients to come back; may be called twice."""
        self.draining = True
        await self.rooms.local.drain()

    def roots_of(self, grant: Grant) -> Sequence[Root]:
        """The live folders that a person may see."""
        if grant.scopes is None:
            return list(self.roots.values())
        names = {scope.root for scope in grant.scopes}
        return [root for root in self.roots.values() if root.name in names]

    def root(self, grant: Grant, name: str, path: str) -> Root:
        """The live folder for a path in it; without a name, the first one that this person may see.

        Raises: NotFound, PermissionDenied, ImpossiblePath.
        """
        try:
            split_path(path)
        except InvalidPath as error:
            raise ImpossiblePath(str(error), public="This is not a possible path or name.") from None
        visible = self.roots_of(grant)
        root = next((root for root in visible if not name or root.name == name), None)
        if root is None:
            raise NotFound("no such root", public="This server shares no such folder with you.")
        if not grant.covers(root.name, path):
            raise PermissionDenied("outside the token's scope")
        return root

    def credentials(self, grant: Grant) -> Credentials:
        """Whose right is used at the storage, with the secret that came by a door. Raises: Unauthenticated."""
        plain = credentials_of(grant)
        if grant.sealed is None:
            return plain
        try:
            secret = self.wopi.vault.open_text(grant.sealed, SEALED_FOR)
        except ValueError:
            raise Unauthenticated("the sealed secret is not ours") from None
        ends_s = grant.expires_s if grant.until_s is None else grant.until_s
        return replace(plain, secret=secret, expires_ms=ends_s * 1000)

    def is_https(self, asked: HTTPConnection) -> bool:
        """Whether browsers reach this server by TLS."""
        return (self.config.server.public_url or "").lower().startswith("https://") or asked.url.scheme in {
            "https",
            "wss",
        }

    def address(self, asked: HTTPConnection) -> str:
        """The address that the browser uses, without a slash at its end."""
        if self.config.server.public_url:
            return self.config.server.public_url.rstrip("/")
        return f"{'https' if self.is_https(asked) else 'http'}://{asked.headers.get('host', '')}"


@dataclass(frozen=True, slots=True)
class Offer:
    """What a client said in its upgrade request."""

    room: str
    token: str | None
    extended: bool
    history: str | None
    subprotocol: str | None
    jupyter: bool = False
    """It speaks JupyterLab's dialect."""
    dialect: str = Y_WEBSOCKET
    address: str | None = None
    """Where it comes from; None: another worker stands between."""

    @classmethod
    def of(cls, upgrade: Upgrade, room: str) -> Offer:
        offered = upgrade.subprotocols
        token = next((name.removeprefix(TOKEN_PREFIX) for name in offered if name.startswith(TOKEN_PREFIX)), None)
        query = upgrade.asked.query_params
        relayed = query.get("dialect") == HOCUSPOCUS
        return cls(
            room=room,
            token=token or query.get("token") or None,
            extended=query.get("v") == "1",
            history=query.get("history") or None,
            subprotocol=SUBPROTOCOL if SUBPROTOCOL in offered else None,
            dialect=HOCUSPOCUS if relayed else Y_WEBSOCKET,
            address=None if relayed else upgrade.address,
        )

    @property
    def reads_codes(self) -> bool:
        """Whether a refusal can be told by a close code."""
        return self.extended and self.subprotocol is not None


def credentials_of(grant: Grant) -> Credentials:
    """Whose right is used at the storage."""
    return Credentials(user_id=grant.user_id, user_name=grant.name)
