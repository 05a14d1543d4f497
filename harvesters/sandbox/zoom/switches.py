"""The behaviour that public material leaves open (reference, sections 15 and 16), each a switch by name."""

from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any

from harvesters.sandbox.zoom.rules import ZoomRules

SWITCHES: Mapping[str, tuple[str, ...]] = {
    "plan": ("business", "pro"),
    "dashboard": ("on", "off"),
    "webinars": ("on", "off"),
    "api-url": ("own", "absent"),
    "old-tokens": ("valid", "end"),
    "token-refusal": ("400", "401"),
    "scope-refusal": ("400", "401", "403"),
    "pages": ("asked", "smaller"),
    "page-counts": ("always", "first", "never"),
    "total-records": ("true", "off-by-one", "absent"),
    "page-size-above": ("lowered", "refused"),
    "end-of-list": ("empty", "null", "absent"),
    "limit-headers": ("standard", "lower", "no-type", "reset", "none"),
    "retry-after": ("iso", "seconds", "date", "rubbish", "past", "absent"),
    "date-type": ("start_time", "end_time"),
    "one-person": ("apart", "both"),
    "one-person-details": ("either", "pastOne"),
    "running": ("hidden", "listed"),
    "too-old": ("3001", "12702"),
    "order": ("joined", "reversed"),
    "instants": ("seconds", "milliseconds"),
    "participant-uuid": ("there", "absent"),
    "leave-time": ("there", "absent"),
    "no-quality": ("404", "empty"),
    "units": ("spaced", "glued"),
    "waiting-rows": ("stored", "added"),
    "breakout-rows": ("stored", "added"),
    "names": ("shown", "blank"),
    "participants": ("rows", "people"),
}
"""Each switch with its values, the default first."""


def switched(rules: ZoomRules, wanted: Mapping[str, str]) -> ZoomRules:
    """The rules with some switches set.

    Raises:
        ValueError: there is no such switch or value; the sentence names those that exist.
    """
    numbers = {each.name for each in fields(ZoomRules) if each.type is int}
    named = {_checked(name, value): value for name, value in wanted.items()}
    changes: dict[str, Any] = {name: int(value) if name in numbers else value for name, value in named.items()}
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
