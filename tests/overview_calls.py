"""Documents of calls for the report, put together by hand: only what the report reads, and what a test asks for."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Any

from harvesters.core.day import Day
from harvesters.core.period import Period
from harvesters.overview.tally import Tally

if TYPE_CHECKING:
    from collections.abc import Iterable

WEEK = Period(Day(date(2026, 11, 23)), Day(date(2026, 11, 30)))
Json = dict[str, Any]


def document(began: str, vendor: str = "zoom", account: str | Json = "school", **vconf: Any) -> Json:
    """A document of a call that began then (UTC, `2026-11-23T09:00`)."""
    start = f"{began}:00.000Z"
    whose = {"name": account} if isinstance(account, str) else account
    call = {"id": f"call-{began}", "start": start, **vconf.pop("conference", {})}
    return {
        "@timestamp": start,
        "vconf": {"vendor": vendor, "account": whose, "privacy": "full", "conference": call, **vconf},
    }


def stream(began: str, audio: str | None, video: str | None = None, due_to: Iterable[str] = (), **top: Any) -> Json:
    """A stream with these labels; what made it poor is told of both media."""
    media = {
        name: {"label": label, "poor_due_to": list(due_to)}
        for name, label in (("audio", audio), ("video", video))
        if label is not None
    }
    return {**document(began, quality=media), **top}


@dataclass
class Calls:
    """Documents by type."""

    conference: list[Json] = field(default_factory=list)
    participant: list[Json] = field(default_factory=list)
    stream: list[Json] = field(default_factory=list)
    issue: list[Json] = field(default_factory=list)

    def of(self, type_: str) -> list[bytes]:
        """Those of a type, as they are stored."""
        found: list[Json] = getattr(self, type_)
        return [json.dumps(each).encode() for each in found]

    def tally(self, period: Period = WEEK, accounts: tuple[str, ...] = ()) -> Tally:
        """What they come to."""
        tally = Tally(period, accounts)
        tally.read(self.of)
        return tally
