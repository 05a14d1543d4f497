"""A day of Zoom as its operator sees it: whole, or loud in a sentence that says what to do."""

from __future__ import annotations

import json
import logging
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import permutations
from typing import TYPE_CHECKING

import pytest

from harvesters.core.limiter import Limiter, shared_files
from harvesters.sandbox import Request, Response
from harvesters.sandbox.zoom import UNLIMITED, Limits, Person, ZoomRules, meeting
from harvesters.sandbox.zoom.refusals import refusal
from harvesters.zoom import Zoom
from harvesters.zoom.settings import ZoomSettings
from tests.shell import Shell, everything_written, tree
from tests.zoom_days import (
    ACCOUNT,
    BEFORE,
    DAY,
    DOUBLE,
    LONELY,
    OVER_MIDNIGHT,
    PLAIN,
    SECRET,
    SETTLED,
    SLASHED,
    at,
    everything,
)
from tests.zoom_nights import MEETINGS, PEOPLE, PRO, QUALITY, TOKEN, Vendor, ZoomNight, flags, terminal, zoom

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

DATE = ("--date", str(DAY))
OF_THE_DAY = {PLAIN, SLASHED, DOUBLE, OVER_MIDNIGHT, LONELY}
LIST_SCOPE, PEOPLE_SCOPE, QUALITY_SCOPE = (
    f"dashboard:read:{name}:admin"
    for name in ("list_meetings", "list_meeting_participants", "list_meeting_participants_qos")
)
EARLY = datetime(2026, 11, 21, 2, tzinfo=UTC)


@pytest.fixture
def account() -> Iterator[Vendor]:
    with zoom(everything(), SETTLED) as vendor:
        yield vendor


# -- as it is typed ---------------------------------------------------------------------------------------


def test_a_whole_day_is_0_with_every_meeting_joining_and_minute(account: Vendor, tmp_path: Path) -> None:
    shell = terminal(Shell(tmp_path), account)
    done = shell("zoom", *DATE, "--report", "report.json", "--destination", "lake")

    assert (done.code, done.out) == (0, "")
    assert f"zoom {ACCOUNT} 2026-11-20 complete: 5 of 5 calls; lake: 188 documents." in done.err
    (told,) = json.loads((tmp_path / "report.json").read_text())["slices"]
    assert (told["state"], told["route"], told["listed"], told["harvested"]) == ("complete", "dashboard", 5, 5)
    assert told["requests"] == 14, "a token, two lists, five times people, five times quality, and Zoom's own totals"
    assert told["quotas"] == [{"day": "2026-11-24", "used": 13, "share": 36_000, "whole": 60_000}]
    assert account.calls == {TOKEN: 1, MEETINGS: 2, PEOPLE: 5, QUALITY: 5, "/report/daily": 1}
    # Joinings: 3 with the waiting room, 3, 3, 2, 1; each but the waiting one is measured, both ways.
    kinds = {kind: each["sent"] for kind, each in told["destinations"]["lake"].items()}
    assert (kinds["conference"], kinds["participant"], kinds["stream"]) == (5, 12, 22)

    again = shell("zoom", *DATE, "--destination", "lake")
    assert again.code == 0
    assert account.calls[TOKEN] == 1, "a settled day costs no request, not even a token"


@pytest.mark.parametrize("status", [400, 401])
def test_a_wrong_secret_is_77_and_is_not_told(tmp_path: Path, status: int) -> None:
    wrong = "this-is-not-the-secret-of-the-app"
    with zoom(everything(), SETTLED, rules=ZoomRules(limits=UNLIMITED, token_refusal=status)) as vendor:
        shell = terminal(Shell(tmp_path), vendor, ZOOM_CLIENT_SECRET=wrong)
        done = shell("zoom", *DATE, "-vv", "--report", "report.json")
        assert vendor.calls == {TOKEN: 1}, "asked once: no second try, no list"

    assert done.code == 77
    assert "Invalid client_id or client_secret" in done.err
    assert "check ZOOM_ACCOUNT_ID, ZOOM_CLIENT_ID and ZOOM_CLIENT_SECRET" in done.err
    everything_told = done.out + done.err + "".join(each.decode("latin-1") for each in tree(tmp_path).values())
    assert wrong not in everything_told
    assert "Traceback" not in done.err
    assert "Authorization" not in everything_told


def test_a_wrong_account_is_77_too(tmp_path: Path) -> None:
    with zoom(everything(), SETTLED) as vendor:
        ran = ZoomNight.at(tmp_path, vendor, ZOOM_ACCOUNT_ID="somebody-else").harvest(DAY)
    assert (ran.exit_code, ran.only.state) == (77, "failed")
    assert "Account does not exist" in ran.only.reason


def test_neither_token_nor_secret_is_in_any_log_report_archive_or_document(
    account: Vendor, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A gateway that repeats what it was sent stands before every answer about a meeting."""
    caplog.set_level(logging.DEBUG)
    sent: list[str] = []

    def careless(_number: int, request: Request) -> Response | None:
        sent.append(request.headers["authorization"].split()[1])
        if "/participants" not in request.path:
            return None
        answer = account.answer(request)
        body = answer.body.replace(b'"user_name":"Ben"', b'"user_name":"' + sent[-1].encode() + b'"')
        return Response(answer.status, {**answer.headers, "X-Echo": sent[-1]}, body)

    account.server._intercept = careless
    ran = ZoomNight.at(tmp_path, account).harvest(DAY)

    assert ran.exit_code == 0
    assert len(set(sent)) == 2, "the app's login and one token"
    told = (caplog.text + json.dumps(ran.report.as_json()) + ran.only.sentence()).encode()
    told += everything_written(tmp_path)
    # In the archive and in a document, where the person's name was.
    assert told.count(b"(credentials)") >= 2
    for secret in (SECRET, *sent):
        assert secret.encode() not in told


def test_types_that_change_within_rows_are_counted_by_field_and_nothing_else_is_lost(tmp_path: Path) -> None:
    with zoom(everything(), SETTLED, faults=["wrong-type"]) as vendor:
        night = ZoomNight.at(tmp_path, vendor)
        ran = night.harvest(DAY)
    assert (ran.exit_code, ran.only.harvested) == (0, 5)
    assert any("unreadable 'audio_input'" in each for each in ran.only.warnings)
    assert set(night.conferences()) == OF_THE_DAY
    assert len(night.documents("participant")) == 12


# -- scopes and plans -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("granted", "missing"),
    [
        ((LIST_SCOPE, PEOPLE_SCOPE), QUALITY_SCOPE),
        ((QUALITY_SCOPE,), f"{LIST_SCOPE}, {PEOPLE_SCOPE}"),
        (("meeting:read:admin",), f"{LIST_SCOPE}, {PEOPLE_SCOPE}, {QUALITY_SCOPE}"),
    ],
)
def test_a_scope_that_the_token_lacks_is_77_before_anything_is_asked(
    tmp_path: Path, granted: tuple[str, ...], missing: str
) -> None:
    with zoom(everything(), SETTLED, rules=ZoomRules(limits=UNLIMITED, scopes=granted)) as vendor:
        done = terminal(Shell(tmp_path), vendor)("zoom", *DATE)
        assert vendor.calls == {TOKEN: 1}

    assert done.code == 77
    assert f"the app lacks the scopes {missing}: add them to the Server-to-Server OAuth app" in done.err
    assert "--no-quality" in done.err


def test_who_leaves_out_quality_needs_no_scope_for_it(tmp_path: Path) -> None:
    rules = ZoomRules(limits=UNLIMITED, scopes=(LIST_SCOPE, PEOPLE_SCOPE))
    with zoom(everything(), SETTLED, rules=rules) as vendor:
        assert terminal(Shell(tmp_path), vendor)("zoom", *DATE, "--no-quality").code == 0
        assert vendor.calls == {TOKEN: 1, MEETINGS: 2, PEOPLE: 5}


@pytest.mark.parametrize("status", [400, 401, 403])
def test_a_scope_that_an_answer_finds_missing_is_77_with_its_name(tmp_path: Path, status: int) -> None:
    """The token does not tell what it may; so the first answer does."""

    def mute(_number: int, request: Request) -> Response | None:
        if not request.path.startswith("/oauth"):
            return None
        answer = vendor.answer(request)
        return Response(200, answer.headers, json.dumps({**json.loads(answer.body), "scope": ""}).encode())

    rules = ZoomRules(limits=UNLIMITED, scopes=(LIST_SCOPE, QUALITY_SCOPE), scope_refusal=status)
    with zoom(everything(), SETTLED, rules=rules, intercept=mute) as vendor:
        ran = ZoomNight.at(tmp_path, vendor).harvest(DAY, concurrency=1)
        tokens = vendor.calls[TOKEN]
    assert (ran.exit_code, ran.only.state) == (77, "failed")
    assert f"the app lacks the scopes {PEOPLE_SCOPE}: add them to it" in ran.only.reason
    assert tokens == 2, "scopes added meanwhile are in a new token alone"


def test_the_dashboard_asked_for_on_a_plan_without_it_is_77_and_names_plan_and_feature(tmp_path: Path) -> None:
    with zoom(everything(), SETTLED, rules=PRO) as vendor:
        done = terminal(Shell(tmp_path), vendor)("zoom", *DATE, "--via", "dashboard", "--report", "report.json")
        assert vendor.calls == {TOKEN: 1, MEETINGS: 1}
    assert done.code == 77
    assert "needs a Business plan or higher with the Dashboard feature switched on" in done.err
    assert "--via report" in done.err
    (told,) = json.loads((tmp_path / "report.json").read_text())["slices"]
    assert (told["state"], told["harvested"]) == ("failed", 0)


@pytest.mark.parametrize("rules", [PRO, ZoomRules(limits=UNLIMITED, dashboard="off")], ids=["pro", "switched off"])
def test_without_a_dashboard_auto_takes_the_report_says_so_and_is_complete(tmp_path: Path, rules: ZoomRules) -> None:
    with zoom(everything(), SETTLED, rules=rules) as vendor:
        done = terminal(Shell(tmp_path), vendor)("zoom", *DATE, "--destination", "lake")
        night = ZoomNight.at(tmp_path / "data", vendor)
        assert set(night.conferences()) == OF_THE_DAY
        assert not vendor.paths("/qos")
    assert done.code == 0
    assert (
        "complete: 5 of 5 calls; lake: 18 documents; by way of report: the plan does not include the dashboard, or it "
        "is switched off: meetings come without quality; on a Pro plan set ZOOM_PLAN=pro, for its limits are lower."
        in done.err
    )


def test_a_missing_scope_is_no_reason_to_fall_back(tmp_path: Path) -> None:
    everything_but_lists = ("report:read:admin", PEOPLE_SCOPE, QUALITY_SCOPE)
    with zoom(everything(), SETTLED, rules=ZoomRules(limits=UNLIMITED, scopes=everything_but_lists)) as vendor:
        ran = ZoomNight.at(tmp_path, vendor).harvest(DAY)
        assert not vendor.paths("/report/")
    assert ran.exit_code == 77
    assert LIST_SCOPE in ran.only.reason


def test_every_further_day_of_an_account_that_was_refused_is_spared(tmp_path: Path) -> None:
    with zoom(everything(), SETTLED, secret="another one") as vendor:
        ran = ZoomNight.at(tmp_path, vendor).harvest(DAY, DAY - timedelta(days=1), DAY - timedelta(days=2))
        assert vendor.calls == {TOKEN: 1}
    assert (ran.exit_code, [each.state for each in ran.report.slices]) == (77, ["failed"] * 3)


# -- days that there are not ------------------------------------------------------------------------------


def test_a_day_of_the_future_is_refused_without_asking(account: Vendor, tmp_path: Path) -> None:
    done = terminal(Shell(tmp_path), account)("zoom", "--date", "2026-11-25")
    assert done.code == 1
    assert "2026-11-25 lies in the future (now is 2026-11-24T09:00:00.000Z)" in done.err
    assert account.calls == {}


@pytest.mark.parametrize(("day", "code"), [("2026-05-28", 1), ("2026-05-29", 0)])
def test_a_day_beyond_retention_is_refused_with_the_oldest_one_that_there_is(
    account: Vendor, tmp_path: Path, day: str, code: int
) -> None:
    """180 days before 9 o'clock of 24 November is 9 o'clock of 28 May, so the 29th is there as a whole."""
    ran = ZoomNight.at(tmp_path, account).harvest(date.fromisoformat(day))
    assert ran.exit_code == code
    assert ("the oldest possible day is 2026-05-29" in ran.only.reason) is bool(code)
    assert bool(account.calls) is not bool(code)


def test_a_vendor_that_keeps_less_than_we_think_is_believed(tmp_path: Path) -> None:
    with zoom(everything(), SETTLED, rules=ZoomRules(limits=UNLIMITED, retention_days=2)) as vendor:
        ran = ZoomNight.at(tmp_path, vendor).harvest(DAY)
    assert (ran.exit_code, ran.only.state) == (1, "failed")
    assert "falls within the last six months" in ran.only.reason


# -- what is no answer ------------------------------------------------------------------------------------

PAGE = Response(200, {"Content-Type": "text/html"}, b"<html>Sign in to the campus network</html>")
CUT = Response(200, {"Content-Type": "application/json"}, b'{"page_size":300,"participants":[{"id":"x","user_na')
JSON = {"Content-Type": "application/json"}
NO_OBJECT = {
    "html": PAGE,
    "cut": CUT,
    "an array": Response(200, JSON, b"[1,2]"),
    "a number": Response(200, JSON, b"7"),
    "nothing": Response(200, JSON, b"null"),
    "empty": Response(200, JSON, b""),
}
OTHER_TYPES: dict[str, bytes] = {
    "a list that is an object": b'{"participants":{"user_id":"1"},"meetings":{"uuid":"x"},"next_page_token":""}',
    "a list that is a text": b'{"participants":"none","meetings":"none"}',
    "no list at all": b'{"next_page_token":""}',
    "an error of the old API": b'{"error":{"code":200,"message":"No permission"}}',
}


def only(part: str, response: Response) -> Callable[[int, Request], Response | None]:
    """This answer to every request whose path holds a part."""
    return lambda _number, request: response if part in request.path else None


@pytest.mark.parametrize("answer", NO_OBJECT.values(), ids=NO_OBJECT)
@pytest.mark.parametrize("part", ["/oauth/token", "/metrics/meetings?"])
def test_no_json_with_status_200_is_retried_and_then_named_with_nothing_half_stored(
    tmp_path: Path, part: str, answer: Response
) -> None:
    with zoom(everything(), SETTLED, intercept=only(part, answer)) as vendor:
        night = ZoomNight.at(tmp_path, vendor)
        ran = night.harvest(DAY)
    kind = answer.headers["Content-Type"]
    assert (ran.exit_code, ran.only.state) == (1, "failed")
    assert f"the last time with: 200 with {len(answer.body)} bytes of {kind} instead of JSON" in ran.only.reason
    assert ran.only.retried > 3
    assert night.documents("conference") == []


@pytest.mark.parametrize("answer", NO_OBJECT.values(), ids=NO_OBJECT)
@pytest.mark.parametrize("part", ["/participants?", "/qos?"])
def test_no_json_for_one_meeting_is_retried_for_a_while_and_the_others_are_kept(
    tmp_path: Path, part: str, answer: Response
) -> None:
    def intercept(_number: int, request: Request) -> Response | None:
        return answer if part in request.path and "gm8s9L" in request.path else None

    with zoom(everything(), SETTLED, intercept=intercept) as vendor:
        night = ZoomNight.at(tmp_path, vendor)
        ran = night.harvest(DAY)
    assert (ran.exit_code, ran.only.state, ran.only.harvested, ran.only.retried) == (3, "partial", 4, 5)
    (failed,) = ran.only.failed
    assert failed["key"] == PLAIN
    assert "failed 6 times, the last time with: 200 with" in failed["reason"]
    assert set(night.conferences()) == OF_THE_DAY - {PLAIN}, "nothing of it is half stored"


@pytest.mark.parametrize("body", OTHER_TYPES.values(), ids=OTHER_TYPES)
@pytest.mark.parametrize("part", ["/participants?", "/qos?"])
def test_details_of_another_form_are_named_by_meeting_and_the_others_are_kept(
    tmp_path: Path, part: str, body: bytes
) -> None:
    spoiled = Response(200, {"Content-Type": "application/json"}, body)

    def intercept(_number: int, request: Request) -> Response | None:
        return spoiled if part in request.path and "gm8s9L" in request.path else None

    with zoom(everything(), SETTLED, intercept=intercept) as vendor:
        night = ZoomNight.at(tmp_path, vendor)
        ran = night.harvest(DAY)
    assert (ran.exit_code, ran.only.state, ran.only.harvested) == (3, "partial", 4)
    (failed,) = ran.only.failed
    assert failed["key"] == PLAIN
    assert failed["reason"].startswith("unexpected form: ")
    assert set(night.conferences()) == OF_THE_DAY - {PLAIN}, "nothing of it is half stored"


@pytest.mark.parametrize("body", OTHER_TYPES.values(), ids=OTHER_TYPES)
@pytest.mark.parametrize("part", ["/oauth/token", "/metrics/meetings?"])
def test_a_list_or_token_of_another_form_is_a_failed_day_in_a_sentence(tmp_path: Path, part: str, body: bytes) -> None:
    spoiled = Response(200, {"Content-Type": "application/json"}, body)
    with zoom(everything(), SETTLED, intercept=only(part, spoiled)) as vendor:
        ran = ZoomNight.at(tmp_path, vendor).harvest(DAY)
    assert (ran.exit_code, ran.only.state) == (1, "failed")
    assert "the vendor's answer has an unexpected form" in ran.only.reason


ODD_ROWS: dict[str, object] = {
    "null": None,
    "text": "meeting",
    "a list": [],
    "without a uuid": {"id": 5},
    "with a blank uuid": {"uuid": ""},
    "with a number for a uuid": {"uuid": 7},
}


@pytest.mark.parametrize("row", ODD_ROWS.values(), ids=ODD_ROWS)
def test_a_list_s_row_that_names_no_meeting_is_never_passed_over_in_silence(tmp_path: Path, row: object) -> None:
    def intercept(_number: int, request: Request) -> Response | None:
        if "type=past&" not in request.path or "/participants" in request.path:
            return None
        answer = json.loads(vendor.answer(request).body)
        answer["meetings"].append(row)
        return Response(200, {"Content-Type": "application/json"}, json.dumps(answer).encode())

    with zoom(everything(), SETTLED, intercept=intercept) as vendor:
        ran = ZoomNight.at(tmp_path, vendor).harvest(DAY)
    assert ran.exit_code in {1, 3}
    assert "unexpected form" in ran.only.reason or any("without a uuid" in each for each in ran.only.warnings)


def test_answers_that_are_cut_or_no_json_now_and_then_do_no_harm(tmp_path: Path) -> None:
    with zoom(everything(), SETTLED, faults=["cut", "html", "not-json", "500", "429-bare"]) as vendor:
        ran = ZoomNight.at(tmp_path, vendor).harvest(DAY)
    assert (ran.exit_code, ran.only.harvested) == (0, 5)
    assert ran.only.retried > 0


# -- one meeting that is not like the others --------------------------------------------------------------


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        ("missing", "This meeting's detail info is not available (status 404, code 3001)"),
        ("blocked", "403 with 63 bytes of text/html instead of JSON: a firewall on the way refuses it"),
        ("too-old", "Can not access a meeting a year ago (status 400, code 12702)"),
    ],
)
def test_one_meeting_without_details_is_named_kept_as_the_list_knew_it_and_healed_later(
    tmp_path: Path, fault: str, reason: str
) -> None:
    with zoom(everything(), SETTLED, faults=[f"{fault}={PLAIN}"]) as vendor:
        done = terminal(Shell(tmp_path), vendor)("zoom", *DATE, "--destination", "lake", "--report", "report.json")
        night = ZoomNight.at(tmp_path / "data", vendor)
        stub = night.conferences()[PLAIN]
    assert done.code == 3
    assert "Traceback" not in done.err
    (told,) = json.loads((tmp_path / "report.json").read_text())["slices"]
    assert (told["state"], told["listed"], told["harvested"]) == ("partial", 5, 4)
    assert told["failed"] == [{"key": PLAIN, "reason": reason}]
    assert f"{PLAIN}: {reason}" in done.err
    assert flags(stub) == ["details_missing"]
    assert (stub["vconf"]["conference"]["name"], stub["event"]["start"]) == ("Handover", "2026-11-20T09:00:00.000Z")
    assert night.levels()[PLAIN] == 0

    with zoom(everything(), SETTLED) as vendor:
        night = ZoomNight.at(tmp_path / "data", vendor)
        healed = night.harvest(DAY)
        assert vendor.calls == {TOKEN: 1, MEETINGS: 2, PEOPLE: 1, QUALITY: 1}, "that one alone is asked for"
    assert (healed.exit_code, healed.only.settled) == (0, True)
    whole = night.conferences()[PLAIN]
    assert (flags(whole), night.levels()[PLAIN]) == ([], 2)
    assert whole["event"]["id"] == stub["event"]["id"]


@pytest.mark.parametrize(
    ("part", "level"), [("/qos?", 1), ("/sharing?", 2)], ids=["its quality", "what was shared in it"]
)
@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (Response(403, {"Content-Type": "text/html"}, b"<html>blocked</html>"), "a firewall on the way refuses it"),
        (refusal(400, 12702, "Can not access a meeting a year ago."), "(status 400, code 12702)"),
    ],
    ids=["403", "12702"],
)
def test_a_meeting_of_which_a_part_is_withheld_is_named_with_what_there_is_kept_and_healed_later(
    tmp_path: Path, part: str, level: int, answer: Response, reason: str
) -> None:
    refusing = [True]

    def intercept(_number: int, request: Request) -> Response | None:
        return answer if refusing[0] and part in request.path and "gm8s9L" in request.path else None

    with zoom(everything(), SETTLED, intercept=intercept) as vendor:
        night = ZoomNight.at(tmp_path, vendor, ZOOM_SHARING="yes")
        ran = night.harvest(DAY)
        assert (ran.exit_code, ran.only.state, ran.only.settled) == (3, "partial", False)
        assert [each["key"] for each in ran.only.failed] == [PLAIN]
        assert reason in ran.only.failed[0]["reason"]
        assert night.levels()[PLAIN] == level
        assert len(night.documents("participant")) == 12

        refusing.clear()
        refusing.append(False)
        assert night.set().harvest(DAY).exit_code == 0
    assert night.levels()[PLAIN] == 2


@pytest.mark.parametrize("rule", ["404", "empty"])
def test_a_meeting_that_has_no_quality_is_whole_without_it(tmp_path: Path, rule: str) -> None:
    quiet = meeting(PLAIN, at(9), 2, people=[Person("Ann", minute=None), Person("Ben", minute=None)])
    with zoom([quiet], SETTLED, rules=ZoomRules(limits=UNLIMITED, no_quality=rule)) as vendor:
        night = ZoomNight.at(tmp_path, vendor, ZOOM_SHARING="yes")
        ran = night.harvest(DAY)
    assert (ran.exit_code, ran.only.settled, night.levels()) == (0, True, {PLAIN: 2})
    assert (len(night.documents("participant")), night.documents("sample")) == (2, [])


def test_a_meeting_without_a_start_belongs_to_the_day_it_was_listed_for_and_is_corrected_later(tmp_path: Path) -> None:
    with zoom(everything(), EARLY, faults=["no-start"]) as vendor:
        night = ZoomNight.at(tmp_path, vendor)
        first = night.harvest(DAY)
        guessed = night.conferences()
    assert (first.exit_code, first.only.harvested) == (0, 5)
    without = [uuid for uuid, each in guessed.items() if "start" not in each["event"]]
    # The fault takes it from the first row of each list: of one person, and of several.
    assert sorted(without) == sorted([LONELY, PLAIN])
    for uuid in without:
        assert "start_missing" in flags(guessed[uuid])
        assert guessed[uuid]["@timestamp"] == "2026-11-20T00:00:00.000Z"
        assert "duration" not in guessed[uuid]["event"]

    with zoom(everything(), SETTLED) as vendor:
        night = ZoomNight.at(tmp_path, vendor)
        assert night.harvest(DAY).exit_code == 0
    right = night.conferences()
    assert {each["event"]["start"] for uuid, each in right.items() if uuid in without} == {
        "2026-11-20T09:00:00.000Z",
        "2026-11-20T12:00:00.000Z",
    }
    assert not any(flags(each) for each in right.values())
    assert all(right[uuid]["event"]["id"] == each["event"]["id"] for uuid, each in guessed.items())


# -- days that overlap ------------------------------------------------------------------------------------

THREE = [DAY - timedelta(days=1), DAY, DAY + timedelta(days=1)]
LATER = datetime(2026, 11, 27, 9, tzinfo=UTC)
YESTERDAY_S, TOMORROW_S, INTO_TOMORROW = (f"{first}L1o37VTaiN3IhHInJ0GAx==" for first in "pqr")
WHOSE = {BEFORE: 0, YESTERDAY_S: 0, PLAIN: 1, OVER_MIDNIGHT: 1, LONELY: 1, INTO_TOMORROW: 1, TOMORROW_S: 2}
"""Which of the three days a meeting began on."""
OVERLAPPING = [
    meeting(YESTERDAY_S, at(-10), 2),
    meeting(BEFORE, at(-0.2), 30),
    meeting(PLAIN, at(9), 2),
    meeting(LONELY, at(12), 2, people=1),
    meeting(OVER_MIDNIGHT, at(23.9), 20),
    meeting(INTO_TOMORROW, at(23.999), 1),
    meeting(TOMORROW_S, at(30), 2),
]


def wide(vendor: Vendor) -> Callable[[int, Request], Response | None]:
    """Each list holds what the days around it have too."""

    def intercept(_number: int, request: Request) -> Response | None:
        if "/meetings?" not in request.path:
            return None
        path = request.path
        for day in THREE:
            around = f"from={day - timedelta(days=1)}", f"to={day + timedelta(days=1)}"
            if f"from={day}&to={day}" in path:
                path = path.replace(f"from={day}&to={day}", "&".join(around))
                break
        return vendor.answer(replace(request, path=path))

    return intercept


def test_days_in_any_order_and_overlap_hold_each_meeting_once_on_the_day_of_its_start(tmp_path: Path) -> None:
    first, second, third = THREE
    orders = [*permutations(THREE), (second, first, second, third, first)]
    lakes: list[dict[str, bytes]] = []
    with zoom(OVERLAPPING, LATER) as vendor:
        night = ZoomNight.at(tmp_path / "apart", vendor)
        assert night.harvest(*THREE).exit_code == 0
        lakes.append(tree(tmp_path / "apart" / "lake"))
        assert set(night.conferences()) == set(WHOSE)
        for index, day in enumerate(THREE):
            assert set(night.levels(day)) == {uuid for uuid, of in WHOSE.items() if of == index}

        vendor.server._intercept = wide(vendor)
        for number, order in enumerate(orders):
            assert ZoomNight.at(tmp_path / str(number), vendor).harvest(*order).exit_code == 0
            lakes.append(tree(tmp_path / str(number) / "lake"))
    assert len(lakes) == 8
    assert all(lake == lakes[0] for lake in lakes)


def test_a_meeting_that_another_day_lists_too_costs_no_request_there(tmp_path: Path) -> None:
    with zoom(OVERLAPPING, LATER) as vendor:
        vendor.server._intercept = wide(vendor)
        ran = ZoomNight.at(tmp_path, vendor).harvest(DAY)
        assert (ran.only.listed, ran.only.harvested, ran.only.without_conference) == (7, 4, 3)
        people = vendor.paths("/participants?")
    assert len(people) == 4


# -- lists whose place is forgotten -----------------------------------------------------------------------

FOUR = [meeting(f"{letter}L1o37VTaiN3IhHInJ0GAx==", at(9 + number), 1) for number, letter in enumerate("abcd")]
PAGES_OF_TWO = ZoomRules(limits=UNLIMITED, pages="smaller", small_page=2)


def test_a_list_whose_page_token_expires_in_between_is_read_again_and_the_day_is_whole(tmp_path: Path) -> None:
    """The token lives 15 minutes, and something took 20."""

    def slow(_number: int, request: Request) -> Response | None:
        if "type=past&" not in request.path or "next_page_token" in request.path or vendor.now > SETTLED:
            return None
        answer = vendor.answer(request)
        vendor.now += timedelta(minutes=20)
        return answer

    with zoom(FOUR, SETTLED, rules=PAGES_OF_TWO, intercept=slow) as vendor:
        night = ZoomNight.at(tmp_path, vendor)
        ran = night.harvest(DAY)
        lists = vendor.paths("type=past&", "query_date_type")
    assert (ran.exit_code, ran.only.harvested, ran.only.warnings) == (0, 4, [])
    assert ["next_page_token" in each for each in lists] == [False, True, False, True]
    # A token, the list of lonely ones, two readings of two pages, four times people and quality.
    assert (ran.only.requests, ran.only.repeated, ran.only.retried) == (14, 2, 0)
    assert ran.report.as_json()["slices"][0]["repeated"] == 2


@pytest.mark.parametrize("part", ["query_date_type", "/participants?", "/qos?"], ids=["meetings", "people", "quality"])
def test_any_list_is_read_again_and_nothing_is_stored_twice(tmp_path: Path, part: str) -> None:
    crowd = [meeting(PLAIN, at(9), 1, people=5), meeting(SLASHED, at(10), 1, people=5), *FOUR]
    seen: set[str] = set()

    def forgetful(_number: int, request: Request) -> Response | None:
        path, _, token = request.path.partition("next_page_token=")
        if part not in request.path or not token or path in seen:
            return None
        seen.add(path)
        return refusal(400, 300, "The next page token is invalid or expired.")

    with zoom(crowd, SETTLED, rules=PAGES_OF_TWO) as vendor:
        plain = ZoomNight.at(tmp_path / "plain", vendor)
        assert plain.harvest(DAY).only.repeated == 0
    with zoom(crowd, SETTLED, rules=PAGES_OF_TWO, intercept=forgetful) as vendor:
        night = ZoomNight.at(tmp_path / "forgetful", vendor)
        ran = night.harvest(DAY)
    assert (ran.exit_code, ran.only.harvested) == (0, 6)
    assert ran.only.repeated > 0
    for kind in ("conference", "participant", "stream", "sample"):
        assert night.documents(kind) == plain.documents(kind)


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        ("page-token-dies", "the list of meetings (past): the vendor forgot the place in it 3 times"),
        ("stuck-token", "the list of meetings (past): the vendor's cursor does not move ('c3R1Y2s' came again)"),
    ],
)
def test_a_list_that_has_no_end_is_a_failed_day(tmp_path: Path, fault: str, reason: str) -> None:
    with zoom(FOUR, SETTLED, rules=PAGES_OF_TWO, faults=[fault]) as vendor:
        night = ZoomNight.at(tmp_path, vendor)
        ran = night.harvest(DAY)
        asked = len(vendor.paths("query_date_type"))
    assert (ran.exit_code, ran.only.state) == (1, "failed")
    assert reason in ran.only.reason
    assert asked <= 7
    assert night.documents() == []


# -- the day's requests -----------------------------------------------------------------------------------

SIX = [meeting(f"{letter}L1o37VTaiN3IhHInJ0GAx==", at(9 + number), 1) for number, letter in enumerate("abcdef")]
FEW = Limits(daily=8)
"""Two lists, and people and quality of three meetings."""
NEXT_DAY = datetime(2026, 11, 25, 1, tzinfo=UTC)


@pytest.mark.parametrize("retry_after", ["iso", "seconds", "date", "rubbish", "past", "absent"])
def test_the_vendor_s_daily_limit_in_mid_day_is_75_with_the_time_and_the_next_day_goes_on_from_there(
    tmp_path: Path, retry_after: str
) -> None:
    with zoom(SIX, SETTLED, rules=ZoomRules(limits=FEW, retry_after=retry_after)) as vendor:
        night = ZoomNight.at(tmp_path, vendor)
        first = night.harvest(DAY, concurrency=1)
        assert (first.exit_code, first.only.state) == (75, "deferred")
        assert "the account's daily requests are used up (429)" in first.only.reason
        assert "come back after 2026-11-25T00:00:00.000Z" in first.only.reason
        assert sum(night.time.waits) == 0, "nobody sleeps until midnight"
        assert (len(night.conferences()), first.only.harvested, first.only.listed) == (3, 3, 6)
        assert vendor.calls == {TOKEN: 1, MEETINGS: 2, PEOPLE: 3, QUALITY: 3}
        assert len(vendor.paths("/participants?")) == 4, "one was refused, and no other asked"

        vendor.forget()
        vendor.now = NEXT_DAY
        second = night.later(NEXT_DAY).harvest(DAY, concurrency=1)
        assert (second.exit_code, second.only.state, second.only.settled) == (0, "complete", True)
        assert vendor.calls == {TOKEN: 1, MEETINGS: 2, PEOPLE: 3, QUALITY: 3}
    assert set(night.levels().values()) == {2}
    assert len(night.conferences()) == 6


def test_what_is_missing_comes_first_even_where_all_must_be_fetched_again(tmp_path: Path) -> None:
    """The day has not settled, so what was fetched is fetched anew; but behind what never was."""
    with zoom(SIX, EARLY, rules=ZoomRules(limits=FEW)) as vendor:
        night = ZoomNight.at(tmp_path, vendor)
        assert night.harvest(DAY, concurrency=1).exit_code == 75
        had = set(night.levels())
        vendor.forget()
        vendor.now = EARLY + timedelta(days=1)
        second = night.later(vendor.now).harvest(DAY, concurrency=1)
        assert vendor.calls == {TOKEN: 1, MEETINGS: 2, PEOPLE: 3, QUALITY: 3}
    assert (second.exit_code, second.only.harvested, second.only.failed) == (75, 6, [])
    assert len(had) == 3
    assert len(night.conferences()) == 6


def test_at_full_speed_no_more_requests_are_refused_than_there_are_threads(tmp_path: Path) -> None:
    with zoom(SIX, SETTLED, rules=ZoomRules(limits=FEW)) as vendor:
        night = ZoomNight.at(tmp_path, vendor)
        codes: list[int] = []
        while not codes or codes[-1]:
            before = len(vendor.server.log) - sum(vendor.calls.values())
            codes.append(night.later(vendor.now).harvest(DAY, concurrency=4).exit_code)
            assert len(vendor.server.log) - sum(vendor.calls.values()) - before <= 4
            vendor.now += timedelta(days=1)
            assert len(codes) < 6
    # Eight requests a day are at worst one meeting.
    assert codes == [75] * (len(codes) - 1) + [0]
    assert len(codes) > 1
    assert len(night.conferences()) == 6


def test_after_a_daily_limit_no_other_day_of_the_account_is_asked_for(tmp_path: Path) -> None:
    with zoom(SIX, SETTLED, rules=ZoomRules(limits=Limits(daily=1))) as vendor:
        ran = ZoomNight.at(tmp_path, vendor).harvest(*THREE)
        asked = len(vendor.server.log)
    assert ran.exit_code == 75
    assert [each.state for each in ran.report.slices] == ["deferred"] * 3
    assert all("come back after 2026-11-25T00:00:00.000Z" in each.reason for each in ran.report.slices)
    assert asked == 3, "a token, one list, and the one that was refused"


def spend(night: ZoomNight, requests: int) -> None:
    """Other runs of the day have made so many requests."""
    place = night.place
    limits = Zoom.limits_of(ZoomSettings(ACCOUNT, "", "", quota_share=0.01)).quotas
    limiter = Limiter(limits, place.clock, shared_files(place.data_dir / "limits", "zoom", "default", limits))
    for _ in range(requests):
        assert limiter.delay("heavy") == 0


def test_our_share_of_the_day_is_counted_over_runs_and_processes_and_names_its_setting(tmp_path: Path) -> None:
    """1 % of 60,000 are 600; ten of them are left."""
    shell = Shell(tmp_path)
    with zoom(SIX, SETTLED) as vendor:
        night = ZoomNight.at(tmp_path / "data", vendor, ZOOM_QUOTA_SHARE="1%")
        spend(night, 590)
        terminal(shell, vendor, ZOOM_QUOTA_SHARE="1%")
        first = shell("zoom", *DATE, "--destination", "lake", "--concurrency", "1", "--report", "report.json")
        assert first.code == 75
        assert (
            "the next UTC day, since our share of 600 requests a day (ZOOM_QUOTA_SHARE) is used up, beyond the "
            "deadline; come back after 2026-11-25T00:00:00.001Z" in first.err
        )
        (told,) = json.loads((tmp_path / "report.json").read_text())["slices"]
        assert told["quotas"] == [{"day": "2026-11-24", "used": 600, "share": 600, "whole": 60_000}]
        assert vendor.calls == {TOKEN: 1, MEETINGS: 2, PEOPLE: 4, QUALITY: 4}
        assert len(night.conferences()) == 4

        vendor.forget()
        second = night.set().harvest(DAY)
        assert (second.exit_code, second.only.state, vendor.calls) == (75, "deferred", {})
        assert (second.only.harvested, second.only.requests) == (4, 0)

        vendor.now = NEXT_DAY
        third = night.later(NEXT_DAY).harvest(DAY)
        assert (third.exit_code, third.only.harvested) == (0, 6)
        assert vendor.calls == {TOKEN: 1, MEETINGS: 2, PEOPLE: 2, QUALITY: 2}
        assert third.only.quotas == [{"day": "2026-11-25", "used": 6, "share": 600, "whole": 60_000}]


def test_shortly_before_midnight_the_new_day_is_waited_for(tmp_path: Path) -> None:
    late = datetime(2026, 11, 24, 23, 50, tzinfo=UTC)
    with zoom(SIX, late) as vendor:
        night = ZoomNight.at(tmp_path, vendor, moves=True, ZOOM_QUOTA_SHARE="1%")
        spend(night, 595)
        ran = night.harvest(DAY, concurrency=1)
    assert (ran.exit_code, ran.only.harvested) == (0, 6)
    assert sum(night.time.waits) == pytest.approx(600, abs=5)
    assert ran.only.quotas == [{"day": "2026-11-25", "used": 9, "share": 600, "whole": 60_000}]
    assert ran.only.waited_s == pytest.approx(600, abs=5)
