"""The port to a vendor: limits, retries, renewal of tokens; no vendor's knowledge.

Retry outside, limiter inside: a retry pays for its request. What the server wishes (`Retry-After`) is
obeyed unless it lies beyond the deadline, which ends the slice as deferred.
"""

import logging
import random
import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from urllib.parse import urlsplit

from tenacity import RetryCallState, Retrying, retry_if_exception_type, stop_never

from harvesters.core.answers import OK, Answer, Auth, Judgement, Request, Verdict
from harvesters.core.day import Clock, iso
from harvesters.core.errors import (
    AuthError,
    BadCallError,
    CursorError,
    DeferredError,
    HarvestError,
    RetentionError,
    SliceError,
    TooBigError,
)
from harvesters.core.lenient import without_lone_surrogates
from harvesters.core.limiter import Limiter, until_midnight
from harvesters.core.retry_after import backoff, wished
from harvesters.core.traffic import Traffic
from harvesters.core.wire import BrokenLineError, Wire

log = logging.getLogger(__name__)

TOO_MANY = 429
PATIENCE_S = 300.0
RENEW_BEFORE = timedelta(seconds=60)

_RAISES: dict[Verdict, type[HarvestError]] = {
    Verdict.REFUSED: AuthError,
    Verdict.TOO_BIG: TooBigError,
    Verdict.BAD_CALL: BadCallError,
    Verdict.ADD_ON_MISSING: AuthError,
    Verdict.BEYOND_RETENTION: RetentionError,
    Verdict.STALE_CURSOR: CursorError,
    Verdict.STOP: SliceError,
}


class _AgainError(Exception):
    """An answer that may be better next time.

    `wish`: seconds the server asked for. `limited`: it is there and says when; patience does not end then. `tries`:
    after how many of them it is no use.
    """

    def __init__(self, why: str, wish: float | None = None, *, limited: bool = False, tries: int | None = None) -> None:
        super().__init__(why)
        self.wish, self.tries = wish, tries
        self.limited = limited or bool(wish)


@dataclass(slots=True)
class _Trial:
    """One request on its way to a good answer: since when it fails and why, and whether it was refused before."""

    request: Request
    failing_since: float
    refused: bool = False
    why: str = ""


@dataclass(slots=True)
class Port:
    """The settings of an `HttpApi`.

    Attributes:
        deadline: on the clock's monotonic scale, seconds; nothing is waited for or asked beyond it.
        patience: seconds of failure without one good answer after which a request is given up.
        cap: bytes of an inflated answer at most.
        ca_file: certificates to trust instead of the usual ones.
    """

    deadline: float
    patience: float = PATIENCE_S
    cap: int = 64 << 20
    ca_file: str | None = None
    dice: random.Random = field(default_factory=random.SystemRandom)


class HttpApi:
    """Sends requests for one vendor and account; safe for several threads. `date`: what the last answer said."""

    def __init__(self, judge: Callable[[Answer], Judgement], limiter: Limiter, clock: Clock, port: Port) -> None:
        """`judge`: the source's; its `auth` is handed in by `identify`."""
        self.clock = clock
        self.traffic = Traffic(monotonic=clock.monotonic)
        self._judge, self._limiter, self._port = judge, limiter, port
        self._wire = Wire(clock, port.cap, port.ca_file)
        self._renewal = threading.Lock()
        self._auth: Auth | None = None
        self.date = ""
        self._login: Callable[[], Auth] = lambda: Auth({})

    def identify(self, login: Callable[[], Auth]) -> None:
        """Use these credentials from now on."""
        self._login = login

    def quotas(self) -> list[dict[str, int | str]]:
        """See `Limiter.used`."""
        return self._limiter.used()

    def close(self) -> None:
        """Give the connections back."""
        self._wire.close()

    def send(self, request: Request) -> Answer:
        """See `Api.send`."""
        # A login that is refused has no other credentials to try, and what is asked for once may be refused alone.
        trial = _Trial(request, self.clock.monotonic(), refused=request.logs_in or request.once)
        for attempt in Retrying(
            retry=retry_if_exception_type(_AgainError),
            wait=self._pause,
            stop=stop_never,
            sleep=lambda seconds: self._wait(seconds, f"{_place(request)} ({trial.why})"),
            before_sleep=lambda state: self._before_retry(trial, state),
        ):
            with attempt:
                answer = self._once(request, first=attempt.retry_state.attempt_number == 1)
                if answer.judgement.verdict is not Verdict.REFUSED or trial.refused:
                    return _accept(request, answer)
                trial.refused = True
                raise _AgainError(answer.judgement.why)
        raise AssertionError  # the loop above ends by return or raise

    def _pause(self, state: RetryCallState) -> float:
        return max(_reason(state).wish or 0.0, backoff(state.attempt_number, self._port.dice))

    def _before_retry(self, trial: _Trial, state: RetryCallState) -> None:
        """End the work if patience does not reach as far as the next try; count the try."""
        again, seconds, place = _reason(state), state.upcoming_sleep, _place(trial.request)
        failing = self.clock.monotonic() - trial.failing_since
        trial.why = str(again)
        if again.tries is not None and state.attempt_number >= again.tries:
            message = f"{place} failed {_times(again.tries)} with: {again}"
            raise BadCallError(message)
        if again.limited:
            # It told us to wait, so the wait is no failure.
            trial.failing_since = self.clock.monotonic() + seconds
        elif failing + seconds > self._port.patience:
            message = f"{place} failed for {failing:.0f} s, the last time with: {again}"
            raise SliceError(message)
        self._check_deadline(seconds, f"{place}, which failed with: {again}")
        self.traffic.add(retried=1)
        log.info("%s: %s; asking again in %.1f s", place, again, seconds)

    def _check_deadline(self, seconds: float, what: str) -> None:
        if self.clock.monotonic() + seconds > self._port.deadline:
            back = iso(self.clock.now() + timedelta(seconds=seconds))
            message = f"would have to wait {seconds:.0f} s for {what}, beyond the deadline; come back after {back}"
            raise DeferredError(message)

    def _wait(self, seconds: float, what: str) -> None:
        self._check_deadline(seconds, what)
        with self.traffic.waiting(seconds, what):
            self.clock.sleep(seconds)

    def _pay(self, request: Request, seconds: float, what: str) -> None:
        """Wait for a limit, unless the answer is not worth so long a wait."""
        if request.once and seconds > self._port.patience:
            message = f"{_place(request)} would have to wait {seconds:.0f} s for {what}"
            raise SliceError(message)
        self._wait(seconds, what)

    def _once(self, request: Request, *, first: bool) -> Answer:
        """One request on the wire: the limit paid, the answer read whole and judged."""
        self.clock.check()
        if self.clock.monotonic() > self._port.deadline:
            message = f"the deadline passed before {_place(request)} was asked; run again to go on"
            raise DeferredError(message)
        limiter, category = self._limiter, request.category
        limiter.acquire(lambda seconds: self._pay(request, seconds, limiter.waits_for(category)), category)
        # What is asked again after a failure is a retry, whatever it was before.
        self.traffic.add(requests=1, repeated=int(request.repeats and first))
        auth = _own(request) if request.logs_in else self._credentials()
        tries = 1 if request.once else None
        try:
            answer = self._exchange(request, auth)
        except BrokenLineError as error:
            raise _AgainError(str(error), tries=tries) from error
        self.traffic.add(bytes_in=len(answer.body))
        self.date = answer.headers.get("date", "")
        log.debug("%s answered %d with %d bytes", _place(request), answer.status, len(answer.body))
        judgement = answer.judgement if answer.judgement is not OK else self._judge(answer)
        if judgement.verdict is Verdict.REFUSED and not (request.logs_in or request.once):
            self._discard(auth)
        wish = wished(answer.headers.get("retry-after"), self.clock.now())
        if judgement.verdict is Verdict.RETRY:
            raise _AgainError(judgement.why, wish, limited=answer.status == TOO_MANY, tries=tries or judgement.tries)
        if judgement.verdict is Verdict.DAY_SPENT:
            raise _AgainError(judgement.why, wish or until_midnight(self.clock.now()), limited=True, tries=tries)
        return replace(answer, judgement=judgement)

    def _exchange(self, request: Request, auth: Auth) -> Answer:
        """The answer, waited for as long as the deadline allows; without lone surrogates, which no decoder takes."""
        if request.url.startswith("/"):
            request = replace(request, url=auth.base + request.url)
        answer = self._wire.exchange(request, auth, self._port.deadline)
        return replace(answer, body=without_lone_surrogates(answer.body))

    def _credentials(self) -> Auth:
        with self._renewal:
            if self._auth is None or self._about_to_end(self._auth):
                self._auth = self._login()
            return self._auth

    def _discard(self, auth: Auth) -> None:
        """Ask for new credentials next time, unless another thread that was refused did so already."""
        with self._renewal:
            if self._auth is auth:
                self._auth = None

    def _about_to_end(self, auth: Auth) -> bool:
        return auth.expires is not None and self.clock.now() > auth.expires - RENEW_BEFORE


def _times(tries: int) -> str:
    """How often it failed, before the last reason."""
    return "once," if tries == 1 else f"{tries} times, the last time"


def _reason(state: RetryCallState) -> _AgainError:
    error = state.outcome.exception() if state.outcome else None
    return error if isinstance(error, _AgainError) else _AgainError(str(error))


def _own(request: Request) -> Auth:
    """The credentials that a login brings with it, so that they too are struck out of an answer that repeats them."""
    return Auth({name: value for name, value in request.headers.items() if name.lower() == "authorization"})


def _accept(request: Request, answer: Answer) -> Answer:
    """The answer if the caller can use it, else the error that its verdict stands for."""
    verdict, why = answer.judgement.verdict, answer.judgement.why
    if verdict is Verdict.OK or verdict in request.takes:
        return answer
    message = f"{_place(request)}: {why}"
    raise _RAISES[verdict](message)


def _place(request: Request) -> str:
    """The endpoint for people: host, port and path, without query, credentials and names of users."""
    parts = urlsplit(request.url)
    port = f":{parts.port}" if parts.port else ""
    return f"{parts.hostname or ''}{port}{request.shown or parts.path}"
