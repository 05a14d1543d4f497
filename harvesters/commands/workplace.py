"""From settings to the objects of a run: clock, folders, accounts, what documents are enriched with."""

import logging
import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from dotenv import dotenv_values

from harvesters import SOURCES, source_class
from harvesters.core.accounts import Accounts, read_accounts
from harvesters.core.common_settings import CommonSettings, problems_of
from harvesters.core.day import Clock, Day, clock_from, days_between, parse_span
from harvesters.core.errors import SettingsError, UsageError
from harvesters.core.keyed import Key, exposed_key, read_key
from harvesters.core.settings import Values, exposed, load, read, require
from harvesters.enrich.enrichment import Enrichment, open_enrichment

log = logging.getLogger(__name__)

HOME = Path(__file__).parents[2]
"""The clone that holds `harvest.py`; for an installed command some folder without it."""


def find_dotenv(named: Path | None) -> Path | None:
    """The `.env` file: the one named, else the working folder's, else the one beside `harvest.py`.

    Raises:
        UsageError: the one named is not there.
    """
    if named is not None:
        if not named.is_file():
            message = f"--env-file names {named}, which is not a file."
            raise UsageError(message)
        return named
    beside = [Path.cwd() / ".env", *([HOME / ".env"] if in_a_clone() else [])]
    return next((path for path in beside if path.is_file()), None)


def find_accounts(common: CommonSettings, dotenv: Path | None) -> Path | None:
    """The file of accounts: the one named, else the working folder's, else the one beside `.env` or `harvest.py`."""
    if common.accounts_file:
        return common.accounts_file if common.accounts_file.is_file() else None
    beside = dotenv.parent if dotenv else HOME if in_a_clone() else None
    folders = [Path.cwd(), *([beside] if beside else [])]
    return next((path for folder in folders if (path := folder / "accounts.toml").is_file()), None)


def in_a_clone() -> bool:
    """Whether this is a clone, not an installed command."""
    return (HOME / "harvest.py").is_file()


def default_data_dir(environ: Mapping[str, str]) -> Path:
    """`data` beside `harvest.py`; for an installed command the XDG state folder."""
    if in_a_clone():
        return HOME / "data"
    state = environ.get("XDG_STATE_HOME") or str(Path.home() / ".local" / "state")
    return Path(state) / "vconf-harvest"


def _read_dotenv(path: Path) -> dict[str, str | None]:
    """What a `.env` file says.

    Raises:
        SettingsError: it cannot be read.
    """
    try:
        return dotenv_values(path)
    except (OSError, UnicodeDecodeError) as error:
        why = "is no UTF-8 text" if isinstance(error, UnicodeDecodeError) else f"cannot be read: {error.strerror}"
        raise SettingsError([f"{path} {why}."]) from error


@dataclass(frozen=True, slots=True)
class Workplace:
    """The common settings of a command and what follows from them."""

    values: Values
    common: CommonSettings
    clock: Clock
    data_dir: Path
    problems: tuple[str, ...]
    accounts: Accounts = field(default_factory=Accounts)
    enrichment: Enrichment = field(default_factory=Enrichment)
    key: Key | None = None

    def values_of(self, vendor: str, account: str) -> Values:
        """Where the settings of an account are looked up, by its name."""
        tables = [each for each in self.accounts.tables if (each.vendor, each.name) == (vendor, account)]
        return replace(self.values, table=tables[0]) if tables else self.values

    def check(self) -> None:
        """Refuse to go on with settings that are missing or malformed.

        Raises:
            SettingsError: with every problem.
        """
        if self.problems:
            raise SettingsError(list(self.problems))


def workplace(env_file: Path | None, flags: Mapping[str, str | None]) -> Workplace:
    """Read the common settings; problems are kept, so that those of a vendor can be added to them."""
    path = find_dotenv(env_file)
    dotenv = _read_dotenv(path) if path else {}
    values = Values(flags, os.environ, dotenv, path, Path.cwd())
    problems: list[str] = []
    common = read(CommonSettings, values, problems)
    problems += problems_of(common)
    classes = {vendor: source_class(vendor).Settings for vendor in SOURCES}
    accounts = read_accounts(find_accounts(common, path), classes)
    problems += exposed(values, [CommonSettings, *classes.values()], accounts.variables)
    for caution in exposed_key(common.privacy_key_file):
        log.warning("%s", caution)
    clock = _clock(common, problems)
    data_dir = common.data_dir or default_data_dir(os.environ)
    enrichment = open_enrichment(common, problems)
    key = read_key(common.privacy_key_file, problems)
    return Workplace(values, common, clock, data_dir, tuple(problems), accounts, enrichment, key)


def _clock(common: CommonSettings, problems: list[str]) -> Clock:
    try:
        return clock_from(common.now)
    except ValueError as error:
        problems.append(str(error))
        return clock_from(None)


def vendor_settings(place: Workplace, vendor: str) -> Any:  # noqa: ANN401 - each vendor has a dataclass of its own
    """The settings of a vendor.

    Raises:
        SettingsError: with every problem, the common ones among them.
    """
    problems = list(place.problems)
    return require(load(source_class(vendor).Settings, place.values, problems), problems)


@dataclass(frozen=True, slots=True)
class Window:
    """The days that the user asked for; `nightly` without any."""

    days: tuple[Day, ...] = ()
    nightly: bool = False


def window(clock: Clock, date: str | None, first: str | None, end: str | None, last: str | None) -> Window:
    """The days of `--date`, of `--from` and `--to` (half-open) or of `--last`.

    Raises:
        UsageError: a date is no date, or the options contradict each other.
    """
    both = None if first is None and end is None else (first or "") + (end or "")
    given = [name for name, value in (("--date", date), ("--from/--to", both), ("--last", last)) if value is not None]
    if len(given) > 1:
        message = f"{' and '.join(given)} contradict each other: give one of them."
        raise UsageError(message)
    now = clock.now()
    if date is not None:
        return Window((Day.parse(date, now),))
    if last is not None:
        return Window(_last(parse_span(last), Day.of(now)))
    if both is not None:
        return Window(_range(first, end, clock))
    return Window(nightly=True)


def _last(span: timedelta, today: Day) -> tuple[Day, ...]:
    days = -(-span // timedelta(days=1))
    return tuple(today + -back for back in range(days, 0, -1))


def _range(first: str | None, end: str | None, clock: Clock) -> tuple[Day, ...]:
    if first is None:
        message = "--to needs --from: the window is [from, to), the day of --to not included."
        raise UsageError(message)
    now = clock.now()
    start, stop = Day.parse(first, now), Day.of(now) if end is None else Day.parse(end, now)
    if start >= stop:
        message = f"the window from {start} to {stop} is empty: the day of --to is not included."
        raise UsageError(message)
    return tuple(days_between(start, stop))
