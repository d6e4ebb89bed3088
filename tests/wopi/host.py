"""A WOPI host in memory, with the manners of a real one (`profiles`): no socket, a clock that can be moved.

`send` makes it an `HttpPort`, so that a connector talks to it without a network; `served.py` puts it behind one.
Tests strike it with `before` and `after`: what these return is answered instead, what they raise happens to the
request.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from urllib.parse import parse_qs, quote, urlsplit

from connectors.clock import Clock
from connectors.errors import TooLarge
from connectors.http import HttpAnswer, HttpRequest
from tests.wopi.profiles import STRICT, Conflict, Profile
from tests.wopi.proof_check import host_accepts

LOCK_S = 1800.0
PREFIX = "/wopi/files/"


@dataclass
class HostFile:
    """One file in the storage."""

    name: str
    content: bytes
    number: int
    at_ms: int
    lock_id: str | None = None
    lock_until: float = 0.0
    lock_reason: str = ""
    known_number: int = 0
    """The version that the WOPI side saw last; another one means that somebody wrote behind its back."""
    copies: list[bytes] = field(default_factory=list)


@dataclass
class HostToken:
    """One person's right to one file."""

    file_id: str
    user_id: str
    user_name: str
    can_write: bool = True
    expires_ms: int | None = None
    guest: bool = False


@dataclass(frozen=True)
class Asked:
    """One request as the host sees it."""

    operation: str
    file_id: str
    token: str
    request: HttpRequest
    headers: Mapping[str, str]
    body: bytes
    chunked: bool = False


Strike = Callable[[Asked], HttpAnswer | None]


class WopiHost:
    """Files, tokens, locks."""

    def __init__(self, clock: Clock, profile: Profile = STRICT, origin: str = "https://host.example") -> None:
        self.clock = clock
        self.profile = profile
        self.origin = origin
        self.files: dict[str, HostFile] = {}
        self.tokens: dict[str, HostToken] = {}
        self.keys: Mapping[str, str] | None = None
        """Of the client's discovery; a profile that wants proofs has them."""
        self.before: Strike | None = None
        self.after: Strike | None = None
        self.asked: list[Asked] = []
        self.stored: list[bytes] = []
        """Every content that came by PutFile and was taken."""
        self.post_message_origin: str | None = None
        self.properties: dict[str, object] = {}
        """Said in CheckFileInfo instead of what the profile says."""
        self.user_infos: dict[str, str] = {}
        self._number = 0

    # -- what happens outside of WOPI --

    def put(self, name: str, content: bytes, file_id: str | None = None) -> str:
        """A file is made, or written by another application; returns its id."""
        key = file_id or name
        self._number += 1
        known = self.files.get(key)
        if known is None:
            self.files[key] = HostFile(name, content, self._number, self._now_ms(), known_number=self._number)
        else:
            known.content, known.number, known.at_ms = content, self._number, self._later_ms(known)
        return key

    def grant(self, file_id: str, user: str = "anna", *, can_write: bool = True, **more: object) -> str:
        """Let a person in; returns the token."""
        token = f"secret-{secrets.token_urlsafe(18)}=!"
        self.tokens[token] = HostToken(file_id, user, user.title(), can_write, **more)  # type: ignore[arg-type]
        return token

    def source(self, file_id: str) -> str:
        """The WOPISrc of a file."""
        return f"{self.origin}{PREFIX}{quote(file_id, safe='')}"

    def lock_by_others(self, file_id: str, lock_id: str = "foreign", reason: str = "Foreign Person") -> None:
        """Another application takes the lock."""
        file = self.files[file_id]
        file.lock_id, file.lock_until, file.lock_reason = lock_id, self.clock.monotonic() + LOCK_S, reason

    def drop_lock(self, file_id: str) -> None:
        self.files[file_id].lock_id = None

    def lock_of(self, file_id: str) -> str | None:
        """The lock that stands now."""
        file = self.files[file_id]
        if file.lock_id is not None and self.clock.monotonic() >= file.lock_until:
            file.lock_id = None
        return file.lock_id

    # -- as a port --

    async def send(self, request: HttpRequest, *, limit_bytes: int) -> HttpAnswer:
        answer = self.answer(request)
        if answer.ok and len(answer.content) > limit_bytes:
            raise TooLarge("more than the limit")
        return answer

    def answer(self, request: HttpRequest, *, chunked: bool = False) -> HttpAnswer:
        """What the host says."""
        parts = urlsplit(request.url)
        headers = {name.lower(): value for name, value in request.headers.items()}
        file_id, contents = _file_of(parts.path)
        token = parse_qs(parts.query).get("access_token", [""])[0]
        operation = _operation(request.method, contents, headers.get("x-wopi-override"))
        asked = Asked(operation, file_id, token, request, headers, request.content or b"", chunked)
        self.asked.append(asked)
        struck = self.before(asked) if self.before is not None else None
        answer = struck if struck is not None else self._checked(asked)
        struck = self.after(asked) if self.after is not None else None
        return struck if struck is not None else answer

    def _checked(self, asked: Asked) -> HttpAnswer:
        known = self.tokens.get(asked.token)
        if known is None:
            return _plain(self.profile.unknown_token)
        if known.expires_ms is not None and known.expires_ms <= self._now_ms():
            return _plain(401)
        if self.profile.proof and self.keys is not None:
            now_s = self._now_ms() / 1000
            if not host_accepts(self.keys, asked.headers, asked.request.url, asked.token, now_s):
                return _plain(500)
        if known.file_id != asked.file_id or asked.file_id not in self.files:
            return _plain(404)
        handler = getattr(self, f"_{asked.operation}", None)
        return _plain(self.profile.unknown_override) if handler is None else handler(asked, known)

    # -- CheckFileInfo, GetFile --

    def _check_file_info(self, asked: Asked, person: HostToken) -> HttpAnswer:
        file, profile = self.files[asked.file_id], self.profile
        user_id = f"guest-{secrets.token_hex(4)}" if person.guest and profile.random_guests else person.user_id
        said: dict[str, object] = {
            "BaseFileName": file.name,
            "Size": len(file.content),
            "OwnerId": "anna",
            "UserId": user_id,
            "UserFriendlyName": person.user_name,
            "UserCanWrite": person.can_write,
            "LastModifiedTime": self._time(file.at_ms),
        }
        if profile.version != "none":
            said["Version"] = "0" if profile.version == "constant" else f"v{file.number}"
        if not profile.collabora_properties:
            said |= {
                "SupportsUpdate": True,
                "SupportsLocks": True,
                "SupportsGetLock": True,
                "SupportsRename": True,
                "UserCanRename": person.can_write,
                "SupportsDeleteFile": True,
                "SupportsUserInfo": True,
            }
        else:
            said |= {"SupportsLocks": True, "SupportsRename": True, "UserCanRename": person.can_write}
            said |= {"UserCanNotWriteRelative": False, "EnableOwnerTermination": True, "IsAdminUser": None}
        if profile.expiry_in_info and person.expires_ms is not None:
            said["AccessTokenExpiry"] = person.expires_ms // 1000
        if self.post_message_origin is not None:
            said["PostMessageOrigin"] = self.post_message_origin + ("/" if profile.origin_with_slash else "")
        return _json(said | self.properties)

    def _get_file(self, asked: Asked, _person: HostToken) -> HttpAnswer:
        file = self.files[asked.file_id]
        if len(file.content) > int(asked.headers.get("x-wopi-maxexpectedsize", 1 << 31)):
            return _plain(412)
        return HttpAnswer(200, self._item_version(file), file.content)

    # -- locks --

    def _lock(self, asked: Asked, person: HostToken) -> HttpAnswer:
        wanted, old = asked.headers.get("x-wopi-lock", ""), asked.headers.get("x-wopi-oldlock")
        file, held = self.files[asked.file_id], self.lock_of(asked.file_id)
        if not wanted:
            return _plain(400)
        if not self._fits(file, held, wanted) and not (old is not None and old == held):
            return self._locked_by(file)
        if held is None or self.profile.lock_twice_extends or old is not None:
            file.lock_until = self.clock.monotonic() + LOCK_S
        if held is None:
            file.known_number = file.number  # a new lock: what was written outside before is seen now
        file.lock_id, file.lock_reason = (wanted if self.profile.lock_ids or held is None else held), ""
        return HttpAnswer(200, self._item_version(file), b"")

    def _refresh_lock(self, asked: Asked, person: HostToken) -> HttpAnswer:
        if not self.profile.refresh:
            return _plain(501)
        file, held = self.files[asked.file_id], self.lock_of(asked.file_id)
        if held is None or not self._fits(file, held, asked.headers.get("x-wopi-lock", "")):
            return self._locked_by(file)
        file.lock_until = self.clock.monotonic() + LOCK_S
        return _plain(200)

    def _get_lock(self, asked: Asked, person: HostToken) -> HttpAnswer:
        held = self.lock_of(asked.file_id)
        if held is None:
            named = {} if not self.profile.lock_ids else {"x-wopi-lock": ""}
            return HttpAnswer(self.profile.unlocked_get_lock, named, b"")
        return HttpAnswer(200, {"x-wopi-lock": held}, b"")

    def _unlock(self, asked: Asked, person: HostToken) -> HttpAnswer:
        file, held = self.files[asked.file_id], self.lock_of(asked.file_id)
        if held is None or not self._fits(file, held, asked.headers.get("x-wopi-lock", "")):
            return self._locked_by(file)
        file.lock_id = None
        return HttpAnswer(200, self._item_version(file), b"")

    def _fits(self, file: HostFile, held: str | None, wanted: str) -> bool:
        """Whether this lock id opens the lock that stands."""
        if held is None or held == wanted:
            return True
        return not self.profile.lock_ids and held != "foreign"

    def _locked_by(self, file: HostFile) -> HttpAnswer:
        reason = {"x-wopi-lockfailurereason": file.lock_reason} if file.lock_reason else {}
        status = 423 if not self.profile.lock_ids and file.lock_id is not None else 409
        return HttpAnswer(status, {"x-wopi-lock": file.lock_id or "", **reason}, b"")

    # -- PutFile --

    def _put_file(self, asked: Asked, person: HostToken) -> HttpAnswer:
        file, held = self.files[asked.file_id], self.lock_of(asked.file_id)
        sent = asked.headers.get("x-wopi-lock")
        if not person.can_write and self.profile.name != "wopiserver":
            return _plain(401)
        if held is None and self.profile.lock_ids and (sent is not None or file.content):
            return HttpAnswer(409, {"x-wopi-lock": ""}, b"")
        if held is not None and not self._fits(file, held, sent or ""):
            return self._locked_by(file)
        refused = self._conflict(asked, file)
        if refused is not None:
            return refused
        if self.profile.chunked_is_lost and asked.chunked:
            return _plain(200)
        self._number += 1
        file.content, file.number, file.at_ms = asked.body, self._number, self._later_ms(file)
        file.known_number = file.number
        self.stored.append(asked.body)
        if self.profile.json_after_put:
            return _json({"LastModifiedTime": self._time(file.at_ms)})
        return HttpAnswer(200, self._item_version(file), b"")

    def _conflict(self, asked: Asked, file: HostFile) -> HttpAnswer | None:
        outside = file.number != file.known_number
        if self.profile.conflict is Conflict.COPY_BESIDE and outside:
            file.copies.append(asked.body)
            return HttpAnswer(409, {"x-wopi-lock": "External"}, b"")
        if self.profile.conflict is Conflict.COOL_STATUS:
            told = asked.headers.get("x-cool-wopi-timestamp")
            if told is not None and told != self._time(file.at_ms):
                return HttpAnswer(409, {"content-type": "application/json"}, b'{"COOLStatusCode":1010}')
        return None

    # -- the rest --

    def _put_relative_file(self, asked: Asked, person: HostToken) -> HttpAnswer:
        if not self.profile.save_as:
            return _plain(501)
        wish = asked.headers.get("x-wopi-suggestedtarget", "").encode().decode("utf-7")
        if not wish or "x-wopi-lock" in asked.headers or int(asked.headers["x-wopi-size"]) != len(asked.body):
            return _plain(400)
        name = wish if wish not in self.files else f"{wish.rpartition('.')[0]} (2).{wish.rpartition('.')[2]}"
        self.put(name, asked.body)
        token = self.grant(name, person.user_id)
        return _json({"Name": name, "Url": f"{self.source(name)}?access_token={quote(token, safe='')}"})

    def _rename_file(self, asked: Asked, person: HostToken) -> HttpAnswer:
        file, held = self.files[asked.file_id], self.lock_of(asked.file_id)
        if held is not None and not self._fits(file, held, asked.headers.get("x-wopi-lock", "")):
            return self._locked_by(file)
        wish = asked.headers.get("x-wopi-requestedname", "").encode().decode("utf-7")
        if not wish or "/" in wish:
            return HttpAnswer(400, {"x-wopi-invalidfilenameerror": "no such name"}, b"")
        file.name = f"{wish}.{file.name.rpartition('.')[2]}"
        if self.profile.rename_writes_body:
            self.put(file.name, asked.body, asked.file_id)
        return _json({"Name": wish})

    def _delete_file(self, asked: Asked, person: HostToken) -> HttpAnswer:
        if self.lock_of(asked.file_id) is not None:
            return self._locked_by(self.files[asked.file_id])
        del self.files[asked.file_id]
        return _plain(200)

    def _put_user_info(self, asked: Asked, person: HostToken) -> HttpAnswer:
        self.user_infos[person.user_id] = asked.body.decode()
        return _plain(self.profile.user_info)

    # -- times and versions --

    def _now_ms(self) -> int:
        return self.clock.wall_ms()

    def _later_ms(self, file: HostFile) -> int:
        """Times differ between versions, as they do a second later."""
        return max(self._now_ms(), file.at_ms + 1000)

    def _time(self, at_ms: int) -> str:
        moment = datetime.fromtimestamp(at_ms / 1000, UTC)
        if self.profile.iso_times:
            return moment.strftime("%Y-%m-%dT%H:%M:%S.000000Z")
        return moment.strftime("%Y-%m-%d %H:%M:%S.000")

    def _item_version(self, file: HostFile) -> dict[str, str]:
        return {"x-wopi-itemversion": f"v{file.number}"} if self.profile.item_version else {}


def _file_of(path: str) -> tuple[str, bool]:
    from urllib.parse import unquote

    rest = path.removeprefix(PREFIX)
    contents = rest.endswith("/contents")
    return unquote(rest.removesuffix("/contents")), contents


_OVERRIDES = {
    "LOCK": "lock",
    "REFRESH_LOCK": "refresh_lock",
    "GET_LOCK": "get_lock",
    "UNLOCK": "unlock",
    "PUT_RELATIVE": "put_relative_file",
    "RENAME_FILE": "rename_file",
    "DELETE": "delete_file",
    "PUT_USER_INFO": "put_user_info",
}


def _operation(method: str, contents: bool, override: str | None) -> str:
    if method == "GET":
        return "get_file" if contents else "check_file_info"
    if contents:
        return "put_file" if override == "PUT" else "unknown"
    return _OVERRIDES.get(override or "", "unknown")


def _plain(status: int) -> HttpAnswer:
    return HttpAnswer(status, {}, b"")


def _json(said: Mapping[str, object]) -> HttpAnswer:
    return HttpAnswer(200, {"content-type": "application/json"}, json.dumps(said).encode())
