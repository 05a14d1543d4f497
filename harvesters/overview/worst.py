"""The calls that went worst: those that befell most people, then those in which most was poor for longest."""

import heapq
from dataclasses import dataclass, field

from harvesters.overview.documents import Document

KEPT = 10
QUIET = frozenset({"", "fine", "no_data", "screen_only"})
"""Verdicts that speak of no trouble."""
SLIGHT = frozenset({"rejoins", "short_burst", "low_bitrate"})
"""Those of trouble that goes behind every other."""
LONGEST = 80
"""Characters of a topic that are shown."""


@dataclass(frozen=True, slots=True)
class Call:
    """One call; `name` is cut, and absent where the privacy profile is not `full`; `began` is ISO."""

    id: str
    vendor: str
    account: str
    began: str
    name: str | None
    code: str
    text: str
    affected: int
    of: int
    poor_min: float
    duration_s: float | None

    @property
    def rank(self) -> tuple[bool, int, float, str, str]:
        """More is worse; the last two make the order certain."""
        return self.code not in SLIGHT, self.affected, self.poor_min, self.began, self.id


@dataclass(slots=True)
class Worst:
    """The worst of any number of calls; no more than these are kept."""

    heap: list[tuple[tuple[bool, int, float, str, str], Call]] = field(default_factory=list)

    def add(self, document: Document) -> None:
        """Take a call into account."""
        if document.vconf.verdict.code in QUIET:
            return
        call = _call(document)
        push = heapq.heappush if len(self.heap) < KEPT else heapq.heappushpop
        push(self.heap, (call.rank, call))

    def calls(self) -> list[Call]:
        """The worst one first."""
        return [call for _, call in sorted(self.heap, key=lambda each: each[0], reverse=True)]


def _call(document: Document) -> Call:
    vconf = document.vconf
    received = vconf.quality.received
    return Call(
        id=vconf.conference.id,
        vendor=vconf.vendor,
        account=vconf.account.name,
        began=document.began,
        name=short(vconf.conference.name) if vconf.privacy == "full" else None,
        code=vconf.verdict.code,
        text=vconf.verdict.text,
        affected=vconf.verdict.affected or 0,
        of=vconf.verdict.of or 0,
        poor_min=round((received.audio.poor_s + received.video.poor_s) / 60, 1),
        duration_s=vconf.conference.duration_s,
    )


def short(text: str | None) -> str | None:
    """A text without control characters, cut."""
    if not text:
        return None
    plain = "".join(each if each.isprintable() else " " for each in text).strip()
    return plain if len(plain) <= LONGEST else plain[: LONGEST - 1].rstrip() + "…"
