"""What the engine asks of whoever judges a record's quality, step by step while its tree is walked."""

from collections.abc import Iterable, Mapping
from typing import Any, Protocol

from harvesters.core.tree import Conference, Issue, Row, Stream

Fields = Mapping[str, Any]


class Assessment(Protocol):
    """Of one record: `shared`, then `rows` and `stream` for each stream in turn, then the others.

    The span of whatever is asked about is settled by then. Fields have flat names of the field list;
    a medium's block may be an object.
    """

    constants: Mapping[str, str]
    """Members of the `vconf.quality` block of every measurement: the model and its profile."""

    def shared(self) -> Fields:
        """What every document of the conference repeats."""

    def rows(self, stream: Stream) -> Iterable[Row]:
        """The stream's measurements, judged."""

    def stream(self, stream: Stream) -> Fields:
        """What its measurements come to, once they were taken."""

    def participant(self, key: str) -> Fields:
        """What the streams of a participant come to, by the key of the tree."""

    def rejoin_of(self, key: str) -> str | None:
        """Whose coming back a participant is, by the key of the tree."""

    def issues(self) -> Iterable[Issue]:
        """What our own rules find."""

    def conference(self) -> Fields:
        """What all of it comes to."""


class Unassessed:
    """Nobody judges: documents have what the vendor says, and no more."""

    def __init__(self, tree: Conference) -> None:
        """The same for every tree."""
        del tree
        self.constants: Mapping[str, str] = {}

    def shared(self) -> Fields:
        """Nothing."""
        return {}

    def rows(self, stream: Stream) -> Iterable[Row]:
        """As they are."""
        return stream.rows

    def stream(self, stream: Stream) -> Fields:
        """Nothing."""
        del stream
        return {}

    def participant(self, key: str) -> Fields:
        """Nothing."""
        del key
        return {}

    def rejoin_of(self, key: str) -> str | None:
        """Nobody's."""
        del key
        return None

    def issues(self) -> Iterable[Issue]:
        """None."""
        return ()

    def conference(self) -> Fields:
        """Nothing."""
        return {}
