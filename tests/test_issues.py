"""Issues, what is measured of a machine, and who never came in: the parts of the model that OpenTok has not."""

import base64
import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harvesters.core.encode import Encoded, RecordEncoder
from harvesters.core.envelope import Envelope
from harvesters.core.fields import KEYWORD, OF_A_CALL, PARTICIPANT, SAMPLE, STREAM, Field, by_name
from harvesters.core.tree import (
    Conference,
    Cpu,
    Entity,
    Interval,
    Issue,
    Machine,
    Medium,
    Quality,
    Row,
    Stream,
    Wifi,
)
from tests.opentok_records import leaves

NINE = 1_795_165_200_000  # 2026-11-20T09:00:00Z
MINUTE = 60_000
FETCHED_AT = NINE + 86_400_000
OWN = (Field("wards.bed", KEYWORD, "where the person lies", (PARTICIPANT, STREAM, SAMPLE)),)
FIELDS = by_name(OWN)


def identity(type_: str, *own: str) -> str:
    """An `_id` as the design says it, written anew."""
    whole = json.dumps(["wards", "w1", type_, "m-1", *own], separators=(",", ":")).encode()
    return base64.b32encode(hashlib.sha256(whole).digest()[:20]).decode().lower()


def meeting() -> Entity:
    """Half an hour."""
    return Entity(("m-1",), NINE, NINE + 30 * MINUTE, {"vconf.conference.name": "Round", "vconf.host.name": "Ada"})


def ada(**changed: Any) -> Entity:
    """Somebody who was there from 09:01 to 09:20."""
    fields = {
        "user.full_name": "Ada",
        "client.ip": "192.0.2.7",
        "vconf.client.version": "5.1",
        "vconf.participant.role": "host",
        "wards.bed": "b-7",
    }
    return Entity(("ada",), NINE + MINUTE, NINE + 20 * MINUTE, fields | changed)


def told(more: Mapping[str, Any] | None = None, at: int | None = NINE + 5 * MINUTE, code: str = "jitter") -> Issue:
    """An issue of Ada's."""
    return Issue(Entity(("ada", code), at, None, {"vconf.issue.code": code, **(more or {})}), "ada")


def tree(*issues: Issue, streams: Iterable[Stream] = (), people: Mapping[str, Entity] | None = None) -> Conference:
    return Conference(meeting(), {"ada": ada()} if people is None else dict(people), streams, list(issues))


@dataclass
class Made:
    encoded: list[Encoded]
    oddities: Counter[str]

    def of(self, type_: str) -> list[dict[str, Any]]:
        return [strict(each.source) for each in self.encoded if each.type == type_]

    def only(self, type_: str) -> dict[str, Any]:
        (found,) = self.of(type_)
        return found


def strict(source: bytes) -> dict[str, Any]:
    """JSON in which no key comes twice."""

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        assert len({name for name, _ in pairs}) == len(pairs), pairs
        return dict(pairs)

    found: dict[str, Any] = json.loads(source, object_pairs_hook=once)
    return found


def made(of: Conference) -> Made:
    envelope = Envelope("wards", "w1", "default", "wards/1.1", "0" * 16, "vconf", {"observer.vendor": "Wards"}, FIELDS)
    encoder = RecordEncoder(envelope, ("m-1",), NINE, FETCHED_AT)
    return Made(list(encoder.documents(of)), of.oddities)


# -- issues --------------------------------------------------------------------------------------------


def test_an_issue_is_written_out() -> None:
    issue = told(
        {
            "vconf.issue.source": "vendor",
            "vconf.issue.severity": "warning",
            "vconf.issue.subject": "audio",
            "vconf.issue.value": 85.5,
            "vconf.issue.limit": 40,
            "vconf.issue.explanation": "The sound broke up.",
        }
    )
    issue.entity.end = NINE + 7 * MINUTE
    found = made(tree(issue))
    assert found.only("issue") == {
        "@timestamp": "2026-11-20T09:05:00.000Z",
        "ecs": {"version": "8.17.0"},
        "event": {
            "kind": "alert",
            "category": ["network"],
            "type": ["error"],
            "module": "wards",
            "dataset": "wards.issue",
            "created": "2026-11-21T09:00:00.000Z",
            "id": "wards/w1/issue/m-1/ada/jitter",
            "start": "2026-11-20T09:05:00.000Z",
            "end": "2026-11-20T09:07:00.000Z",
            "duration": 120_000_000_000,
        },
        "cloud": {"account": {"id": "w1"}},
        "observer": {"type": "conference", "vendor": "Wards"},
        "service": {"type": "video-conference"},
        "user": {"full_name": "Ada"},
        "client": {"ip": "192.0.2.7"},
        "vconf": {
            "type": "issue",
            "vendor": "wards",
            "account": {"id": "w1", "name": "default"},
            "schema": "1",
            "harvest": {"fetched_at": "2026-11-21T09:00:00.000Z", "revision": "wards/1.1", "settings": "0" * 16},
            "privacy": "full",
            "conference": {
                "id": identity("conference"),
                "name": "Round",
                "start": "2026-11-20T09:00:00.000Z",
                "end": "2026-11-20T09:30:00.000Z",
                "duration_s": 1800,
            },
            "participant": {"id": identity("participant", "ada")},
            "client": {"version": "5.1"},
            "issue": {
                "code": "jitter",
                "source": "vendor",
                "severity": "warning",
                "subject": "audio",
                "value": 85.5,
                "limit": 40,
                "explanation": "The sound broke up.",
                "start": "2026-11-20T09:05:00.000Z",
                "end": "2026-11-20T09:07:00.000Z",
            },
        },
    }
    (encoded,) = [each for each in found.encoded if each.type == "issue"]
    assert (encoded.id, encoded.index, encoded.version) == (
        identity("issue", "ada", "jitter"),
        "vconf-issues-2026",
        FETCHED_AT,
    )


@pytest.mark.parametrize(
    ("severity", "word"), [("error", "error"), ("warning", "error"), ("info", "info"), (None, "info")]
)
def test_a_warning_is_an_error_to_ecs_and_what_is_not_known_to_be_one_is_information(
    severity: str | None, word: str
) -> None:
    event = made(tree(told({"vconf.issue.severity": severity}))).only("issue")["event"]
    assert (event["kind"], event["type"]) == ("alert", [word])


def test_a_flattener_may_know_a_better_category() -> None:
    event = made(tree(told({"event.category": ["session"]}))).only("issue")["event"]
    assert event["category"] == ["session"]


def test_an_issue_of_the_conference_is_nobodys() -> None:
    issue = told()
    for nobody in (None, "somebody who is not in the list"):
        issue.participant = nobody
        found = made(tree(issue)).only("issue")
        assert "participant" not in found["vconf"]
        assert not {"user", "client"} & set(found)
        assert found["vconf"]["conference"]["name"] == "Round"


def test_an_issue_without_a_time_stands_where_its_participant_came() -> None:
    """Somewhere in the calendar it must be; that it is not known is said, and no start is claimed."""
    found = made(tree(told(at=None))).only("issue")
    assert found["@timestamp"] == "2026-11-20T09:01:00.000Z"
    assert found["vconf"]["flags"] == ["start_missing"]
    assert set(found["vconf"]["issue"]) == {"code"}
    assert not {"start", "end", "duration"} & set(found["event"])


def test_an_issue_of_nobody_without_a_time_stands_at_the_conferences_start() -> None:
    issue = told(at=None)
    issue.participant = None
    assert made(tree(issue)).only("issue")["@timestamp"] == "2026-11-20T09:00:00.000Z"
    alone = Conference(None, {}, (), [told(at=None)])
    assert made(alone).only("issue")["@timestamp"] == "2026-11-20T09:00:00.000Z"


def test_an_end_that_nobody_tells_is_not_the_conferences() -> None:
    """Unlike a stay, an issue need not last."""
    found = made(tree(told())).only("issue")
    assert "flags" not in found["vconf"]
    assert "end" not in found["event"]
    assert found["vconf"]["issue"] == {"code": "jitter", "start": "2026-11-20T09:05:00.000Z"}


def test_an_issue_does_not_end_before_it_begins() -> None:
    issue = told(at=NINE + MINUTE)
    issue.entity.end = NINE
    found = made(tree(issue)).only("issue")
    assert found["event"]["end"] == found["event"]["start"] == "2026-11-20T09:01:00.000Z"
    assert found["vconf"]["flags"] == ["clamped"]


def test_of_issues_with_one_key_the_first_counts_and_the_others_are_named() -> None:
    found = made(tree(told({"vconf.issue.value": 1}), told({"vconf.issue.value": 2}), told(code="loss")))
    assert [each["vconf"]["issue"].get("value") for each in found.of("issue")] == [1, None]
    assert found.oddities == {"issues that came twice": 1}


def test_issues_that_come_up_while_the_streams_are_walked_are_there() -> None:
    whole = tree(told())

    def walked() -> Iterator[Stream]:
        for name in ("s-1", "s-2"):
            whole.issues.append(told(code=name))
            yield Stream(Entity((name,), NINE, None), "ada", None, [Row(NINE, Quality(Medium(1.0)))])

    whole.streams = walked()
    found = made(whole)
    assert [each.type for each in found.encoded] == [
        "sample", "stream", "sample", "stream", "participant", "issue", "issue", "issue", "conference",
    ]  # fmt: skip
    assert [each["vconf"]["issue"]["code"] for each in found.of("issue")] == ["jitter", "s-1", "s-2"]


def test_without_a_conference_the_documents_have_nothing_of_it_but_its_id() -> None:
    """By which they are counted, and removed when they are superseded."""
    found = made(Conference(None, {"ada": ada()}, (), [told()]))
    assert [each.type for each in found.encoded] == ["participant", "issue"]
    for document in (found.only("participant"), found.only("issue")):
        assert document["vconf"]["conference"] == {"id": identity("conference")}


# -- what a document repeats -----------------------------------------------------------------------------


def line(fields: Mapping[str, Any], *rows: Row) -> Stream:
    entity = Entity(("s-1",), NINE, NINE + MINUTE, {"vconf.stream.direction": "sent", **fields})
    return Stream(entity, "ada", None, rows or [Row(NINE, Quality(Medium(1.0)))])


def test_what_a_stream_does_not_know_hides_nothing_that_is_known_of_its_participant() -> None:
    found = made(tree(streams=[line({"client.ip": None, "wards.bed": None})]))
    for document in (found.only("stream"), found.only("sample")):
        assert (document["client"], document["wards"]) == ({"ip": "192.0.2.7"}, {"bed": "b-7"})


def test_what_a_participant_does_not_know_hides_nothing_that_is_known_of_a_stream_or_issue() -> None:
    people = {"ada": ada(**{"client.ip": None})}
    found = made(tree(told({"client.ip": "192.0.2.9"}), streams=[line({"client.ip": "192.0.2.8"})], people=people))
    assert "client" not in found.only("participant")
    assert found.only("stream")["client"] == found.only("sample")["client"] == {"ip": "192.0.2.8"}
    assert found.only("issue")["client"] == {"ip": "192.0.2.9"}


def test_where_both_know_it_all_documents_of_a_stream_tell_its_own() -> None:
    found = made(tree(told({"client.ip": "192.0.2.9"}), streams=[line({"client.ip": "192.0.2.8"})]))
    assert found.only("stream")["client"] == found.only("sample")["client"] == {"ip": "192.0.2.8"}
    assert found.only("issue")["client"] == {"ip": "192.0.2.9"}
    assert found.only("participant")["client"] == {"ip": "192.0.2.7"}


def test_a_conferences_name_is_in_all_of_its_documents_and_its_host_in_its_own() -> None:
    found = made(tree(told(), streams=[line({})]))
    assert {each.type for each in found.encoded} == set(OF_A_CALL) == {
        "conference", "participant", "stream", "sample", "issue",
    }  # fmt: skip
    for each in found.encoded:
        document = strict(each.source)
        assert document["vconf"]["conference"]["name"] == "Round"
        assert ("host" in document["vconf"]) == (each.type == "conference")


def test_every_field_is_in_the_list_for_its_document() -> None:
    machine = Machine(Interval(60.0), Cpu(1.0, 2.0), Wifi(-60.0))
    medium = Medium(1.0, 2.0, 3.0, 4, 5, 20, 6.0, 7.0, 8.0)
    sound = Medium(1.0, 2.0, 3.0, rtt_ms=4.0, jitter_ms=5.0)
    row = Row(NINE, Quality(sound, medium, medium), machine=machine)
    found = made(tree(told(), streams=[line({}, row)]))
    for each in found.encoded:
        names = {name for name, _ in leaves(strict(each.source))}
        assert {name for name in names if name not in FIELDS or each.type not in FIELDS[name].types} == set()


# -- who never was in the conference -----------------------------------------------------------------------


def test_who_only_waited_has_no_presence_and_does_not_count() -> None:
    waited = Entity(("bob",), NINE, NINE + MINUTE, {}, present=False)
    found = made(tree(people={"ada": ada(), "bob": waited}))
    assert found.only("conference")["vconf"]["participants"] == {"count": 1}
    presence = {
        each["event"]["id"].rpartition("/")[2]: each["vconf"].get("presence") for each in found.of("participant")
    }
    assert presence == {"ada": {"gte": "2026-11-20T09:01:00.000Z", "lt": "2026-11-20T09:20:00.000Z"}, "bob": None}


# -- what a row tells beside the media ----------------------------------------------------------------------


class Own(msgspec.Struct, omit_defaults=True):
    """The vendor's own number."""

    shake: float | None = None


NUMBER = st.none() | st.sampled_from([0.0, 1.0, 27.5, -60.0])
MEDIA = st.none() | st.builds(Medium, loss_pct=NUMBER, rtt_ms=NUMBER, jitter_ms=NUMBER, fps=NUMBER)
MACHINES = st.none() | st.builds(
    Machine,
    sample=st.none() | st.builds(Interval, NUMBER),
    cpu=st.none() | st.builds(Cpu, NUMBER, NUMBER),
    wifi=st.none() | st.builds(Wifi, NUMBER),
)
ROWS = st.builds(
    Row,
    at=st.just(NINE),
    quality=st.builds(Quality, MEDIA, MEDIA, MEDIA),
    own=st.none() | st.builds(Own, NUMBER),
    flags=st.sampled_from([(), ("vendor_blank",)]),
    machine=MACHINES,
)


def known(struct: msgspec.Struct | None, *names: str) -> dict[str, Any]:
    """The members of a struct, {} where there is none; those that are absent or have nothing in them are left out."""
    values = {name: getattr(struct, name, None) for name in names}
    return {name: value for name, value in values.items() if value is not None and value != {}}


def plainly(row: Row) -> dict[str, Any]:
    """What a row adds to `vconf`, from the wording of the design."""
    media = {
        medium: known(getattr(row.quality, medium), "loss_pct", "rtt_ms", "jitter_ms", "fps")
        for medium in ("audio", "video", "screen")
    }
    machine = row.machine or Machine()
    blocks = {
        "quality": {medium: block for medium, block in media.items() if block},
        "sample": known(machine.sample, "interval_s"),
        "cpu": known(machine.cpu, "app_pct", "system_pct"),
        "wifi": known(machine.wifi, "rssi_dbm"),
        "flags": list(row.flags),
    }
    return {name: block for name, block in blocks.items() if block}


@given(ROWS)
@settings(max_examples=200, deadline=None)
def test_a_spliced_row_is_the_one_that_one_would_build_the_plain_way(row: Row) -> None:
    sample = made(tree(streams=[line({}, row)], people={})).only("sample")
    of_row = {"quality", "sample", "cpu", "wifi", "flags"}
    assert {name: value for name, value in sample["vconf"].items() if name in of_row} == plainly(row)
    assert sample.get("wards", {}) == known(row.own, "shake")


def test_what_a_machine_told_is_written_out() -> None:
    row = Row(
        NINE, Quality(Medium(rtt_ms=40.5, jitter_ms=2.0)), machine=Machine(Interval(60.0), Cpu(7.0, 30.5), Wifi(-61.0))
    )
    sample = made(tree(streams=[line({}, row)])).only("sample")["vconf"]
    assert sample["quality"] == {"audio": {"rtt_ms": 40.5, "jitter_ms": 2.0}}
    assert sample["sample"] == {"interval_s": 60}
    assert sample["cpu"] == {"app_pct": 7, "system_pct": 30.5}
    assert sample["wifi"] == {"rssi_dbm": -61}
