"""What a clean-up left of a room's statistics: the server's `/graphs`, which must not be read lightly."""

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from harvesters.peermetrics.client import Client, Place

TRIES = 3


class _Snapshots(msgspec.Struct):
    data: list[msgspec.Raw] = []


class _Graphs(msgspec.Struct):
    """What `/graphs` answers."""

    summary: _Snapshots | None = None
    building: bool = False


_graphs = msgspec.json.Decoder(_Graphs)


@dataclass(slots=True)
class Graphs:
    """The summary of the last call in a room; it is asked for once, and only if the room has no statistics at all.

    Asking can make the server build the summary, and delete the statistics by that (reference, section 8). `building`
    tells that the server was not done with it when it was asked.
    """

    client: Client
    room: str
    building: bool = False
    _found: Sequence[msgspec.Raw] | None = None

    def rows(self) -> Sequence[msgspec.Raw]:
        """Its snapshots; none where there are statistics."""
        if self._found is None:
            self._found = self._asked() if self._has_no_stats() else ()
        return self._found

    def _has_no_stats(self) -> bool:
        place = Place("/stats", {"conferenceId": self.room}, "the statistics of the room")
        return not self.client.page(place, size=1).rows

    def _asked(self) -> Sequence[msgspec.Raw]:
        """The first question may only begin to build it."""
        for _ in range(TRIES):
            told = _graphs.decode(self.client.ask(f"/conferences/{self.room}/graphs", {}).body)
            self.building = told.building
            if not told.building:
                return told.summary.data if told.summary else ()
        return ()
