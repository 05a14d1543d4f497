"""What differs from server to server, each a switch by name."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from harvesters.sandbox.peermetrics.rules import PeermetricsRules

SWITCHES: Mapping[str, tuple[str, ...]] = {
    "paging": ("on", "off"),
    "conference-list": ("computed", "ids"),
    "order": ("unstable", "stable"),
    "cleanup": ("off", "on"),
    "summaries": ("built", "missing"),
    "detail": ("fresh", "cached"),
    "python": ("3.8", "3.11"),
    "search": ("trigram", "absent"),
    "stamps": ("micro", "seconds"),
    "devices": ("list", "object", "null"),
    "platform": ("full", "null"),
    "geo": ("strings", "numbers", "null"),
}
"""Each switch with its values, the default first."""


def switched(rules: PeermetricsRules, wanted: Mapping[str, str]) -> PeermetricsRules:
    """The rules with some switches set.

    Raises:
        ValueError: there is no such switch or value; the sentence names those that exist.
    """
    changes: dict[str, Any] = {_checked(name, value): value for name, value in wanted.items()}
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
