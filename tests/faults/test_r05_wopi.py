"""R5 for WOPI: every fault of a host, at every call, at every moment of a document's life: nothing is lost or damaged.

14 faults x 6 calls x 4 moments = 336 cells on the `strict` host; the other kinds of hosts take a part of them, all of
them in the soak run. Each cell strikes three times, first after the host did what was asked, then before, while
somebody else changes the file. Replay one cell by its id with `-k`.
"""

from __future__ import annotations

import asyncio
from itertools import product

import pytest

from collab.clock import FakeClock
from collab.config import Config, RoomConfig, SaveConfig
from collab.document import Splice
from collab.errors import CollabError
from collab.protocol.payloads import StorageState
from collab.protocol.roles import Identity, Role
from collab.rooms.connection import Access
from collab.rooms.rooms import Rooms
from collab.store.base import DocumentId
from connectors.errors import Unavailable
from connectors.http import HttpAnswer, HttpRequest
from connectors.wopi import WopiConnector
from connectors.wopi_calls import WopiCalls
from connectors.wopi_source import path_of
from tests.simulation.client import Client
from tests.simulation.loop import simulate
from tests.simulation.world import ROOT, Server, World
from tests.wopi.at_host import KEYS, credentials_for
from tests.wopi.host import WopiHost
from tests.wopi.profiles import NEXTCLOUD, OPENCLOUD, STRICT, WOPISERVER, Profile

STATUSES = {
    "conflict": 409,
    "missing": 404,
    "denied": 403,
    "precondition": 412,
    "locked": 423,
    "throttled": 429,
    "server error": 500,
    "away": 503,
    "disk full": 507,
}
BROKEN = ("timeout", "truncated", "wrong length", "reset")
FAULTS = (*STATUSES, *BROKEN, "slow")
OPERATIONS = ("check_file_info", "get_file", "put_file", "lock", "refresh_lock", "unlock")
MOMENTS = ("load", "autosave", "last leave", "shutdown")
START = b"first line\nlast line\n"
EDIT = "edited\n"
FOREIGN = b"foreign\n"
FILE = "a.txt"
CONFIG = Config(save=SaveConfig(lock_refresh_s=2.0, retry_max_s=4.0, poll_s=2.0), room=RoomConfig(idle_unload_s=20.0))
TOLD_S = 5.0
TIMEOUT_S = 3.0


class FaultyPort:
    """The way to the host: the next three calls of one kind go wrong."""

    def __init__(self, host: WopiHost) -> None:
        self.host = host
        self.operation = ""
        self.fault = ""
        self.left: list[str] = []

    def strike(self, operation: str, fault: str) -> None:
        self.operation, self.fault, self.left = operation, fault, ["after", "before", "before"]

    async def send(self, request: HttpRequest, *, limit_bytes: int) -> HttpAnswer:
        await asyncio.sleep(0)
        if not self.left or not self._hits(request):
            return self.host.answer(request)
        if self.left.pop(0) == "after":
            self.host.answer(request)
        if self.fault in STATUSES:
            return HttpAnswer(STATUSES[self.fault], {}, b"")
        if self.fault == "slow":
            await asyncio.sleep(TIMEOUT_S - 1)
            return self.host.answer(request)
        await asyncio.sleep(TIMEOUT_S if self.fault == "timeout" else 0)
        raise Unavailable(f"injected: {self.fault}")

    def _hits(self, request: HttpRequest) -> bool:
        override = request.headers.get("X-WOPI-Override", "")
        path = request.url.partition("?")[0]
        kind = {"LOCK": "lock", "REFRESH_LOCK": "refresh_lock", "UNLOCK": "unlock", "PUT": "put_file"}.get(override)
        return self.operation == (kind or ("get_file" if path.endswith("/contents") else "check_file_info"))


class Cell:
    """One document, one person, one outside writer, and a host that fails by plan."""

    def __init__(self, clock: FakeClock, profile: Profile) -> None:
        self.clock = clock
        self.host = WopiHost(clock, profile)
        self.host.keys = KEYS.attributes()
        self.host.put(FILE, START)
        self.port = FaultyPort(self.host)
        self.path = path_of(self.host.source(FILE))
        self.credentials = credentials_for(self.host, FILE)
        self.world = World(clock, config=CONFIG)
        self.renew_connector()
        self.server = Server(self.world)
        identity = Identity("ada", "Ada", "#336699")
        self.client = Client("ada", Access(identity, Role.EDITOR, self.credentials), 77)

    def renew_connector(self) -> None:
        """As after a restart: what the connector knew is gone."""
        self.world.connector = WopiConnector(WopiCalls(self.port, self.clock, lambda: KEYS), self.clock)

    @property
    def content(self) -> bytes:
        return self.host.files[FILE].content

    async def open(self) -> tuple[Rooms, DocumentId]:
        """Start and open, again and again if the host refuses."""
        rooms = self.server.rooms or await self.server.start()
        for _ in range(20):
            try:
                opened = await rooms.open(ROOT, self.path, self.credentials)
            except CollabError:
                await asyncio.sleep(1)
            else:
                await self.client.connect(rooms, opened.document_id)
                await asyncio.sleep(0.1)
                return rooms, opened.document_id
        raise AssertionError("the document does not open although the host recovered")

    async def type(self) -> None:
        """While the lock is refused the page is read-only: a person waits for that to end."""
        for _ in range(60):
            roles = [one.details["role"] for one in self.client.notices if one.code == "role_changed"]
            if not roles or roles[-1] == Role.EDITOR.value:
                break
            await asyncio.sleep(1)
        self.client.edit(Splice(len("first line\n"), 0, EDIT))

    def write_outside(self) -> None:
        """Another application appends a line to what is there."""
        self.host.put(FILE, self.content + FOREIGN, FILE)

    async def check_told(self) -> None:
        await asyncio.sleep(CONFIG.save.max_wait_s + TOLD_S)
        state = self.client.save_states[-1]
        if EDIT.encode() not in self.content:
            assert state.state in (StorageState.REFUSED, StorageState.SAVING)
            assert state.covers < self.client.sent
            assert state.reason or state.state is StorageState.SAVING

    async def check_healed(self) -> None:
        """Both sides' text is in the file, once, and nothing else was ever written."""
        for _ in range(400):
            if EDIT.encode() in self.content:
                break
            await asyncio.sleep(1)
        await asyncio.sleep(10)
        for part in *START.splitlines(keepends=True), EDIT.encode(), FOREIGN:
            assert self.content.count(part) == 1, (part, self.content)
        for written in self.host.stored:
            assert written.startswith(b"first line\n") and b"last line\n" in written, written


async def run_cell(clock: FakeClock, profile: Profile, fault: str, operation: str, moment: str) -> None:
    cell = Cell(clock, profile)
    if moment == "load":
        cell.port.strike(operation, fault)
    rooms, document_id = await cell.open()
    if moment == "autosave":
        cell.port.strike(operation, fault)
    await cell.type()
    await asyncio.sleep(0)
    cell.write_outside()
    if moment in ("load", "autosave"):
        await cell.check_told()
    else:
        cell.port.strike(operation, fault)
        await asyncio.sleep(0.01)
        assert cell.client.acknowledged == cell.client.sent
        await cell.client.disconnect()
    if moment == "last leave":
        await asyncio.sleep(60)
    if moment == "shutdown":
        await cell.server.stop()
        cell.port.left.clear()
        cell.renew_connector()
        rooms, document_id = await cell.open()
    assert EDIT.encode() in await rooms.content_now(document_id)
    await cell.check_healed()
    await cell.server.stop()
    assert cell.host.lock_of(FILE) is None or operation == "unlock"


@pytest.mark.parametrize("moment", MOMENTS)
@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize("fault", FAULTS)
def test_a_hosts_fault_loses_and_damages_nothing(fault: str, operation: str, moment: str) -> None:
    simulate(lambda clock: run_cell(clock, STRICT, fault, operation, moment))


@pytest.mark.parametrize("moment", MOMENTS)
@pytest.mark.parametrize("profile", [WOPISERVER, OPENCLOUD, NEXTCLOUD], ids=lambda profile: profile.name)
@pytest.mark.parametrize("fault", ["server error", "timeout", "conflict"])
def test_every_kind_of_host_may_fail_at_a_write(profile: Profile, fault: str, moment: str) -> None:
    simulate(lambda clock: run_cell(clock, profile, fault, "put_file", moment))


@pytest.mark.soak
@pytest.mark.parametrize("profile", [WOPISERVER, OPENCLOUD, NEXTCLOUD], ids=lambda profile: profile.name)
def test_every_fault_of_every_kind_of_host(profile: Profile) -> None:
    for fault, operation, moment in product(FAULTS, OPERATIONS, MOMENTS):
        simulate(lambda clock, at=(fault, operation, moment): run_cell(clock, profile, *at))


def test_the_matrix_has_all_cells() -> None:
    assert len(list(product(FAULTS, OPERATIONS, MOMENTS))) == 336
