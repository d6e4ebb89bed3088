"""What presence costs a real server beside the text: CPU, frames and bytes, and how fresh the others see it.

    python -m benchmarks.presence --viewers 500                 # lecture: one writes, all move their cursors
    python -m benchmarks.presence --viewers 0 --writers 200     # class: all type in one document

Three phases of the same room: nobody does anything, text alone, text and presence. Of a cursor that moves often only
the newest state is passed on; `age` is how old a state is when it arrives. Server and generator share the machine;
`generator busy` near 100 % means that the generator was the limit.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import json
import os
import random
import resource
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

import pycrdt

from collab.limits import Limits
from collab.protocol.events import AwarenessEntry
from collab.protocol.messages import Awareness, SyncStep2, Update, decode_message, encode_awareness, encode_update

LIMITS = Limits()
ANSWER = b"\x00\x01\x02\x00\x00"
SYNC, AWARENESS = 0, 1
BINARY, PING, PONG = 2, 9, 10
SAMPLED = 5
START_S = 120.0


@dataclass
class Phase:
    """What arrived in one phase; the server's CPU is that of all its processes."""

    name: str
    frames: dict[int, int] = field(default_factory=lambda: {SYNC: 0, AWARENESS: 0})
    size_bytes: dict[int, int] = field(default_factory=lambda: {SYNC: 0, AWARENESS: 0})
    text_ages: list[float] = field(default_factory=list)
    presence_ages: list[float] = field(default_factory=list)
    writer_ages: list[float] = field(default_factory=list)
    sent: int = 0
    server_s: float = 0.0
    generator_s: float = 0.0


class Person(asyncio.Protocol):
    """One raw WebSocket client; a sampled one looks into what it gets."""

    def __init__(self, room: Room, number: int) -> None:
        self._room = room
        self._buffer = bytearray()
        self._open = False
        self._transport: asyncio.Transport
        self.client_id = 1_000_000 + number
        self.sampled = False
        self.writes = False
        self.opened = asyncio.Event()
        self._clock = 0
        self._document: pycrdt.Doc[object] = pycrdt.Doc(client_id=self.client_id)
        self._text = self._document.get("source", type=pycrdt.Text)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        key = base64.b64encode(os.urandom(16)).decode()
        self._transport.write(
            f"GET /ws/bench HTTP/1.1\r\nHost: 127.0.0.1:{self._room.port}\r\nUpgrade: websocket\r\n"
            f"Connection: Upgrade\r\nSec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n".encode()
        )

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        if not self._open:
            end = self._buffer.find(b"\r\n\r\n")
            if end < 0:
                return
            if not self._buffer.startswith(b"HTTP/1.1 101"):
                raise SystemExit(f"refused: {bytes(self._buffer[:80])!r}")
            del self._buffer[: end + 4]
            self._open = True
            self.opened.set()
            self._send(b"\x00\x00\x01\x00")
        while (frame := self._next_frame()) is not None:
            opcode, payload = frame
            if opcode == PING:
                self._send(payload, PONG)
            elif opcode == BINARY:
                self._take(payload)

    def _next_frame(self) -> tuple[int, bytes] | None:
        """Opcode and payload; the server does not fragment what it sends."""
        buffer = self._buffer
        if len(buffer) < 2:
            return None
        size, start = buffer[1], 2
        if size == 126:
            size, start = int.from_bytes(buffer[2:4], "big"), 4
        elif size == 127:
            size, start = int.from_bytes(buffer[2:10], "big"), 10
        if len(buffer) < start + size:
            return None
        opcode, payload = buffer[0] & 15, bytes(buffer[start : start + size])
        del buffer[: start + size]
        return opcode, payload

    def _take(self, message: bytes) -> None:
        if message.startswith(b"\x00\x00"):
            self._send(ANSWER)
        phase = self._room.phase
        if message and message[0] in phase.frames:
            phase.frames[message[0]] += 1
            phase.size_bytes[message[0]] += len(message)
        if self.sampled:
            self._look(message, phase, time.perf_counter())

    def _look(self, message: bytes, phase: Phase, now: float) -> None:
        decoded = decode_message(message, LIMITS)
        if isinstance(decoded, Awareness):
            for entry in decoded.entries:
                moved_at = json.loads(entry.state or "{}").get("at")
                if moved_at is not None and moved_at >= self._room.phase_began and entry.client_id != self.client_id:
                    phase.presence_ages.append(now - moved_at)
                    if entry.client_id in self._room.writers:
                        phase.writer_ages.append(now - moved_at)
        elif isinstance(decoded, Update | SyncStep2):
            self._document.apply_update(decoded.update)
            typed = str(self._text).rpartition(" ")[2]
            if isinstance(decoded, Update) and typed:
                phase.text_ages.append(now - self._room.started - float(typed))

    def type(self) -> None:
        """A keystroke; the sampled read in it when it was made."""
        before = self._document.get_state()
        stamp = f" {time.perf_counter() - self._room.started:.6f}" if len(self._room.writers) == 1 else "x"
        self._text += stamp
        self._send(encode_update(self._document.get_update(before)))

    def move(self) -> None:
        """A cursor as y-codemirror sends it."""
        self._clock += 1
        position = {"type": None, "tname": "source", "item": {"client": 123456789, "clock": self._clock}, "assoc": 0}
        user = {"name": f"Person {self.client_id}", "color": "#336699", "colorLight": "#33669933"}
        state = {"user": user, "cursor": {"anchor": position, "head": position}, "at": time.perf_counter()}
        text = json.dumps(state, separators=(",", ":"))
        self._send(encode_awareness([AwarenessEntry(self.client_id, self._clock, text)]))
        self._room.phase.sent += 1

    def send_update(self, message: bytes) -> None:
        """Send an update message as it is."""
        self._send(message)

    def _send(self, payload: bytes, opcode: int = BINARY) -> None:
        size = len(payload)
        length = bytes((0x80 | size,)) if size < 126 else b"\xfe" + size.to_bytes(2, "big")
        if size > 0xFFFF:
            length = b"\xff" + size.to_bytes(8, "big")
        self._transport.write(bytes((0x80 | opcode,)) + length + b"\0\0\0\0" + payload)


class Room:
    """The people of one room and what they do."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.people: list[Person] = []
        self.writers: set[int] = set()
        self.phase = Phase("joining")
        self.phase_began = 0.0
        self.started = time.perf_counter()

    async def join(self, count: int, writers: int) -> None:
        loop = asyncio.get_running_loop()
        for number in range(count):
            _, person = await loop.create_connection(lambda number=number: Person(self, number), "127.0.0.1", self.port)
            await person.opened.wait()
            person.writes = number < writers
            person.sampled = writers <= number < writers + SAMPLED or number >= count - SAMPLED
            self.people.append(person)
        self.writers = {person.client_id for person in self.people if person.writes}

    async def run(self, phase: Phase, seconds: float, keys_per_s: float, moves_per_s: float) -> Phase:
        """Everybody types and moves at random moments, at these rates."""
        await asyncio.sleep(2)
        self.phase, self.phase_began = phase, time.perf_counter()
        server, own = server_cpu_s(self.pid), own_cpu_s()
        busy = [asyncio.create_task(self._act(person, keys_per_s, moves_per_s)) for person in self.people]
        await asyncio.sleep(seconds)
        phase.server_s, phase.generator_s = server_cpu_s(self.pid) - server, own_cpu_s() - own
        for task in busy:
            task.cancel()
        self.phase = Phase("between")
        return phase

    pid = 0

    async def _act(self, person: Person, keys_per_s: float, moves_per_s: float) -> None:
        rng = random.Random(person.client_id)  # noqa: S311  # no secret
        rate = (keys_per_s if person.writes else 0.0) or moves_per_s
        while rate:
            await asyncio.sleep(rng.expovariate(rate))
            if person.writes and keys_per_s:
                person.type()
            if moves_per_s:
                person.move()


def own_cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def server_cpu_s(pid: int) -> float:
    """User and system time of a process and its children, that still live."""
    ticks = 0
    for each in [pid, *_children(pid)]:
        fields = Path(f"/proc/{each}/stat").read_text().rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def _children(pid: int) -> Iterator[int]:
    for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
        yield int(child)
        yield from _children(int(child))


@contextmanager
def serving() -> Iterator[tuple[int, int]]:
    """Port and process id of a server with an empty folder."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with tempfile.TemporaryDirectory() as top:
        (Path(top) / "docs").mkdir()
        command = [sys.executable, "-m", "collab", "serve", f"{top}/docs", "--port", str(port), "--data", f"{top}/data"]
        with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as server:  # noqa: S603
            try:
                _wait_until_ready(port)
                yield port, server.pid
            finally:
                server.terminate()


def _wait_until_ready(port: int) -> None:
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline:
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=1).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise SystemExit("the server did not start")


def show(phase: Phase, seconds: float, people: int) -> None:
    def per_recipient(counts: dict[int, int], kind: int) -> float:
        return counts[kind] / seconds / people

    print(
        f"{phase.name:20} server {phase.server_s / seconds:6.1%}  generator busy {phase.generator_s / seconds:6.1%}"
        f"  text {per_recipient(phase.frames, SYNC):6.1f} frames/s {per_recipient(phase.size_bytes, SYNC):8.0f} B/s"
        f"  presence {per_recipient(phase.frames, AWARENESS):6.1f} frames/s"
        f" {per_recipient(phase.size_bytes, AWARENESS):8.0f} B/s  sent {phase.sent / seconds:6.0f}/s"
    )
    for name, ages in (
        ("text", phase.text_ages),
        ("presence", phase.presence_ages),
        ("writers' presence", phase.writer_ages),
    ):
        if ages:
            ages.sort()
            p50, p95 = (ages[int(len(ages) * part)] * 1000 for part in (0.5, 0.95))
            worst = ages[-1] * 1000
            print(f"{'':20} age of {name}: p50 {p50:.0f} ms, p95 {p95:.0f} ms, worst {worst:.0f} ms of {len(ages)}")


async def measure(arguments: argparse.Namespace, port: int, pid: int) -> None:
    people = arguments.viewers + arguments.writers
    room = Room(port)
    room.pid = pid
    await room.join(people, arguments.writers)
    plan = (("idle", 0.0, 0.0), ("text", arguments.keys, 0.0), ("text and presence", arguments.keys, arguments.moves))
    for name, keys, moves in plan:
        show(await room.run(Phase(name), arguments.seconds, keys, moves), arguments.seconds, people)


def main() -> None:
    """Start a server, fill a room, measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--viewers", type=int, default=500)
    parser.add_argument("--writers", type=int, default=1)
    parser.add_argument("--keys", type=float, default=5.0, help="keystrokes of each writer in a second")
    parser.add_argument("--moves", type=float, default=1.0, help="cursor moves of each viewer in a second")
    parser.add_argument("--seconds", type=float, default=20.0)
    arguments = parser.parse_args()
    with serving() as (port, pid):
        asyncio.run(measure(arguments, port, pid))


if __name__ == "__main__":
    main()
