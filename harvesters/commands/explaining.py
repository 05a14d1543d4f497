"""Finds what `explain` asks for, and puts its story together: between the command's options and what is printed."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache

from harvesters.commands.archived import archived
from harvesters.commands.build import recipe
from harvesters.commands.unloaded import unloaded
from harvesters.commands.workplace import Workplace
from harvesters.core.day import Day
from harvesters.core.errors import NothingFoundError, SettingsError
from harvesters.core.treatment import FULL
from harvesters.finding.archive import ArchivedCalls
from harvesters.finding.calls import Calls, Days, Match, day_of
from harvesters.finding.key import Key
from harvesters.finding.lake import LakeCalls
from harvesters.story.gathering import Gathering
from harvesters.story.history import History, history
from harvesters.story.matches import Found, found
from harvesters.story.people import Who
from harvesters.story.story import Story, story
from harvesters.story.text import short
from harvesters.watch.lacking import stretches

PATIENCE_S = 60.0
MOST_MATCHES = 50
MONTH = 30


@dataclass(frozen=True)
class Asked:
    """Where to look: `store` is index, lake or archive, None the usual ones; `accounts` are names, none means all."""

    vendors: Sequence[str]
    accounts: Sequence[str] = ()
    store: str | None = None
    days: Days = None


@dataclass(frozen=True)
class Listed:
    """Several calls that are meant, newest first, and how many older ones there are besides."""

    calls: list[Found]
    more: int


def stores(place: Workplace, asked: Asked) -> Iterator[Calls]:
    """Where to look, one after the other: as documents are loaded by default, then the archive.

    Raises:
        SettingsError: the index is asked for and none is configured.
    """
    usual = ["index"] if place.common.es_host else ["lake", "archive"]
    for name in [asked.store] if asked.store else usual:
        yield _store(name, place, asked)


def _store(name: str, place: Workplace, asked: Asked) -> Calls:
    names = asked.accounts or None
    if name == "lake":
        return LakeCalls(place.data_dir / "lake", asked.vendors, names)
    if name == "archive":
        accounts = archived(place, asked.vendors, asked.accounts)
        return ArchivedCalls(place.data_dir, accounts, cache(lambda vendor, account: recipe(place, vendor, account)))
    if not place.common.es_host:
        raise SettingsError(
            [f"ES_HOST is not set, and --in index needs it; looked in {place.values.places('ES_HOST')}."]
        )
    from harvesters.core.destinations.elastic import Cluster
    from harvesters.finding.index import IndexedCalls

    cluster = Cluster(place.common, place.clock.monotonic() + PATIENCE_S)
    return IndexedCalls(cluster, place.clock, asked.vendors, names)


def find(place: Workplace, asked: Asked, key: Key) -> tuple[Calls, list[Match]]:
    """The first place that knows the call, and what it knows: one call or several.

    Raises:
        NothingFoundError: none does.
    """
    looked = []
    for store in stores(place, asked):
        matches = store.find(key, asked.days)
        if matches:
            return store, matches
        looked.append(store.looked(asked.days))
        store.close()
    message = (
        f"no {asked.vendors[0]} call is known by '{short(key.text, 200)}': looked through {' and '.join(looked)}. "
        "A call is named by its id, the vendor's id of it or of its room, or the event.id of any of its documents"
        f"{_hint(looked)}."
    )
    raise NothingFoundError(message)


def _hint(looked: Sequence[str]) -> str:
    return "; what is not loaded yet may be found with --in archive" if "Elasticsearch" in looked[0] else ""


def tell(place: Workplace, store: Calls, match: Match, key: Key, gathering: Gathering) -> Story:
    """The story of a call.

    Raises:
        NothingFoundError: it is gone since it was found.
    """
    store.read(match, gathering.take, gathering.charted)
    if not (gathering.conference or gathering.participants or gathering.issues or gathering.streams):
        message = f"the documents of {match.call.id} are gone from {store.where}; ask again."
        raise NothingFoundError(message)
    day = day_of(match, store, place.data_dir)
    pointed = key.text if key.event_ids and key.text != (gathering.conference and gathering.conference.event.id) else ""
    return story(gathering, match.call, (match.vendor, match.account), day, pointed)


def listed(store: Calls, matches: Sequence[Match]) -> Listed:
    """What is known of several calls; of the newest ones only."""
    calls = [found(each.vendor, each.account.id, each.call, store.conference(each)) for each in matches[:MOST_MATCHES]]
    return Listed(calls, max(0, len(matches) - MOST_MATCHES))


def unseen(place: Workplace, asked: Asked, store: Calls, type_: str) -> Iterator[str]:
    """Of a lake that was looked through, the archived days whose documents of this type it has not, or not all."""
    if isinstance(store, LakeCalls) and not place.accounts.problems:
        for vendor, name, gone in unloaded(place, asked.vendors, asked.accounts, asked.days, {type_}):
            told = f"{', '.join(stretches(gone))} of {vendor} {name}"
            yield f"Archived and not, or not whole, in the lake: {told}; --in archive looks there."


def last_days(today: Day) -> tuple[Day, ...]:
    """Today and the month before it: what a person's history is without days."""
    return tuple(today + -back for back in range(MONTH, -1, -1))


def person(place: Workplace, asked: Asked, who: str) -> tuple[Calls, History]:
    """The stays of a person, in the first place that knows any.

    Raises:
        NothingFoundError: none does.
    """
    days = sorted(asked.days or ())
    span = (str(days[0]), str(days[-1])) if days else ("", "")
    looked = []
    for store in stores(place, asked):
        sources = list(store.people(Who(who), asked.days))
        if sources:
            return store, history(who, span, sources)
        looked.append(store.looked(asked.days))
        store.close()
    message = (
        f"nobody is known by that name from {span[0]} to {span[1]}: looked through {' and '.join(looked)}. "
        "A person is named by user.id, mail address or full name, as documents have them; "
        "--last 90d looks further back."
    )
    if place.common.privacy != FULL:
        message += f" With PRIVACY={place.common.privacy} they have no names: docs/privacy.md says what is left."
    raise NothingFoundError(message)
