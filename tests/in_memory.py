"""Where tests keep what nobody wants after them: in memory, since a disk's care for every fsync costs a third."""

import os
import shutil
from pathlib import Path

ROOM = 6 * 1024**3
"""Several times what a run has ever needed: where there is less, a disk is used."""


def folder_in_memory(folder: Path = Path("/dev/shm")) -> Path | None:  # noqa: S108 - what we make in it, only we can enter
    """The folder of Linux that is kept in memory; None where there is none that we could fill."""
    usable = folder.is_dir() and os.access(folder, os.W_OK | os.X_OK) and shutil.disk_usage(folder).free >= ROOM
    return folder if usable else None
