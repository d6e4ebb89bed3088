"""A server that cannot start says why in one sentence."""

from __future__ import annotations

import os
import socket
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from collab.config import Config, RootConfig, WebhookConfig, WopiConfig
from collab.errors import ConfigError
from collab.startup import address, check, default_data, listen, settle


@pytest.fixture
def good(tmp_path: Path) -> Config:
    folder = tmp_path / "docs"
    folder.mkdir()
    config = Config(roots=(RootConfig("docs", folder),))
    return replace(config, store=replace(config.store, data=tmp_path / "data"))


def with_server(config: Config, **values: object) -> Config:
    return replace(config, server=replace(config.server, **values))


def test_a_good_configuration_is_settled_and_its_data_folder_made(good: Config) -> None:
    settled = settle(good)

    assert settled.store.data is not None and settled.store.data.is_dir()
    assert settled.store.data.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.7", "example.org", ""])  # noqa: S104  # refused here
def test_another_bind_than_loopback_needs_a_secret(good: Config, host: str) -> None:
    with pytest.raises(ConfigError, match="COLLAB_SECRET"):
        check(with_server(good, host=host))
    check(replace(with_server(good, host=host), auth=replace(good.auth, secret="s" * 32)))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"port": -1}, "between 0 and 65535"),
        ({"port": 65536}, "between 0 and 65535"),
        ({"allowed_origins": ("example.org",)}, "no origin"),
        ({"public_url": "https://edit.example.org/sub"}, "no origin"),
    ],
)
def test_impossible_server_settings_are_named(good: Config, change: dict[str, object], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        check(with_server(good, **change))


def test_a_short_secret_is_named(good: Config) -> None:
    with pytest.raises(ConfigError, match="32 bytes"):
        check(replace(good, auth=replace(good.auth, secret="short")))


@pytest.mark.parametrize(("name", "said"), [("none", "does not exist"), ("file", "is a file")])
def test_a_folder_that_is_none_is_named(good: Config, tmp_path: Path, name: str, said: str) -> None:
    (tmp_path / "file").write_text("x", encoding="utf-8")

    with pytest.raises(ConfigError, match=said):
        check(replace(good, roots=(RootConfig("docs", tmp_path / name),)))


@pytest.mark.optional
@pytest.mark.skipif(os.getuid() == 0, reason="root reads every folder")
def test_a_folder_that_cannot_be_read_is_named(good: Config) -> None:
    good.roots[0].path.chmod(0)

    with pytest.raises(ConfigError, match="cannot be read"):
        check(good)


def test_no_folder_and_two_of_one_name_are_named(good: Config) -> None:
    with pytest.raises(ConfigError, match="no folder"):
        check(replace(good, roots=()))
    with pytest.raises(ConfigError, match="same name"):
        check(replace(good, roots=good.roots * 2))


def test_a_data_folder_within_the_shared_folder_is_refused(good: Config) -> None:
    data = good.roots[0].path / ".collab"

    with pytest.raises(ConfigError, match="lies in the shared folder"):
        settle(replace(good, store=replace(good.store, data=data)))
    assert not data.exists()


def test_a_data_folder_that_is_a_file_is_refused(good: Config, tmp_path: Path) -> None:
    (tmp_path / "data").write_text("x", encoding="utf-8")

    with pytest.raises(ConfigError, match="a file is in the way"):
        settle(good)


def test_a_port_in_use_is_one_sentence() -> None:
    with closing(listen("127.0.0.1", 0)) as first, pytest.raises(ConfigError, match="is in use") as caught:
        listen("127.0.0.1", first.getsockname()[1])

    assert "\n" not in str(caught.value)


def test_an_address_of_another_machine_is_one_sentence() -> None:
    with pytest.raises(ConfigError, match="has no address"):
        listen("192.0.2.1", 0)


def test_a_port_is_free_again_right_after_its_server(tmp_path: Path) -> None:
    with closing(listen("127.0.0.1", 0)) as first:
        port = first.getsockname()[1]
        client = socket.create_connection(("127.0.0.1", port))
        first.setblocking(True)
        accepted, _ = first.accept()
        accepted.close()
        client.close()

    listen("127.0.0.1", port).close()


def test_each_folder_has_a_data_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))

    first, second = default_data(Path("/a/docs")), default_data(Path("/b/docs"))

    assert first != second and first.is_relative_to(tmp_path)
    assert default_data(Path("/a/docs")) == first


def test_the_address_is_one_that_a_browser_takes(good: Config) -> None:
    assert address(good, 8000) == "http://127.0.0.1:8000"
    assert address(with_server(good, host="::1"), 80) == "http://[::1]:80"
    assert address(with_server(good, public_url="https://e.example/"), 80) == "https://e.example"


@pytest.mark.parametrize(
    ("config", "said"),
    [
        (Config(wopi=WopiConfig(hosts=("cloud.example",))), "COLLAB_AUTH_SECRET"),
        (Config(roots=(RootConfig("wopi", Path("/srv")),)), "wopi"),
        (Config(webhook=WebhookConfig("https://site.example/hook")), "COLLAB_WEBHOOK_SECRET"),
    ],
    ids=["hosts without a secret", "a folder called wopi", "an unsigned webhook"],
)
def test_doors_that_cannot_work_are_refused(config: Config, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        check(config)
