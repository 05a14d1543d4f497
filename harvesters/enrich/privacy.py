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
"""Bits of an address that stay: a street or a school, not a flat."""
REMEMBERED = 4096

Step = Callable[[Any, Fields], Any]


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
    secret = key if profile == PSEUDONYMOUS else None
    steps = {name: _step(BECOMES[profile][each.tells or NOBODY], each, secret) for name, each in fields.items()}
    # What streams come to is one object under the name that its members' names begin with.
    above = {personal: {_above(name) for name, each in fields.items() if each.personal is personal}
             for personal in (True, False)}  # fmt: skip
    return Profile(profile, secret, {**dict.fromkeys(above[False] - above[True], _keep), **steps})


def _above(name: str) -> str:
    return name.rpartition(".")[0]


@dataclass(frozen=True, slots=True)
class Profile:
    """What a profile does, field by field; a field without a step is left out."""

    name: str
    key: Key | None
    steps: Mapping[str, Step]

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
        known = self.steps
        return {name: known[name](value, shared) for name, value in flat.items() if value is not None and name in known}


def _keep(value: Any, shared: Fields) -> Any:  # noqa: ANN401 - any field's value
    del shared
    return value


def _drop(value: Any, shared: Fields) -> None:  # noqa: ANN401 - any field's value
    del value, shared


def _cut(value: Any, shared: Fields) -> str | None:  # noqa: ANN401 - whatever a vendor tells as an address
    del shared
    return cut(value)


def _step(becomes: str, field: Field, key: Key | None) -> Step:
    """What is done to the values of a field."""
    if becomes == SHARED:
        return lambda _, shared: shared.get(field.name)
    if becomes == REPLACED and key:
        return lambda value, _: _pseudonym(key, field, value)
    return {KEPT: _keep, CUT: _cut}.get(becomes, _drop)


def _pseudonym(key: Key, field: Field, value: object) -> str | None:
    """What stands for a value of a field; a mail address is the same however it is written."""
    text = str(value)
    same = text.strip().casefold() if field.tells == MAIL else text
    return key.of(field.name, same) if same else None
