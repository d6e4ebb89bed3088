"""Owns the list of all route tables; a route that is not in one of them does not exist."""

from __future__ import annotations

from collab.web import (
    admin,
    asking,
    documents,
    exports,
    files,
    jupyter,
    oidc,
    operator,
    output_frame,
    pages,
    past,
    pictures,
    session,
    shares,
    templates,
    wopi,
)
from collab.web.routes import Route

ROUTES: tuple[Route, ...] = (
    *pages.ROUTES,
    *output_frame.ROUTES,
    *session.ROUTES,
    *files.ROUTES,
    *templates.ROUTES,
    *documents.ROUTES,
    *exports.ROUTES,
    *past.ROUTES,
    *pictures.ROUTES,
    *shares.ROUTES,
    *asking.ROUTES,
    *jupyter.ROUTES,
    *admin.ROUTES,
    *operator.ROUTES,
    *oidc.ROUTES,
    *wopi.ROUTES,
)
