"""SIGINT and SIGTERM: the first ends the run in an orderly way and in few seconds, the second at once."""

import os
import signal
from types import FrameType

from harvesters.core.errors import Exit

LIMIT = 4
"""Seconds after which an orderly end is no longer waited for; whatever is cut off then, the next run goes on from."""

STDERR, SHOW_CURSOR = 2, b"\x1b[?25h\n"


def listen() -> None:
    """From now on the first of these signals raises KeyboardInterrupt; one that is ignored stays so, as under nohup."""
    for number in (signal.SIGINT, signal.SIGTERM):
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _first)


def _first(number: int, frame: FrameType | None) -> None:
    del number, frame
    for each in (signal.SIGINT, signal.SIGTERM, signal.SIGALRM):
        signal.signal(each, _at_once)
    signal.alarm(LIMIT)
    raise KeyboardInterrupt


def _at_once(number: int, frame: FrameType | None) -> None:
    """No lock, no buffer and no other thread is waited for; a terminal gets its cursor back."""
    del number, frame
    if os.isatty(STDERR):
        os.write(STDERR, SHOW_CURSOR)
    os._exit(int(Exit.INTERRUPTED))
