"""The archive of one account: raw answers expire, and what is known of them stays in the manifests."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from harvesters.core.day import Day, iso
from harvesters.core.days import archived_days
from harvesters.core.expiry import expire
from harvesters.core.forget import damaged
from harvesters.core.manifest import UNREACHED
from harvesters.core.schedule import Schedule
from harvesters.core.store import SliceStore
from harvesters.pruning.files import remove_files
from harvesters.pruning.held import Held
from harvesters.watch.standing import WAITING, Found, Standing, standing
from harvesters.watch.survey import Watched, found_of, used_of

NO_MANIFEST = "its manifest is gone or cannot be read; a replay of the day makes it anew, or says what is wrong"
NOT_SETTLED = "it has not settled, and the vendor still has it"
NOT_WHOLE = "it is not whole"
Rule = Callable[[Found, Standing], str]
"""Why the archive of a day stays, "" if it may go."""


def unneeded(found: Found, stands: Standing) -> str:
    """An archive goes when nothing is missing that it could give: no destination is owed, no answer waits."""
    if found.waiting:
        return WAITING
    if found.brief is None or found.brief.damage:
        return NO_MANIFEST
    if found.brief.expired:  # what is left of it, by a run that was killed
        return ""
    if owed := [load.sentence() for load in stands.loads if load.owed and load.used]:
        return "; ".join(owed)
    return NOT_SETTLED if stands.kept and not stands.settled else ""


def whole(found: Found, stands: Standing) -> str:
    """The same for a run that nobody watches: only of days that are whole and settled."""
    fine = (stands.whole and stands.settled) or stands.expired
    return unneeded(found, stands) or ("" if fine else NOT_WHOLE)


def any_day(found: Found, stands: Standing) -> str:
    """Every archive goes, also where it is still needed."""
    del found, stands
    return ""


@dataclass(slots=True)
class Archive:
    """The archived days of an account."""

    data_dir: Path
    account: Watched
    now: datetime
    rule: Rule = unneeded
    _used: frozenset[str] = field(default_factory=frozenset)

    def store(self, day: Day) -> SliceStore:
        """The files of a day."""
        return SliceStore(self.data_dir, self.account.vendor, self.account.id, day)

    def held(self, edge: Day) -> Sequence[Held]:
        """See `Place`."""
        self._used = self._in_use()
        found = []
        for day in archived_days(self.data_dir, self.account.vendor, self.account.id):
            sizes = [path.stat().st_size for path in self._files(day)] if day < edge else []
            found += [Held(day, len(sizes), sum(sizes))] if sizes else []
        return found

    def _in_use(self) -> frozenset[str]:
        """The destinations of the newest day that has any."""
        for day in archived_days(self.data_dir, self.account.vendor, self.account.id, newest_first=True):
            found = found_of(self.data_dir, self.account, day)
            if found.brief and found.brief.destinations:
                return used_of({day: found})
        return frozenset()

    def _files(self, day: Day) -> Iterator[Path]:
        """All that holds raw answers: the archive, what is not merged yet, and copies of damaged ones."""
        store = self.store(day)
        unfinished = store.archive.parent.glob(f"{day}.*.new")
        yield from (path for path in (store.archive, store.part, *damaged(store), *unfinished) if path.exists())

    def stays(self, held: Held) -> str:
        """See `Place`."""
        found = found_of(self.data_dir, self.account, held.day)
        named = found.brief.destinations if found.brief else {}
        used = self._used.union(name for name in named if name.startswith(UNREACHED))
        when = Schedule(held.day, self.account.limits, self.now)
        return self.rule(found, standing(found, when, used))

    def begin(self, held: Sequence[Held]) -> None:
        """Each day is marked by itself."""

    def remove(self, held: Held) -> None:
        """Mark the day in its manifest, then remove its files.

        A kill in between leaves an archive that the next run takes for one that was put back: nothing is fetched.
        """
        store = self.store(held.day)
        if store.archive.exists():
            manifest, _ = store.open()
            expire(manifest, iso(self.now))
            store.commit(manifest)
        remove_files(self._files(held.day))
