"""Owns the codes and texts of notices to people; knows no bytes and no room."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from collab.protocol.payloads import Notice


class NoticeCode(StrEnum):
    """Something that a person should know."""

    OUTSIDE_CHANGE = "outside_change"
    OUTSIDE_UNDONE = "outside_undone"
    CONFLICT = "conflict"
    RENAMED = "renamed"
    DELETED = "deleted"
    RESTORED = "restored"
    ROLE_CHANGED = "role_changed"
    ACCESS_ASKED = "access_asked"
    ACCESS_ANSWERED = "access_answered"
    ACCESS_DENIED = "access_denied"
    SERVER_RESTARTING = "server_restarting"
    JOURNAL_UNAVAILABLE = "journal_unavailable"
    JOURNAL_AVAILABLE = "journal_available"
    NODES_APART = "nodes_apart"
    NODES_TOGETHER = "nodes_together"
    UPDATE_REFUSED = "update_refused"
    STATELESS_REFUSED = "stateless_refused"


NOTICE_TEXTS: Mapping[NoticeCode, str] = {
    NoticeCode.OUTSIDE_CHANGE: "The file was changed outside. The changes are merged.",
    NoticeCode.OUTSIDE_UNDONE: "A change from outside was taken back.",
    NoticeCode.CONFLICT: "The same lines were changed here and outside. Both versions are kept; please choose.",
    NoticeCode.RENAMED: "The file was renamed.",
    NoticeCode.DELETED: "The file was deleted outside. Its content is kept here and can be restored.",
    NoticeCode.RESTORED: "The file is back.",
    NoticeCode.ROLE_CHANGED: "Your rights on this document changed.",
    NoticeCode.ACCESS_ASKED: "Somebody asks to edit this document.",
    NoticeCode.ACCESS_ANSWERED: "A request to edit was answered.",
    NoticeCode.ACCESS_DENIED: "Your request to edit was denied.",
    NoticeCode.SERVER_RESTARTING: "The server restarts. Your edits are kept.",
    NoticeCode.JOURNAL_UNAVAILABLE: "The server cannot keep edits at the moment. Yours stay in this browser.",
    NoticeCode.JOURNAL_AVAILABLE: "The server keeps edits again.",
    NoticeCode.NODES_APART: "Other servers cannot be reached. What people write there comes late; yours is kept.",
    NoticeCode.NODES_TOGETHER: "All servers reach each other again.",
    NoticeCode.UPDATE_REFUSED: "A change was refused.",
    NoticeCode.STATELESS_REFUSED: "This server passes no messages on that are no edits.",
}


EMPTIED = "The document is empty here although nobody deleted the text. The stored file was left as it is."


def notice(code: NoticeCode, details: Mapping[str, object] | None = None) -> Notice:
    """A notice with the text that belongs to its code."""
    return Notice(code.value, NOTICE_TEXTS[code], details or {})
