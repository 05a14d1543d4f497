"""Takes documents from the lake or the archive and writes them as tables, as they come."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import MAXYEAR, date
from pathlib import Path
from typing import IO, Any, Protocol

import msgspec

from harvesters import all_fields
from harvesters.commands.archived import archived
from harvesters.commands.build import recipe
from harvesters.commands.unloaded import unloaded
from harvesters.commands.workplace import Workplace
from harvesters.core.archive import read
from harvesters.core.day import Day
from harvesters.core.days import archived_days
from harvesters.core.errors import ArchiveError, DestinationError, NothingFoundError, UsageError
from harvesters.core.expiry import archived_only
from harvesters.core.fields import by_name
from harvesters.core.files import replacing
from harvesters.core.loading import UNREADABLE
from harvesters.core.mishap import where
from harvesters.core.period import Period
from harvesters.core.source import Account
from harvesters.core.store import SliceStore
from harvesters.core.treatment import FULL
from harvesters.core.words import many
from harvesters.enrich.privacy import treatment
from harvesters.export.table import Column, Table, columns
from harvesters.finding.stored import StoredLake
from harvesters.watch.lacking import stretches

EVER = Period(Day(date(1970, 1, 1)), Day(date(MAXYEAR - 1, 1, 1)))
Documents = Iterator[tuple[str, bytes]]


@dataclass(frozen=True, slots=True)
class Asked:
    """What to write: as parquet or csv, of which vendors, types, days (None: all) and accounts; from where."""

    form: str
    vendors: Sequence[str]
    types: Sequence[str]
    period: Period | None = None
    accounts: Sequence[str] = ()
    store: str | None = None


@dataclass(slots=True)
class Exported:
    """What was written, as sentences, and what could not be; `otherwise`: documents of another profile of privacy."""

    done: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    otherwise: Counter[str] = field(default_factory=Counter)

    def cautions(self, profile: str) -> list[str]:
        """What was written and is not as the settings want it."""
        return [
            f"{many(number, f'{vendor} document')} of another privacy profile than {profile} written as the lake has "
            f"them: './harvest.py replay {vendor} --all --destination lake' makes them anew, or export with "
            "'--in archive'."
            for vendor, number in self.otherwise.items()
            if number
        ]


class TableFile(Protocol):
    """A file that takes rows."""

    def write(self, row: Sequence[Any]) -> None:
        """Add a row."""

    def close(self) -> None:
        """Write what is left."""


@dataclass(slots=True)
class _Output:
    """One file under way."""

    path: Path
    table: Table
    file: TableFile
    rows: int = 0

    def take(self, source: bytes) -> None:
        self.file.write(self.table.row(source))
        self.rows += 1


def exported(place: Workplace, asked: Asked, out: Path) -> Exported:
    """Write the files; each takes its place once all are whole.

    Raises:
        NothingFoundError: there is no document at all, of whatever day.
        UsageError: the files cannot be written there.
    """
    result = Exported()
    documents = _documents(place, asked, result)
    try:
        with ExitStack() as stack:
            outputs = {type_: _output(asked, out, type_, stack) for type_ in asked.types}
            for type_, source in documents:
                if type_ in outputs:
                    outputs[type_].take(source)
            for each in outputs.values():
                each.file.close()
    except OSError as error:
        message = f"{out} cannot be written: {error.strerror}; --out needs a folder or a file name."
        raise UsageError(message) from error
    result.done += [_said(type_, each) for type_, each in outputs.items()]
    result.missing += _strange(outputs)
    if not any(each.rows for each in outputs.values()):
        result.done.append("No document is of these days: name others, or --all.")
    return result


def _output(asked: Asked, out: Path, type_: str, stack: ExitStack) -> _Output:
    path = out if out.suffix == f".{asked.form}" else out / f"{type_}.{asked.form}"
    wanted = columns(by_name(all_fields()).values(), type_)
    return _Output(path, Table(wanted), _file(asked.form, stack.enter_context(replacing(path)), wanted))


def _file(form: str, file: IO[bytes], wanted: Sequence[Column]) -> TableFile:
    if form == "csv":
        from harvesters.export.csv_file import CsvFile

        return CsvFile(file, wanted)
    from harvesters.export.parquet_file import ParquetFile

    return ParquetFile(file, wanted)


def _said(type_: str, output: _Output) -> str:
    return f"{many(output.rows, type_)} in {output.path}."


def _strange(outputs: Mapping[str, _Output]) -> list[str]:
    """Members that have no column: of documents of another version of this program."""
    return [
        f"{type_} documents have {', '.join(sorted(each.table.strangers))}, for which there is no column: load their "
        "days again with './harvest.py replay'."
        for type_, each in outputs.items()
        if each.table.strangers
    ]


def _documents(place: Workplace, asked: Asked, result: Exported) -> Documents:
    """Every document with its type.

    Raises:
        NothingFoundError: the place holds none, of whatever day.
        UsageError: no account is called so.
    """
    lake = StoredLake(place.data_dir / "lake", asked.vendors)
    store = asked.store or ("lake" if lake.anything() else "archive")
    # A lake may lie somewhere without an archive: then nobody knows which names there are.
    known = store == "archive" or archived(place, asked.vendors, ())
    accounts = archived(place, asked.vendors, asked.accounts if known else ())
    if not (lake.anything() if store == "lake" else accounts):
        looked = lake.where if store == "lake" else f"the archive in {place.data_dir / 'archive'}"
        message = (
            f"{looked} holds nothing yet: harvest a day first, such as "
            f"'./harvest.py {asked.vendors[0]} --date yesterday', or try './harvest.py dev demo --days 14'."
        )
        raise NothingFoundError(message)
    if store == "archive":
        return _of_archive(place, asked, accounts, result)
    result.missing += _lacking(place, asked)
    return _of_lake(lake, asked, _privacy(place), result)


def _privacy(place: Workplace) -> tuple[str, str]:
    """The present profile of privacy, and the id of its key, as documents name them."""
    told = treatment(place.common.privacy, place.key, by_name(all_fields())).constants
    return told["vconf.privacy"], told.get("vconf.privacy_key", "")


def _lacking(place: Workplace, asked: Asked) -> Iterator[str]:
    for vendor, name, days in unloaded(place, asked.vendors, asked.accounts, asked.period, asked.types):
        window = f"--from {days[0]} --to {days[-1] + 1}"
        yield (
            f"the lake lacks calls of {vendor} {name} that are archived, of {', '.join(stretches(days))}: "
            f"export them with '--in archive', or load them with "
            f"'./harvest.py replay {vendor} {window} --destination lake'."
        )


class _Account(msgspec.Struct):
    name: str = ""


class _Vconf(msgspec.Struct):
    vendor: str
    account: _Account
    privacy: str = FULL
    privacy_key: str = ""


class _Whose(msgspec.Struct):
    vconf: _Vconf


_whose = msgspec.json.Decoder(_Whose).decode


def _of_lake(lake: StoredLake, asked: Asked, privacy: tuple[str, str], result: Exported) -> Documents:
    for type_ in asked.types:
        for source in lake.documents(type_, asked.period or EVER, ()):
            vconf = _whose(source).vconf
            if not asked.accounts or vconf.account.name in asked.accounts:
                result.otherwise[vconf.vendor] += (vconf.privacy, vconf.privacy_key) != privacy
                yield type_, source


def _of_archive(place: Workplace, asked: Asked, accounts: list[tuple[str, Account]], result: Exported) -> Documents:
    for vendor, account in accounts:
        for day in archived_days(place.data_dir, vendor, account.id):
            if day in (asked.period or EVER):
                yield from _of_slice(place, SliceStore(place.data_dir, vendor, account.id, day), account, result)


def _of_slice(place: Workplace, store: SliceStore, account: Account, result: Exported) -> Documents:
    """The documents of a day, made anew; a record that cannot be read is named, and the rest goes on."""
    manifest, damage = store.view()
    result.missing += damage
    made, oddities = recipe(place, store.vendor, account), Counter[str]()
    if manifest.expired:
        result.done.append(f"The archive of {store.vendor} {account.name} {store.day} expired: it is left out.")
    if not archived_only(manifest).records:
        return
    with store.archive.open("rb") as file:
        for name, entry in manifest.records.items():
            try:
                for each in made.documents(read(file, entry), entry.fetched_at, oddities):
                    yield each.type, each.source
            except DestinationError:
                raise
            except UNREADABLE as error:
                why = str(error) if isinstance(error, ArchiveError) else where(error)
                result.missing.append(f"record {name} cannot be made into documents: {why}")
