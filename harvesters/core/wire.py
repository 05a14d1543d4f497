"""One exchange over HTTP: connections, time-outs, caps; what breaks on the way becomes one short line."""

import io
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from urllib.parse import urlsplit

import requests
from urllib3.exceptions import DecodeError, HTTPError, ProtocolError, ReadTimeoutError

from harvesters.core.answers import Answer, Auth, Judgement, Request, Verdict
from harvesters.core.day import Clock

CONNECT_TIMEOUT, READ_TIMEOUT, WHOLE_TIMEOUT = 10.0, 120.0, 600.0
SHORTEST_TIMEOUT = 1.0
CHUNK = 1 << 16
TOO_LARGE = "the answer is larger than {} MB"
HIDDEN = "(credentials)"
SHORTEST_SECRET = 16


class BrokenLineError(Exception):
    """No whole answer came; the message says why, without what was sent."""


class Wire:
    """Sends a request and reads its answer whole; safe for several threads."""

    def __init__(self, clock: Clock, cap: int, ca_file: str | None, ca_setting: str = "VENDOR_CA_FILE") -> None:
        """`cap`: bytes of an inflated answer at most; `ca_file`: certificates to trust instead of the usual ones.

        `ca_setting` names these, for people.
        """
        self._clock, self._cap, self._ca_file, self._ca_setting = clock, cap, ca_file, ca_setting
        self._idle: list[requests.Session] = []
        self._shelf = threading.Lock()

    def close(self) -> None:
        """Give the connections back."""
        for session in self._idle:
            session.close()

    def exchange(self, request: Request, auth: Auth, deadline: float) -> Answer:
        """The answer, waited for until the deadline at most (on the clock's monotonic scale).

        It comes with a judgement where it never was the vendor's to give: a redirect, a body above the cap.

        Raises:
            BrokenLineError: the line broke, or the answer is cut off or damaged.
        """
        try:
            return _without(auth, self._exchange(request, auth, deadline))
        except (requests.RequestException, HTTPError, OSError) as error:
            raise BrokenLineError(_named(error, self._ca_setting)) from error

    def _exchange(self, request: Request, auth: Auth, deadline: float) -> Answer:
        left = max(SHORTEST_TIMEOUT, deadline - self._clock.monotonic())
        with (
            self._borrowed() as session,
            session.request(
                request.method,
                request.url,
                data=request.body,
                headers={"accept-encoding": "gzip, deflate", **request.headers, **auth.headers},
                timeout=(min(CONNECT_TIMEOUT, left), min(READ_TIMEOUT, left)),
                allow_redirects=False,
                stream=True,
                # Here and not on the session, where REQUESTS_CA_BUNDLE of the environment would win over it.
                verify=auth.ca_file or self._ca_file,
                cert=auth.certificate or None,
            ) as response,
        ):
            names = {name.lower(): value for name, value in response.headers.items()}
            if response.is_redirect:
                why = f"redirects to {_target(names)}; set the address it wants, credentials do not follow redirects"
                return Answer(response.status_code, names, b"", Judgement(Verdict.STOP, why))
            return self._read(response, names, min(WHOLE_TIMEOUT, left))

    def _read(self, response: requests.Response, names: dict[str, str], seconds: float) -> Answer:
        body = io.BytesIO()
        give_up = self._clock.monotonic() + seconds
        # `read1` gives what has come; `iter_content` waits for a whole chunk, which may drip in for hours.
        while chunk := response.raw.read1(CHUNK, decode_content=True):
            if body.tell() + len(chunk) > self._cap:
                why = TOO_LARGE.format(self._cap >> 20)
                return Answer(response.status_code, names, b"", Judgement(Verdict.TOO_BIG, why))
            body.write(chunk)
            if self._clock.monotonic() > give_up:
                raise requests.Timeout
        # An answer is megabytes: `getvalue` hands the buffer over instead of copying it.
        return Answer(response.status_code, names, body.getvalue())

    @contextmanager
    def _borrowed(self) -> Iterator[requests.Session]:
        """A session that no other thread uses meanwhile: `requests` does not promise to share one."""
        with self._shelf:
            session = self._idle.pop() if self._idle else _Session()
        try:
            yield session
        finally:
            with self._shelf:
                self._idle.append(session)


class _Session(requests.Session):
    def __init__(self) -> None:
        super().__init__()
        # Else `requests` would look for a login in ~/.netrc, whose `default` is meant for others.
        self.auth = _as_it_is

    def get_redirect_target(self, resp: requests.Response) -> None:  # noqa: ARG002 - the signature of `requests`
        """No next request is prepared, for which `requests` would read the body without a cap."""
        return


def _as_it_is(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request


def _without(auth: Auth, answer: Answer) -> Answer:
    """The answer without our credentials, should somebody on the way repeat them: it is archived, and quoted."""
    # The last word, for `Bearer` and the like are no secret; a short one is no credential.
    secrets = [value.split()[-1] for value in auth.headers.values() if len(value) >= SHORTEST_SECRET]
    for secret in secrets:
        body = answer.body
        if secret.encode() in body:
            body = body.replace(secret.encode(), HIDDEN.encode())
        headers = {name: value.replace(secret, HIDDEN) for name, value in answer.headers.items()}
        answer = replace(answer, headers=headers, body=body)
    return answer


def _target(headers: Mapping[str, str]) -> str:
    """Where a redirect leads, for people: the host alone, since the rest may hold a login."""
    try:
        return urlsplit(headers["location"]).hostname or "another path"
    except ValueError:
        return "an address that is none"


def _named(error: Exception, ca_setting: str) -> str:
    """A transport error in one short line: some of them quote whole requests."""
    if isinstance(error, requests.exceptions.SSLError):
        if "WRONG_VERSION_NUMBER" in str(error):
            return "it does not speak https"
        return f"the certificate is not trusted (a proxy's? name its CA in {ca_setting})"
    if isinstance(error, requests.Timeout | ReadTimeoutError):
        return "no answer in time"
    if isinstance(error, ProtocolError | DecodeError):
        return "the answer was cut off or damaged"
    if "NameResolutionError" in str(error):
        return "there is no such host"
    return f"the connection failed ({type(error).__name__})"
