"""Limits by the vendor's labels, and what a UTC day allows an account: counted by everybody on this machine."""

from __future__ import annotations

import subprocess
import sys
import threading
from array import array
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from harvesters.core.answers import Auth, Request
from harvesters.core.day import Clock
from harvesters.core.errors import DeferredError
from harvesters.core.http import HttpApi, Port
from harvesters.core.limiter import Limiter, shared_files
from harvesters.core.source import Quota, Rate
from harvesters.opentok.judge import judge
from harvesters.zoom import Zoom
from harvesters.zoom.settings import ZoomSettings
from tests.line import RawServer, Wall, ask, whole
from tests.shell import PROJECT, SECONDS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from harvesters.core.limiter import Limit

HEAVY, LISTS, TOKEN = "heavy", "lists", ""
BOTH = frozenset({HEAVY, LISTS})
SHARE = Quota(3, 5, BOTH, "ZOOM_QUOTA_SHARE")
HALF_A_DAY = 12 * 3600
"""Seconds from noon, when a `Wall` begins, to the next UTC day."""
RATES = (Rate(3, 1, "key", HEAVY), Rate(2, 60, "key", LISTS))
WISHES = st.lists(
    st.tuples(st.sampled_from([HEAVY, LISTS, TOKEN]), st.one_of(st.just(0.0), st.floats(0, 1), st.floats(0, 40))),
    max_size=40,
)


def clock(wall: Wall) -> Clock:
    return Clock(wall.now, wall.monotonic, wait=wall.wait)


def limiter(wall: Wall, *limits: Limit, path: Path | None = None) -> Limiter:
    """One whose limits share a file, if there is one."""
    return Limiter(limits, clock(wall), dict.fromkeys(limits, path) if path else None)


def taken(limits: Limiter, category: str = HEAVY, most: int = 1000) -> int:
    """How many requests go through at once."""
    return next(number for number in range(most) if limits.delay(category))


def port(wall: Wall, limits: Limiter, deadline: float) -> HttpApi:
    api = HttpApi(judge, limits, clock(wall), Port(wall.monotonic() + deadline))
    api.identify(lambda: Auth({}))
    return api


# -- rates by label ---------------------------------------------------------------------------------------


@settings(max_examples=100, deadline=None)
@given(WISHES)
def test_each_label_has_a_window_of_its_own_and_what_has_none_pays_nothing(wishes: list[tuple[str, float]]) -> None:
    wall = Wall()
    limits = limiter(wall, *RATES)
    gone: dict[str, list[float]] = {HEAVY: [], LISTS: [], TOKEN: []}
    for category, pause in wishes:
        wall.seconds += pause
        wished = wall.seconds
        limits.acquire(wall.wait, category)
        gone[category].append(wall.seconds)
        # Worked out from the requests of the same label alone: others neither delay it nor are delayed by it.
        allowed, window = {HEAVY: (3, 1), LISTS: (2, 60), TOKEN: (99, 0)}[category]
        before = gone[category][:-1]
        free = before[-allowed] + window if len(before) >= allowed else 0.0
        assert max(wished, free) <= wall.seconds <= max(wished, free) + 0.003


def test_a_rate_without_a_label_holds_for_every_request_token_requests_among_them() -> None:
    wall = Wall()
    limits = limiter(wall, Rate(3, 30, "key"), Rate(1, 60, "key", LISTS))
    assert [limits.delay(each) for each in (HEAVY, LISTS, TOKEN)] == [0, 0, 0]
    assert [round(limits.delay(each)) for each in (HEAVY, LISTS, TOKEN)] == [30, 60, 30]


def test_a_request_that_one_of_its_limits_refuses_takes_no_place_in_the_others() -> None:
    wall = Wall()
    limits = limiter(wall, Rate(1, 30, "key", HEAVY), SHARE)
    for _ in range(20):
        limits.delay(HEAVY)
    assert limits.used() == [{"day": "2026-11-20", "used": 1, "share": 3, "whole": 5}]


@pytest.mark.parametrize(
    ("plan", "heavy", "lists", "share", "whole"),
    [("business", 20, 10, 36_000, 60_000), ("pro", 5, 5, 18_000, 30_000)],
)
def test_zoom_gets_half_of_its_plan_s_pace_and_its_share_of_the_day(
    plan: str, heavy: int, lists: int, share: int, whole: int
) -> None:
    """40 and 10 heavy ones a second, 20 and 10 lists a minute, 60,000 and 30,000 a day are the vendor's figures."""
    wall = Wall()
    found = Zoom.limits_of(ZoomSettings("a", "b", "c", plan=plan))
    limits = limiter(wall, *found.rates, *found.quotas)

    assert taken(limits, "heavy") == heavy
    assert taken(limits, "resource-intensive") == lists
    wall.seconds += 1.01
    assert taken(limits, "heavy") == heavy
    assert taken(limits, "resource-intensive") == 0
    wall.seconds += 60
    assert taken(limits, "resource-intensive") == lists
    assert limits.used() == [{"day": "2026-11-20", "used": 2 * (heavy + lists), "share": share, "whole": whole}]
    assert [limits.delay("") for _ in range(100)] == [0.0] * 100


# -- a day's quota ----------------------------------------------------------------------------------------


def test_labels_of_a_quota_count_together_and_others_not_at_all() -> None:
    wall = Wall()
    limits = limiter(wall, SHARE)
    assert [limits.delay(each) for each in (HEAVY, TOKEN, LISTS, TOKEN, HEAVY)] == [0] * 5
    assert limits.delay(HEAVY) == limits.delay(LISTS) == pytest.approx(HALF_A_DAY, abs=0.01)
    assert limits.delay(TOKEN) == 0


def test_the_count_begins_anew_at_midnight_by_the_clock_and_not_after_24_hours() -> None:
    wall = Wall()
    limits = limiter(wall, SHARE)
    assert taken(limits) == 3
    wall.seconds += HALF_A_DAY - 0.001
    assert limits.delay(HEAVY) > 0
    assert limits.used()[0]["used"] == 3
    wall.seconds += 0.002
    assert limits.used() == [{"day": "2026-11-21", "used": 0, "share": 3, "whole": 5}]
    assert taken(limits) == 3


def test_without_a_quota_there_is_nothing_to_tell() -> None:
    assert limiter(Wall(), *RATES).used() == []


def test_a_share_used_up_is_deferred_at_once_with_the_setting_and_the_instant_to_come_back() -> None:
    wall = Wall()
    with RawServer([whole()]) as server:
        api = port(wall, limiter(wall, Quota(1200, 60_000, BOTH, "ZOOM_QUOTA_SHARE")), deadline=7200)
        for _ in range(1200):
            api._limiter.acquire(wall.wait, HEAVY)
        with pytest.raises(DeferredError) as deferred:
            api.send(ask(server.url, category=HEAVY))

    assert (wall.waits, server.connections) == ([], 0)
    assert str(deferred.value) == (
        "would have to wait 43200 s for the next UTC day, since our share of 1,200 requests a day (ZOOM_QUOTA_SHARE) "
        "is used up, beyond the deadline; come back after 2026-11-21T00:00:00.001Z"
    )
    assert api.quotas() == [{"day": "2026-11-20", "used": 1200, "share": 1200, "whole": 60_000}]


def test_midnight_within_the_deadline_is_waited_for_and_told() -> None:
    wall = Wall()
    told: list[str] = []
    with RawServer([whole()]) as server:
        api = port(wall, limiter(wall, SHARE), deadline=HALF_A_DAY + 60)
        pure = wall.wait

        def wait(seconds: float) -> None:
            told.append(api.traffic.waiting_for)
            pure(seconds)

        wall.wait = wait  # type: ignore[method-assign]
        api.clock = Clock(wall.now, wall.monotonic, wait=wall.wait)
        for _ in range(4):
            api.send(ask(server.url, category=HEAVY))

    assert sum(wall.waits) == pytest.approx(HALF_A_DAY, abs=0.01)
    assert told == ["43200 s for the next UTC day, since our share of 3 requests a day (ZOOM_QUOTA_SHARE) is used up"]
    assert api.quotas()[0] == {"day": "2026-11-21", "used": 1, "share": 3, "whole": 5}


def test_a_retry_pays_into_the_quota_too() -> None:
    wall = Wall()
    with RawServer([whole(b"", 503), whole()]) as server:
        api = port(wall, limiter(wall, SHARE), deadline=600)
        api.send(ask(server.url, category=LISTS))

    assert api.quotas()[0]["used"] == 2


def test_what_is_waited_for_longest_is_what_is_told() -> None:
    wall = Wall()
    limits = limiter(wall, Rate(1, 30, "key", HEAVY), Quota(2, 9, BOTH))
    assert limits.delay(HEAVY) == 0
    assert limits.waits_for(HEAVY) == "the vendor's rate limit"
    assert limits.delay(LISTS) == 0
    assert limits.waits_for(HEAVY) == "the next UTC day, since our share of 2 requests a day is used up"


# -- the law ----------------------------------------------------------------------------------------------

# What a clock does between two requests: stand still, go on, jump over days, be put back by up to a day.
MOVES = st.one_of(
    st.just(0.0), st.floats(0, 60), st.floats(0, 3 * 86_400), st.floats(-86_399, 0), st.just(float(HALF_A_DAY))
)


@settings(max_examples=200, deadline=None)
@given(
    share=st.integers(1, 5),
    steps=st.lists(st.tuples(st.integers(0, 2), st.sampled_from([HEAVY, LISTS, TOKEN]), MOVES), max_size=60),
    shared=st.booleans(),
)
@example(
    share=1,
    steps=[(0, HEAVY, 0.0), (1, HEAVY, float(HALF_A_DAY)), (2, HEAVY, -1.0), (0, HEAVY, 1.0)],
    shared=True,
)
def test_no_utc_day_ever_sees_more_than_the_share_and_nobody_waits_before(
    tmp_path_factory: pytest.TempPathFactory, share: int, steps: list[tuple[int, str, float]], *, shared: bool
) -> None:
    """As long as the clock is not put back by a whole day behind the latest that it showed."""
    wall, latest = Wall(), 1000.0
    quota = Quota(share, 9, BOTH)
    path = tmp_path_factory.mktemp("limits") / "file" if shared else None
    several = [limiter(wall, quota, path=path) for _ in range(3 if shared else 1)]
    days: dict[str, int] = {}
    for number, category, move in steps:
        wall.seconds = max(wall.seconds + move, latest - 86_399)
        latest = max(latest, wall.seconds)
        today = wall.now().date().isoformat()
        went = several[number % len(several)].delay(category) == 0
        if category == TOKEN:
            assert went
        else:
            assert went is (days.get(today, 0) < share)
            days[today] = days.get(today, 0) + went
    assert max(days.values(), default=0) <= share


# -- several objects, threads, processes ------------------------------------------------------------------


@pytest.mark.parametrize("files", [1, 4])
def test_threads_together_get_the_share_and_no_more(tmp_path: Path, files: int) -> None:
    """With one limiter, and with four that know of each other by the file alone."""
    wall, quota = Wall(), Quota(50, 99, BOTH)
    limits = [limiter(wall, quota, path=tmp_path / "file") for _ in range(files)]
    together = threading.Barrier(8)
    went: list[int] = []

    def work(number: int) -> None:
        together.wait(30)
        went.append(taken(limits[number % files]))

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for each in threads:
        each.start()
    for each in threads:
        each.join(30)
        assert not each.is_alive()

    assert len(went) == 8
    assert sum(went) == 50


TAKING = """
import sys
from datetime import datetime
from pathlib import Path
from harvesters.core.day import Clock
from harvesters.core.limiter import Limiter, shared_files
from harvesters.core.source import Quota

folder, key, now, most = sys.argv[1:]
quota = Quota(40, 99, frozenset({"heavy", "lists"}))
limiter = Limiter([quota], Clock(lambda: datetime.fromisoformat(now)), shared_files(Path(folder), "zoom", key, [quota]))
print(sum(limiter.delay("heavy") == 0 for _ in range(int(most))))
"""


def taking(folder: Path, key: str, now: str, most: int) -> subprocess.Popen[str]:
    arguments = [sys.executable, "-c", TAKING, str(folder), key, now, str(most)]
    return subprocess.Popen(arguments, cwd=PROJECT, stdout=subprocess.PIPE, text=True)


def test_processes_together_get_the_share_of_an_account_and_another_account_has_its_own(tmp_path: Path) -> None:
    day, next_day = "2026-11-20T12:00:00+00:00", "2026-11-21T00:00:00+00:00"
    running = [taking(tmp_path, key, day, 18) for key in ("a", "a", "a", "b")]
    went = [int(each.communicate(timeout=SECONDS)[0]) for each in running]

    assert sum(went[:3]) == 40
    assert max(went[:3]) == 18, "nobody was kept from what was there"
    assert went[3] == 18
    assert int(taking(tmp_path, "a", day, 5).communicate(timeout=SECONDS)[0]) == 0
    assert int(taking(tmp_path, "a", next_day, 50).communicate(timeout=SECONDS)[0]) == 40


def test_an_account_s_count_has_a_file_of_its_own_and_another_share_does_not_begin_anew(tmp_path: Path) -> None:
    wall = Wall()
    large, small = (Quota(share, 60_000, BOTH) for share in (10, 4))

    def opened(quota: Quota, key: str) -> Limiter:
        return Limiter([quota], clock(wall), shared_files(tmp_path, "zoom", key, [quota]))

    for _ in range(6):
        assert opened(large, "a").delay(HEAVY) == 0
    assert opened(small, "a").delay(HEAVY) > 0
    assert opened(small, "a").used() == [{"day": "2026-11-20", "used": 6, "share": 4, "whole": 60_000}]
    assert taken(opened(small, "b")) == 4
    assert taken(opened(large, "a")) == 4
    assert len(list(tmp_path.iterdir())) == 2


def test_rates_of_one_label_have_a_file_of_their_own(tmp_path: Path) -> None:
    rates = (Rate(20, 1, "key", HEAVY), Rate(20, 1, "key", LISTS), Rate(20, 1, "key"), Rate(20, 1, "address"))
    files: Mapping[Limit, Path] = shared_files(tmp_path, "zoom", "a", rates)
    assert len(set(files.values())) == 4


# -- the file ---------------------------------------------------------------------------------------------


def test_the_file_of_yesterday_counts_for_nothing_today(tmp_path: Path) -> None:
    wall, path = Wall(), tmp_path / "deep" / "file"
    assert taken(limiter(wall, SHARE, path=path)) == 3
    wall.seconds += 86_400
    assert limiter(wall, SHARE, path=path).used()[0]["used"] == 0
    assert taken(limiter(wall, SHARE, path=path)) == 3
    assert path.stat().st_mode & 0o777 == 0o600


def test_looking_takes_nothing(tmp_path: Path) -> None:
    wall, path = Wall(), tmp_path / "file"
    for _ in range(10):
        assert limiter(wall, SHARE, path=path).used()[0]["used"] == 0
    assert taken(limiter(wall, SHARE, path=path)) == 3
    for _ in range(10):
        assert limiter(wall, SHARE, path=path).waits_for(HEAVY).startswith("the next UTC day")
    assert limiter(wall, SHARE, path=path).used()[0]["used"] == 3


SIZE = 32


@pytest.mark.parametrize(
    "content",
    [b"", b"half", b"x" * 16, b"x" * SIZE, b"\xff" * SIZE, b"\x00" * SIZE, b"\x00" * (SIZE + 1), bytes(range(SIZE))],
)
def test_a_damaged_file_is_begun_anew_and_the_share_holds_from_then_on(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "file"
    path.write_bytes(content)
    wall = Wall()
    assert sum(taken(limiter(wall, SHARE, path=path)) for _ in range(3)) == 3
    assert len(path.read_bytes()) == SIZE


def test_a_file_cut_off_while_it_is_in_use_is_begun_anew(tmp_path: Path) -> None:
    path, wall = tmp_path / "file", Wall()
    limits = limiter(wall, SHARE, path=path)
    assert limits.delay(HEAVY) == 0
    path.write_bytes(path.read_bytes()[:7])
    assert taken(limits) == 3


def test_a_file_that_is_removed_is_made_again(tmp_path: Path) -> None:
    path, wall = tmp_path / "file", Wall()
    limits = limiter(wall, SHARE, path=path)
    assert limits.delay(HEAVY) == 0
    path.unlink()
    assert taken(limits) == 3
    assert limiter(wall, SHARE, path=path).used()[0]["used"] == 3


def test_where_the_file_cannot_be_the_process_counts_for_itself_and_says_so_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "limits").write_text("a file in the place of the folder")
    limits = limiter(Wall(), SHARE, path=tmp_path / "limits" / "file")
    assert taken(limits) == 3
    assert limits.used()[0]["used"] == 3
    assert len(caplog.records) == 1
    assert "other runs do not know of this one's requests" in caplog.text


def test_what_is_written_is_the_day_and_its_count(tmp_path: Path) -> None:
    """Even and odd days have a place each; 20 November 2026 is day 739,940 of the calendar."""
    path, wall = tmp_path / "file", Wall()
    assert datetime(2026, 11, 20, tzinfo=UTC).toordinal() == 739_940
    limits = limiter(wall, SHARE, path=path)
    limits.delay(HEAVY)
    limits.delay(HEAVY)
    assert array("q", path.read_bytes()).tolist() == [739_940, 2, 0, 0]
    wall.seconds += timedelta(days=1).total_seconds()
    limits.delay(HEAVY)
    assert array("q", path.read_bytes()).tolist() == [739_940, 2, 739_941, 1]


def test_limits_are_taken_together_in_one_order_by_everybody(tmp_path: Path) -> None:
    """Two that lock the same files in opposite orders would wait for each other for ever."""
    wall = Wall()
    limits: Sequence[Limit] = (Rate(10_000, 1, "key", HEAVY), Quota(10_000, 10_000, BOTH))
    files = {limit: tmp_path / name for limit, name in zip(limits, "ab", strict=True)}
    both = [Limiter(each, clock(wall), files) for each in (limits, limits[::-1])]

    threads = [threading.Thread(target=lambda one=one: [one.delay(HEAVY) for _ in range(50)]) for one in both]
    for each in threads:
        each.daemon = True
        each.start()
    for each in threads:
        each.join(30)
        assert not each.is_alive()
    assert both[0].used()[0]["used"] == 100


def test_a_request_names_its_label_to_the_limiter() -> None:
    wall = Wall()
    with RawServer([whole()]) as server:
        api = port(wall, limiter(wall, SHARE), deadline=600)
        api.send(Request("POST", server.url, b"{}", category=HEAVY))
        api.send(Request("POST", server.url, b"{}", category="light"))
        api.send(Request("POST", server.url, b"{}"))

    assert api.quotas()[0]["used"] == 1
