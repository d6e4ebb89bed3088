"""Owns telling a site what happens to documents: signed, in order, with a few tries; nothing waits for it.

Every message is signed over its time and body, so that the site can refuse what is forged or old. A site that stays
away misses messages: they say what happened, and are no record.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import secrets
from collections.abc import Callable
from dataclasses import dataclass

import structlog

from collab.clock import Clock
from collab.config import WebhookConfig
from collab.errors import ConfigError
from connectors.addresses import AddressRules
from connectors.errors import ConnectorError
from connectors.http import Http, HttpRequest, HttpSettings

log = structlog.get_logger(__name__)

QUEUED_MESSAGES = 1_000
TRIES = 4
FIRST_PAUSE_S = 1.0
_TIMEOUT_S = 10.0
_ANSWER_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class Message:
    """One thing that happened."""

    event: str
    document_id: str
    name: str
    at_ms: int

    def body(self, message_id: str) -> bytes:
        """What is sent."""
        said = {
            "id": message_id,
            "event": self.event,
            "document_id": self.document_id,
            "name": self.name,
            "at_ms": self.at_ms,
        }
        return json.dumps(said).encode()


def signature(secret: str, timestamp: str, body: bytes) -> str:
    """What the site computes as well, and compares in constant time."""
    return hmac.new(secret.encode(), f"{timestamp}.".encode() + body, hashlib.sha256).hexdigest()


class Webhooks:
    """The way to one address."""

    def __init__(self, config: WebhookConfig, clock: Clock, count: Callable[[str], None]) -> None:
        """Raises: ConfigError (an address without a secret), AddressRefused."""
        self._url, self._secret = config.url, config.secret or ""
        if self._url is not None and not self._secret:
            raise ConfigError("A webhook is signed: set COLLAB_WEBHOOK_SECRET with COLLAB_WEBHOOK_URL.")
        self._clock = clock
        self._count = count
        self._queue: asyncio.Queue[Message] = asyncio.Queue(QUEUED_MESSAGES)
        rules = AddressRules() if self._url is None else AddressRules.configured(self._url)
        self._http = Http(rules, HttpSettings(total_s=_TIMEOUT_S))

    def tell(self, document_id: str, event: str, name: str) -> None:
        """Something happened; a full queue drops it."""
        if self._url is None:
            return
        try:
            self._queue.put_nowait(Message(event, document_id, name, self._clock.wall_ms()))
        except asyncio.QueueFull:
            self._count("webhooks_dropped_total")

    async def run(self) -> None:
        """Send what is told, for the life of the server."""
        while True:
            message = await self._queue.get()
            if not await self._send(message):
                self._count("webhooks_dropped_total")

    async def close(self) -> None:
        await self._http.close()

    async def _send(self, message: Message) -> bool:
        message_id = secrets.token_hex(8)
        body = message.body(message_id)
        for attempt in range(TRIES):
            if attempt:
                await asyncio.sleep(FIRST_PAUSE_S * 2 ** (attempt - 1))
            try:
                answer = await self._http.send(self._request(body), limit_bytes=_ANSWER_BYTES)
            except ConnectorError as error:
                log.warning("webhook_failed", attempt=attempt, webhook=message.event, detail=str(error))
                continue
            if answer.ok:
                return True
            log.warning("webhook_refused", attempt=attempt, webhook=message.event, status=answer.status)
        return False

    def _request(self, body: bytes) -> HttpRequest:
        timestamp = str(self._clock.wall_ms() // 1000)
        headers = {
            "Content-Type": "application/json",
            "X-Collab-Timestamp": timestamp,
            "X-Collab-Signature": f"sha256={signature(self._secret, timestamp, body)}",
        }
        return HttpRequest("POST", self._url or "", headers, body)
