"""Owns the answers to clients that ask for a save and wait for it without a limit: always one, and a true one."""

from __future__ import annotations

from collab.errors import CollabError
from collab.protocol.jupyter import SaveStatus, encode_save_answer
from collab.protocol.payloads import StorageState
from collab.rooms.connection import Connection
from collab.rooms.saver import Saver


async def answer_save(connection: Connection, request_id: int, saver: Saver | None) -> None:
    """Store now and tell how it went."""
    status = await _status(connection, saver)
    connection.session.send_encoded(encode_save_answer(request_id, status))
    connection.pump()


async def _status(connection: Connection, saver: Saver | None) -> SaveStatus:
    """A save that is under way is waited for; what was typed meanwhile makes it no failure."""
    if not connection.role.may_write:
        return SaveStatus.FAILED
    if saver is None:
        return SaveStatus.SUCCESS
    try:
        state = await saver.save_now()
    except CollabError:
        return SaveStatus.FAILED
    return SaveStatus.FAILED if state.state is StorageState.REFUSED else SaveStatus.SUCCESS
