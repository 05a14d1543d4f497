"""What goes over the line: a request, its answer, what the answer means, and the port that sends it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import Protocol

from harvesters.core.day import Clock


class Verdict(Enum):
    """What the engine does with an answer."""

    OK = "ok"
    RETRY = "retry"
    REFUSED = "refused"
    TOO_BIG = "too_big"
    BAD_CALL = "bad_call"
    ADD_ON_MISSING = "add_on_missing"
    BEYOND_RETENTION = "beyond_retention"
    DAY_SPENT = "day_spent"
    STALE_CURSOR = "stale_cursor"
    STOP = "stop"


@dataclass(frozen=True, slots=True)
class Judgement:
    """A verdict and, in the vendor's or our words, why; never a header, token or setting.

    `tries`: of an answer that may be better next time, after how many of them it is this call's own fault; None: as
    long as patience lasts.
    """

    verdict: Verdict
    why: str = ""
    tries: int | None = None


OK = Judgement(Verdict.OK)


@dataclass(frozen=True, slots=True)
class Request:
    """One request.

    Attributes:
        url: absolute, or a path below the address that the login named (`Auth.base`).
        headers: without credentials, which the port adds.
        takes: verdicts beside OK that the caller handles itself; others raise.
        category: the vendor's label of the endpoint, which decides the limits that it pays into.
        logs_in: it is part of logging in: it has its own credentials, and gets none from the port.
        repeats: it reads again what was read before (a list from its start); counted apart.
        shown: what people read instead of its path, where that names a person.
        once: it is nice to have: neither asked again after a failure nor after a refusal, nor waited for long.
    """

    method: str
    url: str
    body: bytes | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    takes: frozenset[Verdict] = frozenset()
    category: str = ""
    logs_in: bool = False
    repeats: bool = False
    shown: str = ""
    once: bool = False


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer: `body` is inflated and whole, `headers` have lower-case names."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    judgement: Judgement = OK


@dataclass(frozen=True, slots=True)
class Auth:
    """Headers that identify us, when they end (aware UTC; None: never), and where to ask with them.

    `certificate`: a file with a client certificate and its key; `ca_file`: the certificates that the vendor's is
    checked against; "" for neither.
    """

    headers: Mapping[str, str] = field(repr=False)
    expires: datetime | None = None
    base: str = ""
    certificate: str = ""
    ca_file: str = ""


LONGEST, QUOTED = 10_000, 200
"""Characters of a vendor's words that are looked at, and that are repeated."""
_MAIL = re.compile(r"[^\s@<>\"(),;:]+(?:@[^\s@<>\"'(),;:]+)+")


def quoted(text: object) -> str:
    """A vendor's words for one line of ours: short, and without mail addresses, whatever they complain of."""
    return _MAIL.sub("…", " ".join(str(text or "")[:LONGEST].split()))[:QUOTED]


class Api(Protocol):
    """The only way to the network: limits, retries, renewal of tokens and caps are behind it."""

    clock: Clock

    def send(self, request: Request) -> Answer:
        """The answer, judged OK or one of `request.takes`.

        Raises:
            AuthError: the credentials were refused twice, or an add-on is missing.
            DeferredError: a limit lies beyond the deadline.
            TooBigError, BadCallError: the batch may pass in smaller pieces.
            CursorError: the place in a list is no longer known there.
            RetentionError: the vendor no longer has that day.
            SliceError: anything else that does not mend itself in time.
        """
