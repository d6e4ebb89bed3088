"""The fixtures of the whole server, for the tests named after threats."""

from tests.web.conftest import bundle, folder, server, site

__all__ = ["bundle", "folder", "server", "site"]
