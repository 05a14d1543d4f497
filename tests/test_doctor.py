"""`doctor`: each line is ok, a warning or a failure with its repair; nothing is written, and no secret is shown."""

from __future__ import annotations

import json
import threading
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import TYPE_CHECKING, Any

import pytest

from harvesters.commands.doctor import lines
from harvesters.core.day import Day
from harvesters.core.destinations.examined import Rights, Shard, numbers
from harvesters.core.errors import ArchiveError, AuthError, Exit
from harvesters.opentok import OpenTok
from harvesters.sandbox import Response, Server, ZoomRules
from harvesters.sandbox.peermetrics import serve_peermetrics
from harvesters.watch.checkup import Finding, bounded, failure, good
from harvesters.watch.machine import clock_beside, state_folder
from harvesters.watch.search_checks import disk, health, rights, shard, supported
from harvesters.watch.survey import Watched, survey
from harvesters.watch.vendor_checks import retention
from tests import peermetrics_days, zoom_days
from tests.nights import Night
from tests.opentok_days import KEY, SECRET
from tests.shell import Shell, tree, vendor
from tests.test_nightly import known
from tests.test_status import LOADED, NOW, put, told

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from elasticsearch import Elasticsearch

WRONG = "a-secret-that-the-vendor-does-not-know"
NEXT_DAY = datetime(2026, 11, 19, 8, tzinfo=UTC)
"""So that the day of the calls is yesterday."""


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    return Shell(tmp_path)


def checked(shell: Shell, code: int, *arguments: str, **more: str | None) -> dict[str, list[tuple[str, str, str]]]:
    """Level, sentence and repair of each finding, by what it is about."""
    done = shell("doctor", "--json", *arguments, **more)
    assert done.code == code, done.out + done.err
    whole = json.loads(done.out)
    assert whole["exit_code"] == code
    found: dict[str, list[tuple[str, str, str]]] = {}
    for each in whole["checks"]:
        found.setdefault(each["about"], []).append((each["level"], each["said"], each["repair"]))
    return found


# -- the command ----------------------------------------------------------------------------------------


def test_where_everything_is_there_it_says_so_line_by_line(shell: Shell) -> None:
    with vendor(shell, now=NEXT_DAY):
        shell("opentok", "--date", "2026-11-18")
        before = tree(shell.folder)
        found = checked(shell, 0)
        assert tree(shell.folder) == before
        shown = shell("doctor")
    assert found["settings"] == [("ok", "nothing is wrong with those of opentok (default)", "")]
    assert found["clock"][0][0] == "warn"
    assert [level for level, _, _ in (*found["state folder"], *found["archive disk"])] in (["ok", "ok"], ["ok", "warn"])
    assert found["elasticsearch"] == [("ok", "none is configured: documents go into the lake", "")]
    assert found[f"opentok {KEY}"] == [
        ("ok", "reached, and logged in: the vendor lists 3 calls of 2026-11-18", ""),
        ("ok", "plan and rights are enough: a call of 2026-11-18 was read (1 conference)", ""),
        ("ok", "every one of 1 day is whole", ""),
    ]
    assert (shown.code, shown.err) == (0, "")
    assert f"ok    opentok {KEY}: every one of 1 day is whole\n" in shown.out
    assert "warn  clock: VCONF_NOW replaces the clock\n      -> unset it: " in shown.out
    assert shown.out.endswith("to be warned of, 0 failed.\n")


def test_the_clock_is_compared_with_the_vendor_s(shell: Shell) -> None:
    with vendor(shell, now=datetime.now(UTC)):
        found = checked(shell, 0, VCONF_NOW=None)
    (clock,) = [each for each in found[f"opentok {KEY}"] if "clock" in each[1]]
    assert clock[0] == "ok"
    assert "clock" not in found


@pytest.mark.parametrize(
    ("more", "code", "about", "said"),
    [
        ({"OPENTOK_API_SECRET": WRONG}, 77, f"opentok {KEY}", "check the secret and this machine's clock"),
        ({"OPENTOK_URL": "http://127.0.0.1:9/graphql"}, 1, f"opentok {KEY}", "the connection failed"),
        ({"OPENTOK_URL": "https://nobody.invalid/"}, 1, f"opentok {KEY}", "there is no such host"),
        ({"OPENTOK_API_SECRET": ""}, 78, "settings", "OPENTOK_API_SECRET (or OPENTOK_API_SECRET_FILE) is not set"),
        ({"INDEX_PREFIX": "_X"}, 78, "settings", "INDEX_PREFIX is '_X'"),
        ({"ES_HOST": "127.0.0.1:9"}, 1, "elasticsearch", "cannot be reached: the connection was refused or lost"),
        ({"DATA_DIR": "/dev/null/data"}, 1, "state folder", "/dev/null cannot be written by this user"),
    ],
)
def test_what_is_wrong_is_a_failure_with_the_code_of_its_kind_and_the_rest_is_looked_at_all_the_same(
    shell: Shell, more: dict[str, str], code: int, about: str, said: str
) -> None:
    with vendor(shell, now=NEXT_DAY):
        done = shell("doctor", "--json", **more)
        found = checked(shell, code, **more)
    assert any(level == "fail" and said in text for level, text, _ in found[about]), found
    assert {"settings", "state folder", "elasticsearch"} <= set(found)
    assert SECRET not in done.out + done.err
    assert WRONG not in done.out + done.err


def test_without_any_vendor_it_looks_at_the_rest(shell: Shell) -> None:
    found = checked(shell, 78)
    assert found["settings"] == [("fail", "no vendor is configured", "see example.env")]
    assert found["state folder"] == [("ok", f"{shell.data} will be made by the first run", "")]
    assert not shell.data.exists()


def test_an_answer_that_is_none_of_the_vendor_s_is_a_failure(shell: Shell) -> None:
    with vendor(shell, now=NEXT_DAY, intercept=lambda _number, _request: Response(200, {}, b"<html>")):
        found = checked(shell, 1)
    assert [level for level, _, _ in found[f"opentok {KEY}"]] == ["fail", "warn"]


def test_scopes_and_plans_are_named(shell: Shell) -> None:
    now = zoom_days.SETTLED
    scopes = ("dashboard:read:list_meetings:admin",)
    for rules, code, said in (
        (ZoomRules(scopes=scopes), 77, "the app lacks the scopes dashboard:read:list_meeting_participants:admin"),
        (ZoomRules(plan="pro"), 0, "only the report can be asked: the plan does not include the dashboard"),
    ):
        with zoom_days.served(zoom_days.everything(), lambda: now, rules) as server:
            shell.env |= {**zoom_days.environment(server), "VCONF_NOW": now.isoformat()}
            found = checked(shell, code)
        assert any(said in text for _, text, _ in found["zoom Kx8qf3v7TnmsGvZ1J3xLmA"]), found


def test_every_app_of_a_server_is_looked_at(shell: Shell) -> None:
    now = datetime(2026, 11, 19, 9, tzinfo=UTC)
    with serve_peermetrics(peermetrics_days.everything(), now=lambda: now) as server:
        shell.env |= {**peermetrics_days.environment(server), "VCONF_NOW": now.isoformat()}
        found = checked(shell, 0)
    assert sum(about.startswith("peermetrics ") for about in found) >= 1
    assert any("reached, and logged in" in each[1] for about in found for each in found[about])


def test_elasticsearch_without_and_with_our_templates(
    shell: Shell, es_url: str, es: Elasticsearch, prefix: str
) -> None:
    more = {"ES_HOST": es_url, "INDEX_PREFIX": prefix}
    with vendor(shell, now=NEXT_DAY):
        bare = checked(shell, 1, **more)["elasticsearch"]
        Night(shell.data, NOW, es_url=es_url, prefix=prefix).setup()
        ready = checked(shell, 0, **more)["elasticsearch"]
        shell("opentok", "--date", "2026-11-18", **more)
        loaded = checked(shell, 0, **more)["elasticsearch"]
    version = es.nodes.info()["nodes"].popitem()[1]["version"]
    assert ready[0] == ("ok", f"Elasticsearch at {es_url.removeprefix('http://')} is of version {version}", "")
    assert [(level, repair) for level, text, repair in bare if "no index template" in text] == [
        ("fail", "./harvest.py setup templates")
    ]
    assert ("ok", "our index templates are there, and up to date", "") in ready
    assert any("it has no security" in text for _, text, _ in ready)
    assert any("the largest shard is" in text for _, text, _ in loaded)


@pytest.mark.parametrize(
    ("status", "level", "said"),
    [
        (
            {"status": {"overall": {"level": "available"}}, "version": {"number": "9.1.0"}},
            "ok",
            "is ready, and of version",
        ),
        ({"status": {"overall": {"level": "critical"}}, "version": {"number": "9.1.0"}}, "fail", "is not ready yet"),
        ({"status": {"overall": {"level": "available"}}, "version": {"number": "7.17.0"}}, "fail", "update Kibana"),
        ({}, "fail", "Kibana"),
    ],
)
def test_kibana_is_told_of(shell: Shell, status: dict[str, Any], level: str, said: str) -> None:
    with Server(lambda _request: Response(200, {}, json.dumps(status).encode())) as kibana:
        done = shell("doctor", "--json", KIBANA_HOST=kibana.url)
    (found,) = [each for each in json.loads(done.out)["checks"] if each["about"] == "kibana"]
    assert found["level"] == level
    assert said in found["said"]


def test_names_that_nobody_has_are_wrong_usage(shell: Shell) -> None:
    done = shell("doctor", "--account", "school-b", OPENTOK_API_KEY=KEY, OPENTOK_API_SECRET=SECRET)
    assert (done.code, done.out) == (2, "")


# -- pure parts -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("seconds", "level", "said"),
    [
        (0, "ok", "our clock is 0 s behind theirs"),
        (29, "ok", "our clock is 29 s ahead of theirs"),
        (-31, "warn", "our clock is 31 s behind theirs"),
        (240, "warn", "our clock is 240 s ahead of theirs"),
        (-241, "fail", "our clock is 241 s behind theirs"),
    ],
)
def test_our_clock_beside_another(seconds: int, level: str, said: str) -> None:
    found = clock_beside("zoom", format_datetime(NOW, usegmt=True), NOW + timedelta(seconds=seconds))
    assert (found.level, found.said) == (level, said)


@pytest.mark.parametrize("date", ["", "yesterday", "Fri, 99 Nov 2026 09:00:00 GMT"])
def test_a_date_that_is_none_is_nothing_to_go_by(date: str) -> None:
    assert clock_beside("zoom", date, NOW).level == "ok"


@pytest.mark.parametrize(
    ("version", "level"),
    [
        ("8.18.9", "fail"),
        ("8.19.0", "ok"),
        ("8.20.1-SNAPSHOT", "ok"),
        ("9.10.2", "ok"),
        ("7.17.0", "fail"),
        ("10.0.0", "fail"),
    ],
)
def test_versions(version: str, level: str) -> None:
    assert supported(version, "Elasticsearch").level == level


def test_versions_are_numbers() -> None:
    assert sorted(["9.10.0", "9.9.1", "8.19.12"], key=numbers) == ["8.19.12", "9.9.1", "9.10.0"]


@pytest.mark.parametrize(
    ("finding", "level"),
    [
        (health("green"), "ok"),
        (health("yellow"), "ok"),
        (health("red"), "fail"),
        (disk("n", 84), "ok"),
        (disk("n", 85), "warn"),
        (disk("n", 95), "fail"),
        (shard(None), "ok"),
        (shard(Shard("vconf-samples-2026.11", 50 << 30)), "ok"),
        (shard(Shard("vconf-samples-2026.11", (50 << 30) + 1)), "warn"),
    ],
)
def test_what_is_a_warning_and_what_a_failure(finding: Finding, level: str) -> None:
    assert finding.level == level
    assert bool(finding.repair) is (level != "ok")


@pytest.mark.parametrize(
    ("found", "levels"),
    [
        (Rights(), ["ok"]),
        (Rights(may_delete=False), ["ok", "warn"]),
        (Rights(("read on vconf-*",)), ["fail"]),
        (Rights(known=False), ["warn"]),
    ],
)
def test_rights(found: Rights, levels: list[str]) -> None:
    assert [each.level for each in rights(found)] == levels


def test_a_state_folder_that_others_may_enter_is_warned_of(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    assert next(state_folder(tmp_path)).level == "warn"
    tmp_path.chmod(0o700)
    assert next(state_folder(tmp_path)).level == "ok"


def test_what_is_about_to_be_forgotten_is_warned_of(tmp_path: Path) -> None:
    account = Watched("opentok", KEY, "default", OpenTok.limits)
    put(tmp_path, told(known("11-18", settled=False, has=LOADED), state="complete"))
    put(tmp_path, told(known("11-04", settled=False, has=LOADED), state="deferred"))

    def of(*days: int) -> Finding:
        window = [Day(datetime(2026, 11, day, tzinfo=UTC).date()) for day in days]
        return retention(survey(tmp_path, account, window, NOW), NOW)

    assert of(18) == good(f"opentok {KEY}", "every one of 1 day is whole")
    assert (of(4, 18).level, of(4, 18).said, of(4, 18).repair) == (
        "warn", "1 of 2 days is not whole; the vendor forgets 2026-11-04 on 2026-11-25", "./harvest.py catch-up today",
    )  # fmt: skip


# -- the time limit -------------------------------------------------------------------------------------


def test_a_question_that_hangs_is_a_failure_and_what_came_before_stays() -> None:
    gate = threading.Event()

    def hangs() -> Iterator[Finding]:
        yield good("a", "one")
        gate.wait(60)

    found = bounded("a", 0.4, hangs)
    gate.set()
    assert [(each.level, each.said) for each in found] == [("ok", "one"), ("fail", "no answer within 0 s")]


@pytest.mark.parametrize(
    ("error", "said", "code"),
    [
        (AuthError("the vendor refuses us."), "the vendor refuses us", Exit.REFUSED),
        (ArchiveError("the disk is full."), "the disk is full", Exit.FAILED),
        (PermissionError(13, "Permission denied", "/x"), "/x: Permission denied", Exit.FAILED),
    ],
)
def test_an_error_is_a_failure_and_what_came_before_stays(error: Exception, said: str, code: Exit) -> None:
    def breaks() -> Iterator[Finding]:
        yield good("a", "one")
        raise error

    assert bounded("a", 5, breaks) == [good("a", "one"), failure("a", said, "", code)]


def test_a_finding_fits_a_terminal_with_and_without_colour() -> None:
    finding = failure("elasticsearch", "word " * 40, "do this")
    plain = list(lines(finding, colour=False))
    assert max(map(len, plain)) <= 100
    assert plain[-1] == "      -> do this"
    coloured: Any = list(lines(finding, colour=True))
    assert coloured[0].startswith("\x1b[31mfail\x1b[0m  elasticsearch: word")
