"""Every command line that README and docs print is one that the command line takes, and what it names is there."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
import typer

from collab.cli import app

TOP = Path(__file__).parents[1]
PAGES = [TOP / "README.md", *sorted((TOP / "docs").glob("*.md"))]
SHELLS = {"sh", "bash", "console"}
FENCE = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
SPAN = re.compile(r"`([^`\n]+)`")
ENVIRONMENT = re.compile(r"[A-Z][A-Z0-9_]*=.*")
USAGE_ERROR = typer.BadParameter.__mro__[1]
"""`UsageError` of the click that typer brings along."""
PROGRAMS = {"collab", "make", "pytest", "python", "python3", "node"}
TARGET = re.compile(r"^([a-z][\w-]*):(?!=)", re.MULTILINE)


@dataclass(frozen=True)
class Printed:
    """A command as a page prints it."""

    page: str
    words: tuple[str, ...]
    in_a_block: bool
    """To be typed as it stands; in the text a command may be named without its arguments."""

    def __str__(self) -> str:
        return f"{self.page}: {' '.join(self.words)}"

    @property
    def program(self) -> str:
        return Path(self.words[0]).name

    @property
    def arguments(self) -> list[str]:
        return list(self.words[1:])


def commands_of(line: str) -> list[tuple[str, ...]]:
    """The commands of a shell line, without prompt, comment and variables; none when it is no shell line."""
    try:
        words = shlex.split(line.strip().removeprefix("$ "), comments=True)
    except ValueError:
        return []
    commands: list[list[str]] = [[]]
    for word in words:
        if word in {"&&", "||", "|", ";"}:
            commands.append([])
        elif commands[-1] or not ENVIRONMENT.fullmatch(word):
            commands[-1].append(word)
    return [tuple(command) for command in commands if command and Path(command[0]).name in PROGRAMS]


def printed() -> list[Printed]:
    found: dict[Printed, None] = {}
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        blocks = [body.replace("\\\n", " ") for language, body in FENCE.findall(text) if language in SHELLS]
        for line in "\n".join(blocks).splitlines():
            found |= {Printed(page.name, words, True): None for words in commands_of(line)}
        for span in SPAN.findall(FENCE.sub("", text)):
            found |= {Printed(page.name, words, False): None for words in commands_of(span)}
    return list(found)


def of(*programs: str) -> list[Printed]:
    return [one for one in printed() if one.program in programs]


def test_there_are_commands_to_look_at() -> None:
    named = {one.program for one in printed() if one.in_a_block}

    assert {"collab", "make"} <= named
    assert len(of("collab")) > 10


@pytest.mark.parametrize("command", of("collab"), ids=str)
def test_the_command_line_takes_a_printed_command(command: Printed) -> None:
    group: Any = typer.main.get_command(app)
    context = group.make_context("collab", command.arguments)
    try:
        name, subcommand, arguments = group.resolve_command(context, [*context._protected_args, *context.args])
        subcommand.make_context(name, arguments, parent=context)
    except typer.Exit as shown:
        assert shown.exit_code == 0
    except USAGE_ERROR as wrong:
        is_named_only = not command.in_a_block and type(wrong).__name__ == "MissingParameter"
        assert is_named_only, str(wrong)


def test_an_unknown_option_would_be_noticed() -> None:
    with pytest.raises(AssertionError, match="--prot"):
        test_the_command_line_takes_a_printed_command(Printed("", ("collab", "serve", "--prot", "1"), True))


@pytest.mark.parametrize("command", of("make"), ids=str)
def test_a_printed_target_is_in_the_makefile(command: Printed) -> None:
    targets = set(TARGET.findall((TOP / "Makefile").read_text(encoding="utf-8")))

    wanted = {word for word in command.arguments if "=" not in word}
    assert wanted <= targets


@pytest.mark.parametrize("command", of("pytest", "python", "python3", "node"), ids=str)
def test_a_printed_program_and_its_files_are_there(command: Printed) -> None:
    files = [word for word in command.arguments if re.search(r"\.(py|mjs)$", word)]
    assert [name for name in files if not (TOP / name).is_file()] == []
    if command.program.startswith("python") and command.arguments[:1] == ["-m"]:
        assert find_spec(command.arguments[1]) is not None
