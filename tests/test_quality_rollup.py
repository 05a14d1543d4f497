"""From measurements to streams, people and conferences (reference "Quality metrics", section 7)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harvesters.core.spans import settle
from harvesters.core.tree import Conference, Entity, Interval, Machine, Medium, Quality, Row, Stream
from harvesters.quality.assessment import QualityAssessment
from harvesters.quality.measured import Taken, nearest_rank
from harvesters.quality.rollup import Rolled, worst
from harvesters.quality.scoring import Judge
from harvesters.quality.thresholds import thresholds

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

JUDGE = Judge(thresholds())
BAD = Medium(loss_pct=30.0)
"""A MOS of 2.0: 95 x 30 / 50 = 57 is taken off 92.72."""
FINE = Medium(loss_pct=0.0)


def rolled(
    media: Sequence[Medium], seconds: Sequence[float], packets: Sequence[float | None] = (), score: str = "mos"
) -> Rolled:
    at = [round(1000 * sum(seconds[: number + 1])) for number in range(len(media))]
    return Taken(media, at, seconds, packets or [None] * len(media)).rolled(score, thresholds())


def of_scores(*pairs: tuple[float, float | None]) -> Rolled:
    """A stream's audio of these scores, each for so many seconds."""
    media = [
        Medium(mos=mos, label="unknown" if mos is None else "poor" if mos < 3 else "good", poor_due_to=("loss",))
        if mos is None or mos < 3
        else Medium(mos=mos, label="good")
        for _, mos in pairs
    ]
    return rolled(media, [seconds for seconds, _ in pairs])


def test_scores_are_averaged_by_seconds() -> None:
    """(10 x 4.2 + 10 x 2.5 + 40 x 4.3) / 60 = 239 / 60."""
    found = of_scores((10, 4.2), (10, 2.5), (40, 4.3))
    assert found.score
    assert found.score.mean == 3.9833
    assert (found.samples, found.scored_s, found.poor_s, found.poor_pct) == (3, 60, 10, 16.6667)
    assert (found.score.tail, found.score.low) == (2.5, 2.5)


def test_scores_are_averaged_and_not_what_they_are_made_from() -> None:
    """A2 and A8: the mean of the two MOS is 2.97, that of the two R would give 3.12."""
    found = of_scores((30, 4.3797), (30, 1.5691))
    assert found.score
    assert found.score.mean == pytest.approx(2.9744, abs=0.0001)


@pytest.mark.parametrize(
    ("pairs", "label"),
    [
        ([(10, 4.2), (10, 4.2)], "unknown"),
        ([(10, 4.2), (10, 4.2), (1, 4.2)], "good"),
        ([(15, 4.2), (15, 4.2)], "good"),
        ([(60, 3.0), (60, 4.9)], "fair"),
        ([(30, 2.9), (120, 4.4)], "poor"),
        ([(29, 2.9), (100, 4.4)], "good"),
        ([(30, 2.9), (121, 4.4)], "good"),
        ([(60, None)], "unknown"),
    ],
    ids=["short", "three", "half a minute", "the mean", "long poor", "not so long", "not so large", "no score"],
)
def test_a_streams_label(pairs: list[tuple[float, float | None]], label: str) -> None:
    assert of_scores(*pairs).label == ("fair" if label == "fair" else label)


def percentile(values: Sequence[float], weights: Sequence[float], share: float) -> float:
    order = sorted(range(len(values)), key=values.__getitem__)
    return values[nearest_rank(order, weights, share, sum(weights))]


def test_the_nearest_rank_is_counted_in_seconds() -> None:
    assert percentile([1.0, 2.0, 3.0], [10, 10, 80], 0.10) == 1.0
    assert percentile([3.0, 1.0, 2.0], [80, 10, 10], 0.11) == 2.0
    assert percentile(list(map(float, range(1, 101))), [1.0] * 100, 0.95) == 95.0
    assert percentile([50.0] * 9 + [4550.0], [1.0] * 10, 0.95) == 4550.0


@given(st.lists(st.tuples(st.floats(0, 1e4), st.floats(0.1, 60)), min_size=1), st.floats(0.01, 1))
def test_a_percentile_is_one_of_the_values_and_not_exceeded_for_that_share(
    pairs: list[tuple[float, float]], share: float
) -> None:
    values, weights = [value for value, _ in pairs], [weight for _, weight in pairs]
    found = percentile(values, weights, share)
    assert found in values
    upto = sum(weight for value, weight in pairs if value <= found)
    below = sum(weight for value, weight in pairs if value < found)
    assert upto >= share * sum(weights) * (1 - 1e-9)
    assert below <= share * sum(weights) * (1 + 1e-9)


def test_loss_is_that_of_all_packets_where_they_were_counted() -> None:
    """4 of 400 and 90 of 900 lost are 94 of 1,300; by seconds it would be 5.5 %."""
    media = [Medium(loss_pct=1.0), Medium(loss_pct=10.0)]
    found = rolled(media, [10, 10], [400, 900])
    assert found.block("mos")["loss_pct"] == {"avg": round(100 * 94 / 1300, 4), "p95": 10.0, "max": 10.0}
    assert rolled(media, [10, 10]).metrics["loss_pct"].mean == 5.5


def test_what_nobody_measured_is_absent_and_never_nothing() -> None:
    block = rolled([Medium(rtt_ms=20.0), Medium()], [10, 10]).block("mos")
    assert block == {
        "label": "unknown",
        "samples": 0,
        "scored_s": 0.0,
        "rtt_ms": {"avg": 20.0, "p95": 20.0, "max": 20.0},
    }


def test_a_picture_is_as_large_as_it_was_for_longest() -> None:
    small, large = ({"width": 4 * n, "height": 3 * n, "pixels": 12 * n * n} for n in (80, 160))
    media = [Medium(**small), Medium(**large), Medium(), Medium(**small)]  # type: ignore[arg-type]
    assert rolled(media, [10, 25, 90, 10], score="score").size == (640, 480, 307_200)


@pytest.mark.parametrize(
    ("labels", "found"),
    [([], "unknown"), (["unknown", "good"], "good"), (["good", "poor", "fair"], "poor"), (["unknown"], "unknown")],
)
def test_unknown_takes_no_part_unless_there_is_nothing_else(labels: list[str], found: str) -> None:
    assert worst(labels) == found


# -- a whole record ---------------------------------------------------------------------------------------


def rows(*media: Medium, every_s: float = 30, told: bool = False) -> list[Row]:
    machine = Machine(sample=Interval(every_s)) if told else None
    return [
        Row(round((number + 1) * every_s * 1000), Quality(audio=Medium(loss_pct=each.loss_pct)), machine=machine)
        for number, each in enumerate(media)
    ]


def stream(name: str, person: str, measured: Iterable[Row], *, sent: bool = False, end_s: float = 600) -> Stream:
    direction = "sent" if sent else "received"
    entity = Entity((name,), 0, round(end_s * 1000), {"vconf.stream.direction": direction, "vconf.stream.kind": "mic"})
    return Stream(entity, person, None, measured)


def tree(*streams: Stream, people: str = "ab") -> Conference:
    found = {name: Entity((name,), 0, 600_000, {"user.id": name}) for name in people}
    return Conference(Entity(("c",), 0, 600_000), found, streams)


def assessed(of: Conference, nominal_s: float = 30) -> tuple[QualityAssessment, list[dict[str, Any]]]:
    """The assessment of a tree that was walked, and what its streams came to."""
    assessment = QualityAssessment(of, JUDGE, nominal_s)
    found = []
    for each in of.streams:
        settle(each.entity, of.conference, 0)
        assert list(assessment.rows(each)) is not None
        found.append(dict(assessment.stream(each)))
    return assessment, found


def test_a_stream_has_the_model_and_its_roll_up() -> None:
    _, (found,) = assessed(tree(stream("s", "a", rows(FINE, FINE, FINE, BAD))))
    assert found["vconf.quality.model"] == "vq-1"
    assert found["vconf.quality.profile"] == "default"
    audio = found["vconf.quality.audio"]
    # 92.72 - 57 = 35.72 gives 1 + 0.035 x 35.72 + 35.72 x (35.72 - 60) x (100 - 35.72) x 7e-6 = 1.86.
    assert audio["mos"]["min"] == pytest.approx(1.86, abs=0.001)
    assert (audio["samples"], audio["scored_s"], audio["poor_s"], audio["poor_pct"]) == (4, 120, 30, 25)
    assert (audio["label"], audio["poor_due_to"]) == ("poor", ["loss"])
    assert audio["loss_pct"] == {"avg": 7.5, "p95": 30.0, "max": 30.0}


def test_a_measurement_stands_for_the_time_since_the_one_before_and_no_longer_than_five_intervals() -> None:
    late = [Row(at * 1000, Quality(audio=Medium(loss_pct=loss))) for at, loss in ((30, 0.0), (50, 1.0), (2050, 2.0))]
    _, (found,) = assessed(tree(stream("s", "a", late, end_s=2100)))
    assert found["vconf.quality.audio"]["scored_s"] == 30 + 20 + 150
    assert found["vconf.quality.audio"]["loss_pct"]["avg"] == round((20 * 1 + 150 * 2) / 200, 4)


def test_a_measurement_that_says_how_long_it_stands_for_weighs_that() -> None:
    _, (found,) = assessed(tree(stream("s", "a", rows(FINE, BAD, every_s=10, told=True))), nominal_s=10)
    assert found["vconf.quality.audio"]["scored_s"] == 20


def test_measurements_that_are_but_a_summary_count_and_are_not_given() -> None:
    summed = stream("s", "a", ())
    summed.summary = rows(FINE, FINE, FINE)
    assessment = QualityAssessment(tree(summed), JUDGE, 30)
    assert list(assessment.rows(summed)) == []
    assert assessment.stream(summed)["vconf.quality.audio"]["samples"] == 3


def test_one_bad_sender_does_not_make_a_bad_network_of_those_who_hear_him() -> None:
    assessment, _ = assessed(tree(stream("s", "a", rows(*[BAD] * 4), sent=True), stream("r", "b", rows(*[FINE] * 4))))
    sender, listener = assessment.participant("a"), assessment.participant("b")
    assert sender["vconf.quality.sent.audio"]["label"] == "poor"
    assert "vconf.quality.received.audio" not in sender
    assert listener["vconf.quality.received.audio"]["label"] == "good"
    assert assessment.conference()["vconf.poor_participants_pct"] == 0.0


def test_a_participants_label_is_the_worst_of_the_streams_that_lasted() -> None:
    short = stream("x", "a", rows(*[BAD] * 3, every_s=9), end_s=29)
    assessment, _ = assessed(tree(stream("r", "a", rows(*[FINE] * 4)), short, stream("q", "b", rows(*[BAD] * 4))))
    received = assessment.participant("a")["vconf.quality.received.audio"]
    assert received["label"] == "good"
    assert (received["samples"], received["scored_s"]) == (7, 120 + 27)
    assert assessment.conference()["vconf.poor_participants_pct"] == 50.0


def test_people_and_conferences_have_means_by_seconds_and_no_percentiles() -> None:
    """(120 x 0 + 60 x 30) / 180 = 10."""
    assessment, _ = assessed(tree(stream("r", "a", rows(*[FINE] * 4)), stream("q", "b", rows(*[BAD] * 2))))
    whole = assessment.conference()["vconf.quality.received.audio"]
    assert whole["loss_pct"] == {"avg": 10.0, "max": 30.0}
    assert set(whole["mos"]) == {"avg", "min"}
    assert "label" not in whole


def test_a_conference_is_told_by_who_was_there() -> None:
    of = tree(stream("r", "a", rows(FINE)), stream("s", "b", (), sent=True, end_s=300), people="abc")
    of.participants["c"] = Entity(("c",), 600_000, 1_200_000, {"user.id": "a", "vconf.participant.dropped": True})
    assessment, _ = assessed(of)
    found = assessment.conference()
    assert {
        name: value for name, value in found.items() if not name.startswith(("vconf.quality", "vconf.verdict"))
    } == {
        "vconf.participants.unique": 2,
        "vconf.participants.peak": 2,
        "vconf.minutes.participant": 30.0,
        "vconf.minutes.attendance": 30.0,
        "vconf.minutes.published": 5.0,
        "vconf.minutes.subscribed": 10.0,
        "vconf.rejoins": 1,
        "vconf.drops": 1,
        "vconf.streams.relayed_pct": None,
        "vconf.streams.tcp_pct": None,
        "vconf.poor_participants_pct": 0.0,
    }
    assert assessment.shared() == {"vconf.conference.size_class": "pair"}
    assert (assessment.participant("c")["vconf.participant.rejoin"], assessment.rejoin_of("c")) == (True, "a")


def test_a_conference_without_details_has_no_people_to_count() -> None:
    of = tree()
    assert of.conference
    of.conference.flags.add("details_missing")
    assert "vconf.participants.unique" not in QualityAssessment(of, JUDGE, 30).conference()


def test_shares_are_of_the_streams_of_which_it_is_known() -> None:
    streams = [stream(name, "a", ()) for name in "wxyz"]
    for each, transport, relayed in zip(streams, ("udp", "tcp", None, "udp"), (True, True, None, False), strict=True):
        each.entity.fields |= {"network.transport": transport, "vconf.network.relayed": relayed}
    found = assessed(tree(*streams))[0].conference()
    assert found["vconf.streams.relayed_pct"] == pytest.approx(66.6667)
    assert found["vconf.streams.tcp_pct"] == pytest.approx(33.3333)


LOSSES = st.lists(st.none() | st.floats(0, 100), max_size=30)


@given(LOSSES, st.integers(0, 30))
def test_wherever_rows_are_cut_the_roll_up_is_the_same(losses: Sequence[float | None], cut: int) -> None:
    """As parts of a record are read one after the other: what comes of it does not depend on where one ends."""
    whole = rows(*(Medium(loss_pct=each) for each in losses))
    again = rows(*(Medium(loss_pct=each) for each in losses))
    pieces = (row for piece in (again[:cut], again[cut:]) for row in piece)
    assert assessed(tree(stream("s", "a", whole)))[1] == assessed(tree(stream("s", "a", pieces)))[1]


@given(LOSSES.filter(any), st.floats(0, 50))
def test_more_loss_never_makes_a_stream_better(losses: Sequence[float | None], more: float) -> None:
    worse = [None if each is None else min(100.0, each + more) for each in losses]
    (before,), (after,) = (
        assessed(tree(stream("s", "a", rows(*(Medium(loss_pct=each) for each in some)))))[1] for some in (losses, worse)
    )
    one, other = before["vconf.quality.audio"], after["vconf.quality.audio"]
    assert other["mos"]["avg"] <= one["mos"]["avg"]
    assert other["poor_s"] >= one["poor_s"]
    order = {"unknown": 0, "good": 1, "fair": 2, "poor": 3}
    assert order[other["label"]] >= order[one["label"]]
