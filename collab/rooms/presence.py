"""Owns the presence of one room: who is there, what waits to be told, and the frames that tell it.

Pure: time comes in, encoded messages go out. Knows no connection's outbox; the room's owner asks for a frame once a
turn, and `due` says when it has to have a turn for that.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from collab.config import PresenceConfig
from collab.limits import Limits
from collab.protocol.awareness import AwarenessTable, Change
from collab.protocol.events import AwarenessEntry
from collab.protocol.messages import encode_awareness_entry, join_awareness
from collab.protocol.roles import Identity, Role
from collab.rooms.pace import Pace


class Presence:
    """The people of one room."""

    def __init__(self, limits: Limits, config: PresenceConfig) -> None:
        self._lively_s = config.lively_s
        self._small_room = config.small_room
        self._table = AwarenessTable(limits)
        self._pace = Pace(config)
        self._encoded: dict[int, bytes] = {}
        """The newest entries, as far as somebody needed them; in a small room those that wait, only."""
        self._gone: set[int] = set()
        """Client ids that are gone while not everybody was told yet."""
        self._everybody: bytes | None = None
        self._theirs: set[int] = set()
        """Client ids of whom other nodes told us last."""
        self._outgoing: dict[int, bytes] | None = None
        """What other nodes are to be told; None: there are none."""
        self._typed_at: dict[int, float] = {}
        """Connection -> when it last changed the document."""

    def receive(
        self, connection: int, identity: Identity, role: Role, entries: Iterable[AwarenessEntry], now: float
    ) -> None:
        """Take what a connection sent of its people."""
        self._note_ours(self._table.receive(connection, identity, role, entries, now), now)

    def receive_theirs(self, node: int, entries: Iterable[AwarenessEntry], now: float) -> None:
        """Take what another node tells of its people; `node` is a number below zero."""
        changes = self._table.receive_theirs(node, entries, now)
        self._theirs.update(changes)
        self._note(changes, now)

    def tell_nodes(self) -> None:
        """From now on other nodes are told of our people, too."""
        self._outgoing = {}

    def take_outgoing(self) -> bytes | None:
        """The message for other nodes, if anything is new since the last one."""
        if not self._outgoing:
            return None
        message, self._outgoing = join_awareness(list(self._outgoing.values())), {}
        return message

    def ours(self) -> bytes | None:
        """The message for a node that knows nothing of our people; None when nobody is here."""
        ours = [client_id for client_id in self._table.present() if (self._table.speaker(client_id) or 0) > 0]
        return join_awareness([self._encode(client_id) for client_id in ours]) if ours else None

    def change_role(self, connection: int, role: Role, now: float) -> None:
        """A connection has another role: everybody sees it beside its people."""
        self._note_ours(self._table.change_role(connection, role), now)

    def typed(self, connection: int, now: float) -> None:
        """A connection changed the document: its people are the ones to look at."""
        self._typed_at[connection] = now

    def leave(self, connection: int, now: float) -> None:
        """A connection closed, and its people with it."""
        self._typed_at.pop(connection, None)
        for entry in self._table.leave(connection, now):
            if connection < 0:
                self._theirs.add(entry.client_id)
            else:
                self._theirs.discard(entry.client_id)
            self._came_or_went(entry, now)

    def expire(self, now: float) -> None:
        """Let time pass: who was silent for too long is gone."""
        for entry in self._table.expire(now):
            if (self._table.speaker(entry.client_id) or 0) < 0:
                self._theirs.add(entry.client_id)
            self._came_or_went(entry, now)

    def everybody(self) -> bytes | None:
        """The message for a newcomer; None when nobody is there."""
        if self._everybody is not None:
            return self._everybody
        present = self._table.present()
        if not present:
            return None
        everybody = join_awareness([self._encode(client_id) for client_id in present])
        if len(present) > self._small_room:
            self._everybody = everybody
        return everybody

    @property
    def waits(self) -> bool:
        """Whether somebody waits to be shown."""
        return self._pace.waits

    def due(self, now: float, recipients: int) -> float | None:
        """When `take` has something to give; None: nothing waits."""
        return self._pace.due(now, recipients)

    def take(self, now: float, recipients: int, *, with_text: bool) -> bytes | None:
        """The message that everybody is to get now, if any. `with_text`: they get other frames in this turn, too."""
        chosen = self._pace.take(
            now,
            recipients,
            with_text=with_text,
            types=lambda client_id: self._types(client_id, now),
            size_bytes=lambda client_id: len(self._encode(client_id)),
        )
        frame = join_awareness([self._encode(client_id) for client_id in chosen]) if chosen else None
        if self._outgoing is not None:
            ours = [client_id for client_id in chosen if client_id not in self._theirs]
            self._outgoing |= {client_id: self._encode(client_id) for client_id in ours}
        for client_id in self._gone.intersection(chosen):
            self._gone.discard(client_id)
            self._theirs.discard(client_id)
            del self._encoded[client_id]
            self._pace.forget(client_id)
        if recipients <= self._small_room:
            self._encoded.clear()
        return frame

    def _note_ours(self, changes: Mapping[int, Change], now: float) -> None:
        self._theirs.difference_update(changes)
        self._note(changes, now)

    def _note(self, changes: Mapping[int, Change], now: float) -> None:
        for client_id, change in changes.items():
            self._everybody = None
            self._encoded.pop(client_id, None)
            self._gone.discard(client_id)
            if change is Change.CAME_OR_WENT:
                self._came_or_went(self._table.entry(client_id), now)
            else:
                self._pace.changed(client_id, change, now)

    def _came_or_went(self, entry: AwarenessEntry, now: float) -> None:
        """Encoded at once: the table may forget who is gone before everybody was told."""
        self._everybody = None
        self._encoded[entry.client_id] = encode_awareness_entry(entry)
        if entry.state is None:
            self._gone.add(entry.client_id)
        self._pace.changed(entry.client_id, Change.CAME_OR_WENT, now)

    def _encode(self, client_id: int) -> bytes:
        encoded = self._encoded.get(client_id)
        if encoded is None:
            encoded = self._encoded[client_id] = encode_awareness_entry(self._table.entry(client_id))
        return encoded

    def _types(self, client_id: int, now: float) -> bool:
        speaker = self._table.speaker(client_id)
        return speaker is not None and now - self._typed_at.get(speaker, float("-inf")) < self._lively_s
