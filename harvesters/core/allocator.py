"""The C library's memory."""

import ctypes

LARGE = 1 << 20
_MMAP_THRESHOLD = -3
"""`M_MMAP_THRESHOLD` of glibc's malloc.h."""


def give_back_large_buffers() -> None:
    """Have what is freed of 1 MB and more go back to the system at once, where the C library is glibc.

    By itself glibc gives back from 128 kB on, but raises that to the largest buffer ever freed. Answers and bodies of
    some MB then lie among small objects and leave holes: 12 MB of the peak of a large day. It costs 2 % of CPU.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt:
        mallopt(_MMAP_THRESHOLD, LARGE)
