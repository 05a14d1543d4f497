"""Which archived days a lake lacks, in whole or in part, by what their manifests say of it."""

from collections.abc import Collection, Iterable, Iterator
from pathlib import Path
from typing import Protocol

from harvesters.core.day import Day
from harvesters.core.days import readable_manifest
from harvesters.core.destinations import Difference, Expected, Target
from harvesters.core.expiry import archived_names
from harvesters.core.manifest import Manifest
from harvesters.core.store import SliceStore
from harvesters.watch.verifying import expected_of, owed_of


class Checked(Protocol):
    """A destination that tells what it lacks; see `Destination`."""

    identity: str

    def check(self, target: Target, expected: Iterable[Expected]) -> list[Difference]:
        """See `Destination`."""


def lacking(
    data_dir: Path, account: tuple[str, str], days: Iterable[Day], held: Checked, types: Collection[str]
) -> Iterator[Day]:
    """Those of an account's days (vendor, id) of which a destination has not all documents of these types."""
    for day in days:
        store = SliceStore(data_dir, *account, day)
        manifest = readable_manifest(store.manifest_path)
        # Where the manifest tells nothing, nobody knows what of the archive was loaded.
        if _lacks(manifest, Target(*account, day), held, types) if manifest else store.archive.exists():
            yield day


def _lacks(manifest: Manifest, target: Target, held: Checked, types: Collection[str]) -> bool:
    if held.identity not in manifest.destinations or manifest.destinations[held.identity].removed:
        return bool(archived_names(manifest))
    if any(owed_of(manifest, held.identity)):
        return True
    return any(each.short and each.type in types for each in held.check(target, expected_of(manifest, held.identity)))


def stretches(days: Iterable[Day]) -> list[str]:
    """Days in order, those in a row as one: `2026-11-16 to 2026-11-18`."""
    found: list[list[Day]] = []
    for day in days:
        if found and found[-1][-1] + 1 == day:
            found[-1].append(day)
        else:
            found.append([day])
    return [str(some[0]) if len(some) == 1 else f"{some[0]} to {some[-1]}" for some in found]
