#!/usr/bin/env python3
"""The command in a clone: `./harvest.py --help`."""

import os
import sys
from pathlib import Path

HOME = Path(__file__).resolve().parent
VENV = HOME / ".venv" / "bin" / "python"


def _with_venv() -> None:
    """Go on in the clone's own environment, so that nobody has to activate it."""
    inside = Path(sys.prefix).resolve() == VENV.parents[1].resolve()
    # Another user's environment may lead to a Python that this one cannot run.
    if not inside and os.access(VENV, os.X_OK):
        os.execv(VENV, [str(VENV), str(HOME / "harvest.py"), *sys.argv[1:]])  # noqa: S606 - our own interpreter


if __name__ == "__main__":
    _with_venv()
    sys.path.insert(0, str(HOME))
    from harvesters.commands.main import main

    main()
