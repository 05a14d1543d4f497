"""Streams by what people used and where they were: which browser, system, program, country or network is worse."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from harvesters.overview.counts import Labels
from harvesters.overview.documents import Document

MOST = 5000
"""Different values of a member; further ones are counted together."""
REST = "all others"
SHOWN = 8

OF: Mapping[str, Callable[[Document], str | None]] = {
    "Browser": lambda each: each.user_agent.name,
    "Operating system": lambda each: each.user_agent.os.name,
    "Program or SDK": lambda each: each.vconf.client.sdk.name,
    "Kind of client": lambda each: each.vconf.client.kind,
    "Network": lambda each: each.network.type,
    "Internet provider": lambda each: each.client.network.organization.name,
    "Country": lambda each: each.client.geo.country_iso_code,
}
"""By which members streams are grouped, and what people call them."""


@dataclass(frozen=True, slots=True)
class Group:
    """Streams that have a value in common; `worse`: their poor share is above that of all, and not by chance."""

    name: str
    labels: Labels
    worse: bool = False


@dataclass(frozen=True, slots=True)
class Breakdown:
    """Streams by one member.

    Attributes:
        title: what the member is.
        groups: those with enough cases, the worst first.
        few: how many values have too few, with their streams together.
        more: how many values are left out, with their streams together.
        untold: streams of which the member is not known.
    """

    title: str
    groups: tuple[Group, ...]
    few: tuple[int, Labels]
    more: tuple[int, Labels]
    untold: int


@dataclass(slots=True)
class Groups:
    """The counts by all members."""

    found: dict[str, dict[str, Labels]] = field(default_factory=lambda: {title: {} for title in OF})
    untold: dict[str, int] = field(default_factory=lambda: dict.fromkeys(OF, 0))

    def add(self, document: Document, label: str) -> None:
        """Count a stream that could be judged."""
        for title, member in OF.items():
            value = member(document)
            if value is None:
                self.untold[title] += 1
                continue
            known = self.found[title]
            name = value if value in known or len(known) < MOST else REST
            known.setdefault(name, Labels()).add(label)

    def breakdowns(self, every: Labels) -> list[Breakdown]:
        """One for each member that is known of any stream; `every`: how all streams were."""
        return [
            _breakdown(title, found, self.untold[title], every.poor_share.percent or 0.0)
            for title, found in self.found.items()
            if found
        ]


def _breakdown(title: str, found: Mapping[str, Labels], untold: int, usual: float) -> Breakdown:
    largest = sorted(found.items(), key=lambda each: (-each[1].judged, each[0]))
    enough = [each for each in largest if each[1].poor_share.enough]
    shown = sorted(enough[:SHOWN], key=lambda each: (-(each[1].poor_share.percent or 0.0), each[0]))
    groups = tuple(Group(name, labels, labels.poor_share.at_least > usual) for name, labels in shown)
    few = [labels for _, labels in largest if not labels.poor_share.enough]
    return Breakdown(title, groups, _together(few), _together([labels for _, labels in enough[SHOWN:]]), untold)


def _together(several: list[Labels]) -> tuple[int, Labels]:
    total = Labels()
    for each in several:
        total.include(each)
    return len(several), total
