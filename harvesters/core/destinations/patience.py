"""A request outside the load, asked for a few times where the node is busy or gone."""

import logging
import math
import random
from collections.abc import Callable
from typing import TypeVar

from harvesters.core.day import Clock
from harvesters.core.errors import BusyDestinationError
from harvesters.core.retry_after import backoff

log = logging.getLogger(__name__)
T = TypeVar("T")
TRIES = 4
A_MINUTE = 60.0
_dice = random.SystemRandom()


def patiently(clock: Clock, work: Callable[[], T], within: float = math.inf) -> T:
    """The result of `work`; after `within` seconds it is not begun again, since a node that hangs takes its time.

    Raises:
        DestinationError: the last try failed too, or failed in a way that does not pass.
    """
    began = clock.monotonic()
    for attempt in range(1, TRIES):
        try:
            return work()
        except BusyDestinationError as error:
            if clock.monotonic() - began > within:
                raise
            log.info("%s Asking again.", error)
            clock.sleep(backoff(attempt, _dice))
    return work()
