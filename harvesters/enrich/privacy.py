"""The profiles of privacy: what becomes of each field, by what it tells of people.

The last step before a document is written down, after everything that must know who is who.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv6Address, ip_address, ip_network
from typing import Any

from harvesters.core.field import (
    ADDRESS,
    AREA,
    LABEL,
    MAIL,
    NAME,
    NOBODY,
    ROOM,
    SPOT,
    STRANGE,
    TELLS,
    TOPIC,
    WORDS,
    Field,
)
from harvesters.core.keyed import Key
from harvesters.core.treatment import FULL, UNTREATED, Fields, Treatment
from harvesters.enrich.addresses import addresses

ENV = "PRIVACY"
PSEUDONYMOUS, MINIMAL = "pseudonymous", "minimal"

KEPT, REPLACED, CUT, DROPPED, SHARED = "kept", "replaced by a pseudonym", "cut", "left out", "kept if not a person's"
BECOMES: Mapping[str, Mapping[str, str]] = {
    PSEUDONYMOUS: {
        NOBODY: KEPT, NAME: REPLACED, MAIL: REPLACED, ROOM: REPLACED, TOPIC: DROPPED, ADDRESS: CUT, AREA: KEPT,
        SPOT: DROPPED, WORDS: DROPPED, LABEL: KEPT, STRANGE: DROPPED,
    },
    MINIMAL: {**dict.fromkeys(TELLS, DROPPED), NOBODY: KEPT, LABEL: SHARED},
}  # fmt: skip
"""What becomes of a field by what it tells; `full` keeps all."""
IPV4_KEPT, IPV6_KEPT = 24, 48
"""Bits of an address that stay; so many others share them."""
REMEMBERED = 4096
"""Values of a field, or addresses, of which it is kept what stands for them: the same few come with every stream."""

Change = Callable[[str], str | None]


def cut(told: object) -> str | None:
    """The network of the first address in what a vendor tells as one, as its first address; None if it tells none."""
    return next(map(_network, addresses(told)), None)


@lru_cache(maxsize=REMEMBERED)
def _network(address: str) -> str:
    found = ip_address(address)
    if isinstance(found, IPv6Address):
        inner = found.sixtofour  # the whole IPv4 address stands in the first 48 bits
        if inner is None:
            return str(ip_network((found, IPV6_KEPT), strict=False).network_address)
        found = inner
    return str(ip_network((found, IPV4_KEPT), strict=False).network_address)


def treatment(profile: str, key: Key | None, fields: Mapping[str, Field]) -> Treatment:
    """What a profile does to documents with these fields, by name; `key` is for pseudonyms alone."""
    if profile == FULL:
        return UNTREATED
    of: dict[str, set[str]] = {}
    for name, field in fields.items():
        of.setdefault(BECOMES[profile][field.tells or NOBODY], set()).add(name)
    # What streams come to is one object under the name that its members' names begin with.
    blocks = {_above(name) for name in of[KEPT]} - {_above(name) for name in fields.keys() - of[KEPT]}
    changes: dict[str, Change] = dict.fromkeys(of.get(CUT, ()), lru_cache(REMEMBERED)(cut))
    secret = key if profile == PSEUDONYMOUS else None
    if secret:
        changes |= {name: _pseudonyms(secret, fields[name]) for name in of[REPLACED]}
    return Profile(profile, secret, frozenset(of[KEPT] | blocks), changes, frozenset(of.get(SHARED, ())))


def _above(name: str) -> str:
    return name.rpartition(".")[0]


def _pseudonyms(key: Key, field: Field) -> Change:
    """What stands for the values of a field; a mail address is the same however it is written."""

    @lru_cache(maxsize=REMEMBERED)
    def stand_in(value: str) -> str | None:
        same = value.strip().casefold() if field.tells == MAIL else value
        return key.of(field.name, same) if same else None

    return stand_in


@dataclass(frozen=True, slots=True)
class Profile:
    """What a profile does with fields, by name; one that is named nowhere is left out.

    Attributes:
        name: of the profile.
        key: of its pseudonyms, None if it has none.
        kept: stay as they are.
        changes: what becomes of a value, None if nothing may stand there.
        shared: stand as all of the conference has them, and not as one person does.
    """

    name: str
    key: Key | None
    kept: frozenset[str]
    changes: Mapping[str, Change]
    shared: frozenset[str]

    @property
    def constants(self) -> Mapping[str, str]:
        """See `Treatment`."""
        return {"vconf.privacy": self.name, **({"vconf.privacy_key": self.key.id} if self.key else {})}

    @property
    def mark(self) -> str:
        """See `Treatment`."""
        return f"{self.name}-{self.key.id}" if self.key else self.name

    def treat(self, flat: Fields, shared: Fields) -> Fields:
        """See `Treatment`."""
        found: dict[str, Any] = {}
        for name, value in flat.items():
            if name in self.kept:
                found[name] = value
            elif value is not None and name in self.changes:
                found[name] = self.changes[name](_text(value))
            elif name in self.shared:
                found[name] = shared.get(name)
        return found


def _text(value: object) -> str:
    """A value as one text, a list of them too."""
    if isinstance(value, str):
        return value
    return " ".join(map(str, value)) if isinstance(value, list) else str(value)
