"""Where one day of one account stands, from its manifest alone. Pure."""

from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from harvesters.core.day import iso, parse_instant
from harvesters.core.fetching import NOT_HAD
from harvesters.core.manifest import UNREACHED
from harvesters.core.report import PARTIAL, WHOLE
from harvesters.core.schedule import Schedule
from harvesters.core.words import many
from harvesters.watch.brief import Brief, BriefLoaded

NEVER = "never"
INDEX = "index"
ONE_NIGHT = timedelta(days=1)
"""How long a nightly run may take to come by after a day could settle."""
CUT_OFF = "no run has gone through the whole day yet"
WAITING = "answers that a run is fetching, or left when it was cut off, are not in the archive yet"
NO_MANIFEST = "its manifest is gone: the next run makes it anew from the archive"
FORGOTTEN = "the vendor no longer has it"


@dataclass(frozen=True, slots=True)
class Missing:
    """A call that could not be had; `state`: failed, lost (the vendor says it is gone) or missing (not asked yet)."""

    key: str
    state: str
    reason: str


@dataclass(frozen=True, slots=True)
class LoadState:
    """What a destination has of a day's `records`: how many it is owed, and the documents it refused by reason.

    `name`: as on the command line; `identity`: as in the manifest. `used`: newer days go there too. `removed`: when the
    day was taken out of it on purpose, ISO.
    """

    name: str
    identity: str
    records: int
    owed: int
    refused: dict[str, int]
    used: bool = True
    removed: str = ""

    def sentence(self) -> str:
        """What it lacks."""
        if self.identity.startswith(UNREACHED):
            return f"{self.name} could not be reached and lacks {many(self.owed, 'record')}"
        told = f"{self.name} lacks {self.owed:,} of {many(self.records, 'record')}"
        refused = "; ".join(f"{number:,} x {why}" for why, number in self.refused.items())
        return f"{told}, of which it refused documents ({refused})" if refused else told


@dataclass(frozen=True, slots=True)
class Found:
    """What there is of a day: its manifest, whether an archive, and whether answers wait to be merged into that."""

    brief: Brief | None = None
    archive: bool = False
    waiting: bool = False


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a day stands.

    Attributes:
        state: of its last whole run (complete, empty, partial, deferred, failed), or `never`.
        settled: no request is needed any more.
        whole: nothing is missing, and nothing is owed to a destination in use.
        late: its calls were listed before it had ended, or it could have settled a night ago, and no run came by.
        kept_until: when the vendor begins to forget it.
        kept: whether the vendor still has it as a whole.
        waiting: answers of a run that was cut off, or is at work, lie beside the archive.
        listed: number of its calls; `records`: of its archived ones, the vendor's own totals among them.
        missing: the calls that could not be had.
        loads: by destination that the manifest names.
        reasons: sentences why it is not whole.
        expired: since when its archive is gone on purpose, ISO; only `--again` fetches it anew.
    """

    day: str
    state: str
    settled: bool
    whole: bool
    late: bool
    kept_until: datetime
    kept: bool
    waiting: bool = False
    listed: int = 0
    records: int = 0
    missing: tuple[Missing, ...] = ()
    loads: tuple[LoadState, ...] = ()
    reasons: tuple[str, ...] = ()
    expired: str = ""

    @property
    def owed(self) -> bool:
        """Whether a destination in use lacks records that the archive has."""
        return any(load.owed and load.used for load in self.loads)

    @property
    def fetchable(self) -> bool:
        """Whether asking the vendor can make it more whole; of a settled day the vendor has given all there is."""
        return self.kept and not (self.whole or self.settled or self.expired)

    @property
    def repairable(self) -> bool:
        """Whether a run can make it more whole; a settled day without anything owed is judged anew at no cost."""
        lost_for_good = self.settled and bool(self.missing)
        anew = self.settled and not (self.whole or lost_for_good or self.expired)
        return self.fetchable or self.owed or anew or (self.waiting and not self.whole)


def standing(found: Found, when: Schedule, used: Collection[str]) -> Standing:
    """Where a day stands at the instant of `when`; `used` are the identities of the destinations in use."""
    brief = found.brief or Brief()
    missing = tuple(_missing(brief))
    loads = tuple(_load(identity, each, brief, used) for identity, each in brief.destinations.items() if identity)
    state = _state(found, missing)
    late = _late(brief, when)
    owed = any(load.owed and load.used for load in loads)
    return Standing(
        day=str(when.day),
        state=state,
        settled=brief.settled,
        whole=state in WHOLE and not (late or owed),
        late=late,
        kept_until=when.day.start + when.limits.retention,
        kept=when.day >= when.limits.oldest_kept(when.now),
        waiting=found.waiting,
        listed=sum(call.listed or call.state in NOT_HAD for call in brief.calls.values()),
        records=len(brief.records),
        missing=missing,
        loads=loads,
        reasons=tuple(_reasons(found, state, loads, when, late=late)),
        expired=brief.expired,
    )


def _late(brief: Brief, when: Schedule) -> bool:
    could_settle = bool(brief.state) and not brief.settled and when.now >= when.closed_from + ONE_NIGHT
    return could_settle or (_listed_early(brief, when) and when.now >= when.day.end)


def _listed_early(brief: Brief, when: Schedule) -> bool:
    """Whether the last listing was made while the day went on, so that it cannot have all calls."""
    listed = parse_instant(brief.listed_at)
    return listed is not None and listed < when.day.end


def _state(found: Found, missing: Collection[Missing]) -> str:
    """The manifest's own word, but where it has none, or a call was lost since."""
    brief = found.brief
    if brief is None:
        return PARTIAL if found.archive or found.waiting else NEVER
    if brief.state in WHOLE and missing:
        return PARTIAL
    return brief.state or PARTIAL


def _missing(brief: Brief) -> Iterator[Missing]:
    for key, call in brief.calls.items():
        if call.state in NOT_HAD:
            yield Missing(key, call.state, call.reason)


def _load(identity: str, loaded: BriefLoaded, brief: Brief, used: Collection[str]) -> LoadState:
    has = loaded.records
    lacking = (
        name not in has or has[name].digest != each.digest for name, each in brief.records.items() if each.length
    )
    owed = 0 if loaded.removed else sum(lacking)
    refused: Counter[str] = Counter()
    for refusal in loaded.refused.values():
        refused.update(refusal.reasons)
    told = len(brief.records), owed, dict(refused), identity in used, loaded.removed
    return LoadState(name_of(identity), identity, *told)


def name_of(identity: str) -> str:
    """A destination as the command line calls it: an index is known by its cluster and prefix."""
    if identity.startswith(UNREACHED):
        return identity.removeprefix(UNREACHED)
    return INDEX if "/" in identity else identity


def _reasons(found: Found, state: str, loads: Collection[LoadState], when: Schedule, *, late: bool) -> Iterator[str]:
    brief = found.brief
    if brief is None:
        yield from _without_manifest(found, state, when)
        return
    if brief.damage:
        yield brief.damage
        return
    if not brief.state:
        yield CUT_OFF
    if not brief.state and found.waiting:
        yield WAITING
    if brief.state not in WHOLE:
        yield from ([brief.reason.rstrip(".")] if brief.reason else [])
        yield from (each.rstrip(".") for each in brief.warnings)
    yield from (load.sentence() for load in loads if load.owed and load.used)
    if late and _listed_early(brief, when):
        yield f"its calls were listed at {brief.listed_at}, while it went on, and what came later is not here"
    elif late and brief.state in WHOLE:
        yield f"it settled on {iso(when.closed_from)[:10]}, and what came after its last listing is not here"


def _without_manifest(found: Found, state: str, when: Schedule) -> Iterator[str]:
    if found.archive:
        yield NO_MANIFEST
    elif found.waiting:
        yield WAITING
    if state == NEVER and when.day < when.limits.oldest_kept(when.now):
        yield FORGOTTEN
