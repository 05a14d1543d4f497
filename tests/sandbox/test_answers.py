import json
import logging
from datetime import date, timedelta
from pathlib import Path

import pytest

from harvesters.sandbox import ANSWERS, load_folder, shift
from harvesters.sandbox.opentok.shapes import linked, seen
from tests.opentok_days import day_of, nested, session

DAY = date(2026, 11, 18)


def test_the_real_answers_load_with_what_they_lack_filled_in() -> None:
    blog, seed = load_folder(ANSWERS)
    assert blog["sessionId"] == "blog-publisher-bitrate"
    (meeting,) = linked(blog)["meetings"]["resources"]
    assert len(meeting["meetingId"]) == 36
    assert (meeting["createdAt"], meeting["destroyedAt"]) == ("2020-03-22T12:24:05.407Z", None)
    assert "connectionId" not in meeting["publishers"]["resources"][0]
    assert seed["sessionId"].startswith("2_MX40NjIwNDk3Mn5-")
    (meeting,) = linked(seed)["meetings"]["resources"]
    assert meeting["meetingId"] == "edb26699-9eba-4a99-a32f-6a18841080ce"
    assert (meeting["createdAt"], meeting["destroyedAt"]) == (
        "2020-07-09T09:14:57.530Z",
        "2020-07-09T09:15:14.485Z",
    )
    assert [p["connectionId"] for p in meeting["publishers"]["resources"]] == ["24676616-dbc2-4cb7-a986-14dafd452ab0"]


def test_the_same_folder_gives_the_same_ids_twice() -> None:
    assert load_folder(ANSWERS) == load_folder(ANSWERS)


def test_files_without_session_data_are_skipped_and_named(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "usage.json").write_text('{"data": {"project": {"projectData": {"resources": []}}}}')
    (tmp_path / "error.json").write_text('{"errors": []}')
    (tmp_path / "list.json").write_text("[]")
    (tmp_path / "note.txt").write_text("not read")
    (tmp_path / "own.json").write_text(json.dumps(session(0, day=DAY)))
    with caplog.at_level(logging.WARNING):
        assert load_folder(tmp_path) == [session(0, day=DAY)]
    named = sorted(record.getMessage().split()[0] for record in caplog.records)
    assert named == ["error.json", "list.json", "usage.json"]


def test_several_sessions_without_ids_get_different_ones(tmp_path: Path) -> None:
    resources = [{"meetings": None}, None, {"meetings": {"resources": [None]}}]
    answer = {"data": {"project": {"sessionData": {"sessions": {"resources": resources}}}}}
    (tmp_path / "two.json").write_text(json.dumps(answer))
    assert [found["sessionId"] for found in load_folder(tmp_path)] == ["two", "two-2"]


def test_shift_moves_every_instant_by_whole_days_and_leaves_the_original() -> None:
    originals = load_folder(ANSWERS)
    before = json.dumps(originals)
    blog, seed = shift(originals, DAY)
    assert json.dumps(originals) == before
    text = json.dumps([blog, seed])
    assert "2020-" not in text
    assert '"createdAt": "2026-11-18T09:14:57.530Z"' in text
    assert '"createdAt": "2026-11-18T12:24:14.438Z"' in text
    assert shift([blog, seed], date(2020, 7, 9))[1] == originals[1]


def test_shift_moves_later_meetings_and_ready_rows_along_and_leaves_what_has_no_instant() -> None:
    two = session(1, day=DAY, meetings=2, gap=24 * 60)
    ready = session(1, day=DAY, meetings=2, gap=24 * 60, ready=True)
    (moved, same) = shift([two, ready], date(2026, 11, 10))
    assert moved == same
    starts = [meeting["createdAt"][:10] for meeting in moved["meetings"]["resources"]]
    assert starts == ["2026-11-10", "2026-11-11"]
    empty = {"sessionId": "s", "meetings": {"resources": []}}
    assert shift([empty], DAY) == [empty]


def as_text(record: object) -> str:
    return json.dumps(record, sort_keys=True)


def test_nested_and_flat_become_the_same_when_linked() -> None:
    flat = session(2, day=DAY, people=3, screens=1)
    one, other = linked(flat), linked(nested(flat))
    assert json.dumps(one, sort_keys=True) == json.dumps(linked(one), sort_keys=True)
    for ours, theirs in zip(one["meetings"]["resources"], other["meetings"]["resources"], strict=True):
        assert ours["createdAt"] == theirs["createdAt"]
        assert ours["connections"] == theirs["connections"]
        for name in ("publishers", "subscribers"):
            one_by_one = [sorted(map(as_text, meeting[name]["resources"])) for meeting in (ours, theirs)]
            assert one_by_one[0] == one_by_one[1]


def test_linking_keeps_null_items_and_finds_children_from_all_sides() -> None:
    flat = session(3, day=DAY, people=3)
    (meeting,) = flat["meetings"]["resources"]
    for name in ("connections", "publishers", "subscribers"):
        meeting[name]["resources"].insert(0, None)
    (found,) = linked(flat)["meetings"]["resources"]
    assert [found[name]["resources"][0] for name in ("connections", "publishers", "subscribers")] == [None] * 3
    connection = found["connections"]["resources"][1]
    assert len(connection["publishers"]["resources"]) == 1
    assert len(connection["subscribers"]["resources"]) == 2
    publisher = found["publishers"]["resources"][1]
    streams = {subscriber["stream"]["streamId"] for subscriber in publisher["subscribers"]["resources"]}
    assert streams == {publisher["stream"]["streamId"]}
    assert len(publisher["subscribers"]["resources"]) == 2


def test_what_is_younger_than_the_view_is_not_there_yet() -> None:
    ready = linked(session(4, day=DAY, start=timedelta(hours=9), ready=True))
    until = "2026-11-18T09:10:00.000Z"
    (meeting,) = seen(ready, "2026-11-01T00:00:00.000Z", until)["meetings"]["resources"]
    text = str(meeting)
    assert meeting["destroyedAt"] is None
    assert "2026-11-18T09:09:" in text
    assert "T09:1" not in text
    assert ready["meetings"]["resources"][0]["destroyedAt"] == "2026-11-18T09:30:00.000Z"


def test_a_lazy_day_gives_the_same_as_single_sessions() -> None:
    lazy = day_of(5, day=DAY, people=(2, 3), screens=1)
    assert len(lazy) == len(set(lazy)) == 5
    plain = [session(number, day=DAY, people=(2, 3)[number % 2], screens=1) for number in range(5)]
    assert [shift([found], DAY)[0] for found in lazy.values()] == plain


def test_invented_sessions_look_real() -> None:
    whole = session(0, day=DAY, people=3, screens=1, meetings=2, gap=5)
    one, two = whole["meetings"]["resources"]
    assert one["meetingId"] == two["meetingId"]
    assert [len(one[name]["resources"]) for name in ("connections", "publishers", "subscribers")] == [3, 4, 8]
    for kind in ("publishers", "subscribers"):
        for stream in one[kind]["resources"]:
            rows = stream["streamStatsCollection"]["resources"]
            assert 50 <= len(rows) <= 60
            times = [row["createdAt"] for row in rows]
            assert times == sorted(set(times))
            assert stream["createdAt"] < times[0] < times[-1] < stream["destroyedAt"]
            assert {row["audioLatencyMs"] is None for row in rows} == {kind == "publishers"}
            assert {type(row["audioPacketLoss"]) for row in rows} == {int, float}
