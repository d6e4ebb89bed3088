"""The operator's commands on a journal in PostgreSQL."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from collab.config import StoreConfig
from collab.document import Document, Splice
from collab.store.base import Alias, HistoryId, JournalEntry, SaveBase
from collab.store.postgres.store import PostgresStore
from tests.postgres import PASSWORD, PostgresServer
from tests.postgres import postgres as postgres
from tests.test_cli import collab, refused

NOW = 1_700_000_000_000
TEXT = "typed by ann"


@pytest.fixture
def config(postgres: PostgresServer) -> StoreConfig:
    return postgres.config()


@pytest.fixture
def environ(config: StoreConfig) -> dict[str, str]:
    return {
        "COLLAB_DATABASE": str(config.database),
        "COLLAB_STORE_DATABASE_PASSWORD": PASSWORD,
        "COLLAB_STORE_DATABASE_SCHEMA": config.database_schema,
    }


async def make_document(config: StoreConfig) -> None:
    """A document with one edit of a person."""
    store = PostgresStore(config)
    await store.open()
    try:
        record = await store.resolve(Alias("root:docs", "a.md"), NOW)
        history_id = HistoryId(f"h-{config.database_schema}")
        base = SaveBase("v1", await store.put_content(b""), 0, b"\x00", NOW)
        await store.create_history(record.document_id, None, history_id, "text", None, base, NOW)
        document = Document(client_id=7)
        update = document.changed_by(lambda: document.edit_text([Splice(0, 0, TEXT)]))
        await store.append(record.document_id, history_id, [JournalEntry(update, "ann", "Ann", NOW, "node", 1)])
    finally:
        await store.close()


async def authors(config: StoreConfig) -> set[str]:
    store = PostgresStore(config)
    await store.open()
    try:
        return {
            stored.entry.author_id
            for record in await store.documents()
            if record.history_id is not None
            for stored in await store.updates(record.document_id, record.history_id, after_seq=0, limit=10)
        }
    finally:
        await store.close()


def test_replay_rebuilds_what_is_in_the_database(config: StoreConfig, environ: dict[str, str], tmp_path: Path) -> None:
    asyncio.run(make_document(config))

    checked = collab("replay", "--all", **environ)
    written = collab("replay", "a.md", "--write", tmp_path / "out.md", **environ)

    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert "1 updates, 12 characters" in checked.stdout
    assert written.returncode == 0, written.stderr
    assert (tmp_path / "out.md").read_text() == TEXT


def test_a_backup_moves_a_database_into_a_file_and_back(
    postgres: PostgresServer, config: StoreConfig, environ: dict[str, str], tmp_path: Path
) -> None:
    asyncio.run(make_document(config))
    other = postgres.config()

    assert collab("backup", tmp_path / "copy", **environ).returncode == 0
    into_file = collab("restore", tmp_path / "copy", "--data", tmp_path / "data")
    again = collab("replay", "a.md", "--write", tmp_path / "out.md", "--data", tmp_path / "data")
    environ_of_other = environ | {"COLLAB_STORE_DATABASE_SCHEMA": other.database_schema}
    into_database = collab("restore", tmp_path / "copy", **environ_of_other)
    twice = collab("restore", tmp_path / "copy", **environ_of_other)

    assert into_file.returncode == again.returncode == into_database.returncode == 0, into_database.stderr
    assert (tmp_path / "out.md").read_text() == TEXT
    assert asyncio.run(authors(other)) == {"ann"}
    refused(twice, "holds documents already")


def test_a_person_is_erased_and_a_document_removed(config: StoreConfig, environ: dict[str, str]) -> None:
    asyncio.run(make_document(config))

    erased = collab("erase", "ann", "--yes", **environ)
    after = asyncio.run(authors(config))
    purged = collab("purge", "a.md", "--yes", **environ)

    assert "Erased ann from 1 entries." in erased.stdout, erased.stderr
    assert after == {"erased"}
    assert purged.returncode == 0, purged.stderr
    assert asyncio.run(authors(config)) == set()


def test_the_doctor_looks_at_the_database(environ: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    seen = collab("doctor", tmp_path / "docs", "--data", tmp_path / "data", "--port", "0", **environ)
    away = environ | {"COLLAB_STORE_DATABASE_PASSWORD": "not this one"}
    shut = collab("doctor", tmp_path / "docs", "--data", tmp_path / "data", "--port", "0", **away)

    assert "PostgreSQL" in seen.stdout
    assert "does not keep what it commits" in seen.stdout  # the server of tests runs without fsync
    assert shut.returncode == 1
    assert "not this one" not in shut.stdout + shut.stderr


def test_a_password_on_the_command_line_is_refused_and_not_repeated() -> None:
    done = collab("check-config", "--database", "postgresql://me:seen-by-all@127.0.0.1/db")

    refused(done, "A password on the command line can be seen")
    assert "seen-by-all" not in done.stdout + done.stderr


def test_check_config_shows_the_database_without_its_password(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("in-the-file")
    shown = collab("check-config", COLLAB_DATABASE="postgresql://me:in-the-address@127.0.0.1/db?sslmode=require")
    named = collab(
        "check-config",
        COLLAB_DATABASE="postgresql://me@127.0.0.1/db",
        COLLAB_STORE_DATABASE_PASSWORD="in-the-environment",
        COLLAB_STORE_DATABASE_PASSWORD_FILE=str(tmp_path / "secret"),
    )

    assert "postgresql://me:********@127.0.0.1/db?sslmode=require" in shown.stdout
    for secret in ("in-the-address", "in-the-environment", "in-the-file"):
        assert secret not in shown.stdout + shown.stderr + named.stdout + named.stderr


@pytest.mark.parametrize(
    ("environ_of_one", "said"),
    [
        ({"COLLAB_DATABASE": "mysql://me:hidden@host/db"}, "postgresql://USER@HOST/NAME"),
        ({"COLLAB_STORE_DATABASE_PASSWORD": "hidden"}, "name it with --database"),
    ],
)
def test_settings_of_a_database_that_cannot_work_are_said_in_a_sentence(
    environ_of_one: dict[str, str], said: str, tmp_path: Path
) -> None:
    (tmp_path / "docs").mkdir()

    done = collab("serve", tmp_path / "docs", "--data", tmp_path / "data", "--port", "0", **environ_of_one)

    refused(done, said)
    assert "hidden" not in done.stdout + done.stderr


def test_a_server_whose_database_is_away_says_so_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    address = "postgresql://me:hidden@127.0.0.1:1/db"

    done = collab("serve", tmp_path / "docs", "--data", tmp_path / "data", "--port", "0", COLLAB_DATABASE=address)

    assert done.returncode != 0
    assert "No journal can be kept in postgresql://me:********@127.0.0.1:1/db" in done.stderr + done.stdout
    assert "hidden" not in done.stdout + done.stderr
