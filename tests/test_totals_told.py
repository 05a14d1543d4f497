"""What each vendor's own totals become: from published answers, and through the sandboxes from end to end."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest

from harvesters import source_class
from harvesters.core.source import NO_CALL, Part, Record
from harvesters.core.tree import Entity
from tests import peermetrics_days, zoom_days
from tests.nights import Night, lake_lines
from tests.peermetrics_nights import PeermetricsNight, peermetrics
from tests.zoom_nights import ZoomNight, zoom

DATA = Path(__file__).parent / "data" / "totals"
DAY = datetime(2026, 11, 20, tzinfo=UTC)
DAILY = "/report/daily"


def told(vendor: str, row: dict[str, Any]) -> Entity:
    """The one usage of a row, as the vendor's module tells it."""
    part = Part("usage", msgspec.json.encode(row), b"[]", 0)
    tree = source_class(vendor).flatten(Record(("usage", "x"), NO_CALL, DAY, 0, ongoing=False, parts=[part]))
    assert (tree.conference, tree.oddities) == (None, {})
    (usage,) = tree.usage
    return usage


def known(usage: Entity) -> dict[str, Any]:
    return {name: value for name, value in usage.fields.items() if value is not None}


def ms(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp() * 1000)


def test_what_vonage_published_is_told_with_the_group_beside_it() -> None:
    answer = json.loads((DATA / "opentok-usage-by-sdk.json").read_text())
    first, second = answer["data"]["project"]["projectData"]["resources"]
    usage = told("opentok", first)
    assert known(usage) == {
        "vconf.usage.minutes.published": 898.6833333333332,
        "vconf.usage.minutes.subscribed": 1121.0166666666664,
    }
    assert usage.extra == {"sdkType": "JS", "__typename": "Metric"}
    assert (usage.at, usage.end) == (ms("2020-02-01T08:00:00Z"), ms("2020-02-29T08:00:00Z"))
    assert known(told("opentok", second))["vconf.usage.minutes.subscribed"] == 12.766666666666666


def test_what_a_peermetrics_server_answered_is_told() -> None:
    first, _ = json.loads((DATA / "peermetrics-conferences.json").read_text())["data"]
    usage = told("peermetrics", first)
    assert known(usage) == {
        "vconf.vendor_totals.rooms": 4,
        "peermetrics.rooms.success": 2,
        "peermetrics.rooms.warning": 1,
        "peermetrics.rooms.error": 1,
        "peermetrics.rooms.ongoing": 0,
    }
    assert (usage.extra, usage.at, usage.end) == ({}, ms("2026-11-20T00:00:00Z"), ms("2026-11-21T00:00:00Z"))


@pytest.mark.parametrize("value", [None, "many", -1, True, 1e300, [], {}])
def test_a_number_that_is_none_is_absent(value: object) -> None:
    row = {"date": "2026-11-20", "meetings": value, "participants": value, "meeting_minutes": value}
    assert known(told("zoom", row)) == {}


def usage(night: Night) -> list[dict[str, Any]]:
    return [json.loads(each)["vconf"] for each in lake_lines(night.data_dir, "usage")]


def stays(*uuids: str) -> list[float]:
    """The minutes of the stays in these meetings of the day."""
    chosen = [each for each in zoom_days.everything() if each.uuid in uuids]
    return [(stay.leave - stay.join).total_seconds() / 60 for each in chosen for stay in each.sessions]


def test_zooms_daily_report_is_asked_for_once_and_told(tmp_path: Path) -> None:
    """Meetings of several people and of one, not the webinar, nor that of the day before."""
    with zoom(zoom_days.everything(), zoom_days.SETTLED) as vendor:
        night = ZoomNight.at(tmp_path, vendor, TOTALS="yes")
        ran = night.harvest(zoom_days.DAY)
        asked = vendor.parameters(DAILY)
    assert (ran.exit_code, ran.only.warnings, ran.only.settled) == (0, [], True)
    assert asked == [{"year": "2026", "month": "11"}]
    (document,) = usage(night)
    found = stays(zoom_days.PLAIN, zoom_days.SLASHED, zoom_days.DOUBLE, zoom_days.OVER_MIDNIGHT, zoom_days.LONELY)
    assert document["vendor_totals"] == {"meetings": 5, "participants": len(found)}
    assert document["usage"] == {"minutes": {"meeting": sum(-(-each // 1) for each in found)}}
    assert document["extra"] == {"new_users": "0"}


def test_an_app_without_the_scope_of_the_daily_report_hears_of_it_and_has_its_day(tmp_path: Path) -> None:
    with zoom(zoom_days.everything(), zoom_days.SETTLED, faults=["no-totals"]) as vendor:
        night = ZoomNight.at(tmp_path, vendor, TOTALS="yes")
        ran = night.harvest(zoom_days.DAY, zoom_days.at(24).date())
        assert len(vendor.paths("/oauth/token")) == 1
        assert len(vendor.paths(DAILY)) == 1
    assert [each.state for each in ran.report.slices] == ["complete", "empty"]
    (warning,) = [warning for each in ran.report.slices for warning in each.warnings]
    assert "the app lacks the scopes report:read:" in warning
    assert "TOTALS=no" in warning
    assert (ran.exit_code, usage(night)) == (0, [])


def test_peermetrics_tells_the_rooms_that_were_new_on_the_day(tmp_path: Path) -> None:
    with peermetrics(peermetrics_days.everything()) as vendor:
        night = PeermetricsNight.at(tmp_path, vendor, TOTALS="yes")
        ran = night.harvest(peermetrics_days.DAY)
    assert ran.exit_code == 0
    assert [each.warnings for each in ran.report.slices] == [[], []]
    rooms = {document["account"]["id"]: document["vendor_totals"] for document in usage(night)}
    # A room that was made and never used counts too; that of the day before does not.
    assert sorted(each["rooms"] for each in rooms.values()) == [1, 4]


def test_a_proxy_that_keeps_the_dashboard_to_itself_costs_no_day(tmp_path: Path) -> None:
    with peermetrics(peermetrics_days.everything(), faults=["no-totals"]) as vendor:
        night = PeermetricsNight.at(tmp_path, vendor, TOTALS="yes")
        ran = night.harvest(peermetrics_days.DAY)
    assert ran.exit_code == 0
    assert {each.state for each in ran.report.slices} == {"complete"}
    warnings = [warning for each in ran.report.slices for warning in each.warnings]
    # Each app is an account, and asked once.
    assert len(warnings) == 2
    assert all("a proxy in front of the server wants a login" in warning for warning in warnings)
