"""What cannot be had of a call is named, the others go on, and a null is never taken for a zero."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from harvesters.core.errors import Exit
from harvesters.sandbox import Response, Rules
from tests.nights import Night, Ran, Vendor, vendor
from tests.opentok_days import session, session_id
from tests.opentok_truth import DAY, NOW, UNHURRIED, Asked, asked, bent, data_of, failure, loaded, operations, truth

Session = dict[str, Any]
EXPIRED, NOT_FOUND = "the session has expired (error 1016)", "the session was not found (error 1017)"
LEFT_OUT = "the vendor left it out of its answer"
# The day settles 32 hours after its end, at 2026-11-20 08:00; a call is given up three days later.
LAST_TRY = datetime(2026, 11, 23, 7, 59, tzinfo=UTC)
GIVEN_UP = datetime(2026, 11, 23, 8, tzinfo=UTC)


def harvest(folder: Path, server: Vendor, now: datetime = NOW) -> Ran:
    server.now = now
    return Night(folder, now, server.url).harvest(DAY)


def few(number: int) -> list[Session]:
    return [session(each, day=DAY, people=1, minutes=1) for each in range(number)]


def ids(*numbers: int) -> list[str]:
    return [session_id(each, DAY) for each in numbers]


def keys(ran: Ran) -> list[str]:
    return sorted(each["key"] for each in ran.only.failed)


# ------------------------------------------------------------------ calls that the vendor does not give


class Gone:
    """A vendor that lists all sessions and gives some of them no more, each in its own way of saying so."""

    def __init__(self, way: str, gone: Sequence[str], code: int = 1017) -> None:
        self.way, self.gone, self.code = way, frozenset(gone), code

    def __call__(self, request: Asked, body: Session) -> Response | None:
        wanted = request.variables.get("ids", ())
        if request.operation == "List" or not self.gone & set(wanted):
            return None
        if self.way == "no data":
            return failure(self.code, data={"project": {"sessionData": None}})
        page = data_of(body)
        found = [None if each["sessionId"] in self.gone else each for each in page["resources"]]
        if self.way != "null alone":
            path: list[str | int] = ["project", "sessionData", "sessions", "resources"]
            places = [at for at, each in enumerate(found) if each is None]
            body["errors"] = [{"message": "Gone.", "path": [*path, at], "errorCode": self.code} for at in places]
        page["resources"] = [each for each in found if each] if self.way == "left out" else found
        return None


@pytest.mark.parametrize("gone", [[0], [1, 3], [0, 1, 2, 3, 4]])
@pytest.mark.parametrize(("code", "reason"), [(1016, EXPIRED), (1017, NOT_FOUND)])
@pytest.mark.parametrize("way", ["null and error", "left out", "no data"])
def test_sessions_that_are_gone_are_named_and_the_others_go_on(
    tmp_path: Path, way: str, code: int, reason: str, gone: list[int]
) -> None:
    sessions = few(5)
    with bent(sessions, Gone(way, ids(*gone), code)) as server:
        ran = harvest(tmp_path, server)
    assert (ran.exit_code, ran.only.state) == (Exit.PARTIAL, "partial")
    assert (ran.only.listed, ran.only.harvested) == (5, 5 - len(gone))
    assert ran.only.failed == [{"key": each, "reason": reason} for each in ids(*gone)]
    assert loaded(tmp_path) == truth(each for number, each in enumerate(sessions) if number not in gone)


@pytest.mark.parametrize("way", ["null and error", "left out", "no data"])
def test_a_session_that_is_gone_is_given_up_three_days_after_its_day_settled(tmp_path: Path, way: str) -> None:
    with bent(few(3), Gone(way, ids(1))) as server:
        for now, state in ((NOW, "failed"), (LAST_TRY, "failed"), (GIVEN_UP, "lost")):
            ran = harvest(tmp_path, server, now)
            found = Night(tmp_path, now).manifest(DAY).calls[session_id(1, DAY)]
            assert (found.state, found.permanent, keys(ran)) == (state, True, ids(1))
        before = server.requests
        harvest(tmp_path, server, GIVEN_UP + timedelta(days=1))
        assert operations(server)[before:] in ([], ["List"])


def test_a_null_without_an_error_is_named_and_never_given_up(tmp_path: Path) -> None:
    with bent(few(3), Gone("null alone", ids(1))) as server:
        harvest(tmp_path, server)
        ran = harvest(tmp_path, server, GIVEN_UP)
    assert ran.exit_code is Exit.PARTIAL
    assert ran.only.failed == [{"key": ids(1)[0], "reason": LEFT_OUT}]
    found = Night(tmp_path, GIVEN_UP).manifest(DAY).calls[session_id(1, DAY)]
    assert (found.state, found.permanent, found.tries) == ("failed", False, 2)


def test_of_a_gone_session_and_one_that_is_only_null_the_right_one_is_given_up(tmp_path: Path) -> None:
    sessions = few(6)
    gone, null = Gone("left out", ids(4)), Gone("null alone", ids(1))

    def change(request: Asked, body: Session) -> None:
        gone(request, body)
        if request.operation != "List":
            page = data_of(body)
            page["resources"] = [None if each["sessionId"] in null.gone else each for each in page["resources"]]

    with bent(sessions, change) as server:
        ran = harvest(tmp_path, server)
        details = [asked(body) for body in server.asked()]
    assert {each["key"]: each["reason"] for each in ran.only.failed} == {ids(1)[0]: LEFT_OUT, ids(4)[0]: NOT_FOUND}
    calls = Night(tmp_path, NOW).manifest(DAY).calls
    assert (calls[ids(1)[0]].permanent, calls[ids(4)[0]].permanent) == (False, True)
    assert loaded(tmp_path) == truth(sessions[number] for number in (0, 2, 3, 5))
    assert max(len(each.variables.get("ids", ())) for each in details) == 6


def test_the_sandbox_itself_says_1017_for_a_session_that_it_lists_and_does_not_have(tmp_path: Path) -> None:
    sessions = few(2)

    def change(request: Asked, body: Session) -> None:
        if request.operation == "List":
            page = data_of(body, "List")
            page["resources"].append({"sessionId": "2_nobody", "mediaMode": None, "meetings": None})
            page["totalCount"] = 3

    with bent(sessions, change) as server:
        ran = harvest(tmp_path, server)
    assert ran.only.failed == [{"key": "2_nobody", "reason": NOT_FOUND}]
    assert loaded(tmp_path) == truth(sessions)


# ------------------------------------------------------------------ errors beside data


def _error(code: int | None, *path: str | int) -> dict[str, Any]:
    entry: dict[str, Any] = {"message": "Half of it is broken.", "path": ["project", "sessionData", *path]}
    return {**entry, "errorCode": code} if code else entry


@pytest.mark.parametrize("code", [None, 1012, 1022, 4711])
def test_an_error_with_a_path_names_the_call_keeps_its_data_and_leaves_the_others_alone(
    tmp_path: Path, code: int | None
) -> None:
    sessions = few(4)

    def change(request: Asked, body: Session) -> None:
        if request.operation == "Detail":
            body["errors"] = [_error(code, "sessions", "resources", 2, "meetings", "resources", 0, "publishers")]

    with bent(sessions, change) as server:
        ran = harvest(tmp_path, server)
        assert server.requests == 2
    assert (ran.exit_code, ran.only.state, ran.only.harvested) == (Exit.PARTIAL, "partial", 3)
    said = "Half of it is broken." + (f" (error {code})" if code else "")
    assert ran.only.failed == [{"key": ids(2)[0], "reason": said}]
    assert loaded(tmp_path) == truth(sessions)


@pytest.mark.parametrize("path", [[], ["sessions"], ["sessions", "resources"], ["sessions", "resources", 77]])
def test_an_error_that_names_no_call_is_narrowed_down_to_the_call_it_comes_with(
    tmp_path: Path, path: list[str | int]
) -> None:
    sessions, (bad,) = few(8), ids(5)

    def change(request: Asked, body: Session) -> None:
        if bad in request.variables.get("ids", ()):
            body["errors"] = [_error(1022, *path)]

    with bent(sessions, change) as server:
        ran = harvest(tmp_path, server)
        # The list, then 8, two of 4, two of 2 and two of 1.
        assert server.requests == 1 + 7
    assert (ran.exit_code, ran.only.harvested, keys(ran)) == (Exit.PARTIAL, 7, [bad])
    assert loaded(tmp_path) == truth(sessions)


def test_a_broken_call_in_the_middle_of_a_batch_costs_only_itself(tmp_path: Path) -> None:
    sessions, (bad,) = few(8), ids(3)

    def change(request: Asked, body: Session) -> None:
        for each in data_of(body)["resources"] if request.operation == "Detail" else ():
            if each["sessionId"] == bad:
                each["meetings"] = {"resources": "text"}

    with bent(sessions, change) as server:
        ran = harvest(tmp_path, server)
    assert (ran.exit_code, ran.only.harvested, keys(ran)) == (Exit.PARTIAL, 7, [bad])
    assert "unexpected form" in ran.only.failed[0]["reason"]
    assert loaded(tmp_path) == truth(each for each in sessions if each["sessionId"] != bad)


# ------------------------------------------------------------------ nulls elsewhere

MEETING, PEOPLE, SENT, RECEIVED = "meetings", "connections", "publishers", "subscribers"
ROWS = "streamStatsCollection"
NULLS: dict[str, list[str | int]] = {
    "a meeting": [MEETING],
    "a connection": [MEETING, 0, PEOPLE],
    "a publisher": [MEETING, 0, SENT],
    "a subscriber": [MEETING, 0, RECEIVED],
    "a row": [MEETING, 0, SENT, 0, ROWS],
}


def _with_null(path: Sequence[str | int]) -> tuple[Session, Session]:
    """A session whose list at a path has a null before its last item, and the same without the null."""
    whole, spoiled = (session(0, day=DAY, start=timedelta(hours=1), people=3, minutes=3) for _ in range(2))
    at: Any = spoiled
    for step in path:
        at = at[step]["resources"] if isinstance(step, str) else at[step]
    at.insert(len(at) - 1, None)
    return whole, spoiled


@pytest.mark.parametrize("rules", [UNHURRIED, Rules(rate_limit=None, max_first=2)], ids=["at once", "page by page"])
@pytest.mark.parametrize("what", NULLS)
def test_a_null_in_a_list_is_a_warning_and_nothing_else_is_lost(tmp_path: Path, what: str, rules: Rules) -> None:
    whole, spoiled = _with_null(NULLS[what])
    with vendor([spoiled], NOW, rules=rules) as server:
        ran = harvest(tmp_path, server)
    assert (ran.exit_code, ran.only.state, ran.only.failed) == (Exit.OK, "complete", [])
    (warning,) = ran.only.warnings
    assert "null" in warning
    assert loaded(tmp_path) == truth([whole])


@pytest.mark.parametrize("rules", [UNHURRIED, Rules(rate_limit=None, max_first=2)], ids=["at once", "page by page"])
def test_statistics_that_are_null_are_a_warning_too(tmp_path: Path, rules: Rules) -> None:
    spoiled = session(0, day=DAY, start=timedelta(hours=1), people=2, minutes=3)
    spoiled[MEETING]["resources"][0][SENT]["resources"][1][ROWS] = None
    with vendor([spoiled], NOW, rules=rules) as server:
        ran = harvest(tmp_path, server)
    assert (ran.exit_code, ran.only.warnings) == (Exit.OK, ["the vendor sent 1 x null rows"])
    spoiled[MEETING]["resources"][0][SENT]["resources"][1][ROWS] = {"resources": []}
    assert loaded(tmp_path) == truth([spoiled])


@pytest.mark.parametrize("name", [PEOPLE, SENT, RECEIVED])
def test_a_whole_list_that_is_null_is_asked_for_again_and_then_named(tmp_path: Path, name: str) -> None:
    def change(request: Asked, body: Session) -> None:
        for room in data_of(body)["resources"][0][MEETING]["resources"] if request.operation != "List" else ():
            if name in room:
                room[name] = None

    with bent(few(1), change) as server:
        ran = harvest(tmp_path, server)
    assert (ran.exit_code, ran.only.state) == (Exit.PARTIAL, "partial")
    assert ran.only.failed == [{"key": ids(0)[0], "reason": f"the vendor sent null for the {name}"}]


def test_a_session_whose_meetings_are_null_is_named_and_one_without_any_is_not(tmp_path: Path) -> None:
    sessions = few(3)

    def change(request: Asked, body: Session) -> None:
        if request.operation == "Detail":
            first, second, _ = data_of(body)["resources"]
            first["meetings"] = None
            second["meetings"].update(resources=[], totalCount=0)

    with bent(sessions, change) as server:
        ran = harvest(tmp_path, server)
    assert (ran.exit_code, ran.only.harvested, ran.only.without_conference) == (Exit.PARTIAL, 1, 1)
    assert ran.only.failed == [{"key": ids(0)[0], "reason": "the vendor sent null for its meetings"}]
    assert loaded(tmp_path) == truth([sessions[2]])
