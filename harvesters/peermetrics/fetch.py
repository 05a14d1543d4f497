"""Reads the conferences that began in one room on one day."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

import msgspec

from harvesters.core.answers import Verdict
from harvesters.core.day import EPOCH, Day, iso, to_ms
from harvesters.core.source import Call, Failure, Notice, Record
from harvesters.peermetrics.client import MOST, Client, Place, Short, checked
from harvesters.peermetrics.cut import LONGEST_UNENDED, Span, conferences, until
from harvesters.peermetrics.graphs import Graphs
from harvesters.peermetrics.rows import Row, row, stamp, window
from harvesters.peermetrics.stretch import MEASURED, PEOPLE, Reader, Stretch

GONE = frozenset({Verdict.BAD_CALL})
QUIET = 10 * 60_000
"""Whoever was not heard of for so long is no longer there: clients report every ten seconds."""
AFTER = 10 * 60_000
LEVEL = 2
STATS = "/stats"
EVENTS = (STATS, "/connection", "/events/get-user-media", "/events/browser")
Item = Record | Failure | Notice


class _Told(msgspec.Struct):
    """What the lists told of a room."""

    app: msgspec.Raw = msgspec.Raw(b"{}")
    conference: msgspec.Raw = msgspec.Raw(b"{}")


_told = msgspec.json.Decoder(_Told)


def fetch(client: Client, call: Call, day: Day) -> Iterator[Item]:
    """The records of one room."""
    sessions = Place("/sessions", {"conferenceId": call.key}, f"the sessions of room {call.key}")
    answer = client.ask(sessions.path, {**sessions.parameters, "limit": 1, "offset": 0}, GONE)
    if answer.judgement.verdict in GONE:
        yield Failure(call.key, answer.judgement.why, permanent=True)
        return
    short = Short()
    given = list(checked(client.rows(sessions, short=short), sessions.what, conference=call.key))
    rows = {id_: each for each in given if (id_ := row(each).id)}
    graphs = Graphs(client, call.key)
    heard = _Heard(client, graphs, {id_: row(each) for id_, each in rows.items()})
    for spans in conferences(heard.spans(), to_ms(day.start), to_ms(day.end), heard.until):
        yield from _record(Reader(client, _stretch(call, rows, spans, heard), short, graphs), call)
    if odd := len(given) - len(heard.spans()):
        yield Failure(call.key, f"{odd} of its sessions have no id, or no start that can be read")


def _stretch(call: Call, rows: dict[str, bytes], spans: list[Span], heard: "_Heard") -> Stretch:
    last = [event for span in spans if span.end is None and (event := heard.row_of(span))]
    end = max(until(span, heard.until) for span in spans)
    told = _told.decode(call.summary)
    described = bytes(told.app), bytes(told.conference)
    return Stretch(call.key, described, [rows[span.id] for span in spans], last, (spans[0].start, end + AFTER))


def _record(reader: Reader, call: Call) -> Iterator[Item]:
    """One record, and after it what of it could not be had."""
    start, end = reader.stretch.window
    heard = end - AFTER >= to_ms(reader.client.api.clock.now()) - QUIET
    ongoing = heard and any(row(each).end_time is None for each in reader.stretch.sessions)
    started = EPOCH + timedelta(milliseconds=start)
    # What was once fetched with statistics is never replaced by what a clean-up left.
    level = MEASURED if reader.has_stats() else PEOPLE
    yield Record(reader.key, call.key, started, level, ongoing, reader.parts())
    yield from (Notice(f"room {call.key}, {iso(started)}: {each}.") for each in dict.fromkeys(reader.notices))
    if reader.short.missing:
        reader.problems.append(f"the server counts {reader.short.missing} rows more than it gives")
    if reader.problems:
        yield Failure(call.key, "; ".join(dict.fromkeys(reader.problems))[:500], later=True)


@dataclass(slots=True)
class _Heard:
    """Until when sessions were heard of whose end nobody reported: by their last event, asked for once each."""

    client: Client
    graphs: Graphs
    sessions: dict[str, Row]
    found: dict[str, tuple[int, bytes | None]] = field(default_factory=dict)

    def spans(self) -> list[Span]:
        """The sessions that have a start."""
        return [Span(each.at, id_, stamp(each.end_time)) for id_, each in self.sessions.items() if each.at is not None]

    def until(self, span: Span) -> int:
        """When a session was heard of last, ms; its start if never again."""
        if span.id not in self.found:
            self.found[span.id] = self._last(span)
        return self.found[span.id][0]

    def row_of(self, span: Span) -> bytes | None:
        """The event that was heard last."""
        self.until(span)
        return self.found[span.id][1]

    def _last(self, span: Span) -> tuple[int, bytes | None]:
        """Of all kinds of events: who is not connected reports no statistics, and can still do something."""
        kinds = EVENTS if self.sessions[span.id].participant else ()
        told = [found for path in kinds if (found := self._last_of(path, span))]
        return max(told, default=(span.start, None))

    def _last_of(self, path: str, span: Span) -> tuple[int, bytes] | None:
        for rows in self._newest(path, span):
            own = [(at, bytes(each)) for each in rows if (at := _of(each, span)) is not None]
            if own:
                return max(own)
        return None

    def _newest(self, path: str, span: Span) -> Iterator[Sequence[bytes | msgspec.Raw]]:
        """The pages of a list, the last one first: whoever lost a tab has often come again, and reported since."""
        asked = {"participantId": str(self.sessions[span.id].participant)}
        asked |= window(span.start, span.start + LONGEST_UNENDED)
        place = Place(path, asked, f"the events of session {span.id}")
        first = self.client.page(place, 0, 1)
        if first.count is None:
            yield first.rows
        for offset in range((first.count or 0) - MOST, -MOST, -MOST):
            yield self.client.page(place, max(0, offset)).rows
        if path == STATS:
            # A clean-up deletes statistics, and leaves when they were.
            yield self.graphs.rows()


def _of(each: bytes | msgspec.Raw, span: Span) -> int | None:
    """When an event of a session was, None for those of others."""
    found = row(each)
    return found.at if found.session == span.id else None
