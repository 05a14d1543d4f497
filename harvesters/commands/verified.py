"""`status --verify`: what archive, lake and index hold beside what the manifests say, as lines and as JSON."""

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Any

from harvesters.commands.workplace import Workplace
from harvesters.core.destinations import Countable
from harvesters.core.errors import DestinationError, Exit
from harvesters.core.words import many
from harvesters.watch.survey import Surveyed, archived_of
from harvesters.watch.verifying import ARCHIVE, Held, Looked, Oddity, Verification, verify_day

if TYPE_CHECKING:
    from harvesters.core.destinations import Destination

PATIENCE_S = 600.0
MOST_NAMED = 10


def verify(place: Workplace, surveyed: Sequence[Surveyed]) -> Verification:
    """Look at every archived day of the page: in the archive, the lake, and the index if one is configured."""
    from harvesters.commands.build import destinations

    names = ["lake", *(["index"] if place.common.es_host else [])]
    verification = Verification()
    targets = destinations(place, names, place.clock.monotonic() + PATIENCE_S, for_reading=True)
    try:
        held = list(_opened(targets, verification))
        for account in surveyed:
            shown = {each.day for each in account.days}
            for day in (day for day in archived_of(place.data_dir, account.account) if str(day) in shown):
                verify_day(place.data_dir, account.account, day, held, verification)
    finally:
        for each in targets:
            each.close()
    return verification


def _opened(targets: "Sequence[Destination]", verification: Verification) -> Iterator[Held]:
    """Those that can be read; why others cannot is kept."""
    for each in targets:
        try:
            each.open()
        except DestinationError as error:
            verification.gone[each.name] = str(error)
        else:
            if isinstance(each, Countable):
                yield each


def verified_code(verification: Verification) -> Exit:
    """Partial where something is not as the manifests say, failed where it could not be looked at."""
    if verification.gone:
        return Exit.FAILED
    return Exit.PARTIAL if verification.oddities else Exit.OK


def verified_lines(verification: Verification) -> Iterator[str]:
    """What was looked at and what was found, for people."""
    yield ""
    yield "Counted anew"
    for name, looked in verification.places.items():
        yield f"  {name}: {_looked(name, looked)}"
    for name, why in verification.gone.items():
        yield f"  {name}: not looked at. {why}"
    for of_day, some in groupby(verification.oddities, lambda each: f"{each.source} {each.account} {each.day}"):
        yield f"  {of_day}"
        yield from _some([each.sentence() for each in some])
    yield f"{many(len(verification.oddities), 'difference')} from what the manifests say."


def _looked(name: str, looked: Looked) -> str:
    told = f"{many(looked.days, 'day')}, {many(looked.conferences, 'conference')}"
    told += "" if name == ARCHIVE else f", {many(looked.documents, 'document')}"
    return told + (f"; {many(looked.without, 'day')} never loaded there" if looked.without else "")


def _some(sentences: Sequence[str]) -> Iterator[str]:
    yield from (f"    {sentence}" for sentence in sentences[:MOST_NAMED])
    if (more := len(sentences) - MOST_NAMED) > 0:
        yield f"    and {more:,} more, see --json"


def verified_json(verification: Verification) -> dict[str, Any]:
    """The same for programs."""
    return {
        "places": verification.places,
        "gone": verification.gone,
        "differences": [_difference(each) for each in verification.oddities],
    }


def _difference(oddity: Oddity) -> dict[str, Any]:
    names = ("source", "account", "day", "place", "record", "type", "expected", "found")
    return {**{name: getattr(oddity, name) for name in names}, "text": oddity.sentence()}
