"""Filters, windows, pages and refusals of the simulated peermetrics (reference, sections 2 and 3)."""

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
import requests
from hypothesis import given, settings
from hypothesis import strategies as st

from harvesters.sandbox.peermetrics import APP, PeermetricsRules, Person, app_row, call, room, world
from harvesters.sandbox.peermetrics.routes import READ, WRITE_ONLY, found
from harvesters.sandbox.peermetrics.stamps import stamp, window_value
from tests.sandbox.peermetrics_client import APP_ID, DAY, NINE, NOBODY, NOW, Client, after, codes, ids, peermetrics

OTHER = app_row("90a213d0-975e-48de-91c5-8ee14b65785f", "Other App")
GONE = app_row("ee3fa579-42b8-49a4-a7cb-45031d538be8", "Gone App")
MORNING = room("morning", [call(NINE, 2, [Person("Ana"), Person("Ben", relay=True, candidate_errors=2)])])
EVENING = room("evening", [call(after(36_000), 4, ["Ana", "Chloé"])])
WEEKLY = room("weekly", [call(after(-7 * 86_400)), call(after(3600), 3)], app=OTHER)
BROWSER = "/events/browser"


@pytest.fixture(scope="module")
def client() -> Iterator[Client]:
    apps = [APP, OTHER, GONE]
    with peermetrics(world(MORNING, EVENING, WEEKLY, apps=apps, deleted=[str(GONE["id"])])) as client:
        yield client


def people_of(client: Client, made: str) -> dict[str, str]:
    rows = client.rows("/participants", conferenceId=made)
    return {row["participant_name"]: row["id"] for row in rows}


# -- filters -------------------------------------------------------------------------------------------


def test_conferences_are_found_by_when_their_room_was_first_used(client: Client) -> None:
    assert ids(client.rows("/conferences", **DAY)) == [MORNING.id, EVENING.id]
    assert ids(client.rows("/conferences", appId=APP_ID)) == [MORNING.id, EVENING.id]
    assert ids(client.rows("/conferences", appId=OTHER["id"])) == [WEEKLY.id]
    assert client.rows("/conferences", appId=OTHER["id"], **DAY) == []


def test_a_room_that_is_used_again_shows_in_connections_of_the_day(client: Client) -> None:
    rows = client.rows("/connections", appId=OTHER["id"], **DAY)
    assert [row["conference"] for row in rows] == [WEEKLY.id] * 2
    (listed,) = client.rows("/conferences", conference_ids=WEEKLY.id)
    assert listed["created_at"] == "2026-11-13 09:00:00"
    assert listed["start_time"] == "2026-11-13 09:00:01.001040"
    assert listed["end_time"] == "2026-11-20 10:03:00.001009"
    # 118 and 178 seconds with connections; the pauses between do not count.
    assert listed["duration"] == 118 + 178


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({"duration_gte": 200}, ["evening", "weekly"]),
        ({"duration_gte": 200, "duration_lt": 270}, ["evening"]),
        ({"issue_code": "multiple_rejoins", "created_at_gte": "2026-01-01"}, ["weekly"]),
        # These name no conference.
        ({"issue_code": "turn_used"}, []),
        ({"conference_ids": f"{MORNING.id},{WEEKLY.id},{NOBODY}"}, ["weekly", "morning"]),
    ],
)
def test_other_filters_of_conferences(client: Client, filters: dict[str, object], expected: list[str]) -> None:
    found = [row["conference_id"] for row in client.rows("/conferences", **filters)]
    assert sorted(found) == sorted(expected)


def test_conferences_of_a_person(client: Client) -> None:
    ana = people_of(client, MORNING.id)["Ana"]
    assert ids(client.rows("/conferences", participantId=ana)) == [MORNING.id, EVENING.id]
    assert {row["participant"] for row in client.rows("/sessions", participantId=ana)} == {ana}
    assert len(client.rows("/connections", participantId=ana)) == 2


def test_people_are_one_row_for_all_time(client: Client) -> None:
    rows = client.rows("/participants", appId=APP_ID)
    assert [row["participant_id"] for row in rows] == ["u-ana", "u-ben", "u-chloé"]
    assert rows[0]["created_at"] == "2026-11-20 09:00:00.020000"
    assert client.ask(f"/participants/{rows[1]['id']}")["data"] == rows[1]


def test_people_by_when_the_app_first_saw_them(client: Client) -> None:
    noon = "2026-11-20T12:00:00Z"
    assert [row["participant_id"] for row in client.rows("/participants", created_at_gte=noon)] == ["u-chloé"]
    before = client.rows("/participants", created_at_lt=noon, appId=APP_ID)
    assert [row["participant_id"] for row in before] == ["u-ana", "u-ben"]


def test_issues_without_a_conference_are_found_by_window_or_person_alone(client: Client) -> None:
    ben = people_of(client, MORNING.id)["Ben"]
    theirs = ["icecandidateerror", "icecandidateerror", "turn_used"]
    assert client.rows("/issues", appId=APP_ID) == []
    assert client.rows("/issues", conferenceId=MORNING.id) == []
    assert codes(client.rows("/issues", participantId=ben)) == theirs
    assert sorted(codes(client.rows("/issues", **DAY))) == [
        *theirs[:2],
        "multiple_rejoins",
        "multiple_rejoins",
        "turn_used",
    ]
    (row,) = [each for each in client.rows("/conferences", appId=APP_ID) if each["id"] == MORNING.id]
    assert (row["has_warnings"], row["has_errors"]) == (False, False)
    sessions = {each["participant"]: each for each in client.rows("/sessions", conferenceId=MORNING.id)}
    assert len(sessions[ben]["issues"]) == 3


def test_single_rows_by_their_ids(client: Client) -> None:
    connection = client.rows("/connections", conferenceId=MORNING.id)[0]
    assert client.ask(f"/connections/{connection['id']}")["data"] == connection
    issue = client.rows("/issues", **DAY)[0]
    assert client.ask(f"/issues/{issue['id']}")["data"] == {
        name: value for name, value in issue.items() if name not in {"title", "explanation"}
    }


def test_sessions_reach_thirty_days_back_and_know_no_window() -> None:
    old = room("old", [call(NOW - timedelta(days=30, seconds=1)), call(NOW - timedelta(days=29))])
    with peermetrics(old) as client:
        assert len(client.rows("/sessions", conferenceId=old.id)) == 2
        assert len(client.rows("/sessions", conferenceId=old.id, created_at_gte="2026-11-22")) == 2
        assert len(client.rows("/connections", conferenceId=old.id)) == 4
        assert client.ask("/sessions", appId=APP_ID, limit=200)["count"] == 2


def test_a_conference_s_events_know_no_window_those_of_a_category_do(client: Client) -> None:
    path = f"/conferences/{WEEKLY.id}/events"
    assert len(client.rows(path, type="unload")) == 4
    assert len(client.rows(path, type="unload", **DAY)) == 4
    assert len(client.rows(BROWSER, conferenceId=WEEKLY.id, type="unload", **DAY)) == 2
    everything, others = client.rows(path), client.rows(path, type="-stats")
    assert {row["category"] for row in others} == {"browser", "getUserMedia", "connection", "track"}
    stats = client.rows(path, type="stats")
    assert len(everything) == len(others) + len(stats)
    assert stats == client.rows("/stats", conferenceId=WEEKLY.id)
    assert len(client.rows(path, type="-unload")) == len(everything) - 4
    assert {row["category"] for row in client.rows("/connection", conferenceId=WEEKLY.id)} == {"connection"}
    assert {row["type"] for row in client.rows("/events/get-user-media", conferenceId=WEEKLY.id)} == {"getUserMedia"}


def test_a_misspelt_filter_is_ignored_without_a_word(client: Client) -> None:
    everywhere = client.rows("/conferences", created_at_gte="2026-01-01", appid=APP_ID)
    assert ids(everywhere) == [WEEKLY.id, MORNING.id, EVENING.id]
    assert ids(client.rows("/conferences", created_at_gte="2026-01-01", created_at_before="2026-01-02")) == ids(
        everywhere
    )


def test_apps_show_their_keys_and_those_that_are_gone(client: Client) -> None:
    rows = client.rows("/apps")
    assert [row["name"] for row in rows] == ["Sample App", "Other App", "Gone App"]
    assert all(len(row["api_key"]) == 32 for row in rows)
    assert list(rows[0]["durations_days"])[::30] == ["2026-10-22", "2026-11-21"]
    assert client.ask(f"/apps/{APP_ID}")["data"] == rows[0]
    assert client.refusal(f"/apps/{GONE['id']}") == (400, "app_not_found")
    assert client.refusal("/sessions", appId=GONE["id"]) == (400, "app_not_found")
    assert client.rows("/conferences", appId=GONE["id"]) == []


# -- windows -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("bounds", "expected"),
    [
        ({"created_at_gte": "2026-11-20T09:00:00Z"}, ["morning", "evening"]),
        ({"created_at_gt": "2026-11-20T09:00:00"}, ["evening"]),
        ({"created_at_lt": "2026-11-20 09:00:00"}, ["weekly"]),
        ({"created_at_lte": "2026-11-20 09:00:00"}, ["weekly", "morning"]),
        ({"created_at_gte": "2026-11-20T11:00:00+02:00", "created_at_lt": "2026-11-20T19:00"}, ["morning"]),
        ({"created_at_gte": "2026-11-21"}, []),
    ],
)
def test_a_window_is_half_open_or_as_it_says(client: Client, bounds: dict[str, str], expected: list[str]) -> None:
    assert [row["conference_id"] for row in client.rows("/conferences", **bounds)] == expected


@pytest.mark.parametrize(
    "text", ["yesterday", "1795165237", "20261120", "2026-W47-5", "2026-13-01", "2026-11-20T25:00"]
)
def test_what_is_no_date_is_refused(client: Client, text: str) -> None:
    assert client.refusal("/conferences", created_at_gte=text) == (400, "invalid_parameters")
    broken = client.get("/conferences", created_at_gt=text)
    assert (broken.status_code, broken.content) == (500, b'""')


def test_a_plus_sign_that_is_not_encoded_becomes_a_space(client: Client) -> None:
    url = f"{client.server.url}/v1/conferences?created_at_gte=2026-11-20T09:00:00+02:00"
    assert requests.get(url, timeout=30).status_code == 400


def test_z_in_the_other_bound_breaks_old_pythons() -> None:
    bound = {"created_at_gt": "2026-11-20T08:00:00Z"}
    with peermetrics(MORNING) as client:
        for path in ("/conferences", "/connections", "/issues"):
            assert client.get(path, **bound).status_code == 500
        assert client.get(BROWSER, conferenceId=MORNING.id, **bound).status_code == 500
        assert len(client.rows("/participants", **bound)) == 2
    with peermetrics(MORNING, rules=PeermetricsRules(python="3.11")) as client:
        assert ids(client.rows("/conferences", **bound)) == [MORNING.id]


INSTANTS = st.integers(0, 2**51).map(lambda micros: NINE + timedelta(microseconds=micros // 500_000 * 500_000))


@given(at=INSTANTS, other=INSTANTS)
@settings(max_examples=50, deadline=None)
def test_stamps_compare_as_their_instants_and_are_read_back(at: datetime, other: datetime) -> None:
    assert (stamp(at) < stamp(other)) == (at < other)
    assert window_value(stamp(at)) == stamp(at)
    assert window_value(at.isoformat()) == stamp(at)
    assert (len(stamp(at)) == 19) == (at.microsecond == 0)


# -- pages ---------------------------------------------------------------------------------------------


def test_either_parameter_changes_the_shape_of_the_answer(client: Client) -> None:
    assert set(client.ask("/conferences", appId=APP_ID)) == {"data"}
    for told in ({"limit": 1}, {"offset": 0}, {"limit": ""}):
        assert set(client.ask("/conferences", appId=APP_ID, **told)) == {"results", "count"}


@pytest.mark.parametrize(
    ("told", "rows"),
    [
        ({"limit": 500}, 200),
        ({"limit": 0}, 1),
        ({"limit": -3}, 1),
        ({"limit": ""}, 50),
        ({"offset": -5}, 50),
        ({"limit": 7}, 7),
    ],
)
def test_how_many_rows_a_page_has(told: dict[str, object], rows: int) -> None:
    crowded = room("crowded", [call(NINE, 10, 6)])
    with peermetrics(crowded) as client:
        page = client.ask(f"/conferences/{crowded.id}/events", **told)
    assert len(page["results"]) == rows
    assert page["count"] > 200


def test_the_end_of_a_list_and_numbers_that_are_none(client: Client) -> None:
    page = client.ask("/conferences", appId=APP_ID, limit=2, offset=50)
    assert page == {"results": [], "count": 2}
    assert client.refusal("/conferences", appId=APP_ID, limit="x") == (400, "invalid_parameters")
    assert client.refusal("/sessions", appId=APP_ID, offset="1.5") == (400, "invalid_parameters")


def test_connections_and_issues_are_never_paged(client: Client) -> None:
    assert len(client.rows("/connections", appId=APP_ID, limit=1)) == 4
    assert len(client.rows("/issues", **DAY, limit=1)) == 5


@given(limit=st.integers(1, 60))
@settings(max_examples=15, deadline=None)
def test_pages_of_any_size_together_are_the_list(client: Client, limit: int) -> None:
    path = f"/conferences/{MORNING.id}/events"
    assert client.paged(path, limit) == client.rows(path)


def test_rows_come_by_their_stamps(client: Client) -> None:
    stamps = [row["created_at"] for row in client.rows(f"/conferences/{WEEKLY.id}/events")]
    assert stamps == sorted(stamps)
    assert len(set(stamps)) == len(stamps)


# -- refusals ------------------------------------------------------------------------------------------


LISTS = ["/conferences", "/sessions", "/participants", "/connections", "/issues", BROWSER, "/stats", "/connection"]


@pytest.mark.parametrize("path", LISTS)
def test_a_list_needs_a_filter_that_it_knows(client: Client, path: str) -> None:
    assert client.refusal(path) == (400, "missing_parameters")
    assert client.refusal(path, sessionId=NOBODY) == (400, "missing_parameters")
    assert client.refusal(path, appId="", limit=5) == (400, "missing_parameters")


@pytest.mark.parametrize("path", ["/sessions", "/participants"])
def test_a_window_does_not_do_for_sessions(client: Client, path: str) -> None:
    status = client.get(path, **DAY).status_code
    assert status == (400 if path == "/sessions" else 200)


@pytest.mark.parametrize(
    ("path", "params", "code"),
    [
        (f"/conferences/{NOBODY}", {}, "conference_not_found"),
        (f"/conferences/{NOBODY}/events", {}, "conference_not_found"),
        (f"/conferences/{NOBODY}/graphs", {}, "conference_not_found"),
        (f"/participants/{NOBODY}", {}, "participant_not_found"),
        (f"/connections/{NOBODY}", {}, "connection_not_found"),
        (f"/issues/{NOBODY}", {}, "issue_not_found"),
        (f"/organizations/{NOBODY}", {}, "organization_not_found"),
        ("/sessions", {"conferenceId": NOBODY}, "conference_not_found"),
        ("/sessions", {"conferenceId": "no-uuid"}, "conference_not_found"),
        ("/sessions", {"participantId": NOBODY}, "participant_not_found"),
        ("/sessions", {"participantId": "no-uuid"}, "participant_not_found"),
        ("/stats", {"conferenceId": NOBODY}, "conference_not_found"),
        (BROWSER, {"participantId": NOBODY}, "participant_not_found"),
    ],
)
def test_nobody_knows_it_is_a_400(client: Client, path: str, params: dict[str, str], code: str) -> None:
    assert client.refusal(path, **params) == (400, code)


@pytest.mark.parametrize("path", ["/conferences", "/participants", "/connections", "/issues"])
def test_other_lists_are_empty_for_unknown_ids_and_break_on_bad_ones(client: Client, path: str) -> None:
    assert client.rows(path, appId=NOBODY) == []
    assert (client.get(path, appId="no-uuid").status_code, client.get(path, appId="no-uuid").content) == (500, b'""')


@pytest.mark.parametrize("path", ["/organizations", f"/sessions/{NOBODY}"])
def test_two_routes_are_broken_in_every_case(client: Client, path: str) -> None:
    answer = client.get(path)
    assert (answer.status_code, answer.content) == (500, b'""')
    assert answer.headers["content-type"] == "application/json; charset=utf-8"


def test_a_number_that_is_none_breaks_the_server(client: Client) -> None:
    assert client.get("/conferences", duration_gte="abc").status_code == 500
    assert client.get("/conferences", conference_ids="abc").status_code == 500


@pytest.mark.parametrize("path", ["/apps/", "/conferences/not-a-uuid", "/nothing", "/conferences/abc/events", ""])
def test_unknown_routes_are_a_page(client: Client, path: str) -> None:
    answer = client.get(path)
    assert (answer.status_code, answer.headers["content-type"]) == (404, "text/html")
    assert "Not Found" in answer.text


def test_every_route_is_known_by_its_name() -> None:
    for each in (*READ, *WRITE_ONLY):
        place = found(each.replace("<id>", NOBODY))
        assert place is not None
        assert place.endpoint == each


def test_whatever_is_no_get_is_refused_and_remembered() -> None:
    with peermetrics(MORNING) as client:
        base = f"{client.server.url}/v1"
        assert client.refusal("/tracks") == (405, "method_not_allowed")
        assert client.server.app.writes == []
        assert requests.post(f"{base}/apps", json={"name": "x"}, timeout=30).status_code == 405
        assert requests.delete(f"{base}/apps/{APP_ID}", timeout=30).status_code == 405
        assert requests.post(f"{base}/webhooks/jobs", json={}, timeout=30).status_code == 405
        assert [each.method for each in client.server.app.writes] == ["POST", "DELETE", "POST"]
        assert len(client.rows("/apps")) == 1


def test_requests_are_counted_by_endpoint() -> None:
    with peermetrics(MORNING) as client:
        client.rows("/apps")
        client.rows(f"/conferences/{MORNING.id}/events", limit_="1")
        client.rows(f"/conferences/{MORNING.id}/events")
        client.get("/nothing")
        assert client.server.app.calls == {"/apps": 1, "/conferences/<id>/events": 2}


def test_a_prefix_stands_before_v1() -> None:
    with peermetrics(MORNING, prefix="/metrics") as client:
        assert client.server.url.endswith("/metrics")
        assert len(client.rows("/apps")) == 1
        bare = requests.get(client.server.url.removesuffix("/metrics") + "/v1/apps", timeout=30)
        assert (bare.status_code, bare.headers["content-type"]) == (404, "text/html")


# -- limits --------------------------------------------------------------------------------------------


def test_a_request_line_has_room_for_109_ids(client: Client) -> None:
    url = f"{client.server.url}/v1/conferences?conference_ids="
    assert requests.get(url + ",".join([NOBODY] * 109), timeout=30).status_code == 200
    answer = requests.get(url + ",".join([NOBODY] * 110), timeout=30)
    assert (answer.status_code, answer.headers["content-type"]) == (400, "text/html")
    # Commas that are percent-encoded take more of it.
    assert client.get("/conferences", conference_ids=",".join([NOBODY] * 108)).status_code == 400


def test_too_many_requests_in_a_minute_of_one_address() -> None:
    clock = [120.0]
    with peermetrics(MORNING, rules=PeermetricsRules(requests_per_minute=3), ticks=lambda: clock[0]) as client:
        assert [client.get("/apps").status_code for _ in range(4)] == [200, 200, 200, 429]
        refused = client.get("/organizations")
        assert (refused.status_code, refused.content) == (429, b'""')
        assert "retry-after" not in refused.headers
        assert client.get("/apps", address="192.0.2.7").status_code == 200
        clock[0] = 179.9
        assert client.get("/apps").status_code == 429
        clock[0] = 180.0
        assert client.get("/apps").status_code == 200


def test_two_thousand_is_the_usual_limit() -> None:
    assert PeermetricsRules().requests_per_minute == 2000
    assert PeermetricsRules().worker_requests == 1000


def test_a_worker_retires_with_a_reset_now_and_then() -> None:
    with peermetrics(MORNING, rules=PeermetricsRules(worker_requests=3)) as client:
        told = []
        for _ in range(7):
            try:
                told.append(requests.get(f"{client.server.url}/v1/apps", timeout=30).status_code)
            except requests.ConnectionError:
                told.append(0)
    assert told == [200, 200, 0, 200, 200, 0, 200]
