"""The documentation tells what the code does: what is made from the code is up to date, what is typed works."""

from __future__ import annotations

import hmac
import importlib.util
import json
import os
import re
import shlex
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from dotenv import dotenv_values

from harvesters import SOURCES, source_class
from harvesters.commands.main import EXIT_CODES
from harvesters.commands.status_page import BEFORE, MARKS
from harvesters.core.common_settings import CommonSettings
from harvesters.core.declaration import declared
from harvesters.core.errors import Exit
from harvesters.core.keyed import HOW, Key
from harvesters.core.settings import public
from harvesters.enrich.lookup import read_lookup
from harvesters.enrich.privacy import BECOMES
from harvesters.opentok import OpenTok
from harvesters.sandbox.peermetrics import serve_peermetrics
from tests import peermetrics_days, zoom_days
from tests.forgetting import key_in
from tests.kibana_server import FakeKibana, serve
from tests.opentok_days import KEY, SECRET
from tests.shell import PROJECT, Shell, vendor

if TYPE_CHECKING:
    from concurrent.futures import Future
    from pathlib import Path
    from types import ModuleType

DOCUMENTS = sorted([*PROJECT.glob("*.md"), *PROJECT.glob("docs/*.md")])
README = (PROJECT / "README.md").read_text()


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    return Shell(tmp_path)


@pytest.fixture(scope="module")
def generate() -> ModuleType:
    spec = importlib.util.spec_from_file_location("generate", PROJECT / "docs" / "generate.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def blocks(language: str, text: str = README) -> list[str]:
    """The fenced blocks of a language, without the indentation of a list they may stand in."""
    found = re.findall(rf"^( *)```{language}\n(.*?)^ *```$", text, re.MULTILINE | re.DOTALL)
    return [re.sub(rf"^{indent}", "", body, flags=re.MULTILINE) for indent, body in found]


def lines(language: str) -> list[str]:
    return [line for block in blocks(language) for line in block.splitlines() if line and not line.startswith("#")]


# -- what is made from the code ---------------------------------------------------------------------------


def test_what_is_made_from_the_code_is_up_to_date() -> None:
    command = [sys.executable, str(PROJECT / "docs" / "generate.py"), "--check"]
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=False)

    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_a_block_that_is_old_is_noticed(generate: ModuleType) -> None:
    changed = README.replace("| `INDEX_PREFIX` |", "| `INDEX_SUFFIX` |")

    assert changed != README
    assert generate.filled(changed, {"settings": generate.BLOCKS["settings"]}) == README


def test_a_page_of_dashboards_that_is_old_is_noticed(generate: ModuleType) -> None:
    page = (PROJECT / "docs" / "dashboards.md").read_text()
    changed = page.replace("How was the week?", "How was the month?")

    assert changed != page
    assert generate.filled(changed, generate.PAGES["docs/dashboards.md"]) == page


def test_a_document_without_its_markers_is_refused(generate: ModuleType) -> None:
    with pytest.raises(ValueError, match="markers of 'settings'"):
        generate.filled(README.replace("<!-- end: settings -->", ""), {"settings": generate.BLOCKS["settings"]})


def test_the_settings_table_has_every_setting_that_the_code_reads() -> None:
    table = re.findall(r"^\| `([A-Z_]+)`", README, re.MULTILINE)

    assert table == [
        "ES_HOST", "ES_API_KEY", "ES_USER", "ES_PASSWORD", "ES_CA_FILE", "KIBANA_HOST", "KIBANA_API_KEY",
        "KIBANA_USER", "KIBANA_PASSWORD", "KIBANA_CA_FILE", "KIBANA_SPACE", "INDEX_PREFIX", "DATA_DIR",
        "ARCHIVE_DAYS", "ACCOUNTS_FILE", "VENDOR_CA_FILE", "QUALITY_PROFILE", "GEOIP_FILE", "GEOIP_ASN_FILE",
        "LOOKUP_FILE", "PRIVACY", "PRIVACY_KEY_FILE", "TOTALS", "PING_URL", "METRICS_FILE",
        "VCONF_NOW",
        "OPENTOK_API_KEY", "OPENTOK_API_SECRET", "OPENTOK_URL", "OPENTOK_BITRATE_UNIT",
        "VONAGE_APPLICATION_ID", "VONAGE_PRIVATE_KEY",
        "ZOOM_ACCOUNT_ID", "ZOOM_CLIENT_ID", "ZOOM_CLIENT_SECRET", "ZOOM_OAUTH_URL", "ZOOM_URL", "ZOOM_PLAN",
        "ZOOM_VIA", "ZOOM_QUALITY", "ZOOM_SHARING", "ZOOM_WEBINARS", "ZOOM_QUOTA_SHARE",
        "PEERMETRICS_URL", "PEERMETRICS_APPS", "PEERMETRICS_HEADERS", "PEERMETRICS_USER", "PEERMETRICS_PASSWORD",
        "PEERMETRICS_CLIENT_CERT", "PEERMETRICS_CA_FILE",
    ]  # fmt: skip


def test_the_example_has_the_settings_that_the_code_reads_and_no_secret() -> None:
    example = dotenv_values(PROJECT / "example.env")
    classes: list[type[Any]] = [CommonSettings, *(source_class(name).Settings for name in SOURCES)]
    settings = [setting for cls in classes for _, setting in public(cls)]

    assert list(example) == [setting.env for setting in settings]
    assert {setting.env: example[setting.env] for setting in settings if setting.secret} == {
        "ES_API_KEY": "",
        "ES_PASSWORD": "",
        "KIBANA_API_KEY": "",
        "KIBANA_PASSWORD": "",
        "PING_URL": "",
        "OPENTOK_API_SECRET": "",
        "VONAGE_PRIVATE_KEY": "",
        "ZOOM_CLIENT_SECRET": "",
        "PEERMETRICS_HEADERS": "",
        "PEERMETRICS_PASSWORD": "",
    }


def test_the_example_lacks_nothing_but_the_credentials(shell: Shell) -> None:
    example = (PROJECT / "example.env").read_text()
    (shell.folder / ".env").write_text(example)
    (shell.folder / ".env").chmod(0o600)
    untouched = shell("opentok", "--date", "yesterday")

    with vendor(shell) as server:
        given = {"OPENTOK_API_KEY": KEY, "OPENTOK_API_SECRET": SECRET, "OPENTOK_URL": server.url}
        for name, value in given.items():
            example = re.sub(rf"^{name}=.*$", f"{name}={value}", example, flags=re.MULTILINE)
        (shell.folder / ".env").write_text(example)
        filled_in = shell("opentok", "--date", "yesterday", **dict.fromkeys(given))

    assert untouched.code == 78
    assert re.findall(r"^error: (.+?):", untouched.err, re.MULTILINE) == ["no login is set"]
    assert filled_in.code == 0, filled_in.err


def test_every_exit_code_is_explained() -> None:
    codes = {int(code) for code in Exit}
    page = (PROJECT / "docs" / "exit-codes.md").read_text()

    for text in (page, README):
        assert {int(code) for code in re.findall(r"^\| (\d+) \|", text, re.MULTILINE)} == codes
    assert {int(code) for code in re.findall(r"\b(\d+) [a-z]", EXIT_CODES)} == codes


def test_the_report_on_the_page_has_the_members_of_a_real_one(shell: Shell) -> None:
    (shown,) = map(json.loads, blocks("json", (PROJECT / "docs" / "exit-codes.md").read_text()))
    with vendor(shell):
        shell("opentok", "--date", "2026-11-18", "--report", "report.json")
    real = json.loads((shell.folder / "report.json").read_text())

    for one, other in ((shown, real), (shown["run"], real["run"]), (shown["slices"][0], real["slices"][0])):
        assert set(one) == set(other)
    counts = shown["slices"][0]["destinations"]["index"]["conference"]
    assert set(counts) == set(real["slices"][0]["destinations"]["lake"]["conference"])


def test_the_status_on_the_page_has_the_members_of_a_real_one(shell: Shell) -> None:
    shown, more = map(json.loads, blocks("json", (PROJECT / "docs" / "status.md").read_text()))
    with vendor(shell):
        shell("opentok", "--date", "2026-11-18")
        real = json.loads(shell("status", "--json", "--last", "2d").out)
    next(shell.data.glob("lake/sample/*/*/*")).unlink()
    verified = json.loads(shell("status", "--json", "--last", "2d", "--verify").out)

    assert set(verified) == set(real) | set(more)
    assert set(verified["verify"]) == set(more["verify"])
    for name in ("archive", "lake"):
        assert set(verified["verify"]["places"][name]) == set(more["verify"]["places"][name])
    assert set(verified["verify"]["differences"][0]) == set(more["verify"]["differences"][0])
    for one, other in ((shown, real), (shown["accounts"][0], real["accounts"][0])):
        assert set(one) == set(other)
    account, real = shown["accounts"][0], real["accounts"][0]
    assert set(account["states"]) == set(real["states"])
    assert set(account["destinations"][0]) == set(real["destinations"][0])
    assert set(account["days"][0]) == set(real["days"][0])
    assert set(account["days"][0]["destinations"][0]) == set(real["days"][0]["destinations"][0])


def test_the_doctor_s_answer_on_the_page_has_the_members_of_a_real_one(shell: Shell) -> None:
    (shown,) = map(json.loads, blocks("json", (PROJECT / "docs" / "troubleshooting.md").read_text()))
    real = json.loads(shell("doctor", "--json").out)

    assert set(shown) == set(real)
    assert set(shown["checks"][0]) == set(real["checks"][0])


def test_every_sign_of_the_calendar_is_explained() -> None:
    explained = re.findall(r"^\|[^|]*\| `(.)` \|", (PROJECT / "docs" / "status.md").read_text(), re.MULTILINE)

    assert [*explained, BEFORE.sign] == [each.sign for each in MARKS]


# -- what is typed ----------------------------------------------------------------------------------------

INSTALLATION = {"pipx install ."}  # `test_wheel.py` installs the package


def test_every_make_target_of_the_documents_exists() -> None:
    targets = set(re.findall(r"^([a-z]+):", (PROJECT / "Makefile").read_text(), re.MULTILINE))
    named = {
        name for path in DOCUMENTS for name in re.findall(r"(?:`|^ *)make ([a-z]+)", path.read_text(), re.MULTILINE)
    }

    assert named >= {"demo", "venv", "test", "docs"}
    assert named <= targets


def test_every_command_line_of_the_readme_works(shell: Shell, es_url: str, prefix: str) -> None:
    """Those of `dev` have a vendor of their own: they run beside the others, some of which wait for a rate."""
    harvests: list[str] = []
    now = datetime(2026, 11, 21, 9, tzinfo=UTC)
    with (
        vendor(shell, now=now),
        zoom_days.served(zoom_days.everything(), lambda: now) as zoom,
        serve_peermetrics(peermetrics_days.everything(), now=lambda: now) as peermetrics,
        serve(FakeKibana()) as kibana,
        ThreadPoolExecutor(max_workers=1) as beside,
    ):
        demos: list[Future[None]] = []
        shell.env |= {"ES_HOST": es_url, "INDEX_PREFIX": prefix, **zoom_days.environment(zoom)}
        shell.env |= {**peermetrics_days.environment(peermetrics), "KIBANA_HOST": kibana.url}
        shell.env |= {"PRIVACY_KEY_FILE": str(key_in(shell.folder))}
        (shell.folder / "leavers.txt").write_text("ann@example.com\nAna\n")
        alone = replace(shell, env={**shell.env, "ES_HOST": "", "KIBANA_HOST": ""})  # theirs: test_demo_search.py
        for line in lines("sh"):
            if line.startswith("./harvest.py "):
                harvests.append(line)
                if line.startswith("./harvest.py dev "):
                    demos.append(beside.submit(_harvest, alone, line))
                else:
                    _harvest(shell, line)
            else:
                assert line.startswith("make ") or line in INSTALLATION, line
        for demo in demos:
            demo.result()

    assert len(harvests) == 33


def test_make_env_makes_a_file_of_settings_that_its_owner_alone_can_read_and_never_again(tmp_path: Path) -> None:
    (tmp_path / "example.env").write_text("ES_HOST=\n")
    made = ["make", "-f", str(PROJECT / "Makefile"), "env"]
    subprocess.run(made, cwd=tmp_path, check=True, capture_output=True)
    assert (tmp_path / ".env").read_text() == "ES_HOST=\n"
    assert (tmp_path / ".env").stat().st_mode & 0o777 == 0o600

    (tmp_path / ".env").write_text("ES_HOST=search\n")
    os.utime(tmp_path / ".env", (0, 0))
    subprocess.run(made, cwd=tmp_path, check=True, capture_output=True)
    assert (tmp_path / ".env").read_text() == "ES_HOST=search\n"


def _harvest(shell: Shell, line: str) -> None:
    command, _, reader = line.partition(" | ")
    done = shell(*shlex.split(command)[1:])
    assert done.code == 0, f"{line}\n{done.err}"
    if reader:
        path = re.fullmatch(r"jq (\.[a-z.]+)", reader)
        assert path, reader
        for document in map(json.loads, done.out.splitlines()):
            assert _at(document, path[1]) is not None


def _at(document: dict[str, Any], path: str) -> object:
    found: Any = document
    for name in path.strip(".").split("."):
        found = found[name]
    return found


def test_the_readme_s_queries_of_stdout_find_something(shell: Shell) -> None:
    with vendor(shell):
        done = shell("opentok", "--date", "2026-11-18", "--destination", "stdout")

    assert {_at(json.loads(line), ".vconf.type") for line in done.out.splitlines()} == {
        "conference",
        "participant",
        "stream",
        "sample",
    }


def test_the_table_of_labels_is_one(tmp_path: Path) -> None:
    (table,) = blocks("csv")
    problems: list[str] = []
    (tmp_path / "labels.csv").write_text(table)
    found = read_lookup(tmp_path / "labels.csv", problems)

    assert problems == []
    assert found
    assert found.of("room", "82827962364") == {"school": "Linden School", "class": "7b"}


def test_the_crontab_line_runs_when_the_vendor_s_data_is_there(shell: Shell) -> None:
    (line,) = lines("crontab")
    minute, hour, *rest, command = line.split(maxsplit=5)
    change, harvest = command.split(" && ")

    assert rest == ["*", "*", "*"]
    assert change.startswith("cd /")
    monday = datetime(2026, 11, 16, int(hour), int(minute), tzinfo=UTC)
    assert not any(OpenTok.limits.in_maintenance(monday + timedelta(days=day)) for day in range(7))
    with vendor(shell):
        shell.data.mkdir()
        done = shell(*shlex.split(harvest)[1:])
    assert (done.code, done.out, done.err) == (0, "", "")
    report = json.loads((shell.data / "last-night.json").read_text())
    assert [each["day"] for each in report["slices"]] == [f"2026-11-{day}" for day in range(13, 20)]


def test_the_lines_of_the_readme_that_find_something_missing_work_too(shell: Shell) -> None:
    """They stand apart from the others, since their exit code says that not every day is whole.

    Those of the stack, which need Docker: `test_stack_docker.py`.
    """
    found = [line for line in lines("bash") if line.startswith("./harvest.py ") and " dev " not in line]
    assert found
    with vendor(shell):
        for line in found:
            done = shell(*shlex.split(line)[1:])
            assert done.code in {0, 3}, f"{line}\n{done.err}"


def test_the_page_on_privacy_finds_somebody_s_pseudonym() -> None:
    """What one may type to find somebody by hand is what the program makes."""
    page = (PROJECT / "docs" / "privacy.md").read_text()
    (typed,) = re.findall(r"^printf '(.+?)' \| openssl dgst -sha256 -hmac .* \| head -c 32$", page, re.MULTILINE)
    text = re.sub(rb"\\([0-7]{1,3})", lambda octal: bytes([int(octal[1], 8)]), typed.encode())
    key = "8f" * 32

    assert hmac.new(key.encode(), text, "sha256").hexdigest()[:32] == (
        Key(key.encode(), "").of("user.email", "ann@example.com")
    )
    assert HOW.split("`")[1].strip() in page
    assert HOW.split("`")[1] == next(iter(blocks("sh", page))).strip()


def test_the_page_on_privacy_tells_of_every_profile() -> None:
    page = (PROJECT / "docs" / "privacy.md").read_text()
    told = re.findall(r"^\| `(\w+)` \|", page, re.MULTILINE)

    assert told == ["full", *BECOMES]
    for profile in told:
        parsed = next(each for name, each in declared(CommonSettings) if name == "privacy").parse(profile)
        assert parsed == profile
        assert f"`PRIVACY={profile}`" in README


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_shell_blocks_are_shell(path: Path) -> None:
    for block in [*blocks("sh", path.read_text()), *blocks("bash", path.read_text())]:
        subprocess.run(["bash", "-n"], input=block, text=True, check=True)


# -- links and sentences ----------------------------------------------------------------------------------


def _anchors(path: Path) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", path.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_links_lead_somewhere(path: Path) -> None:
    for target, anchor in re.findall(r"\]\(([^)#\s]*)(?:#([^)\s]+))?\)", path.read_text()):
        if not target.startswith("https://"):
            there = (path.parent / target).resolve() if target else path
            assert there.exists(), target
            assert not anchor or anchor in _anchors(there), anchor


def test_every_page_is_reached_from_the_readme() -> None:
    linked = {target for path in DOCUMENTS for target in re.findall(r"([\w-]+\.md)", path.read_text())}

    assert {path.name for path in DOCUMENTS} - {"README.md"} <= linked


def test_the_sentences_of_the_troubleshooting_page_are_the_program_s() -> None:
    sources = "\n".join(path.read_text() for path in sorted((PROJECT / "harvesters").rglob("*.py")))
    # Sentences are written over several lines, with values in braces.
    spoken = re.sub(r"\s+", " ", re.sub(r"\"\s+f?\"", "", sources))
    page = (PROJECT / "docs" / "troubleshooting.md").read_text()
    quoted = re.findall(r"^\| `([^|]+)`", page, re.MULTILINE)
    pieces = [piece.strip(" '(:.;") for sentence in quoted for piece in re.split(r"…|'[^']*'", sentence)]

    told = [piece for piece in pieces if len(piece) > 8]
    assert len(told) > 30
    assert [piece for piece in told if piece not in spoken] == []


def test_the_picture_says_what_it_shows() -> None:
    picture = (PROJECT / "docs" / "images" / "flow.svg").read_text()

    assert "prefers-color-scheme: dark" in picture
    assert "<title" in picture
    assert "<desc" in picture
    assert re.findall(r"--destination (\w+)", picture) == ["index", "lake", "stdout"]
