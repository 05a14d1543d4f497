"""The accounts of each vendor: `default`, which the plain variables describe, and one for each table of a file.

[opentok.school-a]
api_key = "46204972"
api_secret_env = "SCHOOL_A_SECRET"
"""

import difflib
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from harvesters.core.settings import Setting, Values, declared
from harvesters.core.values import Entry, Table

DEFAULT = "default"
Vendors = Mapping[str, type[Any]]
_PLACE = re.compile(r" \(at (?:line (\d+), column \d+|end of document)\)$")


@dataclass(frozen=True, slots=True)
class Accounts:
    """What `accounts.toml` says, and what is wrong with its form."""

    path: Path | None = None
    tables: tuple[Table, ...] = ()
    problems: tuple[str, ...] = ()

    @property
    def variables(self) -> list[str]:
        """The variables that hold secrets of the tables."""
        lines = (line for table in self.tables for line in table.entries.items())
        return [entry.text for key, entry in lines if key.endswith("_env")]


@dataclass(frozen=True, slots=True)
class Profile:
    """An account as the operator knows it: its name, and where its settings are looked up."""

    vendor: str
    name: str
    values: Values

    @property
    def place(self) -> str:
        """Where it is described, for sentences."""
        table = self.values.table
        return f"[{table.vendor}.{table.name}] of line {table.line}" if table else "the account of the environment"


def read_accounts(path: Path | None, vendors: Vendors) -> Accounts:
    """Read a file; what is wrong is kept, all of it."""
    if path is None:
        return Accounts()
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        why = "is no UTF-8 text" if isinstance(error, UnicodeDecodeError) else f"cannot be read: {error.strerror}"
        return Accounts(path, (), (f"{path} {why}.",))
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        return Accounts(path, (), (_no_toml(path, error, text),))
    reading = _Reading(path, text.splitlines(), vendors)
    tables = tuple(reading.tables(content))
    return Accounts(path, tables, tuple(reading.problems))


def _no_toml(path: Path, error: tomllib.TOMLDecodeError, text: str) -> str:
    said = str(error)
    found = _PLACE.search(said)
    line = found[1] if found and found[1] else len(text.splitlines())
    return (
        f"{path} line {line}: this is no TOML: {_PLACE.sub('', said)}. An account is a line [vendor.name], and "
        'below it lines such as api_key = "12345".'
    )


class _Reading:
    """One reading of a file; `tomllib` tells no line numbers, so the lines are looked up in the text."""

    def __init__(self, path: Path, lines: Sequence[str], vendors: Vendors) -> None:
        self._path, self._lines, self._vendors = path, lines, vendors
        self.problems: list[str] = []

    def tables(self, content: Mapping[str, Any]) -> Iterator[Table]:
        """The tables that can be used."""
        for vendor, accounts in content.items():
            line = self._line(rf"\[?\s*{_key(vendor)}\s*[.=\]]")
            if vendor not in self._vendors:
                self._problem(line, f"there is no vendor '{vendor}'; {_near(vendor, list(self._vendors))}")
            elif not isinstance(accounts, dict):
                self._problem(line, f"{vendor} is no account: write [{vendor}.NAME], and its settings below.")
            else:
                for name, table in accounts.items():
                    yield from self._table(vendor, name, table)

    def _table(self, vendor: str, name: str, table: object) -> Iterator[Table]:
        line = self._line(rf"\[\s*{_key(vendor)}\s*\.\s*{_key(name)}\s*\]") or self._line(rf"{_key(name)}\s*=")
        if not isinstance(table, dict):
            self._problem(line, f"'{name}' stands outside an account: write it below a line [{vendor}.NAME].")
        elif name == DEFAULT:
            self._problem(line, f"'{DEFAULT}' is the account that the environment describes: choose another name.")
        elif not name.strip() or not name.isprintable():
            self._problem(line, "an account needs a name that can be printed.")
        else:
            before = len(self.problems)
            entries = dict(self._entries(self._vendors[vendor], table, line))
            yield Table(self._path, vendor, name, line, entries, flawed=len(self.problems) > before)

    def _entries(self, cls: type[Any], table: Mapping[str, Any], head: int) -> Iterator[tuple[str, Entry]]:
        known = dict(_keys(cls))
        for key, value in table.items():
            line = self._line(rf"{_key(key)}\s*=", head) or head
            if key not in known:
                self._problem(line, _unknown(key, cls, list(known)))
            elif isinstance(value, bool) or not isinstance(value, str | int) or not str(value).strip():
                self._problem(line, f'{key} must be text: write {key} = "…", or leave the line out.')
            else:
                yield key, Entry(str(value), line)

    def _problem(self, line: int, sentence: str) -> None:
        self.problems.append(f"{self._path} line {line or 1}: {sentence}")

    def _line(self, pattern: str, after: int = 0) -> int:
        """The number of the first line behind another that begins so; 0 if there is none, as in unusual TOML."""
        begins = re.compile(rf"\s*{pattern}").match
        return next((n for n, line in enumerate(self._lines[after:], after + 1) if begins(line)), 0)


def _key(name: str) -> str:
    """A pattern of a key as it may be written."""
    return rf"[\"']?{re.escape(name)}[\"']?"


def _keys(cls: type[Any]) -> Iterator[tuple[str, Setting]]:
    """What may stand in a table of a vendor: names of fields; a secret by variable or by file."""
    for name, setting in declared(cls):
        for suffix in ("_env", "_file") if setting.secret else ("",):
            yield name + suffix, setting


def _unknown(key: str, cls: type[Any], known: list[str]) -> str:
    for name, setting in declared(cls):
        if setting.secret and key == name:
            return (
                f"{key} does not belong into this file, for others may read it: write "
                f'{key}_env = "NAME_OF_A_VARIABLE" or {key}_file = "path".'
            )
        if key == setting.env:
            return f"{key} is the name of a variable; here it is called {name}."
    return f"'{key}' is no setting; {_near(key, known)}"


def _near(word: str, known: Sequence[str]) -> str:
    near = difflib.get_close_matches(word, known, n=1)
    return f"did you mean '{near[0]}'?" if near else f"there are: {', '.join(known)}."


def profiles(vendor: str, cls: type[Any], plain: Values, accounts: Accounts, *, alone: bool) -> list[Profile]:
    """The accounts of a vendor; with `alone` the default one also where nothing describes it and there is no other."""
    tables = [table for table in accounts.tables if table.vendor == vendor]
    described = any(plain.find(name, setting) for name, setting in declared(cls) if setting.of_account)
    default = [Profile(vendor, DEFAULT, plain)] if described or (alone and not tables) else []
    return default + [Profile(vendor, table.name, replace(plain, table=table)) for table in tables]


def account_id(cls: type[Any], values: Values) -> str | None:
    """The vendor's own id of an account, where the settings say it in a form that can be right."""
    for name, setting in declared(cls):
        if setting.identifies and (found := values.find(name, setting)):
            try:
                return str(setting.parse(found.text))
            except ValueError:
                return None
    return None


def twins(of_vendor: Iterable[Profile], cls: type[Any]) -> Iterator[str]:
    """A sentence for each account that stands under a second name: its calls would be counted twice."""
    seen: dict[str, Profile] = {}
    for profile in of_vendor:
        id_ = account_id(cls, profile.values)
        if id_ is None:
            continue
        if id_ in seen:
            table = profile.values.table
            place = f"{table.at(table.line)}: " if table else ""
            yield f"{place}[{profile.vendor}.{profile.name}] is account {id_}, and so is {seen[id_].place}: keep one."
        seen.setdefault(id_, profile)
