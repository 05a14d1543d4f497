"""A small HTTP server on the loopback interface, to stand in front of any simulated vendor.

It knows no vendor: an app turns a `Request` into a `Response`. Tests put faults in front of the app
with `intercept`.
"""

import gzip
import sys
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socket import SHUT_RDWR, socket
from types import TracebackType
from typing import Self

_HOST = "127.0.0.1"
# Below this, inflating costs the client more than the loopback interface saves.
_WORTH_GZIP = 2048
_METHODS = {f"do_{method}" for method in ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")}


@dataclass(frozen=True, slots=True)
class Request:
    """What a client sent; the names of `headers` are in lower case, `client` is its address."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes
    client: str


@dataclass(frozen=True, slots=True)
class Response:
    """What a client gets.

    Attributes:
        status: HTTP status code.
        headers: all but `Content-Length`, which the server adds.
        body: the whole body.
        cut: bytes of the body that are sent; then the connection closes, though `Content-Length`
            promised all of it. None sends everything.
        delay: seconds to wait before the first byte.
    """

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    cut: int | None = None
    delay: float = 0.0


App = Callable[[Request], Response]
Intercept = Callable[[int, Request], Response | None]
# A UDP server would see the pair.
_Connection = socket | tuple[bytes, socket]


class _Http(ThreadingHTTPServer):
    """Knows its open connections, so that closing it ends the threads that wait for a next request."""

    daemon_threads = False
    request_queue_size = 128

    def __init__(self, port: int, answer: App) -> None:
        self.answer = answer
        self._open: set[_Connection] = set()
        self._lock = threading.Lock()
        super().__init__((_HOST, port), _Handler)

    def get_request(self) -> tuple[socket, object]:
        connection, address = super().get_request()
        with self._lock:
            self._open.add(connection)
        return connection, address

    def shutdown_request(self, request: _Connection) -> None:
        with self._lock:
            self._open.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: _Connection, client_address: object) -> None:
        """A client that went away is no error of ours; anything else is shown."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)

    def server_close(self) -> None:
        with self._lock:
            for connection in self._open:
                if isinstance(connection, socket):
                    with suppress(OSError):  # the client was quicker
                        connection.shutdown(SHUT_RDWR)
        super().server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    # Head and body leave in one write, or keep-alive waits for the client's delayed acknowledgement.
    wbufsize = 1 << 16
    server: _Http

    def serve(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        headers = {name.lower(): value for name, value in self.headers.items()}
        request = Request(self.command, self.path, headers, body, self.client_address[0])
        self._send(self.server.answer(request))

    def __getattr__(self, name: str) -> Callable[[], None]:
        """The base class looks for `do_GET` and its like; which methods there are is the app's business."""
        if name in _METHODS:
            return self.serve
        raise AttributeError(name)

    def _send(self, response: Response) -> None:
        self.send_response(response.status)
        for name, value in response.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(response.body)))
        self.end_headers()
        self.wfile.write(response.body[: response.cut])
        if response.cut is not None:
            self.close_connection = True

    def log_message(self, *_args: object) -> None:
        """Silent: `Server.log` has every request."""


class Server:
    """Serves an app on the loopback interface while its `with` block runs.

    Args:
        app: answers each request; called by many threads at once.
        port: 0 takes a free one.
        path: what `url` ends with; the app sees whatever path a client asked for.
        intercept: gets the number of the request (from 1) and the request; its answer, if any, is sent
            instead of the app's.
        sleep: waits for `Response.delay`.
        compress: gzip answers of more than 2 KiB for clients that accept it.

    Attributes:
        log: the requests in the order of their arrival.
    """

    def __init__(  # noqa: PLR0913  # each is one independent setting
        self,
        app: App,
        *,
        port: int = 0,
        path: str = "/",
        intercept: Intercept | None = None,
        sleep: Callable[[float], object] = time.sleep,
        compress: bool = False,
    ) -> None:
        self.log: list[Request] = []
        self._app, self._intercept, self._sleep, self._compress = app, intercept, sleep, compress
        self._port, self._path = port, path
        self._lock = threading.Lock()

    def __enter__(self) -> Self:
        self._http = _Http(self._port, self._answer)
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self._http.shutdown()
        self._thread.join()
        self._http.server_close()

    @property
    def url(self) -> str:
        """Where the app answers, such as `http://127.0.0.1:40123/graphql`; known inside the `with` block."""
        return f"http://{_HOST}:{self._http.server_port}{self._path}"

    @property
    def requests(self) -> int:
        """How many requests have come in."""
        return len(self.log)

    def _answer(self, request: Request) -> Response:
        with self._lock:
            self.log.append(request)
            number = len(self.log)
        response = self._intercept(number, request) if self._intercept else None
        response = response or self._app(request)
        if response.delay:
            self._sleep(response.delay)
        return self._packed(request, response)

    def _packed(self, request: Request, response: Response) -> Response:
        accepted = "gzip" in request.headers.get("accept-encoding", "")
        if not (self._compress and accepted and len(response.body) > _WORTH_GZIP):
            return response
        headers = {**response.headers, "Content-Encoding": "gzip"}
        return replace(response, headers=headers, body=gzip.compress(response.body, 1))
