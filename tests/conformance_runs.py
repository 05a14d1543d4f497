"""The checks of documents and of whole runs through the engine, for the conformance suite."""

import json
import logging
import shutil
from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path

from harvesters.core.answers import Auth
from harvesters.core.encode import Encoded
from harvesters.core.errors import Exit
from harvesters.core.ids import readable
from harvesters.core.source import Account
from harvesters.core.store import SliceStore
from harvesters.core.workshop import Workshop
from tests.conformance import Bench, no_secret, source_of, whole_day
from tests.conformance_totals import totals_of
from tests.nights import lake_lines
from tests.shell import unpacked

LONGEST_ID = 512


def ids(bench: Bench) -> None:
    """No two documents of a day share an `_id`, whatever call and account they are of."""
    documents: list[Encoded] = []
    with bench.shops() as shops:
        for shop in shops:
            for record in (*whole_day(bench, shop), *totals_of(bench, shop)):
                documents += shop.recipe.documents(record, 1, Counter())
    check_ids(documents)


def check_ids(documents: Sequence[Encoded]) -> None:
    """Ids that Elasticsearch takes, each once."""
    assert documents, "no document to look at"
    twice = [id_ for id_, count in Counter(each.id for each in documents).items() if count > 1]
    assert not twice, f"{len(twice)} ids stand for several documents: {twice[:3]}"
    assert all(0 < len(each.id.encode()) <= LONGEST_ID for each in documents), "an id is empty or too long"


def replaying(bench: Bench) -> None:
    """What was fetched gives the same documents, byte for byte, live, from the archive, and from it again."""
    live: list[bytes] = []
    for report in bench.harvest():
        assert (report.exit_code, report.slices[0].state) == (Exit.OK, "complete"), report.slices[0].sentence()
    loaded = sorted(lake_lines(bench.folder))
    shutil.rmtree(bench.folder / "lake")
    bench.replay()
    assert sorted(lake_lines(bench.folder)) == loaded, "a replay gives other documents than the harvest"
    with bench.shops() as shops:
        for shop in shops:
            at = _fetched_at(bench, shop.account)
            for record in (*whole_day(bench, shop), *totals_of(bench, shop)):
                live += [each.source for each in shop.recipe.documents(record, at[readable(record.key)], Counter())]
    assert sorted(live) == loaded, "the archive gives other documents than the vendor's answer"


def _fetched_at(bench: Bench, account: Account) -> dict[str, int]:
    manifest = SliceStore(bench.folder, bench.case.name, account.id, bench.day).peek()
    assert manifest is not None
    return {name: entry.fetched_at for name, entry in manifest.records.items()}


def repeating(bench: Bench) -> None:
    """A second harvest of everything changes no byte of archive and lake."""
    first = bench.harvest()
    before = _files(bench.folder)
    bench.now += timedelta(hours=1)
    again = bench.harvest(again=True)
    for one, two in zip(first, again, strict=True):
        assert (one.exit_code, two.exit_code) == (Exit.OK, Exit.OK), two.slices[0].sentence()
        records = len(_fetched_at(bench, Account(one.slices[0].account, "")))
        assert two.slices[0].unchanged == records, f"{two.slices[0].unchanged} of {records} records are unchanged"
        assert two.slices[0].harvested == one.slices[0].harvested
    assert _files(bench.folder) == before, "a repeated harvest changes files"


def _files(folder: Path) -> dict[str, bytes]:
    """What lies in archive and lake, but for the manifests, which tell when they were written."""
    return {str(path): path.read_bytes() for path in sorted(folder.rglob("*.zst"))}


def secrecy(bench: Bench) -> None:
    """No secret and no login is in the state folder, the report or the logs."""
    seen, logs = _logged(bench)
    texts = {
        str(path.relative_to(bench.folder)): _text(path) for path in sorted(bench.folder.rglob("*")) if path.is_file()
    }
    assert any(name.endswith(".zst") for name in texts)
    for where, text in {**texts, "the report": seen[0], "the logs": logs}.items():
        no_secret(bench, text, where, seen[1:])


def _logged(bench: Bench) -> tuple[list[bytes], bytes]:
    """Harvest while everything is logged: report and login texts, and the log."""
    lines: list[str] = []
    root, handler = logging.getLogger(), logging.Handler()
    handler.emit = lambda record: lines.append(record.getMessage())  # type: ignore[method-assign]
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    with ExitStack() as stack:
        stack.callback(root.removeHandler, handler)
        stack.callback(root.setLevel, level)
        shops = stack.enter_context(bench.shops())
        logins = _watch_logins(shops[0])
        reports = [json.dumps(bench.run(shop).as_json()) for shop in shops]
    return ["\n".join(reports).encode(), *logins], "\n".join(lines).encode()


def _watch_logins(shop: Workshop) -> list[bytes]:
    """The texts of the logins that are used from now on."""
    found: list[bytes] = []

    def note() -> Auth:
        auth = source_of(shop).auth()
        found.extend(value.split()[-1].encode() for value in auth.headers.values())
        return auth

    assert shop.port is not None
    shop.port.identify(note)
    return found


def _text(path: Path) -> bytes:
    data = path.read_bytes()
    return unpacked(data) if path.suffix == ".zst" else data
