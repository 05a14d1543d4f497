"""Which members are filled: how they are counted in parts, kept in the manifest, compared with the days before."""

from collections.abc import Sequence
from pathlib import Path
from random import Random

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harvesters.core.anomaly import Anomaly
from harvesters.core.drift import drift
from harvesters.core.filled import MOST_MEMBERS, Filled, Look, add_all, in_order
from harvesters.core.manifest import Manifest, read_manifest, write_manifest
from harvesters.core.source import Part


def part(kind: str, head: str, *rows: str) -> Part:
    return Part(kind, head.encode(), f"[{','.join(rows)}]".encode(), len(rows))


def seen(*parts: Part) -> dict[str, Filled]:
    look = Look()
    assert list(look.over(parts)) == list(parts)
    return look.found()


# -- what is counted ---------------------------------------------------------------------------------------


def test_members_of_heads_and_of_first_rows_are_counted_where_they_are_filled() -> None:
    found = seen(
        part("meeting", '{"topic": "", "id": 7, "dept": null}', '{"join_time": "t", "email": ""}', '{"email": "a@b"}'),
        part("qos", '{"user": "u", "list": [], "about": {}, "none": 0, "no": false}'),
        part("qos", '{"user": "v"}', '{"audio": {"loss": "0%"}, "video": null}'),
    )
    assert found == {
        "meeting": Filled(1, 1, {"id": 1, "[]": 1}),
        "meeting[]": Filled(1, 1, {"join_time": 1}),
        "qos": Filled(2, 1, {"user": 2, "none": 1, "no": 1, "[]": 1}),
        "qos[]": Filled(1, 1, {"audio": 1}),
    }


def test_it_is_not_seen_where_a_thing_s_rows_were_cut() -> None:
    head, rows = '{"id": 1}', ['{"a": 1}', '{"b": 1}', '{"a": 1}']
    whole = seen(part("stream", head, *rows))
    assert seen(part("stream", head), part("stream", head, rows[0]), part("stream", head, *rows[1:])) == whole


@pytest.mark.parametrize("head", [b"null", b"7", b"[1]", b'{"a"', b'{"a": ' + b"[" * 2_000, b"\xff"])
def test_what_is_no_object_is_not_counted(head: bytes) -> None:
    assert seen(Part("stream", head, b"[" + head + b"]", 1)) == {}
    assert seen(part("stream", "{}"), Part("stream", b"{}", head, 1)) == {"stream": Filled(1, 1, {"[]": 1})}


def test_names_are_cut_and_made_fit_for_a_file() -> None:
    found = seen(part("stream", "{}", f'{{"{"x" * 70}": 1, "a\\ud800": 1}}'))
    assert found["stream[]"].members == {"x" * 60: 1, "a?": 1}
    assert msgspec.json.decode(msgspec.json.encode(found), type=dict[str, Filled]) == found


def test_there_is_a_limit_to_the_names() -> None:
    def of(record: int) -> dict[str, Filled]:
        names = [f"{record}-{number}" for number in range(150)]
        return seen(part("custom", "{" + ",".join(f'"{name}": 1' for name in names) + "}"))

    total: dict[str, Filled] = {}
    for record in range(3):
        add_all(total, of(record))
    assert total["custom"].things == 3
    assert len(total["custom"].members) == MOST_MEMBERS == 200


records = st.lists(st.dictionaries(st.sampled_from("abc"), st.sampled_from([None, "", 0, "x"])), max_size=6)


@given(records, st.randoms(use_true_random=False))
def test_records_add_up_in_any_order(heads: list[dict[str, object]], random: Random) -> None:
    def total(some: Sequence[dict[str, object]]) -> dict[str, Filled]:
        found: dict[str, Filled] = {}
        for head in some:
            add_all(found, seen(Part("thing", msgspec.json.encode(head), b"[]", 0)))
        return in_order(found)

    shuffled = list(heads)
    random.shuffle(shuffled)
    assert msgspec.json.encode(total(shuffled)) == msgspec.json.encode(total(heads))
    expected = {name: sum(each.get(name) in (0, "x") for each in heads) for name in "abc"}
    counted = total(heads).get("thing", Filled())
    assert counted == Filled(len(heads), len(heads), {name: number for name, number in expected.items() if number})


# -- in the manifest ---------------------------------------------------------------------------------------


def test_the_manifest_keeps_them_and_without_them_is_what_it_was(tmp_path: Path) -> None:
    path = tmp_path / "m.json"
    write_manifest(path, Manifest("zoom", "a", "2026-11-18"))
    assert b"filled" not in path.read_bytes()
    before = read_manifest(path)
    assert before is not None
    assert before.filled == {}
    before.filled = {"qos": Filled(3, 2, {"records": 3, "members": 1}), "qos[]": Filled()}
    write_manifest(path, before)
    assert read_manifest(path) == before


# -- the comparison ----------------------------------------------------------------------------------------


def day(things: int = 20, records: int = 10, **members: int) -> dict[str, Filled]:
    return {"meeting[]": Filled(things, records, members)}


USUAL = [day(name=20, join_time=20)] * 8


def found(today: dict[str, Filled], before: Sequence[dict[str, Filled]]) -> list[tuple[str, str]]:
    return [(each.code, each.subject) for each in drift(today, before)]


def test_a_member_that_is_blank_everywhere_vanished() -> None:
    """As Zoom's times of joining were, for weeks: jrchamp/moodle-mod_zoom#239."""
    (anomaly,) = drift(day(name=20), USUAL)
    assert anomaly == Anomaly(
        "member_vanished",
        "meeting[].join_time",
        "the vendor left meeting[].join_time empty or out in all of 20 answers, and filled it in all on each of 8 days "
        "before: what rests on it is missing in this day's documents; ask the vendor, and fetch the day with --again "
        "once it is back.",
        0.0,
        100.0,
    )


def test_one_that_is_filled_once_did_not() -> None:
    assert found(day(name=20, join_time=1), USUAL) == []


def test_a_member_that_nobody_knew_appeared_where_it_is_filled_in_a_fifth() -> None:
    (anomaly,) = drift(day(name=20, join_time=20, region=4), USUAL)
    assert anomaly == Anomaly(
        "member_appeared",
        "meeting[].region",
        "the vendor filled meeting[].region in 20% of 20 answers, and on none of 8 days before: look into the vendor's "
        "changes whether it means something to you.",
        20.0,
        0.0,
    )
    assert found(day(name=20, join_time=20, region=3), USUAL) == []


def test_rows_themselves_may_vanish() -> None:
    before = [{"qos": Filled(20, 10, {"id": 20, "[]": 18}), "qos[]": Filled(18, 10, {"audio": 18})}] * 4
    assert found({"qos": Filled(20, 10, {"id": 20})}, before) == [("member_vanished", "qos[]")]


@pytest.mark.parametrize(
    ("today", "before"),
    [
        (day(things=9, name=9), USUAL),
        (day(records=4, name=20), USUAL),
        (day(name=20), USUAL[:3]),
        (day(name=20), [*USUAL[:3], *[day(things=4, name=4, join_time=4)] * 5]),
        (day(name=20), [*USUAL[:7], day(name=20, join_time=3)]),
        (day(name=20), []),
        ({}, USUAL),
    ],
    ids=["few things", "few calls", "three days", "days of few things", "a day when it was rare", "no days", "nothing"],
)
def test_too_little_tells_nothing(today: dict[str, Filled], before: Sequence[dict[str, Filled]]) -> None:
    assert found(today, before) == []


def test_how_many_must_be_blank_depends_on_how_usual_the_member_is() -> None:
    """Half of them: 0.5 ** 10 is less than a thousandth. A fifth: 0.8 ** 30 is not, 0.8 ** 31 is."""
    assert "filled it in 50% or more on each of 4 days" in next(drift(day(things=10), [day(things=20, x=10)] * 4)).text
    half, fifth = [day(things=20, x=10)] * 4, [day(things=20, x=4)] * 4
    assert [found(day(things=each), half) != [] for each in (9, 10)] == [False, True]
    assert [found(day(things=each), fifth) != [] for each in (30, 31)] == [False, True]


def test_members_whose_names_are_the_users_own_are_left_out() -> None:
    names = {f"n{number}": 20 for number in range(MOST_MEMBERS)}
    assert found(day(**names), USUAL) == []
    assert found(day(name=20), [*USUAL[:7], {"meeting[]": Filled(20, 10, names)}]) == []


def test_a_name_that_would_move_the_cursor_is_written_out() -> None:
    (anomaly,) = drift({"k": Filled(20, 10, {"\x1b[2J": 20})}, [{"k": Filled(20, 10)}] * 4)
    assert anomaly.subject == "k.\x1b[2J"
    assert "'k.\\x1b[2J'" in anomaly.text
    assert anomaly.text.isprintable()


kinds = st.dictionaries(
    st.sampled_from("pq"),
    st.builds(
        lambda things, records, members: Filled(
            things, min(things, records), {name: min(things, number) for name, number in members.items()}
        ),
        st.integers(1, 60),
        st.integers(1, 60),
        st.dictionaries(st.sampled_from("abc"), st.integers(1, 60)),
    ),
)


@given(kinds, st.integers(0, 8))
def test_what_never_changes_is_no_drift(today: dict[str, Filled], days: int) -> None:
    assert found(today, [today] * days) == []


@given(kinds, st.lists(kinds, max_size=8).flatmap(lambda each: st.tuples(st.just(each), st.permutations(each))))
def test_the_order_of_the_days_means_nothing(
    today: dict[str, Filled], both: tuple[list[dict[str, Filled]], list[dict[str, Filled]]]
) -> None:
    assert list(drift(today, both[0])) == list(drift(today, both[1]))
