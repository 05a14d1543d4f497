"""Taking somebody out of a record: laws that hold for every record, and the cases that were thought of."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Sequence
from datetime import UTC, datetime
from io import BytesIO
from typing import Any, Literal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from harvesters.core.archive import Frame, pack, read
from harvesters.core.forgetting import Forgetter, Who
from harvesters.core.forgotten import Memory, Remembered, hashed
from harvesters.core.keyed import Key
from harvesters.core.personal import KEPT_AS_IT_IS, Personal, Persons
from harvesters.core.sighting import normal
from harvesters.core.source import Part, Record
from harvesters.zoom.personal import WHY

Json = dict[str, Any]
Parts = Sequence[tuple[str, Json, Sequence[Json]]]
Form = Literal["NFC", "NFD"]
KEY = Key(b"k" * 32, "0badcafe")
PERSONAL = {
    "call": Personal(
        Persons({"host.mail": "mail"}, names=("host.name",), texts=("topic",)),
        Persons(
            {"id": "user", "mail": "mail"},
            names=("name",),
            about=("ip", "machine", "why"),
            links={"joined": "joining"},
            mentions={"peer": "user"},
            kept={"machine.kind": KEPT_AS_IT_IS, "machine.tracks.id": KEPT_AS_IT_IS, "why": re.compile("Reason:.*")},
        ),
    ),
    "line": Personal(Persons(links={"joined": "joining"}), Persons(about=("pair",), shared=True)),
}
FORGETTER = Forgetter("vendor", "account", PERSONAL, KEY)
AT = datetime(2026, 11, 20, 9, tzinfo=UTC)


def record(*parts: Part, key: str = "call-1") -> Record:
    return Record((key,), key, AT, 2, ongoing=False, parts=list(parts))


def part(kind: str, head: Json | str, *rows: Json | str) -> Part:
    def raw(value: Json | str) -> str:
        return value if isinstance(value, str) else json.dumps(value)

    return Part(kind, raw(head).encode(), f"[{','.join(map(raw, rows))}]".encode(), len(rows))


def archived(found: Record) -> Frame:
    return pack("vendor", "account", found, 1000)


def without(frame: Frame, *values: str) -> Frame | None:
    file, who = BytesIO(frame.data), Who(values)
    person = FORGETTER.person(file, frame.entry, who.wanted)
    return FORGETTER.without(file, frame.entry, person) if person else None


def parts_of(frame: Frame | None) -> list[Part]:
    assert frame
    return list(read(BytesIO(frame.data), frame.entry).parts)


def rows_of(frame: Frame | None, number: int = 0) -> list[Any]:
    rows: list[Any] = json.loads(parts_of(frame)[number].rows)
    return rows


def pseudonym(value: object) -> bool:
    return re.fullmatch("forgotten-[0-9a-f]{16}", str(value)) is not None


# -- laws ------------------------------------------------------------------------------------------------

FEW = st.sampled_from(["ann", "ben", "cy", "d@x.org", "E@x.org"])
ROW = st.fixed_dictionaries(
    {},
    optional={
        "id": st.none() | FEW | st.integers(1, 3),
        "mail": st.none() | st.sampled_from(["d@x.org", "D@X.ORG", "e@x.org", ""]),
        "name": st.none() | FEW,
        "ip": st.none() | st.sampled_from(["192.0.2.1", "192.0.2.2"]),
        "joined": st.integers(1, 9),
        "loss": st.floats(allow_nan=False, allow_infinity=False),
    },
)
PARTS = st.lists(
    st.tuples(st.just("call"), st.just({"topic": "talk"}), st.lists(ROW, max_size=5))
    | st.tuples(
        st.just("line"),
        st.fixed_dictionaries({"joined": st.integers(1, 9)}),
        st.lists(st.fixed_dictionaries({"pair": FEW, "n": st.integers()}), max_size=3),
    ),
    min_size=1,
    max_size=4,
)


def made(parts: Parts) -> Frame:
    return archived(record(*(part(kind, head, *rows) for kind, head, rows in parts)))


def ids(frame: Frame) -> list[tuple[Any, Any]]:
    """What tells the people of all rows apart, in order."""
    calls = [row for each in parts_of(frame) if each.kind == "call" for row in json.loads(each.rows)]
    return [(row.get("id"), (row.get("mail") or "").casefold()) for row in calls]


def pattern(values: Sequence[Any]) -> list[int]:
    """Which of them are equal."""
    return [values.index(each) for each in values]


@given(PARTS, FEW)
def test_rows_stay_and_people_are_told_apart_as_before(parts: Parts, value: str) -> None:
    before = made(parts)
    after = without(before, value)
    if after is None:
        assert value.casefold() not in {str(each).casefold() for pair in ids(before) for each in pair}
        return
    assert [(each.kind, each.count) for each in parts_of(after)] == [
        (each.kind, each.count) for each in parts_of(before)
    ]
    assert after.entry.rows == before.entry.rows
    for number in (0, 1):
        assert pattern([each[number] for each in ids(after)]) == pattern([each[number] for each in ids(before)])
    assert without(after, value) is None


@given(PARTS, FEW)
def test_whoever_has_nothing_to_do_with_the_person_stays_byte_for_byte(parts: Parts, value: str) -> None:
    before = made(parts)
    after = without(before, value) or before
    for old, new in zip(parts_of(before), parts_of(after), strict=True):
        for was, row in zip(json.loads(old.rows), json.loads(new.rows), strict=True):
            assert row.keys() == was.keys()
            if old.kind == "call" and not pseudonym(row.get("id")) and not pseudonym(row.get("mail")):
                blanked = {name for name in was if row[name] != was[name]}
                assert blanked <= {"name", "ip"}
            assert row.get("loss") == was.get("loss")
            assert row.get("joined") == was.get("joined")


@given(PARTS, FEW, FEW)
def test_the_order_in_which_people_are_forgotten_makes_no_difference(parts: Parts, one: str, other: str) -> None:
    before = made(parts)

    def both(first: str, second: str) -> str:
        half = without(before, first) or before
        return (without(half, second) or half).entry.digest

    assert both(one, other) == both(other, one)
    assert both(one, other) == (without(before, one, other) or before).entry.digest


@given(PARTS, st.lists(FEW, min_size=1, max_size=3, unique=True))
def test_what_is_fetched_becomes_what_the_archive_became(parts: Parts, values: list[str]) -> None:
    before = made(parts)
    entries = [Remembered(hashed(KEY, value), KEY.id, "2026-11-20T09:00:00.000Z") for value in values]
    fetched = Memory(FORGETTER, entries).pack(read(BytesIO(before.data), before.entry), 2000)
    blanked = before
    for value in values:
        blanked = without(blanked, value) or blanked
    assert (fetched.entry.digest, fetched.entry.rows) == (blanked.entry.digest, blanked.entry.rows)
    assert fetched.entry.fetched_at == 2000
    assert blanked.entry.fetched_at == 1000


NAMES = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=12).filter(str.strip)


@given(NAMES, st.booleans(), st.sampled_from(["NFC", "NFD"]))
@example("Jürgen Müller", True, "NFD")  # noqa: FBT003 - as hypothesis gives them
@example("Ü@Ä.ÖRG", True, "NFC")  # noqa: FBT003 - likewise
@example('a"b\\c/d', False, "NFC")  # noqa: FBT003 - likewise
def test_whoever_is_there_is_found_however_the_name_is_written(name: str, escaped: bool, form: Form) -> None:  # noqa: FBT001
    told = unicodedata.normalize(form, name)
    rows = json.dumps([{"id": "1", "name": f" {told} "}], ensure_ascii=escaped).encode("utf-8", "surrogatepass")
    frame = archived(record(Part("call", b"{}", rows, 1)))
    who = Who((name,))
    assert who.may_be_in(BytesIO(frame.data), frame.entry)
    assert FORGETTER.person(BytesIO(frame.data), frame.entry, who.wanted)
    assert rows_of(without(frame, name)) == [{"id": rows_of(without(frame, name))[0]["id"], "name": None}]


# -- cases -----------------------------------------------------------------------------------------------


def test_everything_of_the_person_goes_and_what_measures_stays() -> None:
    ann = {
        "id": "u1", "mail": "Ann@x.org", "name": "Ann", "ip": "192.0.2.1", "joined": 7, "loss": 1.5,
        "machine": {"kind": "phone", "name": "Ann's phone", "tracks": [{"id": "t1", "label": "her camera"}, 4]},
        "why": "Ann left. Reason: she wanted to",
    }  # fmt: skip
    ben = {"id": "u2", "mail": "ben@x.org", "name": "Ben", "ip": "192.0.2.2", "joined": 8, "peer": "u1"}
    found = archived(
        record(
            part("call", {"topic": "Ann and Ben", "host": {"mail": "ann@x.org", "name": "Annie"}}, ann, ben),
            part("line", {"joined": 7}, {"pair": "192.0.2.1", "n": 1}),
            part("line", {"joined": 8}, {"pair": "192.0.2.2", "n": 2}),
        )
    )
    after = without(found, "ANN@X.ORG")
    call, hers, his = parts_of(after)
    head, (ann_now, ben_now) = json.loads(call.head), json.loads(call.rows)
    assert head["topic"] == "forgotten and Ben"
    assert head["host"]["name"] is None
    assert head["host"]["mail"] == ann_now["mail"]
    assert pseudonym(ann_now["mail"])
    assert pseudonym(ann_now["id"])
    assert {name: ann_now[name] for name in ("name", "ip", "joined", "loss", "machine", "why")} == {
        "name": None, "ip": None, "joined": 7, "loss": 1.5, "why": "Reason: she wanted to",
        "machine": {"kind": "phone", "tracks": [{"id": "t1"}, None]},
    }  # fmt: skip
    assert ben_now == {**ben, "peer": ann_now["id"]}
    assert json.loads(hers.rows) == [{"pair": None, "n": 1}]
    assert his == parts_of(found)[2]


def test_two_people_of_one_name_are_both_meant_by_it_and_by_nothing_else() -> None:
    rows = [{"id": "1", "name": "Ann", "ip": "a"}, {"id": "2", "name": "Ann", "ip": "b"}, {"id": "3", "name": "Anna"}]
    found = archived(record(part("call", {}, *rows)))
    assert [row.get("ip") for row in rows_of(without(found, "Ann"))] == [None, None, None]
    assert [row.get("ip") for row in rows_of(without(found, "1"))] == [None, "b", None]
    assert without(found, "ann") is None
    assert without(found, "Ann ") is not None


def test_every_spelling_of_an_address_is_the_same_and_it_goes_wherever_it_stands() -> None:
    long = "0123456789abcdef-0123"
    link = "https://x.org/?who=Ann%40x.org&why=1"
    rows = [
        {"id": long, "mail": "ann@x.org"},
        {"note": f"ask Ann@X.org. or {long}", "mails": "joann@x.org", "at": link},
    ]
    after = rows_of(without(archived(record(part("call", {}, *rows))), "ann@x.org"))
    assert after[1]["mails"] == "joann@x.org"
    assert after[1]["at"] == f"https://x.org/?who={after[0]['mail']}&why=1"
    assert after[1]["note"] == f"ask {after[0]['mail']}. or {after[0]['id']}"


def test_a_pseudonym_is_another_in_each_record_and_the_same_each_time() -> None:
    call = part("call", {}, {"id": "ann"})
    one, other = (rows_of(without(archived(record(call, key=key)), "ann"))[0]["id"] for key in ("1", "2"))
    assert pseudonym(one)
    assert one != other
    assert one == rows_of(without(archived(record(call, key="1")), "ann"))[0]["id"]


def test_what_is_not_touched_stays_as_the_vendor_wrote_it() -> None:
    text = '{ "id" :"ann","loss": 1.50e1 ,"big":123456789012345678901,"x":"\\u00e4\\/" }'
    other = '{ "id" :"ben","loss": 1.50e1 , "ip":"\\u0031" }'
    found = archived(record(part("call", '{ "topic" : "t" }', text, "null", "7", other)))
    (after,) = parts_of(without(found, "ann"))
    assert after.head == b'{ "topic" : "t" }'
    first, rest = after.rows.split(b"}", 1)
    assert rest == b",null,7,%s]" % other.encode()
    for kept in (b"1.50e1", b"123456789012345678901", b'"\\u00e4\\/"'):
        assert kept in first


def test_half_a_character_does_not_hide_anybody() -> None:
    found = archived(record(Part("call", b"{}", b'[{"id":"ann","name":"cut \\ud83d","ip":"1"}]', 1)))
    assert rows_of(without(found, "ann"))[0]["ip"] is None


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("Ann left the meeting.<br>Reason: Host ended the meeting.", "Reason: Host ended the meeting."),
        ("Ann Reason: left.<br>Reason: Network connection error.", "Reason: Network connection error."),
        ("Host ended the meeting.", "Host ended the meeting."),
        ("Lost connection", "Lost connection"),
        ("Ann lost connection for ever", "lost connection"),
        ("Disconnected Ann left the meeting.<br>Reason: left.", "Reason: left."),
        ("Ann left the meeting.", None),
    ],
)
def test_of_why_somebody_left_zoom_the_name_goes_and_the_reason_stays(said: str, kept: str | None) -> None:
    found = WHY.search(said)
    assert (found[0] if found else None) == kept


def test_values_are_compared_in_one_form() -> None:
    assert normal(" A\u0308nn ") == "Änn"
    assert normal("ANN@X.org") == "ann@x.org"
    assert normal("ANN") == "ANN"


def test_what_cannot_be_blanked_is_told_of() -> None:
    found = archived(record(part("call", {"remark": "Ann was here"}, {"id": "1", "name": "Anna"})))
    assert without(found, "Ann") is None
    assert Who(("Ann",)).stands_in_record(BytesIO(found.data), found.entry)
    assert not Who(("An",)).stands_in_record(BytesIO(found.data), found.entry)
