"""Days, instants and lengths of time: UTC and half-open, whatever the machine believes."""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from harvesters.core.day import (
    Clock,
    Day,
    clock_from,
    days_between,
    instant_ms,
    iso,
    iso_ms,
    parse_instant,
    parse_span,
    to_ms,
)
from harvesters.core.errors import InterruptedRunError, UsageError

NOW = datetime(2026, 11, 20, 0, 0, tzinfo=UTC)
ZONES = [
    "UTC", "Europe/Berlin", "America/New_York", "America/St_Johns", "Asia/Kolkata", "Asia/Kathmandu", "Pacific/Apia",
    "Pacific/Kiritimati", "Pacific/Chatham", "XXX+12", "YYY-14",
]  # fmt: skip
# Naive, for hypothesis; each test says in which zone it means them.
FIRST, LAST = datetime(1970, 1, 1), datetime(2100, 1, 1)  # noqa: DTZ001
OFFSETS = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
INSTANTS = st.datetimes(FIRST, LAST, timezones=OFFSETS)
DATES = st.dates(date(1970, 1, 1), date(2100, 12, 31))


# -- days -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2026-11-20", "2026-11-20"),
        ("today", "2026-11-20"),
        ("yesterday", "2026-11-19"),
        ("2028-02-29", "2028-02-29"),
        ("2000-02-29", "2000-02-29"),
        ("1999-12-31", "1999-12-31"),
    ],
)
def test_a_date_that_is_one(text: str, day: str) -> None:
    assert str(Day.parse(text, NOW)) == day


@pytest.mark.parametrize(
    "text",
    [
        "", " ", "2026-8-20", "2026-08-2", "26-08-20", "20260820", "2026-08-20 ", " 2026-08-20", "2026-08-20T00:00:00Z",
        "2026-02-30", "2026-02-29", "2100-02-29", "1900-02-29", "2026-13-01", "2026-00-10", "2026-01-00", "0000-01-01",
        "2026/08/20", "20.08.2026", "2026-W34-4", "2026-232", "Today", "tomorrow", "yesterday ", "-026-08-20",
        "2026-08-20\n", "\u0662026-08-20", "\uff12026-08-20", "9999-12-31",
    ],
)  # fmt: skip
def test_a_date_that_is_none_is_a_sentence(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        Day.parse(text, NOW)

    assert str(caught.value) == f"'{text}' is not a date: write YYYY-MM-DD, 'yesterday' or 'today' (UTC days)."


@pytest.mark.parametrize(
    ("day", "start", "end"),
    [
        (date(2026, 11, 20), "2026-11-20T00:00:00.000Z", "2026-11-21T00:00:00.000Z"),
        (date(2026, 12, 31), "2026-12-31T00:00:00.000Z", "2027-01-01T00:00:00.000Z"),
        (date(2028, 2, 28), "2028-02-28T00:00:00.000Z", "2028-02-29T00:00:00.000Z"),
        (date(2028, 2, 29), "2028-02-29T00:00:00.000Z", "2028-03-01T00:00:00.000Z"),
        (date(2026, 2, 28), "2026-02-28T00:00:00.000Z", "2026-03-01T00:00:00.000Z"),
        # Clocks of Europe and America are changed on these days; a UTC day has 24 hours all the same.
        (date(2026, 3, 29), "2026-03-29T00:00:00.000Z", "2026-03-30T00:00:00.000Z"),
        (date(2026, 11, 1), "2026-11-01T00:00:00.000Z", "2026-11-02T00:00:00.000Z"),
    ],
)
def test_a_day_begins_at_midnight_utc_and_ends_with_the_next(day: date, start: str, end: str) -> None:
    assert (iso(Day(day).start), iso(Day(day).end)) == (start, end)


@settings(max_examples=200, deadline=None)
@given(INSTANTS)
@example(datetime(2026, 12, 31, 23, 59, 59, 999999, tzinfo=UTC))
@example(datetime(2028, 2, 29, 23, 59, 59, 999999, tzinfo=UTC))
@example(datetime(2026, 11, 20, 0, 30, tzinfo=timezone(timedelta(hours=1))))
def test_every_instant_belongs_to_exactly_one_day(instant: datetime) -> None:
    day = Day.of(instant)

    assert instant in day
    assert instant not in day + -1
    assert instant not in day + 1
    assert str(day) == instant.astimezone(UTC).strftime("%Y-%m-%d")


@settings(max_examples=100, deadline=None)
@given(DATES)
def test_a_day_holds_its_first_instant_and_not_its_last(day: date) -> None:
    whole, tick = Day(day), timedelta(microseconds=1)

    assert whole.start in whole
    assert whole.start - tick not in whole
    assert whole.end - tick in whole
    assert whole.end not in whole
    assert whole.end == (whole + 1).start
    assert Day.parse(str(whole), NOW) == whole


def test_a_window_of_days_is_half_open_and_runs_over_year_ends_and_leap_days() -> None:
    days = days_between(Day(date(2027, 12, 30)), Day(date(2028, 1, 2)))
    leap = days_between(Day(date(2028, 2, 28)), Day(date(2028, 3, 1)))

    assert [str(each) for each in days] == ["2027-12-30", "2027-12-31", "2028-01-01"]
    assert [str(each) for each in leap] == ["2028-02-28", "2028-02-29"]
    assert list(days_between(Day(date(2026, 1, 1)), Day(date(2026, 1, 1)))) == []
    assert list(days_between(Day(date(2026, 1, 2)), Day(date(2026, 1, 1)))) == []


@settings(max_examples=50, deadline=None)
@given(DATES, st.integers(0, 800))
def test_days_between_are_all_days_once_in_order(first: date, number: int) -> None:
    days = list(days_between(Day(first), Day(first) + number))

    assert [each.date.toordinal() for each in days] == list(range(first.toordinal(), first.toordinal() + number))


# -- the machine's zone -----------------------------------------------------------------------------------


@pytest.fixture
def zone() -> Iterator[None]:
    """Puts the zone of the process back after a test that changed it."""
    before = os.environ.get("TZ")
    yield
    os.environ.pop("TZ", None) if before is None else os.environ.update(TZ=before)
    time.tzset()


@pytest.mark.parametrize("name", ZONES)
@pytest.mark.usefixtures("zone")
def test_the_machine_s_zone_changes_nothing(name: str) -> None:
    os.environ["TZ"] = name
    time.tzset()
    # The last second of the 19th in UTC; a machine ahead of UTC is in the 20th already.
    late = datetime.fromtimestamp(1795132799, UTC)

    assert iso(late) == "2026-11-19T23:59:59.000Z"
    assert str(Day.of(late)) == "2026-11-19"
    assert str(Day.of(late.astimezone())) == "2026-11-19"
    assert str(Day.parse("today", late)) == "2026-11-19"
    assert str(Day.parse("yesterday", late)) == "2026-11-18"
    assert Day(date(2026, 11, 20)).start.timestamp() == 1795132800
    assert parse_instant("2026-11-19T23:59:59") == late
    assert instant_ms("2026-11-19T23:59:59.000Z") == instant_ms("2026-11-20T00:59:59+01:00") == 1795132799000
    assert iso_ms(1795132799000) == "2026-11-19T23:59:59.000Z"
    assert abs((clock_from(None).now() - datetime.fromtimestamp(time.time(), UTC)).total_seconds()) < 60


def test_a_process_in_any_zone_reads_the_same(tmp_path: Path) -> None:
    script = """
from harvesters.core.day import Day, clock_from, instant_ms, iso, iso_ms
now = clock_from("2026-11-19T23:59:59").now()
print(iso(now), Day.of(now), Day.parse("yesterday", now), instant_ms("2026-03-29T02:30:00"), iso_ms(0))
"""
    root = Path(__file__).parents[1]
    said = {
        subprocess.run(
            [sys.executable, "-c", script],
            env={"PATH": os.environ["PATH"], "TZ": name, "PYTHONPATH": str(root)},
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=True,
            timeout=60,
        ).stdout
        for name in ("Pacific/Kiritimati", "America/St_Johns")
    }

    assert said == {"2026-11-19T23:59:59.000Z 2026-11-19 2026-11-18 1774751400000 1970-01-01T00:00:00.000Z\n"}


# -- instants ---------------------------------------------------------------------------------------------


@settings(max_examples=300, deadline=None)
@given(INSTANTS)
def test_an_instant_survives_its_text_to_the_millisecond(instant: datetime) -> None:
    cut = instant.replace(microsecond=instant.microsecond // 1000 * 1000)
    ms = round(cut.timestamp() * 1000)

    assert iso(instant) == cut.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"
    assert to_ms(instant) == ms
    assert iso_ms(ms) == iso(instant)
    assert parse_instant(iso(instant)) == cut
    assert instant_ms(iso(instant)) == ms
    assert instant_ms(instant.isoformat()) == ms


@settings(max_examples=200, deadline=None)
@given(st.integers(-62135596800000, 253402300799999))
@example(0)
@example(-1)
@example(59_999)
@example(60_000)
@example(-62135596800000)
@example(253402300799999)
def test_milliseconds_survive_their_text_over_the_whole_calendar(ms: int) -> None:
    text = iso_ms(ms)

    assert instant_ms(text) == ms
    assert len(text) == len("2026-11-20T08:15:20.123Z")
    assert (
        text
        == (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=ms)).isoformat(timespec="milliseconds")[:-6] + "Z"
    )


@pytest.mark.parametrize(
    ("text", "ms"),
    [
        ("1970-01-01T00:00:00.000Z", 0),
        ("2026-11-20T08:15:20.123Z", 1795162520123),
        ("2026-11-20T08:15:20.1239Z", 1795162520123),
        ("2026-11-20T08:15:20Z", 1795162520000),
        ("2026-11-20T08:15:20", 1795162520000),
        ("2026-11-20T08:15Z", 1795162500000),
        ("2026-11-20T09:15:20.123+01:00", 1795162520123),
        ("2026-11-20T02:30:20.123-05:45", 1795162520123),
        ("1969-12-31T23:59:59.999Z", -1),
        ("2028-02-29T00:00:00.000Z", 1835395200000),
        ("0001-01-01T00:00:00.000Z", -62135596800000),
    ],
)
def test_an_instant_in_milliseconds(text: str, ms: int) -> None:
    assert instant_ms(text) == ms
    found = parse_instant(text)
    assert found is not None
    assert found.utcoffset() == timedelta()
    assert to_ms(found) == ms


RUBBISH: list[object] = [
    None, "", " ", "T", "soon", 0, 1795162520123, 1.5, True, [], {}, b"2026-11-20T08:15:20.123Z",
    "2026-11-20", "2026-11-20 08:15:20", "2026-11-20T", "2026-11-20T8:15:20.123Z", "2026-11-20T08:15:60.000Z",
    "2026-11-20T25:15:20.123Z", "2026-11-20T08:61:20.123Z", "2026-13-20T08:15:20.123Z", "2026-02-29T08:15:20.123Z",
    "2026-11-20T08:15:20.123ZZ", "2026-11-20T08:15:20.123+25:00", "\u0662026-11-20T08:15:20.123Z",
    "\udcff-11-20T08:15:20.123Z",
    "0000-01-01T00:00:00.000Z", "10000-01-01T00:00:00.000Z", "0001-01-01T00:00:00+00:01",
    "9999-12-31T23:59:59-00:01", "2026-11-20T08:15:20.12\x00Z",
]  # fmt: skip


@pytest.mark.parametrize("rubbish", RUBBISH, ids=ascii)
def test_what_is_no_instant_is_none(rubbish: object) -> None:
    assert parse_instant(rubbish) is None
    assert instant_ms(rubbish) is None


@settings(max_examples=300, deadline=None)
@given(
    st.one_of(
        st.text(max_size=30),
        st.text("0123456789-:.TZ+", min_size=10, max_size=30),
        INSTANTS.flatmap(
            lambda each: st.integers(0, 28).map(lambda cut: each.isoformat()[:cut] + each.isoformat()[cut + 1 :])
        ),
    )
)
def test_both_ways_of_reading_an_instant_agree_on_anything(text: str) -> None:
    found, ms = parse_instant(text), instant_ms(text)

    assert (found is None) == (ms is None)
    if found is not None:
        assert ms == (found - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)


# -- lengths of time --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("90s", timedelta(seconds=90)),
        ("30m", timedelta(minutes=30)),
        ("2h", timedelta(hours=2)),
        ("7d", timedelta(days=7)),
        ("2w", timedelta(days=14)),
        (" 007d ", timedelta(days=7)),
        ("36500d", timedelta(days=36500)),
    ],
)
def test_a_length_of_time(text: str, length: timedelta) -> None:
    assert parse_span(text) == length


@pytest.mark.parametrize(
    "text",
    [
        "", "7", "d", "0d", "0s", "-1d", "+1d", "1.5h", "1,5h", "7 d", "7D", "7days", "1h30m", "1y", "1e3s",
        "\u0667d", "\u00b2d", "36501d", "999999999w", "9" * 5000 + "s",
    ],
    ids=lambda text: text[:12],
)  # fmt: skip
def test_what_is_no_length_of_time_is_a_sentence(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_span(text)

    said = f"'{text}' is not a length of time: write a number and s, m, h, d or w, such as 2h or 7d."
    assert str(caught.value) == said


# -- the clock --------------------------------------------------------------------------------------------


def test_a_clock_that_is_told_the_time_stands_still_and_still_waits() -> None:
    clock = clock_from("2026-11-21T08:00:00+01:00")
    before = clock.monotonic()
    while clock.monotonic() == before:
        pass

    assert clock.now() == clock.now() == datetime(2026, 11, 21, 7, tzinfo=UTC)


@pytest.mark.parametrize("text", ["noon", "2026-11-21", "1795162520", "2026-11-21T25:00:00Z"])
def test_a_clock_that_is_told_nonsense_says_what_to_write(text: str) -> None:
    with pytest.raises(ValueError, match=f"VCONF_NOW is '{text}': write an instant such as 2026-11-21T08:00:00Z"):
        clock_from(text)


def test_a_stopped_clock_ends_a_wait_before_it_is_over() -> None:
    clock = Clock(lambda: NOW)
    threading.Timer(0.01, clock.stop.set).start()
    with pytest.raises(InterruptedRunError, match="what was fetched is kept"):
        clock.sleep(60)


def test_a_stopped_clock_does_not_begin_to_wait() -> None:
    clock = Clock(lambda: NOW)
    clock.stop.set()
    with pytest.raises(InterruptedRunError):
        clock.sleep(60)
    with pytest.raises(InterruptedRunError):
        clock.check()


def test_a_wait_is_never_negative() -> None:
    waits: list[float] = []
    Clock(lambda: NOW, wait=waits.append).sleep(-3)

    assert waits == [0.0]
