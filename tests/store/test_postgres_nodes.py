"""Several nodes on one database: their appends, their starts, their leases, and what they let out."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import replace

import pytest

from collab.config import StoreConfig
from collab.errors import ConfigError, JournalError, LeaseLost
from collab.store.base import JournalEntry, Snapshot
from collab.store.postgres.schema import VERSION
from collab.store.postgres.store import PostgresStore
from tests.patience import PATIENCE_S
from tests.postgres import PASSWORD, USER, PostgresServer
from tests.store.cluster_contract import MINUTE_MS, intent_of
from tests.store.contract import FIRST, NOTES, NOW, OTHER, SECOND, base, document_with_history, entry, every_update


@pytest.fixture
def config(postgres: PostgresServer) -> StoreConfig:
    return postgres.config()


@pytest.fixture
async def nodes(config: StoreConfig) -> AsyncIterator[tuple[PostgresStore, PostgresStore]]:
    async with contextlib.AsyncExitStack() as stack:
        stores = []
        for _ in range(2):
            store = PostgresStore(config)
            await store.open()
            stack.push_async_callback(store.close)
            stores.append(store)
        yield stores[0], stores[1]


Nodes = tuple[PostgresStore, PostgresStore]


# -- one journal, several writers --


async def test_two_nodes_write_one_history_without_gap_or_doubled_number(nodes: Nodes) -> None:
    document_id = await document_with_history(nodes[0])

    async def write(store: PostgresStore, node: int) -> list[tuple[int, list[JournalEntry]]]:
        written = []
        for number in range(40):
            group = [entry(node * 10_000 + number * 10 + step, f"node-{node}") for step in range(1 + number % 3)]
            written.append((await store.append(document_id, FIRST, group), group))
        return written

    parts = await asyncio.gather(*(write(store, at) for at, store in enumerate(nodes)))
    written = [one for part in parts for one in part]

    stored = await every_update(nodes[0], document_id)
    assert [one.seq for one in stored] == list(range(1, len(stored) + 1))
    assert len(stored) == sum(len(group) for _, group in written)
    for last, group in written:
        assert [one.entry for one in stored[last - len(group) : last]] == group


async def test_who_reads_while_nodes_write_sees_a_history_without_gaps(nodes: Nodes) -> None:
    document_id = await document_with_history(nodes[0])
    done = asyncio.Event()

    async def write(store: PostgresStore) -> None:
        for number in range(60):
            await store.append(document_id, FIRST, [entry(number)])

    async def read() -> int:
        after, reads = 0, 0
        while not done.is_set() or after < 120:
            since = await nodes[1].since(document_id, FIRST, after_seq=after, limit=7)
            assert since is not None
            assert [one.seq for one in since.updates] == list(range(after + 1, since.seq + 1))
            after, reads = since.seq, reads + 1
        return reads

    reading = asyncio.ensure_future(read())
    await asyncio.gather(*(write(store) for store in nodes))
    done.set()

    assert await asyncio.wait_for(reading, PATIENCE_S) > 1


async def test_nodes_that_write_the_same_documents_in_one_commit_do_not_get_stuck(nodes: Nodes) -> None:
    ids = [
        await document_with_history(nodes[0], replace(NOTES, external_id=f"{number}.md"), type(FIRST)(f"h{number}"))
        for number in range(12)
    ]

    async def write(store: PostgresStore, order: int) -> None:
        for _ in range(8):
            numbers = list(enumerate(ids))[::order]
            await asyncio.gather(
                *(store.append(one, type(FIRST)(f"h{number}"), [entry(number)]) for number, one in numbers)
            )

    await asyncio.wait_for(asyncio.gather(write(nodes[0], 1), write(nodes[1], -1)), PATIENCE_S)

    positions = await nodes[0].positions(ids)
    assert {position.seq for position in positions.values()} == {16}


async def test_a_node_learns_at_its_next_append_that_another_one_replaced_the_history(nodes: Nodes) -> None:
    document_id = await document_with_history(nodes[0])
    await nodes[0].append(document_id, FIRST, [entry(1)])
    await nodes[1].append(document_id, FIRST, [entry(2)])
    assert await nodes[1].create_history(document_id, FIRST, SECOND, "text", b"seed", None, NOW)

    with pytest.raises(Exception, match="has not the history"):
        await nodes[0].append(document_id, FIRST, [entry(3)])

    assert len(await every_update(nodes[0], document_id)) == 2


async def test_a_document_can_be_purged_while_another_node_remembers_it(nodes: Nodes) -> None:
    document_id = await document_with_history(nodes[0])
    kept_id = await document_with_history(nodes[0], OTHER, SECOND)
    for store in nodes:
        await store.append(document_id, FIRST, [entry(1)])
        await store.append(kept_id, SECOND, [entry(1)])

    await nodes[1].purge(document_id)
    outcomes = await asyncio.gather(
        nodes[0].append(document_id, FIRST, [entry(2)]),
        nodes[0].append(kept_id, SECOND, [entry(2)]),
        return_exceptions=True,
    )

    assert isinstance(outcomes[0], Exception)
    assert outcomes[1] == 3
    assert [one.entry for one in await every_update(nodes[1], kept_id, SECOND)] == [entry(1), entry(1), entry(2)]


async def test_two_nodes_that_maintain_at_once_do_it_once(nodes: Nodes) -> None:
    document_id = await document_with_history(nodes[0])
    for number in range(30):
        await nodes[0].append(document_id, FIRST, [entry(number)])
    await nodes[0].write_snapshot(document_id, FIRST, Snapshot(30, b"state", NOW))
    before = await every_update(nodes[0], document_id)

    await asyncio.gather(*(store.maintain(NOW + 5 * 86_400_000) for store in nodes))

    assert await every_update(nodes[1], document_id) == before


async def test_a_name_that_postgresql_cannot_hold_costs_nobody_else_anything(nodes: Nodes) -> None:
    document_id = await document_with_history(nodes[0])
    other_id = await document_with_history(nodes[0], OTHER, SECOND)
    strange = JournalEntry(b"update", "a\x00nn", "A\x00nn", NOW, "n\x001", 1)
    hopeless = JournalEntry(b"update", "ann", "\udcff", NOW, "node", 1)

    outcomes = await asyncio.gather(
        nodes[0].append(document_id, FIRST, [strange]),
        nodes[0].append(document_id, FIRST, [hopeless]),
        nodes[0].append(other_id, SECOND, [entry(1)]),
        return_exceptions=True,
    )

    assert [outcomes[0], outcomes[2]] == [1, 1]
    assert isinstance(outcomes[1], JournalError)
    assert [one.entry.author_name for one in await every_update(nodes[0], document_id)] == ["A\ufffdnn"]


async def test_more_calls_than_connections_wait_for_each_other(postgres: PostgresServer) -> None:
    store = PostgresStore(postgres.config(database_connections=2))
    await store.open()
    try:
        records = await asyncio.gather(
            *(store.resolve(replace(NOTES, external_id=str(number)), NOW) for number in range(40))
        )
    finally:
        await store.close()

    assert len({record.document_id for record in records}) == 40


# -- starting --


async def test_nodes_that_start_at_once_make_the_schema_once(config: StoreConfig) -> None:
    stores = [PostgresStore(config) for _ in range(4)]

    await asyncio.gather(*(store.open() for store in stores))
    try:
        document_id = await document_with_history(stores[0])
        assert await stores[3].document(document_id) == await stores[0].document(document_id)
    finally:
        await asyncio.gather(*(store.close() for store in stores))


async def test_a_database_of_a_newer_server_is_left_alone(postgres: PostgresServer, config: StoreConfig) -> None:
    store = PostgresStore(config)
    await store.open()
    await store.close()
    table = f"{config.database_schema}.livefolder_schema"
    await postgres.ask(f"UPDATE {table} SET version = {VERSION + 1} RETURNING 1")  # noqa: S608  # a name of ours

    with pytest.raises(ConfigError, match="written by a newer server"):
        await PostgresStore(config).open()


async def test_a_schema_of_another_program_is_left_alone(postgres: PostgresServer, config: StoreConfig) -> None:
    await postgres.ask(f"CREATE SCHEMA {config.database_schema}")
    await postgres.ask(f"CREATE TABLE {config.database_schema}.documents (id integer)")

    with pytest.raises(ConfigError, match="some other program"):
        await PostgresStore(config).open()


@pytest.mark.parametrize(
    "change",
    [
        lambda config, port: replace(config, database_password="wrong and secret"),
        lambda config, port: replace(
            config,
            database=f"postgresql://{USER}:wrong%20and%20secret@127.0.0.1:{port}/journal",
            database_password=None,
        ),
        lambda config, port: replace(config, database=f"postgresql://{USER}@127.0.0.1:{port}/nothing_there"),
        lambda config, port: replace(config, database=f"postgresql://{USER}@127.0.0.1:1/journal"),
    ],
    ids=["wrong password", "wrong password in the address", "no such database", "nobody listens"],
)
async def test_a_database_that_lets_nobody_in_is_named_without_its_password(
    postgres: PostgresServer, config: StoreConfig, change: Callable[[StoreConfig, int], StoreConfig]
) -> None:
    with pytest.raises(JournalError) as caught:
        await PostgresStore(change(config, postgres.port)).open()

    assert str(caught.value)
    for secret in (PASSWORD, "wrong and secret", "wrong%20and%20secret"):
        assert secret not in str(caught.value)


@pytest.mark.parametrize("address", ["mysql://host/db", "postgresql://u:secret%20word@h:port/db", "?"])
async def test_an_address_that_makes_no_sense_is_said_without_its_password(config: StoreConfig, address: str) -> None:
    with pytest.raises((ConfigError, JournalError)) as caught:
        await PostgresStore(replace(config, database=address)).open()

    assert "secret%20word" not in str(caught.value)


async def test_the_password_may_be_in_the_address_or_in_a_file(
    postgres: PostgresServer, config: StoreConfig, tmp_path_factory: pytest.TempPathFactory
) -> None:
    file = tmp_path_factory.mktemp("secrets") / "password"
    file.write_text(f"{PASSWORD}\n")
    inside = postgres.address.replace(USER, f"{USER}:{PASSWORD.replace(' ', '%20')}", 1)

    for way in (
        replace(config, database_password=None, database_password_file=file),
        replace(config, database_password=None, database=inside),
    ):
        store = PostgresStore(way)
        await store.open()
        await store.close()


async def test_what_is_acknowledged_is_on_the_disk_whatever_the_servers_default(postgres: PostgresServer) -> None:
    config = postgres.config()
    lax = replace(config, database=f"{config.database}&options=-csynchronous_commit%3Doff")
    store = PostgresStore(lax)
    await store.open()
    try:
        async with store._pool.connection() as connection:
            assert await connection.fetchval("SELECT current_setting('synchronous_commit')") == "on"
    finally:
        await store.close()


# -- leases --


async def test_a_paused_holder_comes_back_to_nothing(nodes: Nodes) -> None:
    document_id = await document_with_history(nodes[0])
    paused = await nodes[0].acquire_lease(document_id, "a", 200)
    before = await intent_of(nodes[0], document_id, paused)

    taken = paused
    give_up = time.monotonic() + PATIENCE_S
    while taken.owner != "b" and time.monotonic() < give_up:
        taken = await nodes[1].acquire_lease(document_id, "b", MINUTE_MS)
    assert await nodes[1].close_intent(document_id, before.intent_id, None)
    await nodes[1].set_save_base(document_id, base(b"by b", "v2", 5), taken)

    with pytest.raises(LeaseLost):
        await intent_of(nodes[0], document_id, paused)
    with pytest.raises(LeaseLost):
        await nodes[0].append(document_id, FIRST, [entry(1)], [base(b"by a", "v9", 9)], lease=paused)
    assert not await nodes[0].close_intent(document_id, before.intent_id, base(b"by a", "v9", 9))
    assert not await nodes[0].renew_lease(paused, MINUTE_MS)
    record = await nodes[0].document(document_id)
    assert record is not None
    assert record.save_base == base(b"by b", "v2", 5)


async def test_leases_run_by_the_databases_clock_on_nodes_whose_clocks_are_five_minutes_apart(
    nodes: Nodes, monkeypatch: pytest.MonkeyPatch
) -> None:
    document_id = await document_with_history(nodes[0])
    held = await nodes[0].acquire_lease(document_id, "a", MINUTE_MS)
    real_s, real_ns = time.time, time.time_ns

    with monkeypatch.context() as later:
        later.setattr(time, "time", lambda: real_s() + 300)
        later.setattr(time, "time_ns", lambda: real_ns() + 300 * 10**9)
        asked = await nodes[1].acquire_lease(document_id, "b", MINUTE_MS)

    assert asked.owner == "a"
    assert await nodes[0].holds_lease(held)


async def test_nobody_gets_a_lease_between_its_check_and_the_end_of_what_it_guards(nodes: Nodes) -> None:
    """The check and what it guards are one transaction, and it keeps the row."""
    document_id = await document_with_history(nodes[0])
    for _ in range(10):
        held = await nodes[0].acquire_lease(document_id, "a", 0)
        outcomes = await asyncio.gather(
            nodes[0].append(document_id, FIRST, [entry(1)], [base(b"by a")], lease=held),
            nodes[1].acquire_lease(document_id, "b", 0),
            return_exceptions=True,
        )
        assert isinstance(outcomes[0], int | LeaseLost)
        assert not isinstance(outcomes[1], BaseException)
