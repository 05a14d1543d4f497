"""A world's calls in OpenTok's shapes: sessions by id, each made when it is asked for, none kept for long."""

import base64
import binascii
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from hashlib import blake2b
from typing import overload

from harvesters.core.day import EPOCH, parse_instant, to_ms
from harvesters.sandbox.opentok.generated_meeting import meeting
from harvesters.sandbox.opentok.rows import Record
from harvesters.sandbox.opentok.shapes import collection
from harvesters.sandbox.opentok.view import Windowed
from harvesters.sandbox.world import DayPlan, World

_KEPT = 64
_ONCE, _TEAM = "0", "1"


class GeneratedSessions(Windowed):
    """The sessions of a world; a team's stand-up has one for all of its days.

    An id says when the session was made and which it is, so that it leads back to its call.
    """

    def __init__(self, world: World, key: str) -> None:
        """`key`: the project that the sessions belong to."""
        self.world, self._key = world, key
        self._made = lru_cache(_KEPT)(self._make)

    def __getitem__(self, session_id: str) -> Record:
        """The session of that id."""
        return self._made(session_id)

    def __iter__(self) -> Iterator[str]:
        """The ids, teams first."""
        yield from map(self._team_id, range(self._teams))
        for plan in self.world:
            yield from (self._once_id(plan.day, number) for number in range(plan.standups, len(plan)))

    def __len__(self) -> int:
        """How many sessions there are."""
        return self._teams + sum(len(plan) - plan.standups for plan in self.world)

    def started_in(self, start: str, end: str) -> Sequence[str] | None:
        """The ids of one whole day, none of them made yet; None for other windows."""
        first, last = parse_instant(start), parse_instant(end)
        if first is None or last is None or last - first != timedelta(days=1) or first != _midnight(first.date()):
            return None
        return _DayIds(self, self.world.day(first.date()))

    def id_of(self, plan: DayPlan, number: int) -> str:
        """The id of the session that holds a call."""
        return self._team_id(number) if number < plan.standups else self._once_id(plan.day, number)

    @property
    def _teams(self) -> int:
        return max((plan.standups for plan in self.world), default=0)

    def _team_id(self, number: int) -> str:
        return self._id(self.world.first, _TEAM, number)

    def _once_id(self, day: date, number: int) -> str:
        return self._id(day, _ONCE, number)

    def _id(self, day: date, kind: str, number: int) -> str:
        made = to_ms(_midnight(day)) + number
        tail = blake2b(f"{self.world.seed}/{day}/{kind}/{number}".encode(), digest_size=9).hexdigest()
        text = f"1~{self._key}~~{made}~{kind}{number:06x}{tail}~~"
        return "2_" + base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")

    def _make(self, session_id: str) -> Record:
        day, kind, number = _decoded(session_id)
        if self._id(day, kind, number) != session_id:
            raise KeyError(session_id)
        plans = list(self.world) if kind == _TEAM else [self.world.day(day)]
        calls = [(plan, plan[number]) for plan in plans if number < (plan.standups if kind == _TEAM else len(plan))]
        if not calls:
            raise KeyError(session_id)
        meetings = [meeting(f"{self.world.seed}/{plan.day}/{number}", call) for plan, call in calls]
        return {"sessionId": session_id, "mediaMode": "routed", "meetings": collection(meetings)}


class _DayIds(Sequence[str]):
    """The ids of a day's sessions, made when they are looked at."""

    def __init__(self, sessions: GeneratedSessions, plan: DayPlan) -> None:
        self._sessions, self._plan = sessions, plan

    def __len__(self) -> int:
        return len(self._plan)

    @overload
    def __getitem__(self, part: int) -> str: ...
    @overload
    def __getitem__(self, part: slice) -> list[str]: ...
    def __getitem__(self, part: int | slice) -> str | list[str]:
        numbers = range(len(self._plan))[part]
        if isinstance(numbers, int):
            return self._sessions.id_of(self._plan, numbers)
        return [self._sessions.id_of(self._plan, number) for number in numbers]


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def _decoded(session_id: str) -> tuple[date, str, int]:
    """Day, kind and number in an id of ours.

    Raises:
        KeyError: it is none.
    """
    try:
        text = base64.urlsafe_b64decode(session_id[2:] + "==").decode()
        _, _, _, made, tail, *_ = text.split("~")
        return (EPOCH + timedelta(milliseconds=int(made))).date(), tail[0], int(tail[1:7], 16)
    except (ValueError, binascii.Error, UnicodeDecodeError, IndexError, OverflowError) as error:
        raise KeyError(session_id) from error
