"""Peak memory of a whole harvest: fetched from the vendor, archived, loaded into the sink, each in its own process."""

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from processes import ROOT, served, used
from the_day import DAY, settings


def peak_mb(calls: int) -> float:
    """Peak memory of the harvest of a day of so many calls.

    Raises:
        RuntimeError: the harvest did not end well.
    """
    with TemporaryDirectory() as folder, served("vendor.py", str(calls)) as vendor, served("sink.py") as node:
        (Path(folder) / "empty.env").touch()
        command = [sys.executable, str(ROOT / "harvest.py"), "--env-file", f"{folder}/empty.env"]
        command += ["opentok", "--date", str(DAY), "--es-host", node, "--setup"]
        harvest = used(command, {**settings(vendor), "DATA_DIR": folder})
    if harvest.code or f"{calls:,} calls" not in harvest.errors:
        message = f"the harvest ended with {harvest.code}: {harvest.errors}"
        raise RuntimeError(message)
    return harvest.peak_mb
