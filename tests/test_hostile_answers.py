"""Answers of roughly the right shape with anything anywhere in them: documents that every parser reads, or a refusal.

Faults of the kind: numbers without end, lone surrogates, bytes that are no UTF-8, keys that come twice, nesting
without end, huge texts, nulls, the wrong type at any place.
"""

import json
import math
import re
from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any

import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from harvesters.core.encode import Encoded
from harvesters.core.fields import (
    BOOLEAN,
    DATE,
    DATE_RANGE,
    FLATTENED,
    FLOAT,
    KEYWORD,
    LONG,
    SAMPLE,
    Field,
    by_name,
)
from harvesters.core.loading import UNREADABLE
from harvesters.core.source import Part, Record
from harvesters.opentok import OpenTok
from tests.opentok_records import (
    FETCHED_AT,
    Json,
    connection,
    leaves,
    meeting,
    publisher,
    received,
    recipe,
    record,
    sent,
    subscriber,
)

FIELDS = by_name(OpenTok.fields)
INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")

# -- what may stand anywhere ---------------------------------------------------------------------------

TEXT = st.text(max_size=8).map(json.dumps) | st.text("\x00\n\x7f\ufffdé\U0001f600/%+", max_size=6).map(
    lambda text: json.dumps(text, ensure_ascii=False)
)
ODD = [
    "null", "true", "false", "0", "-0", "-0.0", "1e400", "-1e400", "1e39", "1e-400", "NaN", "Infinity", "-Infinity",
    '"nan"', '"inf"', '"1e999"', '"0.5"', '"null"', "9" * 25, "9" * 5000, "18446744073709551616", "1e308", "{}", "[]",
    '""', r'"\ud800"', r'"\udc00x"', r'"\ud83d\ude00"', r'"\u0000"', '"2026-11-20T09:10:00.000Z"', '"2026-11-20"',
    '"1969-12-31T23:59:59.999Z"', '"0001-01-01T00:00:00Z"', '"0001-01-01T00:00:00+14:00"',
    '"9999-12-31T23:59:59.999Z"', '"2026-11-20T09:10:00+25:00"', '"1280x720"', '"0*0"',
    '"screen"', '"c-1"', '"s-1"', '"%FF%00+"', "[" * 12 + "]" * 12, '{"a":' * 30 + "1" + "}" * 30,
    "[" * 5000 + "]" * 5000, json.dumps("x" * 40_000), json.dumps(["y" * 1100] * 40),
]  # fmt: skip
BYTES = [b'"\xff"', b'"\xed\xa0\x80"', b'"\xc3"']
LEAF = st.sampled_from([*(each.encode() for each in ODD), *BYTES]) | TEXT.map(str.encode)
STRANGE = st.sampled_from(['"odd"', '"a.b"', '"a\\u0000b"', r'"\ud800"', '""', '"value"', '"left_out"']).map(str.encode)


def as_array(members: Iterable[bytes]) -> bytes:
    return b"[" + b",".join(members) + b"]"


def as_object(members: Iterable[tuple[bytes, bytes]]) -> bytes:
    """Names may come twice."""
    return b"{" + b",".join(name + b":" + value for name, value in members) + b"}"


ANY: SearchStrategy[bytes] = st.recursive(
    LEAF,
    lambda inner: (
        st.lists(inner, max_size=3).map(as_array) | st.lists(st.tuples(STRANGE, inner), max_size=3).map(as_object)
    ),
    max_leaves=4,
)


def bent(right: dict[str, Json]) -> SearchStrategy[bytes]:
    """A right object, with some members replaced, left out or told twice, and strangers among them."""
    names = st.sampled_from(sorted(right)).map(lambda name: json.dumps(name).encode())
    usual = [(json.dumps(name).encode(), json.dumps(value).encode()) for name, value in right.items()]
    kept = st.lists(st.sampled_from(usual), max_size=len(usual), unique=True)
    changed = st.lists(st.tuples(names | STRANGE, ANY), max_size=3)
    return st.tuples(st.just(usual) | kept, changed).map(lambda both: as_object(both[0] + both[1]))


def a_list(item: SearchStrategy[bytes], most: int = 4) -> SearchStrategy[bytes]:
    return st.lists(item, max_size=most).map(as_array) | LEAF


def some(right: SearchStrategy[bytes]) -> SearchStrategy[bytes]:
    """Mostly the object, sometimes anything."""
    return st.one_of(right, right, right, ANY)


ROW = some(st.sampled_from([sent(0), sent(30), received(0)]).flatmap(bent))
HEADS = {
    "publisher": some(st.sampled_from([publisher(), publisher("c-2")]).flatmap(bent)),
    "subscriber": some(st.sampled_from([subscriber(), subscriber(None)]).flatmap(bent)),
}
STREAM = st.sampled_from(sorted(HEADS)).flatmap(lambda kind: st.tuples(st.just(kind), HEADS[kind], a_list(ROW)))
PEOPLE = a_list(some(st.sampled_from([connection("c-1"), connection("c-2")]).flatmap(bent)))


@st.composite
def records(draw: st.DrawFn) -> Record:
    first = Part("meeting", draw(some(bent(meeting()))), draw(PEOPLE), 0)
    streams = [Part(*each, 0) for each in draw(st.lists(STREAM, max_size=3))]
    return record(parts=[first, *streams], ongoing=draw(st.booleans()))


# -- what must come of it ------------------------------------------------------------------------------


def strict(source: bytes) -> dict[str, Json]:
    """JSON that every parser reads the same way, or an assertion."""

    def once(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
        names = [name for name, _ in pairs]
        assert len(names) == len(set(names)), f"a key came twice: {names}"
        return dict(pairs)

    def constant(name: str) -> None:
        message = f"{name} is no JSON"
        raise AssertionError(message)

    found: dict[str, Json] = json.loads(source.decode("utf-8"), object_pairs_hook=once, parse_constant=constant)
    return found


def fits(field: Field, value: Json) -> bool:
    """Whether Elasticsearch takes the value for the field."""
    if isinstance(value, list):
        return bool(value) and field.type == KEYWORD and all(fits(field, each) for each in value)
    number = isinstance(value, int | float) and not isinstance(value, bool)
    checks: dict[str, Callable[[], bool]] = {
        KEYWORD: lambda: isinstance(value, str) and value != "",
        FLOAT: lambda: number and math.isfinite(value) and abs(value) < 3.4e38,
        LONG: lambda: isinstance(value, int) and number and abs(value) < 1 << 63,
        BOOLEAN: lambda: isinstance(value, bool),
        DATE: lambda: isinstance(value, str) and INSTANT.fullmatch(value) is not None,
        DATE_RANGE: lambda: set(value) == {"gte", "lt"} and value["gte"] < value["lt"],
        FLATTENED: lambda: isinstance(value, dict) and bool(value),
    }
    return checks[field.type]()


COMMON = {
    "@timestamp", "ecs.version", "event.kind", "event.category", "event.type", "event.module", "event.dataset",
    "event.id", "event.created", "observer.vendor", "observer.product", "observer.type", "cloud.account.id",
    "service.type", "vconf.type", "vconf.vendor", "vconf.account.id", "vconf.account.name", "vconf.schema",
    "vconf.harvest.fetched_at", "vconf.harvest.revision", "vconf.harvest.settings", "vconf.privacy",
    "vconf.conference.id",
}  # fmt: skip


def check(encoded: Encoded) -> dict[str, Any]:
    """A document is strict JSON, of fields that are in the list for its type, each with a value that fits."""
    found = dict(leaves(strict(encoded.source)))
    assert set(found) >= COMMON
    for name, value in found.items():
        assert name in FIELDS, f"{name} is not in the field list"
        assert encoded.type in FIELDS[name].types, f"{name} in a {encoded.type}"
        assert fits(FIELDS[name], value), f"{name} is {value!r:.200}"
    assert found["vconf.type"] == encoded.type
    assert len(encoded.id.encode()) <= 512
    assert len(found["event.id"].encode()) <= 512
    return found


@given(records(), st.sampled_from(["unknown", "kbyte"]))
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
def test_anything_gives_documents_that_every_parser_reads_or_a_refusal_that_the_engine_knows(
    hostile: Record, unit: str
) -> None:
    oddities: Counter[str] = Counter()
    try:
        encoded = list(recipe(unit).documents(hostile, FETCHED_AT, oddities))
    except UNREADABLE:
        event("refused")
        return
    event("documents")
    found = [check(each) for each in encoded]
    ids = [each.id for each in encoded]
    assert len(ids) == len(set(ids))
    counts = Counter(each.type for each in encoded)
    assert counts["conference"] == 1
    conference = found[-1]
    assert conference["vconf.participants.count"] == counts["participant"]
    assert conference["vconf.streams.count"] == counts["stream"]
    assert sum(each.get("vconf.stream.samples", 0) for each in found) == counts[SAMPLE]
    assert len({each["vconf.conference.id"] for each in found}) == 1


def documents(call: Record) -> list[dict[str, Any]]:
    oddities: Counter[str] = Counter()
    return [check(each) for each in recipe().documents(call, FETCHED_AT, oddities)]


def test_the_check_itself_finds_what_is_wrong() -> None:
    good = next(iter(recipe().documents(record(), FETCHED_AT, Counter())))
    check(good)
    for bad in (
        good.source.replace(b'"ecs"', b'"esc"'),
        good.source[:-1] + b',"ecs":{}}',
        good.source[:-1] + b',"opentok":{"audio_bitrate":1}}',
        good.source.replace(b'"presence":{"gte":"2026-11-20T09:01', b'"presence":{"gte":"2026-11-20T09:29'),
        good.source.replace(b'"duration":', b'"duration":99999999'),
        good.source.replace(b'"duration_s":1680.0', b'"duration_s":NaN'),
        good.source.replace(b'"routed"', b"null").replace(b'"browser"', b'""'),
    ):
        assert bad != good.source
        with pytest.raises(AssertionError):
            check(Encoded(good.type, good.index, good.id, good.version, bad))


KNOWN_ODD = [each for each in ODD if not each.startswith("[" * 20)]


@pytest.mark.parametrize("odd", KNOWN_ODD, ids=[each[:20] for each in KNOWN_ODD])
@pytest.mark.parametrize("place", ["head", "people", "stream", "row"])
def test_one_odd_value_in_a_member_that_nobody_knows_costs_nothing(odd: str, place: str) -> None:
    """The rest of the record is there, whatever the vendor's new member holds."""

    def told(right: dict[str, Json], *, here: str) -> bytes:
        text = json.dumps({**right, "odd": "?"} if here == place else right)
        return text.replace('"?"', odd).encode()

    parts = [
        Part("meeting", told(meeting(), here="head"), b"[" + told(connection(), here="people") + b"]", 0),
        Part("publisher", told(publisher(), here="stream"), b"[" + told(sent(), here="row") + b"]", 0),
    ]
    found = documents(record(parts=parts))
    assert [each["vconf.type"] for each in found] == ["sample", "stream", "participant", "conference"]
    sample, stream, participant, conference = found
    assert sample["vconf.quality.audio.loss_pct"] == 1
    assert stream["vconf.stream.duration_s"] == 1560
    assert participant["user.id"] == "guid-of-c-1"
    assert conference["opentok.meeting_id"] == meeting()["meetingId"]


@pytest.mark.parametrize("levels", [10, 100, 400, 1100, 100_000])
@pytest.mark.parametrize("place", ["head", "row"])
def test_nesting_is_survived_and_without_end_refused_but_never_a_recursion_error(levels: int, place: str) -> None:
    deep = b'{"a":' * levels + b"1" + b"}" * levels
    head, row = json.dumps(publisher()).encode(), json.dumps(sent()).encode()
    if place == "head":
        head = head[:-1] + b',"odd":' + deep + b"}"
    else:
        row = row[:-1] + b',"odd":' + deep + b"}"
    parts = [Part("meeting", json.dumps(meeting()).encode(), b"[]", 0), Part("publisher", head, b"[" + row + b"]", 0)]
    call = record(parts=parts)
    if levels > 1000:
        with pytest.raises(ValueError, match="nested without end"):
            documents(call)
    else:
        assert [each["vconf.type"] for each in documents(call)] == ["sample", "stream", "conference"]


def test_a_sample_never_repeats_a_key_of_its_conference() -> None:
    """Spliced bytes could: the vendor's own object stands beside the one that the sample shares."""
    for field in OpenTok.fields:
        shared = SAMPLE in field.types and len(field.types) > 1
        assert not shared, f"{field.name} would stand twice in a sample: once shared, once of the row"
