"""A configuration file says what the tree of `Config` says, and nothing else."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from collab.config import AuthConfig, Config, RootConfig
from collab.configfile import dump_config, load_config, read_config_file
from collab.errors import ConfigError

GOOD = """
[server]
port = 9000
allowed_origins = ["https://app.example.org"]
[save]
debounce_s = 2
[limits]
file_size_bytes = 1000
[[roots]]
name = "docs"
path = "shared/docs"
"""


def read(tmp_path: Path, text: str) -> Config:
    path = tmp_path / "collab.toml"
    path.write_text(text, encoding="utf-8")
    return read_config_file(path)


def test_sections_and_roots_are_read_with_paths_relative_to_the_file(tmp_path: Path) -> None:
    config = read(tmp_path, GOOD)

    assert (config.server.port, config.save.debounce_s, config.limits.file_size_bytes) == (9000, 2.0, 1000)
    assert config.server.allowed_origins == ("https://app.example.org",)
    assert config.roots == (RootConfig("docs", tmp_path / "shared/docs"),)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[server", "not valid TOML"),
        ("[serve]\nport = 1", r"no section \[serve\]"),
        ("[server]\nprot = 1", "no setting prot"),
        ('[server]\nport = "x"', "server.port"),
        ("[server]\nport = true", "server.port"),
        ("[server]\nallowed_origins = [1]", "a list of texts"),
        ("server = 3", r"needs a section \[server\]"),
        ("roots = 3", r"\[\[roots\]\]"),
        ('[[roots]]\nname = "x"', "name"),
        ('[[roots]]\nname = "x"\npath = "y"\nother = 1', "nothing else"),
        ('[[roots]]\nname = "x"\npath = 1', "name"),
    ],
)
def test_a_mistake_is_named_in_one_sentence(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said) as caught:
        read(tmp_path, text)

    assert "\n" not in str(caught.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no configuration file"):
        read_config_file(tmp_path / "none.toml")


def test_a_configuration_crosses_to_the_worker_whole() -> None:
    config = replace(
        Config(),
        auth=AuthConfig(secret="s" * 40),
        roots=(RootConfig("a", Path("/a b/ü")),),
        server=replace(Config().server, scratch=False, allowed_origins=("https://a.example",)),
        store=replace(Config().store, data=Path("/d")),
    )

    assert load_config(dump_config(config)) == config
