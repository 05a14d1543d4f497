"""What a user agent says: browser, operating system, device. Browsers freeze some of it, so it is as reported."""

from collections.abc import Mapping
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any

from harvesters.core.tree import Entity

if TYPE_CHECKING:
    from ua_parser import Parser

ORIGINAL, DEVICE = "user_agent.original", "user_agent.device.name"
NAMED = (("user_agent.name", "user_agent.version"), ("user_agent.os.name", "user_agent.os.version"))
LONGEST = 1024
"""Characters that are looked at: the rules take seconds over a hundred kilobytes of rubbish."""
REMEMBERED = 4096
"""Different user agents whose meaning is kept; it costs a millisecond to find."""


def agent_step(entity: Entity) -> None:
    """Add what the user agent says and the vendor does not.

    What the vendor says wins; beside a name of his, our version stands only if we mean the same name.
    """
    fields = entity.fields
    original = fields.get(ORIGINAL)
    if not isinstance(original, str) or not original:
        return
    ours = parsed(original[:LONGEST])
    for name, version in NAMED:
        told = fields.get(name)
        if not told:
            fields[name] = ours.get(name)
        if not fields.get(version) and (not told or _same(told, ours.get(name))):
            fields[version] = ours.get(version)
    if not fields.get(DEVICE):
        fields[DEVICE] = ours.get(DEVICE)


def _same(told: object, ours: str | None) -> bool:
    return isinstance(told, str) and ours is not None and told.casefold() == ours.casefold()


@lru_cache(maxsize=REMEMBERED)
def parsed(text: str) -> Mapping[str, str]:
    """The fields that a user agent means; what it does not say is not among them."""
    found = _parser().parse(text)
    agent, system, device = found.user_agent, found.os, found.device
    fields = {
        "user_agent.name": agent and agent.family,
        "user_agent.version": _version(agent),
        "user_agent.os.name": system and system.family,
        "user_agent.os.version": _version(system),
        DEVICE: device and device.family,
    }
    return {name: value for name, value in fields.items() if value}


def _version(told: Any) -> str | None:  # noqa: ANN401 - a browser or a system, which are numbered alike
    """`130.0.6723.91`; the numbers up to the first absent one."""
    numbers = (told.major, told.minor, told.patch, told.patch_minor) if told else ()
    known = numbers[: numbers.index(None)] if None in numbers else numbers
    return ".".join(known) or None


@cache
def _parser() -> "Parser":
    """Imported at the first user agent: it costs a tenth of a second.

    The plain engine by name. The library would take a quicker one that happens to be installed, and documents do not
    depend on what else a machine has.
    """
    from ua_parser import BasicResolver, Parser, load_lazy_builtins

    return Parser(BasicResolver(load_lazy_builtins()))
