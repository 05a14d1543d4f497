"""The manifest of a slice: what was listed, what is in the archive, what each destination has.

Written last and by rename, so that it always tells of something that is on the disk. Where it and the
archive differ, the archive wins.
"""

import hashlib
from pathlib import Path

import msgspec

from harvesters.core.archive import Entry
from harvesters.core.errors import ArchiveError
from harvesters.core.files import replacing

FORMAT = 1


class CallState(msgspec.Struct, omit_defaults=True):
    """What is known of one call.

    Attributes:
        state: fetched, none (no conference on the day), failed, lost (the vendor says it is gone).
        listed: the newest listing named it.
        level: of its poorest record.
        fetched: when it was last answered, ISO.
        tries: failed tries in a row; `since` and `tried` are the first and the last of them, ISO.
        reason: of the failure.
        permanent: the vendor says that there is nothing.
        records: readable keys of its records.
    """

    state: str
    listed: bool = True
    level: int = 0
    fetched: str = ""
    tries: int = 0
    since: str = ""
    tried: str = ""
    reason: str = ""
    permanent: bool = False
    records: tuple[str, ...] = ()


class Stamp(msgspec.Struct, omit_defaults=True):
    """What a destination holds of a record: of which bytes, made by what; counts by document type."""

    digest: str
    fetched_at: int
    revision: str
    settings: str
    counts: dict[str, int] = msgspec.field(default_factory=dict)


class Refusal(msgspec.Struct):
    """Documents of a record that a destination refused, by reason."""

    count: int
    reasons: dict[str, int]


class Loaded(msgspec.Struct, omit_defaults=True):
    """The load state of one destination: record's readable key to what it holds and what it refused."""

    records: dict[str, Stamp] = msgspec.field(default_factory=dict)
    refused: dict[str, Refusal] = msgspec.field(default_factory=dict)


class Manifest(msgspec.Struct):
    """One slice's manifest; `records` are the archive's entries by readable key, in its order."""

    vendor: str
    account: str
    day: str
    format: int = FORMAT
    state: str = ""
    listed_at: str = ""
    settled: bool = False
    attempts: int = 0
    warnings: list[str] = msgspec.field(default_factory=list)
    calls: dict[str, CallState] = msgspec.field(default_factory=dict)
    records: dict[str, Entry] = msgspec.field(default_factory=dict)
    destinations: dict[str, Loaded] = msgspec.field(default_factory=dict)
    archive_size: int = 0
    archive_sha256: str = ""


def adopt(manifest: Manifest) -> None:
    """Name every record under its call: a run that was cut off left records and no word of their calls."""
    for name, entry in manifest.records.items():
        call = manifest.calls.setdefault(entry.call, CallState("fetched", level=entry.level))
        if name not in call.records:
            call.records = (*call.records, name)


class _Format(msgspec.Struct):
    """What manifests of all formats have."""

    format: int = FORMAT


def read_manifest(path: Path) -> Manifest | None:
    """The manifest in a file; None if there is none or it is damaged.

    Raises:
        ArchiveError: it is of another format.
    """
    try:
        content = path.read_bytes()
        found = msgspec.json.decode(content, type=_Format).format
        if found == FORMAT:
            return msgspec.json.decode(content, type=Manifest)
    except (FileNotFoundError, msgspec.MsgspecError, UnicodeDecodeError):
        return None
    message = f"{path} was written by another version of this program (format {found}): use that one or a newer one."
    raise ArchiveError(message)


def write_manifest(path: Path, manifest: Manifest) -> bool:
    """Put a manifest in its place as a whole; False if it already stands there word for word."""
    content = msgspec.json.format(msgspec.json.encode(manifest), indent=1)
    if path.exists() and path.read_bytes() == content:
        return False
    with replacing(path) as file:
        file.write(content)
    return True


def fingerprint(path: Path) -> tuple[int, str]:
    """Size and SHA-256 of a file; zero and nothing if it is not there."""
    if not path.exists():
        return 0, ""
    with path.open("rb") as file:
        return path.stat().st_size, hashlib.file_digest(file, "sha256").hexdigest()
