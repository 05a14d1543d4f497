"""Prints stories: as lines that fit the terminal, or as one JSON object."""

import os
import re
import shutil
import sys
from collections.abc import Iterable

import click
import msgspec

from harvesters.story.text import Line, Screen

NARROWEST, WIDEST = 30, 160
BLOCKS = "█▓░▁▂▃▄▅▆▇…"
UNSEEN = re.compile("[\x7f-\x9f\xad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]")
"""What steers a terminal or turns text: in JSON it is written as an escape, which means the same."""


def screen() -> Screen:
    """What stdout can show; of what is no terminal 80 columns, or as many as COLUMNS says."""
    width = shutil.get_terminal_size((80, 24)).columns
    colour = sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    return Screen(min(max(width, NARROWEST), WIDEST), colour, _encodes(BLOCKS))


def _encodes(text: str) -> bool:
    try:
        text.encode(sys.stdout.encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def show(lines: Iterable[Line], to: Screen) -> None:
    """Print lines; a letter that the terminal's encoding lacks is a question mark."""
    encoding = sys.stdout.encoding or "ascii"
    for line in lines:
        click.echo(to.render(line).encode(encoding, "replace").decode(encoding), color=to.colour)


def show_json(value: object) -> None:
    """Print one object, in UTF-8 whatever the terminal's encoding is."""
    text = msgspec.json.encode(value).decode()
    escaped = UNSEEN.sub(lambda found: f"\\u{ord(found[0]):04x}", text)
    click.echo(escaped.encode())
