"""Imports all of the harvester once, then forks a process for each command: `tests.forking` asks for them.

The process of a command is as new as one of its own, but for what was imported: environment, folder, umask, output,
signals and the end are its own. Two numbers go back: its process id, and its exit code.
"""

from __future__ import annotations

import atexit
import gc
import json
import os
import pkgutil
import runpy
import signal
import socket
import sys
import threading
import time
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import Any, NoReturn

import harvesters

SCRIPT = Path(__file__).resolve().parent.parent / "harvest.py"
STREAMS = (1, 2)
MOST_FILES = 256

_running: dict[int, int] = {}
"""Where to tell how a child ended, by its process id."""


def import_all() -> None:
    """Every module, so that no command has to."""
    for module in pkgutil.walk_packages(harvesters.__path__, "harvesters."):
        if not module.name.endswith("__main__"):
            import_module(module.name)


def _tell(to: int, number: int) -> None:
    with suppress(OSError):  # who asked is gone
        os.write(to, b"%d\n" % number)


def _note_ends(*_: object) -> None:
    """Tell of all that ended: several may share one signal."""
    with suppress(ChildProcessError):
        while (ended := os.waitpid(-1, os.WNOHANG))[0]:
            pid, status = ended
            to = _running.pop(pid)
            _tell(to, os.waitstatus_to_exitcode(status))
            os.close(to)


def serve(door: socket.socket) -> int | None:
    """Fork for whoever asks. Returns in each child, with where its request is.

    None when nobody will ask any more: what still runs then has lost its test, and is ended.
    """
    signal.signal(signal.SIGCHLD, _note_ends)
    while True:
        byte, files, _, _ = socket.recv_fds(door, 1, 1 + len(STREAMS))
        if not byte:
            for pid in [*_running]:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            return None
        asked, *streams = files
        signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGCHLD])
        pid = os.fork()
        if pid == 0:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGCHLD])
            for stream, file in zip(STREAMS, streams, strict=True):
                os.dup2(file, stream)
            return asked
        _running[pid] = asked
        _tell(asked, pid)
        for file in streams:
            os.close(file)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGCHLD])


def become(asked: int) -> None:
    """Take on everything that a process gets from who starts it."""
    with os.fdopen(os.dup(asked), "rb") as request:
        wanted: dict[str, Any] = json.loads(request.readline())
    os.closerange(3, MOST_FILES)
    os.environ.clear()
    os.environ.update(wanted["env"])
    time.tzset()
    os.umask(wanted["umask"])
    os.chdir(wanted["cwd"])
    sys.argv += wanted["arguments"]
    sys.path[0] = str(SCRIPT.parent)


def work() -> NoReturn:
    """Run the script and end as Python ends, but for taking apart what was imported: it takes longer than all else."""
    code: int | str | None = 0
    try:
        runpy.run_path(str(SCRIPT), run_name="__main__")
    except SystemExit as ending:
        code = ending.code
    except BaseException:  # noqa: BLE001 - Python itself tells of it like this
        sys.excepthook(*sys.exc_info())
        code = 1
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    assert code is None or isinstance(code, int), "the command exits with numbers alone"
    os._exit(code or 0)


if __name__ == "__main__":
    way = int(sys.argv[1])
    # Examples of help texts call the program by its name, and are made by the import.
    sys.argv = [str(SCRIPT)]
    import_all()
    gc.freeze()
    asked = serve(socket.socket(fileno=way))
    if asked is not None:
        become(asked)
        work()
