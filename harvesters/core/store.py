"""One slice's files under `DATA_DIR`, and the merge of what was fetched into what was there."""

import logging
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path

from harvesters.core.archive import Frame, scan, write_frames, write_merged
from harvesters.core.day import Day
from harvesters.core.entries import Entries, Entry
from harvesters.core.errors import STOPPED, InterruptedRunError
from harvesters.core.expiry import expired_of, keep_expired
from harvesters.core.files import open_private, sync
from harvesters.core.ids import readable, safe_name
from harvesters.core.manifest import (
    CallState,
    Manifest,
    adopt,
    fingerprint,
    read_manifest,
    write_manifest,
)
from harvesters.core.source import NO_CALL

log = logging.getLogger(__name__)
SHRUNK = 0.5
UNREADABLE = "{} is damaged and is made anew from the archive: what it knew of calls without a record is lost."


@dataclass(slots=True)
class Merged:
    """What a merge did: records taken, records that were there already, and what the operator must hear."""

    taken: int = 0
    unchanged: int = 0
    warnings: list[str] = field(default_factory=list)


class SliceStore:
    """The archive, the part file and the manifest of one vendor, account and day.

    `believed`: the archive is another one than the manifest knew when it was opened, so nobody knows who made it.
    """

    def __init__(self, data_dir: Path, vendor: str, account: str, day: Day) -> None:
        """Nothing is read or made yet."""
        self.vendor, self.account, self.day = vendor, account, day
        folder = data_dir / "archive" / vendor / safe_name(account) / str(day)[:4]
        self.archive = folder / f"{day}.ndjson.zst"
        self.part = folder / f"{day}.part"
        self.manifest_path = folder / f"{day}.manifest.json"
        self._lock = threading.Lock()
        self._opened = self._merged = self._sealed = False
        self.believed = False
        self._texts: dict[str, str] = {}

    def peek(self) -> Manifest | None:
        """The manifest as it stands, without making it agree with the archive."""
        return read_manifest(self.manifest_path)

    def open(self) -> tuple[Manifest, list[str]]:
        """The manifest, made to agree with the archive; sentences for what is damaged.

        Raises:
            ArchiveError: the manifest is of another format.
        """
        manifest, said = self._agreed(for_reading=False)
        self._opened = True
        return manifest, said

    def view(self) -> tuple[Manifest, list[str]]:
        """The same for readers: nothing is written, nor does `commit` write what they were given.

        Raises:
            ArchiveError: the manifest is of another format.
        """
        return self._agreed(for_reading=True)

    def _agreed(self, *, for_reading: bool) -> tuple[Manifest, list[str]]:
        known = self.peek()
        manifest = known or Manifest(self.vendor, self.account, str(self.day))
        said = [] if known or not self.manifest_path.exists() else [UNREADABLE.format(self.manifest_path.name)]
        found = fingerprint(self.archive)
        if found != (manifest.archive_size, manifest.archive_sha256):
            said += self._believe_archive(manifest, found, for_reading=for_reading)
        return manifest, said

    def _believe_archive(self, manifest: Manifest, found: tuple[int, str], *, for_reading: bool) -> list[str]:
        """Where manifest and archive differ, the archive wins: no call is final, no record is assumed."""
        self.believed = True
        scanned = list(scan(self.archive)) if found[0] else []
        damage = [each for each in scanned if isinstance(each, str)]
        entries = [each for each in scanned if not isinstance(each, str)]
        if damage and not for_reading:
            damage.append(f"{self._set_aside().name} keeps the damaged file.")
        gone = {name: each.call for name, each in manifest.records.items() if each.archived}
        expired = expired_of(manifest)
        manifest.records = Entries((readable(each.key), each) for each in entries)
        manifest.archive_size, manifest.archive_sha256 = found
        if gone or not _came_back(expired, manifest.records):
            manifest.settled = False
            for state in manifest.calls.values():
                state.fetched = ""
        keep_expired(manifest, expired)
        adopt(manifest)
        damage += _name_gone(manifest, gone)
        return damage

    def _set_aside(self) -> Path:
        """A second name for a damaged archive, so that what is left of it is never overwritten."""
        number = 1
        while (aside := self.archive.with_suffix(f".damaged-{number}")).exists():
            number += 1
        aside.hardlink_to(self.archive)
        return aside

    def once(self, text: str) -> str:
        """An equal text that was given before, if there is one: fetch, merge and manifest name calls and records."""
        return self._texts.setdefault(text, text)

    def forget_texts(self) -> None:
        """Let go of what `once` was given."""
        self._texts.clear()

    def append(self, frame: Frame) -> None:
        """Add a whole record to the part file; safe for several threads.

        Raises:
            InterruptedRunError: the run was stopped, and what comes now comes too late.
        """
        with self._lock:
            if self._sealed:
                raise InterruptedRunError(STOPPED)
            self._merged = False
            self.part.parent.mkdir(parents=True, exist_ok=True)
            with open_private(self.part, "ab") as file:
                file.write(frame.data)

    def seal(self) -> None:
        """From now on nothing is added to the part file: threads that were left may still come with something."""
        with self._lock:
            self._sealed = True

    def merge(self, manifest: Manifest, *, again: bool) -> Merged:
        """Bring the part file's records into the archive and the manifest's `records`.

        The part file stays until the manifest is written (`commit`), so a crash in between repeats
        the merge, which then changes nothing.
        """
        report, old = Merged(), manifest.records
        taken = Entries()
        for new in scan(self.part) if self.part.exists() else ():
            if isinstance(new, str):
                log.info("left over from a run that was cut off: %s", new)
                continue
            name = self.once(readable(new.key))
            why = objection(taken.get(name) or old.get(name), new, again=again)
            if why is None:
                taken[name] = new
            elif why:
                report.warnings.append(f"{name}: {why}")
        report.taken, report.unchanged = len(taken), sum(name not in taken for name in old)
        if taken:
            self._rewrite(manifest, taken)
        self._merged = True
        return report

    def _rewrite(self, manifest: Manifest, taken: Entries) -> None:
        """Write the archive anew, with these of the part file's records among those that stay; they are used up."""
        with self.part.open("rb") as part:
            sync(part)
        before, expired = manifest.records, expired_of(manifest)

        def place(name: str) -> tuple[Path, Entry]:
            return (self.part, taken[name]) if name in taken else (self.archive, before[name])

        names = _in_order({*before, *taken} - (expired.keys() - taken.keys()), lambda name: place(name)[1])
        manifest.records = write_merged(self.archive, ((name, *place(name)) for name in names))
        keep_expired(manifest, expired)
        manifest.archive_size, manifest.archive_sha256 = fingerprint(self.archive)

    def replace_records(self, manifest: Manifest, frames: Iterable[tuple[str, Frame]]) -> None:
        """Write the archive anew with these records, in their order; the manifest still waits for `commit`."""
        expired = expired_of(manifest)
        manifest.records = write_frames(self.archive, frames)
        keep_expired(manifest, expired)
        manifest.archive_size, manifest.archive_sha256 = fingerprint(self.archive)

    def commit(self, manifest: Manifest) -> None:
        """Write the manifest, unless it knows nothing; only then may the part file go, if it was merged.

        Of a slice that could not be opened, what is there is left alone.
        """
        if not self._opened:
            return
        if manifest.listed_at or manifest.calls or manifest.records or self.manifest_path.exists():
            write_manifest(self.manifest_path, manifest)
        if self._merged:
            self.part.unlink(missing_ok=True)


def _in_order(names: Iterable[str], entry: Callable[[str], Entry]) -> Iterator[str]:
    """Names by the start of their records, then by key; not at once by both, since all keys would be held for it."""

    def started(name: str) -> str:
        return entry(name).started

    for _, some in groupby(sorted(names, key=started), started):
        yield from sorted(some, key=lambda name: entry(name).key)


def _came_back(expired: Entries, found: Entries) -> bool:
    """Whether an archive holds nothing but what had expired: somebody put it back, or it was not gone yet."""
    known = (name in expired and expired[name].digest == each.digest for name, each in found.items())
    return bool(expired) and all(known)


def _name_gone(manifest: Manifest, before: dict[str, str]) -> list[str]:
    """Calls whose records the archive lost are owed again, like totals; one sentence for each record."""
    lost = {name: call for name, call in before.items() if name not in manifest.records}
    for name, call in lost.items():
        if call == NO_CALL:
            continue
        state = manifest.calls.setdefault(call, CallState("failed"))
        state.state, state.reason = "failed", "its archived record was damaged or removed"
        state.records = tuple(each for each in state.records if each != name)
    return [f"record {name} is no longer in the archive and is owed again." for name in lost]


def objection(old: Entry | None, new: Entry, *, again: bool) -> str | None:
    """Why a new record does not replace the old one: a sentence, "" if there is nothing to say; None if it does.

    The newest wins, except that the same bytes keep the older record (a repeated harvest changes
    nothing), a poorer level never replaces a richer one unless that was ongoing, and a record that lost
    half its rows is kept out until somebody asks for it with `--again`. One that expired may come back as it was.
    """
    if old is None or (new.digest == old.digest and not old.archived):
        return None
    if new.digest == old.digest or new.fetched_at <= old.fetched_at:
        return ""
    if new.level < old.level and not old.ongoing:
        return f"the new answer has less detail (level {new.level} after {old.level}); the old one is kept."
    if new.rows < old.rows * SHRUNK and not again:
        return f"shrunk from {old.rows} to {new.rows} rows; the old one is kept, --again takes the new one."
    return None
