"""The invented world: the same for the same seed, made when it is asked for, and its truth shows in its lines."""

import tracemalloc
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest

from harvesters.sandbox.world import Call, Kind, Level, Stay, Trouble, World, measures
from harvesters.sandbox.world.calls import Stretch, blended

MONDAY = date(2026, 11, 9)
FORTNIGHT = World("tests", MONDAY, 14, 60)


@pytest.fixture(scope="module")
def calls() -> list[Call]:
    return [call for plan in FORTNIGHT for call in plan]


def test_one_seed_is_one_world() -> None:
    same, other = World("tests", MONDAY, 14, 60), World("other", MONDAY, 14, 60)
    assert list(same.day(MONDAY)) == list(FORTNIGHT.day(MONDAY))
    assert list(other.day(MONDAY)) != list(FORTNIGHT.day(MONDAY))


def test_a_call_is_the_same_whatever_was_asked_for_before() -> None:
    plan = FORTNIGHT.day(MONDAY)
    backwards = [plan[number] for number in reversed(range(len(plan)))]
    assert backwards[::-1] == list(plan)
    assert plan[3:5] == [plan[3], plan[4]]
    with pytest.raises(IndexError):
        plan[60]


def test_weekends_are_quiet_and_other_days_are_none() -> None:
    sizes = [len(plan) for plan in FORTNIGHT]
    # 12 % of 60 calls, rounded up.
    assert sizes == [60, 60, 60, 60, 60, 8, 8] * 2
    assert len(FORTNIGHT.day(MONDAY - timedelta(days=1))) == 0
    assert len(FORTNIGHT.day(MONDAY + timedelta(days=14))) == 0


def test_every_kind_of_call_is_there(calls: list[Call]) -> None:
    kinds = Counter(call.kind for call in calls)
    assert set(kinds) == set(Kind)
    assert kinds[Kind.CLINIC] > kinds[Kind.WEBINAR]
    for call in calls:
        if call.kind in {Kind.CLINIC, Kind.SUPPORT}:
            assert len(call.people) == 2
        if call.kind is Kind.LESSON:
            assert 25 <= len(call.people) <= 31


def test_a_team_meets_every_working_day_in_its_room(calls: list[Call]) -> None:
    first = [call for call in calls if call.room == "standup/0"]
    assert len(first) == 10
    assert len({call.people for call in first}) == 1
    assert all(datetime.fromtimestamp(call.start / 1000, UTC).weekday() < 5 for call in first)


def test_some_calls_go_on_over_midnight_and_none_begins_outside_its_day(calls: list[Call]) -> None:
    over = 0
    for plan in FORTNIGHT:
        begin = datetime(plan.day.year, plan.day.month, plan.day.day, tzinfo=UTC).timestamp() * 1000
        for call in plan:
            assert begin <= call.start < begin + 86_400_000
            over += call.end > begin + 86_400_000
    assert 2 <= over <= len(calls) // 20


def test_people_join_leave_and_come_back(calls: list[Call]) -> None:
    why = Counter(stay.why for call in calls for stay in call.stays)
    assert set(why) == {"over", "left", "dropped"}
    for call in calls:
        for place in range(len(call.people)):
            own = [stay for stay in call.stays if stay.person == place]
            assert own
            assert all(before.end < after.start for before, after in pairwise(own))
            assert all(call.start <= stay.start < stay.end <= call.end for stay in own)
            assert [stay.why for stay in own[:-1]] != ["over"]


def test_a_drop_is_told_and_ends_a_stay(calls: list[Call]) -> None:
    told = [(call, trouble) for call in calls for trouble in call.troubles if trouble.what == "drop"]
    assert len(told) > 5
    for call, trouble in told:
        ends = {stay.end for stay in call.stays if stay.person == trouble.person and stay.why == "dropped"}
        late = trouble.end <= min(stay.start for stay in call.stays if stay.person == trouble.person) + 3000
        assert trouble.end in ends or late


def test_people_come_from_several_countries_with_several_clients(calls: list[Call]) -> None:
    people = {person.id: person for call in calls for person in call.people}.values()
    assert len({person.country for person in people}) >= 6
    assert {person.browser for person in people} == {"Chrome", "Edge", "Firefox", "Safari", None}


def test_versions_grow_over_the_weeks(calls: list[Call]) -> None:
    chrome = next(person for call in calls for person in call.people if person.browser == "Chrome")
    versions = [int(chrome.client(MONDAY + timedelta(weeks=week)).version or 0) for week in range(40)]
    assert versions == sorted(versions)
    # A version every five weeks.
    assert versions[-1] - versions[0] in {7, 8}
    assert str(versions[0]) in chrome.client(MONDAY).user_agent


def test_a_stream_is_told_of_without_gaps_and_only_while_both_are_there(calls: list[Call]) -> None:
    for call in calls[:200]:
        for sent in call.publications:
            assert _whole(sent.stretches, sent.start, sent.end)
            assert _inside(call.stays[sent.stay], sent.start, sent.end)
        for received in call.receptions:
            sent = call.publications[received.publication]
            assert _whole(received.stretches, received.start, received.end)
            assert _inside(call.stays[received.stay], received.start, received.end)
            assert sent.start <= received.start
            assert received.end <= sent.end
            assert call.stays[received.stay].person != call.stays[sent.stay].person


def _whole(stretches: tuple[Stretch, ...], start: int, end: int) -> bool:
    edges = [start, *(each.end for each in stretches)]
    return [each.start for each in stretches] == edges[:-1] and edges[-1] == end


def _inside(stay: Stay, start: int, end: int) -> bool:
    return stay.start <= start < end <= stay.end


def test_a_senders_trouble_is_on_all_that_he_sends_and_a_receivers_on_all_that_he_receives(calls: list[Call]) -> None:
    found = Counter[str]()
    for call in calls:
        for trouble in call.troubles:
            if trouble.what in {"sender_loss", "receiver_loss"}:
                found[trouble.what] += 1
                _shows(call, trouble)
    assert min(found["sender_loss"], found["receiver_loss"]) > 20


def _shows(call: Call, trouble: Trouble) -> None:
    """The trouble's level, or a worse one, wherever its line is used meanwhile."""
    for received in call.receptions:
        sender = call.stays[call.publications[received.publication].stay].person
        receiver = call.stays[received.stay].person
        if (sender if trouble.what == "sender_loss" else receiver) == trouble.person:
            assert all(each.level >= trouble.level for each in received.stretches if _meets(each, trouble))
    if trouble.what == "sender_loss":
        own = [sent for sent in call.publications if call.stays[sent.stay].person == trouble.person]
        assert all(each.level >= trouble.level for sent in own for each in sent.stretches if _meets(each, trouble))


def _meets(stretch: Stretch, trouble: Trouble) -> bool:
    return stretch.start < trouble.end and trouble.start < stretch.end


def test_without_trouble_a_line_stays_fair(calls: list[Call]) -> None:
    quiet = [call for call in calls if not call.troubles]
    assert len(quiet) > 100
    levels = {each.level for call in quiet for received in call.receptions for each in received.stretches}
    assert levels <= {Level.GOOD, Level.FAIR}


def test_the_worse_a_line_the_more_it_loses() -> None:
    means = [sum(each.audio_loss for each in measures(level)) / len(measures(level)) for level in Level]
    good, fair, far, poor, lossy, awful = means
    assert good < 0.002
    assert max(fair, far) < 0.01
    assert 0.015 < poor < lossy
    assert lossy > 0.1
    assert awful > 0.2
    assert all(each.audio_loss >= 0.06 for each in measures(Level.LOSSY))


def test_of_two_lines_the_worse_one_counts() -> None:
    up = [Stretch(0, 60, Level.POOR)]
    down = [Stretch(40, 80, Level.LOSSY), Stretch(70, 75, Level.GOOD, video=False)]
    assert [(each.start, each.end, each.level, each.video) for each in blended(10, 100, up, down)] == [
        (10, 40, Level.POOR, True),
        (40, 60, Level.LOSSY, True),
        (60, 70, Level.LOSSY, True),
        (70, 75, Level.LOSSY, False),
        (75, 80, Level.LOSSY, True),
        (80, 100, Level.GOOD, True),
    ]


def test_a_large_day_needs_no_more_memory_than_a_small_one() -> None:
    small, large = World("tests", MONDAY, 1, 100).day(MONDAY), World("tests", MONDAY, 1, 100_000).day(MONDAY)
    assert len(large) == 100_000
    tracemalloc.start()
    try:
        for number in range(100):
            small[number]
        _, of_small = tracemalloc.get_traced_memory()
        tracemalloc.reset_peak()
        for number in range(0, 100_000, 500):
            large[number]
        _, of_large = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert of_large < of_small * 1.5 + 1_000_000
