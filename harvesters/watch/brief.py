"""A manifest in brief: what tells where its day stands, and nothing that a quarter of a year need not be read for."""

from pathlib import Path

import msgspec

from harvesters.core.manifest import FORMAT, Refusal

DAMAGED = "its manifest is damaged: the next run makes it anew from the archive"
FOREIGN = "its manifest was written by another version of this program (format {}): use that one or a newer one"


class BriefCall(msgspec.Struct, gc=False):
    """What is known of one call; see `CallState`."""

    state: str
    listed: bool = True
    reason: str = ""


class Digested(msgspec.Struct, gc=False):
    """A record, or what a destination has of it, by the digest of its rows; `length` of a record that expired is 0."""

    digest: str
    length: int = 1


class BriefLoaded(msgspec.Struct):
    """The load state of one destination."""

    records: dict[str, Digested] = msgspec.field(default_factory=dict)
    refused: dict[str, Refusal] = msgspec.field(default_factory=dict)
    removed: str = ""


class Brief(msgspec.Struct):
    """A manifest without what only a run needs; see `Manifest`. `damage` says why it could not be read."""

    format: int = FORMAT
    state: str = ""
    reason: str = ""
    listed_at: str = ""
    settled: bool = False
    warnings: list[str] = msgspec.field(default_factory=list)
    calls: dict[str, BriefCall] = msgspec.field(default_factory=dict)
    records: dict[str, Digested] = msgspec.field(default_factory=dict)
    destinations: dict[str, BriefLoaded] = msgspec.field(default_factory=dict)
    expired: str = ""
    damage: str = ""


class _Format(msgspec.Struct):
    format: int = FORMAT


_decode = msgspec.json.Decoder(Brief).decode


def read_brief(path: Path) -> Brief | None:
    """The manifest in a file, None if there is none; of one that cannot be read only the `damage`.

    Raises:
        OSError: the file may not be read.
    """
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return None
    try:
        found = msgspec.json.decode(content, type=_Format).format
        if found != FORMAT:
            return Brief(damage=FOREIGN.format(found))
        return _decode(content)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return Brief(damage=DAMAGED)
