"""A GeoIP database of the user's: opened once, asked by address, its answers remembered."""

import hashlib
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harvesters.core.errors import SettingsError
from harvesters.enrich.addresses import addresses

if TYPE_CHECKING:
    from maxminddb.reader import Reader

REMEMBERED = 16_384
"""Addresses whose answers are kept; a few MB."""
IPV4 = 4
LOOKED_AT = 200
Fields = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Kind:
    """What a database is for.

    Attributes:
        env: the setting that names it.
        content: what it should be, for people.
        tells: what its records tell, for people.
        fields: what an answer means, as fields of a document; empty if it means nothing.
    """

    env: str
    content: str
    tells: str
    fields: Callable[[object], Fields]


class Database:
    """One database. Several threads may ask it at once; it is closed at the end of a run."""

    def __init__(self, path: Path, kind: Kind, digest: str, reader: "Reader") -> None:
        """`digest`: SHA-256 of the file, as hex."""
        self.digest = digest
        self._path, self._kind, self._reader = path, kind, reader
        self._only_ipv4 = reader.metadata().ip_version == IPV4
        self._known = lru_cache(maxsize=REMEMBERED)(self._look_up)

    def find(self, told: object) -> Fields:
        """The fields that the first known of the told addresses gives; empty without one.

        Which addresses are private is not asked here: of those a bought database knows nothing, and a school that
        makes one of its own networks wants its answers.

        Raises:
            SettingsError: the database is damaged.
        """
        return next((found for each in addresses(told) if (found := self._known(each))), {})

    def _look_up(self, address: str) -> Fields:
        from maxminddb import InvalidDatabaseError

        if self._only_ipv4 and ":" in address:
            return {}
        try:
            return self._kind.fields(self._reader.get(address))
        except (InvalidDatabaseError, UnicodeDecodeError) as error:
            message = f"{self._kind.env} names {self._path}, which is damaged: get the database anew."
            raise SettingsError([message]) from error

    def close(self) -> None:
        """Give the file back."""
        self._reader.close()


def open_geoip(path: Path | None, kind: Kind, problems: list[str]) -> Database | None:
    """The database of a setting, None without one; what is wrong is added to `problems`.

    The digest is taken before the file is opened. Where another file takes its place in between, documents are made
    with the newer one under the older one's digest, so that the next run makes them anew, and not the other way round.
    """
    if path is None or not path.is_file():  # which is said with the other settings
        return None
    from maxminddb import InvalidDatabaseError, open_database

    try:
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        reader = open_database(path)
    except (OSError, InvalidDatabaseError) as error:
        why = f"cannot be read: {error.strerror}" if isinstance(error, OSError) else "is no GeoIP database (.mmdb)"
        problems.append(f"{kind.env} names {path}, which {why}; it should be {kind.content}.")
        return None
    if _fits(reader, kind):
        return Database(path, kind, digest, reader)
    said = f"whose first records name no {kind.tells} ({reader.metadata().database_type})"
    problems.append(f"{kind.env} names {path}, {said}; it should be {kind.content}.")
    reader.close()
    return None


def _fits(reader: "Reader", kind: Kind) -> bool:
    """Whether some of the first records tell what the database is for; types are named as their makers please."""
    from maxminddb import InvalidDatabaseError

    with suppress(InvalidDatabaseError, UnicodeDecodeError):
        return any(kind.fields(record) for _, record in islice(reader, LOOKED_AT))
    return False
