"""People sign in at a real OpenID Connect provider, and only those whom it vouches for, for this very login."""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from collab.siteconfig import OidcConfig
from tests.interop.stock_client import install_packages, node
from tests.patience import PATIENCE_S
from tests.ports import free_port
from tests.web.edge_server import Running, make_config, running, with_secret

pytestmark = [pytest.mark.slow, pytest.mark.interop]
HERE = Path(__file__).parent / "oidc"
SECRET = "the client's own secret: %&+"
PROMPT = re.compile(r'name="prompt" value="(\w+)"')


@contextlib.asynccontextmanager
async def provider(port: int, site: Running, kid: str = "first") -> AsyncIterator[None]:
    """The provider, in a process of its own."""
    install_packages(HERE, "oidc-provider")
    command = [node(), "provider.mjs", str(port), f"{site.url}/oidc/callback", kid]
    process = await asyncio.create_subprocess_exec(
        *command, cwd=HERE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL
    )
    assert process.stdout is not None
    try:
        async with asyncio.timeout(PATIENCE_S):
            while await process.stdout.readline() != b"ready\n":
                assert process.returncode is None
        yield
    finally:
        process.kill()
        await process.communicate()


@contextlib.asynccontextmanager
async def site_of(folder: Path, port: int, **settings: object) -> AsyncIterator[Running]:
    known = {"issuer": f"http://127.0.0.1:{port}", "client_id": "livefolder", "client_secret": SECRET, **settings}
    config = make_config(folder, oidc=OidcConfig(**known))  # type: ignore[arg-type]  # tests only
    async with running(with_secret(config)) as site:
        yield site


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "docs"
    folder.mkdir()
    (folder / "a.md").write_text("# A\n", encoding="utf-8")
    return folder


async def leave(browser: httpx.AsyncClient, name: str, target: str = "/api/v1/me") -> httpx.Response:
    """Sign in at the provider's pages, up to the redirect that leads back to us."""
    answer = await browser.get("/oidc/login", params={"next": target})
    assert answer.status_code == 303, answer.text
    while not _leads_home(browser, answer):
        if answer.is_redirect:
            answer = await browser.send(answer.next_request)  # type: ignore[arg-type]  # is_redirect
        else:
            found = PROMPT.search(answer.text)
            assert found is not None, answer.text
            form = {"prompt": found[1], "login": name, "password": "any"}
            answer = await browser.post(str(answer.url), data=form)
    return answer


def _leads_home(browser: httpx.AsyncClient, answer: httpx.Response) -> bool:
    return answer.headers.get("location", "").startswith(f"{str(browser.base_url).rstrip('/')}/oidc/callback")


async def sign_in(browser: httpx.AsyncClient, name: str, target: str = "/api/v1/me") -> httpx.Response:
    """Sign in; the answer of our callback."""
    return await browser.get((await leave(browser, name, target)).headers["location"])


async def who(browser: httpx.AsyncClient) -> dict[str, object]:
    told: dict[str, object] = (await browser.get("/api/v1/me")).json()
    return told


async def test_a_person_signs_in_works_and_signs_out(folder: Path) -> None:
    port = free_port()
    async with site_of(folder, port, name="Example login") as site, provider(port, site):
        browser = site.client(headers={"Origin": site.url})
        before = await who(browser)

        back = await sign_in(browser, "anna", "/edit/a.md?root=docs")
        me = await who(browser)
        opened = await browser.post("/api/v1/documents/open", json={"path": "a.md"})
        await browser.delete("/api/v1/session")

        assert before["sign_in"] == {"name": "Example login", "url": "/oidc/login"}
        assert (back.status_code, back.headers["location"]) == (303, "/edit/a.md?root=docs")
        assert (me["signed_in"], me["role"]) == (True, "editor")
        assert (me["user"]["id"], me["user"]["name"]) == ("anna", "Anna Example")  # type: ignore[index]
        assert opened.json()["role"] == "editor"
        assert (await who(browser))["signed_in"] is False


async def test_the_role_is_the_highest_that_the_claim_gives(folder: Path) -> None:
    port = free_port()
    settings = {"scopes": ("openid", "groups"), "role_claim": "groups", "roles": ("all=viewer", "admins=owner")}
    async with site_of(folder, port, **settings) as site, provider(port, site):
        chief, anna = site.client(), site.client()
        await sign_in(chief, "chief")
        await sign_in(anna, "anna")

        assert ((await who(chief))["role"], (await who(anna))["role"]) == ("owner", "viewer")


async def test_who_has_no_role_does_not_come_in(folder: Path) -> None:
    port = free_port()
    settings = {"role_claim": "groups", "roles": ("admins=owner",), "default_role": "none"}
    async with site_of(folder, port, scopes=("openid", "groups"), **settings) as site, provider(port, site):
        browser = site.client(headers={"Accept": "text/html"})

        refused = await sign_in(browser, "anna")

        assert (refused.status_code, "may not use this server" in refused.text) == (403, True)
        assert (await who(browser))["signed_in"] is False


async def test_a_public_client_has_no_secret(folder: Path) -> None:
    port = free_port()
    async with site_of(folder, port, client_id="public", client_secret=None) as site, provider(port, site):
        browser = site.client()

        await sign_in(browser, "anna")

        assert (await who(browser))["signed_in"] is True


async def test_a_wrong_secret_lets_nobody_in(folder: Path) -> None:
    port = free_port()
    async with site_of(folder, port, client_secret="another") as site, provider(port, site):
        assert (await sign_in(site.client(), "anna")).status_code == 401


async def test_the_provider_may_change_its_keys(folder: Path) -> None:
    port = free_port()
    async with site_of(folder, port) as site:
        async with provider(port, site, "first"):
            await sign_in(site.client(), "anna")
        async with provider(port, site, "second"):
            browser = site.client()
            await sign_in(browser, "ben")

            assert (await who(browser))["signed_in"] is True


async def test_an_answer_counts_for_the_browser_that_asked_and_once(folder: Path) -> None:
    port = free_port()
    async with site_of(folder, port) as site, provider(port, site):
        attacker, victim = site.client(), site.client()
        stolen = (await leave(attacker, "mallory")).headers["location"]
        await victim.get("/oidc/login")

        forged = await victim.get(stolen)
        taken = await attacker.get(stolen)
        again = await attacker.get(stolen)

        assert (forged.status_code, taken.status_code, again.status_code) == (401, 303, 401)
        assert (await who(victim))["signed_in"] is False


async def test_nobody_is_sent_to_another_host(folder: Path) -> None:
    port = free_port()
    async with site_of(folder, port) as site, provider(port, site):
        assert site.application.edge.provider is not None
        for target in ("https://evil.example", "//evil.example", "/\\evil.example", "evil", "/a\nb", ""):
            browser = site.client()
            left = await browser.get("/oidc/login", params={"next": target})
            query = parse_qs(urlsplit(left.headers["location"]).query)

            login = site.application.edge.provider.logins.resume(browser.cookies["collab_oidc"], query["state"][0])

            assert login.target == "/", target
            assert (query["code_challenge_method"], query["nonce"]) == (["S256"], [login.nonce])


async def test_a_provider_that_is_away_is_said(folder: Path) -> None:
    async with site_of(folder, free_port()) as site:
        answer = await site.client(headers={"Accept": "text/html"}).get("/oidc/login")

        assert (answer.status_code, "does not answer" in answer.text) == (503, True)


async def test_without_a_provider_there_is_no_such_sign_in(folder: Path) -> None:
    async with running(with_secret(make_config(folder))) as site:
        assert (await who(site.client()))["sign_in"] is None
        assert (await site.client().get("/oidc/login")).status_code == 404
