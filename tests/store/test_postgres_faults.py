"""The database killed, frozen, slow, cut off or full: nothing acknowledged is lost, nothing is journalled twice."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator

import pytest

from collab.errors import JournalError
from collab.store.base import DocumentId, JournalEntry
from collab.store.postgres.driver import Target, connect
from collab.store.postgres.store import PostgresStore
from tests.patience import PATIENCE_S
from tests.postgres import PASSWORD, PostgresServer, Proxy, new_server
from tests.store.cluster_contract import intent_of
from tests.store.contract import FIRST, document_with_history, entry, every_update

pytestmark = pytest.mark.slow

SHORT_S = 2.0


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    """One that survives a power failure."""
    made = new_server(fsync="on", full_page_writes="on")
    yield made
    made.remove()


@pytest.fixture
async def proxy(server: PostgresServer) -> AsyncIterator[Proxy]:
    async with Proxy(server.port) as made:
        yield made


@pytest.fixture
async def store(server: PostgresServer, proxy: Proxy) -> AsyncIterator[PostgresStore]:
    opened = PostgresStore(server.config(database=server.address_at(proxy.port), database_timeout_s=SHORT_S))
    await opened.open()
    yield opened
    await opened.close()


async def until_it_works(call: Callable[[], Awaitable[int]]) -> int:
    """As the journal writer of a room does: the same again, until the store takes it."""
    give_up = time.monotonic() + PATIENCE_S
    while True:
        try:
            return await call()
        except JournalError:
            assert time.monotonic() < give_up
            await asyncio.sleep(0.05)


async def entries_of(store: PostgresStore, document_id: DocumentId) -> list[JournalEntry]:
    stored = await every_update(store, document_id)
    assert [one.seq for one in stored] == list(range(1, len(stored) + 1))
    return [one.entry for one in stored]


async def test_a_commit_whose_answer_got_lost_has_happened_once(store: PostgresStore, proxy: Proxy) -> None:
    document_id = await document_with_history(store)
    await store.append(document_id, FIRST, [entry(1)])

    proxy.drop_answer_to = b"COMMIT"
    last = await store.append(document_id, FIRST, [entry(2)])

    assert proxy.drop_answer_to is None
    assert last == 2
    assert await entries_of(store, document_id) == [entry(1), entry(2)]


async def test_a_commit_that_never_arrived_has_not_happened_and_is_made_again(
    store: PostgresStore, proxy: Proxy
) -> None:
    document_id = await document_with_history(store)
    await store.append(document_id, FIRST, [entry(1)])

    proxy.cut_before = b"COMMIT"
    last = await until_it_works(lambda: store.append(document_id, FIRST, [entry(2)]))

    assert last == 2
    assert await entries_of(store, document_id) == [entry(1), entry(2)]


async def test_a_commit_in_doubt_is_not_made_twice_when_the_database_comes_back(
    store: PostgresStore, proxy: Proxy
) -> None:
    """The answer is lost and nobody can be asked; later more was typed, and the call is repeated with it."""
    document_id = await document_with_history(store)
    await store.append(document_id, FIRST, [entry(1)])

    proxy.refuses_after_drop = True
    proxy.drop_answer_to = b"COMMIT"
    with pytest.raises(JournalError):
        await store.append(document_id, FIRST, [entry(2), entry(3)])
    with pytest.raises(JournalError):
        await store.append(document_id, FIRST, [entry(2), entry(3)])
    proxy.refuses = False
    last = await until_it_works(lambda: store.append(document_id, FIRST, [entry(2), entry(3), entry(4)]))

    assert last == 4
    assert await entries_of(store, document_id) == [entry(1), entry(2), entry(3), entry(4)]


async def test_a_registry_call_whose_answer_got_lost_has_its_result(store: PostgresStore, proxy: Proxy) -> None:
    document_id = await document_with_history(store)
    intent = await intent_of(store, document_id, None)

    proxy.drop_answer_to = b"COMMIT"

    assert await store.close_intent(document_id, intent.intent_id, None)
    assert await store.intents(document_id) == []


async def test_a_killed_database_loses_nothing_that_was_acknowledged(
    store: PostgresStore, server: PostgresServer
) -> None:
    document_id = await document_with_history(store)
    acknowledged: list[JournalEntry] = []
    running = asyncio.Event()

    async def type_on() -> None:
        for number in range(300):
            made = entry(number)
            await until_it_works(lambda made=made: store.append(document_id, FIRST, [made]))
            acknowledged.append(made)
            if number == 20:
                running.set()

    typing = asyncio.ensure_future(type_on())
    await asyncio.wait_for(running.wait(), PATIENCE_S)
    for _ in range(2):
        await asyncio.to_thread(server.kill)
        before = len(acknowledged)
        await asyncio.to_thread(server.start)
        assert len(acknowledged) == before or typing.done()
    await asyncio.wait_for(typing, PATIENCE_S)

    assert await entries_of(store, document_id) == acknowledged == [entry(number) for number in range(300)]


async def test_a_frozen_database_is_given_up_in_time_and_used_again_later(
    store: PostgresStore, server: PostgresServer
) -> None:
    document_id = await document_with_history(store)
    await store.append(document_id, FIRST, [entry(1)])

    with server.frozen():
        outcomes = await asyncio.wait_for(
            asyncio.gather(
                store.append(document_id, FIRST, [entry(2)]),
                store.document(document_id),
                store.load(document_id),
                return_exceptions=True,
            ),
            PATIENCE_S,
        )
        assert all(isinstance(one, JournalError) for one in outcomes)
        with pytest.raises(JournalError):
            await asyncio.wait_for(store.append(document_id, FIRST, [entry(2)]), PATIENCE_S)
    last = await until_it_works(lambda: store.append(document_id, FIRST, [entry(2)]))

    assert last == 2
    assert await entries_of(store, document_id) == [entry(1), entry(2)]


async def test_a_database_behind_a_dead_line_is_given_up_in_time(store: PostgresStore, proxy: Proxy) -> None:
    document_id = await document_with_history(store)

    proxy.swallows = True
    with pytest.raises(JournalError):
        await asyncio.wait_for(store.append(document_id, FIRST, [entry(1)]), PATIENCE_S)
    proxy.cut()
    proxy.swallows = False
    last = await until_it_works(lambda: store.append(document_id, FIRST, [entry(1)]))

    assert last == 1
    assert await entries_of(store, document_id) == [entry(1)]


async def test_a_slow_line_costs_time_and_nothing_else(server: PostgresServer, proxy: Proxy) -> None:
    store = PostgresStore(server.config(database=server.address_at(proxy.port), database_timeout_s=PATIENCE_S))
    await store.open()
    document_id = await document_with_history(store)

    proxy.delay_s = 0.03
    await asyncio.gather(*(store.append(document_id, FIRST, [entry(number)]) for number in range(20)))
    proxy.delay_s = 0.0
    await store.close()
    await store.open()

    assert sorted(one.at_ms for one in await entries_of(store, document_id)) == [entry(n).at_ms for n in range(20)]
    await store.close()


async def test_connections_that_were_cut_while_nobody_used_them_are_replaced(
    store: PostgresStore, proxy: Proxy
) -> None:
    document_id = await document_with_history(store)
    await asyncio.gather(*(store.document(document_id) for _ in range(6)))

    proxy.cut()
    last = await until_it_works(lambda: store.append(document_id, FIRST, [entry(1)]))

    assert last == 1


async def test_a_full_database_refuses_and_goes_on_when_there_is_room(
    store: PostgresStore, server: PostgresServer
) -> None:
    """No file of the server may grow beyond a limit, which is what a full disk is to it."""
    document_id = await document_with_history(store)
    big = [JournalEntry(bytes(range(256)) * 8_000, "ann", "Ann", 1, "node", 1)]
    _limit_files(server, str(18 << 20))
    taken = 0
    try:
        with pytest.raises(JournalError):
            for _ in range(40):
                await store.append(document_id, FIRST, big)
                taken += 1
        assert (await store.load(document_id)) is not None
    finally:
        _limit_files(server, "unlimited")

    last = await until_it_works(lambda: store.append(document_id, FIRST, [entry(1)]))

    assert last == taken + 1
    assert await entries_of(store, document_id) == [*big * taken, entry(1)]


async def test_a_database_that_cannot_be_written_refuses(store: PostgresStore, server: PostgresServer) -> None:
    document_id = await document_with_history(store)
    await server.ask("ALTER ROLE livefolder SET default_transaction_read_only = on")
    await store.close()
    try:
        with pytest.raises(JournalError):
            await store.open()
            await store.append(document_id, FIRST, [entry(1)])
    finally:
        await _reset_role(server)


async def test_a_node_that_stops_in_a_transaction_holds_up_a_document_for_a_while_only(
    store: PostgresStore, server: PostgresServer
) -> None:
    document_id = await document_with_history(store)
    stuck = await connect(
        Target(server.address, PASSWORD, store._config.database_schema, SHORT_S, 1)  # as a node's own connections
    )
    try:
        await stuck.execute("BEGIN")
        await stuck.execute("SELECT id FROM histories FOR UPDATE")

        last = await until_it_works(lambda: store.append(document_id, FIRST, [entry(1)]))
    finally:
        stuck.terminate()

    assert last == 1


def _limit_files(server: PostgresServer, size: str) -> None:
    """Of all that runs and all that will."""
    for process in server.family():
        server.run("prlimit", "--pid", str(process.pid), f"--fsize={size}:")


async def _reset_role(server: PostgresServer) -> None:
    connection = await connect(Target(server.address, PASSWORD, "public", PATIENCE_S, 1))
    await connection.execute("SET default_transaction_read_only = off")
    await connection.execute("ALTER ROLE livefolder RESET default_transaction_read_only")
    connection.terminate()
