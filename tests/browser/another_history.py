"""Gives every document of a stopped server another history, as a restored backup does: `DATA TEXT`."""

from __future__ import annotations

import asyncio
import secrets
import sys
import time
from pathlib import Path

from collab.config import StoreConfig
from collab.document import Document, Kind, Splice
from collab.store.base import HistoryId
from collab.store.sqlite import SqliteStore


async def replace_histories(data: Path, text: str) -> int:
    """Returns how many documents have another history now."""
    store = SqliteStore(data, StoreConfig())
    await store.open()
    try:
        document = Document(7)
        document.edit_text([Splice(0, 0, text)])
        records = await store.documents()
        made = [
            await store.create_history(
                record.document_id,
                record.history_id,
                HistoryId(secrets.token_hex(8)),
                Kind.TEXT,
                document.diff(),
                record.save_base,
                time.time_ns() // 1_000_000,
            )
            for record in records
        ]
        return sum(made)
    finally:
        await store.close()


if __name__ == "__main__":
    print(asyncio.run(replace_histories(Path(sys.argv[1]), sys.argv[2])))
