"""The audit log is a line of JSON for each event, in whatever file has the name now."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from collab.audit import Audit, Event
from collab.clock import FakeClock
from collab.errors import ConfigError
from collab.siteconfig import AuditConfig

WHO = {"user_id": "anna", "name": "Anna\n[0mX", "share_id": None}


def lines(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_an_event_is_one_line_with_what_is_known(tmp_path: Path) -> None:
    file = tmp_path / "audit.jsonl"
    audit = Audit(AuditConfig(file), FakeClock(), node="n")

    audit.note(Event.OPENED, WHO, path="ü.md", root=None)
    audit.close()

    (line,) = lines(file)
    assert line.pop("at")
    assert line == {"event": "opened", "node": "n", "user_id": "anna", "name": WHO["name"], "path": "ü.md"}
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_file_that_was_rotated_away_is_followed_by_a_new_one(tmp_path: Path) -> None:
    file = tmp_path / "audit.jsonl"
    audit = Audit(AuditConfig(file), FakeClock())
    audit.note(Event.SHARED, WHO)

    file.rename(tmp_path / "audit.jsonl.1")
    audit.note(Event.REVOKED, WHO)
    audit.note(Event.DELETED, WHO)
    audit.close()

    assert [line["event"] for line in lines(tmp_path / "audit.jsonl.1")] == ["shared"]
    assert [line["event"] for line in lines(file)] == ["revoked", "deleted"]


def test_a_file_that_cannot_be_written_stops_nobody_and_goes_on_later(tmp_path: Path) -> None:
    folder = tmp_path / "logs"
    folder.mkdir()
    audit = Audit(AuditConfig(folder / "audit.jsonl"), FakeClock())

    (folder / "audit.jsonl").unlink()
    folder.rmdir()
    audit.note(Event.SHARED, WHO)
    folder.mkdir()
    audit.note(Event.REVOKED, WHO)
    audit.close()

    assert [line["event"] for line in lines(folder / "audit.jsonl")] == ["revoked"]


def test_a_file_that_cannot_be_opened_is_said_at_the_start(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be written"):
        Audit(AuditConfig(tmp_path / "none" / "audit.jsonl"), FakeClock())


def test_the_same_may_go_into_the_log() -> None:
    with capture_logs() as logged:
        Audit(AuditConfig(log=True), FakeClock()).note(Event.OPENED, WHO, path="a.md")

    (line,) = logged
    assert (line["event"], line["what"], line["user_id"], line["path"]) == ("audit", "opened", "anna", "a.md")


def test_without_a_setting_nothing_is_noted() -> None:
    assert not Audit(AuditConfig(), FakeClock()).enabled
