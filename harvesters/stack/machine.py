"""What this machine has, and what an Elasticsearch would like it to have."""

import os
import socket
from contextlib import closing
from pathlib import Path

from harvesters.core.errors import HarvestError

MAPS = Path("/proc/sys/vm/max_map_count")
MOST_MAPS, FEWEST_MAPS = 1_048_576, 262_144
NATIVE_MEMORY = 2 << 30
LOOPBACK = "127.0.0.1"


def check_port(port: int, option: str, what: str) -> None:
    """Refuse a port on which something else listens.

    Raises:
        HarvestError: it is taken; names the option for another one.
    """
    with closing(socket.socket(socket.AF_INET, socket.SOCK_STREAM)) as tried:
        # As the servers do it: connections of a server that has just ended are no hindrance.
        tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            tried.bind((LOOPBACK, port))
        except OSError as error:
            raise HarvestError(port_taken(port, option, what)) from error


def port_taken(port: int | str, option: str, what: str) -> str:
    """The sentence."""
    return f"port {port}, meant for {what}, is taken: end the program that uses it, or choose another with {option}."


def maps_hint(path: Path = MAPS) -> str | None:
    """What to type where Linux lets a process map fewer files than Elasticsearch wants; None where all is well."""
    try:
        found = int(path.read_text())
    except (OSError, ValueError):
        return None
    if found >= MOST_MAPS:
        return None
    much = "which Elasticsearch 9 wants" if found >= FEWEST_MAPS else "and many indices would fail"
    return (
        f"vm.max_map_count is {found:,}, less than {MOST_MAPS:,}, {much}. It starts all the same; "
        f"to raise it: sudo sysctl -w vm.max_map_count={MOST_MAPS}"
    )


def memory() -> int:
    """Bytes of memory that this machine has."""
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def memory_hint(found: int) -> str | None:
    """What to know where there is little memory; None where there is enough."""
    if found >= NATIVE_MEMORY:
        return None
    return (
        f"this machine has {gigabytes(found)} of memory; Elasticsearch takes about 0.8 GB of it, and may be ended by "
        "the system. Close other programs if that happens."
    )


def gigabytes(size: int) -> str:
    """`7.6 GB`."""
    return f"{size / (1 << 30):.1f} GB"
