"""Which slices a destination holds as another profile of privacy made them."""

from collections.abc import Mapping

from harvesters.core.manifest import Loaded, Manifest
from harvesters.core.treatment import FULL, mark_of
from harvesters.core.words import many
from harvesters.core.workshop import Workshop

LAKE, INDEX = "lake", "index"
ANEW = ": './harvest.py replay {} --all --destination {}' makes them anew."
EXPIRED = ", and whose archive expired: './harvest.py prune {1} --source {0} --older-than' and their age removes them."


def other_profiles(shop: Workshop, days: Mapping[tuple[str, bool], int]) -> list[str]:
    """How many days of which destination tell of people as another profile, or another key, made them.

    Apart those whose archive expired.
    """
    profile = shop.recipe.envelope.treatment.mark or FULL
    return [
        f"{many(number, 'day')} in {name} with documents that are not of the privacy profile {profile}"
        + (EXPIRED if expired else ANEW).format(shop.vendor, name)
        for (name, expired), number in days.items()
    ]


def made_otherwise(shop: Workshop, manifest: Manifest) -> set[str]:
    """The destinations that hold some of a slice as another profile made it, or may do so.

    Every one counts that the manifest names; but an index that a run with another index does not load into is one of
    former times.
    """
    named = {each.identity: each.name for each in shop.destinations if each.identity}
    mark = shop.recipe.envelope.treatment.mark
    there = ((_name(identity, named), loaded) for identity, loaded in manifest.destinations.items())
    return {name for name, loaded in there if name and _otherwise(manifest, loaded, mark)}


def _name(identity: str, named: Mapping[str, str]) -> str | None:
    """What a destination is called on the command line; None for one of former times."""
    if identity in named or identity == LAKE:
        return named.get(identity, LAKE)
    return None if INDEX in named.values() else INDEX


def _otherwise(manifest: Manifest, loaded: Loaded, mark: str) -> bool:
    stamps = loaded.records.items()
    held = any(name in manifest.records and mark_of(stamp.settings) != mark for name, stamp in stamps)
    return held or any(each != mark for each in loaded.unsure)
