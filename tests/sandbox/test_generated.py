"""A world's calls in OpenTok's shapes: served like real ones, harvested whole."""

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from harvesters.core.day import instant_ms
from harvesters.sandbox import Rules
from harvesters.sandbox.opentok.generated import GeneratedSessions
from harvesters.sandbox.world import Call, Trouble, World
from tests.nights import Night, lake_lines, vendor
from tests.opentok_client import listed, opentok
from tests.opentok_days import KEY

MONDAY = date(2026, 11, 9)
NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)
WORLD = World("tests", MONDAY, 7, 10)


@pytest.fixture(scope="module")
def sessions() -> GeneratedSessions:
    return GeneratedSessions(WORLD, KEY)


def meetings(session: Mapping[str, Any]) -> list[Any]:
    found: list[Any] = session["meetings"]["resources"]
    return found


def rows(stream: Mapping[str, Any]) -> list[Any]:
    return list(stream["streamStatsCollection"]["resources"])


def test_one_seed_is_one_answer_to_the_last_byte(sessions: GeneratedSessions) -> None:
    def written(of: GeneratedSessions) -> list[str]:
        return [json.dumps(of[each], default=list) for each in of]

    assert written(GeneratedSessions(World("tests", MONDAY, 7, 10), KEY)) == written(sessions)


def test_every_id_leads_to_its_session_and_no_other_does(sessions: GeneratedSessions) -> None:
    ids = list(sessions)
    assert len(set(ids)) == len(ids) == len(sessions)
    assert [sessions[each]["sessionId"] for each in ids] == ids
    foreign = next(iter(GeneratedSessions(World("other", MONDAY, 7, 20), KEY)))
    for strange in (foreign, ids[0][:-2] + "AA", "", "2_", "no id", "2_" + "A" * 80):
        assert strange not in sessions
        with pytest.raises(KeyError):
            sessions[strange]


def test_a_team_has_one_session_for_all_its_days(sessions: GeneratedSessions) -> None:
    # 10 % of 10 calls are stand-ups, on five working days.
    several = [each for each in sessions.values() if len(meetings(each)) > 1]
    assert [len(meetings(each)) for each in several] == [5]
    assert len(sessions) == 1 + 5 * 9 + 2 * 2


def test_a_day_is_listed_as_if_each_session_were_looked_at(sessions: GeneratedSessions) -> None:
    plain = {each: sessions[each] for each in sessions}
    with opentok(sessions, lambda: NOW) as quick, opentok(plain, lambda: NOW) as slow:
        for number in range(7):
            start = MONDAY + timedelta(days=number)
            window = f'start: "{start}T00:00:00Z", end: "{start + timedelta(days=1)}T00:00:00Z", first: 1000'
            assert sorted(listed(quick, window)) == sorted(listed(slow, window))
            assert len(listed(quick, window)) == len(WORLD.day(start))
        for window in (f'start: "{MONDAY}T12:00:00Z"', f'start: "{MONDAY}", end: "2026-11-12"'):
            assert sorted(listed(quick, window)) == sorted(listed(slow, window))


def test_rows_follow_each_other_inside_their_stream(sessions: GeneratedSessions) -> None:
    number = 0
    for session in sessions.values():
        for meeting in meetings(session):
            for stream in (*meeting["publishers"]["resources"], *meeting["subscribers"]["resources"]):
                at = [instant_ms(row["createdAt"]) or 0 for row in rows(stream)]
                assert at == sorted(set(at))
                assert (instant_ms(stream["createdAt"]) or 0) < at[0]
                assert at[-1] < (instant_ms(stream["destroyedAt"]) or 0) + 15_000
                number += len(at)
    assert number > 20_000


def test_any_part_of_the_rows_is_what_stands_there_in_the_whole(sessions: GeneratedSessions) -> None:
    for session in list(sessions.values())[:12]:
        for stream in meetings(session)[0]["subscribers"]["resources"]:
            whole = stream["streamStatsCollection"]["resources"]
            texts = list(whole)
            for start, stop in ((0, 1), (3, 9), (len(texts) - 1, len(texts)), (5, 5)):
                assert list(whole[start:stop]) == texts[start:stop]


def troubled(what: str) -> Iterator[tuple[Call, Trouble, Any]]:
    """Calls of one person with this trouble and nobody with another, with the meeting made of it."""
    world = World("trouble", MONDAY, 1, 400)
    sessions, plan = GeneratedSessions(world, KEY), world.day(MONDAY)
    for number in range(plan.standups, len(plan)):
        call = plan[number]
        if [each.what for each in call.troubles] == [what] and len(call.stays) == len(call.people):
            yield call, call.troubles[0], meetings(sessions[sessions.id_of(plan, number)])[0]


def audio_loss(stream: Mapping[str, Any], trouble: Trouble) -> tuple[list[float], list[float]]:
    """Loss while the trouble lasted, and the rest; a step to either side belongs to none."""
    during, outside = [], []
    for row in rows(stream):
        at = instant_ms(row["createdAt"]) or 0
        if trouble.start + 45_000 <= at < trouble.end - 15_000:
            during.append(row["audioPacketLoss"])
        elif not trouble.start - 45_000 < at < trouble.end + 45_000:
            outside.append(row["audioPacketLoss"])
    return during, outside


def test_the_truth_of_a_senders_loss_is_in_the_rows_of_what_he_sent() -> None:
    number = 0
    for call, trouble, meeting in troubled("sender_loss"):
        own = meeting["connections"]["resources"][trouble.person]["connectionId"]
        for stream in meeting["publishers"]["resources"]:
            during, outside = audio_loss(stream, trouble)
            bad = stream["connectionId"] == own and stream["stream"]["videoType"] != "screen"
            assert all((loss >= 0.06) is bad for loss in during), call.number
            assert sum(outside) <= 0.03 * len(outside)
            number += bool(during)
    assert number > 5


def test_the_truth_of_a_receivers_loss_is_in_the_rows_of_what_he_received() -> None:
    number = 0
    for call, trouble, meeting in troubled("receiver_loss"):
        own = meeting["connections"]["resources"][trouble.person]["connectionId"]
        for stream in meeting["subscribers"]["resources"]:
            during, _ = audio_loss(stream, trouble)
            bad = stream["connectionId"] == own and stream["stream"]["videoType"] != "screen"
            assert all((loss >= 0.06) is bad for loss in during), call.number
            number += bool(during)
    assert number > 5


def test_a_fortnight_is_harvested_whole(sessions: GeneratedSessions, tmp_path: Path) -> None:
    expected = sum(
        len(rows(stream))
        for session in sessions.values()
        for meeting in meetings(session)
        for stream in (*meeting["publishers"]["resources"], *meeting["subscribers"]["resources"])
    )
    with vendor(sessions, NOW, rules=Rules(rate_limit=100_000)) as source:
        night = Night(tmp_path, NOW, source.url)
        ran = night.harvest(*(MONDAY + timedelta(days=number) for number in range(7)))
    assert [each.state for each in ran.report.slices] == ["complete"] * 7
    assert not [each.warnings for each in ran.report.slices if each.warnings]
    assert [each.listed for each in ran.report.slices] == [10, 10, 10, 10, 10, 2, 2]
    assert len(lake_lines(tmp_path, "sample")) == expected
    assert len(lake_lines(tmp_path, "conference")) == 5 * 10 + 2 * 2
