"""Waiting for a server, with a limit, and somebody to tell what is waited for."""

from collections.abc import Callable

from harvesters.core.day import Clock
from harvesters.core.errors import HarvestError


class TooSlowError(HarvestError):
    """It was not ready in time; it may be later."""


class Waiting:
    """One wait for all that is started together."""

    def __init__(self, clock: Clock, limit: float, show: Callable[[str, float], object], pause: float = 0.5) -> None:
        """`limit`, `pause`: seconds; `show` gets what is waited for and the seconds since the beginning."""
        self._clock, self._show, self._pause = clock, show, pause
        self.limit = limit
        self._began = clock.monotonic()

    def begin(self) -> None:
        """Count from now on: what came before, such as a download, does not count."""
        self._began = self._clock.monotonic()

    def pause(self, what: str) -> None:
        """Wait a moment for it.

        Raises:
            TooSlowError: the limit is reached.
        """
        passed = self._clock.monotonic() - self._began
        if passed > self.limit:
            message = (
                f"{what} was not ready after {self.limit:.0f} s, and is still starting: see './harvest.py dev status', "
                "or wait longer with './harvest.py dev up --timeout 900'."
            )
            raise TooSlowError(message)
        self._show(what, passed)
        self._clock.sleep(self._pause)
