"""Which slices a destination holds as another profile of privacy made them."""

from collections import Counter
from collections.abc import Mapping

from harvesters.core.days import manifests
from harvesters.core.manifest import Loaded, Manifest
from harvesters.core.treatment import FULL, mark_of
from harvesters.core.words import many
from harvesters.core.workshop import Workshop

LAKE, INDEX = "lake", "index"


def other_profiles(shop: Workshop) -> list[str]:
    """How many days of which destination tell of people as another profile, or another key, made them.

    Every destination counts that a manifest names; but an index that a run with another index does not load into is
    one of former times.
    """
    mark = shop.recipe.envelope.treatment.mark
    named = {each.identity: each.name for each in shop.destinations if each.identity}
    old: Counter[str] = Counter()
    for each in manifests(shop.data_dir, shop.vendor, shop.account.id):
        there = ((_name(identity, named), loaded) for identity, loaded in each.destinations.items())
        old.update({name for name, loaded in there if name and made_otherwise(each, loaded, mark)})
    return [
        f"{many(number, 'day')} in {name} with documents that are not of the privacy profile {mark or FULL}: "
        f"'./harvest.py replay {shop.vendor} --all --destination {name}' makes them anew."
        for name, number in old.items()
    ]


def _name(identity: str, named: Mapping[str, str]) -> str | None:
    """What a destination is called on the command line; None for one of former times."""
    if identity in named or identity == LAKE:
        return named.get(identity, LAKE)
    return None if INDEX in named.values() else INDEX


def made_otherwise(manifest: Manifest, loaded: Loaded, mark: str) -> bool:
    """Whether a destination holds some of a slice's records as another profile made them, or may do so."""
    stamps = loaded.records.items()
    held = any(name in manifest.records and mark_of(stamp.settings) != mark for name, stamp in stamps)
    return held or any(each != mark for each in loaded.unsure)
