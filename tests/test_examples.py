"""`docs/examples/`: each file is what its reader takes, keeps our promises, and its command lines work."""

from __future__ import annotations

import configparser
import importlib
import re
import shlex
import shutil
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import click
import pytest

from harvesters.commands.main import EXIT_CODES, cli
from harvesters.core.errors import Exit
from harvesters.opentok import OpenTok
from tests.shell import PROJECT, Done, Shell, tree, vendor

if TYPE_CHECKING:
    from pathlib import Path

EXAMPLES = PROJECT / "docs" / "examples"
yaml: Any = importlib.import_module("yaml")  # it has no types
NEEDS_SOMEBODY = {int(code) for code in Exit} - {Exit.OK, Exit.DEFERRED, Exit.INTERRUPTED}


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    return Shell(tmp_path)


def understood(arguments: list[str]) -> str:
    """The command that a line calls, with every option of it parsed; nothing is run.

    Raises:
        click.UsageError: it is none of ours.
    """
    with cli.make_context("harvest.py", list(arguments)) as group:
        name, command, rest = cli.resolve_command(group, [*group._protected_args, *group.args])
        assert name
        assert command
        with command.make_context(name, rest, parent=group):
            return name


def run(shell: Shell, arguments: list[str]) -> Done:
    """Run a line; no wait before it."""
    if "--splay" in arguments:
        at = arguments.index("--splay")
        arguments = arguments[:at] + arguments[at + 2 :]
    shell.data.mkdir(exist_ok=True)
    with vendor(shell):
        return shell(*arguments)


def test_a_line_that_the_command_does_not_understand_is_noticed() -> None:
    assert understood(["-q", "all", "--splay", "10m"]) == "all"
    for line in (["all", "--spaly", "10m"], ["every"], ["catch-up", "--last"]):
        with pytest.raises(click.UsageError):
            understood(line)


def test_every_example_is_tested_and_named_in_the_readme() -> None:
    readme = (PROJECT / "README.md").read_text()
    names = {path.name for path in EXAMPLES.iterdir()}
    assert names == {"crontab", "vconf-harvest.service", "vconf-harvest.timer", "Dockerfile", "kubernetes.yaml"}
    assert {name for name in names if f"(docs/examples/{name})" in readme} == names


# -- cron -----------------------------------------------------------------------------------------------

RANGES = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 7))
FIELD = re.compile(r"\*|\d+(?:-\d+)?(?:,\d+(?:-\d+)?)*")


def crontab() -> tuple[dict[str, str], list[tuple[list[str], str]]]:
    """The variables, and the lines with their five fields, read as cron reads them."""
    variables: dict[str, str] = {}
    jobs = []
    for line in (EXAMPLES / "crontab").read_text().splitlines():
        if assigned := re.fullmatch(r"([A-Z_]+)=(\S+)", line):
            variables[assigned[1]] = assigned[2]
        elif line and not line.startswith("#"):
            *fields, command = line.split(maxsplit=5)
            assert len(fields) == 5
            for field, (least, most) in zip(fields, RANGES, strict=True):
                assert FIELD.fullmatch(field), field
                assert all(least <= int(number) <= most for number in re.findall(r"\d+", field))
            # To cron a percent sign ends the line.
            assert "%" not in command
            jobs.append((fields, command))
    return variables, jobs


def test_the_crontab_is_one_and_its_lines_run(shell: Shell) -> None:
    variables, jobs = crontab()
    assert set(variables) == {"MAILTO", "PATH", "METRICS_FILE"}
    called = []
    for _, command in jobs:
        change, _, harvest = command.partition(" && ")
        assert change == "cd /opt/vconf-harvest"
        program, *arguments = shlex.split(harvest)
        assert program == "./harvest.py"
        called.append(understood(arguments))
        done = run(shell, arguments)
        assert done.code in {0, 3}, done.err
    assert called == ["all", "catch-up", "status"]
    assert {path.name for path in shell.data.glob("*.json")} == {"last-night.json", "last-catch-up.json"}


def _is_fine(hour: int, minute: int) -> bool:
    """Whether OpenTok's data is there at this time of every weekday."""
    monday = datetime(2026, 11, 16, hour, minute, tzinfo=UTC)
    return not any(OpenTok.limits.in_maintenance(monday + timedelta(days=day)) for day in range(7))


def test_all_of_them_come_after_the_vendor_s_hours_of_maintenance() -> None:
    (minute, hour, *_), _ = crontab()[1][0]
    timer = units("vconf-harvest.timer")["Timer"]["OnCalendar"]
    at = re.fullmatch(r"\*-\*-\* (\d\d):(\d\d):00 UTC", timer)
    assert at
    schedule = _cron_job()["schedule"].split()
    assert {(int(hour), int(minute)), (int(at[1]), int(at[2])), (int(schedule[1]), int(schedule[0]))} == {(8, 20)}
    assert _is_fine(8, 20)
    assert not _is_fine(5, 0)


# -- systemd --------------------------------------------------------------------------------------------

KNOWN = {
    "Unit": {"Description", "Documentation", "Wants", "After"},
    "Service": {
        "Type", "DynamicUser", "User", "StateDirectory", "StateDirectoryMode", "WorkingDirectory", "EnvironmentFile",
        "Environment", "ExecStart", "Restart", "RestartPreventExitStatus", "RestartSec", "TimeoutStopSec", "UMask",
        "NoNewPrivileges", "CapabilityBoundingSet", "ProtectSystem", "ProtectHome", "PrivateTmp", "PrivateDevices",
        "ProtectClock", "ProtectHostname", "ProtectKernelLogs", "ProtectKernelModules", "ProtectKernelTunables",
        "ProtectControlGroups", "ProtectProc", "RestrictAddressFamilies", "RestrictNamespaces", "RestrictRealtime",
        "RestrictSUIDSGID", "LockPersonality", "MemoryDenyWriteExecute", "SystemCallArchitectures", "SystemCallFilter",
    },
    "Timer": {"OnCalendar", "RandomizedDelaySec", "Persistent"},
    "Install": {"WantedBy"},
}  # fmt: skip


def units(name: str) -> configparser.ConfigParser:
    """A unit file; of a name that stands twice, as `SystemCallFilter` may, the last value."""
    found = configparser.ConfigParser(strict=False, interpolation=None, delimiters=("=",), comment_prefixes=("#",))
    found.optionxform = str  # type: ignore[assignment,method-assign]
    found.read_string((EXAMPLES / name).read_text())
    for section in found.sections():
        assert set(found[section]) <= KNOWN[section], section
    return found


def test_the_service_runs_hardened_and_comes_again_only_where_that_helps(shell: Shell) -> None:
    service = units("vconf-harvest.service")["Service"]
    for name in ("NoNewPrivileges", "PrivateTmp", "PrivateDevices", "ProtectHome", "MemoryDenyWriteExecute"):
        assert service[name] == "yes"
    assert service["ProtectSystem"] == "strict"
    assert service["CapabilityBoundingSet"] == ""
    assert service["Type"] == "oneshot"
    given_up = set(map(int, service["RestartPreventExitStatus"].split()))
    assert given_up == NEEDS_SOMEBODY | {Exit.INTERRUPTED}
    environment = dict(each.split("=") for each in shlex.split(service["Environment"]))
    assert environment["DATA_DIR"] == service["WorkingDirectory"] == f"%S/{service['StateDirectory']}"
    program, *arguments = shlex.split(service["ExecStart"])
    assert program == "/opt/vconf-harvest/harvest.py"
    assert understood(arguments) == "all"
    done = run(shell, arguments)
    assert done.code == 0, done.err


def test_a_machine_that_was_off_makes_up_for_it() -> None:
    timer = units("vconf-harvest.timer")
    assert timer["Timer"]["Persistent"] == "true"
    assert timer["Install"]["WantedBy"] == "timers.target"


# -- Docker ---------------------------------------------------------------------------------------------


def dockerfile() -> list[tuple[str, str]]:
    """The instructions with what follows them."""
    text = re.sub(r"\\\n\s*", "", (EXAMPLES / "Dockerfile").read_text())
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    found = [(name, rest) for name, _, rest in (line.partition(" ") for line in lines)]
    known = {"FROM", "ENV", "COPY", "RUN", "USER", "WORKDIR", "VOLUME", "ENTRYPOINT", "CMD"}
    assert {name for name, _ in found} <= known
    assert found[0][0] == "FROM"
    return found


def only(instruction: str) -> str:
    (found,) = [rest for name, rest in dockerfile() if name == instruction]
    return found


def words(text: str) -> list[str]:
    """The exec form of an instruction."""
    found: list[str] = yaml.safe_load(text)
    return found


def test_the_image_runs_as_nobody_special_and_keeps_its_state_in_one_place() -> None:
    assert re.fullmatch(r"[1-9]\d*:[1-9]\d*", only("USER"))
    names = [name for name, _ in dockerfile()]
    assert names.index("USER") > max(at for at, name in enumerate(names) if name == "RUN")
    environment = dict(each.split("=") for each in only("ENV").split())
    assert environment["DATA_DIR"] == only("WORKDIR") == "/data"
    assert words(only("VOLUME")) == ["/data"]
    assert not any(re.search("secret|password|key", rest, re.IGNORECASE) for _, rest in dockerfile())
    (install, folder) = [rest for name, rest in dockerfile() if name == "RUN"]
    assert "--require-hashes" in install
    uid, gid = only("USER").split(":")
    assert folder == f"install -d -o {uid} -g {gid} -m 0700 /data"


def test_what_the_image_copies_is_all_that_a_run_needs(shell: Shell, tmp_path: Path) -> None:
    """In a folder that is laid out as the image; what it writes lies in `/data`."""
    root = tmp_path / "image"
    for source, target in (rest.split() for name, rest in dockerfile() if name == "COPY"):
        there = root / target.removeprefix("/")
        there.parent.mkdir(parents=True, exist_ok=True)
        if (PROJECT / source).is_dir():
            shutil.copytree(PROJECT / source, there, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(PROJECT / source, there)
    before = tree(root)
    program, script, *rest = words(only("ENTRYPOINT"))
    assert (program, rest) == ("python", [])
    command = [sys.executable, str(root / script.removeprefix("/"))]
    shell.data.mkdir()
    with vendor(shell):
        environment = shell.environment({"PYTHONDONTWRITEBYTECODE": "1"})
        for arguments in (words(only("CMD")), ["opentok", "--date", "2026-11-18"]):
            done = subprocess.run(
                [*command, *arguments], cwd=shell.data, env=environment, capture_output=True, text=True, check=False
            )
            assert done.returncode == 0, done.stderr
    assert tree(root) == before
    assert {path.name for path in tmp_path.iterdir()} == {"image", "data"}


# -- Kubernetes -----------------------------------------------------------------------------------------


def _objects() -> dict[str, Any]:
    found = [each for each in yaml.safe_load_all((EXAMPLES / "kubernetes.yaml").read_text()) if each]
    return {each["kind"]: each for each in found}


def _cron_job() -> dict[str, Any]:
    spec: dict[str, Any] = _objects()["CronJob"]["spec"]
    return spec


def test_the_cron_job_never_runs_twice_at_once_and_comes_again_only_where_that_helps() -> None:
    objects, spec = _objects(), _cron_job()
    assert (objects["CronJob"]["apiVersion"], spec["concurrencyPolicy"], spec["timeZone"]) == (
        "batch/v1", "Forbid", "Etc/UTC",
    )  # fmt: skip
    job = spec["jobTemplate"]["spec"]
    # A policy for failures needs it.
    assert job["template"]["spec"]["restartPolicy"] == "Never"
    (codes,) = [rule["onExitCodes"] for rule in job["podFailurePolicy"]["rules"] if "onExitCodes" in rule]
    assert set(codes["values"]) == NEEDS_SOMEBODY
    assert "75 deferred or locked" in EXIT_CODES


def test_its_pod_is_hardened_and_writes_only_into_its_volumes(shell: Shell) -> None:
    pod = _cron_job()["jobTemplate"]["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    user = only("USER").split(":")
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert [str(pod["securityContext"][name]) for name in ("runAsUser", "runAsGroup")] == user
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]},
    }  # fmt: skip
    mounts = {each["name"]: each["mountPath"] for each in container["volumeMounts"]}
    assert mounts == {"data": "/data", "tmp": "/tmp"}  # noqa: S108 - a path in a container
    assert {each["name"] for each in pod["volumes"]} == set(mounts)
    (claimed,) = [
        each["persistentVolumeClaim"]["claimName"] for each in pod["volumes"] if "persistentVolumeClaim" in each
    ]
    assert claimed == _objects()["PersistentVolumeClaim"]["metadata"]["name"]
    assert understood(container["args"]) == "all"
    done = run(shell, [each.replace("/data/", f"{shell.data}/") for each in container["args"]])
    assert done.code == 0, done.err
