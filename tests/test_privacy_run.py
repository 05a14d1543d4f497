"""Canaries through every step and fault: where a profile forbids them, they show up nowhere."""

from __future__ import annotations

import json
import logging
import subprocess
from dataclasses import dataclass
from datetime import timedelta
from io import BytesIO
from itertools import repeat
from typing import TYPE_CHECKING, Any

import pytest
import requests

from harvesters.commands.console import JsonLines
from harvesters.core.destinations.lake import LakeDestination
from harvesters.core.errors import HarvestError
from tests import canaries
from tests.canaries import CanaryDay, everything, impersonal, personal
from tests.nights import HOME, NOBODY, Night, Ran, lake_lines
from tests.node_door import Door, every_third, html, leaves, lost, refuse_all, refuse_some, reply_cut
from tests.opentok_days import KEY

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from harvesters.core.destinations import Counts, Documents, Target
    from tests.node_door import Fault

    Records = Iterable[tuple[str, Documents]]

SECRET = "canary-of-the-key-0123456789abcdef0123456789"
PROFILES = ("pseudonymous", "minimal")
TYPES = ("conference", "participant", "stream", "sample", "issue")
pytestmark = pytest.mark.templates_stay


@pytest.fixture
def key(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("key") / "privacy.key"
    path.write_text(SECRET)
    return str(path)


@pytest.fixture(params=list(canaries.DAYS))
def day(request: pytest.FixtureRequest) -> Iterator[CanaryDay]:
    with canaries.DAYS[request.param]() as found:
        yield found


def said(ran: Ran) -> bytes:
    """All that a run said for people and in its report."""
    sentences = [ran.report.summary(), *ran.said, *(each.sentence() for each in ran.report.slices)]
    sentences += [line for each in ran.report.slices for line in (*each.failed_calls(), *each.warnings)]
    return "\n".join([json.dumps(ran.report.as_json(), ensure_ascii=False), *sentences]).encode()


def logged(caplog: pytest.LogCaptureFixture) -> bytes:
    """All that was logged, as text and as JSON; of other programs' records a console shows warnings alone."""
    ours = [each for each in caplog.records if each.name.startswith("harvesters") or each.levelno >= logging.WARNING]
    return "\n".join([each.getMessage() for each in ours] + [JsonLines().format(each) for each in ours]).encode()


@dataclass(frozen=True)
class Machine:
    """A folder and a real Elasticsearch, into which a day is harvested."""

    day: CanaryDay
    folder: Path
    es_url: str
    prefix: str

    def night(self, **settings: str) -> Night:
        return self.day.night(self.folder, **settings).later(es_url=self.es_url, prefix=self.prefix)

    def held(self) -> bytes:
        """Everything that Elasticsearch has under the prefix, the runs' documents too."""
        requests.post(f"{self.es_url}/{self.prefix}-*/_refresh", timeout=60)
        heard = requests.post(f"{self.es_url}/{self.prefix}-*/_search", json={"size": 10_000}, timeout=60)
        assert heard.json()["hits"]["hits"]
        return heard.content


@pytest.fixture
def machine(day: CanaryDay, tmp_path: Path, es_url: str, prefix: str) -> Machine:
    return Machine(day, tmp_path, es_url, prefix)


def assert_untold(day: CanaryDay, told: bytes) -> None:
    assert day.told_in(told) == []
    assert day.secrets_in(told) == []
    assert SECRET.encode() not in told


# -- that the search would find them --------------------------------------------------------------------


def test_every_canary_sings_under_the_full_profile_and_every_secret_is_silent(day: CanaryDay, tmp_path: Path) -> None:
    ran = day.night(tmp_path).harvest(day.date)

    assert ran.exit_code == 0
    assert day.told_in(everything(tmp_path)) == list(day.people)
    assert day.told_in(everything(tmp_path, raw=True)) == list(day.people)
    assert day.secrets_in(everything(tmp_path, raw=True)) == []
    assert {type_ for type_ in TYPES if lake_lines(tmp_path, type_)} >= {
        "conference",
        "participant",
        "stream",
        "sample",
    }
    # What a run says is silent under this profile too.
    assert day.told_in(said(ran)) == []


# -- into every destination -----------------------------------------------------------------------------


@pytest.mark.parametrize("profile", PROFILES)
def test_no_canary_gets_into_any_destination(
    machine: Machine, profile: str, key: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    day, tmp_path = machine.day, machine.folder
    night = machine.night(PRIVACY=profile, PRIVACY_KEY_FILE=key)
    night.setup()
    printed = BytesIO()
    ran = night.harvest(day.date, into=["index", "lake", "stdout"], stdout=printed)

    assert ran.exit_code == 0
    assert all(len(lake_lines(tmp_path, type_)) > 0 for type_ in ("conference", "participant", "stream", "sample"))
    held = machine.held()
    for told in (said(ran), logged(caplog), printed.getvalue(), everything(tmp_path), held):
        assert len(told) > 100
        assert_untold(day, told)
    documents = [json.loads(line)["vconf"] for line in lake_lines(tmp_path)]
    assert {each["privacy"] for each in documents} == {profile}
    assert len({each.get("privacy_key") for each in documents}) == 1
    assert ("privacy_key" in documents[0]) is (profile == "pseudonymous")


@pytest.mark.parametrize("profile", PROFILES)
def test_no_canary_is_said_by_the_command(day: CanaryDay, profile: str, key: str, tmp_path: Path) -> None:
    """As its user types it, with everything that it can be asked to say."""
    night = day.night(tmp_path / "data", PRIVACY=profile, PRIVACY_KEY_FILE=key)
    verbose = ["-vv", "--report", "report.json"]
    lines: list[list[str]] = [
        [day.vendor, "--date", str(day.date), "--dry-run", *verbose],
        [day.vendor, "--date", str(day.date), "--destination", "lake", *verbose],
        [day.vendor, "--date", str(day.date), "--again", "--log-format", "json", "--destination", "stdout", *verbose],
        ["replay", "--all", "--destination", "lake", "--log-format", "json", *verbose],
        ["replay", "--all", "--destination", "stdout", "--key", "nobody"],
        [day.vendor, "--date", str(day.date), "--session-id", "nobody", "--destination", "lake"],
        ["config", "show", "--origin"],
    ]
    for line in lines:
        done = night.command(*line)
        assert "Traceback" not in done.stderr
        assert done.returncode in {0, 3}, (line, done.stderr)
        assert_untold(day, done.stdout.encode() + done.stderr.encode() + everything(tmp_path))


def test_a_comparison_shows_no_canary_of_the_profile_before(day: CanaryDay, tmp_path: Path) -> None:
    assert day.night(tmp_path).harvest(day.date).exit_code == 0
    night = day.night(tmp_path, PRIVACY="minimal")
    done = night.command("replay", "--all", "--dry-run", "--diff", "--destination", "lake", "--report", "diff.json")

    assert done.returncode == 0, done.stderr
    assert "(personal)" in done.stdout
    assert_untold(day, done.stdout.encode() + done.stderr.encode() + (tmp_path / "diff.json").read_bytes())


def test_all_but_people_is_the_same_under_every_profile(day: CanaryDay, key: str, tmp_path: Path) -> None:
    def documents(profile: str) -> dict[str, dict[str, Any]]:
        night = day.night(tmp_path / profile, PRIVACY=profile, PRIVACY_KEY_FILE=key)
        assert night.harvest(day.date).exit_code == 0
        lines = [leaves(json.loads(line)) for line in lake_lines(night.data_dir)]
        found = {f"{each['event.id']} {each['vconf.type']}": each for each in lines}
        assert len(found) == len(lines)
        return found

    full = documents("full")
    for profile in PROFILES:
        assert {name: impersonal(each) for name, each in documents(profile).items()} == {
            name: impersonal(each) for name, each in full.items()
        }
    assert all(personal(each) == {} for each in documents("minimal").values())


# -- whatever goes wrong --------------------------------------------------------------------------------


@pytest.mark.parametrize(("vendor", "fault"), canaries.FAULTS)
def test_no_canary_is_told_whatever_the_vendor_does(
    vendor: str, fault: str, key: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    with canaries.DAYS[vendor](fault) as day:
        night = day.night(tmp_path, PRIVACY="pseudonymous", PRIVACY_KEY_FILE=key)
        printed = BytesIO()
        for options in ({}, {"again": True}):
            try:
                told = said(night.harvest(day.date, into=["lake", "stdout"], stdout=printed, **options))
            except HarvestError as error:  # before the first day, which the command says likewise
                told = str(error).encode()
            assert_untold(day, told)
    assert_untold(day, printed.getvalue() + logged(caplog) + everything(tmp_path))
    assert day.secrets_in(everything(tmp_path, raw=True)) == []


def test_no_host_is_named_by_the_report_of_a_plan_without_dashboards(
    key: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Its paths hold the ids of hosts, and its refusals quote them."""
    caplog.set_level(logging.DEBUG)
    for fault in ("plan-refused", "scope-missing", "500", "429"):
        with canaries.zoom_day(fault) as day:
            more = {"PRIVACY": "pseudonymous", "PRIVACY_KEY_FILE": key, "ZOOM_VIA": "report"}
            ran = day.night(tmp_path / fault, **more).harvest(day.date)
            assert_untold(day, said(ran) + logged(caplog) + everything(tmp_path))


@pytest.mark.parametrize(
    ("zoom_says", "we_say"),
    [
        (f"User does not exist: {canaries.HOST.id}.", "User does not exist: …"),
        (f"{canaries.HOST.email} is of another account.", "… is of another account"),
    ],
)
def test_a_host_whom_zoom_does_not_know_is_not_named(
    key: str, tmp_path: Path, caplog: pytest.LogCaptureFixture, zoom_says: str, we_say: str
) -> None:
    caplog.set_level(logging.DEBUG)
    with canaries.zoom_day() as day:
        quoting = {"code": 1001, "message": zoom_says}
        canaries.refusing(day, f"/report/users/{canaries.HOST.id}", 404, quoting)
        more = {"PRIVACY": "pseudonymous", "PRIVACY_KEY_FILE": key, "ZOOM_VIA": "report"}
        ran = day.night(tmp_path, **more).harvest(day.date)

    words = said(ran)
    assert f"the meetings of host number 1 in Zoom's list cannot be had: {we_say} (status" in words.decode()
    assert_untold(day, words + logged(caplog) + everything(tmp_path))


def quoting_refusal() -> Fault:
    """A node that says what it read, as real ones do."""
    why = "failed to parse field [user.id] of type [keyword] in document with id 'x'. Preview of field's value: '{}'"
    return refuse_some(every_third, 400, "document_parsing_exception", why.format("{n=Canary Singer}"))


NODE: dict[str, list[Fault]] = {
    "refused": list(repeat(quoting_refusal(), 99)),
    "429": [refuse_all(429)] * 2,
    "503": [refuse_all(503, "unavailable_shards_exception")] * 2,
    "lost": [lost],
    "cut": [reply_cut],
    "html": [html({"X-elastic-product": "Elasticsearch"})] * 2,
}


@pytest.mark.parametrize("fault", NODE)
def test_no_canary_is_told_whatever_elasticsearch_does(
    machine: Machine, fault: str, key: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    day, tmp_path = machine.day, machine.folder
    with Door(machine.es_url, NODE[fault]).serve() as node:
        night = machine.night(PRIVACY="pseudonymous", PRIVACY_KEY_FILE=key).later(es_url=node.url)
        night.setup()
        ran = night.harvest(day.date, into=["index"])

    letters = list((tmp_path / "dead-letter").rglob("*.ndjson"))
    assert bool(letters) is (fault == "refused")
    assert ran.exit_code == (3 if letters else 0)
    assert_untold(day, said(ran) + logged(caplog) + everything(tmp_path))
    for letter in letters:
        copies = [json.loads(line)["_source"]["vconf"] for line in letter.read_text().splitlines()]
        assert {each["privacy"] for each in copies} == {"pseudonymous"}


def test_a_crash_in_the_middle_of_a_load_leaves_no_canary(
    day: CanaryDay, key: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    night = day.night(tmp_path, PRIVACY="pseudonymous", PRIVACY_KEY_FILE=key)
    write = LakeDestination.write

    def crash(self: LakeDestination, target: Target, records: Records, counts: Counts) -> None:
        def until_then() -> Records:
            for name, documents in records:
                yield name, documents
                raise MemoryError

        write(self, target, until_then(), counts)

    monkeypatch.setattr(LakeDestination, "write", crash)
    with pytest.raises(MemoryError):
        night.harvest(day.date)
    assert_untold(day, everything(tmp_path))


def test_a_bug_is_told_by_its_place_and_not_in_its_own_words(tmp_path: Path) -> None:
    """An error's text may quote what it stumbled over."""
    script = (
        "import sys\n"
        "from harvesters.commands import config, main\n"
        "def stumble(*_): raise LookupError('Canary Singer') from ValueError('canary@example.com')\n"
        "sys.modules['harvesters.commands.workplace'].find_dotenv = stumble\n"
        "main.main(['-vv', 'config', 'show'])\n"
    )
    night = Night(tmp_path, canaries.OPENTOK_NOW)
    command = [str(canaries.PYTHON), "-c", script]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=HOME, env=night.environment)

    assert done.returncode == 1
    assert "error: a mistake of this program: LookupError in <string>, line 3. What was fetched" in done.stderr
    assert "ValueError" in done.stderr
    assert "anary" not in done.stderr.replace("canaries", "")


# -- another profile ------------------------------------------------------------------------------------

OTHER = (
    "1 day in lake with documents that are not of the privacy profile minimal: "
    "'./harvest.py replay {0} --all --destination lake' makes them anew."
)


def test_another_profile_loads_the_taken_day_again_and_replay_the_rest(machine: Machine) -> None:
    day, tmp_path = machine.day, machine.folder
    full = machine.night()
    full.setup()
    assert full.harvest(day.date, into=["index", "lake"]).exit_code == 0
    assert day.told_in(everything(tmp_path)) == day.told_in(machine.held()) == list(day.people)

    minimal = machine.night(PRIVACY="minimal")
    # A run of that day into one of the two: the other one is named until it is loaded too.
    first = minimal.harvest(day.date, into=["index"])
    assert first.exit_code == 0
    assert first.said == [OTHER.format(day.vendor)]
    assert day.told_in(machine.held()) == []
    assert day.told_in(everything(tmp_path)) == list(day.people)

    done = minimal.command("replay", day.vendor, "--all", "--destination", "lake")
    assert (done.returncode, "privacy profile" in done.stderr) == (0, False), done.stderr
    assert day.told_in(everything(tmp_path)) == []
    assert minimal.harvest(day.date, into=["index", "lake"]).said == []


def test_of_several_days_the_taken_one_changes_and_the_others_are_counted(tmp_path: Path) -> None:
    with canaries.zoom_day() as day:
        before = day.date - timedelta(days=1)
        assert day.night(tmp_path).harvest(before, day.date).exit_code == 0
        minimal = day.night(tmp_path, PRIVACY="minimal")
        ran = minimal.harvest(day.date)
        assert (ran.exit_code, ran.said) == (0, [OTHER.format("zoom")])
        profiles = {
            document["@timestamp"][:10]: document["vconf"]["privacy"]
            for document in map(json.loads, lake_lines(tmp_path))
        }
        assert profiles == {str(before): "full", str(day.date): "minimal"}

        done = minimal.command("replay", "--all", "--destination", "lake")
        assert (done.returncode, "privacy profile" in done.stderr) == (0, False), done.stderr
    assert_untold(day, everything(tmp_path))


def test_what_a_crash_left_of_another_profile_is_warned_of_and_goes(
    day: CanaryDay, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run that is cut off knows no longer what the lake holds; it is what was there before."""
    assert day.night(tmp_path).harvest(day.date).exit_code == 0
    left = tmp_path / "lake" / "issue" / f"vendor={day.vendor}"
    (account,) = (tmp_path / "lake" / "conference" / f"vendor={day.vendor}").iterdir()
    (left / account.name).mkdir(parents=True, exist_ok=True)
    (left / account.name / f"{day.date}.ndjson.zst.new").write_text(day.people[0])
    minimal = day.night(tmp_path, PRIVACY="minimal")

    def crash(*_given: object) -> None:
        raise MemoryError

    with monkeypatch.context() as patch:
        patch.setattr(LakeDestination, "write", crash)
        with pytest.raises(MemoryError):
            minimal.harvest(day.date)
    assert day.told_in(everything(tmp_path)) == list(day.people)
    other = minimal.command(day.vendor, "--date", str(day.date), "--dry-run", "--destination", "lake")
    assert OTHER.format(day.vendor) in other.stderr

    ran = minimal.harvest(day.date)
    assert (ran.exit_code, ran.said) == (0, [])
    assert_untold(day, everything(tmp_path))


def test_what_elasticsearch_refuses_stays_there_as_it_was_and_is_warned_of(machine: Machine) -> None:
    day = machine.day
    full = machine.night()
    full.setup()
    assert full.harvest(day.date, into=["index"]).exit_code == 0
    with Door(machine.es_url, repeat(quoting_refusal())).serve() as node:
        minimal = machine.night(PRIVACY="minimal").later(es_url=node.url)
        ran = minimal.harvest(day.date, into=["index"])

    warning = OTHER.format(day.vendor).replace("lake", "index")
    assert (ran.exit_code, ran.said) == (3, [warning])
    assert day.told_in(machine.held())
    assert_untold(day, everything(machine.folder))
    mended = machine.night(PRIVACY="minimal").harvest(day.date, into=["index"])
    assert (mended.exit_code, mended.said) == (0, [])
    assert_untold(day, machine.held() + everything(machine.folder))


def test_every_run_warns_of_days_that_it_does_not_take(tmp_path: Path, key: str) -> None:
    with canaries.opentok_day() as day:
        day.night(tmp_path).harvest(day.date)
    later = Night(tmp_path, canaries.OPENTOK_NOW, NOBODY, more={"PRIVACY": "pseudonymous", "PRIVACY_KEY_FILE": key})
    other = str(day.date.replace(day=17))
    for line in (["opentok", "--date", other], ["opentok"], ["replay", "--date", other], ["opentok", "--dry-run"]):
        done = (
            later.command(*line, "--destination", "lake", "--deadline", "1s")
            if line[0] == "opentok"
            else (later.command(*line, "--destination", "lake"))
        )
        told = [each for each in done.stderr.splitlines() if "privacy profile" in each]
        assert len(told) == 1, (line, done.stderr)
        assert told[0].startswith("1 day in lake with documents that are not of the privacy profile pseudonymous-")
        assert "replay opentok --all --destination lake" in told[0]
    # The nightly choice says it once, and not as a day of older settings besides.
    assert (
        "of other code or settings" not in later.command("opentok", "--destination", "lake", "--deadline", "1s").stderr
    )


def test_another_key_is_another_profile_and_the_same_key_is_not(tmp_path: Path, key: str) -> None:
    with canaries.opentok_day() as day:
        settings = {"PRIVACY": "pseudonymous", "PRIVACY_KEY_FILE": key}
        day.night(tmp_path, **settings).harvest(day.date)
        before = lake_lines(tmp_path)
        assert day.night(tmp_path, **settings).harvest(day.date).counts("lake")["sent"] == 0
        (tmp_path.parent / "other.key").write_text(SECRET[::-1])
        moved = day.night(tmp_path, **{**settings, "PRIVACY_KEY_FILE": str(tmp_path.parent / "other.key")})
        assert moved.harvest(day.date).exit_code == 0
    after = lake_lines(tmp_path)
    ids = [{json.loads(line)["user"]["id"] for line in lines if b'"user":{' in line} for lines in (before, after)]
    assert len(ids[0]) == len(ids[1]) == 2
    assert not ids[0] & ids[1]


def test_back_to_the_full_profile_is_loaded_again_too(tmp_path: Path) -> None:
    with canaries.opentok_day() as day:
        assert day.night(tmp_path).harvest(day.date).exit_code == 0
        before = lake_lines(tmp_path)
        day.night(tmp_path, PRIVACY="minimal").harvest(day.date)
        assert lake_lines(tmp_path) != before
        day.night(tmp_path).harvest(day.date)
    assert lake_lines(tmp_path) == before
    assert KEY.encode() in before[0]
