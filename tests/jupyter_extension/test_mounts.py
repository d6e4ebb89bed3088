"""Folders of a Jupyter server and what they are on the livefolder server."""

from __future__ import annotations

import pytest

from collab.jupyter_extension.mounts import Mounts, Place


@pytest.mark.parametrize(
    ("mounts", "local", "remote"),
    [
        ({"": ""}, "a/b.ipynb", Place("", "a/b.ipynb")),
        ({"": "docs:"}, "/a.ipynb", Place("docs", "a.ipynb")),
        ({"team": "space:physics"}, "team/x.ipynb", Place("space", "physics/x.ipynb")),
        ({"team": "space:", "team/own": "users:ann"}, "team/own/x", Place("users", "ann/x")),
        ({"team": "space:"}, "team", Place("space", "")),
    ],
)
def test_a_path_is_found_there_and_back(mounts: dict[str, str], local: str, remote: Place) -> None:
    found = Mounts(mounts)

    assert found.remote(local) == remote
    assert found.local(remote) == local.strip("/")


@pytest.mark.parametrize("local", ["teams/x", "other/x", "", "team/../secret"])
def test_what_is_in_no_mount_is_not_shared(local: str) -> None:
    assert Mounts({"team": "space:"}).remote(local) is None


def test_another_root_has_no_path_here() -> None:
    assert Mounts({"team": "space:physics"}).local(Place("other", "physics/x")) is None
