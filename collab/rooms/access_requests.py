"""Owns the requests to edit that wait for an answer: how many, and for how long; knows no route and no room."""

from __future__ import annotations

import secrets
from collections import OrderedDict
from dataclasses import dataclass

from collab.clock import Clock
from collab.errors import TooManyRequests
from collab.limits import Limits
from collab.protocol.roles import Identity
from collab.store.base import DocumentId

_HOUR_S = 3600.0
_WAITS_S = 900.0
_PEOPLE = 10
"""Of one document so many times what one person may ask: a link's guests can call themselves what they like."""


@dataclass(frozen=True, slots=True)
class AccessRequest:
    """One person's wish to edit one document."""

    request_id: str
    document_id: DocumentId
    person: Identity
    right: str
    """What the person has now, as who asks wrote it down; nothing here reads it."""
    asked_at: float


class AccessRequests:
    """What waits, oldest first, and how often was asked within the last hour."""

    def __init__(self, limits: Limits, clock: Clock) -> None:
        self._limits = limits
        self._clock = clock
        self._waiting: OrderedDict[str, AccessRequest] = OrderedDict()
        self._asked: OrderedDict[tuple[str, ...], tuple[float, int]] = OrderedDict()

    def ask(self, document_id: DocumentId, person: Identity, right: str) -> AccessRequest | None:
        """Note a request; None when this person's waits already. Raises: TooManyRequests."""
        now = self._clock.monotonic()
        self._expire(now)
        who = (document_id, person.user_id)
        if any((waiting.document_id, waiting.person.user_id) == who for waiting in self._waiting.values()):
            return None
        most = self._limits.access_requests_per_hour
        if len(self._waiting) >= self._limits.access_requests:
            raise TooManyRequests("access_requests")
        self._charge(who, now, most)
        self._charge((document_id,), now, most * _PEOPLE)
        request = AccessRequest(secrets.token_hex(8), document_id, person, right, now)
        self._waiting[request.request_id] = request
        return request

    def take(self, document_id: DocumentId, request_id: str) -> AccessRequest | None:
        """The request, which is answered with this; None when it was answered, is too old or of another document."""
        self._expire(self._clock.monotonic())
        request = self._waiting.get(request_id)
        if request is None or request.document_id != document_id:
            return None
        return self._waiting.pop(request_id)

    def _charge(self, whose: tuple[str, ...], now: float, most: int) -> None:
        since, count = self._asked.get(whose, (now, 0))
        if now - since >= _HOUR_S:
            since, count = now, 0
        if count >= most:
            raise TooManyRequests("access_requests_per_hour")
        self._asked[whose] = (since, count + 1)

    def _expire(self, now: float) -> None:
        while self._waiting and now - next(iter(self._waiting.values())).asked_at >= _WAITS_S:
            self._waiting.popitem(last=False)
        while self._asked and now - next(iter(self._asked.values()))[0] >= _HOUR_S:
            self._asked.popitem(last=False)
