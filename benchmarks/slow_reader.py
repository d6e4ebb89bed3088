"""What one client that does not read costs the others: p99 of their latency with and without it, in one run.

    python -m benchmarks.slow_reader [--clients 100] [--pastes 50] [--rounds 3]

A room of a real server; one client pastes, all others read. In every other phase a new client stops reading, until the
server cuts it. Server and generator share the machine: only the ratio of the two kinds of phases tells something.
"""

from __future__ import annotations

import argparse
import asyncio
import time

import pycrdt

from benchmarks.presence import Person, Room, serving
from collab.protocol.messages import encode_update

PASTE = "x" * 60_000
PAUSE_S = 0.1
SETTLE_S = 3.0


class Reader(Person):
    """Notes when each paste arrived, told by the number at its end."""

    def __init__(self, room: Room, number: int, sent_at: dict[int, float], ages: list[float]) -> None:
        super().__init__(room, number)
        self._sent_at = sent_at
        self._ages = ages
        self._seen = -1

    def _take(self, message: bytes) -> None:
        super()._take(message)
        if message.startswith(b"\x00\x02") and (at := message.rfind(b"#")) >= 0:
            number = int(message[at + 1 : at + 7])
            for paste in range(self._seen + 1, number + 1):
                if paste in self._sent_at:
                    self._ages.append(time.perf_counter() - self._sent_at[paste])
            self._seen = max(self._seen, number)

    def stop_reading(self) -> None:
        """What the server sends from now on stays in the network."""
        self._transport.pause_reading()

    def leave(self) -> None:
        """Be gone, read or not."""
        self._transport.abort()


class Crowd:
    """The clients of one room, and what they saw in the phase under way."""

    def __init__(self, port: int) -> None:
        self._room = Room(port)
        self._doc: pycrdt.Doc[object] = pycrdt.Doc(client_id=1)
        self._text = self._doc.get("source", type=pycrdt.Text)
        self._sent_at: dict[int, float] = {}
        self.ages: list[float] = []
        self._joined = 0

    async def join(self) -> Reader:
        """One more client."""
        self._joined += 1
        number = self._joined
        _, reader = await asyncio.get_running_loop().create_connection(
            lambda: Reader(self._room, number, self._sent_at, self.ages), "127.0.0.1", self._room.port
        )
        await reader.opened.wait()
        return reader

    async def phase(self, writer: Reader, pastes: int, *, stalls: bool) -> float:
        """The p99 of all who read, in seconds."""
        stalled = await self.join()
        await asyncio.sleep(SETTLE_S)
        self.ages.clear()
        if stalls:
            stalled.stop_reading()
        for _ in range(pastes):
            number = len(self._sent_at)
            before = self._doc.get_state()
            del self._text[0 : len(self._text)]
            self._text += f"{PASTE}#{number:06d}"
            self._sent_at[number] = time.perf_counter()
            writer.send_update(encode_update(self._doc.get_update(before)))
            await asyncio.sleep(PAUSE_S)
        await asyncio.sleep(SETTLE_S)
        stalled.leave()
        return sorted(self.ages)[int(len(self.ages) * 0.99)]


async def measure(port: int, clients: int, pastes: int, rounds: int) -> None:
    crowd = Crowd(port)
    writer = await crowd.join()
    for _ in range(clients - 2):
        await crowd.join()
    ratios = []
    for number in range(rounds):
        all_read = await crowd.phase(writer, pastes, stalls=False)
        one_stalls = await crowd.phase(writer, pastes, stalls=True)
        ratios.append(one_stalls / all_read)
        print(f"round {number + 1}: all read {all_read * 1000:.1f} ms, one stalls {one_stalls * 1000:.1f} ms (p99)")
    print(f"ratio: median {sorted(ratios)[len(ratios) // 2]:.2f}")


def main() -> None:
    """Start a server, fill a room, measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clients", type=int, default=100)
    parser.add_argument("--pastes", type=int, default=50)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    with serving() as (port, _):
        asyncio.run(measure(port, arguments.clients, arguments.pastes, arguments.rounds))


if __name__ == "__main__":
    main()
