"""Gathers what `report` tells, and puts the page where it is wanted."""

import sys
import webbrowser
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import msgspec

from harvesters import __version__
from harvesters.commands.archived import archived
from harvesters.commands.examples import program
from harvesters.commands.watched import of_vendor
from harvesters.commands.workplace import Workplace
from harvesters.core.day import Day, parse_instant
from harvesters.core.destinations.lake import LakeDestination
from harvesters.core.errors import HarvestError, NothingFoundError, SettingsError, UsageError
from harvesters.core.files import replacing
from harvesters.core.period import Period
from harvesters.core.profiles import LAKE
from harvesters.core.report import PARTIAL, WHOLE
from harvesters.core.words import many
from harvesters.finding.stored import Stored, StoredLake
from harvesters.overview import words
from harvesters.overview.completeness import Completeness, Slice, completeness
from harvesters.overview.documents import MEMBERS
from harvesters.overview.page import Origin, Report, html
from harvesters.overview.tally import Tally
from harvesters.watch.lacking import lacking
from harvesters.watch.standing import NEVER, Standing
from harvesters.watch.survey import Watched, archived_of, survey

PATIENCE_S = 60.0


@dataclass(frozen=True, slots=True)
class Asked:
    """What to tell of: vendors, days, accounts by name (none means all); `store` is index, lake or None, the usual."""

    vendors: Sequence[str]
    period: Period
    accounts: Sequence[str] = ()
    store: str | None = None


class _Account(msgspec.Struct):
    id: str = ""
    name: str = ""


class _State(msgspec.Struct):
    day: str
    state: str
    settled: bool = False
    failed: int = 0
    retention_ends: str | None = None


class _Vconf(msgspec.Struct):
    vendor: str
    account: _Account
    slice: _State


class _Noted(msgspec.Struct):
    vconf: _Vconf


_noted = msgspec.json.Decoder(_Noted).decode


def page(place: Workplace, asked: Asked) -> Report:
    """Everything that the page tells.

    Raises:
        NothingFoundError: there is no call at all, of whatever day.
        SettingsError: the index is asked for and none is configured.
    """
    store = _store(place, asked)
    try:
        if not store.anything():
            message = (
                f"{store.where} holds no call yet: harvest a day first, such as "
                f"'./harvest.py {asked.vendors[0]} --date yesterday', or try './harvest.py dev demo --days 14'."
            )
            raise NothingFoundError(message)
        now, then = (_tally(store, period, asked) for period in (asked.period, asked.period.before))
        nothing = not (now.all.conferences or then.all.conferences)
        archived(place, asked.vendors, asked.accounts if nothing else ())  # says what names there are
        accounts = [each for vendor in asked.vendors for each in of_vendor(place, vendor)]
        days, days_before = (_days(place, store, tally, accounts) for tally in (now, then))
    finally:
        store.close()
    origin = Origin(store.where, program(), __version__, place.clock.now())
    return Report(now, then, days, days_before, origin)


def _store(place: Workplace, asked: Asked) -> Stored:
    name = asked.store or ("index" if place.common.es_host else "lake")
    if name == "lake":
        return StoredLake(place.data_dir / "lake", asked.vendors)
    if not place.common.es_host:
        looked = place.values.places("ES_HOST")
        raise SettingsError([f"ES_HOST is not set, and --in index needs it; looked in {looked}."])
    from harvesters.core.destinations.elastic import Cluster
    from harvesters.finding.stored import StoredIndex

    cluster = Cluster(place.common, place.clock.monotonic() + PATIENCE_S)
    return StoredIndex(cluster, place.clock, asked.vendors)


def _tally(store: Stored, period: Period, asked: Asked) -> Tally:
    tally = Tally(period, asked.accounts)
    tally.read(lambda type_: store.documents(type_, period, MEMBERS[type_]))
    return tally


def _days(place: Workplace, store: Stored, tally: Tally, accounts: Sequence[Watched]) -> Completeness:
    """Whether the days are whole: by the archive's manifests, by what the runs wrote where there is no archive."""
    wanted = [
        each
        for each in accounts
        if archived_of(place.data_dir, each) and (not tally.accounts or each.name in tally.accounts)
    ]
    lake = LakeDestination(place.data_dir / "lake") if isinstance(store, StoredLake) else None
    slices = [each for account in wanted for each in _archived(place, account, tally.period, lake)]
    if not slices:
        found = map(_written, store.slices(tally.period))
        slices = [each for each in found if not tally.accounts or each.name in tally.accounts]
    names = {key: usage.name for key, usage in tally.by_account.items()}
    names |= {(each.vendor, each.id): each.name for each in wanted}
    return completeness(tally.period, slices, names if slices or wanted else {}, place.clock.now())


def _archived(place: Workplace, account: Watched, period: Period, lake: LakeDestination | None) -> Iterator[Slice]:
    """The days that stand in the archive, as `status` has them, and as the lake does where that is read."""
    surveyed = survey(place.data_dir, account, list(period), place.clock.now()).days
    days = {Day(date.fromisoformat(each.day)): each for each in surveyed if each.state != NEVER}
    key = account.vendor, account.id
    short = set(lacking(place.data_dir, key, days, lake, MEMBERS)) if lake else set()
    for day, each in days.items():
        yield _slice(account, day, each, _lacks(account, each, lake=day in short))


def _slice(account: Watched, day: Day, found: Standing, lacks: Sequence[str]) -> Slice:
    state = PARTIAL if lacks and found.state in WHOLE else found.state
    fetchable = found.late or found.state not in WHOLE
    return Slice(
        vendor=account.vendor,
        account=account.id,
        day=day,
        state=state,
        settled=found.settled,
        failed=len(found.missing),
        retention_ends=found.kept_until if fetchable else None,
        name=account.name,
        lacks=tuple(lacks),
    )


def _lacks(account: Watched, found: Standing, *, lake: bool) -> list[str]:
    """What is not where it should be; not in the words of a manifest, which may quote what a vendor or cluster said."""
    told = [
        f"{load.name} lacks {load.owed:,} of {many(load.records, 'record')}"
        for load in found.loads
        if load.owed and load.used and not (lake and load.name == LAKE)
    ]
    if found.late and found.state in WHOLE:
        told.append("what came after its last listing is not here")
    if lake:
        command = f"{program()} replay {account.vendor} --date {found.day} --destination {LAKE}"
        told.append(f"the lake lacks documents of it, which '{command}' makes anew")
    return told


def _written(source: bytes) -> Slice:
    found = _noted(source).vconf
    state = found.slice
    return Slice(
        vendor=found.vendor,
        account=found.account.id or found.account.name,
        day=Day(date.fromisoformat(state.day)),
        state=state.state,
        settled=state.settled,
        failed=state.failed,
        retention_ends=parse_instant(state.retention_ends),
        name=found.account.name,
    )


def write(path: Path, report: Report) -> None:
    """Put the page there, as a whole; `-` is stdout.

    Raises:
        UsageError: there is no such folder, or it is not ours to write to.
    """
    text = html(report).encode("utf-8", "replace")
    if str(path) == "-":
        sys.stdout.buffer.write(text)
        return
    try:
        with replacing(path) as file:
            file.write(text)
    except OSError as error:
        message = f"the report {path} cannot be written: {error.strerror}; --html needs a file name."
        raise UsageError(message) from error


def said(report: Report, path: Path) -> str:
    """One sentence on what the page tells, and where it is."""
    calls = report.now.all.conferences
    held = many(calls, "conference") if calls else "no call"
    whole = f"{report.days.whole} of {many(len(report.days.days), 'day')} complete" if report.days.days else ""
    hint = "" if calls else "; other days: './harvest.py report --last 30d'"
    where = "" if str(path) == "-" else f", in {path}"
    return f"Report of {words.days(report.period)}: {held}{', ' if whole else ''}{whole}{where}{hint}."


def shown(path: Path) -> str:
    """Open the page in the browser, or say that there is none.

    Raises:
        HarvestError: there is no browser.
    """
    if not webbrowser.open(path.absolute().as_uri()):
        message = f"no browser could be started: open {path.absolute()} yourself."
        raise HarvestError(message)
    return f"Opened {path} in the browser."
