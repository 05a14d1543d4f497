"""One place of one account: looked at, or pruned with the account's lock held."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import partial

from harvesters.core.day import Clock, Day
from harvesters.core.errors import ArchiveError, HarvestError, InterruptedRunError
from harvesters.core.workshop import Progress
from harvesters.pruning.held import Held, Place, Pruned


@dataclass(slots=True)
class Pruning:
    """Looks at a place, and removes what is older than `edge` from it; `lock` is held while it does."""

    place: Place
    edge: Day
    lock: Callable[[], AbstractContextManager[None]]
    clock: Clock
    progress: Progress
    result: Pruned

    def look(self) -> Pruned:
        """What would go, and what stays; nothing is written.

        Raises:
            HarvestError: the place cannot be looked at.
        """
        self.result.days = self._going()
        return self.result

    def prune(self) -> Pruned:
        """Remove it; one day that fails stops no other.

        Raises:
            LockedError: another run works on this account.
            HarvestError: the place cannot be looked at.
        """
        with self.lock():
            going = self._going()
            self._guarded(partial(self.place.begin, going))
            if not self.result.errors:
                self._each(going)
        return self.result

    def _going(self) -> list[Held]:
        going = []
        for each in self.place.held(self.edge):
            if why := self.place.stays(each):
                self.result.kept.append((each.day, why))
            else:
                going.append(each)
        return going

    def _each(self, going: Sequence[Held]) -> None:
        self.progress.begin(f"{self.result.vendor} {self.result.account}")
        self.progress.looking(len(going))
        try:
            for each in going:
                self.clock.check()
                self._guarded(partial(self._remove, each))
                self.progress.loaded(1)
        finally:
            self.progress.end()

    def _remove(self, each: Held) -> None:
        self.place.remove(each)
        self.result.days.append(each)

    def _guarded(self, work: Callable[[], None]) -> None:
        try:
            work()
        except InterruptedRunError:
            raise
        except HarvestError as error:
            self.result.errors.append(error)
        except OSError as error:
            message = f"{error.filename} cannot be removed or written: {error.strerror}."
            self.result.errors.append(ArchiveError(message))
