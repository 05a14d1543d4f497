"""What a replay would do: which records it would load and, if that is asked for, what would change by it."""

from collections.abc import Callable, Iterable

from harvesters.core.comparing import Comparison
from harvesters.core.destinations import Destination, Readable
from harvesters.core.errors import DestinationError, Exit
from harvesters.core.loading import Loader
from harvesters.core.report import PLANNED, SliceReport
from harvesters.core.words import many
from harvesters.core.workshop import Workshop

NOT_MERGED = (
    "answers that a run is fetching, or left when it was cut off, are not in the archive yet and not looked at."
)


class Preview:
    """Looks at one slice; nothing is written."""

    def __init__(self, shop: Workshop, report: SliceReport, loader: Callable[[Destination], Loader]) -> None:
        """`loader`: what would load the slice into a destination."""
        self._shop, self._report, self._loader = shop, report, loader
        self.error: DestinationError | None = None

    def run(self) -> None:
        """Tell it of every destination; the first that cannot be read is the error, and stops no other."""
        told = [self._told(destination) for destination in self._shop.destinations]
        self._report.reason = "; ".join(filter(None, told))
        self._report.state = PLANNED

    def warn(self, sentences: Iterable[str]) -> None:
        """Say what is not as it should be; each sentence once."""
        self._report.warnings = list(dict.fromkeys([*self._report.warnings, *sentences]))

    def _told(self, destination: Destination) -> str:
        """What would be done with one destination, in words."""
        try:
            if gone := self._shop.reach(destination):
                raise gone
            loader = self._loader(destination)
            due = loader.due()
            self._report.due[destination.name] = len(due)
            told = f"{destination.name} would get {many(len(due), 'archived record') if due else 'nothing new'}"
            told += self._differing(loader, destination, due)
        except DestinationError as error:
            self.error = self.error or error
            return ""
        self.warn(loader.result.sentences())
        if loader.result.broken or loader.result.expired:
            self._report.exit_code = Exit.PARTIAL
        return told

    def _differing(self, loader: Loader, destination: Destination, due: list[str]) -> str:
        """What would change there, in words; nothing where nobody asked, or it cannot tell what it holds."""
        if not (self._shop.options.diff and isinstance(destination, Readable)):
            return ""
        tally = Comparison(loader, due).run(destination)
        self._report.diffs[destination.name] = tally
        return f": {tally.sentence()}"
