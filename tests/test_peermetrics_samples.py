"""Answers of a running server, over HTTP, through the command, into a real Elasticsearch: checked numbers.

Every number was counted in the recorded files by hand, or follows from figures in them.
"""

import json
import shutil
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from elasticsearch import Elasticsearch

from harvesters.sandbox.peermetrics.answers import ANSWERS, load_folder
from tests.peermetrics_nights import PeermetricsNight, peermetrics, terminal
from tests.shell import Shell

Json = dict[str, Any]
MORE = Path(__file__).parent / "data" / "peermetrics"
READ_AT = datetime(2026, 11, 22, 2, tzinfo=UTC)
FIRST, SECOND = date(2026, 11, 20), date(2026, 11, 21)
KINDS = ("conferences", "participants", "streams", "samples", "issues")


def counts(es: Elasticsearch, prefix: str, **term: str) -> dict[str, int]:
    """How many documents there are of each kind, with these values."""
    es.indices.refresh(index=f"{prefix}-*")
    wanted = {"bool": {"filter": [{"term": {name.replace("__", "."): value}} for name, value in term.items()]}}
    return {kind: es.count(index=f"{prefix}-{kind}*", query=wanted)["count"] for kind in KINDS}


def found(es: Elasticsearch, prefix: str, kind: str, **term: str) -> list[Json]:
    wanted = [{"term": {name.replace("__", "."): value}} for name, value in term.items()]
    heard = es.search(
        index=f"{prefix}-{kind}*", query={"bool": {"filter": wanted}}, sort=[{"@timestamp": "asc"}], size=200
    )
    return [hit["_source"] for hit in heard["hits"]["hits"]]


def by(es: Elasticsearch, prefix: str, kind: str, field: str) -> dict[str, int]:
    """How many documents of a kind have each value of a field."""
    heard = es.search(index=f"{prefix}-{kind}*", size=0, aggs={"of": {"terms": {"field": field, "size": 50}}})
    return {each["key"]: each["doc_count"] for each in heard["aggregations"]["of"]["buckets"]}


def test_the_recorded_answers_of_two_days(es: Elasticsearch, es_url: str, prefix: str, tmp_path: Path) -> None:
    """Six rooms of `Sample App`: one is used on both days, in one nobody had a session.

    Statistics: of `weekly-sync` two ticks of two people with four tracks each are 16 samples, and three ticks of one
    person on the second day 12; of `all-hands-2026` Chloé's six tracks have six ticks, and two after she came again,
    and Dmitri's four have eight: 36 + 12 + 32. `cleaned-call` has a summary alone, for two people with four tracks.
    """
    with peermetrics(load_folder(ANSWERS), READ_AT) as vendor:
        shell = terminal(Shell(tmp_path), vendor, ES_HOST=es_url, INDEX_PREFIX=prefix)
        done = shell("peermetrics", "--from", str(FIRST), "--to", "2026-11-22", "--setup")
        assert vendor.server.app.writes == []
    assert done.code == 0, done.err
    assert "2026-11-20 complete: 3 of 4 calls (1 without a conference)" in done.err
    assert "2026-11-21 complete: 3 of 3 calls" in done.err

    assert counts(es, prefix) == {
        "conferences": 6, "participants": 11, "streams": 8 + 16 + 4 + 8, "samples": 16 + 80 + 12, "issues": 13 + 5,
    }  # fmt: skip
    assert counts(es, prefix, service__name="Sample App")["streams"] == 36
    assert by(es, prefix, "conferences", "peermetrics.room") == {
        "weekly-sync": 2, "all-hands-2026": 1, "waited-alone": 1, "cleaned-call": 1, "night-shift": 1,
    }  # fmt: skip
    assert by(es, prefix, "issues", "vconf.issue.code") == {
        "connection_disconnected": 2, "multiple_rejoins": 2, "tcp_used": 1, "turn_used": 1, "icecandidateerror": 1,
        "getusermedia_error": 1, "ice_failed": 1, "connection_failed": 1, "no_connection": 1, "no_media_access": 1,
        "very_low_emos": 1, "dropped": 3, "poor_audio_sent": 1, "poor_audio_received": 1,
    }  # fmt: skip
    assert by(es, prefix, "streams", "vconf.flags") == {"summary_only": 8}
    assert by(es, prefix, "streams", "peermetrics.candidate_type") == {"host": 24, "relay": 4}

    _weekly(es, prefix)
    _endings(es, prefix)


def _weekly(es: Elasticsearch, prefix: str) -> None:
    """Bob uses Firefox over a relay by TCP: of 500 packets in ten seconds 20 were lost, which is 4 %."""
    (bob,) = found(es, prefix, "participants", user__full_name="Bob Example")
    assert (bob["user"]["id"], bob["user_agent"]["name"], bob["peermetrics"]["ended_by"]) == (
        "u-bob",
        "Firefox",
        "endCall",
    )
    streams = found(es, prefix, "streams", user__full_name="Bob Example")
    assert {(each["vconf"]["network"]["relayed"], each["network"]["transport"]) for each in streams} == {(True, "tcp")}
    alice = found(es, prefix, "participants", user__full_name="Alice Example")[0]
    assert {each["vconf"]["stream"]["peer_participant_id"] for each in streams} == {alice["vconf"]["participant"]["id"]}
    heard = es.search(
        index=f"{prefix}-samples*",
        size=0,
        query={"bool": {"filter": [
            {"term": {"user.full_name": "Bob Example"}}, {"term": {"vconf.stream.direction": "received"}},
        ]}},
        aggs={
            "loss": {"max": {"field": "vconf.quality.audio.loss_pct"}},
            "pixels": {"max": {"field": "vconf.quality.video.pixels"}},
            "jitter": {"max": {"field": "vconf.quality.audio.jitter_ms"}},
        },
    )["aggregations"]  # fmt: skip
    assert (heard["loss"]["value"], heard["pixels"]["value"]) == (4, 1280 * 720)
    assert heard["jitter"]["value"] == pytest.approx(11.039)


def _endings(es: Elasticsearch, prefix: str) -> None:
    rooms = {each["peermetrics"]["room"]: each for each in found(es, prefix, "conferences")}
    # Its stamp has no fraction; the row says 90 s, the server's end 90.855.
    assert rooms["waited-alone"]["@timestamp"] == "2026-11-20T16:10:00.000Z"
    assert rooms["waited-alone"]["vconf"]["conference"]["duration_s"] == 90.855
    # When it was read the last that was known of its only session was two hours old.
    assert rooms["night-shift"]["vconf"]["flags"] == ["end_missing", "summary_only"]
    assert "end" not in rooms["night-shift"]["event"]
    (rejoined,) = found(es, prefix, "issues", vconf__issue__code="multiple_rejoins", user__full_name="Chloé Müller")
    assert rejoined["@timestamp"] == "2026-11-20T14:31:37.724Z"
    during = {"range": {"vconf.presence": {"gte": "2026-11-20T14:30:20Z", "lte": "2026-11-20T14:30:20Z"}}}
    assert es.count(index=f"{prefix}-participants*", query=during)["count"] == 3


def test_a_harvest_of_the_recorded_answers_again_changes_nothing(
    es: Elasticsearch, es_url: str, prefix: str, tmp_path: Path
) -> None:
    with peermetrics(load_folder(ANSWERS), READ_AT) as vendor:
        night = PeermetricsNight.at(tmp_path, vendor).later(es_url=es_url, prefix=prefix)
        night.setup()
        first = night.harvest(FIRST, into=["index"])
        before = counts(es, prefix)
        again = night.later().harvest(FIRST, into=["index"], again=True)
    assert first.counts() == {"sent": 142, "created": 142, "updated": 0, "stale": 0, "rejected": 0}
    assert again.counts()["created"] == again.counts()["rejected"] == 0
    assert counts(es, prefix) == before


def test_the_servers_own_demo_with_statistics_of_a_real_chrome(tmp_path: Path) -> None:
    """Two ticks of one person, 10.000123 s apart, and one of the other.

    Audio: 57,124 - 28,442 bytes are 8 x 28,682 / 10.000123 / 1000 = 22.945318 kbit/s, of 500 packets none was lost.
    Video: 8 x (3,737,582 - 1,594,526) / 10.000123 / 1000 = 1714.423705 kbit/s.
    """
    folder = tmp_path / "answers"
    shutil.copytree(ANSWERS, folder)
    for name in ("apps", "conferences_one_day_all_apps", "sessions_populate_script", "events_type_stats_real_chrome"):
        shutil.copy(MORE / f"{name}.json", folder)
    with peermetrics(load_folder(folder), READ_AT) as vendor:
        night = PeermetricsNight.at(tmp_path / "data", vendor, PEERMETRICS_APPS="test app")
        ran = night.harvest(FIRST)
    assert ran.exit_code == 0
    kinds = ("conference", "participant", "stream", "sample", "issue")
    assert [len(night.documents(kind)) for kind in kinds] == [1, 2, 4, 6, 2]
    devices = [each["vconf"]["device"] for each in night.documents("participant")]
    assert devices == [{"camera": "Plactronics Bluetooth Headset"}, {"microphone": "Sennheiser Earplugs"}]
    measured = [json.loads(json.dumps(each["vconf"]["quality"])) for each in night.documents("sample")]
    # From mouth to ear 20 + 1 / 2 + 58.28 = 78.78 ms: R is 93.2 - 0.024 x 78.78 = 91.30928.
    # 1 + 0.035 x R + R x (R - 60) x (100 - R) x 7e-6 = 1 + 3.195825 + 0.173924 = 4.369749.
    assert {"model": "vq-1", "profile": "default", "audio": {
        "loss_pct": 0.0, "bitrate_kbps": 22.945318, "rtt_ms": 1.0, "jitter_ms": 4.0, "buffer_ms": 58.28,
        "mos": 4.3697, "label": "good", "inputs": ["loss", "rtt", "buffer"],
    }} in measured  # fmt: skip
    rates = [each["video"]["bitrate_kbps"] for each in measured if "bitrate_kbps" in each.get("video", {})]
    assert rates == [1714.423705]
