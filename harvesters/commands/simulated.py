"""The vendors that can be simulated, each with what the commands of `dev` need to know of it.

Imported with a command that simulates one; a sandbox is imported when it is asked for.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from harvesters.sandbox import Server
    from harvesters.sandbox.world import World

Now = Callable[[], datetime]
KEY, SECRET = "46204972", "0123456789abcdef0123456789abcdef01234567"
ACCOUNT, CLIENT = "Kx8qf3v7TnmsGvZ1J3xLmA", "sandbox-client-id"


class Simulated(Protocol):
    """One vendor.

    `told` of `load` and `invented` is what a sandbox serves; how it is made of is the sandbox's business.
    """

    title: str

    def load(self, folder: Path | None) -> Any:  # noqa: ANN401 - the sandbox's own
        """Answers of a folder, without one the published ones that come along."""

    def number(self, told: Any) -> int:  # noqa: ANN401
        """How many calls or rooms that is."""

    def moved(self, told: Any, to: date) -> Any:  # noqa: ANN401
        """The same calls on another day."""

    def invented(self, world: "World") -> Any:  # noqa: ANN401
        """The calls of an invented world."""

    def behaviour(self, faults: Iterable[str], switches: Mapping[str, str]) -> dict[str, Any]:
        """What the sandbox does otherwise than by default; ValueError names what there is."""

    def unhurried(self) -> dict[str, Any]:
        """The behaviour of one that sets no limits."""

    def serve(self, told: Any, now: Now, port: int = 0, **behaviour: Any) -> "Server":  # noqa: ANN401
        """The server, not yet started."""

    def settings(self, server: Any) -> dict[str, str]:  # noqa: ANN401 - the vendor's own server
        """The vendor's settings that lead to it, by the names of their fields."""


class SimulatedOpenTok:
    """OpenTok Insights of one project."""

    title = "OpenTok"

    def load(self, folder: Path | None) -> Any:  # noqa: ANN401 - the sandbox's own
        """See `Simulated`."""
        from harvesters.sandbox import ANSWERS, load_folder

        return load_folder(folder or ANSWERS)

    def number(self, told: Any) -> int:  # noqa: ANN401
        """See `Simulated`."""
        return len(told)

    def moved(self, told: Any, to: date) -> Any:  # noqa: ANN401
        """See `Simulated`."""
        from harvesters.sandbox import shift

        return shift(told, to)

    def invented(self, world: "World") -> Any:  # noqa: ANN401
        """See `Simulated`."""
        from harvesters.sandbox.opentok.generated import GeneratedSessions

        return GeneratedSessions(world, KEY)

    def behaviour(self, faults: Iterable[str], switches: Mapping[str, str]) -> dict[str, Any]:
        """See `Simulated`."""
        from harvesters.sandbox import Rules
        from harvesters.sandbox.opentok.faults import known
        from harvesters.sandbox.opentok.switches import switched

        return {"faults": known(faults), "rules": switched(Rules(), switches)}

    def unhurried(self) -> dict[str, Any]:
        """See `Simulated`."""
        from harvesters.sandbox import Rules

        return {"rules": Rules(rate_limit=None)}

    def serve(self, told: Any, now: Now, port: int = 0, **behaviour: Any) -> "Server":  # noqa: ANN401
        """See `Simulated`."""
        from harvesters.sandbox import serve_opentok

        return serve_opentok(told, key=KEY, secret=SECRET, now=now, port=port, **behaviour)

    def settings(self, server: Any) -> dict[str, str]:  # noqa: ANN401
        """See `Simulated`."""
        return {"url": server.url, "api_key": KEY, "api_secret": SECRET}


class SimulatedZoom:
    """Zoom's APIs of one account."""

    title = "Zoom"

    def load(self, folder: Path | None) -> Any:  # noqa: ANN401 - the sandbox's own
        """See `Simulated`."""
        from harvesters.sandbox import ANSWERS
        from harvesters.sandbox.zoom.answers import load_folder

        return load_folder(folder or ANSWERS.with_name("zoom"))

    def number(self, told: Any) -> int:  # noqa: ANN401
        """See `Simulated`."""
        return len(told)

    def moved(self, told: Any, to: date) -> Any:  # noqa: ANN401
        """See `Simulated`."""
        from harvesters.sandbox.zoom.answers import shift

        return shift(told, to)

    def invented(self, world: "World") -> Any:  # noqa: ANN401
        """See `Simulated`."""
        from harvesters.sandbox.zoom.generated import GeneratedMeetings

        return GeneratedMeetings(world)

    def behaviour(self, faults: Iterable[str], switches: Mapping[str, str]) -> dict[str, Any]:
        """See `Simulated`."""
        from harvesters.sandbox import ZoomRules
        from harvesters.sandbox.zoom.faults import known
        from harvesters.sandbox.zoom.switches import switched

        return {"faults": known(faults), "rules": switched(ZoomRules(), switches)}

    def unhurried(self) -> dict[str, Any]:
        """See `Simulated`."""
        from harvesters.sandbox import ZoomRules
        from harvesters.sandbox.zoom import UNLIMITED

        return {"rules": ZoomRules(limits=UNLIMITED)}

    def serve(self, told: Any, now: Now, port: int = 0, **behaviour: Any) -> "Server":  # noqa: ANN401
        """See `Simulated`."""
        from harvesters.sandbox import serve_zoom

        return serve_zoom(
            told, account=ACCOUNT, client_id=CLIENT, client_secret=SECRET, now=now, port=port, **behaviour
        )

    def settings(self, server: Any) -> dict[str, str]:  # noqa: ANN401
        """See `Simulated`."""
        login = {"account_id": ACCOUNT, "client_id": CLIENT, "client_secret": SECRET}
        return {"url": server.url, "oauth_url": server.token_url, **login}


class SimulatedPeermetrics:
    """A peermetrics server with its apps."""

    title = "peermetrics"

    def load(self, folder: Path | None) -> Any:  # noqa: ANN401 - the sandbox's own
        """See `Simulated`."""
        from harvesters.sandbox import ANSWERS
        from harvesters.sandbox.peermetrics.answers import load_folder

        return load_folder(folder or ANSWERS.with_name("peermetrics"))

    def number(self, told: Any) -> int:  # noqa: ANN401
        """See `Simulated`."""
        return len(told.held)

    def moved(self, told: Any, to: date) -> Any:  # noqa: ANN401
        """See `Simulated`."""
        from harvesters.sandbox.peermetrics.moving import shift

        return shift(told, to)

    def invented(self, world: "World") -> Any:  # noqa: ANN401
        """See `Simulated`."""
        from harvesters.sandbox.peermetrics.generated import GeneratedRooms

        return GeneratedRooms(world, every=60)

    def behaviour(self, faults: Iterable[str], switches: Mapping[str, str]) -> dict[str, Any]:
        """See `Simulated`."""
        from harvesters.sandbox import PeermetricsRules
        from harvesters.sandbox.peermetrics.faults import known
        from harvesters.sandbox.peermetrics.switches import switched

        return {"faults": known(faults), "rules": switched(PeermetricsRules(), switches)}

    def unhurried(self) -> dict[str, Any]:
        """See `Simulated`."""
        from harvesters.sandbox import PeermetricsRules

        return {"rules": PeermetricsRules(requests_per_minute=None, worker_requests=None)}

    def serve(self, told: Any, now: Now, port: int = 0, **behaviour: Any) -> "Server":  # noqa: ANN401
        """See `Simulated`."""
        from harvesters.sandbox import serve_peermetrics

        return serve_peermetrics(told, now=now, port=port, **behaviour)

    def settings(self, server: Any) -> dict[str, str]:  # noqa: ANN401
        """See `Simulated`."""
        return {"url": server.url}


SIMULATED: dict[str, Simulated] = {
    "opentok": SimulatedOpenTok(),
    "zoom": SimulatedZoom(),
    "peermetrics": SimulatedPeermetrics(),
}
