"""Owns this server's side of WOPI: the connector, the proof keys, and whom a host's answer makes a person here."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field

from collab.auth.tokens import Grant, Tokens, clean_name
from collab.auth.vault import KeyVault
from collab.clock import Clock
from collab.config import WopiConfig
from collab.errors import PermissionDenied, Unauthenticated
from collab.protocol.roles import Role
from collab.rooms.storage_file import Root
from collab.store.base import Store
from collab.web.wopi_verdicts import Verdict, Verdicts
from connectors.addresses import AddressRules
from connectors.base import Credentials
from connectors.errors import AccessDenied, AddressRefused, ConnectorError, FileMissing, InvalidPath
from connectors.http import Http, HttpSettings
from connectors.wopi import WopiConnector
from connectors.wopi_calls import HttpPort, TokenRefused, WopiCalls
from connectors.wopi_info import FileInfo
from connectors.wopi_proof import ProofKeys
from connectors.wopi_source import WopiToken, normalised, origin_of

ROOT = "wopi"
PROOF_KEYS = "wopi-proof"
SEALED_FOR = "room token"
_ID_LENGTH = 120
WITHDRAWN = "You may not open this file any more. What you typed is kept."
ENDED = "Your sign-in at the storage ended. Open the file again; what you typed is kept."


class KeyRing:
    """The proof keys of all nodes, as this process knows them."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._keys: ProofKeys | None = None

    @property
    def keys(self) -> ProofKeys:
        """Raises: ConnectorError before the first `refresh`."""
        if self._keys is None:
            raise ConnectorError("no proof keys yet")
        return self._keys

    async def refresh(self) -> None:
        """Read the keys again, made if there are none. Raises: JournalError."""
        stored = await self._store.key(PROOF_KEYS)
        if stored is None:
            stored = await self._store.set_key_once(PROOF_KEYS, ProofKeys.new().dump())
        if self._keys is None or self._keys.dump() != stored:
            self._keys = ProofKeys.load(stored)


async def rotate(store: Store) -> ProofKeys:
    """A new current key; the present one becomes the old one. Raises: JournalError."""
    while True:
        stored = await store.key(PROOF_KEYS)
        fresh = ProofKeys.new() if stored is None else ProofKeys.load(stored).rotated()
        if await store.replace_key(PROOF_KEYS, stored, fresh.dump()):
            return fresh


@dataclass(frozen=True, slots=True)
class Guest:
    """A person whom a host let in."""

    grant: Grant
    info: FileInfo = field(repr=False)
    path: str


@dataclass(frozen=True, slots=True)
class WopiDoor:
    """Lets people in by the tokens of allowed hosts."""

    config: WopiConfig
    connector: WopiConnector
    keys: KeyRing
    vault: KeyVault
    clock: Clock
    verdicts: Verdicts
    http: Http | None = None

    @classmethod
    def build(
        cls, config: WopiConfig, store: Store, vault: KeyVault, clock: Clock, http: HttpPort | None = None
    ) -> WopiDoor:
        """Opens nothing; without hosts in the configuration every host is refused."""
        rules = AddressRules(hosts=config.hosts, networks=config.networks)
        own = Http(rules, HttpSettings(total_s=config.timeout_s)) if http is None else None
        keys = KeyRing(store)
        calls = WopiCalls(own or _need(http), clock, lambda: keys.keys, config.timeout_s)
        connector = WopiConnector(calls, clock, poll_s=config.poll_s)
        verdicts = Verdicts(clock, config.recheck_s * 3 / 4)
        return cls(config, connector, keys, vault, clock, verdicts, own)

    @property
    def root(self) -> Root:
        """Where rooms find what hosts open."""
        return Root(ROOT, self.connector)

    async def close(self) -> None:
        """Close the connections to hosts."""
        await self.connector.close()
        if self.http is not None:
            await self.http.close()

    async def check(self, token: WopiToken, tokens: Tokens, *, read_only: bool) -> Guest:
        """Ask the host who this is and what they may do. Raises: PermissionDenied, ConnectorError."""
        try:
            path = token.path
        except InvalidPath:
            raise PermissionDenied("WOPISrc", public="This is not a possible address of a file (WOPISrc).") from None
        info = await self.connector.check(Credentials("", "", token.pack()))
        expires_ms = self._expiry_ms(token, info)
        lifetime_s = max(0, (expires_ms - self.clock.wall_ms()) // 1000)
        if lifetime_s == 0:
            raise PermissionDenied("expired", public="Please open this file again from your storage.")
        self.verdicts.note(token.token, may_write=info.may_write)
        person = tokens.new(user_id_of(token, info), clean_name(info.user_name) or "Guest", Role.VIEWER, lifetime_s)
        packed = WopiToken(token.source, token.token, expires_ms).pack()
        grant = Grant(
            token_id=person.token_id,
            user_id=person.user_id,
            name=person.name,
            role=Role.VIEWER if read_only or not info.may_write else Role.EDITOR,
            expires_s=person.expires_s,
            sealed=self.vault.seal_text(packed, SEALED_FOR),
        )
        return Guest(grant, info, path)

    async def may_write(self, credentials: Credentials) -> bool:
        """Ask the host about one person, by their token. Raises: Unauthenticated, PermissionDenied, ConnectorError."""
        token = WopiToken.of(credentials)
        if token is None:
            raise Unauthenticated("not by WOPI")
        try:
            info = await self.connector.check(credentials)
        except TokenRefused:
            verdict = self.verdicts.note(token.token, refused="ended")
        except AddressRefused:
            raise
        except (AccessDenied, FileMissing):
            verdict = self.verdicts.note(token.token, refused="withdrawn")
        else:
            verdict = self.verdicts.note(token.token, may_write=info.may_write)
        return _may_write(verdict)

    async def admit(self, credentials: Credentials) -> bool:
        """Whether a person who comes back by a token of ours may write now; the host is asked when that is due.

        A host that does not answer leaves what it said last, and what our token says. Raises: Unauthenticated,
        PermissionDenied.
        """
        token = WopiToken.of(credentials)
        if token is None:
            raise Unauthenticated("not by WOPI")
        known = self.verdicts.fresh(token.token)
        if known is None:
            try:
                return await self.may_write(credentials)
            except ConnectorError:
                known = self.verdicts.last(token.token)
        return known is None or _may_write(known)

    def _expiry_ms(self, token: WopiToken, info: FileInfo) -> int:
        """When the token ends: as the launch said, else as the host says, else after the configured time."""
        told = info.raw.get("AccessTokenExpiry")
        host_ms = told if isinstance(told, int) and not isinstance(told, bool) and told > 0 else None
        if host_ms is not None and host_ms < 100_000_000_000:
            host_ms *= 1000
        return token.expires_ms or host_ms or self.clock.wall_ms() + self.config.token_lifetime_s * 1000


def _may_write(verdict: Verdict) -> bool:
    """Raises: Unauthenticated, PermissionDenied."""
    if verdict.refused == "ended":
        raise Unauthenticated("the host takes the token no more", public=ENDED)
    if verdict.refused is not None:
        raise PermissionDenied("the host refuses", public=WITHDRAWN)
    return verdict.may_write


def user_id_of(token: WopiToken, info: FileInfo) -> str:
    """One person everywhere here; hosts give ids of their own, so the host goes first."""
    host = origin_of(normalised(token.source)).partition("://")[2]
    theirs = info.user_id or "anonymous"
    if len(host) + len(theirs) > _ID_LENGTH or not theirs.isprintable():
        theirs = hashlib.sha256(theirs.encode()).hexdigest()[:32]
    return f"wopi:{host[:_ID_LENGTH]}|{theirs}"


def _need(http: HttpPort | None) -> HttpPort:
    if http is None:
        raise ConnectorError("no HTTP client")
    return http
