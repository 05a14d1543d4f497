"""The rules of the verdict on a conference, read from `verdicts.toml` beside this file."""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

FILE = Path(__file__).with_name("verdicts.toml")


@dataclass(frozen=True, slots=True)
class Patterns:
    """From when on something is noticed.

    Attributes:
        stream_s: poor seconds of a stream, even if it is not poor as a whole.
        most_pct: the share of people or streams, in percent, that is most of them.
        several: the number of others that make a pattern.
        explains_pct: so long, in percent of it, something was poor where it was sent that explains what was received.
    """

    stream_s: float
    most_pct: float
    several: int
    explains_pct: float


@dataclass(frozen=True, slots=True)
class Sure:
    """How sure a verdict is from so many judged streams, of whose time so many percent were measured."""

    name: str
    streams: int
    measured_pct: float


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule.

    Attributes:
        code: what it is called in documents.
        about: whose people and times its sentence tells.
        text: the sentence, with names of `verdict.Told` in braces.
        side: sender, receiver, participant or everybody; None where no side is told.
        alone: whether it is only said where no other rule holds.
        instead: codes that are not mentioned besides it.
        least: measures by name that must not be smaller.
        most: measures that must not be larger.
    """

    code: str
    about: str
    text: str
    side: str | None = None
    alone: bool = False
    instead: Sequence[str] = ()
    least: Mapping[str, float] = field(default_factory=dict)
    most: Mapping[str, float] = field(default_factory=dict)

    def holds(self, measures: Mapping[str, float]) -> bool:
        """Whether all of its conditions are met; a measure that is not there is 0."""
        return all(measures.get(name, 0) >= least for name, least in self.least.items()) and all(
            measures.get(name, 0) <= most for name, most in self.most.items()
        )


@dataclass(frozen=True, slots=True)
class Verdicts:
    """All of the file; `rules` and `sure` are in the order in which they are tried, `words` are those of reasons."""

    patterns: Patterns
    sure: tuple[Sure, ...]
    words: Mapping[str, str]
    rules: tuple[Rule, ...]


@cache
def verdicts() -> Verdicts:
    """The rules that there are."""
    data: dict[str, Any] = tomllib.loads(FILE.read_text("utf-8"))
    return Verdicts(
        patterns=Patterns(**data["limits"]),
        sure=tuple(Sure(**each) for each in data["sure"]),
        words=data["words"],
        rules=tuple(Rule(**each) for each in data["rules"]),
    )
