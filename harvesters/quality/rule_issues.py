"""Issues of our own: what a verdict rests on, one for each medium of each stream, and one for each drop. Pure."""

from collections.abc import Mapping
from typing import Any

from harvesters.core.tree import Entity, Issue
from harvesters.quality.findings import Fact
from harvesters.quality.measured import POOR_PCT
from harvesters.quality.rollup import DIGITS
from harvesters.quality.scoring import POOR
from harvesters.quality.verdicts import Verdicts

RULE, DROPPED = "rule", "dropped"
PARTICIPANT = "participant"


def of_stream(fact: Fact, rules: Verdicts) -> Issue:
    """What was poor for long in one medium of one stream; value and limit are shares of its scored time in percent."""
    code = _code(fact)
    limit = min(POOR_PCT, 100 * rules.patterns.stream_s / fact.scored_s)
    fields = {
        **_fields(code, _severity(fact), fact.medium),
        "vconf.issue.value": round(100 * fact.poor_s / fact.scored_s, DIGITS),
        "vconf.issue.limit": round(limit, DIGITS),
        "vconf.issue.explanation": _explanation(fact, rules.words),
    }
    return Issue(Entity((RULE, code, *fact.key), fact.first, fact.last, fields), fact.participant)


def _code(fact: Fact) -> str:
    direction = "sent" if fact.sent else "received"
    return f"low_bitrate_{direction}" if fact.low_bitrate else f"poor_{fact.medium}_{direction}"


def _severity(fact: Fact) -> str:
    """A low bitrate may be meant so."""
    if fact.low_bitrate:
        return "info"
    return "error" if fact.label == POOR else "warning"


def _explanation(fact: Fact, words: Mapping[str, str]) -> str:
    reasons = sorted(fact.reasons, key=lambda each: (-each[1], each[0]))
    named = list(dict.fromkeys(words.get(name, name) for name, _ in reasons))
    medium, direction = fact.medium.capitalize(), "sent" if fact.sent else "received"
    why = f", by {' and '.join(named)}" if named else ""
    return f"{medium} {direction} was poor for {fact.poor_s:.0f} of {fact.scored_s:.0f} seconds{why}."


def dropped(name: str, stay: Entity) -> Issue:
    """A stay that ended without a normal leave, at its end; `name`: its key in the tree."""
    fields = {
        **_fields(DROPPED, "error", PARTICIPANT),
        "vconf.issue.explanation": "The stay ended without a normal leave.",
    }
    return Issue(Entity((RULE, DROPPED, *stay.key), stay.end, None, fields), name)


def _fields(code: str, severity: str, subject: str) -> dict[str, Any]:
    return {
        "vconf.issue.code": code,
        "vconf.issue.source": RULE,
        "vconf.issue.severity": severity,
        "vconf.issue.subject": subject,
    }
