"""Owns who is present in a room: which connection speaks for which client id, and what may be shown of it.

Pure: time and identities come in, what is to be broadcast to everybody (the sender too) goes out. Nobody can speak for
another person's client id, and the name, colour and role that others see are the server's.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from collab.errors import MalformedMessage
from collab.limits import Limits
from collab.protocol.codec import decode_json, encode_json
from collab.protocol.events import AwarenessEntry
from collab.protocol.messages import MAX_AWARENESS_CLOCK
from collab.protocol.rate import TokenBucket
from collab.protocol.roles import Identity, Role


@dataclass(slots=True)
class _Presence:
    """What is known of one client id. Without a connection it is kept a while, so that nobody else takes it."""

    client_id: int
    clock: int
    state: str | None
    connection: int | None
    user_id: str
    seen_at: float

    def entry(self) -> AwarenessEntry:
        return AwarenessEntry(self.client_id, self.clock, self.state)


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
    ) -> tuple[AwarenessEntry, ...]:
        """Take what a connection sent; returns what is to be broadcast.

        Entries of others are dropped without a word: stock providers echo everything that they receive.
        """
        changed = []
        charged = False
        for entry in entries:
            if not self._may_speak(connection, identity, entry):
                continue
            if not charged and not self._rate(connection).take(now):
                return ()
            charged = True
            accepted = self._accept(connection, identity, role, entry, now)
            if accepted is not None:
                changed.append(accepted)
        return tuple(changed)

    def change_role(self, connection: int, role: Role) -> tuple[AwarenessEntry, ...]:
        """A connection has another role from now on; returns what is to be broadcast, to itself too."""
        changed = []
        for client_id in sorted(self._owned.get(connection, ())):
            presence = self._presences[client_id]
            state = None if presence.state is None else decode_json(presence.state, self._limits.awareness_depth)
            if isinstance(state, dict) and isinstance(state["user"], dict):
                state["user"]["role"] = role.value
                presence.state = encode_json(state)
                presence.clock += 1
                changed.append(presence.entry())
        return tuple(changed)

    def leave(self, connection: int, now: float) -> tuple[AwarenessEntry, ...]:
        """A connection closed; returns the removals to be broadcast."""
        self._rates.pop(connection, None)
        gone = [self._presences[client_id] for client_id in sorted(self._owned.pop(connection, ()))]
        for presence in gone:
            presence.connection = None
            self._absent[presence.client_id] = now
        self._forget(len(self._absent) - self._absent_limit)
        return self._remove(gone)

    def expire(self, now: float) -> tuple[AwarenessEntry, ...]:
        """Let time pass: who was silent for too long is shown as gone; returns the removals to be broadcast."""
        oldest = now - self._limits.awareness_timeout_s
        self._forget(sum(1 for since in self._absent.values() if since < oldest))
        return self._remove([presence for presence in self._presences.values() if presence.seen_at < oldest])

    def entries(self) -> tuple[AwarenessEntry, ...]:
        """Everybody who is present, for a newcomer."""
        return tuple(presence.entry() for presence in self._presences.values() if presence.state is not None)

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
            return entry.clock > presence.clock or (entry.clock == presence.clock and removes)
        if entry.state is None or len(owned) >= self._limits.awareness_clients_per_connection:
            return False
        if presence is None or presence.connection is None:
            return presence is None or presence.user_id == identity.user_id
        newer = entry.clock > presence.clock or (entry.clock == presence.clock and not owned)
        return newer and presence.user_id == identity.user_id

    def _accept(
        self, connection: int, identity: Identity, role: Role, entry: AwarenessEntry, now: float
    ) -> AwarenessEntry | None:
        state = None if entry.state is None else self._sanitised(entry.state, identity, role)
        if entry.state is not None and state is None:
            return None
        presence = self._presences.get(entry.client_id)
        clock = entry.clock
        if presence is not None and presence.connection != connection:
            clock = max(clock, presence.clock + 1)  # others have seen that clock already, maybe as a removal
            self._disown(presence)
        self._owned.setdefault(connection, set()).add(entry.client_id)
        accepted = _Presence(entry.client_id, clock, state, connection, identity.user_id, now)
        self._presences[entry.client_id] = accepted
        return accepted.entry()

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
        shown = {**identity.to_json(), "role": role.value}
        value["user"] = {**user, **shown} if isinstance(user, dict) else shown
        return encode_json(value)

    def _rate(self, connection: int) -> TokenBucket:
        rate = self._limits.awareness_messages_per_second
        return self._rates.setdefault(connection, TokenBucket(rate, rate))

    def _remove(self, presences: Sequence[_Presence]) -> tuple[AwarenessEntry, ...]:
        shown = [presence for presence in presences if presence.state is not None]
        for presence in shown:
            presence.state = None
            presence.clock += 1
        return tuple(presence.entry() for presence in shown)

    def _forget(self, count: int) -> None:
        """Free the ids that were absent longest."""
        for client_id in list(self._absent)[: max(count, 0)]:
            del self._absent[client_id], self._presences[client_id]
