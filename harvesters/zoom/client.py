"""Asks Zoom: one page, or a list to its end."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any

import msgspec

from harvesters.core.answers import Answer, Api, Request, Verdict
from harvesters.core.paging import pages_again
from harvesters.zoom.paths import asked

NOTHING: frozenset[Verdict] = frozenset()
_OF_HOST = re.compile(r"(/users/)[^/]+")
Parameters = Mapping[str, str | int | None]


class Page(msgspec.Struct, kw_only=True):
    """What is read of a list's page; `items` are verbatim. The hints may be anything (reference, section 5)."""

    items: list[msgspec.Raw]
    next_page_token: Any = None
    total_records: Any = None

    @property
    def token(self) -> str | None:
        """What leads to the next page, None on the last one."""
        return str(self.next_page_token) if self.next_page_token else None

    @property
    def total(self) -> int | None:
        """How many rows Zoom counts, if it says so."""
        told = self.total_records
        return told if isinstance(told, int) and not isinstance(told, bool) else None


class _Meetings(Page, kw_only=True):
    """A page of the list of meetings."""

    items: list[msgspec.Raw] = msgspec.field(name="meetings")


class _Webinars(Page, kw_only=True):
    """A page of the list of webinars."""

    items: list[msgspec.Raw] = msgspec.field(name="webinars")


class _Participants(Page, kw_only=True):
    """A page of a list of participants."""

    items: list[msgspec.Raw] = msgspec.field(name="participants")


class _Users(Page, kw_only=True):
    """A page of the list of hosts."""

    items: list[msgspec.Raw] = msgspec.field(name="users")


_DECODERS: dict[str, msgspec.json.Decoder[Any]] = {
    name: msgspec.json.Decoder(form)
    for name, form in (
        ("meetings", _Meetings), ("webinars", _Webinars), ("participants", _Participants), ("users", _Users),
    )
}  # fmt: skip


def page(answer: Answer, member: str) -> Page:
    """The page in an answer whose list is called `member`.

    Raises:
        msgspec.ValidationError: there is no such list, so this is another answer than it seems.
    """
    found: Page = _DECODERS[member].decode(answer.body)
    return found


@dataclass(slots=True)
class Reading:
    """One reading of a list: distinct items, and whether what Zoom says of their number fits.

    Where Zoom forgot the place, and the list was begun anew, the number is that of the items since then.
    """

    seen: set[bytes] = field(default_factory=set)
    totals: set[int] = field(default_factory=set)
    since: set[bytes] = field(default_factory=set)

    def begin(self) -> None:
        """The first page comes next."""
        self.totals.clear()
        self.since.clear()

    def take(self, found: Page) -> list[bytes]:
        """A page's items that are new."""
        if found.total is not None:
            self.totals.add(found.total)
        fresh = []
        for item in found.items:
            mark = blake2b(item, digest_size=16).digest()
            self.since.add(mark)
            if mark not in self.seen:
                self.seen.add(mark)
                fresh.append(bytes(item))
        return fresh

    @property
    def moved(self) -> bool:
        """Whether the list changed while it was read, so that a row may have been skipped."""
        return len(self.totals) > 1

    @property
    def short(self) -> int:
        """How many more rows Zoom counts than it gave."""
        return max(0, max(self.totals, default=0) - len(self.since))


def _request(path: str, parameters: Parameters, **more: Any) -> Request:
    """A request for one page; a host's id is a name that stays for years."""
    return Request("GET", asked(path, parameters), shown=_OF_HOST.sub(r"\1…", path), **more)


@dataclass(frozen=True, slots=True)
class Client:
    """Requests of one category at a time, each below the address that the login named."""

    api: Api

    def ask(
        self,
        path: str,
        parameters: Parameters,
        category: str,
        takes: frozenset[Verdict] = NOTHING,
        *,
        once: bool = False,
    ) -> Answer:
        """One answer; see `Request` for `once`."""
        return self.api.send(_request(path, parameters, category=category, takes=takes, once=once))

    def pages(self, place: "Place", reading: Reading, first: Answer | None = None) -> Iterator[list[bytes]]:
        """The new items of every page of a list; `first` is its first page if that was asked for already."""

        def ask(token: str | None, again: bool) -> Page:  # noqa: FBT001 - the signature of `pages_again`
            if token is None:
                reading.begin()
            if token is None and first and not again:
                return page(first, place.member)
            parameters = {**place.parameters, "next_page_token": token}
            request = _request(place.path, parameters, category=place.category, repeats=again or place.repeats)
            return page(self.api.send(request), place.member)

        for found in pages_again(ask, lambda each: each.token, place.what):
            yield reading.take(found)


@dataclass(frozen=True, slots=True)
class Place:
    """A list: where it is, what its rows are called, and what it is called for people."""

    path: str
    parameters: Parameters
    category: str
    member: str
    what: str
    repeats: bool = False

    @property
    def kind(self) -> str:
        """The type that is asked for."""
        return str(self.parameters.get("type", ""))
