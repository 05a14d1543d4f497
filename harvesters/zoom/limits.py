"""What Zoom allows: rates by the label of the endpoint, and the day's quota, by plan.

Source: reference "Zoom REST API v2", section 4 (Zoom's page on rate limits). All limits hold for the whole account, so
of the rates, too, only a part is used: people's other tools live from the same plate.
"""

from datetime import timedelta

from harvesters.core.source import Limits, Quota, Rate
from harvesters.zoom.settings import BUSINESS, PRO, REPORT, ZoomSettings

HEAVY, LISTS = "heavy", "resource-intensive"
PACE = 0.5
PER_SECOND = {PRO: 10, BUSINESS: 40}
PER_MINUTE = {PRO: 10, BUSINESS: 20}
PER_DAY = {PRO: 30_000, BUSINESS: 60_000}
DEFAULT_SHARE = 0.6
LIST_ROW, PEOPLE, MEASURED = 0, 1, 2


def _limits(plan: str, share: float, level: int) -> Limits:
    whole = PER_DAY[plan]
    return Limits(
        settle=timedelta(hours=72),
        # Six months; the shortest six of a year have 181 days.
        retention=timedelta(days=180),
        rates=(
            Rate(int(PER_SECOND[plan] * PACE), 1, "key", HEAVY),
            Rate(int(PER_MINUTE[plan] * PACE), 60, "key", LISTS),
        ),
        batch=1,
        batch_bytes=1 << 30,
        level=level,
        per_batch=3 if level == MEASURED else 1,
        category=HEAVY,
        quotas=(Quota(int(whole * share), whole, frozenset({HEAVY, LISTS}), "ZOOM_QUOTA_SHARE"),),
    )


LIMITS = _limits(BUSINESS, DEFAULT_SHARE, MEASURED)


def limits_of(settings: ZoomSettings) -> Limits:
    """The limits of an account's plan, and the level that its settings ask for."""
    level = MEASURED if settings.quality and settings.via != REPORT else PEOPLE
    return _limits(settings.plan, settings.quota_share, level)
