"""`replay --dry-run --diff`: what a load would change, in a real Elasticsearch and in the lake, before it does."""

import json
import re
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
import zstandard
from elasticsearch import Elasticsearch

from harvesters.core.locks import held
from harvesters.core.source import Record
from harvesters.core.tally import Tally
from harvesters.core.tree import Conference
from harvesters.opentok import OpenTok
from tests.nights import Night, Ran, state, vendor
from tests.node_door import stored
from tests.opentok_days import session, session_id

DAY = date(2026, 10, 31)
NOW = datetime(2026, 11, 3, 9, tzinfo=UTC)
WITH_UNIT = {"OPENTOK_BITRATE_UNIT": "kbyte"}
AUDIO, VIDEO = "vconf.quality.audio.bitrate_kbps", "vconf.quality.video.bitrate_kbps"
TYPES = ("conference", "participant", "stream", "sample")
Changed = Callable[[dict[str, Any]], dict[str, Any] | None]
pytestmark = pytest.mark.templates_stay


@dataclass
class Bench:
    """A day that was harvested into both destinations; the vendor is gone since."""

    night: Night
    es: Elasticsearch | None = None

    def looked(self, into: str, **more: str) -> Ran:
        """A dry run with a diff, under further settings; it changes nothing, whatever it finds."""
        before = self.everything()
        ran = self.night.later(more=more).replay(DAY, into=[into], dry_run=True, diff=True)
        assert self.everything() == before
        return ran

    def diff(self, into: str, **more: str) -> Tally:
        ran = self.looked(into, **more)
        assert (ran.exit_code, ran.only.state) == (0, "planned"), ran.only
        return ran.only.diffs[into]

    def everything(self) -> tuple[dict[str, bytes], dict[str, tuple[int, int, bytes]]]:
        """Every file, and every document with its version and the number of its last write."""
        hits = self.stored("*").values() if self.es else ()
        return state(self.night.data_dir), {hit.id: (hit.version, hit.seq_no, hit.source) for hit in hits}

    def stored(self, kind: str = "samples") -> dict[str, Any]:
        assert self.es
        return dict(stored(self.es, self.night.es_url, self.night.prefix, [kind]))

    def put(self, index: str, id_: str, document: dict[str, Any]) -> None:
        assert self.es
        self.es.index(index=index, id=id_, document=document, refresh=True)

    def path(self, type_: str) -> Path:
        return self.night.data_dir / "lake" / type_ / "vendor=opentok" / "account=46204972" / f"{DAY}.ndjson.zst"

    def rewrite(self, type_: str, changed: Changed) -> None:
        """Change the documents of a lake file; None takes one away."""
        lines = zstandard.ZstdDecompressor().decompressobj().decompress(self.path(type_).read_bytes()).splitlines()
        documents = [each for line in lines if (each := changed(msgspec.json.decode(line))) is not None]
        self.write(type_, [msgspec.json.encode(each) for each in documents])

    def lines(self, type_: str) -> list[bytes]:
        return zstandard.ZstdDecompressor().decompressobj().decompress(self.path(type_).read_bytes()).splitlines()

    def write(self, type_: str, lines: list[bytes]) -> None:
        text = b"".join(line + b"\n" for line in lines)
        self.path(type_).write_bytes(zstandard.ZstdCompressor(write_checksum=True).compress(text))


def harvested(night: Night, *into: str) -> Night:
    """Three calls of two people, four streams each."""
    calls = [session(number, day=DAY, start=timedelta(hours=9 + number), people=2, minutes=2) for number in range(3)]
    with vendor(calls, NOW) as server:
        assert night.later(vendor_url=server.url).harvest(DAY, into=into).exit_code == 0
    return night


@pytest.fixture
def bench(es: Elasticsearch, es_url: str, prefix: str, tmp_path: Path) -> Bench:
    """In Elasticsearch and in the lake."""
    night = Night(tmp_path, NOW, es_url=es_url, prefix=prefix)
    night.setup()
    return Bench(harvested(night, "index", "lake"), es)


@pytest.fixture
def lake(tmp_path: Path) -> Bench:
    """In the lake alone."""
    return Bench(harvested(Night(tmp_path, NOW), "lake"))


def numbers(tally: Tally) -> dict[str, dict[str, int]]:
    """The documents by type, without zeros."""
    return {type_: {kind: number for kind, number in kinds.items() if number} for type_, kinds in tally.types.items()}


def all_same(bench: Bench) -> dict[str, dict[str, int]]:
    return {type_: {"same": len(lines)} for type_ in (*TYPES, "issue") if (lines := bench.lines(type_))}


BOTH = pytest.mark.parametrize("into", ["index", "lake"])


@BOTH
def test_where_nothing_changed_everything_is_the_same(bench: Bench, into: str) -> None:
    tally = bench.diff(into)
    assert numbers(tally) == all_same(bench)
    assert all_same(bench)["stream"] == {"same": 12}
    assert (tally.fields, tally.stamps, tally.left, tally.examples()) == ({}, {}, 0, [])
    assert tally.sentence() == f"none of {tally.total['same']} documents would change"


MADE_FROM_IT = (
    r"^vconf\.quality\.((received|sent)\.)?(audio|video)\.(bitrate_kbps|score|label|inputs|samples|scored_s|poor)|"
    r"^vconf\.poor_participants_pct$|^vconf\.verdict\."
)


@BOTH
def test_another_setting_tells_the_fields_that_it_gives(bench: Bench, into: str) -> None:
    """The samples that carry the vendor's number gain ours; what is made from it follows, and the stamp."""
    samples = [json.loads(line) for line in bench.lines("sample")]
    audio = sum("audio_bitrate" in each.get("opentok", {}) and "audio" in each["vconf"]["quality"] for each in samples)
    video = sum("video_bitrate" in each.get("opentok", {}) and "video" in each["vconf"]["quality"] for each in samples)
    assert audio > 0 < video
    tally = bench.diff(into, **WITH_UNIT)
    found = {name: (each.gained, each.lost, each.changed) for name, each in tally.fields.items()}
    assert (found.pop(AUDIO), found.pop(VIDEO)) == ((audio, 0, 0), (video, 0, 0))
    assert all(re.search(MADE_FROM_IT, name) for name in found), found
    assert found["vconf.quality.audio.bitrate_kbps.avg"] == found["vconf.quality.video.score.min"] == (12, 0, 0)
    assert found["vconf.quality.received.video.score.avg"] == (9, 0, 0)  # of six people and three conferences
    assert tally.stamps == {"vconf.harvest.settings": sum(each["same"] for each in all_same(bench).values())}
    assert tally.left == 0
    assert {type_: numbers(tally)[type_] for type_ in TYPES[:3]} == {
        type_: {"changed": len(bench.lines(type_))} for type_ in TYPES[:3]
    }
    # Each of the three can be checked against the vendor's number in the document that it names.
    by_key = {each["event"]["id"]: each for each in samples}
    examples = tally.examples()
    assert len(examples) == 3
    ours = [each for each in examples if each.field in {AUDIO, VIDEO}]
    assert ours
    for each in ours:
        medium = each.field.split(".")[2]
        kbyte = by_key[each.document.event_id]["opentok"][f"{medium}_bitrate"]
        assert (each.before, float(each.after or 0)) == (None, round(kbyte * 8, 6))


@BOTH
def test_what_was_said_comes_true(bench: Bench, into: str) -> None:
    """After the replay with that setting nothing is left to change."""
    assert bench.diff(into, **WITH_UNIT).total["changed"]
    assert bench.night.later(more=WITH_UNIT).replay(DAY, into=[into]).exit_code == 0
    tally = bench.diff(into, **WITH_UNIT)
    # The lake has no issue that the new bitrates brought to the index alone.
    assert {**numbers(tally), "issue": None} == {**all_same(bench), "issue": None}
    assert set(numbers(tally)["issue"]) == {"same"}
    assert not tally.stamps


# -- what somebody did by hand -------------------------------------------------------------------------


def test_a_document_that_is_missing_in_the_index_would_be_new(bench: Bench) -> None:
    hit = next(iter(bench.stored().values()))
    # At its own version: a later one would be remembered for a minute, and ours were older than that.
    assert bench.es
    bench.es.delete(index=hit.index, id=hit.id, version=hit.version, version_type="external_gte", refresh=True)
    ran = bench.looked("index")
    tally = ran.only.diffs["index"]
    assert (tally.total["new"], tally.total["changed"], tally.total["gone"]) == (1, 0, 0)
    assert [(each.type, each.id) for each in tally.named["new"]] == [("sample", hit.id)]
    # The load that counts afterwards heals it, so nothing of it is left.
    assert (tally.left, ran.only.due, ran.exit_code) == (0, {"index": 1}, 0)
    assert any("index lacks 1 sample documents" in each for each in ran.only.warnings)
    assert bench.night.replay(DAY, into=["index"]).exit_code == 0
    assert numbers(bench.diff("index")) == all_same(bench)


def test_a_document_too_many_in_the_index_would_be_gone(bench: Bench) -> None:
    """Also one in another month's index; those of other conferences are nobody's business here."""
    hit = next(iter(bench.stored().values()))
    old = hit.document
    old["vconf"]["harvest"]["settings"] = "older"
    bench.put(hit.index, "surplus", old)
    bench.put(f"{bench.night.prefix}-samples-2026.11", hit.id, old)
    stranger = {**old, "vconf": {**old["vconf"], "conference": {"id": "nobody"}}}
    bench.put(hit.index, "stranger", stranger)
    tally = bench.diff("index", **WITH_UNIT)
    assert {each.id for each in tally.named["gone"]} == {"surplus", hit.id}
    assert {each.event_id for each in tally.named["gone"]} == {old["event"]["id"]}
    # What is poor by the new bitrates is an issue of our own.
    assert (tally.total["gone"], tally.total["new"], tally.left) == (2, tally.types["issue"]["new"], 0)
    ran = bench.night.later(more=WITH_UNIT).replay(DAY, into=["index"])
    assert ran.only.destinations["index"].removed == 2


def test_what_a_load_would_not_touch_is_said(bench: Bench) -> None:
    """A value that somebody overwrote: the record counts as loaded, so a replay sends nothing."""
    hit = next(iter(bench.stored().values()))
    changed = hit.document
    changed["vconf"]["quality"]["audio"]["loss_pct"] = 77
    bench.put(hit.index, hit.id, changed)
    ran = bench.looked("index")
    tally = ran.only.diffs["index"]
    assert (tally.total["changed"], tally.left, ran.only.due) == (1, 1, {"index": 0})
    (example,) = tally.examples()
    assert (example.field, example.before) == ("vconf.quality.audio.loss_pct", "77")


def test_what_was_fetched_later_stays(bench: Bench) -> None:
    """Another machine loaded a newer answer into the same index: ours would be stale."""
    hit = next(iter(bench.stored("participants").values()))
    newer = hit.document
    newer["vconf"]["harvest"]["fetched_at"] = "2026-12-01T00:00:00.000Z"
    newer["vconf"]["client"]["kind"] = "abacus"
    bench.put(hit.index, hit.id, newer)
    tally = bench.diff("index", **WITH_UNIT)
    assert tally.types["participant"] == {"newer": 1, "changed": 5}
    assert "1 would stay, since newer" in tally.sentence()


def test_the_lake_is_compared_whatever_the_order_of_its_lines(lake: Bench) -> None:
    """Records from the last to the first, and the lines of one of them mixed into another's."""
    for type_ in TYPES:
        lines = lake.lines(type_)
        lake.write(type_, [*lines[::-2], *lines[-2::-2]])
        assert sorted(lake.lines(type_)) == sorted(lines)
    assert numbers(lake.diff("lake")) == all_same(lake)


def test_lines_of_the_lake_come_and_go(lake: Bench) -> None:
    """One changed, one lost, one twice, and one of a call that nobody knows."""
    samples = lake.lines("sample")
    foreign = json.loads(samples[0])
    foreign["vconf"]["conference"]["id"] = "nobody"
    foreign["event"]["id"] = "opentok/1/sample/x"
    changed = json.loads(samples[5])
    changed["vconf"]["stream"]["direction"] = "sideways"
    lake.write(
        "sample", [*samples[1:5], json.dumps(changed).encode(), *samples[6:], samples[7], json.dumps(foreign).encode()]
    )
    tally = lake.diff("lake")
    kinds = tally.types["sample"]
    assert (kinds["new"], kinds["changed"], kinds["gone"]) == (1, 1, 2)
    assert {name: each.total for name, each in tally.fields.items()} == {"vconf.stream.direction": 1}
    assert {each.event_id for each in tally.named["gone"]} == {
        json.loads(samples[7])["event"]["id"],
        "opentok/1/sample/x",
    }
    # The lake is rewritten as a whole or not at all, and here nothing is owed.
    assert tally.left == 4


def test_a_selection_compares_its_records_alone(bench: Bench) -> None:
    for into in ("index", "lake"):
        night = bench.night.later(more=WITH_UNIT)
        ran = night.replay(DAY, into=[into], keys=[session_id(1, DAY)], dry_run=True, diff=True)
        tally = ran.only.diffs[into]
        whole = {type_: sum(kinds.values()) for type_, kinds in tally.types.items()}
        assert {type_: whole[type_] for type_ in TYPES if type_ != "sample"} == {
            "conference": 1, "participant": 2, "stream": 4,
        }  # fmt: skip
        assert 0 < tally.total["changed"] < (len(bench.lines("sample")) + 21) / 2
        assert tally.total["gone"] == 0


# -- people --------------------------------------------------------------------------------------------


@BOTH
def test_a_personal_value_is_not_shown(bench: Bench, into: str) -> None:
    """Nor one of a field that nobody describes, for it may be one."""
    bench.rewrite("participant", _with_people)
    for hit in bench.stored("participants").values():
        bench.put(hit.index, hit.id, _with_people(hit.document))
    done = bench.night.command(
        "replay", "--date", str(DAY), "--dry-run", "--diff", "--destination", into, "--report", "report.json", "-vv"
    )
    assert done.returncode == 0, done.stderr
    report = (bench.night.data_dir / "report.json").read_text()
    fields = json.loads(report)["slices"][0]["diff"][into]["fields"]
    assert {"user.full_name", "user.id", "user.nickname", "vconf.extra"} <= set(fields)
    for text in (done.stdout, done.stderr, report):
        assert "Liskov" not in text
    assert "user.full_name: (personal) -> absent" in done.stdout
    assert "user.nickname" in done.stdout
    assert "(not shown) -> absent" in done.stdout


def _with_people(document: dict[str, Any]) -> dict[str, Any]:
    people = {"id": "Liskov-1", "full_name": "Barbara Liskov", "nickname": "Liskov"}
    extra = {"greeting": "hello Liskov"}
    return {**document, "user": people, "vconf": {**document["vconf"], "extra": extra}}


# -- what is not there ---------------------------------------------------------------------------------


def test_an_elasticsearch_that_is_gone_is_a_sentence(bench: Bench) -> None:
    gone = replace(bench.night, es_url="http://127.0.0.1:9")
    done = gone.command("replay", "--date", str(DAY), "--dry-run", "--diff", "--destination", "index")
    assert (done.returncode, done.stdout) == (1, "")
    assert "failed" in done.stderr
    assert "Elasticsearch at 127.0.0.1:9 cannot be reached" in done.stderr


def test_one_that_is_gone_stops_no_other(bench: Bench) -> None:
    ran = replace(bench.night, es_url="http://127.0.0.1:9").replay(DAY, into=["index", "lake"], dry_run=True, diff=True)
    assert (ran.exit_code, ran.only.state) == (1, "failed")
    assert numbers(ran.only.diffs["lake"]) == all_same(bench)


@pytest.mark.parametrize("type_", TYPES)
def test_a_lake_file_that_is_gone_is_a_sentence(lake: Bench, type_: str) -> None:
    """It would be made anew, so nothing failed."""
    number = len(lake.lines(type_))
    lake.path(type_).unlink()
    ran = lake.looked("lake")
    assert (ran.exit_code, ran.only.due) == (0, {"lake": 3})
    assert ran.only.diffs["lake"].types[type_] == {"new": number}
    assert [each for each in ran.only.warnings if f"lake lacks {number} {type_} documents" in each]


@pytest.mark.parametrize("spoiled", ["cut", "torn", "no JSON", "no object"])
def test_a_damaged_lake_file_is_a_sentence(lake: Bench, spoiled: str) -> None:
    path = lake.path("sample")
    whole = path.read_bytes()
    if spoiled in {"no JSON", "no object"}:
        lake.write("sample", [*lake.lines("sample"), b"{" if spoiled == "no JSON" else b"[]"])
    else:
        path.write_bytes(whole[:-9] if spoiled == "cut" else whole[:40] + b"\0" * 40 + whole[80:])
    ran = lake.looked("lake")
    assert (ran.exit_code, ran.only.state) == (1, "failed")
    assert f"{path} is damaged" in ran.only.reason
    path.unlink()
    assert lake.night.replay(DAY).exit_code == 0
    assert numbers(lake.diff("lake")) == all_same(lake)


@BOTH
def test_where_nothing_was_loaded_yet_everything_would_be_new(bench: Bench, into: str, es: Elasticsearch) -> None:
    """Elasticsearch needs no templates for a look: they are what the next step may be."""
    other = bench.night.later(prefix=f"{bench.night.prefix}-other")
    if into == "lake":
        for type_ in (*TYPES, "issue"):
            bench.path(type_).unlink()
    ran = other.replay(DAY, into=[into], dry_run=True, diff=True)
    assert ran.exit_code == 0
    assert set(ran.only.diffs[into].total) == {"new"}
    assert not es.indices.exists(index=f"{other.prefix}-*", allow_no_indices=False)


def test_a_record_that_makes_no_documents_is_named_and_what_is_held_of_it_is_not_gone(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    name, entry = list(bench.night.manifest(DAY).records.items())[1]
    flatten = OpenTok.flatten

    def stumbling(record: Record) -> Conference:
        if record.key == entry.key:
            message = "what is this?"
            raise ValueError(message)
        return flatten(record)

    monkeypatch.setattr(OpenTok, "flatten", staticmethod(stumbling))
    for into in ("index", "lake"):
        ran = bench.looked(into)
        assert (ran.exit_code, ran.only.state) == (3, "planned")
        (said,) = [
            each for each in ran.only.warnings if each.startswith(f"record {name} cannot be made into documents:")
        ]
        assert re.search(r": ValueError in test_replay_diff\.py, line \d+$", said)
        assert "what is this" not in said, "an error may quote what a person is called"
        tally = ran.only.diffs[into]
        assert set(tally.total) == {"same"}
        assert tally.types["conference"] == {"same": 2}


def test_a_damaged_archive_is_said_and_left_alone(bench: Bench) -> None:
    store = bench.night.store(DAY)
    manifest = bench.night.manifest(DAY)
    name, entry = list(manifest.records.items())[1]
    spoiled = bytearray(store.archive.read_bytes())
    middle = entry.offset + entry.length // 2
    spoiled[middle : middle + 20] = b"\0" * 20
    store.archive.write_bytes(spoiled)
    for into in ("index", "lake"):
        ran = bench.looked(into)
        # The archive tells another truth than the manifest, so it is read anew and the record is lost.
        assert any(f"record {name} is no longer in the archive" in each for each in ran.only.warnings)
        assert (ran.exit_code, ran.only.diffs[into].types["conference"]["same"]) == (3, 2)
    assert not list(store.archive.parent.glob("*damaged*"))


# -- the command ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--diff"], "--diff compares and loads nothing: say --dry-run too."),
        (["--dry-run", "--diff", "--destination", "stdout"], "stdout remembers nothing"),
        (["--dry-run", "--diff", "--destination", "lake", "--destination", "stdout"], "stdout remembers nothing"),
    ],
)
def test_wrong_usage_is_a_sentence(tmp_path: Path, arguments: list[str], sentence: str) -> None:
    done = Night(tmp_path, NOW).command("replay", "--all", *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert sentence in done.stderr


def test_a_dry_run_says_what_would_be_loaded(bench: Bench) -> None:
    bench.night.command("--version")
    before = bench.everything()
    told = [
        bench.night.later(more=more).command("replay", "--all", "--dry-run", "--destination", into)
        for into, more in (("index", {}), ("lake", WITH_UNIT), ("stdout", {}))
    ]
    assert [(done.returncode, done.stdout) for done in told] == [(0, "")] * 3, told
    assert "planned: index would get nothing new." in told[0].stderr
    assert "planned: lake would get 3 archived records." in told[1].stderr
    assert "1 day (1 planned), 3 records to load into lake, exit 0." in told[1].stderr
    assert "planned: stdout would get 3 archived records." in told[2].stderr
    assert bench.everything() == before


def test_a_dry_run_makes_no_folder(tmp_path: Path) -> None:
    night = Night(tmp_path / "new", NOW)
    done = night.command("replay", "--all", "--dry-run", "--diff")
    assert (done.returncode, done.stdout) == (0, "")
    assert {path.name for path in night.data_dir.iterdir()} == {".env"}


PAGE = """
Documents    same  new  changed  gone
conference      -    -        3     -
participant     -    -        6     -
stream          -    -       12     -
sample          -    -  {samples:>7}     -
issue           1    1        -     -
all             1    1  {all:>7}     -

Fields {spaces}gained  lost  changed
"""


def test_the_page_and_the_report_tell_the_same(bench: Bench) -> None:
    night = bench.night.later(more=WITH_UNIT)
    done = night.command(
        "replay", "opentok", "--date", str(DAY), "--dry-run", "--diff", "--destination", "index", "--report", "r.json"
    )
    assert done.returncode == 0, done.stderr
    (day,) = json.loads((night.data_dir / "r.json").read_text())["slices"]
    diff = day["diff"]["index"]
    samples = len(bench.lines("sample"))
    everything = samples + 21
    assert diff["types"]["sample"] == {"same": 0, "new": 0, "changed": samples, "gone": 0, "newer": 0}
    assert day["due"] == {"index": 3}
    totals = [sum(each.values()) for each in diff["fields"].values()]
    assert totals == sorted(totals, reverse=True)
    widest = max(map(len, diff["fields"]))
    assert done.stdout.startswith(PAGE.format(samples=samples, all=everything, spaces=" " * (widest - 5)))
    for name, each in diff["fields"].items():
        numbers = (each["gained"] or "-", each["lost"] or "-", each["changed"] or "-")
        assert "{:<{}}  {:>6}  {:>4}  {:>7}\n".format(name, widest, *numbers) in done.stdout
    assert len(diff["examples"]) == 3
    for each in diff["examples"]:
        assert f"  {each['field']}: " in done.stdout
        assert f" {each['document']['id']}\n    {each['document']['event_id']}\n" in done.stdout
    # One issue of our own rules is there, and one comes with the bitrates.
    said = f"of {everything + 2} documents {everything} would change, 1 would be new, in {len(diff['fields'])} fields"
    assert done.stdout.endswith(f"index, 1 day: {said}.\n")
    assert f"planned: index would get 3 archived records: of {everything + 2} documents" in done.stderr


def test_a_look_needs_no_lock_and_leaves_none(bench: Bench) -> None:
    with ExitStack() as stack:
        stack.enter_context(held(bench.night.data_dir, "opentok", "46204972", NOW))
        for into in ("index", "lake"):
            assert numbers(bench.diff(into)) == all_same(bench)
