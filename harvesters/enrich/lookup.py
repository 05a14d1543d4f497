"""The user's own labels, from a spreadsheet saved as CSV: what a room, a person or an account is to him.

room;person;school;class
123 4567 8901;;Linden School;7b
;ann@example.com;Linden School;teacher
"""

import csv
import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path

ENV = "LOOKUP_FILE"
ROOM, PERSON, ACCOUNT = "room", "person", "account"
KINDS = (ROOM, PERSON, ACCOUNT)
LONGEST_NAME = 64
MOST_NAMED = 20
_SPACED_NUMBER = re.compile(r"[0-9]+(?:\s+[0-9]+)+")
Labels = Mapping[str, str]
NOTHING: Labels = {}


@dataclass(frozen=True, slots=True)
class Lookup:
    """What the file says; `digest`: SHA-256 of its bytes, as hex; `labels`: by kind and key."""

    digest: str
    labels: Mapping[str, Mapping[str, Labels]]

    def of(self, kind: str, *keys: object) -> Labels:
        """The labels of something that goes by these keys, absent ones None; where they differ the last key's."""
        by_key = self.labels.get(kind, {})
        found = [by_key.get(key_of(key), NOTHING) for key in keys if isinstance(key, str)] if by_key else []
        return {name: text for each in found for name, text in each.items()}


def key_of(text: str) -> str:
    """How a key is compared: Zoom shows a meeting's number with spaces, and mail addresses come in any case."""
    key = text.strip()
    if "@" in key:
        return key.casefold()
    return "".join(key.split()) if _SPACED_NUMBER.fullmatch(key) else key


def read_lookup(path: Path | None, problems: list[str]) -> Lookup | None:
    """The file of the setting, None without one; what is wrong, all of it, is added to `problems`."""
    if path is None or not path.is_file():  # which is said with the other settings
        return None
    reading = _Reading(path)
    try:
        with path.open("rb") as file:
            reading.read(file)
    except OSError as error:
        reading.problems.append(f"{ENV} names {path}, which cannot be read: {error.strerror}.")
    more = len(reading.problems) - MOST_NAMED
    problems += reading.problems[:MOST_NAMED]
    problems += [f"{ENV} {path}: and {more:,} more problems of this kind."] if more > 0 else []
    return None if reading.problems else Lookup(reading.digest.hexdigest(), reading.labels)


@dataclass(slots=True)
class _Reading:
    """One reading of a file, line by line."""

    path: Path
    digest: "hashlib._Hash" = field(default_factory=hashlib.sha256)
    labels: dict[str, dict[str, Labels]] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    """The first line: a kind, a label's name, or "" for a column without a name."""
    lines: dict[tuple[str, str], int] = field(default_factory=dict)
    """Where each key stands."""
    at: int = 0

    def read(self, file: Iterable[bytes]) -> None:
        """Take the names from the first line, and labels from the others."""
        text = self._decoded(file)
        try:
            first = next(text, "")
            if not first.strip():
                self._problem(1, "is empty: the first line names the columns, such as room;school.")
                return
            # Spreadsheets write semicolons where the comma is in numbers.
            delimiter = ";" if first.count(";") > first.count(",") else ","
            rows = csv.reader(chain([first], text), delimiter=delimiter, strict=True)
            self._head(next(rows))
            self._rows(rows)
        except UnicodeDecodeError:
            self._problem(self.at, "is no UTF-8 text: save the table as 'CSV UTF-8'.")
        except csv.Error as error:
            self._problem(self.at, f"is no line of a table ({error}): save the table as CSV.")

    def _decoded(self, file: Iterable[bytes]) -> Iterator[str]:
        for self.at, line in enumerate(file, 1):
            self.digest.update(line)
            yield line.decode("utf-8-sig" if self.at == 1 else "utf-8")

    def _problem(self, line: int, sentence: str) -> None:
        self.problems.append(f"{ENV} {self.path} line {line} {sentence}")

    def _head(self, cells: list[str]) -> None:
        for cell in map(str.strip, cells):
            name = cell.lower() if cell.lower() in KINDS else cell
            if name and name in self.names:
                self._problem(1, f"has two columns called '{name}': keep one.")
            if len(name) > LONGEST_NAME or "." in name or not name.isprintable():
                self._problem(
                    1, f"has a column '{name[:LONGEST_NAME]}': a label's name has no dot and up to 64 characters."
                )
            self.names.append(name)
        if not set(KINDS) & set(self.names):
            self._problem(1, "has no column called room, person or account, so that nothing can be matched.")
        if not set(self.names) - {*KINDS, ""}:
            self._problem(1, "has no column of labels: each one beside room, person and account is a label.")

    def _rows(self, rows: Iterable[list[str]]) -> None:
        begin = self.at + 1
        for cells in rows:
            self._row(begin, [cell.strip() for cell in cells])
            begin = self.at + 1

    def _row(self, line: int, cells: list[str]) -> None:
        nameless = [n for n, cell in enumerate(cells, 1) if cell and not (n <= len(self.names) and self.names[n - 1])]
        if nameless:
            self._problem(line, f"has text in column {nameless[0]}, which has no name in the first line.")
        told = {name: cell for name, cell in zip(self.names, cells, strict=False) if name and cell}
        keys = [kind for kind in KINDS if kind in told]
        if len(keys) == 1:
            labels = {name: text for name, text in told.items() if name not in KINDS}
            self._keep(line, keys[0], key_of(told[keys[0]]), labels)
        elif keys:
            self._problem(line, f"names {' and '.join(keys)}: write a line for each.")
        elif told and set(KINDS) & set(self.names):
            self._problem(line, "has labels, but names no room, person or account that they belong to.")

    def _keep(self, line: int, kind: str, key: str, labels: Labels) -> None:
        """Keys are not quoted in sentences: they may be people's addresses."""
        before = self.lines.setdefault((kind, key), line)
        if before != line:
            self._problem(line, f"names the same {kind} as line {before}: keep one of them.")
        self.labels.setdefault(kind, {})[key] = labels
