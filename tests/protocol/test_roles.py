"""The roles and what they may do."""

from __future__ import annotations

import pytest

from collab.protocol.roles import Role


@pytest.mark.parametrize(
    ("role", "may_write", "may_manage"),
    [
        (Role.VIEWER, False, False),
        (Role.COMMENTER, False, False),
        (Role.EDITOR, True, False),
        (Role.OWNER, True, True),
    ],
)
def test_each_role_may_do_what_its_name_says(role: Role, may_write: bool, may_manage: bool) -> None:
    assert (role.may_write, role.may_manage) == (may_write, may_manage)
