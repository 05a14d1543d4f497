"""`explain`: a call by any of its ids, from each place the same; a person; and what the command says."""

from __future__ import annotations

import json
import os
import pty
import re
import shutil
import subprocess
import sys
from collections import Counter
from typing import TYPE_CHECKING

import msgspec
import pytest
import zstandard

from harvesters.commands import explaining
from harvesters.commands.explaining import Asked, person
from harvesters.commands.simulated import ACCOUNT
from harvesters.core.day import Day
from harvesters.core.errors import NothingFoundError
from harvesters.core.locks import held
from harvesters.core.store import SliceStore
from harvesters.story import matches
from harvesters.story.history import as_json as history_json
from tests.conftest import own_prefix
from tests.nights import HOME, lake_lines
from tests.opentok_days import KEY
from tests.shell import Shell
from tests.told_calls import DAY, STORES, VENDORS, Json, Town, settle_in

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from elasticsearch import Elasticsearch

    from harvesters.core.manifest import Manifest

THAT_DAY, ROOM = (Day(DAY),), "standup/0"


@pytest.fixture(scope="module")
def town(es: Elasticsearch, es_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    with own_prefix(es) as prefix:
        found = settle_in(tmp_path_factory.mktemp("town"), es_url, prefix)
        es.indices.refresh(index=f"{prefix}-*")
        yield found


def of_call(town: Town, type_: str, conference: str) -> list[Json]:
    lines = lake_lines(town.night.data_dir, type_)
    found = [msgspec.json.decode(line) for line in lines if conference.encode() in line]
    return [each for each in found if each["vconf"]["conference"]["id"] == conference]


# -- the same from every place ------------------------------------------------------------------------------


@pytest.mark.parametrize("vendor", VENDORS)
def test_every_call_of_a_day_is_told_the_same_from_lake_archive_and_index(town: Town, vendor: str) -> None:
    assert len(town.conferences[vendor]) >= 6
    for call in town.conferences[vendor]:
        id_ = call["vconf"]["conference"]["id"]
        lake, archive, index = (town.told(vendor, id_, store) for store in STORES)
        assert json.loads(lake) == json.loads(archive) == json.loads(index)
        assert lake == archive == index


@pytest.mark.parametrize(("vendor", "store"), list(zip(VENDORS, STORES, strict=True)))
def test_the_json_has_every_document_of_the_call_and_charts_of_the_worst(town: Town, vendor: str, store: str) -> None:
    """From one place for each vendor: the others give the same."""
    call = max(town.conferences[vendor], key=lambda each: each["vconf"]["streams"]["count"])
    id_ = call["vconf"]["conference"]["id"]
    told = json.loads(town.told(vendor, id_, store))
    assert told["conference"] == call
    assert told["verdict"] == {"side": None, "start": None, "end": None, **_verdict(call)}
    for type_ in ("participant", "stream", "issue"):
        expected = {each["event"]["id"]: each for each in of_call(town, type_, id_)}
        found = told[f"{type_}s"]
        assert {each["event"]["id"]: each for each in found} == expected
        assert len(found) == len(expected)
    samples = of_call(town, "sample", id_)
    for chart in told["charts"]:
        values = [value for each in samples if (value := _value(each, chart)) is not None]
        there = [each for each in chart["columns"] if each]
        assert len(chart["columns"]) == 60
        assert sum(each["count"] for each in there) == len(values)
        assert (min(each["min"] for each in there), max(each["max"] for each in there)) == (min(values), max(values))


def _verdict(call: Json) -> Json:
    return {
        name: value
        for name, value in call["vconf"]["verdict"].items()
        if name in {"code", "text", "side", "sure", "start", "end"}
    }


def _value(sample: Json, chart: Json) -> float | None:
    if sample["vconf"]["stream"]["id"] != chart["stream"]:
        return None
    found: float | None = sample["vconf"].get("quality", {}).get(chart["medium"], {}).get(chart["measure"])
    return found


# -- how a call is named ------------------------------------------------------------------------------------


@pytest.mark.parametrize("store", STORES)
@pytest.mark.parametrize("vendor", VENDORS)
def test_a_call_is_found_by_each_of_its_ids(town: Town, vendor: str, store: str) -> None:
    call = town.conferences[vendor][3]
    block = call["vconf"]["conference"]
    keys = [block["id"], block["vendor_id"], block["parent_id"], call["event"]["id"]]
    for type_ in ("participant", "stream", "sample", "issue"):
        keys += [each["event"]["id"] for each in of_call(town, type_, block["id"])[:1]]
    for key in keys:
        _, matches = town.found(vendor, key, store)
        assert block["id"] in {each.call.id for each in matches}, key
        if key != block["parent_id"]:
            assert len(matches) == 1, key


@pytest.mark.parametrize("store", STORES)
def test_whoever_is_asked_for_is_pointed_out(town: Town, store: str) -> None:
    call = town.conferences["zoom"][0]["vconf"]["conference"]
    judged = [each for each in of_call(town, "stream", call["id"]) if "audio" in each["vconf"].get("quality", {})]
    last = min(judged, key=lambda each: each["vconf"]["quality"]["audio"]["poor_s"])
    told = json.loads(town.told("zoom", last["event"]["id"], store))
    assert told["asked_for"] == last["event"]["id"]
    assert told["charts"][0]["stream"] == last["vconf"]["stream"]["id"]


@pytest.mark.parametrize("store", STORES)
@pytest.mark.parametrize(
    "key", ["nobody-knows-it", "a" * 32, "zoom/x/stream/y/z", "sha256:" + "0" * 64, "", "2026-11-20"]
)
def test_what_nobody_knows_is_not_found(town: Town, store: str, key: str) -> None:
    with pytest.raises(NothingFoundError, match="looked through"):
        town.found("zoom", key, store)


@pytest.mark.parametrize("store", STORES)
def test_days_narrow_the_search(town: Town, store: str) -> None:
    id_ = town.conferences["opentok"][0]["vconf"]["conference"]["id"]
    assert len(town.found("opentok", id_, store, THAT_DAY)[1]) == 1
    with pytest.raises(NothingFoundError):
        town.found("opentok", id_, store, (Day(DAY) + 1,))


@pytest.mark.parametrize("store", STORES)
def test_one_vendor_s_call_is_not_another_s(town: Town, store: str) -> None:
    id_ = town.conferences["opentok"][0]["vconf"]["conference"]["id"]
    with pytest.raises(NothingFoundError):
        town.found("zoom", id_, store)


def test_without_elasticsearch_the_lake_is_asked_then_the_archive(town: Town) -> None:
    alone = Town(town.night.later(es_url=""))
    id_ = town.conferences["zoom"][0]["vconf"]["conference"]["id"]
    assert alone.found("zoom", id_, None)[0].where.startswith("the lake in ")
    assert town.found("zoom", id_, None)[0].where.startswith("Elasticsearch at ")
    with pytest.raises(
        NothingFoundError, match=r"one day \(2026-11-20\) of the lake in .* and one day .* of the archive"
    ):
        alone.found("zoom", "nobody-knows-it", None)


# -- a person -----------------------------------------------------------------------------------------------


def _persons(town: Town) -> dict[str, Json]:
    """Some keys of people, with one of their participations."""
    found = [msgspec.json.decode(line) for line in lake_lines(town.night.data_dir, "participant")]
    zoom = next(
        each for each in found if each["vconf"]["vendor"] == "zoom" and "ł" in each["user"].get("full_name", "").lower()
    )
    opentok = next(each for each in found if each["vconf"]["vendor"] == "opentok")
    user = zoom["user"]
    return {
        user["id"]: zoom,
        user["email"].upper(): zoom,
        user["full_name"].swapcase(): zoom,
        opentok["user"]["id"]: opentok,
    }


@pytest.mark.parametrize("store", STORES)
def test_a_person_is_found_by_id_address_and_name_in_any_case(town: Town, store: str) -> None:
    for who, one in _persons(town).items():
        _, told = person(town.place, Asked(VENDORS, store=store, days=THAT_DAY), who)
        found = [json.loads(each) for each in told.sources]
        assert one in found
        assert [each["@timestamp"] for each in found] == sorted((each["@timestamp"] for each in found), reverse=True)
        assert all(who.lower() in str(each["user"]).lower() for each in found)


def test_a_person_s_history_is_the_same_from_every_place(town: Town) -> None:
    for who in _persons(town):
        told = [
            msgspec.json.encode(history_json(person(town.place, Asked(VENDORS, store=store, days=THAT_DAY), who)[1]))
            for store in STORES
        ]
        assert told[0] == told[1] == told[2]


def test_the_manifest_of_a_day_is_read_once_however_many_of_its_calls_somebody_was_in(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = [json.loads(line) for line in lake_lines(town.night.data_dir, "participant")]
    calls = Counter(each["user"]["id"] for each in found if each["vconf"]["vendor"] == "zoom" and "id" in each["user"])
    ((who, most),) = calls.most_common(1)
    assert most > 1
    read, peek = [], SliceStore.peek

    def noted(store: SliceStore) -> Manifest | None:
        read.append(store.day)
        return peek(store)

    monkeypatch.setattr(SliceStore, "peek", noted)
    _, told = person(town.place, Asked(["zoom"], store="archive", days=THAT_DAY), who)
    assert len(told.sources) == most
    assert read == [Day(DAY)]


# -- the command --------------------------------------------------------------------------------------------


def written(town: Town) -> dict[Path, int]:
    """When each file was last written."""
    files = [path for path in town.night.data_dir.rglob("*") if path.is_file() and path.name != ".env"]
    return {path: path.stat().st_mtime_ns for path in files}


def test_a_call_is_told_while_a_harvest_holds_the_lock_and_nothing_is_written(town: Town) -> None:
    id_ = town.conferences["opentok"][0]["vconf"]["conference"]["id"]
    with held(town.night.data_dir, "opentok", KEY, town.night.now):
        before = written(town)
        done = town.night.command("explain", "opentok", id_, "--in", "archive")
        assert written(town) == before
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("opentok call")
    assert done.stderr == f"From the archive in {town.night.data_dir / 'archive'}.\n"


def test_what_is_not_found_is_exit_code_1_and_an_empty_list_as_json(town: Town) -> None:
    done = town.night.command("explain", "zoom", "nobody-knows-it", "--json")
    assert (done.returncode, json.loads(done.stdout)) == (1, {"matches": [], "more": 0})
    assert done.stderr.startswith(
        "error: no zoom call is known by 'nobody-knows-it': looked through all days of Elastic"
    )
    nobody = town.night.command("explain", "--person", "nobody@example.com")
    assert (nobody.returncode, nobody.stdout) == (1, "")
    assert "nobody@example.com" not in nobody.stderr


@pytest.mark.parametrize(
    "arguments",
    ["", "zoom", "zoom x --person y", "zoom x --in stdout", "zoom x --date 2026-11-20 --last 7d", "teams x"],
)
def test_wrong_usage_is_exit_code_2(town: Town, arguments: str) -> None:
    done = town.night.command("explain", *arguments.split())
    assert (done.returncode, done.stdout) == (2, "")


@pytest.mark.parametrize("store", STORES)
def test_several_calls_are_listed_newest_first_with_the_id_to_type(town: Town, store: str) -> None:
    calls = [each for each in town.conferences["peermetrics"] if each["vconf"]["conference"]["parent_id"] == ROOM]
    blocks = sorted((each["vconf"]["conference"] for each in calls), key=lambda each: each["start"], reverse=True)
    assert len(blocks) == 2
    done = town.night.command("explain", "peermetrics", ROOM, "--in", store, "--json")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)["matches"]
    for name in ("id", "vendor_id", "parent_id", "name", "start", "end", "duration_s"):
        assert [each[name] for each in found] == [each[name] for each in blocks]
    told = {each["vconf"]["conference"]["id"]: each["vconf"] for each in calls}
    assert [each["verdict"] for each in found] == [told[each["id"]]["verdict"]["code"] for each in blocks]
    assert [each["participants"] for each in found] == [told[each["id"]]["participants"]["unique"] for each in blocks]
    page = town.night.command("explain", "peermetrics", ROOM, "--in", store).stdout
    assert re.findall(r"explain peermetrics ([a-z2-7]{32})", page) == [each["id"] for each in blocks]
    one = town.night.command("explain", "peermetrics", ROOM, "--in", store, "--date", blocks[0]["start"][:10])
    assert f"id {blocks[0]['id']}" in one.stdout


def on_a_terminal(town: Town, *arguments: str, **more: str) -> str:
    """What the command writes to a terminal of 80 columns."""
    ours, its = pty.openpty()
    environment = {**town.night.environment, "PATH": os.environ["PATH"], "TERM": "xterm", "COLUMNS": "80", **more}
    command = [sys.executable, str(HOME / "harvest.py"), *arguments]
    with subprocess.Popen(
        command, stdout=its, stderr=subprocess.DEVNULL, env=environment, cwd=town.night.data_dir
    ) as ran:
        os.close(its)
        pieces = []
        try:
            while piece := os.read(ours, 65536):
                pieces.append(piece)
        except OSError:  # Linux says so at the end of a terminal
            pass
        assert ran.wait() == 0
    os.close(ours)
    return b"".join(pieces).decode()


def test_colours_are_for_terminals_that_want_them(town: Town) -> None:
    id_ = town.conferences["zoom"][0]["vconf"]["conference"]["id"]
    coloured = on_a_terminal(town, "explain", "zoom", id_, LANG="C.UTF-8")
    plain = on_a_terminal(town, "explain", "zoom", id_, NO_COLOR="1", LANG="C.UTF-8")
    assert "\x1b[1m" in coloured
    assert "\x1b" not in plain
    assert re.sub(r"\x1b\[\d+m", "", coloured) == plain
    assert "█" in plain


def test_a_terminal_that_knows_ascii_alone_gets_ascii(town: Town) -> None:
    id_ = town.conferences["zoom"][0]["vconf"]["conference"]["id"]
    shown = on_a_terminal(town, "explain", "zoom", id_, PYTHONIOENCODING="ascii", COLUMNS="40", NO_COLOR="1")
    assert shown.isascii()
    assert "####" in shown
    assert max(map(len, shown.splitlines())) <= 40


# -- what is on the page of an answer -----------------------------------------------------------------------

SHAPE = {
    "conference": (dict, type(None)), "verdict": (dict, type(None)), "day": (dict, type(None)),
    "asked_for": (str, type(None)), "participants": (list,), "streams": (list,), "issues": (list,), "charts": (list,),
}  # fmt: skip
CHART = {
    "stream": (str,), "medium": (str,), "measure": (str,), "unit": (str,), "limit": (float, int, type(None)),
    "start": (str,), "end": (str,), "columns": (list,),
}  # fmt: skip
COLUMN = {"min": (float, int), "max": (float, int), "avg": (float, int), "count": (int,)}
DAY_STATE = {"day": (str,), "state": (str,), "settled": (bool,)}
MATCH = {
    "vendor": (str,), "account": (str,), "id": (str,), "vendor_id": (str, type(None)), "parent_id": (str, type(None)),
    "name": (str, type(None)), "start": (str, type(None)), "end": (str, type(None)),
    "duration_s": (float, int, type(None)), "participants": (int, type(None)), "verdict": (str, type(None)),
}  # fmt: skip
PERSON = {
    "person": (str,), "from": (str,), "to": (str,), "calls": (int,), "poor": (int,), "not_judged": (int,),
    "participants": (list,),
}  # fmt: skip


def fits(value: Json, shape: Mapping[str, tuple[type, ...]]) -> bool:
    return list(value) == list(shape) and all(isinstance(value[name], types) for name, types in shape.items())


def test_the_json_is_of_the_shape_that_is_promised(town: Town) -> None:
    for vendor in VENDORS:
        for call in town.conferences[vendor]:
            told = json.loads(town.told(vendor, call["vconf"]["conference"]["id"], "lake"))
            assert fits(told, SHAPE)
            assert fits(told["day"], DAY_STATE)
            assert all(fits(chart, CHART) for chart in told["charts"])
            assert all(fits(each, COLUMN) for chart in told["charts"] for each in chart["columns"] if each)
    several = town.night.command("explain", "peermetrics", ROOM, "--json")
    assert all(fits(each, MATCH) for each in json.loads(several.stdout)["matches"])
    (who, *_) = _persons(town)
    assert fits(json.loads(town.night.command("explain", "--person", who, "--json").stdout), PERSON)


def test_the_day_is_known_to_a_machine_that_has_elasticsearch_alone(town: Town, tmp_path: Path) -> None:
    elsewhere = Town(town.night.later(data_dir=tmp_path))
    id_ = town.conferences["zoom"][0]["vconf"]["conference"]["id"]
    assert elsewhere.told("zoom", id_, "index") == town.told("zoom", id_, "lake")
    assert list(tmp_path.iterdir()) == []


def test_an_archive_that_was_written_anew_meanwhile_is_read_all_the_same(town: Town, tmp_path: Path) -> None:
    """The manifest of before, beside the archive of after: another first record moves all others."""
    shutil.copytree(town.night.data_dir / "archive", tmp_path / "archive")
    other = Town(town.night.later(data_dir=tmp_path))
    store = SliceStore(tmp_path, "zoom", ACCOUNT, Day(DAY))
    manifest = store.peek()
    assert manifest
    first, *_ = manifest.records.values()
    packed = store.archive.read_bytes()
    store.archive.write_bytes(packed[first.length :] + packed[: first.length])
    for call in town.conferences["zoom"]:
        id_ = call["vconf"]["conference"]["id"]
        assert (
            json.loads(other.told("zoom", id_, "archive"))["streams"]
            == json.loads(town.told("zoom", id_, "lake"))["streams"]
        )


def test_days_that_the_lake_lacks_are_named_beside_a_person_s_calls(tmp_path: Path) -> None:
    shell = Shell(tmp_path, {"DATA_DIR": str(tmp_path / "data" / "demo")})
    assert shell("dev", "demo", "--vendor", "zoom", "--days", "3", "--calls", "4", DATA_DIR=str(shell.data)).code == 0
    lake = tmp_path / "data" / "demo" / "lake" / "participant"
    (kept,) = lake.glob("*/*/2026-11-19*")
    text = zstandard.ZstdDecompressor().decompressobj().decompress(kept.read_bytes())
    who = next(
        each["user"]["full_name"] for line in text.splitlines() if "full_name" in (each := json.loads(line))["user"]
    )
    whole = shell("explain", "--person", who, "--last", "5d")
    for path in lake.glob("*/*/2026-11-1[78]*"):
        path.unlink()
    done = shell("explain", "--person", who, "--last", "5d")

    assert (whole.code, "Archived" in whole.err) == (0, False), whole.err
    assert done.code == 0, done.err
    assert re.search(
        r"^Archived and not, or not whole, in the lake: 2026-11-17 to 2026-11-18 of zoom \S+; --in archive looks "
        r"there\.$",
        done.err, re.MULTILINE,
    )  # fmt: skip
    assert "Archived" not in shell("explain", "--person", who, "--last", "5d", "--in", "archive").err


def test_a_damaged_file_of_the_lake_is_a_sentence(town: Town, tmp_path: Path) -> None:
    shutil.copytree(town.night.data_dir / "lake", tmp_path / "lake")
    (path,) = (tmp_path / "lake" / "conference" / "vendor=zoom").glob("*/*.zst")
    path.write_bytes(path.read_bytes()[:100])
    done = town.night.later(data_dir=tmp_path).command("explain", "zoom", "x", "--in", "lake")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        f"error: {path} is damaged: delete it, and './harvest.py replay zoom --date {path.name[:10]} --destination "
        "lake' makes it anew.\n"
    )


def test_an_elasticsearch_that_is_gone_is_a_sentence(town: Town) -> None:
    gone = town.night.later(es_url="http://127.0.0.1:9")
    done = gone.command("explain", "zoom", "x")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.endswith(
        "error: Elasticsearch at 127.0.0.1:9 cannot be reached: the connection was refused or lost.\n"
    )


@pytest.mark.parametrize("store", STORES)
def test_accounts_are_chosen_by_name(town: Town, store: str) -> None:
    id_ = town.conferences["opentok"][0]["vconf"]["conference"]["id"]
    default = town.night.command("explain", "opentok", id_, "--in", store, "--account", "default")
    other = town.night.command("explain", "opentok", id_, "--in", store, "--account", "school-a")
    assert default.returncode == 0, default.stderr
    assert (other.returncode, other.stdout) == (2 if store == "archive" else 1, "")


def test_an_elasticsearch_with_nothing_in_it_is_looked_through(town: Town) -> None:
    empty = town.night.later(prefix=f"{town.night.prefix}0")
    for arguments in (["zoom", "x"], ["zoom", "a" * 32], ["--person", "ann"]):
        done = empty.command("explain", *arguments)
        assert (done.returncode, done.stdout) == (1, "")
        assert "looked through" in done.stderr


def test_a_room_with_more_calls_than_are_listed_says_how_many(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(explaining, "MOST_MATCHES", 1)
    calls, found = town.found("peermetrics", ROOM, "lake")
    listed = explaining.listed(calls, found)
    assert (len(listed.calls), listed.more) == (1, 1)
    page = [line.spans[0].text for line in matches.page(ROOM, listed.calls, listed.more, 80) if line.spans]
    assert page[0] == "2 calls of 'standup/0', newest first (UTC). Name one by its id."
    assert page[-1] == "and 1 older call: narrow it with --from and --to, or --last"


@pytest.mark.parametrize("profile", ["pseudonymous", "minimal"])
def test_under_other_profiles_a_call_and_a_person_are_what_documents_tell(
    town: Town, tmp_path: Path, profile: str
) -> None:
    """The archive knows more, and tells no more than the lake does; a person is known by the pseudonym."""
    shutil.copytree(town.night.data_dir / "archive", tmp_path / "archive")
    (tmp_path / "key").write_bytes(b"k" * 40)
    (tmp_path / "key").chmod(0o600)
    secret = {"PRIVACY_KEY_FILE": str(tmp_path / "key")} if profile == "pseudonymous" else {}
    night = town.night.later(data_dir=tmp_path, es_url="", more={"PRIVACY": profile, **secret})
    assert night.command("replay", "zoom", "--all", "--destination", "lake").returncode == 0
    hidden, call = Town(night), town.conferences["zoom"][0]["vconf"]["conference"]
    assert hidden.told("zoom", call["id"], "lake") == hidden.told("zoom", call["id"], "archive")
    known = [msgspec.json.decode(line) for line in lake_lines(tmp_path, "participant")]
    users = {each["user"]["full_name"] for each in known if "user" in each}
    assert (not users) is (profile == "minimal")
    for who in [*sorted(users)[:2], *list(_persons(town))[:2], "nobody"]:
        told = [stays(hidden, who, store) for store in ("lake", "archive")]
        assert told[0] == told[1]
        assert bool(told[0]) is (who in users)
    for store in ("lake", "archive"):
        with pytest.raises(NothingFoundError):
            hidden.found("zoom", call["parent_id"], store)


def stays(town: Town, who: str, store: str) -> list[bytes]:
    try:
        return list(person(town.place, Asked(["zoom"], store=store, days=THAT_DAY), who)[1].sources)
    except NothingFoundError:
        return []
