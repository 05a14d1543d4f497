"""`export`: files with the types of the field list that hold what the documents say, whatever that is."""

from __future__ import annotations

import csv
import io
import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import duckdb
import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st
from pyarrow import parquet

from harvesters import all_fields
from harvesters.core.fields import CALL_TYPES, by_name
from harvesters.export.csv_file import CsvFile, defused
from harvesters.export.parquet_file import BATCHES, CELLS, ParquetFile
from harvesters.export.table import LIST_ENDINGS, LISTS, Table, columns
from tests.nights import lake_lines
from tests.overview_calls import document
from tests.shell import PROJECT, Shell, demonstrated

if TYPE_CHECKING:
    from collections.abc import Sequence

    from harvesters.core.fields import Field

Json = dict[str, Any]
FIELDS = by_name(all_fields())
STAMP = "TIMESTAMP WITH TIME ZONE"
DUCKDB = {
    "keyword": "VARCHAR", "text": "VARCHAR", "ip": "VARCHAR", "flattened": "VARCHAR", "float": "DOUBLE",
    "long": "BIGINT", "boolean": "BOOLEAN", "date": STAMP, "date_range": f"STRUCT(gte {STAMP}, lt {STAMP})",
    "geo_point": "STRUCT(lat DOUBLE, lon DOUBLE)",
}  # fmt: skip
DAYS = ("--from", "2026-11-16", "--to", "2026-11-20")


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    return Shell(tmp_path)


@pytest.fixture(scope="module")
def harvested(tmp_path_factory: pytest.TempPathFactory) -> Shell:
    """Four days of three vendors in one lake and archive."""
    return demonstrated(tmp_path_factory.mktemp("harvested"), days=4, calls=3)


def documents(shell: Shell, type_: str) -> list[Json]:
    """What the lake holds."""
    return [json.loads(line) for line in lake_lines(shell.data / "demo", type_)]


def flat(members: Json, above: str = "") -> Json:
    """Members by their dotted names, as deep as the field list knows them."""
    found: Json = {}
    for name, value in members.items():
        dotted = above + name
        whole = dotted in FIELDS and FIELDS[dotted].type in {"flattened", "date_range", "geo_point"}
        if isinstance(value, dict) and not whole:
            found |= flat(value, f"{dotted}.")
        else:
            found[dotted] = value
    return found


def instant(text: str) -> datetime:
    return datetime.fromisoformat(text)


def expected(field: Field, value: Any) -> Any:  # noqa: ANN401 - any JSON
    """A value as a Parquet file should give it back."""
    if field.type == "date":
        return instant(value)
    if field.type == "date_range":
        return {name: instant(each) for name, each in value.items()}
    if field.type == "flattened":
        return json.loads(json.dumps(value))
    return value


def read(path: Path) -> list[Json]:
    """The rows of a Parquet file, read by DuckDB; absent values left out."""
    with duckdb.connect() as connection:
        rows: list[Json] = connection.read_parquet(str(path)).to_arrow_table().to_pylist()
    return [{head: each for head, each in row.items() if each is not None} for row in rows]


def told(row: Json) -> Json:
    """A row with what stands in it as JSON text unpacked."""
    return {name: json.loads(value) if FIELDS[name].type == "flattened" else value for name, value in row.items()}


# -- the types of the field list --------------------------------------------------------------------------


@pytest.mark.parametrize("type_", CALL_TYPES)
def test_a_parquet_file_has_every_field_of_the_type_with_its_type(harvested: Shell, tmp_path: Path, type_: str) -> None:
    done = harvested("export", "parquet", "--all", "--type", type_, "--out", str(tmp_path))
    with duckdb.connect() as connection:
        found = connection.read_parquet(str(tmp_path / f"{type_}.parquet"))
        described = dict(zip(found.columns, map(str, found.types), strict=True))

    several = {name for name in FIELDS if name in LISTS or name.endswith(LIST_ENDINGS)}
    assert done.code == 0, done.err
    assert described == {
        name: f"{DUCKDB[each.type]}[]" if name in several else DUCKDB[each.type]
        for name, each in FIELDS.items()
        if type_ in each.types
    }


def test_a_field_has_several_values_where_documents_do(harvested: Shell) -> None:
    seen: dict[bool, set[str]] = {True: set(), False: set()}
    for type_ in CALL_TYPES:
        for each in documents(harvested, type_):
            for name, value in flat(each).items():
                seen[isinstance(value, list)].add(name)

    declared = {name for name in FIELDS if name in LISTS or name.endswith(LIST_ENDINGS)}
    assert seen[True] <= declared
    assert not seen[False] & declared
    assert seen[True] >= LISTS - {"vconf.flags"}


VALUES: dict[str, st.SearchStrategy[Any]] = {
    "keyword": st.text(st.characters(exclude_categories=["Cs"]), min_size=1),
    "float": st.floats(allow_nan=False, allow_infinity=False),
    "long": st.integers(-(1 << 53), 1 << 53),
    "boolean": st.booleans(),
    "flattened": st.dictionaries(st.text("abc", min_size=1), st.text("=+ß☃"), min_size=1, max_size=3),
    "geo_point": st.fixed_dictionaries({"lat": st.floats(-90, 90), "lon": st.floats(-180, 180)}),
}
INSTANTS = st.integers(0, 4_000_000_000_000).map(
    lambda ms: (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=ms)).isoformat(timespec="milliseconds")
)
VALUES |= {"text": VALUES["keyword"], "ip": VALUES["keyword"], "date": INSTANTS}
VALUES["date_range"] = st.fixed_dictionaries({"gte": INSTANTS, "lt": INSTANTS})


@st.composite
def any_document(draw: st.DrawFn, type_: str) -> Json:
    """A document with some fields of its type, with any value that the type of the field allows."""
    names = [name for name, each in FIELDS.items() if type_ in each.types]
    found: Json = {}
    for name in draw(st.lists(st.sampled_from(names), unique=True, max_size=12)):
        values = VALUES[FIELDS[name].type]
        several = name in LISTS or name.endswith(LIST_ENDINGS)
        value = draw(st.lists(values, min_size=1, max_size=3) if several else values)
        *path, leaf = name.split(".")
        node = found
        for step in path:
            node = node.setdefault(step, {})
        node[leaf] = value
    return found


@settings(max_examples=30, deadline=None)
@given(st.data(), st.sampled_from(CALL_TYPES))
def test_whatever_a_document_says_is_what_the_file_says(data: st.DataObject, type_: str) -> None:
    some = data.draw(st.lists(any_document(type_), max_size=4))
    table = Table(columns(FIELDS.values(), type_))
    with TemporaryDirectory() as folder:
        path = Path(folder) / "x.parquet"
        with path.open("wb") as file:
            written = ParquetFile(file, table.columns)
            for each in some:
                written.write(table.row(json.dumps(each).encode()))
            written.close()
        rows = [told(row) for row in read(path)]

    assert rows == [{name: expected(FIELDS[name], value) for name, value in flat(each).items()} for each in some]
    assert not table.strangers


def test_groups_of_rows_are_bounded(tmp_path: Path) -> None:
    table = Table(columns(FIELDS.values(), "conference"))
    most = CELLS // len(table.columns) * BATCHES
    row = table.row(json.dumps(document("2026-11-18T09:00")).encode())
    with (tmp_path / "x.parquet").open("wb") as file:
        written = ParquetFile(file, table.columns)
        for _ in range(most + 1):
            written.write(row)
        written.close()
    found = parquet.ParquetFile(tmp_path / "x.parquet").metadata

    assert [found.row_group(each).num_rows for each in range(found.num_row_groups)] == [most, 1]


# -- what is in the files ---------------------------------------------------------------------------------


@pytest.mark.parametrize("type_", CALL_TYPES)
def test_every_document_of_the_lake_is_a_row(harvested: Shell, tmp_path: Path, type_: str) -> None:
    done = harvested("export", "parquet", "--all", "--type", type_, "--out", str(tmp_path))
    rows = {row["event.id"] + str(row["@timestamp"]): told(row) for row in read(tmp_path / f"{type_}.parquet")}
    wanted = [
        {name: expected(FIELDS[name], value) for name, value in flat(each).items()}
        for each in documents(harvested, type_)
    ]

    assert done.code == 0, done.err
    assert wanted
    assert rows == {each["event.id"] + str(each["@timestamp"]): each for each in wanted}


def test_the_archive_gives_what_the_lake_gives(harvested: Shell, tmp_path: Path) -> None:
    for store in ("lake", "archive"):
        done = harvested("export", "csv", *DAYS, "--in", store, "--out", str(tmp_path / store))
        assert (done.code, done.out) == (0, ""), done.err
    for type_ in CALL_TYPES:
        one, other = ((tmp_path / store / f"{type_}.csv").read_text("utf-8-sig") for store in ("lake", "archive"))
        assert sorted(one.splitlines()) == sorted(other.splitlines())
        assert len(one.splitlines()) > 1


def test_csv_cells_say_what_the_documents_say(harvested: Shell, tmp_path: Path) -> None:
    harvested("export", "csv", "zoom", "--all", "--type", "participant", "--out", str(tmp_path / "p.csv"))
    with (tmp_path / "p.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    wanted = [each for each in documents(harvested, "participant") if each["vconf"]["vendor"] == "zoom"]
    by_id = {row["vconf.participant.id"]: row for row in rows}

    assert len(rows) == len(wanted) > 10
    for each in wanted:
        row = by_id[each["vconf"]["participant"]["id"]]
        assert row["@timestamp"] == each["@timestamp"]
        assert row["event.type"] == "start; end"
        assert row["user.full_name"] == each.get("user", {}).get("full_name", "")
        assert row["vconf.presence.gte"] == each["vconf"].get("presence", {}).get("gte", "")
        assert row["vconf.participant.rejoin"] == str(each["vconf"]["participant"].get("rejoin", "")).lower()


@pytest.mark.parametrize(
    ("text", "cell"),
    [
        ("=1+1", "'=1+1"),
        ("+1", "'+1"),
        ("-1", "'-1"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\tx", "'\tx"),
        ("\rx", "'\rx"),
        ("  =1", "'  =1"),
        ("\u3000=1", "'\u3000=1"),
        ("a=1", "a=1"),
        ("", ""),
    ],
)
def test_a_text_that_a_spreadsheet_would_run_is_defused(text: str, cell: str) -> None:
    assert defused(text) == cell


@settings(deadline=None)
@given(st.text())
def test_no_text_is_run_and_every_text_can_be_read_again(text: str) -> None:
    cell = defused(text)

    assert cell in {text, f"'{text}"}
    assert cell.lstrip()[:1] not in tuple("=+-@")
    assert cell[:1] not in tuple("\t\r\n")


@settings(deadline=None)
@given(st.lists(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1), max_size=5))
def test_cells_end_where_they_end(names: list[str]) -> None:
    table = Table([each for each in columns(FIELDS.values(), "participant") if each.name == "user.full_name"])
    file = io.BytesIO()
    written = CsvFile(file, table.columns)
    for name in names:
        written.write(table.row(json.dumps({"user": {"full_name": name}}).encode()))
    written.close()

    rows = list(csv.reader(io.StringIO(file.getvalue().decode("utf-8-sig"), newline="")))
    assert rows == [["user.full_name"], *([defused(name)] for name in names)]


def test_numbers_stay_numbers() -> None:
    table = Table([each for each in columns(FIELDS.values(), "sample") if each.name == "vconf.wifi.rssi_dbm"])
    file = io.BytesIO()
    written = CsvFile(file, table.columns)
    written.write(table.row(b'{"vconf": {"wifi": {"rssi_dbm": -61.5}}}'))
    written.close()

    assert file.getvalue().decode("utf-8-sig") == "vconf.wifi.rssi_dbm\r\n-61.5\r\n"


# -- what goes wrong --------------------------------------------------------------------------------------


def lake(shell: Shell, some: Sequence[Json]) -> None:
    path = shell.data / "lake" / "conference" / "vendor=zoom" / "account=a" / "2026-11-18.ndjson.zst"
    path.parent.mkdir(parents=True, exist_ok=True)
    text = b"".join(json.dumps(each).encode() + b"\n" for each in some)
    path.write_bytes(zstandard.ZstdCompressor().compress(text))


def test_days_without_calls_are_typed_files_without_rows_and_a_sentence(harvested: Shell, tmp_path: Path) -> None:
    done = harvested("export", "parquet", "--date", "2026-01-01", "--type", "issue", "--out", str(tmp_path))

    assert (done.code, done.out) == (0, "")
    assert done.err.splitlines()[-1] == "No document is of these days: name others, or --all."
    assert read(tmp_path / "issue.parquet") == []


@pytest.mark.parametrize("store", [(), ("--in", "lake"), ("--in", "archive")])
def test_nothing_at_all_is_a_sentence_and_no_file(shell: Shell, store: Sequence[str]) -> None:
    done = shell("export", "csv", "--all", *store)

    assert (done.code, done.out) == (1, "")
    assert re.fullmatch(
        r"error: the (lake|archive) in \S+ holds nothing yet: harvest a day first, such as './harvest.py opentok "
        r"--date yesterday', or try './harvest.py dev demo --days 14'\.\n",
        done.err,
    )
    assert not (shell.folder / "vconf-export").exists()


def test_a_file_that_is_there_stays_until_the_new_one_is_whole(shell: Shell) -> None:
    lake(shell, [document("2026-11-18T09:00")])
    assert shell("export", "csv", "--all", "--type", "conference").code == 0
    path = shell.folder / "vconf-export" / "conference.csv"
    before = path.read_bytes()
    lake(shell, [document("2026-11-18T09:00", participants={"count": "many"})])
    done = shell("export", "csv", "--all", "--type", "conference")

    assert done.code == 1
    assert done.err == (
        "error: a value of vconf.participants.count is no long: load its day again with './harvest.py replay'.\n"
    )
    assert path.read_bytes() == before
    assert [each.name for each in path.parent.iterdir()] == ["conference.csv"]
    assert path.stat().st_mode & 0o777 == 0o600


def test_what_has_no_column_is_named(shell: Shell) -> None:
    lake(shell, [document("2026-11-18T09:00", brand_new=1)])
    done = shell("export", "csv", "--all", "--type", "conference")

    assert done.code == 3
    assert "error: conference documents have vconf.brand_new, for which there is no column" in done.err


@pytest.mark.parametrize("gone", ["*/*/*/2026-11-1[78]*", "participant/*/*/2026-11-1[78]*", "[!i]*/*/*/2026-11-1[78]*"])
def test_days_that_the_lake_lacks_are_named(shell: Shell, gone: str) -> None:
    assert shell("dev", "demo", "--vendor", "zoom", "--days", "4", "--calls", "3").code == 0
    for path in (shell.data / "demo" / "lake").glob(gone):
        path.unlink()
    shell.env["DATA_DIR"] = str(shell.data / "demo")
    done = shell("export", "csv", "--all", "--type", "participant")
    whole = shell("export", "csv", "--from", "2026-11-19", "--to", "2026-11-20", "--type", "participant")

    assert done.code == 3
    assert re.search(
        r"^error: the lake lacks calls of zoom \S+ that are archived, of 2026-11-17 to 2026-11-18: export them with "
        r"'--in archive', or load them with './harvest.py replay zoom --from 2026-11-17 --to 2026-11-19 --destination "
        r"lake'\.$", done.err, re.MULTILINE,
    )  # fmt: skip
    assert (whole.code, "lacks" in whole.err) == (0, False)
    assert shell("export", "csv", "--all", "--type", "participant", "--in", "archive").code == 0
    mended = shell("replay", "zoom", "--from", "2026-11-17", "--to", "2026-11-19", "--destination", "lake")
    assert (mended.code, shell("export", "csv", "--all", "--type", "participant").code) == (0, 0), mended.err


def test_days_that_are_not_whole_are_named_and_what_there_is_is_written(shell: Shell) -> None:
    assert shell("dev", "demo", "--vendor", "zoom", "--days", "4", "--calls", "3").code == 0
    shell.env["DATA_DIR"] = str(shell.data / "demo")
    assert "not whole" not in shell("export", "csv", "--all", "--type", "conference").err
    for path in shell.data.rglob("2026-11-1[78].manifest.json"):
        path.write_text(json.dumps({**json.loads(path.read_bytes()), "state": "partial"}))
    done = shell("export", "csv", "--all", "--type", "conference")

    assert done.code == 0, done.err
    assert re.search(
        r"^2 of 4 days of zoom \S+ are not whole: 2026-11-17 to 2026-11-18; './harvest.py status' says what is missing",
        done.err, re.MULTILINE,
    )  # fmt: skip
    assert "not whole" not in shell("export", "csv", "--date", "2026-11-19", "--type", "conference").err
    assert "not whole" not in shell("export", "csv", "opentok", "--all", "--type", "conference").err


def test_a_lake_of_one_old_day_does_not_hide_the_archive(shell: Shell) -> None:
    assert shell("dev", "demo", "--vendor", "zoom", "--days", "4", "--calls", "3").code == 0
    shell.env["DATA_DIR"] = str(shell.data / "demo")
    for path in (shell.data / "demo" / "archive").rglob("*.manifest.json"):
        if not path.name.startswith("2026-11-16"):
            known = json.loads(path.read_bytes())
            path.write_text(json.dumps({**known, "destinations": {}}))
    for path in (shell.data / "demo" / "lake").glob("*/*/*/2026-11-1[789]*"):
        path.unlink()
    done = shell("export", "csv", "--all", "--type", "conference")

    assert done.code == 3
    assert "that are archived, of 2026-11-17 to 2026-11-19: " in done.err


def test_a_damaged_record_is_named_and_the_rest_is_written(shell: Shell) -> None:
    assert shell("dev", "demo", "--days", "1", "--calls", "4").code == 0
    (archive,) = (shell.data / "demo" / "archive").rglob("*.ndjson.zst")
    content = bytearray(archive.read_bytes())
    content[len(content) // 2] ^= 0xFF
    archive.write_bytes(content)
    done = shell("export", "csv", "--all", "--in", "archive", "--type", "conference", DATA_DIR=str(shell.data / "demo"))
    rows = (shell.folder / "vconf-export" / "conference.csv").read_text("utf-8-sig").splitlines()

    assert done.code == 3
    assert "is no longer in the archive" in done.err
    assert len(rows) == 4


def test_a_record_that_cannot_be_read_is_not_told_in_the_words_of_its_error(shell: Shell) -> None:
    assert shell("dev", "demo", "--vendor", "zoom", "--days", "1", "--calls", "2").code == 0
    (shell.folder / "sitecustomize.py").write_text(
        "import harvesters.core.recipe as recipe\n"
        "def stumble(*_): raise LookupError('Canary Singer')\n"
        "recipe.Recipe.documents = stumble\n"
    )
    path = {"PYTHONPATH": f"{shell.folder}:{PROJECT}", "DATA_DIR": str(shell.data / "demo")}
    done = shell("export", "csv", "--all", "--in", "archive", **path)

    assert done.code == 3
    assert "Canary" not in done.err
    assert re.search(
        r"record .+ cannot be made into documents: LookupError in sitecustomize.py, line 2$", done.err, re.MULTILINE
    )


def test_documents_of_another_profile_of_privacy_are_warned_of(shell: Shell) -> None:
    assert shell("dev", "demo", "--vendor", "zoom", "--days", "1", "--calls", "2").code == 0
    shell.env["DATA_DIR"] = str(shell.data / "demo")
    arguments = ("export", "csv", "--all", "--type", "conference")
    same, other = shell(*arguments), shell(*arguments, PRIVACY="minimal")

    assert (same.code, other.code) == (0, 0)
    assert "privacy" not in same.err
    assert (
        "2 zoom documents of another privacy profile than minimal written as the lake has them: "
        "'./harvest.py replay zoom --all --destination lake' makes them anew, or export with '--in archive'.\n"
    ) in other.err
    assert "privacy" not in shell(*arguments, "--in", "archive", PRIVACY="minimal").err
    replayed = shell("replay", "zoom", "--all", "--destination", "lake", PRIVACY="minimal")
    assert replayed.code == 0, replayed.err
    assert "privacy" not in shell(*arguments, PRIVACY="minimal").err


@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        (["csv"], 2, "say which days: --date, --from and --to, --last or --all."),
        (["csv", "--all", "--last", "7d"], 2, "--last or --all, but one of them."),
        (["csv", "--all", "--out", "x.csv"], 2, "x.csv is one file, and there is one for each type: add --type"),
        (["csv", "--all", "--out", "x.parquet"], 2, "x.parquet is the name of a parquet file, and csv is asked for"),
        (["parquet", "--all", "--type", "issue", "--out", "x.csv"], 2, "name it .parquet, or export csv."),
        (["csv", "--all", "--in", "archive", "--account", "x"], 2, "--account x: there is no such account"),
        (["csv", "--all", "--account", "x"], 2, "--account x: there is no such account"),
        (["csv", "--all", "--out", "file/x"], 2, "file/x cannot be written: "),
        (["xls", "--all"], 2, "'xls' is not one of 'parquet', 'csv'"),
    ],
)
def test_wrong_use_is_a_sentence(harvested: Shell, arguments: list[str], code: int, sentence: str) -> None:
    (harvested.folder / "file").touch()
    done = harvested("export", *arguments)

    assert (done.code, len(done.err.splitlines())) == (code, 1), done.err
    assert sentence in done.err
    assert not list(harvested.folder.glob("x.*"))


def test_without_the_extra_csv_works_and_parquet_names_the_command(harvested: Shell, tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(
        "import importlib.util as u\nfound = u.find_spec\n"
        "u.find_spec = lambda name, package=None: None if name == 'pyarrow' else found(name, package)\n"
    )
    hidden = {"PYTHONPATH": str(tmp_path)}
    arguments = ("--all", "--type", "issue", "--out", str(tmp_path / "out"))

    assert harvested("export", "csv", *arguments, **hidden).code == 0
    done = harvested("export", "parquet", *arguments, **hidden)
    assert done.code == 78
    assert re.search(
        r"export parquet needs packages that are not installed: \S+ -m pip install 'pyarrow>=22'$", done.err
    )
