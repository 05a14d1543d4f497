"""What somebody sees who waits: a line on a terminal that counts the seconds, else a sentence for each server."""

from typing import TYPE_CHECKING

from harvesters.commands.console import Console

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

    from rich.status import Status


class WaitingLine:
    """The line, as long as its context lasts."""

    def __init__(self, console: Console, limit: float) -> None:
        """`limit`: seconds after which nobody waits any more."""
        self._console, self._limit = console, limit
        self._status: Status | None = None
        self._said: set[str] = set()

    def __enter__(self) -> "Self":
        """Nothing is shown before there is something to wait for."""
        return self

    def show(self, what: str, passed: float) -> None:
        """What is waited for, `passed` seconds after the beginning."""
        if self._console.progress:
            self._line().update(f"waiting for {what}, {passed:.0f} s of {self._limit:.0f}")
        elif what not in self._said:
            self._said.add(what)
            self._console.say(f"Waiting for {what}, up to {self._limit:.0f} s.")

    def _line(self) -> "Status":
        if self._status is None:
            from rich.console import Console as Terminal

            self._status = Terminal(stderr=True).status("")
            self._status.start()
        return self._status

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: "TracebackType | None"
    ) -> None:
        """Take the line away."""
        if self._status is not None:
            self._status.stop()
