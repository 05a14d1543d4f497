"""From the vendor's answer to a real Elasticsearch: values, names, templates, repetition, counts."""

import json
import re
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from elasticsearch import Elasticsearch

from harvesters.core.day import iso
from harvesters.sandbox import ANSWERS, Request, Response, load_folder
from harvesters.sandbox.peermetrics import PeermetricsRules, serve_peermetrics
from harvesters.sandbox.zoom import Person, meeting
from tests import geoip, peermetrics_days, zoom_days
from tests.conftest import own_prefix
from tests.geoip import LINKOPING
from tests.nights import NOBODY, Night, lake_lines, printed, vendor
from tests.node_door import Door, leaves, sources, stored
from tests.opentok_days import session, session_id
from tests.shell import Shell
from tests.zoom_nights import ZoomNight, zoom

HOME = Path(__file__).parents[1]
SEED_DAY = date(2020, 7, 9)
SEED_NOW = datetime(2020, 7, 11, 9, tzinfo=UTC)
DAY = date(2026, 10, 31)
NOW = datetime(2026, 11, 2, 9, tzinfo=UTC)
TONIGHT = datetime(2026, 11, 1, 1, tzinfo=UTC)
ALL_KINDS = ("conferences", "participants", "streams", "samples", "issues", "runs")


def two_calls() -> list[Any]:
    """Two people for two minutes, and three with a shared screen over the end of the month."""
    return [
        session(0, day=DAY, start=timedelta(hours=9), people=2, minutes=2),
        session(1, day=DAY, start=timedelta(hours=23, minutes=55), people=3, minutes=10, screens=1),
    ]


def parsed(es: Elasticsearch, es_url: str, prefix: str, *kinds: str) -> list[dict[str, Any]]:
    return [hit.document for hit in stored(es, es_url, prefix, kinds).values()]


# -- the seed's real answer ----------------------------------------------------------------------------


@pytest.fixture
def seed(es_url: str, prefix: str, tmp_path: Path) -> Iterator[Night]:
    """The real answer, harvested."""
    (real,) = (each for each in load_folder(ANSWERS) if each["sessionId"].startswith("2_MX40NjIwNDk3Mn5"))
    with vendor([real], SEED_NOW) as server:
        night = Night(tmp_path, SEED_NOW, server.url, es_url, prefix)
        night.setup()
        ran = night.harvest(SEED_DAY, into=["index"])
        assert (ran.exit_code, ran.only.state, ran.only.listed, ran.only.harvested) == (0, "complete", 1, 1)
        assert ran.counts() == {"sent": 4, "created": 4, "updated": 0, "stale": 0, "rejected": 0}
        yield night


@pytest.mark.usefixtures("seed")
def test_the_real_answers_numbers(es: Elasticsearch, es_url: str, prefix: str) -> None:
    """The numbers follow from the answer's text alone: 09:15:14.485 - 09:14:57.780 = 16.705 s, and so on."""
    (conference,) = map(leaves, parsed(es, es_url, prefix, "conferences"))
    (participant,) = map(leaves, parsed(es, es_url, prefix, "participants"))
    (stream,) = map(leaves, parsed(es, es_url, prefix, "streams"))
    (sample,) = map(leaves, parsed(es, es_url, prefix, "samples"))

    assert stream["event.start"] == "2020-07-09T09:14:57.780Z"
    assert stream["event.end"] == "2020-07-09T09:15:14.485Z"
    assert stream["vconf.stream.duration_s"] == round(14.485 - -2.220, 3) == 16.705
    assert stream["event.duration"] == 16_705 * 1_000_000
    assert (stream["vconf.stream.direction"], stream["vconf.stream.samples"]) == ("sent", 1)
    assert stream["vconf.stream.codec"] == ["opus", "vp8"]
    assert stream["opentok.stream_id"] == "7bc2656b-cbc9-442d-a1e0-4af9aa2e864a"

    # The connection came a quarter of a second before its publisher: 57.780 - 57.530.
    for document in (conference, participant):
        assert document["@timestamp"] == "2020-07-09T09:14:57.530Z"
        assert document["event.duration"] == (16_705 + 250) * 1_000_000
    assert participant["vconf.participant.duration_s"] == 16.955
    assert participant["vconf.presence.gte"] == "2020-07-09T09:14:57.530Z"
    assert participant["vconf.presence.lt"] == "2020-07-09T09:15:14.485Z"
    assert (conference["vconf.participants.count"], conference["vconf.streams.count"]) == (1, 1)
    assert conference["vconf.topology"] == "routed"

    assert sample["@timestamp"] == "2020-07-09T09:15:03.500Z"
    assert sample["vconf.quality.audio.loss_pct"] == 0
    assert sample["vconf.quality.video.loss_pct"] == 0
    assert sample["vconf.quality.video.width"] == 1280
    assert sample["vconf.quality.video.height"] == 720
    assert sample["vconf.quality.video.pixels"] == 1280 * 720 == 921_600
    assert (sample["opentok.audio_bitrate"], sample["opentok.video_bitrate"]) == (1.88, 8.25)
    # Null on a publisher, and the meaning of the vendor's "Kbps" is disputed: absent, not 0.
    absent = {
        f"vconf.quality.{medium}.{name}" for medium in ("audio", "video") for name in ("latency_ms", "bitrate_kbps")
    }
    assert not absent & set(sample)


@pytest.mark.usefixtures("seed")
def test_the_real_answers_user_agent_is_decoded_once_and_kept_as_it_came(
    es: Elasticsearch, es_url: str, prefix: str
) -> None:
    (participant,) = map(leaves, parsed(es, es_url, prefix, "participants"))
    assert participant["user_agent.original"] == (
        "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_14_6) AppleWebKit/537.36 (KHTML, like Gecko) "
        "Chrome/83.0.4103.116 Safari/537.36"
    )
    assert participant["opentok.user_agent"].startswith("Mozilla%2F5.0+%28Macintosh%3B+Intel+")
    assert participant["user_agent.name"] == "Chrome"
    assert participant["user.id"] == "0feee5f3-8dbc-4918-b693-6b7df0c5027c"
    assert participant["vconf.client.sdk.version"] == "2.17.0"


@pytest.mark.parametrize(("unit", "factor"), [("kbit", 1), ("kbyte", 8)])
def test_another_meaning_of_the_bitrates_is_a_replay(
    seed: Night, es: Elasticsearch, es_url: str, unit: str, factor: int
) -> None:
    """The vendor's number stays beside ours, and the version with it: the record is the same."""
    before = stored(es, es_url, seed.prefix)
    ran = seed.later(vendor_url=NOBODY, more={"OPENTOK_BITRATE_UNIT": unit}).replay(SEED_DAY, into=["index"])
    assert ran.counts() == {"sent": 4, "created": 0, "updated": 4, "stale": 0, "rejected": 0}
    after = stored(es, es_url, seed.prefix)
    assert {hit.id: hit.version for hit in after.values()} == {hit.id: hit.version for hit in before.values()}
    (sample,) = map(leaves, parsed(es, es_url, seed.prefix, "samples"))
    assert sample["vconf.quality.audio.bitrate_kbps"] == round(1.88 * factor, 2)
    assert sample["vconf.quality.video.bitrate_kbps"] == 8.25 * factor
    assert (sample["opentok.audio_bitrate"], sample["opentok.video_bitrate"]) == (1.88, 8.25)
    digests = {hit.document["vconf"]["harvest"]["settings"] for hit in (*before.values(), *after.values())}
    assert len(digests) == 2


@pytest.mark.usefixtures("seed")
def test_the_real_answers_ids_and_indices(es: Elasticsearch, es_url: str, prefix: str) -> None:
    hits = stored(es, es_url, prefix)
    by_index = {hit.index: hit.id for hit in hits.values()}
    assert set(by_index) == {
        f"{prefix}-conferences-2020",
        f"{prefix}-participants-2020",
        f"{prefix}-streams-2020",
        f"{prefix}-samples-2020.07",
    }
    sample = by_index.pop(f"{prefix}-samples-2020.07")
    assert all(re.fullmatch("[a-z2-7]{32}", id_) for id_ in by_index.values())
    # 2020-07-09 is day 18,452 since 1970 (50 years of 365 days, 12 leap days, 190 days of 2020).
    at = (50 * 365 + 12 + 190) * 86_400_000 + (9 * 3600 + 15 * 60 + 3) * 1000 + 500
    assert sample == f"{by_index[f'{prefix}-streams-2020']}-{at:x}"


@pytest.mark.usefixtures("seed")
def test_the_real_answers_documents_point_to_each_other(es: Elasticsearch, es_url: str, prefix: str) -> None:
    hits = {hit.index.split("-")[2]: (hit.id, leaves(hit.document)) for hit in stored(es, es_url, prefix).values()}
    conference, participant, stream = (hits[kind][0] for kind in ("conferences", "participants", "streams"))
    for _, document in hits.values():
        assert document["vconf.conference.id"] == conference
    for kind in ("participants", "streams", "samples"):
        assert hits[kind][1]["vconf.participant.id"] == participant
    for kind in ("streams", "samples"):
        assert hits[kind][1]["vconf.stream.id"] == stream


# -- names ---------------------------------------------------------------------------------------------


def test_the_conferences_month_decides_the_index_of_all_its_documents(
    es: Elasticsearch, es_url: str, prefix: str, tmp_path: Path
) -> None:
    with vendor(two_calls(), NOW) as server:
        night = Night(tmp_path, NOW, server.url, es_url, prefix)
        night.setup()
        assert night.harvest(DAY, into=["index"]).exit_code == 0
    samples = stored(es, es_url, prefix, ["samples"]).values()
    assert {hit.index for hit in samples} == {f"{prefix}-samples-2026.10"}
    # Or the test proves nothing: some were measured after midnight, in November.
    assert any(b'"@timestamp":"2026-11-01T00:' in hit.source for hit in samples)


def test_aliases_name_the_indices_without_their_dates(
    es: Elasticsearch, es_url: str, prefix: str, tmp_path: Path
) -> None:
    with vendor(two_calls(), NOW) as server:
        night = Night(tmp_path, NOW, server.url, es_url, prefix)
        night.setup()
        night.harvest(DAY, into=["index"])
    stored(es, es_url, prefix)
    assert es.count(index=f"{prefix}-conferences")["count"] == 2
    assert es.count(index=f"{prefix}-participants")["count"] == 2 + 3
    # Each camera is sent once and received by everybody else: 2 x 2, 3 x 3, and the screen 1 + 2.
    assert es.count(index=f"{prefix}-streams")["count"] == 4 + 9 + 3
    assert es.indices.exists_alias(name=f"{prefix}-samples", index=f"{prefix}-samples-2026.10")


def test_the_prefix_is_respected(es: Elasticsearch, es_url: str, prefix: str, tmp_path: Path) -> None:
    def names() -> set[str]:
        templates = es.indices.get_index_template()["index_templates"]
        components = es.cluster.get_component_template()["component_templates"]
        return {
            *es.indices.get_alias(expand_wildcards="all"),
            *(each["name"] for each in [*templates, *components]),
        }

    before = names()
    with vendor(two_calls(), NOW) as server:
        night = Night(tmp_path, NOW, server.url, es_url, prefix)
        night.setup()
        night.harvest(DAY, into=["index"])
    fresh = names() - before
    assert {f"{prefix}-conferences-2026", f"{prefix}-runs", f"{prefix}-samples", f"{prefix}@common"} <= fresh
    # Other tests, which run meanwhile, have prefixes of the same shape.
    assert {name for name in fresh if not re.match(rf"(?:{prefix}|vconf-t[0-9a-f]{{8}})[-@]", name)} == set()


def test_another_prefix_is_another_destination(es: Elasticsearch, es_url: str, prefix: str, tmp_path: Path) -> None:
    with vendor(two_calls(), NOW) as server:
        night = Night(tmp_path, NOW, server.url, es_url, prefix)
        night.setup()
        first = night.harvest(DAY, into=["index"])
        # The clean-up of `prefix` takes it away too.
        other = night.later(prefix=f"{prefix}-two")
        other.setup()
        asked = server.requests
        second = other.harvest(DAY, into=["index"])
        assert server.requests == asked
    assert second.counts() == first.counts()
    theirs = stored(es, es_url, f"{prefix}-two")
    assert sources(theirs) == {
        id_: source for id_, source in sources(stored(es, es_url, prefix)).items() if id_ in theirs
    }
    assert len(theirs) == first.counts()["sent"]


# -- mappings ------------------------------------------------------------------------------------------

LEAVES = {"flattened", "date_range", "geo_point"}


def mapped(es: Elasticsearch, prefix: str, kind: str) -> dict[str, str]:
    """The fields of an index kind with their types, as the node has them."""

    def fields(properties: dict[str, Any], above: str = "") -> Iterator[tuple[str, str]]:
        for name, field in properties.items():
            if "properties" in field:
                yield from fields(field["properties"], f"{above}{name}.")
            else:
                yield above + name, field["type"]

    found: dict[str, str] = {}
    for each in es.indices.get_mapping(index=f"{prefix}-{kind}*").values():
        assert each["mappings"]["dynamic"] == "false"
        found |= dict(fields(each["mappings"]["properties"]))
    return found


def emitted(documents: list[dict[str, Any]], types: dict[str, str]) -> set[str]:
    """The fields of documents; what lies inside a field that takes objects belongs to that field."""
    names = {name for document in documents for name in leaves(document)}
    inside = [field for field, type_ in types.items() if type_ in LEAVES]
    return {next((field for field in inside if name.startswith(f"{field}.")), name) for name in names}


FITTING: dict[str, Callable[[Any], bool]] = {
    "keyword": lambda value: (
        isinstance(value, str) or (isinstance(value, list) and all(isinstance(v, str) for v in value))
    ),
    "text": lambda value: isinstance(value, str),
    "ip": lambda value: isinstance(value, str),
    "float": lambda value: isinstance(value, int | float) and not isinstance(value, bool),
    "long": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "boolean": lambda value: isinstance(value, bool),
    "date": lambda value: (
        isinstance(value, str) and re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", value) is not None
    ),
}


def with_odds(answer: dict[str, Any], broken: str) -> None:
    """Make a detail answer tell of everything: a call that is not given, ends unknown, members nobody knows."""
    found = answer["data"]["project"]["sessionData"]["sessions"]
    found["resources"] = [None if each["sessionId"] == broken else each for each in found["resources"]]
    (first, second) = [each["meetings"]["resources"][0] for each in found["resources"] if each]
    person, publisher = first["connections"]["resources"][0], first["publishers"]["resources"][0]
    for entity in (first, person, publisher):
        entity["destroyedAt"] = None
        entity["surprise"] = {"deep": [1, "two"]}
    publisher["streamStatsCollection"]["resources"][0]["audioPacketLoss"] = -0.01
    for each in (publisher, *second["publishers"]["resources"]):
        # What the vendor says of received streams alone, it might say of a sent one.
        each["streamStatsCollection"]["resources"][0] |= {"audioLatencyMs": 20, "videoLatencyMs": 30}


FIFI = Person(
    "Fifi",
    row={"join_time": "", "issue_list": ["Unstable screen share quality"]},
    minute={
        way: {"bitrate": "1.2 mbps", "latency": "40 ms", "jitter": "3 ms", "avg_loss": "9 %", "resolution": "1280*720",
              "frame_rate": "1 fps"}
        for way in ("as_input", "as_output")
    } | {"audio_output": {"latency": "900 ms", "jitter": "3 ms", "avg_loss": "30 %"},
         "video_output": {"bitrate": "40 kbps", "latency": "900 ms", "avg_loss": "30 %", "resolution": "640*360"},
         "audio_input": {"latency": "900 ms", "avg_loss": "30 %"},
         "video_input": {"bitrate": "40 kbps", "avg_loss": "30 %", "resolution": "640*360", "frame_rate": "3 fps"}},
)  # fmt: skip
"""She shares a screen over a bad line, and nobody knows when she came."""
GINA = [Person("Gina", came, left, email="gina@example.com") for came, left in ((0, 60), (90, None))]
"""She comes back."""
GRETA = Person("Greta", row={"ip_address": LINKOPING, "issue_list": ["Unstable audio quality"]})
"""Her address is in the databases."""


@pytest.fixture(scope="module")
def full(es: Elasticsearch, es_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The prefix of a day of each vendor with everything that it can tell, in all kinds of indices."""
    with own_prefix(es) as prefix:
        folder = tmp_path_factory.mktemp("full")
        table = folder / "labels.csv"
        table.write_text(f"account;school\n{zoom_days.ACCOUNT};Linden School\n")
        cluster = {"ES_HOST": es_url, "INDEX_PREFIX": prefix, **geoip.FILES, "LOOKUP_FILE": str(table)}
        harvest_opentok(folder, es_url, prefix)
        harvest_zoom(folder, cluster)
        harvest_peermetrics(folder, cluster)
        yield prefix


def harvest_opentok(folder: Path, es_url: str, prefix: str) -> None:
    """One call is not given."""
    sessions = [*two_calls(), session(2, day=DAY, start=timedelta(hours=3), people=1, minutes=1)]

    def odd(_number: int, request: Request) -> Response | None:
        if b"query Detail" not in request.body:
            return None
        answer = json.loads(server.answer(request).body)
        with_odds(answer, session_id(2, DAY))
        return Response(200, {"Content-Type": "application/json"}, json.dumps(answer).encode())

    with vendor(sessions, NOW, odd) as server:
        night = Night(folder, NOW, server.url, es_url, prefix, {"OPENTOK_BITRATE_UNIT": "kbit"})
        night.setup()
        ran = night.harvest(DAY, into=["index"])
        assert (ran.exit_code, ran.only.harvested, len(ran.only.failed)) == (3, 2, 1)


def harvest_zoom(folder: Path, cluster: dict[str, str]) -> None:
    """By both routes, and a day with pseudonyms."""
    people = [FIFI, *GINA, GRETA]
    seen = [*zoom_days.everything(), meeting("hL1o37VTaiN3IhHInJ0GAx==", zoom_days.at(14), people=people)]
    with zoom(seen, zoom_days.SETTLED) as dashboard:
        by_dashboard = ZoomNight.at(folder / "dashboard", dashboard).set(
            **cluster, **zoom_days.EVERYTHING, TOTALS="yes"
        )
        assert by_dashboard.harvest(zoom_days.DAY, into=["index"]).exit_code == 0

    def with_host(_number: int, request: Request) -> Response | None:
        """Real answers tell of the host's id, though no document says so."""
        if "/report/users/" not in request.path:
            return None
        answer = json.loads(report.answer(request).body)
        told = [{**each, "host_id": "of-the-host"} for each in answer["meetings"]]
        return Response(200, {"Content-Type": "application/json"}, json.dumps({**answer, "meetings": told}).encode())

    key = folder / "privacy.key"
    key.write_text("of the pseudonyms of the tests, 32 and more")
    with zoom([meeting("iL1o37VTaiN3IhHInJ0GAx==", zoom_days.at(33), people=[GRETA])], zoom_days.SETTLED) as next_day:
        hidden = {"PRIVACY": "pseudonymous", "PRIVACY_KEY_FILE": str(key), **cluster}
        under_a_key = ZoomNight.at(folder / "pseudonymous", next_day).set(**hidden)
        assert under_a_key.harvest(zoom_days.DAY + timedelta(days=1), into=["index"]).exit_code == 0

    reported = [meeting("gL1o37VTaiN3IhHInJ0GAx==", zoom_days.at(15))]
    with zoom(reported, zoom_days.SETTLED, intercept=with_host) as report:
        by_report = ZoomNight.at(folder / "report", report, ZOOM_VIA="report").set(**cluster, TOTALS="yes")
        assert by_report.harvest(zoom_days.DAY, into=["index"]).exit_code == 0


def harvest_peermetrics(folder: Path, cluster: dict[str, str]) -> None:
    """A day of peermetrics, with what a clean-up left of its statistics, then with these."""
    for cleanup in ("on", "off"):
        rules = PeermetricsRules(cleanup=cleanup, order="stable", worker_requests=None)
        (folder / cleanup).mkdir()
        with serve_peermetrics(
            peermetrics_days.everything(), now=lambda: peermetrics_days.SETTLED, rules=rules
        ) as server:
            env = {**peermetrics_days.environment(server), **cluster, "VCONF_NOW": iso(peermetrics_days.SETTLED)}
            done = Shell(folder / cleanup, env)("peermetrics", "--date", str(peermetrics_days.DAY))
        assert done.code == 0, done.err


def test_every_field_that_is_emitted_is_mapped_with_a_fitting_type(es: Elasticsearch, es_url: str, full: str) -> None:
    for kind in ALL_KINDS:
        types = mapped(es, full, kind)
        documents = parsed(es, es_url, full, kind)
        assert documents, kind
        assert emitted(documents, types) - set(types) == set(), kind
        misfits = {
            (name, str(value))
            for document in documents
            for name, value in leaves(document).items()
            if name in types and types[name] not in LEAVES and not FITTING[types[name]](value)
        }
        assert misfits == set(), kind


def test_every_field_that_is_mapped_is_emitted_by_somebody(es: Elasticsearch, es_url: str, full: str) -> None:
    types = {kind: mapped(es, full, kind) for kind in ALL_KINDS}
    idle = {kind: set(types[kind]) - emitted(parsed(es, es_url, full, kind), types[kind]) for kind in ALL_KINDS}
    assert idle == {kind: set() for kind in ALL_KINDS}


def test_which_received_audio_is_poor_and_why_is_one_query_for_all_vendors(es: Elasticsearch, full: str) -> None:
    """As docs/quality.md has it, but for last week."""
    (text,) = re.findall(r"```json\n(.*?)```", (HOME / "docs" / "quality.md").read_text("utf-8"), re.DOTALL)
    query = json.loads(text.replace("now-7d/d", "2026-01-01"))
    es.indices.refresh(index=f"{full}-streams")
    found = es.search(index=f"{full}-streams", body=query)["aggregations"]["vendor"]["buckets"]
    shares = {
        (vendor["key"], browser["key"]): (browser["doc_count"], browser["poor"]["doc_count"])
        for vendor in found
        for browser in vendor["browser"]["buckets"]
    }
    assert {vendor for vendor, _ in shares} == {"opentok", "zoom", "peermetrics"}
    assert all(0 <= poor <= streams for streams, poor in shares.values())
    why = {
        bucket["key"]
        for vendor in found
        for each in vendor["browser"]["buckets"]
        for bucket in each["poor"]["why"]["buckets"]
    }
    # Fifi's line: 30 % of loss and 900 ms there and back.
    assert why == {"loss", "rtt"}


def test_a_strange_member_stays_out_of_the_mapping(es: Elasticsearch, seed: Night) -> None:
    index = f"{seed.prefix}-samples-2020.07"
    before = es.indices.get_mapping(index=index).body
    es.index(index=index, document={"opentok": {"brand_new": {"deep": 1}}, "vconf": {"surprise": "x"}})
    assert es.indices.get_mapping(index=index).body == before


# -- templates -----------------------------------------------------------------------------------------


def templates(es: Elasticsearch, prefix: str) -> dict[str, Any]:
    index_templates = es.indices.get_index_template(name=f"{prefix}-*")["index_templates"]
    components = es.cluster.get_component_template(name=f"{prefix}@*")["component_templates"]
    # A newer node writes down when a template was made and changed.
    dates = re.compile(r'"(created|modified)_date(_millis)?": [^,}]+,? ?')
    return {each["name"]: dates.sub("", json.dumps(each, sort_keys=True)) for each in [*index_templates, *components]}


def test_loading_the_templates_twice_changes_nothing(es: Elasticsearch, seed: Night) -> None:
    before = templates(es, seed.prefix), es.indices.get_mapping(index=f"{seed.prefix}-*").body
    # Settings, common, and for each of seven kinds of index its fields and its template.
    assert len(before[0]) == 2 + 7 * 2
    said = seed.setup()
    assert (templates(es, seed.prefix), es.indices.get_mapping(index=f"{seed.prefix}-*").body) == before
    # What was loaded, and that there are no index lifecycles here.
    assert len(said) == 2


def test_a_new_field_is_added_to_an_index_that_exists(
    es: Elasticsearch, es_url: str, prefix: str, tmp_path: Path
) -> None:
    with vendor(two_calls(), NOW) as server:
        night = Night(tmp_path, NOW, server.url, es_url, prefix)
        night.setup()
        (component,) = es.cluster.get_component_template(name=f"{prefix}@samples")["component_templates"]
        older = component["component_template"]
        del older["template"]["mappings"]["properties"]["vconf"]["properties"]["quality"]["properties"]["audio"]
        kept = {name: older[name] for name in ("template", "version", "_meta")}
        es.cluster.put_component_template(name=f"{prefix}@samples", body=kept)
        night.harvest(DAY, into=["index"])
    index = f"{prefix}-samples-2026.10"
    assert "vconf.quality.audio.loss_pct" not in mapped(es, prefix, "samples")
    said = night.setup()
    assert mapped(es, prefix, "samples")["vconf.quality.audio.loss_pct"] == "float"
    assert [sentence for sentence in said if "new field" in sentence] == [f"{index}: new fields added."]


def test_a_field_of_another_type_is_named(es: Elasticsearch, seed: Night) -> None:
    es.indices.create(
        index=f"{seed.prefix}-samples-2019.01",
        mappings={"properties": {"opentok": {"properties": {"video_bitrate": {"type": "keyword"}}}}},
    )
    # The template's own type wins over nothing: the explicit mapping is what the index has.
    (sentence,) = [each for each in seed.setup() if "2019.01" in each]
    assert "opentok.video_bitrate" in sentence
    assert "replay" in sentence


def no_documents(es: Elasticsearch, prefix: str) -> bool:
    return not es.indices.get_alias(index=f"{prefix}-*", expand_wildcards="all").body


def test_missing_templates_are_named_before_the_first_write(
    es: Elasticsearch, es_url: str, prefix: str, tmp_path: Path
) -> None:
    with vendor(two_calls(), NOW) as server:
        night = Night(tmp_path, NOW, server.url, es_url, prefix)
        refused = night.command("opentok", "--date", str(DAY))
        assert refused.returncode == 1
        assert f"{prefix}-conferences" in refused.stderr
        assert "setup templates" in refused.stderr
        assert "Traceback" not in refused.stderr
        assert no_documents(es, prefix)
        # The vendor's answers are in the archive all the same.
        assert len(night.manifest(DAY).records) == 2
        asked = server.requests
        mended = night.command("opentok", "--date", str(DAY), "--setup")
        assert mended.returncode == 0, mended.stderr
        assert server.requests == asked
    assert len(stored(es, es_url, prefix, ["conferences"])) == 2


def test_older_templates_are_named_before_the_first_write(
    es: Elasticsearch, es_url: str, prefix: str, tmp_path: Path
) -> None:
    with vendor(two_calls(), NOW) as server:
        night = Night(tmp_path, NOW, server.url, es_url, prefix)
        night.setup()
        (template,) = es.indices.get_index_template(name=f"{prefix}-streams")["index_templates"]
        older = {
            name: value for name, value in template["index_template"].items() if not name.endswith(("_date", "_millis"))
        }
        es.indices.put_index_template(name=f"{prefix}-streams", body={**older, "version": 0})
        ran = night.harvest(DAY, into=["index"])
        assert (ran.exit_code, ran.only.state) == (1, "failed")
        assert f"older index templates than this program: {prefix}-streams" in ran.only.reason
        assert "setup templates" in ran.only.reason
        assert no_documents(es, prefix)
        night.setup()
        assert night.later().harvest(DAY, into=["index"]).exit_code == 0
    assert len(stored(es, es_url, prefix, ["conferences"])) == 2


# -- repetition ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("now", [NOW, TONIGHT], ids=["settled", "not settled"])
def test_a_repeated_harvest_sends_nothing_and_changes_nothing(
    es: Elasticsearch, es_url: str, prefix: str, tmp_path: Path, now: datetime
) -> None:
    door = Door(es_url)
    with vendor(two_calls(), now) as server, door.serve() as node:
        night = Night(tmp_path, now, server.url, node.url, prefix)
        night.setup()
        first = night.harvest(DAY, into=["index", "lake"])
        assert (first.exit_code, first.only.settled) == (0, now == NOW)
        assert len(door.bulks) == 1
        before, archive = stored(es, es_url, prefix), night.store(DAY).archive.read_bytes()
        lake, asked = lake_lines(tmp_path), server.requests
        server.now += timedelta(minutes=30)
        again = night.later(server.now).harvest(DAY, into=["index", "lake"])
        # A settled day costs no request; one that may still change is asked for again.
        assert (server.requests > asked) == (now == TONIGHT)
    assert (again.exit_code, again.only.state, again.only.unchanged) == (0, "complete", 2)
    assert len(door.bulks) == 1
    after = stored(es, es_url, prefix)
    assert {(hit.id, hit.seq_no, hit.version) for hit in after.values()} == {
        (hit.id, hit.seq_no, hit.version) for hit in before.values()
    }
    assert sources(after) == sources(before)
    assert night.store(DAY).archive.read_bytes() == archive
    assert lake_lines(tmp_path) == lake


def test_the_version_is_the_instant_of_the_fetch(seed: Night, es: Elasticsearch, es_url: str) -> None:
    milliseconds = int(SEED_NOW.timestamp() * 1000)
    hits = stored(es, es_url, seed.prefix).values()
    assert {hit.version for hit in hits} == {milliseconds}
    assert all(b'"created":"2020-07-11T09:00:00.000Z"' in hit.source for hit in hits)


def test_replay_gives_the_bytes_of_the_live_run(es: Elasticsearch, es_url: str, prefix: str, tmp_path: Path) -> None:
    with vendor(two_calls(), NOW) as server:
        live = Night(tmp_path, NOW, server.url, es_url, prefix)
        live.setup()
        live.harvest(DAY, into=["index"])
    replayed = Night(tmp_path, NOW + timedelta(days=400), es_url=es_url, prefix=f"{prefix}-two")
    replayed.setup()
    ran = replayed.replay(DAY, into=["index"])
    theirs = stored(es, es_url, f"{prefix}-two")
    assert (ran.exit_code, ran.only.requests) == (0, 0)
    ours = {id_: hit for id_, hit in stored(es, es_url, prefix).items() if "-two-" not in hit.index}
    assert len(ours) == ran.counts()["sent"]
    assert sources(theirs) == sources(ours)


def test_stdout_lake_and_index_hold_the_same_bytes(es: Elasticsearch, es_url: str, prefix: str, tmp_path: Path) -> None:
    out = BytesIO()
    with vendor(two_calls(), NOW) as server:
        night = Night(tmp_path, NOW, server.url, es_url, prefix)
        night.setup()
        ran = night.harvest(DAY, into=["index", "lake", "stdout"], stdout=out)
    lines, hits = printed(out), stored(es, es_url, prefix)
    assert {id_: line.source for id_, line in lines.items()} == sources(hits)
    assert {id_: line.index for id_, line in lines.items()} == {id_: hit.index for id_, hit in hits.items()}
    assert sorted(lake_lines(tmp_path)) == sorted(sources(hits).values())
    assert ran.counts("index")["sent"] == ran.counts("lake")["sent"] == ran.counts("stdout")["sent"] == len(hits)


# -- the count check -----------------------------------------------------------------------------------


def of_conference(hits: dict[str, Any], vendor_id: str) -> set[str]:
    """Ids of the documents of one OpenTok session."""
    return {id_ for id_, hit in hits.items() if f'"parent_id":"{vendor_id}"'.encode() in hit.source}


def test_a_document_deleted_behind_our_back_comes_back(
    es: Elasticsearch, es_url: str, prefix: str, tmp_path: Path
) -> None:
    door = Door(es_url)
    with vendor(two_calls(), NOW) as server, door.serve() as node:
        night = Night(tmp_path, NOW, server.url, node.url, prefix)
        night.setup()
        night.harvest(DAY, into=["index"])
        before = stored(es, es_url, prefix)
        mine = of_conference(before, session_id(0, DAY))
        victim = next(hit for hit in before.values() if hit.id in mine and "-samples-" in hit.index)
        # Of the same version: a plain delete's is higher and is remembered for a minute.
        es.delete(index=victim.index, id=victim.id, version=victim.version, version_type="external_gte")
        door.bulks.clear()
        asked = server.requests
        again = night.later().harvest(DAY, into=["index"])
        assert server.requests == asked
    assert (again.exit_code, again.only.state) == (0, "complete")
    # That conference alone, and all of it.
    assert door.sent == len(mine) < len(before)
    after = stored(es, es_url, prefix)
    assert sources(after) == sources(before)
    assert {id_ for id_ in after if after[id_].seq_no != before[id_].seq_no} == mine


def test_a_surplus_document_is_named(es: Elasticsearch, es_url: str, prefix: str, tmp_path: Path) -> None:
    with vendor(two_calls(), NOW) as server:
        night = Night(tmp_path, NOW, server.url, es_url, prefix)
        night.setup()
        night.harvest(DAY, into=["index"])
        hits = stored(es, es_url, prefix, ["participants"])
        twin = next(hit for hit in hits.values() if hit.id in of_conference(hits, session_id(0, DAY)))
        es.index(index=twin.index, id="left-over", document=twin.document)
        again = night.later().harvest(DAY, into=["index"])
    (warning,) = [each for each in again.only.warnings if "surplus" in each]
    assert "surplus in index: 1 more participant documents than are known of" in warning
    assert session_id(0, DAY) in warning
    assert (again.exit_code, again.counts()["sent"]) == (0, 0)


def test_an_older_record_replayed_is_stale_and_overwrites_nothing(
    es: Elasticsearch, es_url: str, prefix: str, tmp_path: Path
) -> None:
    with vendor(two_calls(), NOW) as server:
        older = Night(tmp_path / "older", NOW, server.url, es_url, prefix)
        newer = Night(tmp_path / "newer", NOW + timedelta(hours=1), server.url, es_url, prefix)
        older.setup()
        assert older.harvest(DAY, into=["lake"]).exit_code == 0
        server.now = newer.now
        fresh = newer.harvest(DAY, into=["index"]).counts()
    before = stored(es, es_url, prefix)
    ran = older.later().replay(DAY, into=["index"])
    documents = fresh["created"]
    assert ran.counts() == {"sent": documents, "created": 0, "updated": 0, "stale": documents, "rejected": 0}
    assert any("stale" in warning for warning in ran.only.warnings)
    after = stored(es, es_url, prefix)
    assert sources(after) == sources(before)
    assert {hit.version for hit in after.values()} == {int((NOW + timedelta(hours=1)).timestamp() * 1000)}


# -- Elasticsearch down --------------------------------------------------------------------------------

CLOSED = "http://127.0.0.1:9"


def test_a_night_without_elasticsearch_keeps_the_day_and_replay_loads_it(
    es: Elasticsearch, es_url: str, prefix: str, tmp_path: Path
) -> None:
    with vendor(two_calls(), NOW) as server:
        down = Night(tmp_path, NOW, server.url, CLOSED, prefix)
        ran = down.harvest(DAY, into=["index"])
        assert (ran.exit_code, ran.only.state, ran.only.harvested) == (1, "failed", 2)
        assert "Elasticsearch at 127.0.0.1:9 cannot be reached" in ran.only.sentence()
        assert ran.only.settled
        assert len(down.manifest(DAY).records) == 2
    up = Night(tmp_path, NOW, es_url=es_url, prefix=prefix)
    up.setup()
    loaded = up.replay(into=["index"])
    assert (loaded.exit_code, loaded.only.state, loaded.only.requests) == (0, "complete", 0)
    assert len(stored(es, es_url, prefix)) == loaded.counts()["created"] > 0


def test_a_command_without_elasticsearch_says_so_in_a_sentence(prefix: str, tmp_path: Path) -> None:
    with vendor(two_calls(), NOW) as server:
        night = Night(tmp_path, NOW, server.url, CLOSED, prefix)
        ended = night.command("opentok", "--date", str(DAY))
    assert ended.returncode == 1
    assert "Elasticsearch at 127.0.0.1:9 cannot be reached" in ended.stderr
    assert "Traceback" not in ended.stderr
    assert ended.stdout == ""
    assert len(night.manifest(DAY).records) == 2


def test_the_next_night_loads_a_settled_day_without_asking_the_vendor(
    es: Elasticsearch, es_url: str, prefix: str, tmp_path: Path
) -> None:
    """Down on the night that settles the day; eight nights later nothing but the debt leads back to it."""
    much_later = NOW + timedelta(days=9)
    with vendor(two_calls(), NOW) as server:
        down = Night(tmp_path, NOW, server.url, CLOSED, prefix)
        assert down.harvest(DAY, into=["index"]).exit_code == 1
        up = Night(tmp_path, much_later, server.url, es_url, prefix)
        up.setup()
        asked, server.now = server.requests, much_later
        ran = up.harvest(into=["index"])
        bodies = server.asked(asked)
    assert ran.days[0] == str(DAY), "what is owed comes first"
    slice_ = ran.report.slices[0]
    assert (ran.exit_code, slice_.state, slice_.requests) == (0, "complete", 0)
    assert bodies
    assert not any(session_id(0, DAY).encode() in body or b"2026-10-31T" in body for body in bodies)
    assert len(stored(es, es_url, prefix, ["conferences"])) == 2


def test_a_day_that_settled_while_elasticsearch_was_down_is_loaded_too(
    es: Elasticsearch, es_url: str, prefix: str, tmp_path: Path
) -> None:
    """Fetched on its first night, asked about again on its second, which settles it; the node comes on the third."""
    with vendor(two_calls(), TONIGHT) as server:
        nights = Night(tmp_path, TONIGHT, server.url, CLOSED, prefix)
        assert nights.harvest(into=["index"]).exit_code == 1
        assert not nights.manifest(DAY).settled
        server.now = NOW
        assert nights.later(NOW).harvest(into=["index"]).exit_code == 1
        assert nights.manifest(DAY).settled
        server.now += timedelta(days=1)
        up = nights.later(server.now, es_url=es_url)
        up.setup()
        ran = up.harvest(into=["index"])
    slice_ = ran.report.slices[0]
    assert (slice_.day, slice_.state, slice_.requests) == (str(DAY), "complete", 0)
    assert ran.exit_code == 0
    assert len(stored(es, es_url, prefix, ["conferences"])) == 2


def test_what_is_owed_is_loaded_when_the_vendor_cannot_be_reached(
    es: Elasticsearch, es_url: str, prefix: str, tmp_path: Path
) -> None:
    with vendor(two_calls(), NOW) as server:
        down = Night(tmp_path, NOW, server.url, CLOSED, prefix)
        assert down.harvest(DAY, into=["index"]).exit_code == 1
    alone = down.later(es_url=es_url)
    alone.setup()
    ran = alone.harvest(into=["index"])
    assert ran.exit_code == 1, "the other days could not be listed"
    assert (ran.report.slices[0].day, ran.report.slices[0].state) == (str(DAY), "complete")
    assert len(stored(es, es_url, prefix, ["conferences"])) == 2
