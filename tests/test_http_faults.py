"""What a broken line does to an answer: it is asked for again, named in the end, and never half taken."""

import gzip
import tracemalloc
import zlib
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harvesters.core.errors import SliceError, TooBigError
from harvesters.sandbox import Response
from harvesters.sandbox.server import Intercept, Request
from tests.line import GOOD, Play, RawServer, ask, chunked, head, line, lost, packed, raw, whole, without_ports
from tests.nights import Night, lake_lines, vendor
from tests.opentok_days import day_of

DAY = datetime(2026, 11, 18, tzinfo=UTC).date()
NOW = datetime(2026, 11, 20, 8, tzinfo=UTC)
PAGE = b"<!DOCTYPE html><html><body>Please sign in</body></html>"
DAMAGED = "the answer was cut off or damaged"
BROKEN = "the connection failed (ConnectionError)"
NO_ANSWER = "200 with {} bytes of {} instead of a GraphQL answer"

FAULTS: list[tuple[Play, str]] = [
    (lost, BROKEN),
    (raw(), BROKEN),
    (raw(b"no answer at all\r\n\r\n"), BROKEN),
    (raw(b"HTTP/1.1 200 OK\r\nContent-Le"), NO_ANSWER.format(0, "no content type")),
    (raw(head(content_length="1000"), GOOD), DAMAGED),
    (raw(head(content_length="1000", content_encoding="gzip"), gzip.compress(GOOD)), DAMAGED),
    (chunked(GOOD, end=b""), DAMAGED),
    (chunked(GOOD, end=b"7"), DAMAGED),
    (chunked(GOOD, end=b"not a number\r\n"), DAMAGED),
    (raw(head(transfer_encoding="chunked"), b"1000\r\n", GOOD), DAMAGED),
    (packed(damage=15), DAMAGED),
    (packed(damage=-6), DAMAGED),
    (whole(GOOD, content_encoding="gzip"), DAMAGED),
    (packed(keep=slice(None, 20)), "instead of a GraphQL answer"),
    (whole(GOOD[:-1]), NO_ANSWER.format(len(GOOD) - 1, "no content type")),
    (whole(b"{'data': None}", content_type="application/json"), NO_ANSWER.format(14, "application/json")),
    (whole(PAGE, content_type="text/html; charset=utf-8"), NO_ANSWER.format(len(PAGE), "text/html")),
    (whole(b"OK", content_type="text/plain"), NO_ANSWER.format(2, "text/plain")),
    (whole(b"", content_type="application/json"), NO_ANSWER.format(0, "application/json")),
    (whole(b"\xff\xfe" + GOOD), NO_ANSWER.format(len(GOOD) + 2, "no content type")),
    (raw(head(204)), "204 with 0 bytes"),
    (whole(b"", 408), "408 with 0 bytes"),
    (whole(b"oops", 500), "500 with 4 bytes"),
    (whole(PAGE, 502, content_type="text/html"), f"502 with {len(PAGE)} bytes of text/html"),
    (whole(GOOD, 503), f"503 with {len(GOOD)} bytes"),
    (whole(b"", 504), "504 with 0 bytes"),
]
NAMES = [
    "reset", "closed", "no HTTP", "cut in the head", "short", "short gzip", "no last chunk", "cut in a chunk's head",
    "a chunk of no size", "a chunk cut", "gzip damaged", "gzip checksum wrong", "no gzip", "gzip cut", "JSON cut",
    "no JSON", "HTML", "text", "empty", "no UTF-8", "204", "408", "500", "502", "503", "504",
]  # fmt: skip


@pytest.mark.parametrize(("fault", "said"), FAULTS, ids=NAMES)
def test_a_fault_is_asked_for_again(fault: Play, said: str) -> None:
    del said
    with RawServer([fault, whole()]) as server:
        api, time = line()
        assert api.send(ask(server.url)).body == GOOD

    assert (len(server.requests), api.traffic.retried, len(time.waits)) == (2, 1, 1)
    assert 0.5 <= time.waits[0] <= 1


@pytest.mark.parametrize(("fault", "said"), FAULTS, ids=NAMES)
def test_a_fault_that_stays_is_named_with_the_endpoint_within_the_patience(fault: Play, said: str) -> None:
    with RawServer([fault]) as server:
        api, time = line(patience=120)
        with pytest.raises(SliceError) as caught:
            api.send(ask(server.url))

    assert without_ports(str(caught.value)).startswith("127.0.0.1/graphql failed for ")
    assert said in str(caught.value)
    # 1 + 2 + 4 + 8 + 16 + 32 s at most are waited before the first wait of up to 60 s.
    assert 60 <= time.passed <= 120
    assert len(server.requests) == len(time.waits) + 1


FRAMES = {
    "plain": lambda body, cut: raw(head(content_length=str(len(body))), body[:cut]),
    "chunked": lambda body, cut: raw(
        head(transfer_encoding="chunked"), (b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body))[:cut]
    ),
    "without a length": lambda body, cut: raw(b"HTTP/1.0 200 OK\r\n\r\n", body[:cut]),
    "gzip": lambda body, cut: raw(
        head(content_encoding="gzip", content_length=str(len(gzip.compress(body)))), gzip.compress(body)[:cut]
    ),
}


@pytest.mark.parametrize("frame", FRAMES)
@settings(max_examples=20, deadline=None)
@given(cut=st.integers(0, len(GOOD) - 1))
def test_a_body_cut_anywhere_is_never_taken_for_the_whole(frame: str, cut: int) -> None:
    with RawServer([FRAMES[frame](GOOD, cut), whole()]) as server:
        api, _ = line()
        assert api.send(ask(server.url)).body == GOOD

    assert len(server.requests) == 2


# -- bombs ------------------------------------------------------------------------------------------------


def _bomb(layers: int) -> bytes:
    """A hundred megabytes of spaces in a hundred kilobytes, or less in more layers."""
    packer = zlib.compressobj(wbits=31)
    packed_ = b"".join(packer.compress(b" " * (1 << 20)) for _ in range(100)) + packer.flush()
    for _ in range(layers - 1):
        packed_ = gzip.compress(packed_)
    return packed_


BOMB = _bomb(1)


@pytest.mark.parametrize(
    ("body", "encoding", "status"),
    [
        (BOMB, "gzip", 200),
        (_bomb(2), "gzip, gzip", 200),
        (BOMB, "gzip", 500),
        (zlib.compress(bytes(50 << 20)), "deflate", 200),
    ],
    ids=["gzip", "twice", "an error's body", "deflate"],
)
def test_a_bomb_is_refused_without_being_held_in_memory(body: bytes, encoding: str, status: int) -> None:
    assert len(body) < 150_000
    with RawServer([whole(body, status, content_encoding=encoding)]) as server:
        api, _ = line(cap=1 << 20)
        tracemalloc.start()
        try:
            with pytest.raises(TooBigError, match="larger than 1 MB"):
                api.send(ask(server.url))
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()

    assert peak < 5 << 20
    assert len(server.requests) == 1


def test_the_body_of_a_redirect_is_not_even_read() -> None:
    redirect = whole(BOMB, 302, content_encoding="gzip", location="/login")
    with RawServer([redirect]) as server:
        api, _ = line(cap=1 << 20)
        tracemalloc.start()
        try:
            with pytest.raises(SliceError, match="redirects to another path"):
                api.send(ask(server.url))
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()

    assert peak < 5 << 20


# -- a whole night ----------------------------------------------------------------------------------------


def _spoiled(how: str, answer: Response) -> Response:
    body = answer.body
    return {
        "cut": Response(200, answer.headers, body, cut=len(body) // 2),
        "short": Response(200, answer.headers, body[: len(body) // 2]),
        "html": Response(200, {"Content-Type": "text/html"}, PAGE),
        "gateway": Response(502, {"Content-Type": "text/html"}, PAGE),
        "empty": Response(200),
        "busy": Response(429, {"Retry-After": "20"}),
    }[how]


KINDS = ("cut", "short", "html", "gateway", "empty", "busy")


@pytest.fixture(scope="module")
def unspoiled(tmp_path_factory: pytest.TempPathFactory) -> list[bytes]:
    """What the lake holds of the day when nothing goes wrong."""
    folder = tmp_path_factory.mktemp("unspoiled")
    with vendor(SESSIONS, NOW) as served:
        assert Night(folder, NOW, served.url).harvest(DAY).exit_code == 0
    return sorted(lake_lines(folder))


SESSIONS = day_of(60, day=DAY, people=(2,), minutes=2)


@pytest.mark.parametrize("how", KINDS)
def test_a_night_whose_every_answer_is_spoiled_once_ends_like_any_other(
    tmp_path: Path, unspoiled: list[bytes], how: str
) -> None:
    seen: set[bytes] = set()

    def once(_number: int, request: Request) -> Response | None:
        if request.body in seen:
            return None
        seen.add(request.body)
        return _spoiled(how, served.answer(request))

    with vendor(SESSIONS, NOW, once) as served:
        ran = Night(tmp_path, NOW, served.url).harvest(DAY, concurrency=1)

    assert (ran.exit_code, ran.only.state) == (0, "complete")
    # One list, two batches of at most 50 calls; each was asked for twice.
    assert (ran.only.requests, ran.only.retried) == (6, 3)
    assert sorted(lake_lines(tmp_path)) == unspoiled


@pytest.mark.parametrize("from_request", [1, 2], ids=["the list", "the batches"])
@pytest.mark.parametrize(
    ("how", "said"),
    [
        ("cut", "the answer was cut off or damaged"),
        ("short", "of application/json instead of a GraphQL answer"),
        ("html", "200 with 55 bytes of text/html"),
        ("gateway", "502 with 55 bytes of text/html"),
        ("empty", "200 with 0 bytes"),
    ],
)
def test_a_vendor_that_stays_broken_fails_the_day_with_status_and_endpoint_and_half_stores_nothing(
    tmp_path: Path, how: str, said: str, from_request: int
) -> None:
    broken: Intercept = lambda number, request: (  # noqa: E731 - it needs `served`, which needs it
        None if number < from_request else _spoiled(how, served.answer(request))
    )
    with vendor(SESSIONS, NOW, broken) as served:
        night = Night(tmp_path, NOW, served.url)
        ran = night.harvest(DAY, concurrency=1)

    assert (ran.exit_code, ran.only.state) == (1, "failed")
    reason = ran.only.as_json()["reason"]
    assert "127.0.0.1/graphql failed for " in without_ports(reason)
    assert said in reason
    assert night.time.seconds - 1000 <= 600
    assert not [path for path in tmp_path.rglob("*.zst") if path.stat().st_size]
    assert not [path for path in tmp_path.rglob("*.part") if path.stat().st_size]


def test_a_day_that_failed_half_way_is_whole_the_next_night(tmp_path: Path, unspoiled: list[bytes]) -> None:
    broken: Intercept = lambda number, request: (  # noqa: E731 - it needs `served`, which needs it
        _spoiled("gateway", served.answer(request)) if number >= 3 else None
    )
    with vendor(SESSIONS, NOW, broken) as served:
        first = Night(tmp_path, NOW, served.url).harvest(DAY, concurrency=1)
    # The second batch never came; what did is kept.
    assert (first.only.state, first.only.harvested) == ("failed", 50)

    with vendor(SESSIONS, NOW) as served:
        second = Night(tmp_path, NOW, served.url).harvest(DAY)
        asked = served.requests

    assert (second.only.state, second.only.harvested, asked) == ("complete", 60, 3 - 1)
    assert sorted(lake_lines(tmp_path)) == unspoiled
