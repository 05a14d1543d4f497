"""Where a destination holds fewer or more documents than the manifest says, for people."""

from collections.abc import Iterable

from harvesters.core.destinations import Difference

MOST_NAMED = 3


def shortfall(name: str, differences: Iterable[Difference]) -> list[str]:
    """What a destination of this name lacks, type by type."""
    return _told("{name} lacks {number:,} {type} documents of {records}", name, [d for d in differences if d.short])


def surplus(name: str, differences: Iterable[Difference]) -> list[str]:
    """The documents in it that nobody knows of, type by type."""
    form = "surplus in {name}: {number:,} more {type} documents than are known of {records}"
    return _told(form, name, [each for each in differences if not each.short])


def _told(form: str, name: str, differences: Iterable[Difference]) -> list[str]:
    by_type: dict[str, list[Difference]] = {}
    for each in differences:
        by_type.setdefault(each.type, []).append(each)
    return [
        form.format(
            name=name,
            number=sum(abs(each.found - each.expected) for each in some),
            type=type_,
            records=_few([each.record for each in some]),
        )
        for type_, some in by_type.items()
    ]


def _few(records: list[str]) -> str:
    """Some records by their keys, and how many there are more."""
    more = len(records) - MOST_NAMED
    return ", ".join(records[:MOST_NAMED]) + (f" and {more:,} other records" if more > 0 else "")
