"""What is said of a conference: rules on trees made by hand, and calls of which the truth is known."""

from __future__ import annotations

import re
from datetime import date
from random import Random
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harvesters.core.tree import Conference, Entity, Medium, Quality, Row, Stream
from harvesters.quality.verdicts import verdicts
from harvesters.sandbox.world import Call, Level, World
from tests.verdict_calls import (
    BY_ZOOM,
    KINDS,
    NINE,
    Judged,
    Known,
    Truth,
    as_opentok,
    by_opentok,
    judged,
    misses,
    zoom_misses,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from harvesters.core.tree import Issue

MOST_MISSES = 5
"""Of a hundred calls."""
MINUTE = 60_000
BAD, GOOD = Medium(loss_pct=30.0), Medium(loss_pct=0.0)
LOW = Medium(bitrate_kbps=60.0, width=640, height=480, pixels=307_200)
"""A picture with a score of 1.8, without loss or delay."""
PEOPLE = {name: f"{name}-is-personal" for name in ("ann", "bea", "cyd", "dan", "eve")}


# -- trees made by hand -----------------------------------------------------------------------------------


def row(minute: float, medium: Medium, name: str) -> Row:
    fresh = Medium(
        loss_pct=medium.loss_pct,
        bitrate_kbps=medium.bitrate_kbps,
        width=medium.width,
        height=medium.height,
        pixels=medium.pixels,
    )
    return Row(NINE + round(minute * MINUTE), Quality(**{name: fresh}))


def stream(  # noqa: PLR0913 - each is one independent circumstance
    person: str | None,
    peer: str | None,
    poor: tuple[float, float] | None = None,
    *,
    sent: bool = False,
    medium: str = "audio",
    bad: Medium = BAD,
    good: Medium = GOOD,
) -> Stream:
    """Ten minutes with a measurement each half; `poor`: from and to, in minutes, else good throughout."""
    first, last = poor or (99, 0)
    rows = [row(n / 2, bad if first < n / 2 <= last else good, medium) for n in range(1, 21)]
    direction = "sent" if sent else "received"
    fields = {"vconf.stream.direction": direction, "vconf.stream.kind": "camera"}
    key = (str(person), str(peer), direction, medium)
    return Stream(Entity(key, NINE, NINE + 10 * MINUTE, fields), person, peer, rows)


def person(name: str, start: float = 0, end: float = 10, **fields: Any) -> Entity:
    told = {"user.id": PEOPLE.get(name, name), "user.full_name": f"{name} the first", **fields}
    return Entity((name,), NINE + round(start * MINUTE), NINE + round(end * MINUTE), told)


def tree(streams: Sequence[Stream], people: Sequence[str] = tuple(PEOPLE), **more: Entity) -> Conference:
    found = {name: person(name) for name in people} | more
    return Conference(Entity(("c",), NINE, NINE + 10 * MINUTE), found, list(streams))


def mesh(people: Sequence[str], bad: set[tuple[str, str]], at: tuple[float, float] = (2, 6)) -> list[Stream]:
    """Everybody receives all others; `bad`: sender and receiver of what is poor."""
    return [
        stream(receiver, sender, at if (sender, receiver) in bad else None)
        for receiver in people
        for sender in people
        if sender != receiver
    ]


def verdict_of(streams: Sequence[Stream], people: Sequence[str] = tuple(PEOPLE), **more: Entity) -> Judged:
    return judged(tree(streams, people, **more))


def side_of(found: Judged) -> tuple[Any, ...]:
    return (*(found.fields[f"vconf.verdict.{name}"] for name in ("code", "side", "affected", "of")),)


THREE, TWO = ("ann", "bea", "cyd"), ("ann", "bea")


def test_one_sender_towards_several_is_the_senders_side() -> None:
    found = verdict_of(mesh(THREE, {("ann", "bea"), ("ann", "cyd")}), THREE)
    assert side_of(found) == ("sender", "sender", 2, 3)
    assert found.text == (
        "2 of 3 participants received poor audio from 09:02 to 09:06 UTC, by packet loss. It was poor at the one who "
        "sent it: the trouble lay on the sender's side. "
        "How sure: high (6 streams judged, 100 % of their time measured)."
    )
    assert found.fields["vconf.verdict.start"] == "2026-11-20T09:02:00.000Z"
    assert found.fields["vconf.verdict.end"] == "2026-11-20T09:06:00.000Z"


def test_one_receiver_from_several_is_the_receivers_side() -> None:
    found = verdict_of(mesh(THREE, {("ann", "cyd"), ("bea", "cyd")}), THREE)
    assert side_of(found) == ("receiver", "receiver", 1, 3)


def test_most_people_from_several_is_the_servers() -> None:
    everything = {(one, other) for one in THREE for other in THREE}
    assert side_of(verdict_of(mesh(THREE, everything), THREE)) == ("server", "everybody", 3, 3)


def test_one_line_that_is_bad_both_ways_is_not_the_servers() -> None:
    """Four of six streams are poor, and everybody is affected; without Ann nothing would be."""
    ways = {("ann", "bea"), ("ann", "cyd"), ("bea", "ann"), ("cyd", "ann")}
    assert side_of(verdict_of(mesh(THREE, ways), THREE)) == ("own_line", "participant", 3, 3)


def test_between_two_without_a_measurement_at_the_sender_nobody_can_tell() -> None:
    found = verdict_of(mesh(TWO, {("ann", "bea")}), TWO)
    assert side_of(found) == ("unclear_side", None, 1, 2)
    assert "cannot be told" in found.text


@pytest.mark.parametrize(("poor", "side"), [((2, 6), "sender"), (None, "receiver"), ((8, 10), "unclear_side")])
def test_between_two_a_measurement_at_the_sender_tells(poor: tuple[float, float] | None, side: str) -> None:
    """Poor at another time, it tells nothing of this one; that is a trouble of its own."""
    found = verdict_of([*mesh(TWO, {("ann", "bea")}), stream("ann", None, poor, sent=True)], TWO)
    code, also = found.fields["vconf.verdict.code"], found.fields["vconf.verdict.also"]
    assert code == side or (code == "mixed" and side in also)


def test_delay_that_no_sender_measures_is_not_told_by_what_was_sent_well() -> None:
    late = stream("bea", "ann", None)
    late.rows = [Row(each.at, Quality(audio=Medium(loss_pct=0.0, latency_ms=900.0))) for each in late.rows]
    found = verdict_of([late, stream("ann", "bea"), stream("ann", None, sent=True)], TWO)
    assert side_of(found) == ("unclear_side", None, 1, 2)
    assert ", by delay" in found.text


def test_without_peers_a_poor_sender_at_the_same_time_explains_who_received_poorly() -> None:
    heard = [stream(each, None, (2, 6) if each != "ann" else None) for each in THREE]
    sent = [stream(each, None, (2, 6) if each == "ann" else None, sent=True) for each in THREE]
    assert side_of(verdict_of([*heard, *sent], THREE)) == ("sender", "sender", 2, 3)


def test_without_peers_one_poor_receiver_of_what_was_sent_well_is_the_receivers_side() -> None:
    heard = [stream(each, None, (2, 6) if each == "ann" else None) for each in THREE]
    assert side_of(verdict_of(heard, THREE)) == ("unclear_side", None, 1, 3)
    heard = [stream(each, None, (2, 6) if each == "ann" else None) for each in THREE]
    sent = [stream(each, None, sent=True) for each in THREE]
    assert side_of(verdict_of([*heard, *sent], THREE)) == ("receiver", "receiver", 1, 3)


def test_without_peers_everybody_at_once_is_the_servers() -> None:
    heard = [stream(each, None, (2, 6)) for each in THREE]
    sent = [stream(each, None, sent=True) for each in THREE]
    assert side_of(verdict_of([*heard, *sent], THREE)) == ("server", "everybody", 3, 3)


def test_a_presenter_who_is_poor_for_all_is_the_sender_unless_it_was_sent_well() -> None:
    audience = [stream(each, "ann", (2, 6)) for each in PEOPLE if each != "ann"]
    assert side_of(verdict_of(audience)) == ("sender", "sender", 4, 4)
    audience = [stream(each, "ann", (2, 6)) for each in PEOPLE if each != "ann"]
    assert side_of(verdict_of([*audience, stream("ann", None, sent=True)])) == ("server", "everybody", 4, 4)


def test_what_was_sent_from_one_to_another_is_measured_between_them() -> None:
    """Peer to peer: the sender's own statistics are of the way to one receiver."""
    streams = [stream(one, other, (2, 6) if one == "ann" else None, sent=True) for one in THREE for other in THREE]
    found = verdict_of([each for each in streams if each.participant != each.peer], THREE)
    assert side_of(found) == ("sender", "sender", 2, 3)


def test_two_troubles_that_coincide_are_both_told_the_longer_one_first() -> None:
    calls = mesh(tuple(PEOPLE), {("ann", each) for each in PEOPLE}, (1, 9))
    calls = [each for each in calls if each.participant != "eve"]
    calls += [stream("eve", each, (2, 5)) for each in ("bea", "cyd", "dan")]
    found = verdict_of(calls)
    assert side_of(found) == ("mixed", "sender", 4, 5)
    assert found.fields["vconf.verdict.also"] == ["sender", "receiver"]
    assert found.text.index("sender's side") < found.text.index("receiver's side")


def test_half_a_minute_is_a_short_burst() -> None:
    found = verdict_of(mesh(THREE, {("ann", "bea")}, (2, 2.5)), THREE)
    assert side_of(found) == ("short_burst", None, 1, 3)
    assert not found.issues
    assert "from 09:02 to 09:02" not in found.text
    assert "at 09:02 UTC" in found.text


def test_nothing_poor_is_fine_and_nothing_scored_is_no_data() -> None:
    assert side_of(verdict_of(mesh(THREE, set()), THREE)) == ("fine", None, 0, 3)
    found = verdict_of([])
    assert side_of(found) == ("no_data", None, 0, 0)
    assert found.fields["vconf.verdict.sure"] == "low"


def test_nothing_but_screens() -> None:
    shown = [stream(each, "ann", medium="screen") for each in ("bea", "cyd")]
    assert side_of(verdict_of(shown)) == ("screen_only", None, 0, 0)


def test_a_low_bitrate_without_loss_or_delay_is_the_senders_choice_or_line() -> None:
    seen = [stream(each, "ann", (0, 10), medium="video", bad=LOW) for each in ("bea", "cyd")]
    found = verdict_of([*seen, *mesh(THREE, set())], THREE)
    assert side_of(found) == ("low_bitrate", "sender", 2, 3)
    assert {
        (each.entity.fields["vconf.issue.code"], each.entity.fields["vconf.issue.severity"]) for each in found.issues
    } == {("low_bitrate_received", "info")}


def test_a_low_bitrate_beside_does_not_say_whose_side_the_rest_was() -> None:
    seen = [stream("bea", "ann", (0, 10), medium="video", bad=LOW)]
    found = verdict_of([*seen, *mesh(TWO, {("ann", "bea")})], TWO)
    assert side_of(found) == ("unclear_side", None, 1, 2)
    assert found.fields["vconf.verdict.also"] == ["low_bitrate"]


def test_who_is_cut_off_or_comes_back_is_told_also_beside_worse() -> None:
    again = {"bea2": person("bea", 6.5, 10), "bea": person("bea", 0, 6, **{"vconf.participant.dropped": True})}
    found = verdict_of(mesh(THREE, set()), THREE, **again)
    assert side_of(found) == ("drops", None, 1, 3)
    assert found.fields["vconf.verdict.also"] == ["rejoins"]
    assert found.text.startswith("1 of 3 participants was cut off at 09:06 UTC. 1 of 3 participants left and came back")
    worse = verdict_of(mesh(THREE, {("ann", "bea"), ("ann", "cyd")}), THREE, **again)
    assert (worse.fields["vconf.verdict.code"], worse.fields["vconf.verdict.also"]) == ("sender", ["drops", "rejoins"])


def test_who_only_came_back_rejoins() -> None:
    found = verdict_of(mesh(THREE, set()), THREE, bea=person("bea", 0, 6), bea2=person("bea", 6.5, 10))
    assert side_of(found) == ("rejoins", None, 1, 3)


def test_little_that_was_measured_is_little_to_be_sure_of() -> None:
    once = stream("bea", "ann")
    once.rows = list(once.rows)[:4]
    found = verdict_of([once], TWO)
    assert (found.fields["vconf.verdict.sure"], side_of(found)) == ("low", ("fine", None, 0, 1))
    assert found.text == (
        "Nothing was poor for any of the 1 participant who could be judged. "
        "How sure: low (1 stream judged, 20 % of their time measured)."
    )


def test_a_trouble_over_midnight_has_its_days() -> None:
    late = stream("bea", "ann", (0, 10))
    late.entity.at, late.entity.end = NINE + 895 * MINUTE, NINE + 905 * MINUTE
    late.rows = [Row(each.at + 895 * MINUTE, each.quality) for each in late.rows]
    assert "from 2026-11-20 23:55 to 2026-11-21 00:05 UTC" in verdict_of([late], TWO).text


# -- issues -----------------------------------------------------------------------------------------------


def by_code(issues: Sequence[Issue]) -> dict[str, Issue]:
    return {each.entity.fields["vconf.issue.code"]: each for each in issues}


def test_each_stream_that_was_poor_is_an_issue_of_whom_it_befell() -> None:
    found = verdict_of([*mesh(TWO, {("ann", "bea")}), stream("ann", None, (2, 3), sent=True)], TWO).issues
    issues = by_code(found)
    assert len(issues) == len(found) == 2
    received = issues["poor_audio_received"]
    assert received.participant == "bea"
    assert received.entity.key == ("rule", "poor_audio_received", "bea", "ann", "received", "audio")
    assert (received.entity.at, received.entity.end) == (NINE + 2 * MINUTE, NINE + 6 * MINUTE)
    # 240 of 600 s, of which 60 are noticed.
    told = {name.removeprefix("vconf.issue."): value for name, value in received.entity.fields.items()}
    assert told == {
        "code": "poor_audio_received",
        "source": "rule",
        "severity": "error",
        "subject": "audio",
        "value": 40.0,
        "limit": 10.0,
        "explanation": "Audio received was poor for 240 of 600 seconds, by packet loss.",
    }
    # A minute of ten: the stream is not poor as a whole, and 60 of 600 s are the limit.
    sent = issues["poor_audio_sent"].entity.fields
    assert (sent["vconf.issue.severity"], sent["vconf.issue.value"], sent["vconf.issue.limit"]) == (
        "warning",
        10.0,
        10.0,
    )


def test_each_drop_is_an_issue_at_its_end() -> None:
    (found,) = verdict_of([], bea=person("bea", 0, 6, **{"vconf.participant.dropped": True})).issues
    assert (found.participant, found.entity.at, found.entity.end) == ("bea", NINE + 6 * MINUTE, None)
    assert found.entity.key == ("rule", "dropped", "bea")
    assert found.entity.fields["vconf.issue.severity"] == "error"


# -- laws -------------------------------------------------------------------------------------------------

SPANS = st.none() | st.tuples(st.integers(0, 9), st.integers(1, 5)).map(lambda pair: (pair[0], pair[0] + pair[1]))
ENDS = st.sampled_from([*PEOPLE, "a stranger", None])
STREAMS = st.lists(
    st.tuples(ENDS, ENDS, SPANS, st.booleans(), st.sampled_from(["audio", "video", "screen"])), max_size=12
)
WORDS = re.compile(r"[A-Za-z0-9 .,:;%()'-]+")


def any_streams(told: Sequence[tuple[Any, ...]]) -> list[Stream]:
    made = [
        stream(one, other, poor, sent=sent, medium=medium, bad=LOW if medium == "video" else BAD)
        for one, other, poor, sent, medium in told
    ]
    for number, each in enumerate(made):
        each.entity.key = (str(number), *each.entity.key)
    return made


@given(STREAMS, st.sets(st.sampled_from(list(PEOPLE))))
def test_there_is_always_a_code_and_never_a_name(told: Sequence[tuple[Any, ...]], dropped: set[str]) -> None:
    people = {name: person(name, **{"vconf.participant.dropped": name in dropped}) for name in PEOPLE}
    found = verdict_of(any_streams(told), (), **people)
    assert found.fields["vconf.verdict.code"] in {rule.code for rule in verdicts().rules}
    assert found.fields["vconf.verdict.affected"] >= 0
    said = [found.text, *(each.entity.fields["vconf.issue.explanation"] for each in found.issues)]
    for text in said:
        assert WORDS.fullmatch(text)
        assert not [name for name in (*PEOPLE, *PEOPLE.values(), "a stranger") if name in text.split()]
    assert len({each.entity.key for each in found.issues}) == len(found.issues)


@given(STREAMS, st.randoms(use_true_random=False))
def test_the_order_of_streams_decides_nothing(told: Sequence[tuple[Any, ...]], random: Random) -> None:
    one, other = any_streams(told), any_streams(told)
    random.shuffle(other)
    first, second = verdict_of(one), verdict_of(other)
    names = [name for name in first.fields if name.startswith("vconf.verdict.")]
    assert {name: first.fields[name] for name in names} == {name: second.fields[name] for name in names}
    assert {each.entity.key for each in first.issues} == {each.entity.key for each in second.issues}


def test_every_rule_has_a_code_of_its_own_and_the_last_one_always_holds() -> None:
    rules = verdicts().rules
    assert len({rule.code for rule in rules}) == len(rules)
    assert rules[-1].holds({})
    assert {code for rule in rules for code in rule.instead} <= {rule.code for rule in rules}


# -- calls whose truth is known ---------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_opentok_calls_of_each_kind(kind: str) -> None:
    missed = list(misses(kind))
    assert len(missed) <= MOST_MISSES, "\n".join(missed)


@pytest.mark.parametrize("kind", BY_ZOOM)
def test_zoom_calls_of_each_kind(kind: str) -> None:
    missed = list(zoom_misses(kind))
    assert len(missed) <= MOST_MISSES, "\n".join(missed)


def heard_badly(call: Call) -> bool:
    """Whether the only trouble reached anybody for at least three minutes."""
    trouble = call.troubles[0]
    return (
        any(
            each.level >= Level.LOSSY and each.end - each.start >= 3 * MINUTE
            for received in call.receptions
            for each in received.stretches
        )
        and all(one.line <= Level.FAIR for one in call.people)
        and trouble.what in {"sender_loss", "receiver_loss"}
    )


def of_the_world() -> Iterator[tuple[str, Call]]:
    for plan in World("verdict", date(2026, 11, 9), 4, 250):
        for call in plan:
            if len(call.people) <= 12 and len(call.troubles) == 1 and heard_badly(call):
                yield f"{plan.day}/{call.number}", call


def test_calls_of_the_world_with_one_trouble() -> None:
    """Nearly always the side, and never the other one."""
    found = [
        (by_opentok(Known(call, Truth("", 0)), seed, "unknown"), call.troubles[0].what.removesuffix("_loss"), seed)
        for seed, call in of_the_world()
    ]
    missed = [f"{seed}: {side}, {each.text}" for each, side, seed in found if each.fields["vconf.verdict.code"] != side]
    assert len(found) > 50
    assert len(missed) <= len(found) * MOST_MISSES / 100, "\n".join(missed)


def test_no_call_tells_of_a_person() -> None:
    for number, (kind, make) in enumerate(KINDS.items()):
        known = make(Random(f"personal {kind}"))
        found = by_opentok(known, str(number), "kbyte")
        personal = {value for each in found.tree.participants.values() for value in each.fields.values() if value}
        assert not [value for value in personal if str(value) in found.text.replace(".", " ").split()]
        assert len(as_opentok(known, str(number)).key) == 3
