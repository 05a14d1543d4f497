"""Tells a watchdog, such as healthchecks.io, that a run began, went well or went wrong; never what is secret."""

import logging
import threading
from collections.abc import Callable
from urllib.parse import urlsplit, urlunsplit

from harvesters.core.answers import Auth, Request, Verdict
from harvesters.core.day import Clock
from harvesters.core.errors import Exit
from harvesters.core.redaction import redacted
from harvesters.core.report import RunReport, SliceReport
from harvesters.core.wire import BrokenLineError, Wire
from harvesters.core.words import many

log = logging.getLogger(__name__)

START, FAIL = "/start", "/fail"
LONGEST_BODY = 10_000
SECONDS, TRIES = 10.0, 2
INTERRUPTED_SECONDS, MOMENT = 1.0, 0.25
"""How long whoever interrupted a run is kept waiting; the whole end may take `interrupts.LIMIT`."""
ANSWER_CAP = 1 << 16
BAD_STATUS = 400


def address(url: str, event: str) -> str:
    """Where an event is told: behind the path, before a query."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(path=parts.path.rstrip("/") + event))


def body(report: RunReport) -> bytes:
    """The summary, then lines for each day, `LONGEST_BODY` bytes at most.

    Of each day its state, its numbers and what is odd about it: reasons may quote what a vendor says of a person.
    """
    lines = [report.summary(), *(line for each in report.slices for line in _lines(each))]
    kept, size = [], 0
    for number, line in enumerate(lines):
        more = f"and {many(len(lines) - number, 'more line')}"
        if size + len(line.encode()) + len(more) + 2 > LONGEST_BODY:
            kept.append(more)
            break
        kept.append(line)
        size += len(line.encode()) + 1
    return redacted("\n".join(kept)).encode()


def _lines(report: SliceReport) -> list[str]:
    return [_line(report), *(f"  odd: {each.text}" for each in report.anomalies)]


def _line(report: SliceReport) -> str:
    told = (
        f"{report.source} {report.account} {report.day} {report.state}: {report.harvested:,} of {report.listed:,} calls"
    )
    return told + (f", {len(report.failed):,} missing" if report.failed else "")


class Pinger:
    """Tells of one run; what goes wrong with that is said, and changes nothing."""

    def __init__(self, url: str, clock: Clock, ca_file: str | None) -> None:
        """`url`: whoever knows it can tell lies, so it is not said either."""
        self._url, self._clock = url, clock
        self._wire = Wire(clock, ANSWER_CAP, ca_file)

    def began(self, report: RunReport) -> None:
        """The run begins."""
        self._send(START, f"{report.command} began at {report.started}".encode(), SECONDS)

    def ended(self, report: RunReport) -> None:
        """It ended: well if every day is whole."""
        seconds = INTERRUPTED_SECONDS if report.exit_code is Exit.INTERRUPTED else SECONDS
        self._send("" if report.exit_code is Exit.OK else FAIL, body(report), seconds)

    def _send(self, event: str, content: bytes, seconds: float) -> None:
        """Send it, and wait for it no longer than so many seconds: a name server may be silent for longer."""
        told: list[str] = []
        sending = threading.Thread(target=self._try, args=(event, content, told.append), daemon=True)
        sending.start()
        # A signal that comes just before a thread begins to wait is heard only when the wait ends: so it is cut up.
        for _ in range(round(seconds / MOMENT)):
            sending.join(MOMENT)
            if not sending.is_alive():
                break
        why = "no answer in time" if sending.is_alive() else "".join(told)
        if why:
            host = urlsplit(self._url).hostname
            log.warning("the ping to %s was not taken: %s. The run is what it is.", host, why)

    def _try(self, event: str, content: bytes, told: Callable[[str], None]) -> None:
        """Send it, once more if the line breaks; why it was not taken is told."""
        request = Request("POST", address(self._url, event), content, {"content-type": "text/plain; charset=utf-8"})
        deadline, why = self._clock.monotonic() + SECONDS, ""
        for _ in range(TRIES):
            try:
                answer = self._wire.exchange(request, Auth({}), deadline)
            except BrokenLineError as error:
                why = str(error)
                continue
            if answer.judgement.verdict is not Verdict.OK:
                why = answer.judgement.why
            elif answer.status >= BAD_STATUS:
                why = f"it answers with status {answer.status}"
            else:
                why = ""
            break
        told(why)
