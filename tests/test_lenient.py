"""Decoding that survives what vendors send, and says what it could not read."""

import json
from collections import Counter

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harvesters.core.lenient import RowDecoder, decode_json, decode_object
from tests.opentok_records import Json

FINITE = st.floats(allow_nan=False, allow_infinity=False)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(1 << 63), 1 << 63) | FINITE | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner, max_size=4),
    max_leaves=20,
)


class Measured(msgspec.Struct, rename="camel"):
    """A row of an imaginary vendor."""

    at: str | None = None
    delay_ms: float | None = None
    is_on: bool | None = None


ROWS = RowDecoder(Measured)


def rows(raw: bytes) -> tuple[list[Measured], dict[str, int]]:
    oddities: Counter[str] = Counter()
    return ROWS.decode(raw, oddities), dict(oddities)


@given(JSON)
@settings(max_examples=150, deadline=None)
def test_what_is_right_is_read_as_json_reads_it_and_nothing_is_odd(value: Json) -> None:
    oddities: Counter[str] = Counter()
    # Surrogate pairs that are escaped, as `json.dumps` writes them, are right.
    for raw in (json.dumps(value).encode(), json.dumps(value, ensure_ascii=False).encode()):
        assert decode_json(raw, oddities) == value
    assert not oddities


@pytest.mark.parametrize(
    ("raw", "value"),
    [
        (b'{"a":"x\xffy"}', {"a": "x\ufffdy"}),
        (b'{"a":"x\\ud800y"}', {"a": "x\ufffdy"}),
        (b'{"a":"x\\udc00"}', {"a": "x\ufffd"}),
        (b'{"\\ud83d":[{"b":"\\ud83d\\ude00\\ud83d"}]}', {"\ufffd": [{"b": "\U0001f600\ufffd"}]}),
        (b'{"a":1e400,"b":[-1e400,2]}', {"a": None, "b": [None, 2]}),
        (b'{"a":NaN,"b":Infinity,"c":-Infinity}', {"a": None, "b": None, "c": None}),
        (b'{"a":NaN,"b":%s}' % (b"9" * 5000), {"a": None, "b": None}),
    ],
)
def test_what_no_parser_agrees_on_is_replaced_or_absent_and_counted(raw: bytes, value: Json) -> None:
    oddities: Counter[str] = Counter()
    assert decode_json(raw, oddities) == value
    assert oddities == {"text_repaired": 1}


def test_of_a_key_that_comes_twice_the_last_one_counts_on_either_way() -> None:
    assert decode_json(b'{"a":1,"a":2}', Counter()) == {"a": 2}
    assert decode_json(b'{"a":1,"a":2,"b":"\xff"}', Counter()) == {"a": 2, "b": "\ufffd"}


@pytest.mark.parametrize("raw", [b"", b"{", b"[1,]", b"\xef\xbb\xbf{}", b"<html>", b"nul"])
def test_what_is_no_json_is_refused(raw: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        decode_json(raw, Counter())


@pytest.mark.parametrize("levels", [5_000, 100_000])
@pytest.mark.parametrize("leaf", [b"1", b"NaN"])
def test_nesting_without_end_is_refused_in_a_sentence(levels: int, leaf: bytes) -> None:
    """Not a RecursionError, which nobody expects of data."""
    deep = b"[" * levels + leaf + b"]" * levels
    for decode in (decode_json, ROWS.decode):
        with pytest.raises(ValueError, match="nested without end"):
            decode(deep, Counter())
    with pytest.raises(ValueError, match="nested without end"):
        ROWS.decode(b'[{"odd":' + deep + b"}]", Counter())


@pytest.mark.parametrize("raw", [b"[]", b"1", b'"a"', b"null", b"true"])
def test_what_is_no_object_is_an_empty_one_and_counted(raw: bytes) -> None:
    oddities: Counter[str] = Counter()
    assert decode_object(raw, oddities) == {}
    assert oddities == {"an entity that is no object": 1}


# -- rows ----------------------------------------------------------------------------------------------


def test_right_rows_are_read() -> None:
    assert rows(b'[{"at":"t","delayMs":3,"isOn":true},{"delayMs":0.5},{}]') == (
        [Measured("t", 3.0, is_on=True), Measured(None, 0.5), Measured()],
        {},
    )


def test_one_wrong_member_costs_that_member_and_no_more() -> None:
    raw = b'[{"at":"t","delayMs":3},{"at":7,"delayMs":"4.5","isOn":"yes"},null,5,{"at":"u","delayMs":[1]}]'
    found, odd = rows(raw)
    assert found == [Measured("t", 3), Measured(None, 4.5), Measured("u")]
    assert odd == {"unreadable 'at'": 1, "unreadable 'isOn'": 1, "unreadable 'delayMs'": 1, "null rows": 2}


def test_a_repaired_text_is_counted_and_the_row_is_read() -> None:
    found, odd = rows(b'[{"at":"a\xff","delayMs":3}]')
    assert (found, odd) == ([Measured("a\ufffd", 3)], {"text_repaired": 1})


@pytest.mark.parametrize("raw", [b"null", b"{}", b"7", b'"rows"'])
def test_rows_that_are_no_list_are_none(raw: bytes) -> None:
    assert rows(raw)[0] == []


def test_strangers_of_the_first_row_are_named_shortly() -> None:
    _, odd = rows(json.dumps([{"at": "t", "new": 1, "x" * 100: 2}, {"newer": 1}]).encode())
    assert odd == {"unknown member 'new'": 1, f"unknown member '{'x' * 60}'": 1}


@pytest.mark.parametrize("raw", [b'[  {"at":"t"}]', b"[]", b"[null]", b"[7]"])
def test_where_there_is_no_stranger_none_is_named(raw: bytes) -> None:
    assert not [name for name in rows(raw)[1] if name.startswith("unknown")]


@given(st.lists(JSON | st.fixed_dictionaries({}, optional={"at": JSON, "delayMs": JSON, "isOn": JSON, "odd": JSON})))
@settings(max_examples=150, deadline=None)
def test_any_json_for_rows_gives_rows_of_the_right_types(told: list[Json]) -> None:
    found, _ = rows(json.dumps(told).encode())
    assert len(found) == sum(isinstance(each, dict) for each in told)
    for each in found:
        assert each.at is None or type(each.at) is str
        assert each.delay_ms is None or type(each.delay_ms) is float
        assert each.is_on is None or type(each.is_on) is bool
