"""One lock per vendor and account for whatever writes state; it dies with its process."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime
from pathlib import Path
from typing import IO

from harvesters.core.day import iso
from harvesters.core.errors import ArchiveError, LockedError
from harvesters.core.files import open_private
from harvesters.core.ids import safe_name


@contextmanager
def held(data_dir: Path, vendor: str, account: str, now: datetime) -> Iterator[None]:
    """Hold the lock of an account.

    Raises:
        LockedError: another process holds it; says which and since when.
        ArchiveError: there is no place for it, as on a full disk.
    """
    path = data_dir / "locks" / f"{vendor}-{safe_name(account)}.lock"
    with ExitStack() as stack:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            file = stack.enter_context(open_private(path, "r+b"))
            _take(file, f"{vendor} {account}", f"process {os.getpid()} since {iso(now)}\n")
        except OSError as error:
            message = f"the lock {path} cannot be taken: {error.strerror}."
            raise ArchiveError(message) from error
        yield
        file.truncate(0)


def _take(file: IO[bytes], what: str, owner: str) -> None:
    """Lock a file and name the owner in it."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        other = file.read().decode("utf-8", "replace").strip() or "another run"
        message = f"{what} is locked by {other}: try again when it has ended."
        raise LockedError(message) from error
    file.truncate()
    file.write(owner.encode())
    file.flush()
