"""The doctor of storages says what works, what does not and what to do, and leaves nothing behind."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from rich.console import Console

from collab.commands.sources import Options, gather
from collab.commands.storage_doctor import examine
from collab.config import Config, RootConfig
from collab.errors import ConfigError
from collab.startup import check
from tests.connectors.cs3_fixture import SECRET, cs3_site
from tests.connectors.dav_servers import DavSite, serving
from tests.ports import free_port
from tests.test_cli import collab


@pytest.fixture(scope="module")
def site() -> Iterator[DavSite]:
    with serving("wsgidav") as site:
        yield site


def run(config: Config, kind: str, address: str) -> tuple[int, str]:
    console = Console(width=300, no_color=True)
    with console.capture() as capture:
        code = examine(config, kind, address, console)
    return code, capture.get()


def test_a_webdav_server_is_looked_at_and_left_as_it_was(site: DavSite) -> None:
    outside = site.new_folder()

    code, text = run(Config(), "webdav", outside.address)

    assert code == 0
    for subject in ("Connection", "Folder", "Writing", "Overwriting", "Locks", "Renaming", "Fence"):
        assert subject in text
    assert b"livefolder" not in outside.ask("PROPFIND", "", b"", {"Depth": "1"}, slash=True)[2]


def test_a_cs3_gateway_is_looked_at_by_the_name_of_its_root() -> None:
    with cs3_site() as site:
        site.tree.make_folders("/home/x")
        settings = (("client_secret", SECRET), ("tls", False))
        config = Config(roots=(RootConfig("eos", address=site.address("/home"), settings=settings),))

        code, text = run(config, "cs3", "eos")

    assert (code, "taken, refreshed" in text) == (0, True)
    assert list(site.tree.beneath("/home")) == ["/home"]


def test_wrong_credentials_and_a_server_that_is_away_are_told_apart() -> None:
    with cs3_site() as site:
        settings = (("client_secret", "wrong"), ("tls", False))
        config = Config(roots=(RootConfig("eos", address=site.address("/home"), settings=settings),))
        refused = run(config, "cs3", "eos")
    away = run(Config(), "webdav", f"webdav+http://127.0.0.1:{free_port()}/")

    assert (refused[0], "Check user and password" in refused[1]) == (1, True)
    assert (away[0], "Check host and port" in away[1]) == (1, True)


def test_a_missing_folder_is_said_to_be(site: DavSite) -> None:
    code, text = run(Config(), "webdav", f"webdav+http://127.0.0.1:{site.port}/missing/")

    assert (code, "the folder must exist" in text) == (1, True)


def test_a_kind_that_does_not_fit_the_address_is_refused() -> None:
    with pytest.raises(ConfigError, match="kind s3"):
        run(Config(), "s3", "webdav+https://files.test/")


def test_a_password_comes_from_a_file_or_the_environment_and_is_never_shown(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("from-a-file\n")
    (tmp_path / "collab.toml").write_text(
        '[[roots]]\nname = "one"\naddress = "webdav+https://files.test/a"\nuser = "ann"\npassword_file = "secret"\n'
        '[[roots]]\nname = "two"\naddress = "s3://bucket"\nsecret_access_key_env = "TWO_KEY"\naccess_key_id = "id"\n'
        f'[[roots]]\nname = "three"\npath = "{tmp_path}"\n'
    )

    config = gather(Options(config=tmp_path / "collab.toml"), {"TWO_KEY": "from-the-environment"}).config
    shown = collab("check-config", "--config", tmp_path / "collab.toml", TWO_KEY="from-the-environment")

    assert dict(config.roots[0].settings)["password"] == "from-a-file"
    assert dict(config.roots[1].settings)["secret_access_key"] == "from-the-environment"
    assert "webdav+https://files.test/a  user=ann  password=********" in shown.stdout
    assert "from-" not in shown.stdout + repr(config)


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ('address = "webdav+https://files.test/"\npassword_file = "none"', "cannot be read"),
        ('address = "webdav+https://files.test/"\npassword_env = "NOT_THERE"', "NOT_THERE"),
        ('address = "webdav+https://files.test/"\npath = "/"', "either"),
        ('address = "webdav+https://files.test/"\npasswort = "x"', "no setting passwort"),
        ('address = "ftp://files.test/"', "no connector for ftp"),
    ],
)
def test_a_root_that_cannot_work_is_one_sentence(tmp_path: Path, lines: str, said: str) -> None:
    file = tmp_path / "collab.toml"
    file.write_text(f'[[roots]]\nname = "one"\n{lines}\n')

    with pytest.raises(ConfigError, match=said):
        check(gather(Options(config=file), {}).config)


def test_a_password_in_an_address_is_refused() -> None:
    with pytest.raises(ConfigError, match="COLLAB_ROOT_PASSWORD") as caught:
        gather(Options(folder="webdav+https://ann:secret@files.test/"), {})

    assert "secret@" not in str(caught.value)


def test_the_root_of_the_command_line_has_its_settings_from_the_environment(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("from-a-file\n")
    environ = {"COLLAB_ROOT_USER": "ann", "COLLAB_ROOT_PASSWORD_FILE": str(tmp_path / "secret")}

    config = gather(Options(folder="webdav+https://files.test/remote.php/dav/files/ann"), environ).config
    check(config)

    assert (config.roots[0].name, dict(config.roots[0].settings)) == ("ann", {"user": "ann", "password": "from-a-file"})
