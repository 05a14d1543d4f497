"""Reads lists of the server whole, in both shapes of its answers, whatever its order does between pages.

Lists are in the order of their creation alone, so rows of one instant may be repeated or lost between pages (reference,
section 3). Rows are told apart by their ids and counted against the server's own `count`; a list that gave fewer is
read again in pages of another size. An older server knows no pages and gives every list whole.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

import msgspec

from harvesters.core.answers import Answer, Api, Request, Verdict
from harvesters.core.errors import SliceError
from harvesters.peermetrics.rows import row, window

NOTHING: frozenset[Verdict] = frozenset()
TOO_BIG = frozenset({Verdict.TOO_BIG})
SHORTEST = 60_000
MARGIN, LONG = 20, 2000
MOST = 200
SIZES = (MOST, 173, 131)
Parameters = Mapping[str, str | int]


class _Listed(msgspec.Struct):
    """A list, whole or a page of it."""

    data: list[msgspec.Raw] | None = None
    results: list[msgspec.Raw] | None = None
    count: int | None = None


_listed = msgspec.json.Decoder(_Listed)


@dataclass(frozen=True, slots=True)
class Place:
    """A list: where it is and what it is asked for; `what` is what it is called for people."""

    path: str
    parameters: Parameters
    what: str


@dataclass(frozen=True, slots=True)
class Page:
    """Some rows of a list, and how many it has; None where it came whole."""

    rows: list[bytes]
    count: int | None


@dataclass(frozen=True, slots=True)
class Reach:
    """A part of a list: from a place in it to the rows of an instant (ms), which are not wanted; None: to its end."""

    first: int = 0
    until: int | None = None

    def passed(self, rows: Iterable[bytes]) -> bool:
        """Whether a page lies behind the part."""
        if self.until is None:
            return False
        made = [row(each).at for each in rows]
        return bool(made) and all(at is not None and at >= self.until for at in made)


ALL = Reach()


@dataclass(slots=True)
class Short:
    """How many rows of a list could not be had."""

    missing: int = 0


@dataclass(frozen=True, slots=True)
class Client:
    """Requests below the address that the settings name; GET alone."""

    api: Api

    def ask(
        self, path: str, parameters: Parameters, takes: frozenset[Verdict] = NOTHING, *, once: bool = False
    ) -> Answer:
        """One answer; see `Request` for `once`."""
        query = f"?{urlencode(parameters)}" if parameters else ""
        return self.api.send(Request("GET", f"{path}{query}", takes=takes, once=once))

    def page(self, place: Place, offset: int = 0, size: int = MOST, takes: frozenset[Verdict] = NOTHING) -> Page:
        """Some rows of a list; none where the answer is a verdict that the caller takes.

        Raises:
            SliceError: the answer is no list.
        """
        answer = self.ask(place.path, {**place.parameters, "limit": size, "offset": offset}, takes)
        return Page([], 0) if answer.judgement.verdict in takes else _page(answer, place)

    def whole(self, place: Place) -> list[bytes]:
        """The rows of a list that has no pages."""
        return _page(self.ask(place.path, place.parameters), place).rows

    def windowed(self, place: Place, start: int, end: int) -> Iterator[bytes]:
        """The rows of a list without pages that were made in `[start, end)` (ms); in halves where they are too many."""
        parameters = {**place.parameters, **window(start, end)}
        halves = end - start > SHORTEST
        answer = self.ask(place.path, parameters, TOO_BIG if halves else NOTHING)
        if answer.judgement.verdict in TOO_BIG:
            middle = (start + end) // 2
            yield from self.windowed(place, start, middle)
            yield from self.windowed(place, middle, end)
            return
        for each in _page(answer, place).rows:
            at = row(each).at
            if at is None or not start <= at < end:
                message = f"{place.what}: the server gave rows of another time, so it ignored what it was asked for."
                raise SliceError(message)
            yield each

    def rows(self, place: Place, reach: Reach = ALL, short: Short | None = None) -> Iterator[bytes]:
        """The rows of a list, or of a part of it, each once; what could not be had counts in `short`."""
        seen: set[str] = set()
        wanted = 0
        for size in SIZES:
            offset, end = reach.first, reach.first + 1
            while offset < end:
                found = self.page(place, offset, size)
                for each in found.rows:
                    if (id_ := row(each).id or each.hex()) not in seen:
                        seen.add(id_)
                        yield each
                if found.count is None:
                    return
                # Behind an empty page there is nothing, whatever the count says.
                offset += size if found.rows else found.count
                end = min(offset, found.count) if reach.passed(found.rows) else found.count
            wanted = max(wanted, end - reach.first)
            if len(seen) >= wanted:
                return
        if short:
            short.missing += wanted - len(seen)

    def between(self, place: Place, start: int, end: int, short: Short) -> Iterator[bytes]:
        """The rows that were made in `[start, end)` (ms), of a list that is in the order of creation and has no window.

        A long one is entered about where the window begins, found by a few requests of one row each: the room may be
        in use for years. Rows that do not tell when they were made are among them.
        """
        first = self.page(place)
        if first.count is None or first.count <= len(first.rows):
            found: Iterator[bytes] = iter(first.rows)
        elif first.count <= LONG:
            found = self.rows(place, ALL, short)
        else:
            found = self.rows(place, Reach(self._before(place, start, first.count), end), short)
        for each in found:
            at = row(each).at
            if at is None or start <= at < end:
                yield each

    def _before(self, place: Place, at: int, count: int) -> int:
        """A place in a list that is before the rows of an instant (ms) and later, by two pages at most.

        Not nearer, since the list may lose its oldest rows meanwhile.
        """
        low, high = 0, count
        while high - low > MOST:
            middle = (low + high) // 2
            found = self.page(place, middle, 1).rows
            made = row(found[0]).at if found else None
            if made is not None and made < at:
                low = middle
            else:
                high = middle
        return max(0, low - MARGIN)


def _page(answer: Answer, place: Place) -> Page:
    listed = _listed.decode(answer.body)
    if listed.results is not None:
        return Page([bytes(each) for each in listed.results], listed.count or 0)
    if listed.data is not None:
        return Page([bytes(each) for each in listed.data], None)
    message = f"{place.what}: the server's answer is no list; check PEERMETRICS_URL."
    raise SliceError(message)


def checked(rows: Iterable[bytes], what: str, **wanted: str) -> Iterator[bytes]:
    """The rows, each of them what was asked for: the server ignores filters that it does not know without a word.

    Raises:
        SliceError: one is of another app, conference or participant.
    """
    for each in rows:
        found = row(each)
        if any(getattr(found, name) not in {value, None} for name, value in wanted.items()):
            message = f"{what}: the server gave those of another {', '.join(wanted)}: it ignored what it was asked for."
            raise SliceError(message)
        yield each
