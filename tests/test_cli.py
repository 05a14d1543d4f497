"""The command as its user meets it: what is typed, what is said, on which stream, with which exit code."""

from __future__ import annotations

import json
import os
import pty
import re
import signal
import socket
import subprocess
import threading
from collections import Counter
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click
import pytest
import requests

from harvesters.commands.main import cli, common_first
from harvesters.sandbox import Response
from tests.line import without_ports
from tests.opentok_client import DAY
from tests.opentok_days import KEY, SECRET
from tests.shell import SECONDS, Shell, tree, vendor

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from harvesters.sandbox.server import Request

LINE = ("opentok", "--date", "2026-11-18")
GREEN = "\x1b[32m"
NO_SERVER = "127.0.0.1:9"
WRONG_SECRET = "a-secret-that-the-vendor-does-not-know"


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    return Shell(tmp_path)


# -- what cannot be meant ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("opentok --date 2026-8-20", "'2026-8-20' is not a date: write YYYY-MM-DD, 'yesterday' or 'today'"),
        ("opentok --date 2026-02-30", "'2026-02-30' is not a date"),
        ("opentok --date tomorrow", "'tomorrow' is not a date"),
        ("opentok --from 2026-11-01 --to 1.11.2026", "'1.11.2026' is not a date"),
        ("opentok --from 2026-11-02 --to 2026-11-02", "is empty: the day of --to is not included"),
        ("opentok --from 2026-11-02 --to 2026-11-01", "is empty: the day of --to is not included"),
        ("opentok --to 2026-11-02", "--to needs --from"),
        ("opentok --date today --last 7d", "--date and --last contradict each other"),
        ("opentok --last 7", "'7' is not a length of time"),
        ("opentok --last 0d", "'0d' is not a length of time"),
        ("opentok --date today --deadline soon", "'soon' is not a length of time"),
        ("opentok --dte today", "No such option '--dte'. (Did you mean one of: '--date',"),
        ("opentok --destination stdot", "'stdot' is not one of 'index', 'lake', 'stdout'"),
        ("opentok --limit 0", "Invalid value for '--limit'"),
        ("opentok today", "unexpected extra argument (today)"),
        ("opentk", "No such command 'opentk'. Did you mean 'opentok'?"),
        ("mumble", "No such command 'mumble'"),
        ("--env-file missing.env opentok", "--env-file names missing.env, which is not a file"),
        ("replay", "say which days: --date, --from and --to, --last or --all"),
        ("replay --all --date today", "but one of them"),
        ("dev sandbox", "Missing option '--vendor'"),
        ("dev sandbox --vendor opentok --port 99999", "Invalid value for '--port'"),
    ],
)
def test_wrong_usage_is_one_sentence_and_exit_2(shell: Shell, typed: str, said: str) -> None:
    secrets = {"OPENTOK_API_KEY": KEY, "OPENTOK_API_SECRET": SECRET}

    done = shell(*typed.split(), **secrets)

    assert (done.code, done.out) == (2, "")
    assert re.sub(r"\s+", " ", said) in done.err
    assert done.err.startswith("error: ")
    assert len(done.err.splitlines()) == 1
    assert not shell.data.exists()


def test_without_a_command_it_shows_the_help_as_wrong_usage(shell: Shell) -> None:
    done = shell()

    assert done.code == 2
    assert "Examples:" in done.out + done.err


# -- dates ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "days"),
    [
        ("--from 2026-11-17 --to 2026-11-19", ["2026-11-17", "2026-11-18"]),
        ("--from 2026-11-18", ["2026-11-18", "2026-11-19"]),
        ("--last 2d", ["2026-11-18", "2026-11-19"]),
        ("--date yesterday", ["2026-11-19"]),
        ("--date today", ["2026-11-20"]),
        ("--date 2026-11-18", ["2026-11-18"]),
    ],
)
def test_days_are_utc_days_and_windows_half_open(shell: Shell, typed: str, days: list[str]) -> None:
    with vendor(shell):
        done = shell("opentok", *typed.split(), "--report", "report.json")

    assert done.code == 0, done.err
    assert [each["day"] for each in _report(shell)["slices"]] == days


@pytest.mark.parametrize(
    ("day", "said"),
    [
        ("2026-10-29", "keeps 21 days: 2026-10-29 is beyond them, the oldest possible day is 2026-10-31"),
        ("2026-11-21", "2026-11-21 lies in the future"),
    ],
)
def test_a_day_that_the_vendor_cannot_have_is_a_sentence_and_exit_1(shell: Shell, day: str, said: str) -> None:
    with vendor(shell) as server:
        done = shell("opentok", "--date", day)
        asked = server.requests

    assert (done.code, asked) == (1, 0)
    assert said in done.err
    assert " 0 of 0 calls" not in done.err


# -- settings ---------------------------------------------------------------------------------------------


def test_all_problems_of_the_settings_are_said_at_once_before_any_request(shell: Shell) -> None:
    with vendor(shell) as server:
        wrong = {
            "OPENTOK_API_KEY": "abc",
            "OPENTOK_API_SECRET": None,
            "OPENTOK_API_SECRET_FILE": "nowhere.txt",
            "OPENTOK_BITRATE_UNIT": "furlongs",
            "ES_HOST": "http://me:hidden-word@search:9200",
            "ES_USER": "me",
            "ES_CA_FILE": "no.pem",
            "INDEX_PREFIX": "_X",
            "VCONF_NOW": "noon",
        }
        done = shell("opentok", "--date", "2026-11-18", **wrong)
        asked = server.requests

    lines = done.err.splitlines()
    assert (done.code, done.out, asked) == (78, "", 0)
    assert all(line.startswith("error: ") for line in lines)
    vendors = ["OPENTOK_API_KEY is 'abc'", "OPENTOK_API_SECRET_FILE names", "OPENTOK_BITRATE_UNIT is 'furlongs'"]
    named = [*vendors, "ES_HOST", "ES_PASSWORD", "ES_CA_FILE names", "INDEX_PREFIX is '_X'", "VCONF_NOW"]
    assert {name for name in named if not any(name in line for line in lines)} == set()
    assert len(lines) == len(named)
    assert "hidden-word" not in done.err
    assert not shell.data.exists()


def test_missing_settings_are_named_with_the_place_to_write_them(shell: Shell) -> None:
    done = shell("opentok", "--date", "2026-11-18")

    assert done.code == 78
    assert done.err == (
        "error: no login is set: write OPENTOK_API_KEY and OPENTOK_API_SECRET (or OPENTOK_API_SECRET_FILE), or "
        "VONAGE_APPLICATION_ID and VONAGE_PRIVATE_KEY (or VONAGE_PRIVATE_KEY_FILE); "
        f"looked in the environment and {shell.folder / '.env'}.\n"
    )


def test_a_secret_may_stand_in_a_file(shell: Shell) -> None:
    (shell.folder / "secret.txt").write_text(f"{SECRET}\n")
    with vendor(shell):
        done = shell("opentok", "--date", "2026-11-18", OPENTOK_API_SECRET=None, OPENTOK_API_SECRET_FILE="secret.txt")

    assert done.code == 0, done.err


def test_the_environment_wins_over_the_file_and_an_option_over_both(shell: Shell) -> None:
    (shell.folder / ".env").write_text("ES_HOST=127.0.0.1:7\nINDEX_PREFIX=vconf\n")
    in_file = shell("setup", "templates")
    in_environment = shell("setup", "templates", ES_HOST="127.0.0.1:8")
    as_option = shell("setup", "templates", "--es-host", "127.0.0.1:9", ES_HOST="127.0.0.1:8")

    ports = [re.findall(r"127\.0\.0\.1:(\d)", done.err) for done in (in_file, in_environment, as_option)]
    assert ports == [["7"], ["8"], ["9"]]


def test_a_relative_data_folder_belongs_to_the_file_that_names_it(shell: Shell) -> None:
    elsewhere = shell.folder / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "my.env").write_text("DATA_DIR=state\n")
    with vendor(shell):
        done = shell("--env-file", "elsewhere/my.env", "opentok", "--date", "2026-11-18", DATA_DIR=None)

    assert done.code == 0, done.err
    assert (elsewhere / "state" / "archive" / "opentok").is_dir()


def test_key_and_secret_are_hidden_options_with_a_warning(shell: Shell) -> None:
    help_text = shell("opentok", "--help").out
    assert "--key" not in help_text
    assert "--secret" not in help_text

    with vendor(shell):
        typed = ("--key", KEY, "--secret", SECRET)
        done = shell("opentok", "--date", "2026-11-18", *typed, OPENTOK_API_KEY=None, OPENTOK_API_SECRET=None)

    assert done.code == 0, done.err
    warnings = [line for line in done.err.splitlines() if line.startswith("warning:")]
    assert len(warnings) == 1
    assert "OPENTOK_API_SECRET_FILE" in warnings[0]
    assert SECRET not in done.err


def test_a_short_secret_is_a_secret(shell: Shell) -> None:
    with vendor(shell):
        done = shell("opentok", "--date", "2026-11-18", OPENTOK_API_SECRET="s")

    assert done.code == 77
    assert "Warning" not in done.err


# -- refused ----------------------------------------------------------------------------------------------


def test_a_refused_key_is_exit_77_and_never_no_sessions(shell: Shell) -> None:
    with vendor(shell):
        done = shell("opentok", "--date", "2026-11-18", "--report", "report.json", OPENTOK_API_SECRET=WRONG_SECRET)

    assert done.code == 77
    assert "refused" in done.err or "could not be validated" in done.err
    assert "0 of 0" not in done.err
    assert "empty" not in done.err
    assert WRONG_SECRET not in done.err + (shell.folder / "report.json").read_text()
    assert all(WRONG_SECRET.encode() not in content for content in tree(shell.data).values())
    assert [each["state"] for each in _report(shell)["slices"]] == ["failed"]


@pytest.mark.parametrize(
    ("response", "said"),
    [
        (Response(404, {"Content-Type": "text/html"}, b"<html>"), "404 with 6 bytes of text/html instead of a GraphQL"),
        (Response(302, {"Location": "https://portal.test/login"}), "redirects to portal.test"),
    ],
)
def test_an_answer_that_is_not_the_vendor_s_is_named_and_nothing_is_stored(
    shell: Shell, response: Response, said: str
) -> None:
    with vendor(shell, intercept=lambda _number, _request: response):
        done = shell(*LINE, "--report", "report.json")

    assert done.code == 1
    assert "failed: 127.0.0.1/graphql: " in without_ports(done.err)
    assert said in done.err
    assert not list(shell.data.rglob("*.zst"))
    assert _report(shell)["slices"][0]["state"] == "failed"


def test_a_deadline_that_is_too_short_for_a_vendor_in_trouble_says_what_the_trouble_is(shell: Shell) -> None:
    with vendor(shell, intercept=lambda _number, _request: Response(503, {"Retry-After": "60"})):
        done = shell(*LINE, "--deadline", "5s")

    assert done.code == 75
    assert "would have to wait 60 s for 127.0.0.1/graphql, which failed with: 503" in without_ports(done.err)
    assert "come back after 2026-11-20T08:01:00.000Z" in done.err


# -- report, dry run, streams -----------------------------------------------------------------------------


def _report(shell: Shell) -> dict[str, Any]:
    whole: dict[str, Any] = json.loads((shell.folder / "report.json").read_text())
    return whole


RUN_MEMBERS = {"id", "command", "version", "started", "ended", "exit_code", "peak_rss_mb"}
SLICE_MEMBERS = {
    "source", "account", "day", "state", "settled", "listed", "harvested", "without_conference", "failed",
    "unchanged", "warnings", "destinations", "requests", "retried", "repeated", "waited_s", "reason", "selected",
    "route", "quotas", "anomalies",
}  # fmt: skip


def test_the_report_has_the_documented_shape(shell: Shell) -> None:
    with vendor(shell):
        done = shell("opentok", "--date", "2026-11-18", "--report", "report.json")
        shell("opentok", "--date", "2026-11-18", "--again", "--report", "again.json")

    assert done.code == 0, done.err
    report = _report(shell)
    assert set(report) == {"run", "slices"}
    assert set(report["run"]) == RUN_MEMBERS
    assert (report["run"]["command"], report["run"]["exit_code"]) == ("opentok", 0)
    assert report["run"]["started"] == "2026-11-20T08:00:00.000Z"
    assert report["run"]["peak_rss_mb"] > 10
    (day,) = report["slices"]
    assert set(day) == SLICE_MEMBERS
    assert (day["source"], day["account"], day["day"], day["state"]) == ("opentok", KEY, "2026-11-18", "complete")
    # 8:00 of the 20th is 32 hours after the end of the 18th: no call changes any more, but totals come a day later.
    assert day["settled"] is False
    assert (day["listed"], day["harvested"], day["without_conference"], day["failed"]) == (3, 3, 0, [])
    assert (day["unchanged"], day["warnings"], day["requests"], day["retried"]) == (0, [], 3, 0)
    lake = day["destinations"]["lake"]
    assert {type_: counts["sent"] for type_, counts in lake.items() if type_ != "sample"} == {
        "conference": 3,
        "participant": 6,
        "stream": 12,
    }
    assert set(lake["sample"]) == {"sent", "created", "updated", "stale", "rejected"}
    again = json.loads((shell.folder / "again.json").read_text())
    assert (again["slices"][0]["unchanged"], again["slices"][0]["harvested"]) == (3, 3)


def test_a_session_that_was_not_listed_is_named(shell: Shell) -> None:
    with vendor(shell):
        done = shell("opentok", "--date", "2026-11-18", "--session-id", "2_nobody", "--report", "report.json")

    assert done.code == 3
    (day,) = _report(shell)["slices"]
    assert day["state"] == "partial"
    assert any("2_nobody is not among the calls of 2026-11-18" in each for each in day["warnings"])
    assert "warning: 2_nobody is not among the calls" in done.err


def test_the_report_is_written_also_when_the_run_fails(shell: Shell) -> None:
    with vendor(shell):
        done = shell("opentok", "--date", "2026-11-18", "--es-host", NO_SERVER, "--report", "report.json")

    assert done.code == 1
    assert "cannot be reached" in done.err
    report = _report(shell)
    assert report["run"]["exit_code"] == 1
    (day,) = report["slices"]
    assert (day["state"], day["listed"], day["harvested"]) == ("failed", 3, 3)
    assert "Traceback" not in done.err


def test_a_run_that_lacks_settings_does_not_leave_last_night_s_report(shell: Shell) -> None:
    (shell.folder / "report.json").write_text('{"run": {"exit_code": 0}}')
    done = shell("opentok", "--report", "report.json")

    assert done.code == 78
    assert (_report(shell)["run"]["exit_code"], _report(shell)["slices"]) == (78, [])


def test_a_report_that_cannot_be_written_is_said_before_anything_is_asked(shell: Shell) -> None:
    with vendor(shell) as server:
        done = shell("opentok", "--date", "2026-11-18", "--report", str(shell.folder))
        asked = server.requests

    assert (done.code, asked) == (2, 0)
    assert f"the report {shell.folder} cannot be written: Is a directory" in done.err
    assert len(done.err.splitlines()) == 1


def test_the_folder_of_a_report_is_made(shell: Shell) -> None:
    with vendor(shell):
        done = shell("opentok", "--date", "2026-11-18", "--report", "new/report.json")

    assert done.code == 0
    assert json.loads((shell.folder / "new" / "report.json").read_text())["run"]["exit_code"] == 0


def test_a_dry_run_writes_nothing_and_says_what_it_would_do(shell: Shell) -> None:
    with vendor(shell) as server:
        fresh = shell("opentok", "--date", "2026-11-18", "--dry-run")
        assert tree(shell.folder) == {".env": b""}
        assert server.requests == 1

        shell("opentok", "--date", "2026-11-17")
        before = tree(shell.folder)
        again = shell("opentok", "--from", "2026-11-17", "--to", "2026-11-19", "--dry-run")

    assert (fresh.code, again.code) == (0, 0), fresh.err + again.err
    assert "would fetch 3 of 3 calls in about 1 request;" in fresh.err
    assert "3 calls to fetch in about 1 request, exit 0." in fresh.err
    assert "lake" in fresh.err
    assert tree(shell.folder) == before


def test_stdout_carries_data_alone(shell: Shell) -> None:
    with vendor(shell):
        done = shell("opentok", "--date", "2026-11-18", "--destination", "stdout", "-v")

    assert done.code == 0, done.err
    documents = [json.loads(line) for line in done.out.splitlines()]
    assert {tuple(each)[:2] for each in documents} == {("_index", "_id")}
    kinds = Counter(each["vconf"]["type"] for each in documents)
    assert {name: kinds[name] for name in ("conference", "participant", "stream")} == {
        "conference": 3,
        "participant": 6,
        "stream": 12,
    }
    assert len({each["_id"] for each in documents}) == len(documents)
    assert "opentok 46204972 2026-11-18 complete: 3 of 3 calls" in done.err


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("opentok --date 2026-11-18 --log-format json", 0),
        ("--log-format json opentok --date 2026-11-18 --es-host 127.0.0.1:9", 1),
        ("--log-format json -vv opentok --date 2026-11-18", 0),
        ("--log-format=json opentok --date nonsense", 2),
        ("--log-format json opentok --dte nonsense", 2),
    ],
)
def test_log_lines_are_json(shell: Shell, typed: str, code: int) -> None:
    with vendor(shell):
        done = shell(*typed.split())

    assert done.code == code, done.err
    lines = [json.loads(line) for line in done.err.splitlines()]
    assert lines
    ecs = {"@timestamp", "log.level", "log.logger", "message", "ecs.version", "event.kind", "event.dataset"}
    assert all(ecs <= set(line) for line in lines)
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", line["@timestamp"]) for line in lines)
    slices = [line["vconf.slice"] for line in lines if "vconf.slice" in line]
    ends = [(line["event.action"], line["event.outcome"]) for line in lines if "event.action" in line]
    outcome = "success" if code == 0 else "failure"
    assert ends == ([("slice-ended", outcome), ("run-ended", outcome)] if code < 2 else [])
    assert [each["day"] for each in slices] == (["2026-11-18"] if code < 2 else [])


def test_quiet_says_only_what_went_wrong(shell: Shell) -> None:
    with vendor(shell):
        fine = shell("-q", "opentok", "--date", "2026-11-18")
        behind = shell("opentok", "--date", "2026-11-18", "-q")
        wrong = shell("-q", "opentok", "--date", "2026-11-21")

    assert (fine.code, fine.out, fine.err) == (0, "", "")
    assert (behind.code, behind.out, behind.err) == (0, "", "")
    assert wrong.code == 1
    assert "lies in the future" in wrong.err


def test_verbose_names_what_is_done(shell: Shell) -> None:
    with vendor(shell):
        plain = shell("opentok", "--date", "2026-11-18")
        verbose = shell("opentok", "--date", "2026-11-18", "--again", "-vv")

    assert verbose.code == 0
    assert len(verbose.err.splitlines()) > len(plain.err.splitlines())
    assert SECRET not in verbose.err


def test_underscores_are_understood(shell: Shell) -> None:
    spelled = [
        ("setup", "templates", "--es-host", NO_SERVER),
        ("setup", "templates", "--es_host", NO_SERVER),
        ("load_index_templates", "--es_host", NO_SERVER),
        ("load-index-templates", f"--es_host={NO_SERVER}"),
    ]
    ends = {(done.code, done.err) for done in (shell(*typed) for typed in spelled)}

    assert len(ends) == 1
    ((code, said),) = ends
    assert code == 1
    assert f"Elasticsearch at {NO_SERVER} cannot be reached" in said


@pytest.mark.parametrize(
    ("typed", "understood"),
    [
        ("opentok --date today -q", "-q opentok --date today"),
        ("opentok -vv --log-format json --limit 3", "-vv --log-format json opentok --limit 3"),
        ("opentok --env-file=a.env", "--env-file=a.env opentok"),
        ("opentok --log-format", "--log-format opentok"),
        ("opentok -- -q", "opentok -- -q"),
    ],
)
def test_options_of_every_command_may_stand_behind_its_name(typed: str, understood: str) -> None:
    assert common_first(typed.split()) == understood.split()


# -- the terminal -----------------------------------------------------------------------------------------


def _watched(shell: Shell, *arguments: str, **more: str) -> str:
    """What a terminal of 100 columns shows of a command's stderr."""
    ours, theirs = pty.openpty()
    environment = {"COLUMNS": "100", "LINES": "30", "TERM": "xterm-256color", **more}
    try:
        with subprocess.Popen(
            shell.command(*arguments),
            cwd=shell.folder,
            env=shell.environment(environment),
            stdin=theirs,
            stdout=subprocess.DEVNULL,
            stderr=theirs,
        ) as process:
            os.close(theirs)
            shown = b"".join(iter(lambda: _chunk(ours), b""))
            assert process.wait(SECONDS) == 0, shown
    finally:
        os.close(ours)
    return shown.decode()


def _chunk(terminal: int) -> bytes:
    """Some bytes; nothing once the other side is closed, for which Linux reports an error."""
    try:
        return os.read(terminal, 65536)
    except OSError:
        return b""


def test_a_terminal_shows_a_progress_line_that_goes_away(shell: Shell) -> None:
    with vendor(shell):
        shown = _watched(shell, *LINE)

    # At least its last state is drawn, however quick the run was.
    assert "opentok 46204972 2026-11-18" in shown.split("complete")[0]
    assert "\x1b[2K" in shown
    assert f"{GREEN}complete" in shown


def test_a_terminal_without_progress_or_colour_shows_plain_text(shell: Shell) -> None:
    with vendor(shell):
        without_progress = _watched(shell, *LINE, "--no-progress")
        without_colour = _watched(shell, *LINE, "--no-progress", "--again", NO_COLOR="1")

    assert "\x1b[2K" not in without_progress
    assert GREEN in without_progress
    assert "\x1b" not in without_colour


def test_colour_and_progress_are_for_terminals_alone(shell: Shell) -> None:
    with vendor(shell):
        done = shell(*LINE)

    assert "\x1b" not in done.err
    assert len(done.err.splitlines()) == 2


# -- interruptions ----------------------------------------------------------------------------------------


class Gate:
    """Holds the answer to one of the vendor's requests back until it is opened."""

    def __init__(self, number: int) -> None:
        self.number, self.reached, self.opened = number, threading.Event(), threading.Event()

    def __call__(self, number: int, request: Request) -> None:
        del request
        if number == self.number:
            self.reached.set()
            self.opened.wait(SECONDS)


@contextmanager
def _held_up(shell: Shell, request: int, *arguments: str) -> Iterator[tuple[subprocess.Popen[str], Gate]]:
    """A harvest that waits for the answer to its n-th request."""
    gate = Gate(request)
    with vendor(shell, intercept=gate), shell.started(*arguments) as process:
        try:
            assert gate.reached.wait(SECONDS)
            yield process, gate
        finally:
            gate.opened.set()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("request_", [1, 2])
def test_an_interruption_is_exit_130_and_the_next_run_goes_on(shell: Shell, number: int, request_: int) -> None:
    with _held_up(shell, request_, *LINE, "--report", "report.json") as (process, gate):
        process.send_signal(number)
        gate.opened.set()
        out, err = process.communicate(timeout=SECONDS)

        assert (process.returncode, out) == (130, ""), err
        assert "Traceback" not in err
        assert _report(shell)["run"]["exit_code"] == 130
        assert shell(*LINE).code == 0


def test_a_second_run_of_the_account_ends_with_75(shell: Shell) -> None:
    with _held_up(shell, 1, *LINE) as (process, gate):
        second = shell(*LINE, "--report", "report.json")
        gate.opened.set()
        process.communicate(timeout=SECONDS)

    assert second.code == 75
    assert len(second.err.splitlines()) == 1
    assert f"is locked by process {process.pid} since 2026-11-20T08:00:00.000Z" in second.err
    assert _report(shell)["run"]["exit_code"] == 75
    assert process.returncode == 0


def test_a_reader_that_goes_away_is_no_traceback(shell: Shell) -> None:
    with (
        vendor(shell, calls=40),
        shell.started(*LINE, "--destination", "stdout") as process,
    ):
        assert process.stdout
        assert process.stderr
        first = process.stdout.readline()
        process.stdout.close()
        said = process.stderr.read()
        code = process.wait(SECONDS)

    assert json.loads(first)["vconf"]["vendor"] == "opentok"
    assert code == 1
    assert "the reader of stdout went away" in said
    assert "Traceback" not in said
    assert "Exception ignored" not in said


# -- dev --------------------------------------------------------------------------------------------------


def test_the_demo_harvests_and_sums_up_in_under_a_minute(shell: Shell) -> None:
    first = shell("dev", "demo")
    second = shell("dev", "demo")

    assert (first.code, second.code) == (0, 0), first.err + second.err
    assert "2026-11-19 complete: 2 of 2 calls; lake: 10 documents." in first.err
    assert "lake: nothing new" in second.err
    assert first.out == second.out
    # One published call of 16.955 s with one publisher, and one with four measurements.
    assert "Thursday, 19 November 2026" in first.out
    assert "09:14:57  call edb26699, 17 s long" in first.out
    assert "loss 0.0 %, 1280 x 720" in first.out
    assert "bitrate 6.61 to 8.17" in first.out
    assert "10 documents (2 conferences, 1 participant, 2 streams, 5 samples) in data/demo/lake" in first.out


def test_the_demo_s_next_command_reads_what_it_harvested(shell: Shell) -> None:
    pattern = r"^  zstdcat (\S+) \| jq"
    found = re.search(pattern, shell("dev", "demo").out, re.MULTILINE)

    assert found
    assert len(list(shell.folder.glob(found[1]))) == 1


def test_the_sandbox_prints_an_environment_that_works(shell: Shell) -> None:
    with shell.started("dev", "sandbox", "--vendor", "opentok") as process:
        assert process.stdout
        line = process.stdout.readline()
        printed = dict(word.split("=", 1) for word in line.removeprefix("export ").split())
        done = shell("opentok", "--date", "yesterday", **printed)
        process.send_signal(signal.SIGINT)
        rest, err = process.communicate(timeout=SECONDS)

    assert set(printed) == {"OPENTOK_URL", "OPENTOK_API_KEY", "OPENTOK_API_SECRET"}
    assert done.code == 0, done.err
    assert "2026-11-19 complete: 2 of 2 calls" in done.err
    assert (process.returncode, rest) == (130, "")
    assert "Ctrl-C" in err


def test_a_port_in_use_is_a_sentence(shell: Shell) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = shell("dev", "sandbox", "--vendor", "opentok", "--port", str(port))

    assert (done.code, done.out) == (1, "")
    assert f"port {port} cannot be used" in done.err
    assert len(done.err.splitlines()) == 1


def test_the_sandbox_listens_on_loopback_alone(shell: Shell) -> None:
    with shell.started("dev", "sandbox", "--vendor", "opentok") as process:
        assert process.stdout
        url = process.stdout.readline().split("OPENTOK_URL=")[1].split()[0]
        assert url.startswith("http://127.0.0.1:")
        assert requests.post(url, json={"query": "{}"}, timeout=30).status_code == 401


# -- Elasticsearch ----------------------------------------------------------------------------------------


def test_a_day_goes_into_elasticsearch_after_setup(shell: Shell, es_url: str, prefix: str) -> None:
    cluster = {"ES_HOST": es_url, "INDEX_PREFIX": prefix}
    with vendor(shell):
        unprepared = shell(*LINE, **cluster)
        prepared = shell("load_index_templates", **cluster)
        once_more = shell("setup", "templates", **cluster)
        done = shell(*LINE, "--report", "report.json", **cluster)

    assert unprepared.code == 1
    assert "setup templates" in unprepared.err
    assert (prepared.code, prepared.out, prepared.err) == (once_more.code, once_more.out, once_more.err)
    assert prepared.code == 0
    assert done.code == 0, done.err
    index = _report(shell)["slices"][0]["destinations"]["index"]
    assert index["conference"] == {"sent": 3, "created": 3, "updated": 0, "stale": 0, "rejected": 0}
    assert index["stream"]["created"] == 12


# -- help -------------------------------------------------------------------------------------------------


def _levels(command: click.Command, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    yield path
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            below = command.get_command(context, name)
            assert below
            yield from _levels(below, (*path, name))


@pytest.mark.parametrize("path", sorted(_levels(cli)), ids=" ".join)
def test_help_on_every_level_has_examples_that_are_understood(shell: Shell, path: tuple[str, ...]) -> None:
    done = shell(*path, "--help", COLUMNS="100")

    assert (done.code, done.err) == (0, "")
    assert "\\b" not in done.out
    block = re.search(r"Examples?:\n((?: {4}\./harvest\.py .*\n)+)", done.out)
    assert block, done.out
    for line in block[1].splitlines():
        typed = re.split(r"\s{2,}|\s\|", line.strip())[0].split()[1:]
        cli.make_context("harvest.py", [*typed, "--help"], resilient_parsing=True)
        command: click.Command = cli
        while isinstance(command, click.Group) and typed:
            name, known, typed = command.resolve_command(click.Context(command), typed)
            assert known, name
            command = known
        command.make_context("command", list(typed), resilient_parsing=False).close()
    assert all(len(line) <= 100 for line in done.out.splitlines())


def test_the_version_is_the_package_s(shell: Shell) -> None:
    done = shell("--version")

    assert re.fullmatch(r"vconf-harvest, version \d+\.\d+\.\d+\n", done.out)


def test_the_day_of_the_tests_is_the_day_that_they_name() -> None:
    assert str(DAY) == "2026-11-18"
