"""A login that asks the vendor by itself, addresses that it names, and the day's quota as the vendor tells of it."""

from __future__ import annotations

import json
import logging
import threading
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from harvesters.core.answers import OK, Answer, Auth, Judgement, Request, Verdict
from harvesters.core.day import Clock
from harvesters.core.errors import AuthError, CursorError, DeferredError, SliceError
from harvesters.core.http import HttpApi, Port
from harvesters.core.limiter import Limiter
from harvesters.core.paging import pages_again
from harvesters.core.source import Rate
from harvesters.sandbox import Request as Asked
from harvesters.sandbox import Response, Server
from tests.line import Together, Wall

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SECRET = "the-secret-that-nobody-may-see"
TOKEN = "a-token-that-nobody-may-see"
HOUR = 3600
STALE, SPENT = "that place is forgotten", "today's requests are used up"


def judging(answer: Answer) -> Judgement:
    """A vendor that says what is wrong in its body."""
    text = answer.body.decode()
    if STALE in text:
        return Judgement(Verdict.STALE_CURSOR, text)
    if SPENT in text:
        return Judgement(Verdict.DAY_SPENT, text)
    verdicts = {200: Verdict.OK, 401: Verdict.REFUSED, 503: Verdict.RETRY}
    return OK if answer.status == 200 else Judgement(verdicts.get(answer.status, Verdict.STOP), text or "no word")


@dataclass
class Vendor:
    """Gives out numbered tokens and takes the newest; a test may set what it answers instead."""

    life: float | None = HOUR
    tokens: int = 0
    asked: list[Asked] = field(default_factory=list)
    at_the_door: Callable[[int], Response | None] = lambda _number: None
    inside: Callable[[int], Response | None] = lambda _number: None
    lock: threading.Lock = field(default_factory=threading.Lock)

    def __call__(self, request: Asked) -> Response:
        with self.lock:
            if request.path == "/token":
                self.tokens += 1
                return self.at_the_door(self.tokens) or Response(200, {}, f"{TOKEN}-{self.tokens}".encode())
            self.asked.append(request)
            known = request.headers.get("authorization") == f"Bearer {TOKEN}-{self.tokens}"
            refused = Response(401, {}, b"this token is not known")
            return self.inside(len(self.asked)) or (Response(200, {}, b"{}") if known else refused)

    @property
    def paths(self) -> list[str]:
        return [each.path for each in self.asked]

    @property
    def credentials(self) -> list[str]:
        """Numbers of the tokens that came."""
        return [each.headers["authorization"].removeprefix(f"Bearer {TOKEN}-") for each in self.asked]


@dataclass
class Line:
    """A port whose login goes through itself."""

    vendor: Vendor
    url: str
    time: Wall
    deadline: float = 7200
    rates: tuple[Rate, ...] = ()
    base: str = "/v2"
    logins: int = 0
    api: HttpApi = field(init=False)

    def __post_init__(self) -> None:
        clock = Clock(self.time.now, self.time.monotonic, wait=self.time.wait)
        self.api = HttpApi(judging, Limiter(self.rates, clock), clock, Port(self.time.monotonic() + self.deadline))
        self.api.identify(self.login)

    def login(self) -> Auth:
        self.logins += 1
        headers = {"Authorization": f"Basic {SECRET}"}
        answer = self.api.send(Request("POST", f"{self.url}token", b"who", headers, logs_in=True))
        life = self.vendor.life
        ends = None if life is None else self.time.now() + timedelta(seconds=life)
        return Auth({"Authorization": f"Bearer {answer.body.decode()}"}, ends, self.url.rstrip("/") + self.base)

    def send(self, url: str = "/data", **more: Any) -> Answer:
        return self.api.send(Request("GET", url, **more))


@pytest.fixture
def vendor() -> Vendor:
    return Vendor()


@pytest.fixture
def line(vendor: Vendor) -> Iterator[Line]:
    with Server(vendor) as server:
        yield Line(vendor, server.url, Wall())


# -- the login --------------------------------------------------------------------------------------------


def test_a_login_asks_by_itself_before_the_first_request_and_waits_for_nobody(line: Line) -> None:
    """In a thread, since a port that waits for its own login would wait for ever."""
    answers: list[Answer] = []
    thread = threading.Thread(target=lambda: answers.append(line.send()), daemon=True)
    thread.start()
    thread.join(20)

    assert not thread.is_alive()
    assert [each.status for each in answers] == [200]
    assert (line.vendor.tokens, line.vendor.credentials) == (1, ["1"])
    assert line.api.traffic.requests == 2


def test_the_login_has_its_own_credentials_and_the_others_have_the_token(vendor: Vendor) -> None:
    seen: list[str] = []

    def app(request: Asked) -> Response:
        seen.append(f"{request.method} {request.path} {request.headers.get('authorization')}")
        return vendor(request)

    with Server(app) as server:
        line = Line(vendor, server.url, Wall())
        line.send()
        line.time.seconds += HOUR
        line.send()

    assert seen == [
        f"POST /token Basic {SECRET}",
        f"GET /v2/data Bearer {TOKEN}-1",
        f"POST /token Basic {SECRET}",
        f"GET /v2/data Bearer {TOKEN}-2",
    ]


@pytest.mark.parametrize("threads", [2, 8])
def test_threads_that_begin_together_share_one_token_and_then_the_next_one(vendor: Vendor, threads: int) -> None:
    with Server(vendor) as server:
        line = Line(vendor, server.url, Wall())
        for number in (1, 2, 3):
            together = threading.Barrier(threads)

            def work(together: threading.Barrier = together) -> None:
                together.wait(30)
                for _ in range(3):
                    line.send()

            running = [threading.Thread(target=work, daemon=True) for _ in range(threads)]
            for each in running:
                each.start()
            for each in running:
                each.join(30)
                assert not each.is_alive()
            assert (vendor.tokens, line.logins) == (number, number)
            assert vendor.credentials[-3 * threads :] == [str(number)] * 3 * threads
            line.time.seconds += HOUR


def test_threads_whose_token_is_refused_at_the_same_time_renew_it_once(vendor: Vendor) -> None:
    threads = 8
    time = Together(threads)
    all_there = threading.Barrier(threads)

    def app(request: Asked) -> Response:
        if request.headers.get("authorization") == f"Bearer {TOKEN}-1":
            all_there.wait(30)
            return Response(401, {}, b"this token is not known")
        return vendor(request)

    with Server(app) as server:
        line = Line(vendor, server.url, time)
        time.run(threads, line.send)

    assert vendor.tokens == 2
    assert vendor.credentials == ["2"] * threads


@pytest.mark.parametrize(("after", "tokens"), [(HOUR - 61, 1), (HOUR - 60, 1), (HOUR - 59, 2), (HOUR + 1, 2)])
def test_a_token_is_renewed_a_minute_before_its_end(line: Line, after: float, tokens: int) -> None:
    line.send()
    line.time.seconds += after
    line.send()
    line.send()
    assert (line.vendor.tokens, line.vendor.credentials) == (tokens, ["1", str(tokens), str(tokens)])


def test_a_token_without_an_end_is_kept(line: Line) -> None:
    line.vendor.life = None
    line.send()
    line.time.seconds += 7000
    line.send()
    assert line.vendor.tokens == 1


def test_a_token_that_dies_early_is_renewed_once_and_the_request_asked_again(line: Line) -> None:
    line.send()
    line.vendor.inside = lambda number: Response(401, {}, b"it was revoked") if number == 2 else None
    assert line.send().status == 200
    assert (line.vendor.tokens, line.vendor.credentials) == (2, ["1", "1", "2"])


def test_a_second_refusal_ends_the_work_with_two_tokens_and_no_loop(line: Line) -> None:
    line.vendor.inside = lambda _number: Response(401, {}, b"nobody may")
    with pytest.raises(AuthError, match=r"^/data: nobody may$"):
        line.send()
    assert (line.vendor.tokens, line.vendor.credentials) == (2, ["1", "2"])


def test_a_login_that_is_refused_is_not_tried_again(line: Line) -> None:
    line.vendor.at_the_door = lambda _number: Response(401, {}, b"who are you?")
    with pytest.raises(AuthError, match=r"^127\.0\.0\.1:\d+/token: who are you\?$"):
        line.send()
    assert (line.vendor.tokens, line.vendor.asked, line.time.waits) == (1, [], [])


def test_a_login_that_is_refused_at_the_renewal_is_not_tried_again_either(line: Line) -> None:
    line.send()
    line.vendor.at_the_door = lambda _number: Response(401, {}, b"the secret was changed")
    line.time.seconds += HOUR
    with pytest.raises(AuthError, match="the secret was changed"):
        line.send()
    assert (line.vendor.tokens, line.vendor.credentials) == (2, ["1"])


def test_after_a_login_that_failed_the_next_request_logs_in_anew(line: Line) -> None:
    line.vendor.at_the_door = lambda number: Response(400, {}, b"not now") if number == 1 else None
    with pytest.raises(SliceError, match="not now"):
        line.send()
    assert line.send().status == 200
    assert line.vendor.credentials == ["2"]


def test_a_login_that_stumbles_is_repeated_as_any_request(line: Line) -> None:
    line.vendor.at_the_door = lambda number: Response(503) if number < 3 else None
    assert line.send().status == 200
    assert (line.vendor.tokens, line.logins) == (3, 1)
    assert len(line.time.waits) == 2


def test_a_login_beyond_the_deadline_is_deferred(line: Line) -> None:
    line.vendor.at_the_door = lambda _number: Response(429, {"Retry-After": "9000"}, SPENT.encode())
    with pytest.raises(DeferredError, match="/token"):
        line.send()
    assert (line.vendor.tokens, line.time.waits) == (1, [])


def test_a_token_request_pays_for_no_label(vendor: Vendor) -> None:
    with Server(vendor) as server:
        line = Line(vendor, server.url, Wall(), rates=(Rate(1, 60, "key", "heavy"),))
        line.send(category="heavy")
        assert line.time.waits == []
        line.time.seconds += HOUR
        line.send(category="heavy")
    assert (vendor.tokens, line.time.waits) == (2, [])


# -- secrets ----------------------------------------------------------------------------------------------


def test_neither_token_nor_secret_is_ever_told(line: Line, caplog: pytest.LogCaptureFixture) -> None:
    """Not in the log at its most talkative, not in what is raised, not in answers that repeat what they were sent."""
    caplog.set_level(logging.DEBUG)

    def repeat(number: int) -> Response | None:
        sent = line.vendor.asked[number - 1].headers["authorization"]
        return Response(200 if number == 1 else 401, {"X-Echo": sent}, json.dumps({"you said": sent}).encode())

    line.vendor.inside = repeat
    answer = line.send()
    with pytest.raises(AuthError) as refused:
        line.send()
    line.vendor.at_the_door = lambda _number: Response(401, {}, f"Basic {SECRET} is wrong".encode())
    line.time.seconds += HOUR
    with pytest.raises(AuthError) as at_the_door:
        line.send()

    told = [caplog.text, str(answer), repr(refused.value), repr(at_the_door.value), repr(line.api)]
    for each in told:
        assert TOKEN not in each
        assert SECRET not in each
    assert answer.body == b'{"you said": "Bearer (credentials)"}'
    assert "(credentials)" in str(refused.value)


def test_credentials_do_not_show_when_they_are_printed() -> None:
    told = repr(Auth({"Authorization": TOKEN}, None, "https://example.com"))
    assert "https://example.com" in told
    assert TOKEN not in told


# -- addresses --------------------------------------------------------------------------------------------


def test_a_path_goes_below_the_address_that_the_login_named_and_an_address_where_it_says(line: Line) -> None:
    line.send("/metrics/meetings?page_size=300")
    line.send(f"{line.url}elsewhere?x=1")
    line.send("/a%252Fb%3D%3D/participants")
    assert line.vendor.paths == [
        "/v2/metrics/meetings?page_size=300",
        "/elsewhere?x=1",
        "/v2/a%252Fb%3D%3D/participants",
    ]


def test_a_new_token_may_name_another_address(line: Line) -> None:
    line.send()
    line.base = "/v3"
    line.time.seconds += HOUR
    line.send()
    assert line.vendor.paths == ["/v2/data", "/v3/data"]


def test_the_address_of_a_renewed_token_holds_for_the_repeated_request(line: Line) -> None:
    line.send()
    line.base = "/v3"
    line.vendor.inside = lambda number: Response(401, {}, b"moved") if number == 2 else None
    line.send()
    assert line.vendor.paths == ["/v2/data", "/v2/data", "/v3/data"]


# -- the day's quota as the vendor tells of it ------------------------------------------------------------

UNCLEAR = {"rubbish": "tomorrow", "past": "2026-11-20T00:00:00Z", "zero": "0", "absent": None}
CLEAR = {
    "seconds": ("40000", 40_000.0),
    "date": ("Sat, 21 Nov 2026 00:00:00 GMT", 43_200.0),
    "instant": ("2026-11-21T00:00:00Z", 43_200.0),
}


def spent(retry_after: str | None, times: int = 1) -> Callable[[int], Response | None]:
    """The first answers say that the day is used up."""
    headers = {} if retry_after is None else {"Retry-After": retry_after}
    return lambda number: Response(429, headers, SPENT.encode()) if number <= times else None


@pytest.mark.parametrize("retry_after", UNCLEAR.values(), ids=UNCLEAR)
def test_a_day_that_is_used_up_ends_at_the_next_utc_midnight_where_nothing_sensible_is_said(
    line: Line, retry_after: str | None
) -> None:
    line.vendor.inside = spent(retry_after)
    with pytest.raises(DeferredError) as deferred:
        line.send()
    assert str(deferred.value) == (
        f"would have to wait 43200 s for /data, which failed with: {SPENT}, beyond the deadline; "
        "come back after 2026-11-21T00:00:00.000Z"
    )
    # Nothing was waited for, and nothing asked a second time.
    assert (line.time.waits, len(line.vendor.asked)) == ([], 1)


@pytest.mark.parametrize(("retry_after", "seconds"), CLEAR.values(), ids=CLEAR)
def test_a_day_that_is_used_up_is_deferred_to_the_time_that_the_vendor_names(
    line: Line, retry_after: str, seconds: float
) -> None:
    line.vendor.inside = spent(retry_after)
    with pytest.raises(DeferredError, match=rf"wait {seconds:.0f} s .* come back after 2026-11-2\dT"):
        line.send()
    assert (line.time.waits, len(line.vendor.asked)) == ([], 1)


@pytest.mark.parametrize(
    ("retry_after", "seconds"),
    [*CLEAR.values(), *((each, 43_200.0) for each in UNCLEAR.values())],
    ids=[*CLEAR, *UNCLEAR],
)
def test_within_the_deadline_it_is_waited_for_once(vendor: Vendor, retry_after: str | None, seconds: float) -> None:
    """Also where the wait is longer than the patience with a vendor that fails."""
    with Server(vendor) as server:
        line = Line(vendor, server.url, Wall(), deadline=50_000)
        line.vendor.inside = spent(retry_after)
        assert line.send().status == 200
    assert line.time.waits == [seconds]
    assert line.vendor.credentials == ["1", "2"], "the token had ended meanwhile"


def test_a_vendor_that_never_gets_over_it_is_asked_once_a_day_until_the_deadline(vendor: Vendor) -> None:
    with Server(vendor) as server:
        line = Line(vendor, server.url, Wall(), deadline=3 * 86_400)
        line.vendor.inside = spent(None, times=99)
        with pytest.raises(DeferredError, match=r"come back after 2026-11-24T00:00:00\.000Z"):
            line.send()
    assert line.time.waits == [43_200.0, 86_400.0, 86_400.0]


# -- a place that was forgotten ---------------------------------------------------------------------------


def test_a_forgotten_place_is_an_error_of_its_own_and_is_not_repeated(line: Line) -> None:
    line.vendor.inside = lambda _number: Response(400, {}, STALE.encode())
    with pytest.raises(CursorError, match=STALE):
        line.send("/list?cursor=7")
    assert len(line.vendor.asked) == 1


def read(line: Line) -> list[str]:
    """A list of three pages by way of the port."""

    def ask(cursor: str | None, again: bool) -> str:  # noqa: FBT001 - the signature of `pages_again`
        line.send(f"/list?cursor={cursor or ''}", repeats=again)
        return cursor or "1"

    following = {"1": "2", "2": "3"}
    return list(pages_again(ask, following.get, "the list"))


def test_a_list_is_read_again_and_what_was_read_twice_is_counted(line: Line) -> None:
    line.vendor.inside = lambda number: Response(400, {}, STALE.encode()) if number == 3 else None
    assert read(line) == ["1", "2", "1", "2", "3"]
    assert line.vendor.paths == [f"/v2/list?cursor={each}" for each in ("", "2", "3", "", "2", "3")]
    assert (line.api.traffic.requests, line.api.traffic.repeated, line.api.traffic.retried) == (7, 3, 0)


def test_after_three_readings_that_were_cut_off_the_list_has_failed(line: Line) -> None:
    line.vendor.inside = lambda _number: (
        Response(400, {}, STALE.encode()) if line.vendor.paths[-1].endswith("=2") else None
    )
    with pytest.raises(SliceError, match="the list: the vendor forgot the place in it 3 times"):
        read(line)
    assert len(line.vendor.asked) == 6
    assert line.api.traffic.repeated == 4


def test_nothing_is_counted_as_repeated_where_nothing_was(line: Line) -> None:
    assert read(line) == ["1", "2", "3"]
    assert (line.api.traffic.requests, line.api.traffic.repeated) == (4, 0)
