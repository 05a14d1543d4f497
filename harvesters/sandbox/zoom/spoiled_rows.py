"""Faults inside the API's answers: lists that do not hold together, and rows that are not as they should be."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import msgspec

from harvesters.sandbox.server import Response
from harvesters.sandbox.zoom.meetings import Json
from harvesters.sandbox.zoom.paging import TOKEN
from harvesters.sandbox.zoom.spoils import Met, Spoil

STUCK = "c3R1Y2s"
_LISTS = ("meetings", "webinars", "participants", "users", "history_meetings")
_OK = 200
_ODD = "1.2 furlongs"
_FLOWS = ("bitrate", "latency", "jitter", "avg_loss", "max_loss", "frame_rate", "resolution")


def rewritten(change: Callable[[Json], None]) -> Spoil:
    """`change` is done to the whole of each answer that is none of refusal."""

    def spoil(met: Met, true: Response) -> Response:
        if true.status != _OK or met.place is None:
            return true
        answer = msgspec.json.decode(true.body)
        change(answer)
        return replace(true, body=msgspec.json.encode(answer))

    return spoil


def objectwise(change: Callable[[Json], None]) -> Spoil:
    """`change` is done to every object of an answer, inner ones first."""

    def every(answer: Json) -> None:
        for each in list(_objects(answer)):
            change(each)

    return rewritten(every)


def _objects(value: object) -> Iterator[Json]:
    members = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    for each in members:
        yield from _objects(each)
    if isinstance(value, dict):
        yield value


def rows_of(answer: Json) -> list[Json]:
    """The rows of a list's page, the very list; empty for other answers."""
    for name in _LISTS:
        if isinstance(rows := answer.get(name), list):
            return rows
    return []


def _stick(answer: Json) -> None:
    if rows_of(answer):
        answer[TOKEN] = STUCK


def stuck_token(met: Met, true: Response) -> Response:
    """Every page leads to itself, and so on for ever."""
    if met.params.get(TOKEN) == STUCK:
        first = met.request.path.replace(f"{TOKEN}={STUCK}", f"{TOKEN}=")
        true = met.app(replace(met.request, path=first))
    return rewritten(_stick)(met, true)


def repeated_page(met: Met, true: Response) -> Response:
    """A page holds the rows of the page before too."""

    def repeat(answer: Json) -> None:
        rows, pages = rows_of(answer), met.memory.pages
        before = pages.get(met.list, []) if met.later_page else []
        pages[met.list] = list(rows)
        rows[:0] = before

    return rewritten(repeat)(met, true)


def _move(answer: Json) -> None:
    if answer.get(TOKEN) and len(rows := rows_of(answer)) > 1:
        rows.pop()


def _mistype(each: Json) -> None:
    changes: dict[str, Any] = {"participants": "many", "user_name": 7, "bitrate": ["fast"], "has_video": "yes"}
    for name, value in changes.items():
        if name in each and not isinstance(each[name], list):
            each[name] = value


def _surprise(each: Json) -> None:
    each["colour"] = {"of": "money"}


def _blank(each: Json) -> None:
    if "join_time" in each:
        each["join_time"] = ""


def _measure_oddly(each: Json) -> None:
    if "bitrate" in each:
        each |= {name: _ODD for name in _FLOWS if name in each}


def _forget_start(answer: Json) -> None:
    if "from" in answer and (rows := rows_of(answer)):
        rows[0].pop("start_time", None)


def _forget_ends(answer: Json) -> None:
    for each in rows_of(answer) if "from" in answer else ():
        if "end_time" in each:
            each |= {"end_time": None, "duration": ""}


def _participants(answer: Json) -> list[Json]:
    rows = answer.get("participants")
    return rows if isinstance(rows, list) else []


def _impoverish(answer: Json) -> None:
    rows = _participants(answer)
    if rows and TOKEN in answer:
        answer |= {TOKEN: "", "total_records": 1, "page_count": 1}
        del rows[1:]
    for each in rows:
        del each.get("user_qos", [])[1:]


def _double(answer: Json) -> None:
    rows = _participants(answer)
    rows += list(rows)


moving_rows = rewritten(_move)
wrong_type = objectwise(_mistype)
unknown_field = objectwise(_surprise)
blank_member = objectwise(_blank)
odd_units = objectwise(_measure_oddly)
no_start = rewritten(_forget_start)
no_end = rewritten(_forget_ends)
poorer = rewritten(_impoverish)
twice = rewritten(_double)
