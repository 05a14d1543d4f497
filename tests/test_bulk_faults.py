"""What Elasticsearch may answer, over real sockets: nothing is lost, nothing is counted that is not there.

A door before the real node spoils chosen answers. The oracle is always the same: what is stored behind the
door, compared with what the archive gives on stdout.
"""

import json
import logging
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from io import BytesIO
from itertools import repeat
from pathlib import Path

import pytest
from elasticsearch import Elasticsearch

from harvesters.core.destinations import index as index_module
from harvesters.core.destinations.bulk import Body, Item, without_values
from harvesters.core.destinations.elastic import Cluster
from harvesters.sandbox import Request, Response, Server
from tests.nights import Night, Printed, Ran, printed, vendor
from tests.node_door import (
    PRODUCT,
    Door,
    Fault,
    acknowledgement_lost,
    at_most,
    every_third,
    html,
    lost,
    no_document_over,
    refuse_all,
    refuse_some,
    reply_broken,
    reply_cut,
    reply_short,
    sources,
    stored,
)
from tests.opentok_days import session, session_id

DAY = date(2026, 11, 20)
NOW = datetime(2026, 11, 22, 9, tzinfo=UTC)
BUSY = "es_rejected_execution_exception"
ALICE = "alice.miller@example.com"
pytestmark = pytest.mark.templates_stay


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two calls, fetched once for all tests of this file."""
    folder = tmp_path_factory.mktemp("archive")
    calls = [
        session(0, day=DAY, start=timedelta(hours=9), people=2, minutes=3),
        session(1, day=DAY, start=timedelta(hours=15), people=3, minutes=4),
    ]
    with vendor(calls, NOW) as server:
        night = Night(folder, NOW, server.url)
        assert night.harvest(DAY, into=["lake"]).exit_code == 0
    return folder


@dataclass(frozen=True)
class Bench:
    """A copy of the archive, the real node, and what should be in it."""

    data_dir: Path
    es: Elasticsearch
    es_url: str
    prefix: str

    def load(self, door: Door, *, nightly: bool = False) -> Ran:
        """Load the day through a door. The vendor is not there, so the nightly run only settles the debt."""
        with door.serve() as node:
            night = Night(self.data_dir, NOW, es_url=node.url, prefix=self.prefix)
            return night.harvest(into=["index"]) if nightly else night.replay(DAY, into=["index"])

    @property
    def wanted(self) -> dict[str, Printed]:
        """The documents of the archive."""
        out = BytesIO()
        Night(self.data_dir, NOW, prefix=self.prefix).replay(DAY, into=["stdout"], stdout=out)
        return printed(out)

    @property
    def found(self) -> dict[str, bytes]:
        """The documents behind the door."""
        return sources(stored(self.es, self.es_url, self.prefix))

    def assert_whole(self) -> int:
        wanted = {id_: line.source for id_, line in self.wanted.items()}
        assert self.found == wanted
        return len(wanted)

    @property
    def letters(self) -> Path:
        (path,) = (self.data_dir / "dead-letter").glob("*/*/*.ndjson")
        return path


@pytest.fixture
def bench(archive: Path, tmp_path: Path, es: Elasticsearch, es_url: str, prefix: str) -> Bench:
    copy = tmp_path / "data"
    shutil.copytree(archive, copy)
    Night(copy, NOW, es_url=es_url, prefix=prefix).setup()
    return Bench(copy, es, es_url, prefix)


@pytest.fixture(autouse=True)
def small_bodies(monkeypatch: pytest.MonkeyPatch) -> None:
    """Several bodies for a small day, so that two are under way at once."""
    monkeypatch.setattr(index_module, "BODY_BYTES", 20_000)


def of_call(number: int) -> Callable[[int, bytes], bool]:
    """The participants' documents of one of the calls."""
    parent = f'"parent_id":"{session_id(number, DAY)}"'.encode()
    return lambda _position, source: parent in source and b'"type":"participant"' in source


# -- what passes by waiting ------------------------------------------------------------------------------

PASSING: dict[str, Sequence[Fault]] = {
    "429 for the request": [refuse_all(429)] * 3,
    "502 for the request": [refuse_all(502)] * 2,
    "503 for the request": [refuse_all(503)] * 3,
    "504 for the request": [refuse_all(504)],
    "429 for documents": [refuse_some(every_third, 429, BUSY, "queue full")] * 3,
    "503 for documents": [refuse_some(every_third, 503, "unavailable_shards_exception", "no shard")] * 3,
    "429 for all documents": [refuse_some(lambda _n, _s: True, 429, BUSY, "queue full")],
    "connection lost": [lost, lost, lost],
    "acknowledgement lost": [acknowledgement_lost, acknowledgement_lost],
    "answer cut": [reply_cut, reply_cut],
    "answer is no JSON": [reply_broken, reply_broken],
    "answer speaks of fewer documents": [reply_short],
    "a page with status 200": [html({})],
    "a page with status 200 through a node's proxy": [html({"X-elastic-product": "Elasticsearch"})],
    "one after the other": [lost, refuse_all(503), reply_cut, refuse_some(every_third, 429, BUSY, "full"), html({})],
}


@pytest.mark.parametrize("faults", PASSING.values(), ids=PASSING)
def test_what_passes_by_waiting_ends_whole(bench: Bench, faults: Sequence[Fault]) -> None:
    door = Door(bench.es_url, faults)
    ran = bench.load(door)
    assert (ran.exit_code, ran.only.state) == (0, "complete"), ran.only.sentence()
    documents = bench.assert_whole()
    counts = ran.counts()
    assert counts["sent"] == documents == counts["created"] + counts["updated"]
    assert (counts["stale"], counts["rejected"]) == (0, 0)
    # Each fault was met: some documents went over the line more than once.
    assert door.sent > documents
    assert not (bench.data_dir / "dead-letter").exists()


def test_a_lost_acknowledgement_makes_no_twins(bench: Bench) -> None:
    door = Door(bench.es_url, [acknowledgement_lost])
    counts = bench.load(door).counts()
    twice = door.bulks[0].count(b"\n") // 2
    assert (counts["updated"], counts["created"]) == (twice, len(bench.wanted) - twice)
    bench.assert_whole()


def test_only_the_documents_that_were_not_taken_are_sent_again(bench: Bench) -> None:
    door = Door(bench.es_url, [refuse_some(every_third, 429, BUSY, "queue full")])
    bench.load(door)
    first = door.bulks[0].count(b"\n") // 2
    assert door.sent - len(bench.wanted) == -(-first // 3)


def test_waits_grow_and_end_at_the_deadline(bench: Bench) -> None:
    door = Door(bench.es_url, repeat(refuse_all(503)))
    with door.serve() as node:
        night = Night(bench.data_dir, NOW, es_url=node.url, prefix=bench.prefix)
        ran = night.replay(DAY, into=["index"])
    assert (ran.exit_code, ran.only.state) == (1, "failed")
    assert "did not take documents" in ran.only.reason
    assert "status 503" in ran.only.reason
    assert ran.counts() == dict.fromkeys(("sent", "created", "updated", "stale", "rejected"), 0)
    assert bench.found == {}
    # A back-off, not a hammer: at most a minute each, two hours in all, for each of two senders.
    waits = night.time.waits
    assert max(waits) <= 60
    assert 90 < len(waits) < 400
    assert sum(waits) <= 7200
    assert (bench.load(Door(bench.es_url)).exit_code, bench.assert_whole() > 0) == (0, True)


def test_a_buffer_that_somebody_still_looks_at_is_not_written_again(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """TLS in Python cuts a body into views, and the traceback of a try that failed keeps one for a while."""
    kept: list[memoryview] = []
    send = Cluster.bulk

    def bulk(cluster: Cluster, body: Body) -> list[Item]:
        if len(kept) < 3:
            kept.append(body.content[1:])
        return send(cluster, body)

    monkeypatch.setattr(Cluster, "bulk", bulk)
    first = bench.load(Door(bench.es_url))
    assert (first.exit_code, first.only.state) == (0, "complete"), first.only.sentence()
    bench.assert_whole()
    assert {bytes(view[:7]) for view in kept} == {b'"index"'}


# -- what is made searchable while a load goes on -----------------------------------------------------------


@pytest.mark.parametrize(
    "early",
    [None, refuse_all(403, "security_exception", "no right"), refuse_all(503), lost, html({})],
    ids=["well", "no right", "busy", "connection lost", "a page with status 200"],
)
def test_a_long_load_refreshes_meanwhile_and_needs_no_luck_with_it(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, early: Fault | None
) -> None:
    monkeypatch.setattr(index_module, "REFRESH_AFTER", 3)
    door = Door(bench.es_url, early=early)
    ran = bench.load(door)
    assert (ran.exit_code, ran.only.state) == (0, "complete"), ran.only.sentence()
    bench.assert_whole()
    assert len(door.refreshed) >= len(door.bulks) // 3 > 0
    assert {*door.refreshed} == {f"/{bench.prefix}-samples-2026.11/_refresh"}


# -- too large --------------------------------------------------------------------------------------------


def test_a_body_that_is_too_large_goes_in_halves(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(index_module, "BODY_BYTES", 4 << 20)
    door = Door(bench.es_url, repeat(at_most(30_000)))
    ran = bench.load(door)
    assert (ran.exit_code, ran.only.state) == (0, "complete")
    documents = bench.assert_whole()
    assert ran.counts() == {"sent": documents, "created": documents, "updated": 0, "stale": 0, "rejected": 0}
    assert len(door.bulks[0]) > 60_000, "it was one body"
    assert [len(body) for body in door.bulks].count(len(door.bulks[0])) == 1, "it was never sent as it was again"


def test_a_document_that_is_too_large_is_refused_alone(bench: Bench) -> None:
    wanted = {id_: line.source for id_, line in bench.wanted.items()}
    most = max(map(len, wanted.values()))
    larger = {id_ for id_, source in wanted.items() if len(source) == most}
    assert len(larger) < len(wanted) / 10, "or halving would prove little"
    ran = bench.load(Door(bench.es_url, repeat(no_document_over(most - 1))))
    assert (ran.exit_code, ran.only.state) == (3, "partial")
    assert set(wanted) - set(bench.found) == larger
    counts = ran.counts()
    assert (counts["sent"], counts["rejected"], counts["created"]) == (len(wanted), len(larger), len(bench.found))
    assert any("larger than Elasticsearch takes" in warning for warning in ran.only.warnings)
    assert {json.loads(line)["_id"] for line in bench.letters.read_text().splitlines()} == larger


# -- refused documents ------------------------------------------------------------------------------------

QUOTING = (
    f"[1:431] failed to parse field [vconf.participant.duration_s] of type [float] in document with id "
    f"'abc'. Preview of field's value: '{ALICE}'"
)


def refusing(number: int) -> Fault:
    return refuse_some(of_call(number), 400, "document_parsing_exception", QUOTING)


def test_refused_documents_are_named_copied_and_stay_owed(bench: Bench) -> None:
    ran = bench.load(Door(bench.es_url, repeat(refusing(0))))
    assert (ran.exit_code, ran.only.state) == (3, "partial")
    wanted = bench.wanted
    missing = {id_ for id_, line in wanted.items() if of_call(0)(0, line.source)}
    assert len(missing) == 2
    assert bench.found == {id_: line.source for id_, line in wanted.items() if id_ not in missing}
    documents = len(wanted)
    assert ran.counts() == {"sent": documents, "created": documents - 2, "updated": 0, "stale": 0, "rejected": 2}
    warning, copies = [each for each in ran.only.warnings if "refused" in each]
    assert copies == f"copies of what index refused are in {bench.letters}"
    assert "index refused 2 documents" in warning
    assert session_id(0, DAY) in warning
    assert "document_parsing_exception" in warning
    assert "[vconf.participant.duration_s]" in warning

    # Copies for people: private, with the reason, and the documents as they are.
    assert bench.letters.stat().st_mode & 0o777 == 0o600
    letters = [json.loads(line) for line in bench.letters.read_text().splitlines()]
    assert {letter["_id"]: letter["_source"] for letter in letters} == {
        id_: json.loads(wanted[id_].source) for id_ in missing
    }
    for letter in letters:
        assert (letter["status"], letter["_index"]) == (400, f"{bench.prefix}-participants-2026")
        assert "document_parsing_exception" in letter["reason"]
        assert ALICE not in letter["reason"]
    assert ALICE not in json.dumps(ran.report.as_json())
    assert ALICE not in (bench.data_dir.rglob("*.manifest.json").__next__()).read_text()


@pytest.mark.parametrize("nightly", [True, False], ids=["the next night", "replay"])
def test_after_the_mending_only_the_owed_record_is_sent(bench: Bench, nightly: bool) -> None:  # noqa: FBT001
    assert bench.load(Door(bench.es_url, repeat(refusing(0)))).exit_code == 3
    mended = Door(bench.es_url)
    ran = bench.load(mended, nightly=nightly)
    slice_ = next(each for each in ran.report.slices if each.day == str(DAY))
    assert (slice_.state, slice_.requests) == ("complete", 0)
    wanted = bench.wanted
    parent = session_id(0, DAY).encode()
    record = [line for line in wanted.values() if parent in line.source]
    assert mended.sent == len(record) < len(wanted)
    assert all(parent in line for body in mended.bulks for line in body.splitlines()[1::2])
    bench.assert_whole()
    assert not list((bench.data_dir / "dead-letter").glob("*/*/*")), "what was refused is there now"


def test_refused_again_is_partial_again(bench: Bench) -> None:
    for _ in range(2):
        ran = bench.load(Door(bench.es_url, repeat(refusing(0))))
        assert (ran.exit_code, ran.only.state, ran.counts()["rejected"]) == (3, "partial", 2)
        assert len(bench.letters.read_text().splitlines()) == 2


def test_nothing_personal_in_the_log(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG, "harvesters"):
        bench.load(Door(bench.es_url, repeat(refusing(0))))
    assert ALICE not in caplog.text


REAL_MISFITS = {
    "date": ("vconf.conference.start", ALICE),
    "float": ("vconf.participant.duration_s", ALICE),
    "long": ("event.duration", ALICE),
    "date_range": ("vconf.presence", {"gte": ALICE}),
    "date_range as text": ("vconf.presence", ALICE),
    "flattened": ("vconf.extra", ALICE),
    "object": ("vconf.quality", ALICE),
    "keyword": ("user.id", {"name": ALICE}),
}


def reason_of_node(bench: Bench, kind: str, field: str, value: object) -> str:
    """What the real node says of a document with this value in this field; "" if it takes it."""
    document = value
    for step in reversed(field.split(".")):
        document = {step: document}
    action = {"index": {"_index": f"{bench.prefix}-{kind}-2026.11", "_id": f"id of {ALICE}"}}
    (item,) = bench.es.bulk(operations=[action, document])["items"]  # type: ignore[list-item]
    reason: str = item["index"].get("error", {}).get("reason", "")
    return reason


@pytest.mark.parametrize("kind", ["participants", "streams"])
def test_the_real_nodes_own_reasons_lose_their_values(bench: Bench, kind: str) -> None:
    """The node's true words for each type of field that a person's data could get into."""
    reasons = {name: reason_of_node(bench, kind, field, value) for name, (field, value) in REAL_MISFITS.items()}
    quoting = {name: reason for name, reason in reasons.items() if ALICE in reason}
    assert len(quoting) >= 3, reasons
    for name, reason in reasons.items():
        said = without_values(reason)
        assert "alice" not in said, name
        assert "example.com" not in said, name
        assert not reason or f"[{REAL_MISFITS[name][0]}]" in said, name


def test_nobody_can_log_what_is_sent(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    """The client would write whole bodies into a log of its own, for whoever listens."""
    node = logging.getLogger("elastic_transport.node")
    node.addHandler(caplog.handler)
    try:
        with caplog.at_level(logging.DEBUG, node.name):
            bench.load(Door(bench.es_url, [refuse_all(503), lost]))
    finally:
        node.removeHandler(caplog.handler)
    bench.assert_whole()
    assert "/_refresh" in caplog.text, "other requests are logged"
    assert "external_gte" not in caplog.text


@pytest.mark.parametrize(
    "reason",
    [
        f"failed to parse date field [{ALICE}] with format [strict_date_optional_time||epoch_millis]",
        "failed to parse date field [alice] with format [strict_date_optional_time||epoch_millis]",
        "Failed to parse value [alice] as only [true] or [false] are allowed.",
        f"[1:20] no idea what [{ALICE}] is",
        "Value 'alice said 'hi' and left' is no number, and 'alice' neither",
        f'For input string: "{ALICE}"',
        f"Document contains at least one immense term in field=\"user.id\", the prefix is: '[{ALICE}]...'",
        f"Could not parse '{ALICE}",
        f"mapper [vconf.extra] cannot take O'{ALICE}",
    ],
)
def test_a_value_is_cut_out_of_a_reason_however_it_is_quoted(reason: str) -> None:
    assert "alice" not in without_values(reason)


@pytest.mark.parametrize(
    "reason",
    [
        "Limit of total fields [1000] has been exceeded while adding new fields [3]",
        "object mapping for [vconf.quality] tried to parse field [quality] as object, but found a concrete value",
        "No handler for type [geo_shap] declared on field [where] of [vconf@custom]",
    ],
)
def test_a_reason_without_values_stays_whole(reason: str) -> None:
    assert without_values(reason) == reason


# -- what does not pass by waiting ------------------------------------------------------------------------


def test_a_blocked_index_stops_with_a_sentence_and_is_not_retried(bench: Bench) -> None:
    """The real block that a full disk sets; it says 429 too."""
    assert bench.load(Door(bench.es_url)).exit_code == 0
    stamp = bench.data_dir.rglob("*.manifest.json").__next__()
    index = f"{bench.prefix}-participants-2026"
    bench.es.indices.put_settings(index=index, settings={"index.blocks.read_only_allow_delete": True})
    # All records are owed again, as after a change of the formula.
    manifest = json.loads(stamp.read_text())
    manifest["destinations"] = {}
    stamp.write_text(json.dumps(manifest))
    door = Door(bench.es_url)
    with door.serve() as node:
        night = Night(bench.data_dir, NOW, es_url=node.url, prefix=bench.prefix)
        ran = night.replay(DAY, into=["index"])
    assert (ran.exit_code, ran.only.state) == (1, "failed")
    assert "blocks writing" in ran.only.reason
    assert "flood stage" in ran.only.reason
    assert "free space" in ran.only.reason
    assert night.time.waits == []
    assert ran.counts()["created"] == 0, "nothing new came"
    bench.es.indices.put_settings(index=index, settings={"index.blocks.read_only_allow_delete": None})
    again = bench.load(Door(bench.es_url))
    assert (again.exit_code, again.only.state) == (0, "complete")
    assert again.counts()["sent"] == bench.assert_whole()


STOPPING: dict[str, tuple[Fault, str]] = {
    "401": (refuse_all(401, "security_exception", f"unable to authenticate user [{ALICE}]"), "refuses the login"),
    "403": (refuse_all(403, "security_exception", f"[{ALICE}] is unauthorized"), "a right that it needs"),
    "403 for documents": (
        refuse_some(every_third, 403, "security_exception", f"[{ALICE}] is unauthorized"),
        "refuses our user the right to write",
    ),
    "index may not be made": (
        refuse_some(every_third, 404, "index_not_found_exception", "no such index [x] and [auto_create_index]"),
        "may not create the index",
    ),
    "flood stage for the request": (
        refuse_all(429, "cluster_block_exception", "index [x] blocked by: [TOO_MANY_REQUESTS/12/disk usage exceeded]"),
        "blocks writing",
    ),
}


@pytest.mark.parametrize(("fault", "sentence"), STOPPING.values(), ids=STOPPING)
def test_what_does_not_pass_by_waiting_stops_with_a_sentence(bench: Bench, fault: Fault, sentence: str) -> None:
    door = Door(bench.es_url, repeat(fault))
    with door.serve() as node:
        night = Night(bench.data_dir, NOW, es_url=node.url, prefix=bench.prefix)
        ran = night.replay(DAY, into=["index"])
    assert (ran.exit_code, ran.only.state) == (1, "failed")
    assert sentence in ran.only.reason
    assert ALICE not in ran.only.sentence()
    assert night.time.waits == []
    assert len(door.bulks) <= index_module.IN_FLIGHT
    # What the report calls created is what is there; the next run brings the rest.
    assert ran.counts()["created"] == ran.counts()["sent"] == len(bench.found)
    again = bench.load(Door(bench.es_url))
    assert (again.exit_code, again.only.state) == (0, "complete")
    bench.assert_whole()


@pytest.mark.parametrize(("status", "sentence"), [(401, "refuses the login"), (403, "refuses our user a right")])
def test_a_refused_login_is_a_sentence_before_anything_is_sent(bench: Bench, status: int, sentence: str) -> None:
    asked: list[str] = []

    def refuse(request: Request) -> Response:
        asked.append(request.path)
        body = {"error": {"type": "security_exception", "reason": f"user [{ALICE}]"}, "status": status}
        return Response(status, PRODUCT, json.dumps(body).encode())

    secrets = {"ES_USER": "nightly", "ES_PASSWORD": "correct horse"}
    with Server(refuse, path="") as node:
        ran = Night(bench.data_dir, NOW, es_url=node.url, prefix=bench.prefix, more=secrets).replay(DAY, into=["index"])
    assert (ran.exit_code, ran.only.state) == (1, "failed")
    assert sentence in ran.only.reason
    said = json.dumps(ran.report.as_json())
    assert "correct horse" not in said
    assert ALICE not in said
    assert not any("_bulk" in path or "_doc" in path for path in asked)


def test_something_that_is_no_elasticsearch_is_named(bench: Bench) -> None:
    with vendor([], NOW) as other:
        night = Night(bench.data_dir, NOW, es_url=other.url.removesuffix("/graphql"), prefix=bench.prefix)
        ran = night.replay(DAY, into=["index"])
    assert (ran.exit_code, ran.only.state) == (1, "failed")
    assert "Elasticsearch at 127.0.0.1" in ran.only.reason
    assert bench.found == {}


def test_a_node_that_goes_away_in_the_middle_is_owed_the_rest(bench: Bench) -> None:
    """Some bodies are stored, then nobody answers any more until the deadline; the next night loads it all."""
    passing: list[Fault] = [lambda body, forward: forward(body)] * 2
    ran = bench.load(Door(bench.es_url, [*passing, *repeat(lost, 2000)]))
    assert (ran.exit_code, ran.only.state) == (1, "failed")
    assert "the connection was refused or lost" in ran.only.reason
    assert 0 < len(bench.found) < len(bench.wanted)
    assert ran.counts()["created"] == len(bench.found)
    again = bench.load(Door(bench.es_url), nightly=True)
    slice_ = next(each for each in again.report.slices if each.day == str(DAY))
    assert (slice_.state, slice_.requests) == ("complete", 0)
    bench.assert_whole()
