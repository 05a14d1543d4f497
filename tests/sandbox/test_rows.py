import base64
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from graphql import execute_sync, parse

from harvesters.sandbox import ANSWERS
from harvesters.sandbox.opentok.rows import Selection, TextRows, encoded
from harvesters.sandbox.opentok.schema import public_schema
from tests.opentok_client import (
    DAY,
    PAGE,
    ROW,
    TIMES,
    Client,
    details,
    in_session_data,
    meeting,
    opentok,
)
from tests.opentok_days import session, session_id

SEED_NOW = datetime(2020, 7, 10, 8, tzinfo=UTC)
SEED_ID = "2_MX40NjIwNDk3Mn5-MTU5NDI4NjA4Nzc3MX5rY0FSeUp3WHlxdDlkbUc1WXlJTHFQbDV-fg"


SEED = f"""
resources {{ sessionId mediaMode publisherMinutes subscriberMinutes meetings {{ totalCount resources {{
  meetingId publisherMinutes subscriberMinutes connections {{ totalCount resources {{
    connectionId {TIMES} sdkType sdkVersion browser browserVersion guid userAgent
    publishers {{ totalCount resources {{
      {TIMES} connectionId stream {{ streamId }}
      streamStatsCollection {{ totalCount resources {{ {ROW} }} }} }} }}
    subscribers {{ totalCount resources {{ subscriberId }} }}
  }} }} }} }} }}
"""


def test_the_seeds_answer_comes_back_as_it_was() -> None:
    with opentok(ANSWERS, now=lambda: SEED_NOW) as client:
        answer = client.ask(in_session_data(details(SEED, [SEED_ID])))
    expected = json.loads((ANSWERS / "seed-one-publisher.response.json").read_text())
    assert json.dumps(answer) == json.dumps(expected)


def test_ready_rows_are_what_graphql_core_itself_would_answer() -> None:
    document = parse(in_session_data(details(SEED, [SEED_ID])))
    stored = json.loads((ANSWERS / "seed-one-publisher.response.json").read_text())
    result = execute_sync(public_schema(), document, stored["data"])
    with opentok(ANSWERS, now=lambda: SEED_NOW) as client:
        ours = json.loads(client.post(in_session_data(details(SEED, [SEED_ID]))).text, parse_int=float)
    # graphql-core writes 0.0 where the API writes 0, hence the one number type.
    assert json.dumps(ours["data"]) == json.dumps(json.loads(json.dumps(result.data), parse_int=float))


@pytest.mark.parametrize(
    "fields",
    [
        ROW,
        "videoBitrateKbps createdAt",
        "at: createdAt kbps: videoBitrateKbps hasVideo",
        "__typename createdAt",
        "...Two hasAudio createdAt",
        "... on PublisherStats { hasAudio } createdAt hasAudio",
        "createdAt @skip(if: true) hasAudio hasVideo @include(if: false)",
        "createdAt } resources { hasAudio",
    ],
)
def test_every_way_to_select_rows_gives_what_graphql_core_gives(
    client: Client, small: dict[str, Any], fields: str
) -> None:
    inner = f"resources {{ streamStatsCollection(first: 1000) {{ resources {{ {fields} }} }} }}"
    tail = " fragment Two on PublisherStats { videoCodec createdAt }" if "Two" in fields else ""
    selection = details(
        f"resources {{ meetings {{ resources {{ publishers {{ {inner} }} }} }} }}", [session_id(0, DAY)]
    )
    query = in_session_data(selection) + tail
    root = {"project": {"sessionData": {"sessions": {"resources": [small]}}}}
    expected = execute_sync(public_schema(), parse(query), root).data
    got = json.loads(client.post(query).text, parse_int=float)["data"]
    assert json.dumps(got) == json.dumps(json.loads(json.dumps(expected), parse_int=float))


def test_rows_made_as_text_equal_plain_ones_in_any_selection_and_page() -> None:
    selections = [ROW, "hasVideo", f"{ROW} again: createdAt"]
    collection = "streamStatsCollection(first: 7, endCursor: {cursor})"
    page = f"resources {{{{ {collection} {{{{ {{page}} resources {{{{ {{row}} }}}} }}}} }}}}"
    third = json.dumps(base64.b64encode(b"insights-resource:3").decode())
    plain, ready = (session(0, day=DAY, ready=how) for how in (False, True))
    for row in selections:
        inner = page.format(cursor=third, page=PAGE, row=row)
        with opentok([plain]) as one, opentok([ready]) as other:
            assert meeting(one, f"publishers {{ {inner} }}") == meeting(other, f"publishers {{ {inner} }}")


def test_null_rows_stay_null() -> None:
    rows: list[dict[str, Any] | None] = [None, {"createdAt": "x"}]
    selection = Selection("PublisherStats", (("createdAt", "createdAt"), ("hasAudio", "hasAudio")))
    assert bytes(encoded(rows, selection)) == b'[null,{"createdAt":"x","hasAudio":null}]'
    empty = TextRows(("createdAt",), lambda _start, _stop: [], 0, 0)
    assert bytes(encoded(empty, selection)) == b"[]"
