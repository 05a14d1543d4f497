from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from harvesters.sandbox import Request, Response, Rules
from tests.opentok_client import DAY, TIMES, Client, details, in_session_data, opentok


def test_what_is_younger_than_five_minutes_is_hidden(small: dict[str, Any]) -> None:
    clock = [datetime(2026, 11, 18, 9, 4, 59, tzinfo=UTC)]
    ids = [small["sessionId"]]
    collection = "streamStatsCollection { totalCount resources { createdAt } }"
    rows = f"publishers {{ resources {{ destroyedAt {collection} }} }}"
    with opentok([small], now=lambda: clock[0]) as client:
        query = in_session_data(details(f"resources {{ meetings {{ resources {{ {TIMES} {rows} }} }} }}", ids))
        early = client.ask(query)
        assert early["errors"][0]["errorCode"] == 1017
        clock[0] += timedelta(minutes=15)
        found = client.ask(query)["data"]["project"]["sessionData"]
        (running,) = found["sessions"]["resources"][0]["meetings"]["resources"]
        assert running["createdAt"] == "2026-11-18T09:00:00.000Z"
        assert running["destroyedAt"] is None
        first = running["publishers"]["resources"][0]
        assert first["destroyedAt"] is None
        assert 25 <= first["streamStatsCollection"]["totalCount"] <= 30
        assert max(row["createdAt"] for row in first["streamStatsCollection"]["resources"]) < "2026-11-18T09:15"
        clock[0] += timedelta(minutes=30)
        late = client.ask(query)["data"]["project"]["sessionData"]
        assert late["sessions"]["resources"][0]["meetings"]["resources"][0]["destroyedAt"] is not None


def test_too_many_returned_nodes_read_like_a_missing_add_on(small: dict[str, Any]) -> None:
    rows = "streamStatsCollection(first: 1) { resources { createdAt } }"
    inner = f"resources {{ meetings {{ resources {{ publishers {{ resources {{ {rows} }} }} }} }} }}"
    # project, session, meeting, 4 publishers, 4 rows
    ids = [small["sessionId"]]
    with opentok([small], rules=Rules(node_limit=11)) as client:
        assert client.session_data(details(inner, ids))
    with opentok([small], rules=Rules(node_limit=10)) as client:
        answer = client.post(in_session_data(details(inner, ids)))
        assert answer.status_code == 200
        assert answer.json()["data"] is None
        (error,) = answer.json()["errors"]
        assert error["message"].startswith("This query requires the Advanced Insights add-on")
        assert (error["errorCode"], error["path"]) == (1014, ["project", "sessionData"])
        assert client.session_data(details("totalCount", ids))


def test_without_the_add_on_everything_below_session_data_is_refused(small: dict[str, Any]) -> None:
    with opentok([small], rules=Rules(advanced=False)) as client:
        for selection in (f'sessionSummaries(start: "{DAY}") {{ totalCount }}', details("totalCount", ["x"])):
            answer = client.ask(in_session_data(selection))
            assert answer["data"] is None
            assert [(e["errorCode"], e["path"]) for e in answer["errors"]] == [(1014, ["project", "sessionData"])]
        assert client.ask("{ project(projectId: 46204972) { __typename } }")["data"] == {
            "project": {"__typename": "Project"}
        }


@pytest.mark.parametrize(
    "query",
    [
        "{ project",
        "{ nobody }",
        "query($id: Int!) { project(projectId: $id) { __typename } }",
        in_session_data('sessions(sessionIds: ["x"]) { resources { createdAt } }'),
        in_session_data('sessions(sessionIds: ["x"]) { resources { meetings { resources } } }'),
    ],
)
def test_an_invalid_query_is_an_error_without_a_code(client: Client, query: str) -> None:
    answer = client.post(query)
    assert answer.status_code == 200
    assert set(answer.json()) == {"errors"}
    assert "errorCode" not in answer.json()["errors"][0]


def test_the_status_of_errors_is_a_rule() -> None:
    with opentok([], rules=Rules(error_status=400)) as client:
        assert client.post("{ nobody }").status_code == 400


def test_project_data_is_simulated_by_days_alone(client: Client) -> None:
    for more in ("", "interval: MONTHLY", "interval: DAILY groupBy: COUNTRY"):
        query = f'projectData(start: "{DAY}" {more}) {{ totalCount }}'
        answer = client.ask(f"{{ project(projectId: 46204972) {{ {query} }} }}")
        assert answer["data"] == {"project": {"projectData": None}}
        assert [each["errorCode"] for each in answer["errors"]] == [1004]


def test_intercept_stands_before_the_api(small: dict[str, Any]) -> None:
    def first_fails(number: int, _request: Request) -> Response | None:
        return Response(500) if number == 1 else None

    with opentok([small], intercept=first_fails) as client:
        assert client.post("{ __typename }").status_code == 500
        assert client.ask("{ __typename }") == {"data": {"__typename": "Query"}}
