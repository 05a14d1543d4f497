"""Faults by name, put before a simulated peermetrics: what goes wrong on the line, and what servers get wrong.

Faults of the line pass (every third request meets one), so a good client gets everything; the others stay. A
fault about one conference is about the first that is asked for, or about the one named: `removed=<UUID>`. A single
request asks for a fault with the header `X-Sandbox-Fault`.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from harvesters.sandbox.peermetrics import spoiled_rows as rows
from harvesters.sandbox.peermetrics import spoils
from harvesters.sandbox.peermetrics.spoils import Memory, Met, Spoil
from harvesters.sandbox.server import App, Intercept, Request, Response

HEADER = "x-sandbox-fault"
EVERY = 3


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault.

    Attributes:
        help: what happens, for people.
        spoil: does it.
        passes: whether the same request may meet it and later not.
        conference: whether it is about one conference.
    """

    help: str
    spoil: Spoil
    passes: bool = False
    conference: bool = False


FAULTS: Mapping[str, Fault] = {
    "429": Fault("too many requests in this minute, no Retry-After", spoils.too_many, passes=True),
    "500": Fault("an exception in the server, the body is two quotation marks", spoils.broken, passes=True),
    "502": Fault("a proxy without anybody behind it", spoils.status(502), passes=True),
    "503": Fault("out of service for a moment", spoils.status(503), passes=True),
    "504": Fault("a proxy that did not wait", spoils.status(504), passes=True),
    "reset": Fault("the connection is closed without a word", spoils.reset, passes=True),
    "slow": Fault("an answer after two seconds", spoils.slow, passes=True),
    "cut": Fault("half of the body", spoils.cut, passes=True),
    "not-json": Fault("a body whose end is missing, in full length", spoils.not_json, passes=True),
    "empty": Fault("no body", spoils.empty, passes=True),
    "html": Fault("a proxy's login page now and then, with status 200", spoils.login, passes=True),
    "login-page": Fault("a proxy's login page for everything, with status 200", spoils.login),
    "401": Fault("a proxy that wants to know who asks", spoils.status(401, b"<html>401 Authorization Required</html>")),
    "no-route": Fault("an HTML page with 404 for everything: the prefix is wrong", spoils.no_route),
    "429-always": Fault("somebody else uses up the budget", spoils.too_many),
    "500-always": Fault("every request breaks the server", spoils.broken),
    "app-gone": Fault("apps are listed, and gone when they are asked about", spoils.app_gone),
    "removed": Fault("one conference was removed after it was listed", spoils.removed, conference=True),
    "broken": Fault("whatever is asked of one conference breaks the server", spoils.broken_conference, conference=True),
    "slow-unpaged": Fault("a proxy gives up on what is not paged", spoils.slow_unpaged),
    "no-totals": Fault("a proxy keeps the dashboard's counts to itself", spoils.no_totals),
    "wrong-totals": Fault("the dashboard counts more rooms than there were", spoils.wrong_totals),
    "repeated-page": Fault("every page is the one before it once more", rows.repeated_page),
    "growing": Fault("lists that grow while they are read", rows.growing),
    "lost-row": Fault("lists that lose their first row now and then", rows.lost_row, passes=True),
    "wrong-count": Fault("lists that count one row too many", rows.wrong_count),
    "ignored-filter": Fault("a row in each list that nobody asked for", rows.ignored_filter),
    "late-stats": Fault("statistics that come in late", rows.late_stats),
    "counters-down": Fault("counters that begin anew", rows.counters_down),
    "no-data": Fault("statistics without data", rows.no_data),
    "wrong-type": Fault("text where numbers stand, and the other way round", rows.wrong_type),
    "unknown-field": Fault("a member that nobody knows", rows.unknown_field),
    "bad-stamps": Fault("starts and ends that are no time", rows.bad_stamps),
    "with-zone": Fault("stamps with T and Z, as the project's README has them", rows.with_zone),
}


def known(names: Iterable[str]) -> list[str]:
    """The names, each of which there is.

    Raises:
        ValueError: one is unknown, the sentence names those that exist; or one that is about no conference names one.
    """
    found = list(names)
    for name in found:
        fault, _, conference = name.partition("=")
        if fault not in FAULTS:
            message = f"there is no fault '{fault}'; there are {', '.join(FAULTS)}."
            raise ValueError(message)
        if conference and not FAULTS[fault].conference:
            message = f"the fault '{fault}' is about no single conference."
            raise ValueError(message)
    return found


def faulty(app: App, now: Callable[[], datetime], names: Iterable[str] = ()) -> Intercept:
    """What stands before an app so that some of its answers are spoiled."""
    standing = [name.partition("=") for name in known(names)]
    remembered = {fault: Memory() for fault in FAULTS} | {fault: Memory(chosen) for fault, _, chosen in standing}

    def intercept(number: int, request: Request) -> Response | None:
        asked = request.headers.get(HEADER, "")
        met = [name for name, _, _ in standing if not FAULTS[name].passes or number % EVERY == 0]
        met += [asked] if asked in FAULTS else []
        if not met:
            return None
        answer = app(request)
        for name in met:
            answer = FAULTS[name].spoil(Met(request, app, now(), remembered[name]), answer)
        return answer

    return intercept
