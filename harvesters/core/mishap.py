"""Where something went wrong that nobody foresaw; never in the error's own words, which may quote a person's name."""

import traceback
from pathlib import Path


def where(error: BaseException) -> str:
    """The kind of the error and the line it came from: `ValueError in people.py, line 12`."""
    found = traceback.extract_tb(error.__traceback__, limit=-1)
    place = f" in {Path(found[0].filename).name}, line {found[0].lineno}" if found else ""
    return type(error).__name__ + place


def trace(error: BaseException) -> str:
    """The way to that line, and of what caused the error likewise."""
    lines = [*traceback.format_tb(error.__traceback__), type(error).__name__]
    cause = error.__cause__ or error.__context__
    return "".join([*([trace(cause), "\n\n"] if cause else []), *lines])
