"""Owns who may write while another application has the storage's lock: nobody; knows no storage and no timer.

What people may do is remembered meanwhile, and given back when the lock is ours.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from collab.protocol.roles import Role
from collab.rooms.connection import Connection

ChangeRole = Callable[[Connection, Role, Mapping[str, object]], None]


class LockGate:
    """Of one room; open at first."""

    def __init__(self, connections: Iterable[Connection], change_role: ChangeRole) -> None:
        self._connections = connections
        self._change_role = change_role
        self._closed = False
        self._roles: dict[Connection, Role] = {}
        """What those who must wait may do otherwise."""

    def admit(self, connection: Connection) -> Role:
        """What a new connection may do now."""
        role = connection.role
        if self._closed and role.may_write:
            self._roles[connection] = role
            connection.session.change_role(Role.VIEWER)
        return connection.role

    def change(self, connection: Connection, role: Role, details: Mapping[str, object]) -> None:
        """Another role is given to somebody: now, or when the gate opens."""
        if self._closed and role.may_write:
            self._roles[connection] = role
            return
        self._roles.pop(connection, None)
        self._change_role(connection, role, details)

    def close(self, reason: str) -> None:
        """Nobody may write from now on."""
        if self._closed:
            return
        self._closed = True
        for connection in tuple(self._connections):
            if connection.role.may_write:
                self._roles[connection] = connection.role
                self._change_role(connection, Role.VIEWER, {"why": "locked", "reason": reason})

    def open(self) -> None:
        """Who waited may write again."""
        if not self._closed:
            return
        self._closed = False
        roles, self._roles = self._roles, {}
        for connection, role in roles.items():
            self._change_role(connection, role, {"why": "unlocked"})

    def forget(self, connection: Connection) -> None:
        """It left."""
        self._roles.pop(connection, None)
