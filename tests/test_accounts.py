"""Several accounts in one run: all by default, each for itself, and the worst of their codes."""

from __future__ import annotations

import fcntl
import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.opentok_client import DAY
from tests.opentok_days import KEY
from tests.schools import schools
from tests.shell import Shell

if TYPE_CHECKING:
    from pathlib import Path

A, B = "11111111", "22222222"
THREE = {"default": KEY, "school-a": A, "school-b": B}
DATE = ("--date", str(DAY))


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    return Shell(tmp_path)


def report(shell: Shell, name: str = "report.json") -> dict[str, Any]:
    whole: dict[str, Any] = json.loads((shell.folder / name).read_text())
    return whole


def slices(shell: Shell) -> dict[str, tuple[str, int]]:
    """State and harvested calls of each account."""
    return {each["account"]: (each["state"], each["harvested"]) for each in report(shell)["slices"]}


def documents(out: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in out.splitlines()]


@pytest.mark.parametrize("command", ["opentok", "all"])
def test_all_accounts_are_taken_in_one_run_with_one_report_and_one_summary(shell: Shell, command: str) -> None:
    with schools(shell, THREE) as servers:
        done = shell(command, *DATE, "--report", "report.json")
        assert all(server.requests == 3 for server in servers.values())

    assert done.code == 0, done.err
    assert slices(shell) == {KEY: ("complete", 2), A: ("complete", 3), B: ("complete", 4)}
    assert report(shell)["run"]["command"] == command
    assert [line for line in done.err.splitlines() if "exit 0" in line] == [
        "3 days (3 complete), 9 calls, 9 requests, exit 0."
    ]


def test_each_account_is_asked_with_its_own_key_at_its_own_address_and_has_an_archive_of_its_own(shell: Shell) -> None:
    with schools(shell, THREE) as servers:
        shell("opentok", *DATE)
        for name, server in servers.items():
            assert all(f"projectId: {THREE[name]}" in request.body.decode() for request in server.log)

    assert {path.name for path in (shell.data / "archive" / "opentok").iterdir()} == set(THREE.values())


def test_without_dates_each_account_has_a_night_of_its_own(shell: Shell) -> None:
    with schools(shell, {"school-a": A, "school-b": B}):
        assert shell("all", "--report", "report.json").code == 0
        first = {(each["account"], each["day"]) for each in report(shell)["slices"]}
        assert shell("all", "--report", "report.json").code == 0

    assert {account for account, _ in first} == {A, B}
    assert len(first) == 14


@pytest.mark.parametrize(
    ("names", "accounts"),
    [(["school-a"], [A]), (["school-b", "default"], [KEY, B]), (["school-a", "school-a"], [A])],
)
@pytest.mark.parametrize("command", ["opentok", "all"])
def test_account_chooses(shell: Shell, command: str, names: list[str], accounts: list[str]) -> None:
    with schools(shell, THREE):
        options = [word for name in names for word in ("--account", name)]
        done = shell(command, *DATE, *options, "--report", "report.json")

    assert done.code == 0, done.err
    assert list(slices(shell)) == accounts


@pytest.mark.parametrize("command", [("opentok",), ("all",), ("replay", "--all")])
def test_an_account_that_nobody_knows_is_wrong_usage_with_those_that_there_are(
    shell: Shell, command: tuple[str, ...]
) -> None:
    with schools(shell, THREE) as servers:
        done = shell(*command, "--account", "shool-a")
        assert all(server.requests == 0 for server in servers.values())

    assert (done.code, done.out) == (2, "")
    assert done.err == (
        "error: --account shool-a: there is no such account; did you mean 'school-a'? "
        "there are: default, school-a, school-b.\n"
    )


def test_a_key_on_the_command_line_is_not_dropped_silently(shell: Shell) -> None:
    with schools(shell, THREE):
        done = shell("opentok", *DATE, "--key", "1", "--secret", "s", "--account", "school-a")

    assert done.code == 2
    assert "--key and --secret describe the account 'default', which --account leaves out." in done.err


# -- one that fails ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("wrong", ["default", "school-a", "school-b"])
def test_a_refused_key_stops_no_other_account_and_is_77(shell: Shell, wrong: str) -> None:
    with schools(shell, THREE):
        variable = {"OPENTOK_API_SECRET": "nobody-knows-it"}
        if wrong != "default":
            variable = {"WRONG": "nobody-knows-it"}
            path, key = shell.folder / "accounts.toml", f'api_key = "{THREE[wrong]}"\napi_secret_env = '
            path.write_text(path.read_text().replace(f'{key}"SCHOOLS"', f'{key}"WRONG"'))
        done = shell("all", *DATE, "--report", "report.json", **variable)

    assert done.code == 77
    states = {account: state for account, (state, _) in slices(shell).items()}
    assert states == {key: "failed" if name == wrong else "complete" for name, key in THREE.items()}
    assert report(shell)["run"]["exit_code"] == 77


def test_an_account_that_is_locked_is_75_and_the_others_go_on(shell: Shell) -> None:
    (shell.data / "locks").mkdir(parents=True)
    with schools(shell, THREE), (shell.data / "locks" / f"opentok-{A}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = shell("opentok", *DATE, "--report", "report.json")

        assert done.code == 75
        assert f"opentok {A} is locked by" in done.err
        assert slices(shell) == {KEY: ("complete", 2), B: ("complete", 4)}
        replayed = shell("replay", "--all", "--report", "report.json")
    assert replayed.code == 0
    assert slices(shell) == {KEY: ("complete", 2), B: ("complete", 4)}


def test_the_code_is_the_worst_of_all(shell: Shell) -> None:
    (shell.data / "locks").mkdir(parents=True)
    with schools(shell, THREE), (shell.data / "locks" / f"opentok-{A}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = shell("opentok", *DATE, OPENTOK_API_SECRET="nobody-knows-it")

    assert done.code == 77


def test_nothing_configured_is_78_for_all(shell: Shell) -> None:
    done = shell("all")

    assert done.code == 78
    assert done.err.startswith("error: no vendor is configured: set the variables of one, or write its accounts into")


# -- the name in the documents ----------------------------------------------------------------------------


def names(found: list[dict[str, Any]]) -> dict[str, str]:
    return {each["vconf"]["account"]["id"]: each["vconf"]["account"]["name"] for each in found}


def test_documents_carry_the_account_s_name_and_a_replay_makes_the_same_ones(shell: Shell) -> None:
    with schools(shell, THREE, {"school-b": 'bitrate_unit = "kbit"\n'}):
        first = documents(shell("opentok", *DATE, "--destination", "stdout").out)
    replayed = documents(shell("replay", "--all", "--destination", "stdout", SCHOOLS=None).out)
    one = documents(shell("replay", "--all", "--account", "school-a", "--destination", "stdout").out)

    assert names(first) == {KEY: "default", A: "school-a", B: "school-b"}
    assert {each["_id"]: each for each in replayed} == {each["_id"]: each for each in first}
    assert len(replayed) == len(first) > 50
    assert names(one) == {A: "school-a"}
    with_bitrate = {each["vconf"]["account"]["id"] for each in first if "bitrate_kbps" in json.dumps(each)}
    assert with_bitrate == {B}
    stamps = {each["vconf"]["account"]["id"]: each["vconf"]["harvest"]["settings"] for each in first}
    assert len(set(stamps.values())) == 3


def test_another_name_makes_other_documents_and_the_usual_one_the_same_as_ever(shell: Shell) -> None:
    with schools(shell, {"school-a": A}):
        shell("opentok", *DATE)
        path = shell.folder / "accounts.toml"
        unchanged = shell("replay", "--all")
        path.write_text(path.read_text().replace("school-a", "school-z"))
        renamed = shell("replay", "--all", "--report", "report.json")
        path.unlink()
        unknown = documents(shell("replay", "--all", "--destination", "stdout").out)

    assert "lake: nothing new" in unchanged.err
    assert "lake: nothing new" not in renamed.err
    lake = report(shell)["slices"][0]["destinations"]["lake"]
    assert lake["conference"]["sent"] == 2
    assert names(unknown) == {A: "default"}
