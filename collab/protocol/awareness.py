"""Owns who is present in a room: which connection speaks for which client id, and what may be shown of it.

Pure: time and identities come in, the client ids of which everybody (the sender too) is to be told go out. When they
are told is not decided here. Nobody can speak for another person's client id, and the name, colour and role that
others see are the server's. A state that follows another one is only looked into when it is shown: in a large room most
are not.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum

from collab.errors import MalformedMessage
from collab.limits import Limits
from collab.protocol.codec import decode_json, encode_json
from collab.protocol.events import AwarenessEntry
from collab.protocol.messages import MAX_AWARENESS_CLOCK
from collab.protocol.payloads import Fields
from collab.protocol.rate import TokenBucket
from collab.protocol.roles import Identity, Role


class Change(IntEnum):
    """What became of a client id; the smaller, the more it matters."""

    CAME_OR_WENT = 0
    MOVED = 1
    RENEWED = 2
    """The same state with a newer clock: a sign of life."""


@dataclass(slots=True)
class _Presence:
    """What is known of one client id. Without a connection it is kept a while, so that nobody else takes it."""

    client_id: int
    clock: int
    """As it is shown: only grows, also when its client comes back with an older one."""
    heard: int
    """The clock of its client."""
    state: str | None
    """As it is shown; None: gone."""
    connection: int | None
    identity: Identity
    role: Role
    seen_at: float
    digest: int
    """Of the state as its client sent it last."""
    unread: str | None = None
    """A newer state that nobody has looked into."""

    def entry(self) -> AwarenessEntry:
        return AwarenessEntry(self.client_id, self.clock, self.state)


_JUPYTER_NAMES = frozenset({"username", "display_name", "initials", "avatar_url"})
"""Where one of these is in a state, people are shown by them."""


class AwarenessTable:
    """The presence of one room."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._presences: dict[int, _Presence] = {}
        self._owned: dict[int, set[int]] = {}
        """Connection -> the client ids it speaks for."""
        self._rates: dict[int, TokenBucket] = {}
        self._absent: dict[int, float] = {}
        """Client id without a connection -> since when, oldest first."""

    def receive(
        self, connection: int, identity: Identity, role: Role, entries: Iterable[AwarenessEntry], now: float
    ) -> Mapping[int, Change]:
        """Take what a connection sent; returns the client ids of which everybody is to be told.

        Entries of others are dropped without a word: stock providers echo everything that they receive.
        """
        changed: dict[int, Change] = {}
        charged = False
        for entry in entries:
            if not self._may_speak(connection, identity, entry):
                continue
            if not charged and not self._rate(connection).take(now):
                return {}
            charged = True
            change = self._accept(connection, identity, role, entry, now)
            if change is not None:
                changed[entry.client_id] = min(change, changed.get(entry.client_id, change))
        return changed

    def receive_theirs(self, node: int, entries: Iterable[AwarenessEntry], now: float) -> Mapping[int, Change]:
        """Take what another node tells of its people, whom it has judged; `node` is a number below zero.

        Returns as `receive`. A client that is here and there belongs to where it spoke last.
        """
        changed: dict[int, Change] = {}
        for entry in entries:
            who = self._judged(entry)
            if who is not None and self._may_speak(node, who[0], entry):
                change = self._accept(node, *who, entry, now)
                if change is not None:
                    changed[entry.client_id] = change
        return changed

    def change_role(self, connection: int, role: Role) -> Mapping[int, Change]:
        """A connection has another role from now on; returns as `receive`."""
        changed: dict[int, Change] = {}
        for client_id in sorted(self._owned.get(connection, ())):
            presence = self._presences[client_id]
            presence.role = role
            if presence.state is not None:
                presence.state = self._with_role(presence.state, role)
                presence.clock += 1
                changed[client_id] = Change.MOVED
        return changed

    def leave(self, connection: int, now: float) -> tuple[AwarenessEntry, ...]:
        """A connection closed; returns the removals of which everybody is to be told."""
        self._rates.pop(connection, None)
        gone = [self._presences[client_id] for client_id in sorted(self._owned.pop(connection, ()))]
        for presence in gone:
            presence.connection = None
            self._absent[presence.client_id] = now
        self._forget(len(self._absent) - self._absent_limit)
        return self._remove(gone)

    def expire(self, now: float) -> tuple[AwarenessEntry, ...]:
        """Let time pass: who was silent for too long is shown as gone; returns the removals."""
        oldest = now - self._limits.awareness_timeout_s
        self._forget(sum(1 for since in self._absent.values() if since < oldest))
        return self._remove([presence for presence in self._presences.values() if presence.seen_at < oldest])

    def present(self) -> tuple[int, ...]:
        """Everybody who is present, for a newcomer."""
        return tuple(presence.client_id for presence in self._presences.values() if presence.state is not None)

    def entry(self, client_id: int) -> AwarenessEntry:
        """What is to be shown of a client id that `receive` or `present` named. Raises: KeyError (unknown)."""
        presence = self._presences[client_id]
        if presence.unread is not None:
            shown = self._sanitised(presence.unread, presence.identity, presence.role)
            presence.state, presence.unread = shown or presence.state, None
        return presence.entry()

    def speaker(self, client_id: int) -> int | None:
        """The connection that speaks for a client id."""
        presence = self._presences.get(client_id)
        return None if presence is None else presence.connection

    @property
    def _absent_limit(self) -> int:
        return self._limits.connections_per_room * self._limits.awareness_clients_per_connection

    def _may_speak(self, connection: int, identity: Identity, entry: AwarenessEntry) -> bool:
        """Whether the client id is this connection's, or free, or this person's own from a connection before."""
        if not 0 <= entry.clock < MAX_AWARENESS_CLOCK:
            return False
        presence = self._presences.get(entry.client_id)
        owned = self._owned.get(connection, ())
        if presence is not None and presence.connection == connection:
            removes = entry.state is None and presence.state is not None
            return entry.clock > presence.heard or (entry.clock == presence.heard and removes)
        most = self._limits.awareness_clients_per_connection if connection >= 0 else self._absent_limit
        if entry.state is None or len(owned) >= most:
            return False
        if presence is None or presence.connection is None:
            return presence is None or presence.identity.user_id == identity.user_id
        newer = entry.clock > presence.clock or (entry.clock == presence.clock and not owned)
        return newer and presence.identity.user_id == identity.user_id

    def _accept(
        self, connection: int, identity: Identity, role: Role, entry: AwarenessEntry, now: float
    ) -> Change | None:
        presence = self._presences.get(entry.client_id)
        if presence is not None and presence.connection == connection and presence.state is not None:
            return self._move(presence, entry, now)
        state = self._sanitised(entry.state or "", identity, role)
        clock = entry.clock if presence is None else max(entry.clock, presence.clock + 1)
        if state is None or clock >= MAX_AWARENESS_CLOCK:
            return None
        if presence is not None and presence.connection != connection:
            self._disown(presence)
        self._owned.setdefault(connection, set()).add(entry.client_id)
        self._presences[entry.client_id] = _Presence(
            entry.client_id, clock, entry.clock, state, connection, identity, role, now, hash(entry.state)
        )
        return Change.CAME_OR_WENT

    def _move(self, presence: _Presence, entry: AwarenessEntry, now: float) -> Change | None:
        """The next state of a client that is present."""
        if entry.state is None:
            presence.state = presence.unread = None
            presence.clock = max(entry.clock, presence.clock + (entry.clock > presence.heard))
            presence.heard, presence.seen_at = entry.clock, now
            return Change.CAME_OR_WENT
        clock = max(entry.clock, presence.clock + 1)
        if len(entry.state) > self._limits.awareness_state_size_bytes or clock >= MAX_AWARENESS_CLOCK:
            return None
        digest = hash(entry.state)
        presence.clock, presence.heard, presence.seen_at = clock, entry.clock, now
        if digest == presence.digest:
            return Change.RENEWED
        presence.digest, presence.unread = digest, entry.state
        return Change.MOVED

    def _disown(self, presence: _Presence) -> None:
        self._absent.pop(presence.client_id, None)
        if presence.connection is not None:
            self._owned[presence.connection].discard(presence.client_id)

    def _sanitised(self, state: str, identity: Identity, role: Role) -> str | None:
        """The state with the server's word on who it is; None when it cannot be shown."""
        if len(state) > self._limits.awareness_state_size_bytes:
            return None
        try:
            value = decode_json(state, self._limits.awareness_depth)
        except MalformedMessage:
            return None
        if not isinstance(value, dict) or len(state.encode()) > self._limits.awareness_state_size_bytes:
            return None
        user = value.get("user")
        shown: dict[str, object] = {**identity.to_json(), "role": role.value}
        if isinstance(user, dict) and not _JUPYTER_NAMES.isdisjoint(user):
            shown |= _as_jupyter(identity)
        value["user"] = {**user, **shown} if isinstance(user, dict) else shown
        return encode_json(value)

    def _judged(self, entry: AwarenessEntry) -> tuple[Identity, Role] | None:
        """Who a state says its client is; what another node shows is the word of a server."""
        if entry.state is None:
            known = self._presences.get(entry.client_id)
            return None if known is None else (known.identity, known.role)
        try:
            user = Fields(Fields(decode_json(entry.state, self._limits.awareness_depth)).object("user"))
            identity = Identity(user.text("id"), user.text("name"), user.text("color"), user.text("color_dark"))
            return identity, user.member("role", Role)
        except MalformedMessage:
            return None

    def _with_role(self, shown: str, role: Role) -> str:
        """A state that `_sanitised` made, with another role in it."""
        value = decode_json(shown, self._limits.awareness_depth)
        if isinstance(value, dict) and isinstance(value["user"], dict):
            value["user"]["role"] = role.value
        return encode_json(value)

    def _rate(self, connection: int) -> TokenBucket:
        rate = self._limits.awareness_messages_per_second
        return self._rates.setdefault(connection, TokenBucket(rate, rate))

    def _remove(self, presences: Sequence[_Presence]) -> tuple[AwarenessEntry, ...]:
        shown = [presence for presence in presences if presence.state is not None]
        for presence in shown:
            presence.state = presence.unread = None
            presence.clock += 1
        return tuple(presence.entry() for presence in shown)

    def _forget(self, count: int) -> None:
        """Free the ids that were absent longest."""
        for client_id in list(self._absent)[: max(count, 0)]:
            del self._absent[client_id], self._presences[client_id]


def _as_jupyter(identity: Identity) -> dict[str, object]:
    """The same person in the words of Jupyter's identity."""
    initials = "".join(word[0] for word in identity.name.split()[:2]).upper()
    name = identity.name
    return {
        "username": identity.user_id,
        "name": name,
        "display_name": name,
        "initials": initials or "?",
        "avatar_url": None,
    }
