"""The behaviour that public material leaves open (reference, section 13), each a switch by name."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from harvesters.sandbox.opentok.rules import Rules

SWITCHES: Mapping[str, tuple[str, ...]] = {
    "list-filter": ("created", "overlaps"),
    "end": ("exclusive", "inclusive"),
    "first-above-limit": ("clamp", "error"),
    "node-limit-counts": ("returned", "allowed"),
    "last-cursor": ("null", "empty", "cursor"),
    "bad-session": ("null", "left-out", "all-null"),
    "before-retention": ("error", "clipped"),
    "error-status": ("200", "400"),
    "refused-status": ("401", "403", "200"),
    "busy-status": ("429", "503"),
    "order": ("stored", "reversed"),
    "maintenance": ("off", "503", "empty"),
}
"""Each switch with its values, the default first."""


def switched(rules: Rules, wanted: Mapping[str, str]) -> Rules:
    """The rules with some switches set.

    Raises:
        ValueError: there is no such switch or value; the sentence names those that exist.
    """
    changes: dict[str, Any] = {_checked(name, value): _typed(value) for name, value in wanted.items()}
    return replace(rules, **changes)


def _checked(name: str, value: str) -> str:
    """The rule's field that a switch sets."""
    if name not in SWITCHES:
        message = f"there is no switch '{name}'; there are {', '.join(SWITCHES)}."
        raise ValueError(message)
    if value not in SWITCHES[name]:
        message = f"the switch '{name}' is one of {', '.join(SWITCHES[name])}, not '{value}'."
        raise ValueError(message)
    return name.replace("-", "_")


def _typed(value: str) -> int | str:
    return int(value) if value.isdecimal() else value
