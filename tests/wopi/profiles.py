"""What WOPI hosts are like: each quirk was seen on a real host, or read in its source."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto


class Conflict(Enum):
    """What a host does with a write when the file was changed behind its back."""

    NOTHING = auto()
    COPY_BESIDE = auto()
    """409, the lock is "External", and what was sent stands in a copy beside the file."""
    COOL_STATUS = auto()
    """409 with Collabora's number 1010, when the timestamp that was sent is not the file's."""
    SERVER_ERROR = auto()


@dataclass(frozen=True, slots=True)
class Profile:
    """One kind of host."""

    name: str
    proof: bool = True
    """Requests without a valid proof get 500."""
    version: str = "counted"
    """`counted`, `constant` ("0") or `none`."""
    iso_times: bool = True
    item_version: bool = True
    json_after_put: bool = False
    lock_ids: bool = True
    """False: locked is locked, whatever id is sent; others get 423."""
    lock_twice_extends: bool = True
    refresh: bool = True
    unlocked_get_lock: int = 200
    conflict: Conflict = Conflict.NOTHING
    chunked_is_lost: bool = False
    unknown_override: int = 501
    unknown_token: int = 401
    save_as: bool = True
    rename_writes_body: bool = False
    random_guests: bool = False
    collabora_properties: bool = False
    """No Supports…: a host of Collabora's kind."""
    user_info: int = 200
    origin_with_slash: bool = False
    expiry_in_info: bool = False


STRICT = Profile("strict")
WOPISERVER = Profile(
    "wopiserver",
    proof=False,
    iso_times=False,
    unlocked_get_lock=404,
    conflict=Conflict.COPY_BESIDE,
    save_as=False,
    user_info=500,
    expiry_in_info=True,
)
OPENCLOUD = Profile(
    "opencloud",
    version="none",
    lock_twice_extends=False,
    unlocked_get_lock=404,
    conflict=Conflict.SERVER_ERROR,
    chunked_is_lost=True,
    unknown_override=500,
    random_guests=True,
    collabora_properties=True,
    user_info=501,
)
NEXTCLOUD = Profile(
    "nextcloud",
    version="constant",
    item_version=False,
    json_after_put=True,
    lock_ids=False,
    unknown_token=403,
    conflict=Conflict.COOL_STATUS,
    rename_writes_body=True,
    random_guests=True,
    collabora_properties=True,
    origin_with_slash=True,
)
PROFILES = {profile.name: profile for profile in (STRICT, WOPISERVER, OPENCLOUD, NEXTCLOUD)}
