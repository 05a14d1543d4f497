"""`ARCHIVE_DAYS`: at the end of a nightly run the archives of days that are old enough, whole and settled expire."""

from collections.abc import Iterator
from functools import partial

from harvesters.core.day import Day
from harvesters.core.locks import held
from harvesters.core.words import many, size
from harvesters.core.workshop import Workshop
from harvesters.pruning.archive import Archive, whole
from harvesters.pruning.held import Pruned
from harvesters.pruning.run import Pruning
from harvesters.watch.survey import Watched


def expire(shop: Workshop, age: int) -> Pruned:
    """Let the archives of an account expire that are older than `age` days.

    Raises:
        LockedError: another run works on this account.
    """
    now = shop.clock.now()
    account = Watched(shop.vendor, shop.account.id, shop.account.name, shop.limits)
    lock = partial(held, shop.data_dir, account.vendor, account.id, now)
    archive = Archive(shop.data_dir, account, now, whole)
    result = Pruned(account.vendor, account.id)
    return Pruning(archive, Day.of(now) + -age, lock, shop.clock, shop.progress, result).prune()


def told(expired: Pruned, age: int) -> Iterator[str]:
    """It in one line, if there is anything to say."""
    if not (expired.days or expired.kept):
        return
    what = f"the archive of {many(len(expired.days), 'day')} expired ({size(expired.size)})"
    why = f"'./harvest.py prune archive --older-than {age}d' says why"
    stays = f", of {many(len(expired.kept), 'older day')} it stays: {why}" if expired.kept else ""
    yield f"{expired.vendor} {expired.account}: {what}{stays}."
