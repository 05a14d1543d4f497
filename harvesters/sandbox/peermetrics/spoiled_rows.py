"""Faults inside the answers: lists that do not hold together, and rows that are not as they should be."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from urllib.parse import urlencode

import msgspec

from harvesters.sandbox.peermetrics.rooms import Json
from harvesters.sandbox.peermetrics.spoils import Met, Spoil
from harvesters.sandbox.peermetrics.stamps import later
from harvesters.sandbox.server import Response

_OK = 200
_NEVER = "ffffffff-ffff-4fff-bfff-ffffffffffff"
LATE = 2


def decoded(true: Response) -> Json | None:
    """The body of an answer with rows."""
    if true.status != _OK:
        return None
    body = msgspec.json.decode(true.body)
    return body if isinstance(body, dict) else None


def rows_of(answer: Json) -> list[Json]:
    """The rows of a list, the very list; empty for other answers."""
    rows = answer.get("results", answer.get("data"))
    return rows if isinstance(rows, list) else []


def rewritten(change: Callable[[Json], None]) -> Spoil:
    """`change` is done to each answer with rows."""

    def spoil(met: Met, true: Response) -> Response:
        answer = decoded(true)
        if answer is None or met.place is None:
            return true
        change(answer)
        return replace(true, body=msgspec.json.encode(answer))

    return spoil


def rowwise(change: Callable[[Json], None]) -> Spoil:
    """`change` is done to each row, or to the one that was asked for."""

    def every(answer: Json) -> None:
        single = answer.get("data")
        for each in [single] if isinstance(single, dict) else rows_of(answer):
            change(each)

    return rewritten(every)


def repeated_page(met: Met, true: Response) -> Response:
    """Every page but the first is the one before it once more."""
    if met.offset == 0 or "limit" not in met.params:
        return true
    earlier = max(0, met.offset - int(met.params["limit"]))
    path = f"{met.request.path.partition('?')[0]}?{urlencode({**met.params, 'offset': earlier})}"
    return met.app(replace(met.request, path=path))


def growing(met: Met, true: Response) -> Response:
    """While a list is read, a row comes in before those on later pages, so that one is had twice."""
    if met.offset == 0 or "limit" not in met.params:
        return true
    path = f"{met.request.path.partition('?')[0]}?{urlencode({**met.params, 'offset': met.offset - 1})}"
    answer = decoded(met.app(replace(met.request, path=path)))
    if answer is None:
        return true
    answer["count"] += 1
    return replace(true, body=msgspec.json.encode(answer))


def _lose(answer: Json) -> None:
    if len(rows := rows_of(answer)) > 1:
        del rows[0]


lost_row = rewritten(_lose)


def _miscount(answer: Json) -> None:
    if "count" in answer:
        answer["count"] += 1


wrong_count = rewritten(_miscount)


def ignored_filter(met: Met, true: Response) -> Response:
    """A row that nobody asked for stands in each list, as if a filter had been misspelt."""

    def add(answer: Json) -> None:
        if rows := rows_of(answer):
            rows.append({**rows[-1], "id": _NEVER, **{n: _NEVER for n in ("conference", "app") if n in rows[-1]}})
            answer.update({"count": answer["count"] + 1} if "count" in answer else {})

    return rewritten(add)(met, true)


def late_stats(met: Met, true: Response) -> Response:
    """The last statistics of a conference are not there the first two times that they are asked for."""
    if not met.stats or met.memory.count(met.list) > LATE:
        return true

    def shorten(answer: Json) -> None:
        rows = rows_of(answer)
        gone = len(rows) - len(rows) // 2
        del rows[len(rows) - gone :]
        if "count" in answer:
            answer["count"] -= gone

    return rewritten(shorten)(met, true)


def _reports(value: object) -> Iterator[Json]:
    """The RTP reports in a row's data."""
    if isinstance(value, dict):
        if str(value.get("type", "")).endswith("-rtp"):
            yield value
        value = list(value.values())
    for each in value if isinstance(value, list) else ():
        yield from _reports(each)


_COUNTERS = ("packetsReceived", "packetsSent", "packetsLost", "bytesReceived", "bytesSent", "framesDecoded")


def counters_down(met: Met, true: Response) -> Response:
    """Counters begin anew in the second half of each answer's statistics."""

    def restart(answer: Json) -> None:
        rows = [each for each in rows_of(answer) if each.get("type") == "stats"]
        for row in rows[len(rows) // 2 :]:
            for report in _reports(row["data"]):
                report.update({each: report[each] // 10 for each in _COUNTERS if each in report} | {"bitrate": -1.0})

    return rewritten(restart)(met, true)


def _odd_types(row: Json) -> None:
    for name in ("duration", "participants_count"):
        if name in row:
            row[name] = str(row[name])
    if "created_at" in row and "category" not in row:
        row["conference_name"] = 17
    for report in _reports(row.get("data")):
        report |= {"jitter": "0.005", "packetsLost": None, "bytesReceived": "many"}


wrong_type = rowwise(_odd_types)


def _unknown(row: Json) -> None:
    row["new_field"] = {"nobody": ["knows", 1, None]}


unknown_field = rowwise(_unknown)


def _bad_stamps(row: Json) -> None:
    for name in ("start_time", "end_time"):
        if row.get(name):
            row[name] = "yesterday"


bad_stamps = rowwise(_bad_stamps)


def _no_data(row: Json) -> None:
    if row.get("type") == "stats":
        row["data"] = None


no_data = rowwise(_no_data)


def _with_zone(row: Json) -> None:
    for name in ("created_at", "start_time", "end_time"):
        if row.get(name):
            row[name] = later(row[name], 0).replace(" ", "T") + "Z"


with_zone = rowwise(_with_zone)
