"""A request outside the load, asked for a few times where the node is busy or gone."""

import logging
import random
from collections.abc import Callable
from typing import TypeVar

from harvesters.core.day import Clock
from harvesters.core.errors import BusyDestinationError
from harvesters.core.retry_after import backoff

log = logging.getLogger(__name__)
T = TypeVar("T")
TRIES = 4
_dice = random.SystemRandom()


def patiently(clock: Clock, work: Callable[[], T]) -> T:
    """The result of `work`.

    Raises:
        DestinationError: the last try failed too, or failed in a way that does not pass.
    """
    for attempt in range(1, TRIES):
        try:
            return work()
        except BusyDestinationError as error:
            log.info("%s Asking again.", error)
            clock.sleep(backoff(attempt, _dice))
    return work()
