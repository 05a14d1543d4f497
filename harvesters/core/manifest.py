"""The manifest of a slice: what was listed, what is in the archive, what each destination has.

Written last and by rename, so that it always tells of something that is on the disk. Where it and the
archive differ, the archive wins.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, MutableMapping
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import Any

import msgspec

from harvesters.core.entries import Entries, Entry
from harvesters.core.errors import ArchiveError
from harvesters.core.files import replacing
from harvesters.core.filled import Filled
from harvesters.core.source import NO_CALL
from harvesters.core.stamps import Stamp, Stamps

FORMAT = 1
FULL = 2
AT_ONCE = 100
"""Calls or records that are written at once."""
LARGE = 1 << 21
"""Bytes from which on a manifest is read a call or record at a time: that takes longer, but much less memory."""
UNREACHED = "unreached:"
"""Stands before the name of a destination that could not be reached, whose identity is therefore not known."""


class CallState(msgspec.Struct, omit_defaults=True, gc=False):
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


class Refusal(msgspec.Struct):
    """Documents of a record that a destination refused, by reason."""

    count: int
    reasons: dict[str, int]


class Loaded(msgspec.Struct, omit_defaults=True):
    """The load state of one destination: record's readable key to what it holds and what it refused.

    `unsure`: profiles of privacy that made what may still be there of records that are owed. `removed`: when the
    slice was taken out of it on purpose, ISO: nothing is owed to it from then on.
    """

    records: MutableMapping[str, Stamp] = msgspec.field(default_factory=dict)
    refused: dict[str, Refusal] = msgspec.field(default_factory=dict)
    unsure: list[str] = msgspec.field(default_factory=list)
    removed: str = ""


class Manifest(msgspec.Struct):
    """One slice's manifest; `records` are the archive's entries by readable key, in its order.

    `level`: what its calls were asked for at when it settled; `route`: which of the vendor's ways to the day was taken;
    `reason`: why the last run of the whole day ended early; `filled`: what the vendor's answers had in them, by kind;
    `expired`: since when records are not in the archive any more, on purpose, ISO.
    """

    vendor: str
    account: str
    day: str
    format: int = FORMAT
    state: str = ""
    reason: str = ""
    listed_at: str = ""
    settled: bool = False
    level: int = FULL
    route: str = ""
    attempts: int = 0
    warnings: list[str] = msgspec.field(default_factory=list)
    filled: dict[str, Filled] = msgspec.field(default_factory=dict)
    calls: dict[str, CallState] = msgspec.field(default_factory=dict)
    records: MutableMapping[str, Entry] = msgspec.field(default_factory=dict)
    destinations: dict[str, Loaded] = msgspec.field(default_factory=dict)
    archive_size: int = 0
    archive_sha256: str = ""
    expired: str = ""


def adopt(manifest: Manifest, once: Callable[[str], str] = str) -> None:
    """Name every record under its call, if it has one: a run that was cut off left records and no word of their calls.

    `once` gives the text of a call that others hold too.
    """
    for name, entry in manifest.records.items():
        if entry.call == NO_CALL:
            continue
        call = manifest.calls.setdefault(once(entry.call), CallState("fetched", level=entry.level))
        if name not in call.records:
            call.records = (*call.records, name)


def of_calls(manifest: Manifest) -> Iterator[tuple[str, Entry]]:
    """The records by their readable keys, without the vendor's own totals, which tell of no call."""
    return ((name, entry) for name, entry in manifest.records.items() if entry.call != NO_CALL)


class _Format(msgspec.Struct):
    """What manifests of all formats have."""

    format: int = FORMAT


def read_manifest(path: Path) -> Manifest | None:
    """The manifest in a file; None if there is none or it is damaged.

    Raises:
        ArchiveError: it is of another format.
    """
    try:
        if path.stat().st_size >= LARGE and (manifest := _read_frugally(path)):
            return manifest
        content = path.read_bytes()
        found = msgspec.json.decode(content, type=_Format).format
        if found == FORMAT:
            return msgspec.json.decode(content, type=Manifest)
    except (FileNotFoundError, msgspec.MsgspecError, UnicodeDecodeError):
        return None
    message = f"{path} was written by another version of this program (format {found}): use that one or a newer one."
    raise ArchiveError(message)


def _read_frugally(path: Path) -> Manifest | None:
    """The manifest in a file of our format and layout; None for every other file."""
    with suppress(msgspec.MsgspecError, UnicodeDecodeError), path.open("rb") as file:
        manifest = _from_pieces(file)
        return manifest if manifest.format == FORMAT else None
    return None


def _from_pieces(lines: Iterator[bytes]) -> Manifest:
    """A manifest whose calls, records and stamps are decoded one by one, what they have in common made once."""
    rest: list[bytes] = []
    above: list[bytes] = []
    large: dict[tuple[bytes, ...], MutableMapping[str, Any]] = {}
    share = _Shared()
    for line in lines:
        del above[len(line) - len(line.lstrip(b" ")) :]
        many = _many(above) if line.endswith(b"{\n") else None
        if many is None:
            rest.append(line)
            above.append(line)
        else:
            decoder, empty = many
            member = decoder.decode(b"{%b}" % _to_its_end(line, lines)).items()
            large.setdefault(tuple(above), empty()).update((share(name), share(each)) for name, each in member)
    manifest = msgspec.json.decode(b"".join(rest), type=Manifest)
    for (_, first, *more), members in large.items():
        place: Manifest | Loaded = manifest.destinations[_name(more[0])] if more else manifest
        setattr(place, _name(more[-1] if more else first), members)
    return manifest


Many = tuple[msgspec.json.Decoder[Any], Callable[[], MutableMapping[str, Any]]]
_CALLS: Many = msgspec.json.Decoder(dict[str, CallState]), dict
_ENTRIES: Many = msgspec.json.Decoder(dict[str, Entry]), Entries
_STAMPS: Many = msgspec.json.Decoder(dict[str, Stamp]), Stamps


def _many(above: list[bytes]) -> Many | None:
    """What decodes the members of the object that these lines open, and what holds them; None if it is a small one."""
    match above:
        case [_, b' "calls": {\n']:
            return _CALLS
        case [_, b' "records": {\n']:
            return _ENTRIES
        case [_, b' "destinations": {\n', _, b'   "records": {\n']:
            return _STAMPS
    return None


def _to_its_end(line: bytes, lines: Iterator[bytes]) -> bytes:
    """A member from its first line to the line that closes it."""
    piece, end = [line], line[: len(line) - len(line.lstrip(b" "))] + b"}"
    for each in lines:
        piece.append(each)
        if each.startswith(end):
            break
    return b"".join(piece).rstrip(b",\n")


def _name(line: bytes) -> str:
    """The name of the object that a line opens."""
    (name,) = msgspec.json.decode(b"{%b}}" % line, type=dict[str, Any])
    return name


class _Shared:
    """Gives back an equal text that it was given before, so that it is there once; for a call, one with such texts."""

    def __init__(self) -> None:
        self._known: dict[str, str] = {}

    def __call__(self, value: Any) -> Any:  # noqa: ANN401 - whatever a member of a manifest is
        if isinstance(value, str):
            return self._known.setdefault(value, value)
        if isinstance(value, tuple):
            return tuple(map(self, value))
        return CallState(*map(self, msgspec.structs.astuple(value))) if isinstance(value, CallState) else value


def write_manifest(path: Path, manifest: Manifest) -> bool:
    """Put a manifest in its place as a whole; False if it already stands there word for word."""
    if _stands(path, _pieces(manifest)):
        return False
    with replacing(path) as file:
        file.writelines(_pieces(manifest))
    return True


def _stands(path: Path, pieces: Iterable[bytes]) -> bool:
    """Whether a file holds these bytes and no more."""
    if not path.exists():
        return False
    with path.open("rb") as file:
        return all(file.read(len(piece)) == piece for piece in pieces) and not file.read(1)


def _pieces(value: object, depth: int = 0) -> Iterator[bytes]:
    """A manifest as `msgspec.json.format` writes it with an indent of 1, some calls or records at a time.

    As a whole, the text of a large day would need more memory than everything else of that day.
    """
    indent, before = b"\n" + b" " * depth, b"{"
    for some in _portions(value):
        ((name, member), *_) = some.items()
        if _members(member) is not None:
            yield b"".join((before, indent, b" ", msgspec.json.encode(name), b": "))
            yield from _pieces(member, depth + 1)
        else:
            text = msgspec.json.format(msgspec.json.encode(some), indent=1).replace(b"\n", indent)
            yield before + text[1 : -len(indent) - 1]
        before = b","
    yield b"{}" if before == b"{" else indent + b"}"


def _portions(value: object) -> Iterator[dict[str, Any]]:
    """What is written at once: of members that may be large one, of others many."""
    members = _members(value) or {}
    large = isinstance(value, Manifest | Loaded) or isinstance(next(iter(members.values()), None), Loaded)
    rest = iter(members.items())
    while some := dict(islice(rest, 1 if large else AT_ONCE)):
        yield some


def _members(value: object) -> Mapping[str, Any] | None:
    """Of what may be large its members by name; None of what is written in one piece."""
    if isinstance(value, Manifest):  # of which older versions know nothing of `filled`
        return {name: each for name, each in msgspec.structs.asdict(value).items() if each or name != "filled"}
    if isinstance(value, Loaded):  # which leaves out what is empty
        return {name: each for name, each in msgspec.structs.asdict(value).items() if each}
    return value if isinstance(value, Mapping) else None


def fingerprint(path: Path) -> tuple[int, str]:
    """Size and SHA-256 of a file; zero and nothing if it is not there."""
    if not path.exists():
        return 0, ""
    with path.open("rb") as file:
        return path.stat().st_size, hashlib.file_digest(file, "sha256").hexdigest()
