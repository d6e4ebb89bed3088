"""Owns the statements of the leases: who may store a document. The database's clock decides, never a node's."""

from __future__ import annotations

from collab.errors import LeaseLost, NotFound
from collab.store.base import DocumentId, Lease
from collab.store.postgres.driver import Connection

_TAKE = """
    INSERT INTO leases AS l (document, owner, epoch, until)
    SELECT id, $2, 1, clock_timestamp() + $3 * interval '1 millisecond' FROM documents WHERE document_id = $1
    ON CONFLICT (document) DO UPDATE SET owner = excluded.owner, epoch = l.epoch + 1, until = excluded.until
    WHERE l.owner = excluded.owner OR l.until <= clock_timestamp()
"""
_STANDING = """
    SELECT l.owner, l.epoch,
           greatest(0, least(ceil(extract(epoch FROM l.until - clock_timestamp()) * 1000), 1e12))::bigint
    FROM leases l JOIN documents d ON d.id = l.document WHERE d.document_id = $1
"""
_OURS = """
    l.owner = $2 AND l.epoch = $3 AND l.document = (SELECT id FROM documents WHERE document_id = $1)
"""


async def acquire(connection: Connection, document_id: DocumentId, owner: str, ttl_ms: int) -> Lease:
    """Take the lease if it may be had; the one that stands. Raises: NotFound."""
    await connection.execute(_TAKE, document_id, owner, ttl_ms)
    row = await connection.fetchrow(_STANDING, document_id)
    if row is None:
        raise NotFound(f"no document {document_id}")
    return Lease(document_id, row[0], int(row[1]), int(row[2]))


async def renew(connection: Connection, lease: Lease, ttl_ms: int) -> bool:
    """Hold it for longer, unless somebody else got it."""
    found = await connection.fetchval(
        f"UPDATE leases l SET until = clock_timestamp() + $4 * interval '1 millisecond' WHERE {_OURS} RETURNING 1",  # noqa: S608 constant
        lease.document_id,
        lease.owner,
        lease.epoch,
        ttl_ms,
    )
    return found is not None


async def release(connection: Connection, lease: Lease) -> None:
    """Let the next one have it; the epoch stays, so that the next one's is greater."""
    await connection.execute(
        f"UPDATE leases l SET owner = '', until = '-infinity' WHERE {_OURS}",  # noqa: S608 constant
        lease.document_id,
        lease.owner,
        lease.epoch,
    )


async def holds(connection: Connection, lease: Lease) -> bool:
    """Whether it is ours and not over."""
    found = await connection.fetchval(
        f"SELECT 1 FROM leases l WHERE {_OURS} AND l.until > clock_timestamp()",  # noqa: S608 constant
        lease.document_id,
        lease.owner,
        lease.epoch,
    )
    return found is not None


async def check_lease(connection: Connection, lease: Lease | None, *, in_time: bool = False) -> None:
    """Nobody gets the lease before this transaction is over. Raises: LeaseLost."""
    if lease is None:
        return
    found = await connection.fetchval(
        f"SELECT 1 FROM leases l WHERE {_OURS} AND (NOT $4 OR l.until > clock_timestamp()) FOR SHARE OF l",  # noqa: S608 constant
        lease.document_id,
        lease.owner,
        lease.epoch,
        in_time,
    )
    if found is None:
        raise LeaseLost(f"{lease.document_id}: {lease.owner} has not epoch {lease.epoch}")
