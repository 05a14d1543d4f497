"""What the engine asks of whoever makes documents fit for a profile of privacy, and how a stamp tells the profile."""

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any, Protocol

FULL = "full"
Fields = Mapping[str, Any]


class Treatment(Protocol):
    """Of one profile."""

    @property
    def constants(self) -> Mapping[str, str]:
        """Fields of every document: the profile's name, and the id of the key if there is one."""

    @property
    def mark(self) -> str:
        """The profile, and the key if there is one, as a stamp tells them; empty where nothing is treated."""

    def treat(self, flat: Fields, shared: Fields) -> Fields:
        """The fields of a document that may stand in it, by dotted name and in their order.

        `shared`: those that all documents of the conference repeat.
        """


class Untreated:
    """Everything stays."""

    constants: Mapping[str, str] = MappingProxyType({"vconf.privacy": FULL})
    mark: str = ""

    def treat(self, flat: Fields, shared: Fields) -> Fields:
        """All of them."""
        del shared
        return flat


UNTREATED = Untreated()


def marked(digest: str, treatment: Treatment) -> str:
    """A digest of settings with the profile beside it, so that what was made by another one can be told."""
    return f"{digest}-{treatment.mark}" if treatment.mark else digest


def others(unsure: Iterable[str], settings: Iterable[str], treatment: Treatment) -> list[str]:
    """The other profiles of which documents may be there until a load has replaced them all.

    A load that is cut off leaves what was there before, and so does a document that is refused. `unsure`: those that
    are known already; `settings`: of the stamps that a load does away with.
    """
    return sorted({*unsure, *map(mark_of, settings)} - {treatment.mark})


def mark_of(settings: str) -> str:
    """The profile that a stamp's settings tell, empty for `full`."""
    return settings.partition("-")[2]
