"""Faults by name, put before a simulated Zoom: what goes wrong on the line, and what the vendor gets wrong.

Faults of the line pass (every third request meets one), so a good client gets everything; the others stay. A
fault about one meeting is about the first that is asked for, or about the one named: `blocked=<UUID>`. A single
request asks for a fault with the header `X-Sandbox-Fault`.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from harvesters.sandbox.server import App, Intercept, Request, Response
from harvesters.sandbox.zoom import spoiled_rows as rows
from harvesters.sandbox.zoom import spoils
from harvesters.sandbox.zoom.spoils import Memory, Met, Spoil

HEADER = "x-sandbox-fault"
EVERY = 3


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault.

    Attributes:
        help: what happens, for people.
        spoil: does it.
        passes: whether the same request may meet it and later not.
        meeting: whether it is about one meeting.
    """

    help: str
    spoil: Spoil
    passes: bool = False
    meeting: bool = False


FAULTS: Mapping[str, Fault] = {
    "429": Fault("too many requests in this second", spoils.per_second(headers=True), passes=True),
    "429-bare": Fault("the same, and no header that says so", spoils.per_second(headers=False), passes=True),
    "429-daily-iso": Fault("the day's quota is gone, Retry-After as an ISO instant", spoils.per_day("iso")),
    "429-daily-seconds": Fault("the day's quota is gone, Retry-After in seconds", spoils.per_day("seconds")),
    "429-daily-date": Fault("the day's quota is gone, Retry-After as an HTTP date", spoils.per_day("date")),
    "429-daily-rubbish": Fault(
        "the day's quota is gone, Retry-After that nobody understands", spoils.per_day("rubbish")
    ),
    "429-daily-past": Fault("the day's quota is gone, Retry-After lies in the past", spoils.per_day("past")),
    "429-daily-absent": Fault("the day's quota is gone, nothing said of when it is back", spoils.per_day("absent")),
    "500": Fault("internal server error", spoils.status(500), passes=True),
    "502": Fault("a gateway without anybody behind it", spoils.status(502), passes=True),
    "503": Fault("out of service for a moment", spoils.status(503), passes=True),
    "slow": Fault("an answer after two seconds", spoils.slow, passes=True),
    "cut": Fault("half of the body", spoils.cut, passes=True),
    "not-json": Fault("a body whose end is missing, in full length", spoils.not_json, passes=True),
    "empty": Fault("no body", spoils.empty, passes=True),
    "html": Fault("somebody else's page, with status 200", spoils.html, passes=True),
    "maintenance": Fault("out of service", spoils.maintenance),
    "token-dies-once": Fault("the token is refused before its time, a new one is not", spoils.token_dies_once),
    "token-dies": Fault("every token is refused", spoils.token_dies),
    "scope-missing": Fault("lists are allowed, details are not", spoils.scope_missing),
    "no-totals": Fault("the daily report needs a scope that the app lacks", spoils.no_totals),
    "wrong-totals": Fault("a daily report that counts more than there was", spoils.wrong_totals),
    "plan-refused": Fault("the account has no dashboards", spoils.plan_refused),
    "blocked": Fault("a firewall's page for one meeting", spoils.blocked, meeting=True),
    "missing": Fault("one meeting without details", spoils.missing, meeting=True),
    "not-ready": Fault("one meeting without details the first two times", spoils.not_ready, meeting=True),
    "too-old": Fault("one meeting that is too old for details", spoils.too_old, meeting=True),
    "page-token-dies-once": Fault("each list's first page token has expired", spoils.page_token_dies_once),
    "page-token-dies": Fault("every page token has expired", spoils.page_token_dies),
    "stuck-token": Fault("lists that never end", rows.stuck_token),
    "repeated-page": Fault("pages that hold the page before too", rows.repeated_page),
    "moving-rows": Fault("lists that lose a row between two pages", rows.moving_rows, passes=True),
    "wrong-type": Fault("text where numbers stand, and the other way round", rows.wrong_type),
    "unknown-field": Fault("a member that nobody knows", rows.unknown_field),
    "blank-member": Fault("people whose time of joining is blank", rows.blank_member),
    "odd-units": Fault("measurements that nobody can read", rows.odd_units),
    "no-start": Fault("a listed meeting without its start", rows.no_start),
    "no-end": Fault("listed meetings without end and duration", rows.no_end),
    "poorer": Fault("meetings that lost people and minutes since yesterday", rows.poorer),
    "twice": Fault("participants that stand in a page twice", rows.twice),
}


def known(names: Iterable[str]) -> list[str]:
    """The names, each of which there is.

    Raises:
        ValueError: one is unknown, the sentence names those that exist; or one that is about no meeting names one.
    """
    found = list(names)
    for name in found:
        fault, _, meeting = name.partition("=")
        if fault not in FAULTS:
            message = f"there is no fault '{fault}'; there are {', '.join(FAULTS)}."
            raise ValueError(message)
        if meeting and not FAULTS[fault].meeting:
            message = f"the fault '{fault}' is about no single meeting."
            raise ValueError(message)
    return found


def faulty(
    app: App, now: Callable[[], datetime], names: Iterable[str] = (), revoke: Callable[[], None] = lambda: None
) -> Intercept:
    """What stands before an app so that some of its answers are spoiled; `revoke` ends all tokens."""
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
            answer = FAULTS[name].spoil(Met(request, app, revoke, now(), remembered[name]), answer)
        return answer

    return intercept
