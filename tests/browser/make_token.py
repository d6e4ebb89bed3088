"""Prints an access token: `python -m tests.browser.make_token USER ROLE SECONDS`, signed with COLLAB_AUTH_SECRET."""

from __future__ import annotations

import os
import sys

from collab.auth.tokens import Purpose, Tokens
from collab.clock import SystemClock
from collab.protocol.roles import Role


def make_token(secret: str, user: str, role: str, lifetime_s: int) -> str:
    """A token as a site's own login would make it."""
    tokens = Tokens(secret.encode(), SystemClock())
    return tokens.sign(Purpose.ACCESS, tokens.new(user, user.title(), Role(role), lifetime_s))


if __name__ == "__main__":
    print(make_token(os.environ["COLLAB_AUTH_SECRET"], sys.argv[1], sys.argv[2], int(sys.argv[3])))
