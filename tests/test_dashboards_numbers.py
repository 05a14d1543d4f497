"""Every panel's question, asked of a real Elasticsearch that holds a demo month of four accounts.

The questions are made from the file's objects, as Kibana would make them. What is expected is worked out here, from
the documents themselves by plain loops, or from what is known of the month.
"""

import json
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from html import escape
from statistics import fmean
from typing import Any

import pytest
from elasticsearch import Elasticsearch

from harvesters import all_fields
from harvesters.core.fields import by_name
from harvesters.dashboards.drawing import NOTHING
from harvesters.dashboards.kql import query
from harvesters.dashboards.measures import RECORDS
from harvesters.dashboards.model import Chart, Dashboard, Note, View, panels_of
from harvesters.dashboards.panels import Names, panel_id
from harvesters.dashboards.preview import Source, page
from harvesters.dashboards.question import Row, Window, rows
from harvesters.dashboards.shipped import shipped
from harvesters.dashboards.shown import DASHBOARDS
from tests import demo_month, kibana_lint
from tests.conftest import own_prefix
from tests.demo_month import FIRST, PROJECTS
from tests.node_door import leaves, stored

Json = dict[str, Any]
ALL = Window(datetime(FIRST.year, FIRST.month, FIRST.day, tzinfo=UTC), datetime(2026, 12, 1, tzinfo=UTC))
LAST_DAY = Window(demo_month.END - timedelta(days=1), demo_month.END)
LAST_WEEK = Window(datetime(2026, 11, 16, tzinfo=UTC), datetime(2026, 11, 23, tzinfo=UTC))
CHARTS = [(each.key, panel) for each in DASHBOARDS for panel in panels_of(each) if isinstance(panel, Chart)]
GOOD_FAIR_POOR = {"good", "fair", "poor"}


@dataclass(frozen=True)
class Month:
    """The month in an index, and the objects that ask for it."""

    es: Elasticsearch
    prefix: str
    objects: dict[str, Json]
    documents: dict[str, list[Json]]

    def panel(self, key: str, id_: str) -> Json:
        """A panel of a dashboard, as Lens keeps it."""
        found = kibana_lint.panels(self.objects[f"{self.prefix}-{key}"])
        (panel,) = (each for each in found if each["panelIndex"] == id_)
        return panel

    def ask(self, key: str, id_: str, window: Window = ALL) -> list[Row]:
        """The rows that a panel shows."""
        attributes: Json = self.panel(key, id_)["embeddableConfig"]["attributes"]
        index = self.objects[attributes["references"][0]["id"]]["attributes"]["title"]
        return rows(attributes, "data", window, lambda body: self.es.search(index=index, body=body).body)

    def only(self, key: str, id_: str, window: Window = ALL) -> Row:
        """The one row of a panel with a number."""
        (row,) = self.ask(key, id_, window)
        return row


@pytest.fixture(scope="module")
def month(es: Elasticsearch, es_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Month]:
    with own_prefix(es) as prefix:
        demo_month.set_up(tmp_path_factory.mktemp("setup"), es_url, prefix)
        reports = demo_month.harvest(tmp_path_factory.mktemp("month"), es, prefix)
        assert [int(each.exit_code) for each in reports] == [0] * 8 + [3]
        kinds = ("conferences", "participants", "streams", "issues", "usage", "runs")
        found = {kind: [leaves(hit.document) for hit in stored(es, es_url, prefix, [kind]).values()] for kind in kinds}
        yield Month(es, prefix, {each["id"]: each for each in shipped(prefix)}, found)


# -- every question ------------------------------------------------------------------------------------


@pytest.mark.parametrize(("key", "chart"), CHARTS, ids=[f"{key}-{panel_id(chart)}" for key, chart in CHARTS])
def test_a_question_is_answered(month: Month, key: str, chart: Chart) -> None:
    """Something of everything that a panel shows is there: no field is misspelt, no filter leaves nothing."""
    found = month.ask(key, panel_id(chart))
    layer = kibana_lint.layers(month.panel(key, panel_id(chart)))["data"]
    assert found
    empty = [name for name in layer["columns"] if "X" not in name and all(row.get(name) is None for row in found)]
    assert empty == []
    counts = [name for name, each in layer["columns"].items() if each["operationType"] == "count" and "X" not in name]
    nothing = {name for name in counts if not any(row.get(name) for row in found)}
    assert nothing <= NEVER.get(key, set())


NEVER = {"usage": {"with_a_recording", "with_a_telephone"}}
"""What nobody does in the demo month."""


def _sources(month: Month) -> Iterator[tuple[str, set[str]]]:
    """The index pattern of each panel, and the fields that it uses."""
    for each in month.objects.values():
        for panel in kibana_lint.lens_panels(each) if each["type"] == "dashboard" else ():
            view = panel["embeddableConfig"]["attributes"]["references"][0]["id"]
            columns = kibana_lint.layers(panel)["data"]["columns"].values()
            fields = {column["sourceField"] for column in columns if "sourceField" in column}
            yield month.objects[view]["attributes"]["title"], fields - {RECORDS}


def test_every_field_is_known_to_the_cluster_by_one_type(month: Month) -> None:
    """`_field_caps`, which Kibana asks as well: no conflict, and what is counted can be aggregated."""
    used: defaultdict[str, set[str]] = defaultdict(set)
    for index, fields in _sources(month):
        used[index] |= fields
    assert len(used) == len(View)
    for index, fields in used.items():
        caps = month.es.field_caps(index=index, fields=sorted(fields))["fields"]
        kinds = {name: list(caps.get(name, {}).values()) for name in fields}
        assert {name: len(each) for name, each in kinds.items()} == dict.fromkeys(fields, 1)
        assert [name for name, (kind,) in kinds.items() if not kind["aggregatable"]] == []


def test_lists_and_stays_show_documents(month: Month) -> None:
    for each in month.objects.values():
        if each["type"] == "search":
            source = json.loads(each["attributes"]["kibanaSavedObjectMeta"]["searchSourceJSON"])
            index = month.objects[each["references"][0]["id"]]["attributes"]["title"]
            found = month.es.search(index=index, query=query(source["query"]["query"]), size=500)["hits"]["hits"]
            shown = {name for hit in found for name in leaves(hit["_source"])}
            assert found
            assert set(each["attributes"]["columns"]) <= shown
    spec = json.loads(
        month.panel("call", "who-was-there-from-when-to-when")["embeddableConfig"]["savedVis"]["params"]["spec"]
    )
    url = spec["data"]["url"]
    stays = month.es.search(index=url["index"], body=url["body"])["hits"]["hits"]
    assert len(stays) == 500
    assert all("start" in hit["_source"]["event"] for hit in stays)


@pytest.mark.parametrize("dashboard", DASHBOARDS, ids=lambda each: each.key)
def test_a_preview_answers_every_question(month: Month, dashboard: Dashboard) -> None:
    names = Names(month.prefix, tuple(by_name(all_fields()).values()))
    source = Source(names, ALL, lambda index, body: month.es.search(index=index, body=body).body)
    made = page(dashboard, DASHBOARDS, source)
    titles = [panel.title for panel in panels_of(dashboard) if not isinstance(panel, Note)]
    assert [title for title in titles if f"<h2>{escape(title)}</h2>" not in made] == []
    assert NOTHING not in made
    assert "None" not in made


# -- the expected numbers ------------------------------------------------------------------------------


def _labels(stream: Json) -> set[str]:
    return {stream.get("vconf.quality.audio.label", ""), stream.get("vconf.quality.video.label", "")}


def _judged(streams: list[Json]) -> list[Json]:
    return [each for each in streams if _labels(each) & GOOD_FAIR_POOR]


def _poor(streams: list[Json]) -> list[Json]:
    return [each for each in streams if "poor" in _labels(each)]


def _within(documents: list[Json], window: Window) -> list[Json]:
    first, end = window.start.isoformat()[:19], window.end.isoformat()[:19]
    return [each for each in documents if first <= each["@timestamp"] < end]


def test_overview(month: Month) -> None:
    # A call a day in each OpenTok project; in Zoom two, on the 8 days of weekends one, and three on the last day.
    by_vendor = Counter(each["vconf.vendor"] for each in month.documents["conferences"])
    assert (by_vendor["opentok"], by_vendor["zoom"]) == (28 + 28, 20 * 2 + 8 + 3)
    found = {row["vendor"]: row["conferences"] for row in month.ask("overview", "more-or-less-than-the-week-before")}
    assert found == dict(by_vendor)

    last, before = (_within(month.documents["conferences"], each) for each in (LAST_WEEK, LAST_WEEK.before("1w")))
    number = month.only("overview", "how-many-conferences", LAST_WEEK)
    assert (number["conferences"], number["a_week_before"]) == (len(last), len(before))
    minutes = month.only("overview", "how-many-minutes", LAST_WEEK)
    assert minutes["participant_minutes"] == pytest.approx(sum(each["vconf.minutes.participant"] for each in last))

    # 28 days of five accounts (peermetrics has two apps), and one day that lacks a meeting.
    assert month.only("overview", "is-every-day-complete") == {"days_complete": 140, "of_account_days": 141}


def test_quality(month: Month) -> None:
    streams = month.documents["streams"]
    found = month.only("quality", "how-much-was-poor")
    assert found["streams_judged"] == len(_judged(streams))
    assert found["poor"] == pytest.approx(len(_poor(streams)) / len(_judged(streams)))

    chrome = [
        each for each in streams if (each.get("user_agent.name"), each.get("user_agent.version")) == ("Chrome", "149")
    ]
    rows_ = month.ask("quality", "which-browser-is-worse")
    (row,) = (each for each in rows_ if (each["browser"], each["version"]) == ("Chrome", "149"))
    assert (row["poor_streams"], row["streams_judged"]) == (len(_poor(chrome)), len(_judged(chrome)))

    # Only two people of the last day have an address whose network is known, and they met in Linköping's.
    (provider,) = month.ask("quality", "which-provider-is-worse")
    assert (provider["network_s_owner"], provider["streams_judged"]) == ("Bredband2 AB", 4)


def test_call(month: Month) -> None:
    held = _within(month.documents["participants"], LAST_DAY)
    found = month.only("call", "who-was-there", LAST_DAY)
    assert (found["joins"], found["people_by_their_id"]) == (4, 3)
    people = {row["name"] for row in month.ask("call", "who-was-there-from-what-and-how-was-it-for-them", LAST_DAY)}
    assert people == {each["user.full_name"] for each in held} == {"Greta", "Leonard", "Mildred"}
    # Half an hour and twenty minutes, two people in each.
    assert month.only("call", "how-long-was-it", LAST_DAY)["minutes_of_all_people"] == pytest.approx(2 * 30 + 2 * 20)


def test_person(month: Month) -> None:
    calls: defaultdict[str, list[Json]] = defaultdict(list)
    for each in month.documents["participants"]:
        calls[each["vconf.conference.id"]].append(each)
    found = month.ask("person", "which-calls-were-they-and-how-did-they-go", LAST_DAY)
    assert len(found) == 2
    for row in found:
        there = calls[row["conference"]]
        assert row["joins"] == len(there)
        assert row["seconds_there"] == pytest.approx(sum(each["vconf.participant.duration_s"] for each in there))
        heard = [each["vconf.quality.received.audio.mos.avg"] for each in there]
        assert row["mos_received"] == pytest.approx(fmean(heard))
    assert month.only("person", "how-many-calls")["conferences"] == len(calls)


def test_reliability(month: Month) -> None:
    people = month.documents["participants"]
    known = [each for each in people if "vconf.participant.dropped" in each]
    lost = [each for each in known if each["vconf.participant.dropped"]]
    found = month.only("reliability", "how-many-were-cut-off")
    assert found["joins_of_known_end"] == len(known)
    assert found["cut_off"] == pytest.approx(len(lost) / len(known))

    returns = Counter(each["vconf.conference.id"] for each in people if each.get("vconf.participant.rejoin"))
    table = month.ask("reliability", "in-which-conferences-did-people-keep-coming-back")
    assert table[0]["returns"] == max(returns.values())
    assert all(row["returns"] == returns[row["conference"]] for row in table)

    # The sandbox knows three reasons, and the waiting room.
    said = [each["vconf.participant.leave_reason"] for each in people if "vconf.participant.leave_reason" in each]
    endings = {
        "the host ended it": "Host ended the meeting.",
        "left by themselves": "Reason: left the meeting.",
        "the connection broke": "Network connection error.",
        "let in from the waiting room": "Host admitted the participant.",
    }
    expected = {name: sum(each.endswith(words) for each in said) for name, words in endings.items()}
    reasons = {row["reason"]: row["joins"] for row in month.ask("reliability", "why-did-people-leave")}
    assert reasons == {**expected, "something else": 0}
    assert sum(expected.values()) == len(said)
    assert all(expected.values())

    trouble = [each for each in month.documents["issues"] if each["vconf.issue.subject"] == "connection"]
    number = month.only("reliability", "trouble-to-connect")
    assert number["issues"] == len(trouble)
    assert number["joins_with_trouble"] == len({each["vconf.participant.id"] for each in trouble})

    words = {"connect": "connect", "publish": "send", "subscribe": "receive"}
    days = month.ask("reliability", "how-often-could-somebody-not-connect-send-or-receive")
    for what, word in words.items():
        tries: Counter[str] = Counter()
        for each in month.documents["usage"]:
            tries[each["@timestamp"][:10]] += each.get(f"vconf.errors.{what}.attempts", 0)
        tried = {row["day"][:10]: row[f"tried_to_{word}"] for row in days}
        assert {day: number for day, number in tried.items() if number} == dict(+tries)
        assert {row[f"could_not_{word}"] for row in days} == {0}


def test_usage(month: Month) -> None:
    conferences = month.documents["conferences"]
    minutes: Counter[str] = Counter()
    for each in conferences:
        minutes[each["vconf.account.id"]] += each.get("vconf.minutes.participant", 0)
    found = {row["account"]: row["participant_minutes"] for row in month.ask("usage", "which-account-uses-how-much")}
    assert found == pytest.approx(dict(minutes))
    assert set(PROJECTS) < set(found)

    sizes = [each["vconf.participants.count"] for each in conferences if "vconf.participants.count" in each]
    bars = {row["joins"]: row["conferences"] for row in month.ask("usage", "how-large-are-conferences")}
    assert bars["2 to 3"] == sizes.count(2)
    assert sum(bars.values()) == len(sizes)

    # At half past nine two were there; the second meeting began at eleven and was over at twenty past.
    at_once = {row["half_hour"]: row["people"] for row in month.ask("usage", "how-many-are-there-at-once", LAST_DAY)}
    assert at_once == {"2026-11-23T09:00:00.000Z": 2, "2026-11-23T11:00:00.000Z": 2}


def test_clients(month: Month) -> None:
    people = month.documents["participants"]
    chrome = [
        each for each in people if (each.get("user_agent.name"), each.get("user_agent.version")) == ("Chrome", "150")
    ]
    rows_ = month.ask("clients", "which-browser-version-is-new-and-is-it-worse")
    (row,) = (each for each in rows_ if (each["browser"], each["version"]) == ("Chrome", "150"))
    instants = sorted(each["@timestamp"] for each in chrome)
    assert (row["joins"], row["first_seen"], row["last_seen"]) == (len(chrome), instants[0], instants[-1])

    sdks = Counter(each["vconf.client.sdk.name"] for each in people if "vconf.client.sdk.name" in each)
    assert {each["sdk"]: each["joins"] for each in month.ask("clients", "which-sdk")} == dict(sdks.most_common(8))


def test_harvest(month: Month) -> None:
    # Two parts of the month for each of four accounts, and the last day, which lacked a meeting.
    runs = month.only("harvest", "did-the-runs-end-well")
    assert runs["runs"] == 9
    assert runs["ended_with_exit_code_0"] == pytest.approx(8 / 9)
    zoom = [each for each in month.documents["runs"] if each.get("vconf.vendor") == "zoom"]
    found = month.ask("harvest", "how-many-calls-were-there-and-how-many-could-not-be-had")
    (row,) = (each for each in found if each["vendor"] == "zoom")
    assert (row["listed"], row["harvested"], row["failed"]) == (48 + 3, 48 + 2, 1)
    assert (row["account_days"], row["days_not_whole"]) == (len(zoom), 1)
    odd = [each for each in month.documents["issues"] if each["vconf.issue.source"] == "anomaly"]
    assert (len(odd), {each["vconf.vendor"] for each in odd}) == (demo_month.CHUNK, {"zoom"})
    theirs = [each for each in month.documents["usage"] if each["vconf.vendor"] == "zoom"]
    told = month.only("harvest", "how-many-meetings-does-the-vendor-count")
    assert told["meetings"] == sum(each["vconf.vendor_totals.meetings"] for each in theirs)
    assert told["account_days"] == len(theirs) == demo_month.DAYS
    here = {
        row["vendor"]: row["conferences"]
        for row in month.ask("harvest", "how-many-conferences-are-here-of-all-vendors")
    }
    assert here["zoom"] == 20 * 2 + 8 + 3 < told["meetings"]
    minutes = month.ask("harvest", "how-many-minutes-of-streams-does-the-vendor-count")
    received = {row["account"]: row["received"] for row in minutes}
    told_of: Counter[str] = Counter()
    for each in month.documents["usage"]:
        told_of[each["vconf.account.id"]] += each.get("vconf.usage.minutes.subscribed", 0)
    assert received == pytest.approx({key: told_of[key] for key in PROJECTS})
    # The sandbox counts what it gives.
    beside = {row["account"]: row["received"] for row in month.ask("harvest", "how-many-minutes-of-streams-are-here")}
    assert {key: beside[key] for key in PROJECTS} == pytest.approx(received, rel=0.01)
    newest = {row["account"]: row["newest_conference"] for row in month.ask("harvest", "how-old-is-the-newest-data")}
    for account in PROJECTS:
        mine = [each["@timestamp"] for each in month.documents["conferences"] if each["vconf.account.id"] == account]
        assert newest[account] == max(mine)


# -- the little language of filters --------------------------------------------------------------------

OLD = {"149", "150"}


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("", lambda _each: True),
        ('vconf.vendor : "zoom"', lambda each: each["vconf.vendor"] == "zoom"),
        ("vconf.participant.dropped : true", lambda each: each.get("vconf.participant.dropped") is True),
        ("user.full_name : *", lambda each: "user.full_name" in each),
        ("not user.full_name : *", lambda each: "user.full_name" not in each),
        (
            '(user_agent.name : "Chrome" and not (user_agent.version : "149" or user_agent.version : "150"))',
            lambda each: each.get("user_agent.name") == "Chrome" and each.get("user_agent.version") not in OLD,
        ),
    ],
)  # fmt: skip
def test_a_filter_keeps_what_it_says(month: Month, text: str, kept: Callable[[Json], bool]) -> None:
    found = month.es.count(index=f"{month.prefix}-participants", query=query(text))["count"]
    assert found == sum(map(kept, month.documents["participants"]))
