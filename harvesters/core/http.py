"""The port to a vendor: time-outs, limits, retries, renewal of tokens, caps; no vendor's knowledge.

Retry outside, limiter inside: a retry pays for its request. What the server wishes (`Retry-After`) is
obeyed unless it lies beyond the deadline, which ends the slice as deferred.
"""

import io
import logging
import random
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from urllib.parse import urlsplit

import requests
from tenacity import RetryCallState, Retrying, retry_if_exception_type, stop_never

from harvesters.core.answers import OK, Answer, Auth, Judgement, Request, Verdict
from harvesters.core.day import Clock, iso
from harvesters.core.errors import (
    AuthError,
    BadCallError,
    DeferredError,
    HarvestError,
    RetentionError,
    SliceError,
    TooBigError,
)
from harvesters.core.limiter import Limiter
from harvesters.core.retry_after import backoff, wished

log = logging.getLogger(__name__)

CONNECT_TIMEOUT, READ_TIMEOUT, WHOLE_TIMEOUT = 10.0, 120.0, 600.0
CHUNK = 1 << 16
TOO_MANY = 429
RENEW_BEFORE = timedelta(seconds=60)
TOO_LARGE = "the answer is larger than {} MB"

_RAISES: dict[Verdict, type[HarvestError]] = {
    Verdict.REFUSED: AuthError,
    Verdict.TOO_BIG: TooBigError,
    Verdict.BAD_CALL: BadCallError,
    Verdict.ADD_ON_MISSING: AuthError,
    Verdict.BEYOND_RETENTION: RetentionError,
    Verdict.STOP: SliceError,
}


class _AgainError(Exception):
    """An answer that may be better next time.

    `wish`: seconds the server asked for. `limited`: it is there and says when; patience does not end then.
    """

    def __init__(self, why: str, wish: float | None = None, *, limited: bool = False) -> None:
        super().__init__(why)
        self.wish = wish
        self.limited = limited or bool(wish)


@dataclass(slots=True)
class Traffic:
    """What the line cost: requests sent, those that were retries, seconds waited, bytes received."""

    requests: int = 0
    retried: int = 0
    waited_s: float = 0.0
    bytes_in: int = 0
    waiting_for: str = ""
    lock: threading.Lock = field(default_factory=threading.Lock)


@dataclass(slots=True)
class Port:
    """The settings of an `HttpApi`.

    Attributes:
        deadline: on the clock's monotonic scale, seconds; nothing waits beyond it.
        patience: seconds of failure without one good answer after which a request is given up.
        cap: bytes of an inflated answer at most.
        ca_file: certificates to trust instead of the usual ones.
    """

    deadline: float
    patience: float = 300.0
    cap: int = 64 << 20
    ca_file: str | None = None
    dice: random.Random = field(default_factory=random.SystemRandom)


class HttpApi:
    """Sends requests for one vendor and account; safe for several threads."""

    def __init__(self, judge: Callable[[Answer], Judgement], limiter: Limiter, clock: Clock, port: Port) -> None:
        """`judge`: the source's; its `auth` is handed in by `identify`."""
        self.clock = clock
        self.traffic = Traffic()
        self._judge, self._limiter, self._port = judge, limiter, port
        self._renewal = threading.Lock()
        self._auth: Auth | None = None
        self._login: Callable[[], Auth] = lambda: Auth({})
        self._local = threading.local()
        self._sessions: list[requests.Session] = []

    def identify(self, login: Callable[[], Auth]) -> None:
        """Use these credentials from now on."""
        self._login = login

    def close(self) -> None:
        """Give the connections back."""
        for session in self._sessions:
            session.close()

    def send(self, request: Request) -> Answer:
        """See `Api.send`."""
        began = self.clock.monotonic()
        refused = 0
        for attempt in Retrying(
            retry=retry_if_exception_type(_AgainError),
            wait=self._pause,
            stop=stop_never,
            sleep=lambda seconds: self._wait(seconds, f"{_place(request)} to answer"),
            before_sleep=lambda state: self._before_retry(request, state, began),
        ):
            with attempt:
                answer = self._once(request)
                if answer.judgement.verdict is not Verdict.REFUSED or refused:
                    return _accept(request, answer)
                refused += 1
                self._auth = None
                raise _AgainError(answer.judgement.why)
        raise AssertionError  # the loop above ends by return or raise

    def _pause(self, state: RetryCallState) -> float:
        return max(_reason(state).wish or 0.0, backoff(state.attempt_number, self._port.dice))

    def _before_retry(self, request: Request, state: RetryCallState, began: float) -> None:
        """End the work if patience does not reach as far as the next try; count the try."""
        again, seconds = _reason(state), state.upcoming_sleep
        failing = self.clock.monotonic() - began
        if not again.limited and failing + seconds > self._port.patience:
            message = f"{_place(request)} failed for {failing:.0f} s, the last time with: {again}"
            raise SliceError(message)
        self._check_deadline(seconds, f"{_place(request)}, which failed with: {again}")
        with self.traffic.lock:
            self.traffic.retried += 1
        log.info("%s: %s; asking again in %.1f s", _place(request), again, seconds)

    def _check_deadline(self, seconds: float, what: str) -> None:
        if self.clock.monotonic() + seconds > self._port.deadline:
            back = iso(self.clock.now() + timedelta(seconds=seconds))
            message = f"would have to wait {seconds:.0f} s for {what}, beyond the deadline; come back after {back}"
            raise DeferredError(message)

    def _wait(self, seconds: float, what: str) -> None:
        self._check_deadline(seconds, what)
        with self.traffic.lock:
            self.traffic.waited_s += seconds
            self.traffic.waiting_for = f"{seconds:.0f} s for {what}"
        self.clock.sleep(seconds)
        self.traffic.waiting_for = ""

    def _once(self, request: Request) -> Answer:
        """One request on the wire: the limit paid, the answer read whole and judged."""
        self.clock.check()
        self._limiter.acquire(lambda seconds: self._wait(seconds, "the vendor's rate limit"))
        with self.traffic.lock:
            self.traffic.requests += 1
        try:
            answer = self._exchange(request)
        except (requests.RequestException, OSError) as error:
            raise _AgainError(_named(error)) from error
        log.debug("%s answered %d with %d bytes", _place(request), answer.status, len(answer.body))
        judgement = answer.judgement if answer.judgement is not OK else self._judge(answer)
        if judgement.verdict is Verdict.RETRY:
            wish = wished(answer.headers.get("retry-after"), self.clock.now())
            raise _AgainError(judgement.why, wish, limited=answer.status == TOO_MANY)
        return Answer(answer.status, answer.headers, answer.body, judgement)

    def _exchange(self, request: Request) -> Answer:
        headers = {"accept-encoding": "gzip, deflate", **request.headers, **self._credentials()}
        with self._session().request(
            request.method,
            request.url,
            data=request.body,
            headers=headers,
            timeout=(CONNECT_TIMEOUT, READ_TIMEOUT),
            allow_redirects=False,
            stream=True,
        ) as response:
            names = {name.lower(): value for name, value in response.headers.items()}
            if response.is_redirect:
                where = urlsplit(response.headers.get("location", "")).netloc or "another path"
                why = f"redirects to {where}; set the address it wants, credentials do not follow redirects"
                return Answer(response.status_code, names, b"", Judgement(Verdict.STOP, why))
            return self._read(response, names)

    def _read(self, response: requests.Response, names: dict[str, str]) -> Answer:
        body = io.BytesIO()
        give_up = self.clock.monotonic() + WHOLE_TIMEOUT
        for chunk in response.iter_content(CHUNK):
            if body.tell() + len(chunk) > self._port.cap:
                why = TOO_LARGE.format(self._port.cap >> 20)
                return Answer(response.status_code, names, b"", Judgement(Verdict.TOO_BIG, why))
            body.write(chunk)
            if self.clock.monotonic() > give_up:
                raise requests.Timeout
        with self.traffic.lock:
            self.traffic.bytes_in += body.tell()
        # An answer is megabytes: `getvalue` hands the buffer over instead of copying it.
        return Answer(response.status_code, names, body.getvalue())

    def _credentials(self) -> dict[str, str]:
        with self._renewal:
            if self._auth is None or self._about_to_end(self._auth):
                self._auth = self._login()
            return dict(self._auth.headers)

    def _about_to_end(self, auth: Auth) -> bool:
        return auth.expires is not None and self.clock.now() > auth.expires - RENEW_BEFORE

    def _session(self) -> requests.Session:
        """A connection of the thread's own: `requests` does not promise to share one."""
        session: requests.Session | None = getattr(self._local, "session", None)
        if session is None:
            session = requests.Session()
            if self._port.ca_file:
                session.verify = self._port.ca_file
            self._local.session = session
            self._sessions.append(session)
        return session


def _reason(state: RetryCallState) -> _AgainError:
    error = state.outcome.exception() if state.outcome else None
    return error if isinstance(error, _AgainError) else _AgainError(str(error))


def _accept(request: Request, answer: Answer) -> Answer:
    """The answer if the caller can use it, else the error that its verdict stands for."""
    verdict, why = answer.judgement.verdict, answer.judgement.why
    if verdict is Verdict.OK or verdict in request.takes:
        return answer
    message = f"{_place(request)}: {why}"
    raise _RAISES[verdict](message)


def _place(request: Request) -> str:
    """The endpoint for people: host and path, without query and credentials."""
    parts = urlsplit(request.url)
    return f"{parts.hostname}{parts.path}"


def _named(error: Exception) -> str:
    """A transport error in one short line: some of them quote whole requests."""
    if isinstance(error, requests.exceptions.SSLError):
        return "the certificate is not trusted (a proxy's? name its CA in VENDOR_CA_FILE)"
    if isinstance(error, requests.Timeout):
        return "no answer in time"
    if isinstance(error, requests.exceptions.ChunkedEncodingError | requests.exceptions.ContentDecodingError):
        return "the answer was cut off or damaged"
    return f"the connection failed ({type(error).__name__})"
