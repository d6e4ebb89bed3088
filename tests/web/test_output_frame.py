"""The page of a notebook's html has no origin and no network; what a page may reach is the operator's setting."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from collab.config import Config, ServerConfig
from collab.errors import ConfigError
from collab.startup import check
from collab.web.pages import Bundle
from tests.web.edge_server import Running, make_config, running


@pytest.mark.parametrize("address", ["/output-frame", "/output-frame/run"])
async def test_the_frame_of_an_output_has_no_origin_and_no_network(server: Running, address: str) -> None:
    policy = (await server.client().get(address)).headers["content-security-policy"]

    rules = dict(rule.strip().partition(" ")[::2] for rule in policy.split(";"))
    assert rules["sandbox"] == "allow-scripts" and rules["default-src"] == "'none'"
    assert rules["form-action"] == "'none'" and rules["frame-ancestors"] == "'self'"
    assert "connect-src" not in rules and "frame-src" not in rules and "http" not in policy


async def test_only_the_frame_that_was_asked_to_runs_an_outputs_scripts(server: Running) -> None:
    client = server.client()
    shown, running_frame = await client.get("/output-frame"), await client.get("/output-frame/run")

    nonce = re.search(r"script-src 'nonce-([\w-]+)';", shown.headers["content-security-policy"])
    assert nonce is not None and f'<script nonce="{nonce[1]}">' in shown.text
    assert "'unsafe-inline' 'unsafe-eval'" in running_frame.headers["content-security-policy"]
    assert nonce[1] not in (await client.get("/output-frame")).text


async def test_a_page_may_reach_the_named_jupyter_servers_and_no_other(folder: Path, bundle: Bundle) -> None:
    config = make_config(folder)
    named = replace(config, server=replace(config.server, jupyter_servers=("https://hub.example.org",)))
    async with running(config, bundle) as server:
        usual = await server.client().get("/edit/a.md")
    async with running(named, bundle) as server:
        reaching = await server.client().get("/edit/a.md")

    assert "hub.example.org" not in usual.headers["content-security-policy"]
    assert "https://hub.example.org wss://hub.example.org" in reaching.headers["content-security-policy"]


def test_a_jupyter_server_is_named_by_its_origin() -> None:
    with pytest.raises(ConfigError, match="no origin"):
        check(Config(server=ServerConfig(jupyter_servers=("https://hub.example.org/user; script-src *",))))
