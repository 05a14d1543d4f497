"""Help texts that end with commands to copy."""

import sys
from pathlib import Path

COMMON = "Options of every command, in any place: -q, -v, --no-progress, --log-format, --env-file."


def program() -> str:
    """How the user calls this program: the script of a clone, or the installed command."""
    return "./harvest.py" if Path(sys.argv[0]).name == "harvest.py" else "vconf-harvest"


def with_examples(text: str, *commands: str) -> str:
    """A help text and its examples, each on a line of its own (click joins lines elsewhere)."""
    title = "Examples:" if len(commands) > 1 else "Example:"
    return "\n".join([text, "", "\b", title, *(f"  {program()} {command}" for command in commands)])
