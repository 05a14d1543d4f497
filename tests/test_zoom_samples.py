"""Zoom's published and real answers, over HTTP, through the command, into a real Elasticsearch: checked numbers.

The answers are replayed as they are, but for the tokens of further pages, which are illustrations in the published
ones: they would send a client round in circles.
"""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import pytest
from elasticsearch import Elasticsearch

from harvesters.sandbox import Request, Response, Server
from tests.shell import Done, Shell
from tests.zoom_records import Json, published

ACCOUNT, CLIENT, SECRET, TOKEN = "Kx8qf3v7TnmsGvZ1J3xLmA", "client", "s3cr3t-of-the-app", "t0k3n"
KINDS = ("conferences", "participants", "streams", "samples", "issues")
NOT_FOUND = published("error.404-3001-not-ended.http")
NO_DASHBOARD = published("error.400-200-dashboard.http")
Body = dict[str, Any]


def answered(name: str, **changed: Json) -> Body:
    """A published list without its token."""
    return {**published(f"{name}.response"), "next_page_token": "", **changed}


MEETING_2021 = published("metrics-meeting.published-2021.response")
QUALITY_2021 = published("metrics-participant-qos.published-2021.response")
REAL_A, REAL_B = published("report-meeting.real-2024-a.response"), published("report-meeting.real-2024-b.response")
OF_2026, OF_2021, OF_2024 = "gm8s9L+PTEC+FG3sFbd1Cw==", "carreter@-2c9b447f3", "cuL1o37VTaiN3IhHInJ0GA=="
HOST = "2pyjK5VNQHadb2BY6Z4GbA"
"""The only one of the published list of hosts."""

# By type, the lists of meetings, from which those of the day are given.
LISTED: dict[tuple[str, str], list[Body]] = {
    ("metrics/meetings", "past"): [
        *published("metrics-meetings.published-2026.response")["meetings"],
        MEETING_2021,
    ],
    ("metrics/webinars", "past"): published("metrics-webinars.published-2026.response")["webinars"],
    (f"report/users/{HOST}/meetings", "past"): [REAL_A],
    (f"report/users/{HOST}/meetings", "pastOne"): [REAL_B],
}
DETAILS: dict[str, Body] = {
    f"metrics/meetings/{OF_2026}/participants": answered("metrics-participants.published-2026"),
    f"metrics/meetings/{OF_2026}/participants/qos": answered("metrics-participants-qos.published-2026"),
    f"metrics/meetings/{OF_2026}/participants/sharing": answered("metrics-participants-sharing.published-2026"),
    f"metrics/meetings/{OF_2021}/participants": answered("metrics-participants.published-2021"),
    f"metrics/meetings/{OF_2021}/participants/qos": {"participants": [QUALITY_2021], "next_page_token": ""},
    "metrics/webinars/NknQtFSgSUSEYt2a9gc13A==/participants": answered("metrics-webinar-participants.published-2026"),
    "metrics/webinars/NknQtFSgSUSEYt2a9gc13A==/participants/qos": answered(
        "metrics-webinar-participants-qos.published-2026"
    ),
    f"report/meetings/{OF_2024}/participants": {
        "participants": published("report-meeting-participants.real-2024.rows"),
        "next_page_token": "",
    },
}


class Replayed:
    """Answers as the samples do, to whoever has the token."""

    def __init__(self, *, dashboard: bool) -> None:
        self._dashboard = dashboard

    def __call__(self, request: Request) -> Response:
        url = urlsplit(request.path)
        if url.path == "/oauth/token":
            token = {**published("token.ok.http")["body"], "access_token": TOKEN, "scope": "", "api_url": ""}
            return _answer(200, token)
        if request.headers.get("authorization") != f"Bearer {TOKEN}":
            refused = published("error.401-124.http")
            return _answer(refused["status"], refused["body"])
        path, asked = unquote(url.path).removeprefix("/v2/"), dict(parse_qsl(url.query))
        if path.startswith("metrics/") and not self._dashboard:
            return _answer(NO_DASHBOARD["status"], NO_DASHBOARD["body"])
        return self._listed(path, asked)

    def _listed(self, path: str, asked: dict[str, str]) -> Response:
        if path == "report/users":
            return _answer(200, answered("report-users.published-2026", total_records=1))
        if path in {name for name, _ in LISTED}:
            held = LISTED.get((path, asked["type"]), [])
            rows = [each for each in held if asked["from"] <= each["start_time"][:10] <= asked["to"]]
            return _answer(200, {path.rpartition("/")[2]: rows, "next_page_token": "", "total_records": len(rows)})
        if path in DETAILS:
            return _answer(200, DETAILS[path])
        return _answer(NOT_FOUND["status"], NOT_FOUND["body"])


def _answer(status: int, body: Body) -> Response:
    return Response(status, {"Content-Type": "application/json;charset=UTF-8"}, json.dumps(body).encode())


Harvest = Callable[..., Done]


@contextmanager
def command(folder: Path, es_url: str, prefix: str, *, dashboard: bool) -> Iterator[Harvest]:
    """`harvest.py zoom` before these answers, and into the real Elasticsearch."""
    with Server(Replayed(dashboard=dashboard), path="") as server:
        environment = {
            "ZOOM_ACCOUNT_ID": ACCOUNT,
            "ZOOM_CLIENT_ID": CLIENT,
            "ZOOM_CLIENT_SECRET": SECRET,
            "ZOOM_URL": f"{server.url}/v2",
            "ZOOM_OAUTH_URL": f"{server.url}/oauth/token",
            "ES_HOST": es_url,
            "INDEX_PREFIX": prefix,
        }
        shell = Shell(folder, environment)

        def harvest(now: str, *options: str) -> Done:
            done = shell("zoom", "--setup", *options, VCONF_NOW=now)
            assert "Traceback" not in done.err
            assert SECRET not in done.err + done.out
            return done

        yield harvest


def counts(es: Elasticsearch, prefix: str) -> dict[str, int]:
    """How many documents there are of each kind."""
    es.indices.refresh(index=f"{prefix}-*")
    return {kind: es.count(index=f"{prefix}-{kind}*")["count"] for kind in KINDS}


def found(es: Elasticsearch, prefix: str, kind: str, **term: Json) -> list[Body]:
    """The documents of a kind that a query for these values finds, oldest first."""
    wanted = [{"term": {name.replace("__", "."): value}} for name, value in term.items()]
    heard = es.search(
        index=f"{prefix}-{kind}*", query={"bool": {"filter": wanted}}, sort=[{"@timestamp": "asc"}], size=100
    )
    return [hit["_source"] for hit in heard["hits"]["hits"]]


def only(es: Elasticsearch, prefix: str, kind: str, **term: Json) -> Body:
    (document,) = found(es, prefix, kind, **term)
    return document


def test_the_published_answers_of_2026(es: Elasticsearch, es_url: str, prefix: str, tmp_path: Path) -> None:
    with command(tmp_path, es_url, prefix, dashboard=True) as harvest:
        done = harvest("2022-01-08T09:00:00Z", "--date", "2022-01-04", "--sharing")
        assert done.code == 0, done.err
        assert "participations with quality that are not among the participants" in done.err
    assert counts(es, prefix) == {"conferences": 1, "participants": 1, "streams": 3, "samples": 2, "issues": 1}
    meeting = only(es, prefix, "conferences", zoom__meeting_uuid=OF_2026, zoom__series_id="93201235621")
    assert meeting["vconf"]["flags"] == ["clamped"]
    # From join to leave, as a range that Elasticsearch knows to ask for.
    there = {"range": {"vconf.presence": {"gte": "2022-03-01T10:17:34Z", "lte": "2022-03-01T10:17:34Z"}}}
    after = {"range": {"vconf.presence": {"gte": "2022-03-01T10:17:35Z", "lte": "2022-03-01T10:17:36Z"}}}
    asked = [es.count(index=f"{prefix}-participants*", query=query)["count"] for query in (there, after)]
    assert asked == [1, 0]
    person = only(es, prefix, "participants", zoom__user_id="20162560", client__ip="192.0.2.0/24")
    assert person["vconf"]["participant"]["duration_s"] == 141
    heard = es.search(
        index=f"{prefix}-samples*",
        size=0,
        query={"term": {"vconf.stream.direction": "received"}},
        aggs={
            "rate": {"avg": {"field": "vconf.quality.audio.bitrate_kbps"}},
            "delay": {"avg": {"field": "vconf.quality.video.rtt_ms"}},
            "pixels": {"sum": {"field": "vconf.quality.screen.pixels"}},
            "signal": {"max": {"field": "vconf.wifi.rssi_dbm"}},
        },
    )["aggregations"]
    assert heard["rate"]["value"] == pytest.approx(27.15)
    assert (heard["delay"]["value"], heard["pixels"]["value"], heard["signal"]["value"]) == (126, 921_600, -69)
    shared = only(es, prefix, "streams", vconf__stream__kind="screen")
    assert (shared["zoom"]["shared"], shared["vconf"]["stream"]["duration_s"]) == ("desktop", 9)
    assert only(es, prefix, "issues", vconf__issue__severity="warning")["vconf"]["issue"]["code"] == "audio"


def test_the_published_answers_of_2021_with_an_impossible_address(
    es: Elasticsearch, es_url: str, prefix: str, tmp_path: Path
) -> None:
    with command(tmp_path, es_url, prefix, dashboard=True) as harvest:
        done = harvest("2007-06-20T09:00:00Z", "--date", "2007-06-16")
        assert done.code == 0, done.err
    assert counts(es, prefix) == {"conferences": 1, "participants": 2, "streams": 2, "samples": 2, "issues": 1}
    meeting = only(es, prefix, "conferences", zoom__meeting_uuid=OF_2021)
    assert meeting["vconf"]["conference"]["duration_s"] == 240
    assert (meeting["vconf"]["participants"]["count"], meeting["zoom"]["participants"]) == (1, 4_874_645)
    rea = only(es, prefix, "participants", vconf__client__kind="mobile")
    assert rea["client"]["ip"] == "120.000.000"  # stored, and not to be found as an address
    assert found(es, prefix, "participants", client__ip="120.0.0.0/8") == []
    dojo = only(es, prefix, "participants", vconf__participant__state="in_waiting_room")
    assert "presence" not in dojo["vconf"]
    assert only(es, prefix, "issues", vconf__issue__code="not_admitted")["user"]["full_name"] == "dojo"
    received = only(es, prefix, "samples", vconf__stream__direction="received", user__full_name="Rea")
    assert received["vconf"]["quality"]["video"]["pixels"] == 230_400


def test_the_published_webinar_of_2026(es: Elasticsearch, es_url: str, prefix: str, tmp_path: Path) -> None:
    with command(tmp_path, es_url, prefix, dashboard=True) as harvest:
        done = harvest("2022-01-17T09:00:00Z", "--date", "2022-01-13", "--webinars")
        assert done.code == 0, done.err
    assert counts(es, prefix) == {"conferences": 1, "participants": 1, "streams": 2, "samples": 2, "issues": 1}
    webinar = only(es, prefix, "conferences", zoom__kind="webinar")
    assert webinar["vconf"]["conference"]["duration_s"] == 93 * 60 + 35


def test_the_real_answers_of_2024_by_the_report(es: Elasticsearch, es_url: str, prefix: str, tmp_path: Path) -> None:
    """The account has no dashboard, so the report is taken, and said."""
    with command(tmp_path, es_url, prefix, dashboard=False) as harvest:
        done = harvest("2024-02-17T09:00:00Z", "--from", "2024-02-12", "--to", "2024-02-14")
        assert done.code == 0, done.err
        assert "dashboard" in done.err
    assert counts(es, prefix) == {"conferences": 2, "participants": 2, "streams": 0, "samples": 0, "issues": 0}
    weekly = only(es, prefix, "conferences", zoom__series_id="92688776306")
    assert weekly["vconf"]["conference"]["duration_s"] == 230
    assert weekly["vconf"]["host"]["id"] == "mKV7t-gGSWWQOqej1qxafA"
    alone = only(es, prefix, "conferences", zoom__meeting_uuid="OLsodO6eTfqjWLqBKPwRSw==")
    assert alone["vconf"]["conference"]["duration_s"] == 6
    host, guest = found(es, prefix, "participants", zoom__meeting_uuid=OF_2024)
    assert (host["zoom"]["user_id"], host["vconf"]["participant"]["duration_s"]) == ("16778240", 230)
    assert (guest["zoom"]["user_id"], guest["vconf"]["participant"]["duration_s"]) == ("16785408", 68)
    assert "id" not in guest["user"]
