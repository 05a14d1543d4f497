"""One lock per vendor and account for whatever writes state; it dies with its process."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from harvesters.core.day import iso
from harvesters.core.errors import LockedError
from harvesters.core.files import open_private
from harvesters.core.ids import safe_name


@contextmanager
def held(data_dir: Path, vendor: str, account: str, now: datetime) -> Iterator[None]:
    """Hold the lock of an account.

    Raises:
        LockedError: another process holds it; says which and since when.
    """
    folder = data_dir / "locks"
    folder.mkdir(parents=True, exist_ok=True)
    with open_private(folder / f"{vendor}-{safe_name(account)}.lock", "r+b") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            owner = file.read().decode("utf-8", "replace").strip() or "another run"
            message = f"{vendor} {account} is locked by {owner}: try again when it has ended."
            raise LockedError(message) from error
        file.truncate()
        file.write(f"process {os.getpid()} since {iso(now)}\n".encode())
        file.flush()
        yield
        file.seek(0)
        file.truncate()
