"""Records that are not in the archive any more, on purpose.

Their entries stay in the manifest, without a place in the archive: so the day stays what it was, nothing is fetched
or owed for it, and what a destination has of it still counts.
"""

from collections.abc import Iterator

from msgspec.structs import replace

from harvesters.core.entries import Entries, Entry
from harvesters.core.manifest import Manifest


def expire(manifest: Manifest, at: str) -> None:
    """Write down that the archive of a slice is gone, since an instant (ISO)."""
    manifest.records = Entries((name, replace(each, offset=0, length=0)) for name, each in manifest.records.items())
    manifest.archive_size, manifest.archive_sha256 = 0, ""
    manifest.expired = at


def expired_of(manifest: Manifest) -> Entries:
    """The records that expired."""
    if not manifest.expired:
        return Entries()
    return Entries((name, each) for name, each in manifest.records.items() if not each.archived)


def keep_expired(manifest: Manifest, expired: Entries) -> None:
    """After the archive was written anew: what it still lacks of these stays expired."""
    left = [name for name in expired if name not in manifest.records]
    for name in left:
        manifest.records[name] = expired[name]
    if not left:
        manifest.expired = ""


def archived(manifest: Manifest) -> Iterator[tuple[str, Entry]]:
    """The records that the archive has, by name, in its order."""
    return ((name, each) for name, each in manifest.records.items() if each.archived)


def archived_names(manifest: Manifest) -> list[str]:
    """The names of these."""
    return [name for name, _ in archived(manifest)] if manifest.expired else list(manifest.records)


def archived_only(manifest: Manifest) -> Manifest:
    """The same manifest for who reads the archive: without the records that expired."""
    if manifest.expired:
        manifest.records = Entries(archived(manifest))
    return manifest
