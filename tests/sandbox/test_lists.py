import base64
import json
from datetime import timedelta
from typing import Any

import pytest

from tests.opentok_client import (
    DAY,
    PAGE,
    TIMES,
    Client,
    details,
    listed,
    meeting,
    opentok,
)
from tests.opentok_days import day_of, nested, session, session_id


@pytest.mark.parametrize("shape", ["flat", "nested"])
def test_both_shapes_answer_from_every_side(small: dict[str, Any], shape: str) -> None:
    stored = small if shape == "flat" else nested(small)
    streams = "resources { connectionId stream { streamId videoType } streamStatsCollection { totalCount } }"
    taken = "publishers { resources { stream { streamId } subscribers { totalCount } } }"
    with opentok([stored]) as client:
        found = meeting(
            client,
            f"{TIMES} {taken} subscribers {{ totalCount {streams} }} connections {{ totalCount maxConcurrent "
            f"resources {{ publishers {{ totalCount {streams} }} subscribers {{ totalCount }} }} }}",
        )
    assert (found["createdAt"], found["destroyedAt"]) == (
        "2026-11-18T09:00:00.000Z",
        "2026-11-18T09:30:00.000Z",
    )
    assert found["subscribers"]["totalCount"] == 8
    assert [p["subscribers"]["totalCount"] for p in found["publishers"]["resources"]] == [2] * 4
    assert (found["connections"]["totalCount"], found["connections"]["maxConcurrent"]) == (3, 3)
    counts = [
        (c["publishers"]["totalCount"], c["subscribers"]["totalCount"]) for c in found["connections"]["resources"]
    ]
    assert sorted(counts) == [(1, 3), (1, 3), (2, 2)]


@pytest.mark.parametrize("arguments", ["", "(first: 1000)"])
def test_default_sizes_and_limits_cut_nested_lists_without_a_word(arguments: str) -> None:
    many = session(0, day=DAY, start=timedelta(0), people=2, minutes=60, meetings=12, gap=1)
    row = f"publishers {{ resources {{ streamStatsCollection {{ {PAGE} resources {{ createdAt }} }} }} }}"
    with opentok([many]) as client:
        inner = f"resources {{ meetings{arguments} {{ {PAGE} resources {{ {row} }} }} }}"
        data = client.session_data(details(inner, [session_id(0, DAY)]))
    meetings = data["sessions"]["resources"][0]["meetings"]
    assert (meetings["totalCount"], len(meetings["resources"])) == (12, 10)
    assert meetings["pageInfo"] == {"hasNextPage": True, "endCursor": "aW5zaWdodHMtcmVzb3VyY2U6MTA="}
    rows = meetings["resources"][0]["publishers"]["resources"][0]["streamStatsCollection"]
    assert rows["totalCount"] > 100
    assert len(rows["resources"]) == 50


def test_first_above_the_maximum_is_clamped() -> None:
    with opentok(day_of(1100, day=DAY, people=(0,))) as client:
        assert len(listed(client, f'start: "{DAY}", first: 100000')) == 1000


def test_pages_of_rows_follow_the_cursor_to_a_null_one(client: Client) -> None:
    seen: list[str] = []
    sizes: list[int] = []
    after = '""'
    while after != "null":
        collection = f"streamStatsCollection(first: 25, endCursor: {after})"
        inner = f"resources {{ {collection} {{ {PAGE} resources {{ createdAt }} }} }}"
        found = meeting(client, f"publishers {{ {inner} }}")["publishers"]["resources"][0]
        rows = found["streamStatsCollection"]
        seen += [row["createdAt"] for row in rows["resources"]]
        sizes.append(rows["totalCount"])
        assert rows["pageInfo"]["hasNextPage"] is (rows["pageInfo"]["endCursor"] is not None)
        after = json.dumps(rows["pageInfo"]["endCursor"])
    assert len(sizes) == 3
    assert set(sizes) == {len(seen)}
    assert seen == sorted(set(seen))


def test_a_cursor_behind_the_end_gives_an_empty_last_page(client: Client) -> None:
    cursor = base64.b64encode(b"insights-resource:99").decode()
    found = meeting(client, f'publishers(endCursor: "{cursor}") {{ {PAGE} resources {{ connectionId }} }}')
    assert found["publishers"] == {
        "totalCount": 4,
        "pageInfo": {"hasNextPage": False, "endCursor": None},
        "resources": [],
    }


@pytest.mark.parametrize(
    "argument", ["first: 0", "first: -1", 'endCursor: "MTA="', 'endCursor: "%"', 'endCursor: "/w=="']
)
def test_bad_paging_is_an_error_at_the_list(client: Client, argument: str) -> None:
    inner = f"resources {{ meetings({argument}) {{ totalCount }} }}"
    (error,) = client.errors(details(inner, [session_id(0, DAY)]))
    assert error["errorCode"] == 1004
    assert error["path"] == ["project", "sessionData", "sessions", "resources", 0, "meetings"]


def test_null_items_and_null_lists_stay_null(client: Client, small: dict[str, Any]) -> None:
    (inner,) = small["meetings"]["resources"]
    inner["connections"]["resources"].insert(1, None)
    inner["publishers"]["resources"][0]["streamStatsCollection"] = None
    small["meetings"]["resources"].insert(0, None)
    selection = (
        "resources { meetings { totalCount resources { connections { totalCount resources { connectionId } } "
        "publishers { resources { streamStatsCollection { totalCount } } } } } }"
    )
    data = client.session_data(details(selection, [session_id(0, DAY)]))
    meetings = data["sessions"]["resources"][0]["meetings"]
    assert (meetings["totalCount"], meetings["resources"][0]) == (2, None)
    assert meetings["resources"][1]["connections"]["resources"][1] is None
    assert meetings["resources"][1]["connections"]["totalCount"] == 4
    assert meetings["resources"][1]["publishers"]["resources"][0] == {"streamStatsCollection": None}
