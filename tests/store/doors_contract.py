"""What every store keeps for doors, as tests; a part of the contract of stores."""

from __future__ import annotations

from dataclasses import replace

import pytest

from collab.errors import NotFound
from collab.store.base import Alias, DocumentId, SealedCredential, Store

AT = 1_700_000_000_000


async def a_document(store: Store, external_id: str = "one") -> DocumentId:
    return (await store.resolve(Alias("root:wopi", external_id), AT)).document_id


def sealed(
    document_id: DocumentId, holder: str = "ann", content: bytes = b"sealed", kept_ms: int = AT
) -> SealedCredential:
    return SealedCredential(document_id, holder, content, AT + 1000, kept_ms)


class DoorContract:
    async def test_a_name_is_remembered_with_the_document(self, store: Store) -> None:
        document_id = await a_document(store)

        await store.set_name(document_id, "notes.md")

        record = await store.document(document_id)
        assert record is not None and record.name == "notes.md"
        assert (await store.resolve(Alias("root:wopi", "one"), AT)).name == "notes.md"
        assert (await store.resolve(Alias("root:wopi", "two"), AT)).name is None

    async def test_a_key_is_replaced_by_who_knows_the_one_that_stands(self, store: Store) -> None:
        assert await store.replace_key("proof", None, b"one")
        assert not await store.replace_key("proof", None, b"two")
        assert not await store.replace_key("proof", b"other", b"two")

        assert await store.replace_key("proof", b"one", b"two")

        assert await store.key("proof") == b"two"

    async def test_a_credential_takes_the_place_of_its_holders_last_one(self, store: Store) -> None:
        document_id, other_id = await a_document(store), await a_document(store, "two")
        await store.keep_credential(sealed(document_id))
        await store.keep_credential(sealed(document_id, "bob", b"bob's", AT + 1))
        await store.keep_credential(sealed(other_id))

        await store.keep_credential(sealed(document_id, content=b"renewed", kept_ms=AT + 2))

        kept = await store.kept_credentials(document_id)
        assert [(one.holder, one.sealed) for one in kept] == [("ann", b"renewed"), ("bob", b"bob's")]
        assert len(await store.kept_credentials()) == 3

    async def test_credentials_are_forgotten_with_a_document_that_needs_none(self, store: Store) -> None:
        document_id, other_id = await a_document(store), await a_document(store, "two")
        await store.keep_credential(sealed(document_id))
        await store.keep_credential(sealed(other_id))

        await store.forget_credentials(document_id)

        assert [one.document_id for one in await store.kept_credentials()] == [other_id]

    async def test_a_credential_of_no_document_is_refused(self, store: Store) -> None:
        with pytest.raises(NotFound):
            await store.keep_credential(sealed(DocumentId("none")))

    async def test_expired_credentials_are_dropped_by_maintenance(self, store: Store) -> None:
        document_id = await a_document(store)
        await store.keep_credential(sealed(document_id))
        await store.keep_credential(replace(sealed(document_id, "bob"), expires_ms=AT + 5000))

        await store.maintain(AT + 1000)

        assert [one.holder for one in await store.kept_credentials()] == ["bob"]

    async def test_purging_and_erasing_take_credentials_along(self, store: Store) -> None:
        document_id, other_id = await a_document(store), await a_document(store, "two")
        for one in (document_id, other_id):
            await store.keep_credential(sealed(one))
            await store.keep_credential(sealed(one, "bob"))

        await store.purge(document_id)
        await store.erase_person("ann")

        assert [(one.document_id, one.holder) for one in await store.kept_credentials()] == [(other_id, "bob")]
