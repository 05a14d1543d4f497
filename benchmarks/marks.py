"""P1 to P8 as figures, out of what the scripts of this folder measure."""

import statistics
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import starts as programs
from figures import Figure
from harvests import Harvested, other_scene, scene

Round = Mapping[str, float]
CORES = 2
MEETINGS = 1_000
SMALL_DAY, LARGE_DAY = 1_000, 10_000
BRIEF = {"people": 2, "minutes": 10}
"""Of a call in the days whose memory is compared: short ones, since a large day of long ones takes half an hour."""
DISKS = {"automatic": "automatic ids", "own": "our ids in the same order", "loaded": "as two threads load it"}
HUGE = {"people": 42, "minutes": 60}
"""A call of 1,764 streams: some 60 MB of answers."""
CHECKED = {
    "P1 archive to bodies": "bodies",
    "P2 answers to answered bodies": "whole",
    "P4 archive to answered bodies": "load",
}
YARDSTICKS = {"usual script": "usual", "floor": "floor"}


def ratios(rounds: Iterable[Round]) -> dict[str, float]:
    """The medians that the short form compares; less is better.

    Two yardsticks, which err under different conditions: a busy machine slows the usual script as it slows us, and the
    floor hardly; a machine whose memory is dear slows the floor as it slows us, and the usual script hardly.
    """
    pairs = [
        (f"{name} ÷ {yardstick}", case, against)
        for name, case in CHECKED.items()
        for yardstick, against in YARDSTICKS.items()
    ]
    pairs += [("P3 our sender ÷ plain client", "sent", "replayed"), ("P3 our sender ÷ floor", "sent", "floor")]
    taken = list(rounds)
    return {name: statistics.median(each[a] / each[b] for each in taken) for name, a, b in pairs}


def speeds(speed: Mapping[str, Any]) -> list[Figure]:
    """P1 to P4, and the times that they are made of."""
    rounds: list[Round] = speed["rounds"]

    def share(above: str, below: str) -> list[float]:
        return [each[above] / each[below] for each in rounds]

    judging = [(each["bodies"] - each["unjudged"]) / each["floor"] for each in rounds]
    return [
        Figure("P1", "archive to bodies, nothing judged ÷ floor", share("unjudged", "floor of it"), goal=1.0),
        Figure("P1", "archive to bodies ÷ floor", share("bodies", "floor"), goal=1.8),
        Figure("P1", "scores, labels and roll-ups ÷ floor", judging, goal=0.6),
        Figure("P2", "answers to answered bodies ÷ floor", share("whole", "floor"), goal=2.0),
        Figure("", "archive to answered bodies ÷ floor", share("load", "floor")),
        Figure("P3", "our sender ÷ plain client", share("sent", "replayed"), goal=1.2),
        Figure("P4", "usual script ÷ archive to answered bodies", share("usual", "load"), goal=5, at_least=True),
        Figure("", "usual script ÷ answers to answered bodies", share("usual", "whole")),
        *_times(rounds, speed["documents"]),
    ]


def _times(rounds: Sequence[Round], documents: int) -> list[Figure]:
    names = {
        "floor": "floor",
        "floor of it": "floor, nothing judged",
        "bare": "floor that keeps nothing",
        "unjudged": "archive to bodies, nothing judged",
        "bodies": "archive to bodies",
        "load": "archive to answered bodies",
        "whole": "answers to answered bodies",
        "replayed": "plain client",
        "sent": "our sender",
        "usual": "usual script",
    }
    unit = "µs a document"
    return [Figure("", name, [each[case] / documents * 1e6 for each in rounds], unit) for case, name in names.items()]


def memory() -> list[Figure]:
    """P5."""
    small, large, huge = _day(SMALL_DAY), _day(LARGE_DAY), _harvested(1, **HUGE)
    what = "peak memory of a day of {:,} calls"
    return [
        Figure("P5", what.format(SMALL_DAY), [small.used.peak_mb], "MB", goal=150),
        Figure("P5", what.format(LARGE_DAY) + ", more", [large.used.peak_mb - small.used.peak_mb], "MB", goal=10),
        Figure("P5", "peak memory of one call of 60 MB", [huge.used.peak_mb], "MB", goal=200),
    ]


def _day(calls: int) -> Harvested:
    return _harvested(calls, **BRIEF)


def _harvested(calls: int, people: int, minutes: int) -> Harvested:
    with scene(calls, people, minutes) as place:
        return place.harvest()


def fortnight(told: Mapping[str, Any]) -> list[Figure]:
    """A fortnight into the lake and the report from it, on the wall: on a busy machine it is CPU that tells."""
    what = f"{told['conference']:,} calls and {told['sample']:,} samples of a fortnight"
    goals = {"harvest": ("fetched and into the lake", 90), "report": ("the report from it", 10)}
    figures = [
        Figure("", f"{what}: {said}", [told[case]["wall"]], "s", goal=goal) for case, (said, goal) in goals.items()
    ]
    for case, said in (("harvest", "into the lake"), ("report", "the report"), ("export", "export to Parquet")):
        figures.append(Figure("", f"the same, {said}: CPU", [told[case]["cpu"]], "s"))
        figures.append(Figure("", f"the same, {said}: peak memory", [told[case]["peak_mb"]], "MB"))
    return figures


def others(told: Mapping[str, Mapping[str, Any]]) -> list[Figure]:
    """The path from the archive to bodies of further vendors, and the memory of a large day."""
    figures = []
    for vendor, of in told.items():
        for case, said in (("unjudged", ", nothing judged"), ("bodies", "")):
            share = [each[case] / each[f"{case} floor"] for each in of["rounds"]]
            goal = 2.0 if case == "unjudged" else None
            figures.append(Figure("", f"{vendor}: archive to bodies{said} ÷ floor", share, goal=goal))
    with other_scene("zoom", MEETINGS) as place:
        peak = place.harvest().used.peak_mb
    return [
        *figures,
        Figure("", f"zoom: peak memory of {MEETINGS:,} meetings of 12 people, 1 h", [peak], "MB", goal=150),
    ]


def node(told: Mapping[str, Any]) -> list[Figure]:
    """P6 and P8."""
    rounds: list[Mapping[str, Mapping[str, float]]] = told["rounds"]
    number, disk = told["documents"], told["bytes"]
    walls = [each["usual"]["wall"] / each["load"]["wall"] for each in rounds]
    cost = [each["load"]["node"] / number * 1e6 for each in rounds]
    idle = {case: [waiting(each[case]) for each in rounds] for case in ("load", "usual")}
    return [
        Figure("P6", "wall of a load ÷ (CPU of all processes / cores)", idle["load"], goal=1.15),
        Figure("P6", "wall of the usual script ÷ wall of a load", walls, goal=3, at_least=True),
        Figure("", "wall of the usual script ÷ (CPU of all processes / cores)", idle["usual"]),
        Figure("", "the node's CPU in a load", cost, "µs a document"),
        Figure("P8", "disk of a sample, our ids ÷ automatic ones", [disk["own"] / disk["automatic"]], goal=1.05),
        *(Figure("", f"disk of a sample, {name}", [disk[case]], "B") for case, name in DISKS.items()),
    ]


def waiting(taken: Mapping[str, float]) -> float:
    """How much longer a load took than two cores need for its CPU; cores that others used were not there for it."""
    return (taken["wall"] * CORES - taken["others"]) / (taken["own"] + taken["node"])


def starts(rounds: int) -> list[Figure]:
    """P7 without work."""
    return [
        Figure("P7", f"CPU of `{' '.join(arguments)}`", programs.cpu_seconds(arguments, rounds), "s", goal=0.2)
        for arguments in programs.COMMANDS
    ]


def idle(rounds: int) -> Figure:
    """P7 of a run that finds everything fetched and loaded."""
    with scene(60) as place:
        place.harvest()
        return Figure("P7", "CPU of an idle run", [place.harvest().used.cpu_s for _ in range(rounds)], "s", goal=1.0)


def generator(rates: Sequence[float]) -> Figure:
    """How quickly the sandbox makes rows."""
    return Figure("", "rows generated on one core", rates, "a second", goal=200_000, at_least=True)
