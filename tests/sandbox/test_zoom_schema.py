"""Every answer of the simulated Zoom is one that Zoom's own description allows."""

import json
from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator, FormatChecker

from harvesters.sandbox.world import World
from harvesters.sandbox.zoom import UNLIMITED, Meeting, Person, Session, Share, ZoomRules, meeting
from harvesters.sandbox.zoom.generated import GeneratedMeetings
from harvesters.sandbox.zoom.routes import ENDPOINTS
from tests.sandbox.zoom_client import DAY, NINE, NOW, PAST, WINDOW, Client, of, zoom

API: dict[str, Any] = json.loads((Path(__file__).parents[1] / "data" / "zoom-openapi.json").read_text("utf-8"))
UNDESCRIBED = {"/report/daily"}
"""Not in our copy of the description; its form is that of public clients."""
DESCRIBED = [each for each in ENDPOINTS if each.path not in UNDESCRIBED]
FORMATS = FormatChecker(())
RATED = {"user_id": "u1", "email": "a@example.com", "quality": "GOOD", "date_time": "2026-11-18T09:30:00Z"}
OWN = "8ZvNoKtPQkCwVdDnTQmCaA=="
WEBINAR = "UZoZMxU7QNWhGJ5v2yV9tw=="


@FORMATS.checks("date-time", ValueError)
def is_instant(value: object) -> bool:
    return not isinstance(value, str) or datetime.fromisoformat(value).tzinfo is not None


@FORMATS.checks("date", ValueError)
def is_date(value: object) -> bool:
    return not isinstance(value, str) or str(date.fromisoformat(value)) == value


def schema_of(path: str) -> dict[str, Any]:
    """The schema of an endpoint's answer; the components stand in it, for its references."""
    answer = API["paths"][path]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
    return {"components": API["components"], "allOf": [answer]}


@cache
def validator(path: str) -> Draft202012Validator:
    return Draft202012Validator(schema_of(path), format_checker=FORMATS)


def properties(schema: dict[str, Any]) -> dict[str, Any]:
    """All members that a schema knows."""
    if "$ref" in schema:
        schema = API["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    known: dict[str, Any] = dict(schema.get("properties", {}))
    for name, more in ((name, more) for part in schema.get("allOf", ()) for name, more in properties(part).items()):
        known[name] = {"allOf": [known[name], more]} if name in known else more
    return known


def items(schema: dict[str, Any]) -> dict[str, Any]:
    """What the elements of an array are."""
    if "$ref" in schema:
        schema = API["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    found = [items(part) for part in schema.get("allOf", ())]
    return {"allOf": [*found, schema["items"]] if "items" in schema else found}


def strangers(schema: dict[str, Any], value: object, at: str = "") -> Iterator[str]:
    """Members of an answer that its schema does not know."""
    if isinstance(value, list):
        for each in value:
            yield from strangers(items(schema), each, at + "[]")
    elif isinstance(value, dict):
        known = properties(schema)
        for name, member in value.items():
            if name not in known:
                yield f"{at}.{name}"
            else:
                yield from strangers(known[name], member, f"{at}.{name}")


def check(path: str, answer: object) -> None:
    errors = [f"{each.json_path}: {each.message}" for each in validator(path).iter_errors(answer)]
    assert not errors, (path, errors[:5])
    assert not set(strangers(schema_of(path), answer)), path


def filled(path: str, of_meeting: Meeting, of_webinar: Meeting | None) -> str:
    """The path with the ids of something that there is."""
    named = of_webinar if "webinar" in path and of_webinar else of_meeting
    number = str(named.number) if path.endswith("/instances") else of(named.uuid, "", "").removeprefix("/")
    path = path.replace("{meetingId}", number).replace("{webinarId}", number)
    path = path.replace("{userId}", named.host.id)
    return path.replace("{participantId}", str(_measured(named).row["user_id"]))


def _measured(of_meeting: Meeting) -> Session:
    return next(each for each in of_meeting.sessions if each.minutes is not None)


def whole(client: Client, path: str, asked: str) -> Any:  # noqa: ANN401 - JSON
    size = 10 if path.endswith("/qos") else 300
    kind = {"type": "past"} if path.startswith("/metrics/") else {}
    fields = {"include_fields": "registrant_id"} if path.endswith("/participants") else {}
    return client.ask(asked, **WINDOW, **kind, **fields, page_size=size)


PEOPLE: Sequence[Person] = (
    Person("Ärztin", shares=[Share(60, 300)]),
    Person("Guest", 30, 900, row={"registrant_id": "r1", "bo_mtg_id": "Dkgwu8nm/ExG1vM+GhLRhA=="}),
    Person("Guest", 960, email="guest@example.com"),
    Person("Nobody", 10, 20, row={"status": "in_waiting_room"}, minute=None),
)


@pytest.fixture
def by_hand() -> Iterator[Client]:
    meetings = [
        meeting(OWN, NINE, 70, people=PEOPLE, satisfaction=[RATED], tracking_fields=[{"field": "a", "value": "b"}]),
        meeting(WEBINAR, NINE, 45, people=PEOPLE, webinar=True, satisfaction=[RATED]),
    ]
    with zoom(meetings, rules=ZoomRules(limits=UNLIMITED)) as client:
        yield client


def test_every_described_endpoint_is_there_with_its_label_and_scopes() -> None:
    assert {each.path for each in ENDPOINTS if each.path not in API["paths"]} == UNDESCRIBED
    assert len(DESCRIBED) == len(API["paths"]) == 27
    for each in DESCRIBED:
        described = API["paths"][each.path]["get"]
        assert str(each.category).lower() == described["x-rate-limit"], each.path
        names = {name for one in described["security"] for name in one["zoom_oauth"]}
        assert set(each.scopes) - {"dashboard:read:admin"} <= names, each.path


@pytest.mark.parametrize("path", [each.path for each in DESCRIBED])
def test_answers_of_meetings_written_by_hand(by_hand: Client, path: str) -> None:
    meetings = [meeting(OWN, NINE, 70, people=PEOPLE), meeting(WEBINAR, NINE, 45, people=PEOPLE, webinar=True)]
    answer = whole(by_hand, path, filled(path, *meetings))
    check(path, answer)
    assert answer


@pytest.mark.parametrize("path", [each.path for each in DESCRIBED if "webinar" not in each.path])
def test_answers_of_a_world(path: str) -> None:
    generated = GeneratedMeetings(World("schema", DAY, 1, 12))
    with zoom(generated, rules=ZoomRules(limits=UNLIMITED)) as client:
        asked = {filled(path, each, None) for each in generated if each.people > 1}
        for each in sorted(asked):
            check(path, whole(client, path, each))


def test_a_live_meeting_answers_in_the_same_shapes() -> None:
    going_on = meeting(OWN, NOW - timedelta(minutes=20), 60, people=PEOPLE)
    today = {"from": str(NOW.date()), "to": str(NOW.date())}
    with zoom([going_on]) as client:
        listed = client.ask("/metrics/meetings", **today)
        check("/metrics/meetings", listed)
        assert [each["uuid"] for each in listed["meetings"]] == [OWN]
        check("/metrics/meetings/{meetingId}/participants", client.ask(of(OWN)))
        check("/metrics/meetings/{meetingId}/participants/qos", client.ask(of(OWN, "/participants/qos"), page_size=10))


def test_the_check_sees_what_is_wrong() -> None:
    with zoom([meeting(OWN, NINE)], faults=["unknown-field"]) as client:
        answer = client.ask("/metrics/meetings", **PAST)
        with pytest.raises(AssertionError, match="colour"):
            check("/metrics/meetings", answer)
    with zoom([meeting(OWN, NINE)], faults=["wrong-type"]) as client:
        answer = client.ask("/metrics/meetings", **PAST)
        with pytest.raises(AssertionError, match="many"):
            check("/metrics/meetings", answer)
    with pytest.raises(AssertionError, match="from"):
        check("/metrics/meetings", {"from": "2026-11-31"})
