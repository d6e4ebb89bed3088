"""Owns how copies in other formats are made, and how many a person may have; knows no request and no format.

The sandbox makes what this server writes itself, the office program the rest.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass

from collab.clock import Clock
from collab.config import Config
from collab.document import Kind
from collab.errors import TooManyRequests
from collab.formats.exports.targets import Target
from collab.limits import Limits
from collab.protocol.rate import TokenBucket
from collab.sandbox.office import Office, Source, find_office
from collab.sandbox.pool import Sandbox

_MINUTE_S = 60.0
_PEOPLE = 10_000
"""So many people's exports are counted; who exported longest ago is forgotten first."""
_TOO_OFTEN = "You exported many documents just now (exports_per_minute). Try again in a minute."


@dataclass(frozen=True, slots=True)
class Copy:
    """The live content of a document, as an export begins."""

    kind: str
    path: str
    content: bytes


class Exports:
    """Makes copies in other formats, so many for each person in a minute."""

    def __init__(self, sandbox: Sandbox, office: Office, limits: Limits, clock: Clock) -> None:
        self.office = office
        self._sandbox = sandbox
        self._per_minute = limits.exports_per_minute
        self._clock = clock
        self._people: OrderedDict[str, TokenBucket] = OrderedDict()

    @classmethod
    def of(cls, config: Config, sandbox: Sandbox, clock: Clock) -> Exports:
        """With the office program that the configuration names, or that is there."""
        return cls(sandbox, Office(find_office(config.export.office), config.limits), config.limits, clock)

    def charge(self, person: str) -> None:
        """Count an export of a person. Raises: TooManyRequests."""
        bucket = self._people.pop(person, None) or TokenBucket(self._per_minute / _MINUTE_S, self._per_minute)
        self._people[person] = bucket
        if len(self._people) > _PEOPLE:
            self._people.popitem(last=False)
        if not bucket.take(self._clock.monotonic()):
            raise TooManyRequests("exports_per_minute", public=_TOO_OFTEN)

    async def make(self, copy: Copy, target: Target) -> tuple[str, bytes]:
        """The copy in another format, and the extension of its name.

        Raises: FormatError, LimitExceeded, ExportUnavailable, ExportFailed, ExportsBusy.
        """
        if not target.via:
            return await self._sandbox.export(copy.kind, copy.path, target.name, copy.content)
        self.office.check()
        content = copy.content
        if copy.kind == Kind.TEXT:
            _, content = await self._sandbox.export(copy.kind, copy.path, target.via, content)
        return target.extension, await self.office.convert(Source(content, target.via), target.extension)
