"""The port to a vendor: what it sends, how it waits, and when it gives up."""

import logging
import socket
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import requests

from harvesters.core.answers import OK, Answer, Auth, Judgement, Verdict
from harvesters.core.errors import BadCallError, DeferredError, InterruptedRunError, SliceError, TooBigError
from harvesters.core.source import Rate
from tests.line import GOOD, NOON, Play, RawServer, Together, Wall, ask, head, line, raw, whole, without_ports
from tests.nights import Night, vendor
from tests.opentok_days import day_of

DAY = datetime(2026, 11, 18, tzinfo=UTC).date()
BUSY = whole(b"", 429)
TOKEN = "a-token-of-some-length"
OTHER_TOKEN = "another-token-of-some-length"


# -- how long it waits ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("retry_after", "told"),
    [
        ("7", 7.0),
        ("2.5", 2.5),
        ("Fri, 20 Nov 2026 12:00:40 GMT", 40.0),
        ("Friday, 20-Nov-26 12:00:40 GMT", 40.0),
        ("2026-11-20T12:02:00Z", 120.0),
        ("2026-11-20T13:02:00+01:00", 120.0),
    ],
)
@pytest.mark.parametrize("status", [429, 503])
def test_the_wait_that_the_server_asks_for_is_kept(retry_after: str, told: float, status: int) -> None:
    with RawServer([whole(b"", status, retry_after=retry_after), whole()]) as server:
        api, time = line()
        answer = api.send(ask(server.url))

    assert answer.body == GOOD
    assert time.waits == [told]
    assert (api.traffic.requests, api.traffic.retried, api.traffic.waited_s) == (2, 1, told)


@pytest.mark.parametrize("header", ["0", "Fri, 20 Nov 2026 11:00:00 GMT", "2026-11-20T11:59:59Z", "soon", "-5", None])
def test_without_a_wait_that_makes_sense_it_backs_off(header: str | None) -> None:
    headers = {} if header is None else {"retry_after": header}
    with RawServer([whole(b"", 429, **headers), whole()]) as server:
        api, time = line()
        api.send(ask(server.url))

    (waited,) = time.waits
    assert 0.5 <= waited <= 1.0


@pytest.mark.parametrize("header", ["7201", "Fri, 20 Nov 2026 14:00:01 GMT", "2026-11-20T14:00:01Z"])
def test_a_wait_beyond_the_deadline_is_deferred_at_once_with_the_time_to_come_back(header: str) -> None:
    with RawServer([whole(b"", 429, retry_after=header)]) as server:
        api, time = line(deadline=7200)
        with pytest.raises(DeferredError, match=r"127\.0\.0\.1:\d+/graphql.*come back after 2026-11-20T14:00:01\.000Z"):
            api.send(ask(server.url))

    assert (time.waits, len(server.requests)) == ([], 1)


def test_a_wait_until_the_end_of_the_calendar_is_deferred_too() -> None:
    with RawServer([whole(b"", 429, retry_after="9999-12-31T23:59:59.999999Z")]) as server:
        api, _ = line()
        with pytest.raises(DeferredError):
            api.send(ask(server.url))


def test_a_busy_vendor_that_names_no_time_is_asked_until_the_deadline_and_no_longer() -> None:
    with RawServer([BUSY]) as server:
        api, time = line(deadline=1000)
        with pytest.raises(DeferredError, match="429"):
            api.send(ask(server.url))

    # The last wait that would fit is at most 60 s.
    assert 940 < time.passed <= 1000
    assert len(server.requests) == len(time.waits) + 1


def test_waits_double_up_to_a_minute_and_are_jittered_downwards_by_half() -> None:
    with RawServer([BUSY]) as server:
        api, time = line(deadline=1000)
        with pytest.raises(DeferredError):
            api.send(ask(server.url))

    ceilings = [1, 2, 4, 8, 16, 32, *[60] * (len(time.waits) - 6)]
    assert all(ceiling / 2 <= waited <= ceiling for ceiling, waited in zip(ceilings, time.waits, strict=True))
    assert len(set(time.waits)) == len(time.waits)


def test_a_failing_vendor_is_given_up_after_the_patience_with_place_and_status() -> None:
    with RawServer([whole(b"<html>", 502, content_type="text/html")]) as server:
        api, time = line(patience=300)
        with pytest.raises(SliceError) as caught:
            api.send(ask(server.url))

    assert 240 <= time.passed <= 300
    assert without_ports(str(caught.value)) == (
        f"127.0.0.1/graphql failed for {time.passed:.0f} s, the last time with: 502 with 6 bytes of text/html"
    )


@pytest.mark.parametrize(("tries", "said"), [(1, "once,"), (3, "3 times, the last time")])
def test_an_answer_that_is_the_call_s_own_fault_is_asked_for_so_many_times(tries: int, said: str) -> None:
    """The others of the day are not kept waiting by a call that breaks the server."""

    def judging(answer: Answer) -> Judgement:
        return OK if answer.status == 200 else Judgement(Verdict.RETRY, "it breaks", tries=tries)

    with RawServer([whole(b"", 500)]) as server:
        api, time = line(judging=judging, patience=300)
        with pytest.raises(BadCallError) as caught:
            api.send(ask(server.url))
    assert without_ports(str(caught.value)) == f"127.0.0.1/graphql failed {said} with: it breaks"
    assert (len(server.requests), len(time.waits)) == (tries, tries - 1)

    with RawServer([*[whole(b"", 500)] * (tries - 1), whole()]) as server:
        api, _ = line(judging=judging)
        assert api.send(ask(server.url)).body == GOOD


def test_a_wait_that_the_server_asked_for_does_not_use_up_the_patience() -> None:
    told = whole(b"", 429, retry_after="600")
    with RawServer([told, whole(b"", 503), told, whole(b"", 503), whole()]) as server:
        api, time = line(patience=300)
        assert api.send(ask(server.url)).body == GOOD

    assert 1200 < time.passed < 1300


def test_after_the_deadline_nothing_more_is_asked() -> None:
    with RawServer([whole()]) as server:
        api, time = line(deadline=100)
        api.send(ask(server.url))
        time.wait(100.5)
        with pytest.raises(DeferredError, match=r"deadline passed before 127\.0\.0\.1:\d+/graphql"):
            api.send(ask(server.url))

    assert len(server.requests) == 1


def test_the_limit_beyond_the_deadline_is_deferred() -> None:
    with RawServer([whole()]) as server:
        api, _ = line(deadline=20, rates=[Rate(2, 30, "key")])
        for _ in range(2):
            api.send(ask(server.url))
        with pytest.raises(DeferredError, match="the vendor's rate limit, beyond the deadline"):
            api.send(ask(server.url))

    assert len(server.requests) == 2


# -- retries pay ------------------------------------------------------------------------------------------


def test_never_more_requests_in_a_window_than_allowed_whatever_is_retried_and_by_how_many_threads() -> None:
    threads, each, allowed, window = 4, 6, 5, 30.0
    time = Together(threads)
    came: list[float] = []
    # Every third answer is a failure, so that retries mix with first tries.
    plays: list[Play] = [whole(), whole(b"", 503), whole()] * 40
    with RawServer(plays, seen=lambda: came.append(time.seconds)) as server:
        api, _ = line(time=time, rates=[Rate(allowed, window, "key"), Rate(50, 600, "address")])
        time.run(threads, lambda: [api.send(ask(server.url)) for _ in range(each)])
        api.close()

    came.sort()
    assert len(came) >= threads * each * 4 // 3
    assert api.traffic.requests == len(came)
    assert all(later - earlier >= window for earlier, later in zip(came, came[allowed:], strict=False))
    # Nor does it dawdle: full windows follow each other.
    assert came[-1] - came[0] < (len(came) // allowed + 1) * window + 60


# -- time-outs --------------------------------------------------------------------------------------------


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """The arguments of every request that a `requests.Session` makes."""
    found: list[dict[str, Any]] = []
    really = requests.Session.request

    def spy(self: requests.Session, method: str, url: str, **more: Any) -> requests.Response:
        found.append(more)
        return really(self, method, url, **more)

    monkeypatch.setattr(requests.Session, "request", spy)
    return found


def test_every_request_has_time_outs_and_follows_no_redirect(sent: list[dict[str, Any]], tmp_path: Path) -> None:
    now = datetime(2026, 11, 20, 8, tzinfo=UTC)
    with vendor(day_of(60, day=DAY, people=(2,), minutes=2), now) as served:
        assert Night(tmp_path, now, served.url).harvest(DAY).exit_code == 0

    # One list of 60 calls, two batches of at most 50.
    assert len(sent) == 3
    assert {(each["timeout"], each["allow_redirects"], each["stream"]) for each in sent} == {((10, 120), False, True)}


@pytest.mark.parametrize("error", [requests.ConnectTimeout, requests.ReadTimeout, requests.ConnectionError])
def test_a_time_out_is_tried_again(monkeypatch: pytest.MonkeyPatch, error: type[requests.RequestException]) -> None:
    really, left = requests.Session.request, iter([error("secret-looking url"), error()])

    def broken(self: requests.Session, method: str, url: str, **more: Any) -> requests.Response:
        if fault := next(left, None):
            raise fault
        return really(self, method, url, **more)

    monkeypatch.setattr(requests.Session, "request", broken)
    with RawServer([whole()]) as server:
        api, time = line()
        assert api.send(ask(server.url)).body == GOOD

    assert (len(time.waits), api.traffic.requests, api.traffic.retried) == (2, 3, 2)


def test_a_vendor_that_never_answers_is_named_without_what_was_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    def silent(*_: object, **__: object) -> None:
        raise requests.ReadTimeout(TOKEN)

    monkeypatch.setattr(requests.Session, "request", silent)
    api, _ = line()
    with pytest.raises(SliceError) as caught:
        api.send(ask(f"https://vendor.test/graphql?token={TOKEN}"))

    assert "vendor.test/graphql failed for " in str(caught.value)
    assert str(caught.value).endswith("with: no answer in time")
    assert TOKEN not in str(caught.value)


def test_nobody_at_the_address_is_a_failed_connection() -> None:
    with socket.create_server(("127.0.0.1", 0)) as door:
        port = door.getsockname()[1]
    api, _ = line(patience=20)
    with pytest.raises(SliceError, match="the connection failed"):
        api.send(ask(f"http://127.0.0.1:{port}/graphql"))


class Watched(Wall):
    """Tells when somebody looks at it."""

    def __init__(self) -> None:
        super().__init__()
        self.looked_at = threading.Event()

    def monotonic(self) -> float:
        self.looked_at.set()
        return self.seconds


@pytest.mark.parametrize("frame", [b"%b", b"1\r\n%b\r\n"], ids=["plain", "chunked"])
def test_an_answer_that_drips_in_is_given_up_after_ten_minutes(frame: bytes) -> None:
    time, over, dripped = Watched(), threading.Event(), 0

    def drip(connection: socket.socket) -> None:
        nonlocal dripped
        plain = frame == b"%b"
        connection.sendall(head(content_length="100000") if plain else head(transfer_encoding="chunked"))
        for _ in range(40):
            time.looked_at.clear()
            time.seconds += 60
            connection.sendall(frame % b"x")
            dripped += 1
            # A client that waits for a whole block never looks at the clock.
            if not any(time.looked_at.wait(0.05) or over.is_set() for _ in range(100)) or over.is_set():
                return

    with RawServer([drip]) as server:
        api, _ = line(time=time)
        with pytest.raises(SliceError, match="no answer in time"):
            api.send(ask(server.url))
        over.set()

    assert 10 <= dripped <= 13


# -- redirects and certificates ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("location", "named"),
    [
        ("https://me:hidden-word@elsewhere.test:444/login?next=1", "elsewhere.test"),
        ("/graphql/", "another path"),
        ("http://[::1", "an address that is none"),
    ],
)
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_named_and_not_followed(location: str, named: str, status: int) -> None:
    with RawServer([whole(b"", status, location=location)]) as server:
        api, time = line(login=lambda: Auth({"X-Token": TOKEN}))
        with pytest.raises(SliceError) as caught:
            api.send(ask(server.url))

    assert f"127.0.0.1/graphql: redirects to {named};" in without_ports(str(caught.value))
    assert "hidden-word" not in str(caught.value)
    assert (len(server.requests), time.waits) == (1, [])


def test_no_credentials_reach_the_host_that_a_redirect_names() -> None:
    with RawServer([whole()]) as other, RawServer([whole(b"", 302, location=other.url)]) as server:
        api, _ = line(login=lambda: Auth({"X-Token": TOKEN}))
        with pytest.raises(SliceError):
            api.send(ask(server.url))

    assert (other.requests, len(server.requests)) == ([], 1)


def test_the_vendor_s_ca_file_wins_over_the_one_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    verified: list[object] = []

    def lost(_self: requests.Session, _request: requests.PreparedRequest, **more: object) -> None:
        verified.append(more["verify"])
        raise requests.ConnectionError

    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/of/the/environment.pem")
    monkeypatch.setattr(requests.Session, "send", lost)
    for ca_file in ("/of/the/setting.pem", None):
        api, _ = line(ca_file=ca_file, patience=0)
        with pytest.raises(SliceError):
            api.send(ask("https://vendor.test/graphql"))

    assert verified == ["/of/the/setting.pem", "/of/the/environment.pem"]


def test_a_certificate_that_is_not_trusted_names_the_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    def distrust(*_: object, **__: object) -> None:
        raise requests.exceptions.SSLError

    monkeypatch.setattr(requests.Session, "request", distrust)
    api, _ = line()
    with pytest.raises(SliceError, match="VENDOR_CA_FILE"):
        api.send(ask("https://vendor.test/graphql"))


def test_a_login_in_netrc_is_not_sent(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "netrc").write_text("default login me password hidden-word\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    with RawServer([whole()]) as server:
        api, _ = line(login=lambda: Auth({"X-Token": TOKEN}))
        api.send(ask(server.url))

    (request,) = server.requests
    assert f"X-Token: {TOKEN}".encode() in request
    assert b"authorization" not in request.lower()


# -- what comes back --------------------------------------------------------------------------------------


def test_credentials_that_somebody_on_the_way_repeats_are_cut_out_of_the_answer() -> None:
    echo = b'{"errors":[{"message":"bad token a-token-of-some-length"}],"data":{"project":{"sessionData":{}}}}'
    with RawServer([whole(echo, content_type="a-token-of-some-length")]) as server:
        api, _ = line(login=lambda: Auth({"Authorization": f"Bearer {TOKEN}", "X-Account": "errors"}))
        answer = api.send(ask(server.url))

    assert answer.body == echo.replace(TOKEN.encode(), b"(credentials)")
    assert answer.headers["content-type"] == "(credentials)"


def test_an_error_that_quotes_the_token_is_said_without_it() -> None:
    echo = b'{"errors":[{"message":"header was X-Token: another-token-of-some-length"}]}'
    with RawServer([whole(echo)]) as server:
        api, _ = line(login=lambda: Auth({"X-Token": OTHER_TOKEN}))
        with pytest.raises(SliceError, match=r"rejected: header was X-Token: \(credentials\)"):
            api.send(ask(server.url))


def test_names_of_headers_are_in_lower_case_and_the_body_is_inflated() -> None:
    with RawServer([whole(X_Strange="Yes")]) as server:
        api, _ = line()
        answer = api.send(ask(server.url))

    assert (answer.status, answer.body, answer.headers["x-strange"]) == (200, GOOD, "Yes")
    assert api.traffic.bytes_in == len(GOOD)


def test_a_connection_is_used_again_by_the_next_thread() -> None:
    served = 0

    def keep_alive(connection: socket.socket) -> None:
        """The server has read the first request; the next ones it reads to the end of their bodies."""
        nonlocal served
        while True:
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(GOOD), GOOD))
            served += 1
            came = b""
            while not came.endswith(b"\r\n\r\n{}"):
                if not (piece := connection.recv(65536)):
                    return
                came += piece

    with RawServer([keep_alive]) as server:
        api, _ = line()
        for _ in range(3):
            thread = threading.Thread(target=lambda: api.send(ask(server.url)))
            thread.start()
            thread.join(30)
        api.close()

    assert served == 3
    assert server.connections == 1


# -- the cap ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("size", "fits"), [((1 << 20) - 1, True), (1 << 20, True), ((1 << 20) + 1, False)])
def test_the_cap_counts_every_byte(size: int, fits: bool) -> None:  # noqa: FBT001 - half of a case
    body = b'{"data":{"project":{"sessionData":{}}}}'
    body += b" " * (size - len(body))
    with RawServer([whole(body)]) as server:
        api, _ = line(cap=1 << 20)
        if fits:
            assert api.send(ask(server.url)).body == body
        else:
            with pytest.raises(TooBigError, match=r"127\.0\.0\.1:\d+/graphql: the answer is larger than 1 MB"):
                api.send(ask(server.url))

    assert len(server.requests) == 1


def test_an_answer_without_end_is_cut_at_the_cap() -> None:
    def endless(connection: socket.socket) -> None:
        connection.sendall(head())
        while True:
            connection.sendall(bytes(65536))

    with RawServer([endless]) as server:
        api, _ = line(cap=1 << 20)
        with pytest.raises(TooBigError):
            api.send(ask(server.url))


# -- interruption -----------------------------------------------------------------------------------------


def test_a_stop_during_a_wait_ends_it() -> None:
    stop = threading.Event()

    class Stopping(Wall):
        def wait(self, seconds: float) -> None:
            super().wait(seconds)
            stop.set()

    with RawServer([BUSY]) as server:
        api, time = line(time=Stopping(), stop=stop)
        with pytest.raises(InterruptedRunError):
            api.send(ask(server.url))

    assert (len(time.waits), len(server.requests)) == (1, 1)


def test_a_stopped_run_asks_nothing_more() -> None:
    stop = threading.Event()
    stop.set()
    with RawServer([whole()]) as server:
        api, _ = line(stop=stop)
        with pytest.raises(InterruptedRunError):
            api.send(ask(server.url))

    assert server.requests == []


# -- what is said -----------------------------------------------------------------------------------------


def test_the_log_tells_places_and_sizes_and_no_header(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with RawServer([whole(b"", 503), whole()]) as server:
        api, _ = line(login=lambda: Auth({"X-Token": TOKEN}))
        api.send(ask(f"{server.url}?secret=hidden-word"))

    said = "\n".join(record.getMessage() for record in caplog.records if record.name.startswith("harvesters"))
    assert "127.0.0.1/graphql: 503 with 0 bytes of no content type; asking again in " in without_ports(said)
    assert f"127.0.0.1/graphql answered 200 with {len(GOOD)} bytes" in without_ports(said)
    assert TOKEN not in said
    assert "hidden-word" not in said


def test_what_is_waited_for_is_known_while_it_waits() -> None:
    class Telling(Wall):
        def wait(self, seconds: float) -> None:
            seen.append(without_ports(api.traffic.waiting_for))
            super().wait(seconds)

    seen: list[str] = []
    with RawServer([whole(b"", 429, retry_after="9"), whole()]) as server:
        api, _ = line(time=Telling())
        api.send(ask(server.url))

    assert (seen, api.traffic.waiting_for) == (["9 s for 127.0.0.1/graphql (429 with 0 bytes of no content type)"], "")
    assert api.clock.now() == NOON + timedelta(seconds=9)


def test_a_raw_answer_is_what_the_tests_think_it_is() -> None:
    with RawServer([raw(b"HTTP/1.0 200 OK\r\n\r\n", GOOD)]) as server:
        assert requests.post(server.url, data=b"{}", timeout=30).content == GOOD
