"""Owns one WebSocket connection: the only importer of picows. Gives whole messages, says why it ended."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable, Sequence

from picows import WSCloseCode, WSFrame, WSHandshakeError, WSListener, WSMsgType, WSTransport, ws_connect

from collab.errors import CollabError
from collab.limits import MIB

_MESSAGE_SIZE_BYTES = 512 * MIB
_BUFFER_SIZE_BYTES = 4096


class Refused(OSError):
    """No connection; the text says what was seen."""


class Wire(WSListener):
    """One connection from dialling to its end."""

    def __init__(
        self,
        begun: Callable[[Wire], None],
        received: Callable[[bytes], None],
        ended: Callable[[Wire, str], None],
    ) -> None:
        self._begun, self._received, self._ended = begun, received, ended
        self._transport: WSTransport | None = None
        self._parts: list[bytes] = []
        self._wrong = ""

    @property
    def open(self) -> bool:
        return self._transport is not None

    def send(self, message: bytes) -> None:
        if self._transport is not None:
            self._transport.send(WSMsgType.BINARY, message)

    def close(self) -> None:
        """Say goodbye."""
        if self._transport is not None:
            self._transport.send_close(WSCloseCode.OK)
            self._transport.disconnect()

    def abort(self) -> None:
        """As when the network goes: no goodbye."""
        if self._transport is not None:
            self._transport.disconnect(False)

    def pause(self) -> None:
        """Stop reading; the kernel's buffers fill."""
        if self._transport is not None:
            self._transport.underlying_transport.pause_reading()

    def resume(self) -> None:
        if self._transport is not None:
            self._transport.underlying_transport.resume_reading()

    # -- picows' listener --

    def on_ws_connected(self, transport: WSTransport) -> None:
        self._transport = transport
        self._begun(self)

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        kind = frame.msg_type
        if kind == WSMsgType.BINARY and frame.fin:
            self._give(frame.get_payload_as_bytes())
        elif kind in (WSMsgType.BINARY, WSMsgType.CONTINUATION):
            self._parts.append(frame.get_payload_as_bytes())
            if frame.fin:
                message = b"".join(self._parts)
                self._parts.clear()
                self._give(message)
        elif kind == WSMsgType.TEXT:
            self._fail("a text message where binary ones are spoken")
        elif kind == WSMsgType.CLOSE:
            transport.disconnect()

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        self._transport = None
        self._ended(self, self._wrong or _why(transport))

    def _give(self, message: bytes) -> None:
        try:
            self._received(message)
        except CollabError as error:
            self._fail(f"a message that is none of the protocol: {error}")

    def _fail(self, what: str) -> None:
        self._wrong = what
        self.abort()


async def dial(wire: Wire, url: str, headers: Sequence[tuple[str, str]], timeout_s: float) -> None:
    """Raises: Refused."""
    try:
        async with asyncio.timeout(timeout_s):
            await ws_connect(
                lambda: wire,
                url,
                websocket_handshake_timeout=timeout_s,
                max_frame_size=_MESSAGE_SIZE_BYTES,
                read_buffer_init_size=_BUFFER_SIZE_BYTES,
                extra_headers=list(headers),
                max_redirects=0,
            )
    except WSHandshakeError as error:
        status = getattr(error.response, "status", None)
        raise Refused(f"HTTP {int(status)}" if status is not None else "no WebSocket answer") from None
    except TimeoutError:
        raise Refused("no answer to the handshake in time") from None
    except ssl.SSLError as error:
        raise Refused(f"TLS: {error.reason}") from None
    except OSError as error:
        raise Refused(error.strerror or str(error) or type(error).__name__) from None


def _why(transport: WSTransport) -> str:
    """How a connection ended, for people."""
    received = transport.close_handshake.recv if transport.close_handshake is not None else None
    if received is None:
        return "broken off"
    code = getattr(received.code, "value", received.code)
    return f"closed with {code}" + (f" {received.reason}" if received.reason else "")
