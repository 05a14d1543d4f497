"""A line to a vendor for tests: the port on a time that costs nothing, and a server that answers with any bytes.

with RawServer([lost, whole(GOOD)]) as server:
    api, time = line()
    assert api.send(ask(server.url)).body == GOOD
"""

import gzip
import heapq
import random
import re
import socket
import struct
import threading
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from itertools import chain, repeat
from types import TracebackType
from typing import Any, Self

from harvesters.core.answers import Answer, Auth, Judgement, Request
from harvesters.core.day import Clock
from harvesters.core.http import HttpApi, Port
from harvesters.core.limiter import Limiter
from harvesters.core.source import Rate
from harvesters.opentok.judge import judge
from tests.nights import Time

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
GOOD = b'{"data":{"project":{"sessionData":{"sessions":{"resources":[]}}}}}'
DEADLINE = 7200.0

Play = Callable[[socket.socket], None]


class Wall(Time):
    """The same time with a clock on the wall: it is noon when it begins."""

    def now(self) -> datetime:
        return NOON + timedelta(seconds=self.passed)

    @property
    def passed(self) -> float:
        return self.seconds - 1000


class Together(Wall):
    """The time of several threads: it moves when all of them wait, to the first that wakes."""

    def __init__(self, threads: int) -> None:
        super().__init__()
        self._awake = threads
        self._turn = threading.Condition()
        self._alarms: list[float] = []

    def wait(self, seconds: float) -> None:
        with self._turn:
            alarm = self.seconds + seconds
            heapq.heappush(self._alarms, alarm)
            self._leave()
            assert self._turn.wait_for(lambda: self.seconds >= alarm, timeout=60)

    def leave(self) -> None:
        """A thread ends."""
        with self._turn:
            self._leave()

    def _leave(self) -> None:
        self._awake -= 1
        if self._awake == 0 and self._alarms:
            self.seconds = self._alarms[0]
            while self._alarms and self._alarms[0] <= self.seconds:
                heapq.heappop(self._alarms)
                self._awake += 1
            self._turn.notify_all()

    def run(self, threads: int, work: Callable[[], object]) -> None:
        """Do the work in so many threads to its end."""

        def until_the_end() -> None:
            try:
                work()
            finally:
                self.leave()

        started = [threading.Thread(target=until_the_end) for _ in range(threads)]
        for each in started:
            each.start()
        for each in started:
            each.join(60)
            assert not each.is_alive()


def line(  # noqa: PLR0913 - each is one independent setting
    *,
    deadline: float = DEADLINE,
    rates: Sequence[Rate] = (),
    login: Callable[[], Auth] = lambda: Auth({}),
    judging: Callable[[Answer], Judgement] = judge,
    time: Wall | None = None,
    stop: threading.Event | None = None,
    **port: Any,
) -> tuple[HttpApi, Wall]:
    """A port and its time; `deadline` counts from now, the rest as `Port` has it."""
    time = time or Wall()
    clock = Clock(time.now, time.monotonic, stop=stop or threading.Event(), wait=time.wait)
    port = {"dice": random.Random(7), **port}
    api = HttpApi(judging, Limiter(rates, clock), clock, Port(time.monotonic() + deadline, **port))
    api.identify(login)
    return api, time


def ask(url: str, **more: Any) -> Request:
    return Request("POST", url, b"{}", **more)


def lost(connection: socket.socket) -> None:
    """The connection is reset before a byte of the answer."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def raw(*pieces: bytes) -> Play:
    """Exactly these bytes, then the end of the connection."""
    return lambda connection: connection.sendall(b"".join(pieces))


def head(status: int = 200, /, **headers: str) -> bytes:
    """The head of an answer; `content_length="7"` is a header."""
    lines = [f"HTTP/1.1 {status} Reason", "Connection: close"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode()


def whole(body: bytes = GOOD, status: int = 200, /, **headers: str) -> Play:
    """A whole answer."""
    return raw(head(status, content_length=str(len(body)), **headers), body)


def chunked(*chunks: bytes, end: bytes = b"0\r\n\r\n") -> Play:
    pieces = [b"%x\r\n%b\r\n" % (len(each), each) for each in chunks]
    return raw(head(transfer_encoding="chunked"), *pieces, end)


def packed(body: bytes = GOOD, keep: slice = slice(None), damage: int | None = None) -> Play:
    """A gzip answer: a part of it under its own length, or with one byte turned over."""
    bits = bytearray(gzip.compress(body)[keep])
    if damage is not None:
        bits[damage] ^= 0xFF
    return whole(bytes(bits), content_encoding="gzip")


class RawServer:
    """Answers on the loopback interface, one connection at a time each; the last play is repeated for ever."""

    def __init__(self, plays: Iterable[Play], seen: Callable[[], object] = lambda: None) -> None:
        """`seen` is called for each request before it is answered."""
        plays = list(plays)
        self._plays = chain(plays, repeat(plays[-1]))
        self._seen = seen
        self.requests: list[bytes] = []
        self.connections = 0

    def __enter__(self) -> Self:
        self._door = socket.create_server(("127.0.0.1", 0))
        self._threads: list[threading.Thread] = []
        self._guard = threading.Thread(target=self._accept)
        self._guard.start()
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self._door.shutdown(socket.SHUT_RDWR)
        self._guard.join(30)
        self._door.close()
        for each in self._threads:
            each.join(30)
            assert not each.is_alive()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._door.getsockname()[1]}/graphql"

    def _accept(self) -> None:
        with suppress(OSError):  # the door was closed
            while True:
                connection, _ = self._door.accept()
                self.connections += 1
                self._threads.append(threading.Thread(target=self._serve, args=(connection,)))
                self._threads[-1].start()

    def _serve(self, connection: socket.socket) -> None:
        with connection, suppress(ConnectionError):  # the client went away
            if request := _read(connection):
                self.requests.append(request)
                self._seen()
                next(self._plays)(connection)


def _read(connection: socket.socket) -> bytes:
    """A whole request; our bodies are `{}`."""
    request = b""
    while not request.endswith(b"\r\n\r\n{}"):
        if not (more := connection.recv(65536)):
            return b""
        request += more
    return request


def without_ports(text: str) -> str:
    """A sentence without the ports of servers on this machine, which are others in every run."""
    return re.sub(r"(127\.0\.0\.1):\d+", r"\1", text)
