"""The port's tokens: used until shortly before their end, renewed once when refused, never in a loop."""

import socket
import threading
from collections.abc import Iterator
from datetime import timedelta

import pytest

from harvesters.core.answers import Answer, Auth, Judgement, Verdict
from harvesters.core.errors import AuthError
from tests.line import RawServer, Together, Wall, ask, line, whole

TOKEN = "a-token-of-some-length"


def _said(answer: Answer) -> Judgement:
    """A judge that goes by the status: 401 is a refusal, 200 is fine."""
    verdicts = {200: Verdict.OK, 401: Verdict.REFUSED}
    return Judgement(verdicts.get(answer.status, Verdict.RETRY), f"status {answer.status}")


class Login:
    """Hands out numbered tokens; `life` in seconds, None for ever."""

    def __init__(self, time: Wall, life: float | None = None) -> None:
        self.time, self.life, self.times = time, life, 0

    def __call__(self) -> Auth:
        self.times += 1
        ends = None if self.life is None else self.time.now() + timedelta(seconds=self.life)
        return Auth({"X-Token": f"{TOKEN}-{self.times}"}, ends)


def _tokens(server: RawServer) -> list[str]:
    """Numbers of the tokens that came, in their order."""
    lines = [each for request in server.requests for each in request.decode().splitlines()]
    return [each.removeprefix(f"X-Token: {TOKEN}-") for each in lines if each.startswith("X-Token")]


@pytest.fixture
def refusing() -> Iterator[RawServer]:
    with RawServer([whole(b"", 401), whole()]) as server:
        yield server


def test_a_token_is_used_until_a_minute_before_its_end() -> None:
    time = Wall()
    login = Login(time, life=300)
    with RawServer([whole()]) as server:
        api, _ = line(time=time, login=login)
        for wait in (0, 120, 120, 1, 239):
            time.wait(wait)
            api.send(ask(server.url))

    # At 0, 120 and 240 s the first; at 241 s, less than a minute before its end at 300, the second.
    assert _tokens(server) == ["1", "1", "1", "2", "2"]
    assert login.times == 2


def test_a_refused_token_is_renewed_once(refusing: RawServer) -> None:
    api, time = line(judging=_said, login=Login(Wall()))
    assert api.send(ask(refusing.url)).status == 200

    assert _tokens(refusing) == ["1", "2"]
    assert api.traffic.retried == 1
    assert time.passed <= 1


def test_a_second_refusal_is_an_error_without_the_token_and_no_loop() -> None:
    with RawServer([whole(b"", 401)]) as server:
        api, _ = line(judging=_said, login=Login(Wall()))
        with pytest.raises(AuthError, match=r"^127\.0\.0\.1:\d+/graphql: status 401$"):
            api.send(ask(server.url))

    assert _tokens(server) == ["1", "2"]


def test_a_refusal_after_a_failure_is_still_the_second() -> None:
    with RawServer([whole(b"", 401), whole(b"", 503), whole(b"", 401), whole()]) as server:
        api, _ = line(judging=_said, login=Login(Wall()))
        with pytest.raises(AuthError):
            api.send(ask(server.url))

    assert _tokens(server) == ["1", "2", "2"]


def test_threads_that_are_refused_at_the_same_time_renew_once() -> None:
    threads = 4
    time, login = Together(threads), Login(Wall())
    all_there = threading.Barrier(threads)

    def refuse_together(connection: socket.socket) -> None:
        all_there.wait(30)
        whole(b"", 401)(connection)

    with RawServer([*[refuse_together] * threads, whole()]) as server:
        api, _ = line(judging=_said, time=time, login=login)
        time.run(threads, lambda: api.send(ask(server.url)))

    assert login.times == 2
    assert sorted(_tokens(server)) == ["1"] * threads + ["2"] * threads


def test_a_late_refusal_of_the_old_token_does_not_throw_the_new_one_away() -> None:
    renewed = threading.Event()

    def refuse_late(connection: socket.socket) -> None:
        assert renewed.wait(30)
        whole(b"", 401)(connection)

    def take(connection: socket.socket) -> None:
        renewed.set()
        whole()(connection)

    login = Login(Wall())
    with RawServer([refuse_late, whole(b"", 401), take]) as server:
        api, _ = line(judging=_said, login=login)
        threads = [threading.Thread(target=api.send, args=(ask(server.url),)) for _ in range(2)]
        for each in threads:
            each.start()
        for each in threads:
            each.join(30)

    assert login.times == 2
    assert _tokens(server) == ["1", "1", "2", "2"]


def test_the_caller_may_take_a_refusal_for_an_answer() -> None:
    with RawServer([whole(b"", 401)]) as server:
        api, _ = line(judging=_said, login=Login(Wall()))
        answer = api.send(ask(server.url, takes=frozenset({Verdict.REFUSED})))

    assert answer.judgement == Judgement(Verdict.REFUSED, "status 401")
