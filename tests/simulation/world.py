"""A server without sockets: product rooms over a store and a storage in memory, in virtual time."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace

from collab.clock import Clock, FakeClock
from collab.config import Config
from collab.document import Document, compact, taken_back
from collab.fanout.base import NodeId
from collab.fanout.hub import Hub
from collab.fanout.memory import MemoryBus, MemoryNetwork
from collab.formats.base import Decoded, Forked, Renewed
from collab.formats.table import format_named
from collab.formats.text import TextFormat
from collab.formats.text_merge import Plan
from collab.limits import Limits
from collab.protocol.roles import Identity, Role
from collab.protocol.update import Checked, check_update
from collab.rooms.connection import Access
from collab.rooms.parts import Parts
from collab.rooms.rooms import Rooms
from collab.rooms.storage_file import Root
from collab.sandbox import child
from collab.store.base import Store
from collab.store.memory import MemoryStore
from connectors.base import Connector, Credentials
from connectors.memory import MemoryConnector

ROOT = "files"
CREDENTIALS = Credentials("u1", "Ada")


class InlineSandbox:
    """Does the sandbox's work in the same process: the simulated documents are harmless."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self.tried_on_snapshots = 0

    async def decode(self, format_name: str, content: bytes, client_id: int) -> Decoded:
        return format_named(format_name).decode(content, self._limits, client_id)

    async def plan_merge(self, base: bytes, theirs: bytes, live: str, known: str | None = None) -> Plan:
        return TextFormat().plan_merge(base, theirs, live, known)

    async def check_update(self, update: bytes, clocks: Mapping[int, int], snapshot: bytes | None = None) -> Checked:
        checked = check_update(update, clocks, self._limits)
        if checked.update is not None and snapshot is not None:
            self.tried_on_snapshots += 1
            Document.from_updates([snapshot, checked.update])
        return checked

    async def take_back(self, before: Sequence[bytes], update: bytes, now: bytes, client_id: int) -> bytes:
        return taken_back(before, update, now, client_id)

    async def encode(self, format_name: str, state: bytes, base: bytes) -> bytes:
        return format_named(format_name).encode(Document.from_updates([state]), base)

    async def renew(self, format_name: str, updates: Sequence[bytes], client_id: int) -> Renewed:
        answer = child.renew([format_name.encode(), b"%d" % client_id, *updates], self._limits)
        return Renewed(*answer)

    async def fork(self, format_name: str, content: bytes, updates: Sequence[bytes], update: bytes) -> Forked:
        return Forked(*child.fork([format_name.encode(), content, update, *updates], self._limits))

    async def compact(self, state: bytes) -> bytes:
        return compact(state)


class RecordedSlot:
    """The apply slot as a list, to be looked at."""

    def __init__(self) -> None:
        self.held: list[tuple[str, int, int | None, bytes]] = []
        self.holding = False

    def hold(self, document_id: str, connection: int, seq: int | None, update: bytes) -> None:
        self.held = [*self.held[-9:], (document_id, connection, seq, update)]
        self.holding = True

    def clear(self) -> None:
        self.holding = False


@dataclass
class CountedMetrics:
    """Metrics as plain counts."""

    counts: Counter[str] = field(default_factory=Counter)

    def count(self, name: str, amount: int = 1) -> None:
        self.counts[name] += amount

    def observe(self, name: str, value: float) -> None:
        self.counts[name] += 1


class Server:
    """One server process: it can be started, stopped with grace, and killed."""

    def __init__(self, world: World, name: str = "n1") -> None:
        self.name = name
        self.hub: Hub | None = None
        """Its end of the fan-out, where the world has a network."""
        self.bus: MemoryBus | None = None
        self.rooms: Rooms | None = None
        self._world = world

    async def start(self) -> Rooms:
        world = self._world
        await world.store.open()
        parts = world.parts(self.name)
        if world.network is not None:
            self.bus = world.network.bus()
            me = NodeId(self.name, int(parts.new_id(), 16))
            config = world.config
            self.hub = Hub(self.bus, me, b"key", config.redis, config.limits, world.clock, world.metrics)
            await self.hub.__aenter__()
            parts = replace(parts, fanout=self.hub, saver=str(me))
        self.rooms = Rooms(parts, [Root(ROOT, world.connector)], world.config.server.shutdown_s)
        return await self.rooms.__aenter__()

    async def stop(self) -> None:
        """As at the end of a deployment."""
        rooms, self.rooms = self.rooms, None
        if rooms is not None:
            await rooms.__aexit__(None, None, None)
            await self._leave_network()

    async def _leave_network(self) -> None:
        hub, self.hub, self.bus = self.hub, None, None
        if hub is not None:
            await hub.__aexit__(None, None, None)

    async def kill(self) -> None:
        """As by SIGKILL: nothing is saved or journalled any more."""
        rooms, self.rooms = self.rooms, None
        if rooms is not None:
            if self.bus is not None:
                self.bus.set_cut(True, noticed=False)
            for task in tuple(rooms._tasks):
                task.cancel()
            await rooms._group.__aexit__(None, None, None)
            await self._leave_network()


class World:
    """Everything one simulated server needs. `server()` may be called again after a crash."""

    def __init__(
        self,
        clock: FakeClock,
        *,
        seed: int = 0,
        config: Config | None = None,
        store: Store | None = None,
        storage: MemoryConnector | None = None,
        connector: Connector | None = None,
        network: MemoryNetwork | None = None,
    ) -> None:
        self.clock: Clock = clock
        self.config = config or Config()
        self.memory = MemoryStore(clock=clock)
        self.network = network
        self.store: Store = store or self.memory
        self.storage = storage or MemoryConnector(clock=clock)
        self.connector: Connector = connector or self.storage
        self.metrics = CountedMetrics()
        self.slot = RecordedSlot()
        self.sandbox = InlineSandbox(self.config.limits)
        self._random = random.Random(seed)

    def parts(self, node: str = "n1") -> Parts:
        """What rooms work with, ids drawn from the seed."""
        parts = Parts.of(self.config, self.store, self.sandbox, self.slot, self.metrics, self.clock, node)
        return replace(
            parts,
            new_client_id=lambda: self._random.getrandbits(32),
            new_id=lambda: f"{self._random.getrandbits(64):016x}",
        )

    @asynccontextmanager
    async def server(self) -> AsyncIterator[Rooms]:
        """One server process, from start to graceful stop."""
        server = Server(self)
        try:
            yield await server.start()
        finally:
            await server.stop()


def access(name: str = "Ada", role: Role = Role.EDITOR, *, extended: bool = True, history: str | None = None) -> Access:
    """Who joins."""
    return Access(Identity(name.lower(), name, "#336699"), role, CREDENTIALS, extended, history=history)
