"""Owns the pictures within documents: a member of the stored file, shown in its page; knows no format.

A package is a stranger's file, so the member is taken out of it in the sandbox.
"""

from __future__ import annotations

from starlette.responses import Response

from collab.errors import NotFound
from collab.web.access import Permission
from collab.web.documents import known
from collab.web.files import attachment
from collab.web.routes import Call, Field, Route

NO_PICTURE = "This picture is not in the file."


async def picture(call: Call) -> Response:
    """A picture of the file as it was last loaded or stored. Raises: NotFound, FormatError, LimitExceeded."""
    document_id = (await known(call)).document_id
    record = await call.edge.store.document(document_id)
    base = None if record is None else record.save_base
    content = None if base is None else await call.edge.store.content(base.content_hash)
    if content is None:
        raise NotFound("no base", public=NO_PICTURE)
    name = call.text("name")
    response = attachment(await call.edge.sandbox.part(content, name), name, inline=True)
    response.headers["Cache-Control"] = "private, max-age=3600"
    return response


ROUTES = (
    Route(
        "GET",
        "/api/v1/documents/{document_id}/part",
        Permission.VIEWER,
        picture,
        "A picture within a document",
        query=(Field("name", required=True, text="the member of the package"),),
    ),
)
