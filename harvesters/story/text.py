"""Text that is fit for a terminal: what vendors and people wrote can neither steer it nor be wider than it looks."""

import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

CUT = "…"
STYLES = {"bold": "1", "dim": "2", "red": "31", "yellow": "33", "green": "32", "cyan": "36"}
MARKS = 2
"""So many accents on one letter are writing; more would pour over the lines around."""
PLAIN = str.maketrans({
    "█": "#", "▓": "x", "░": ".", "▁": "_", "▂": ".", "▃": "-", "▄": "=", "▅": "+", "▆": "*", "▇": "%",
    "…": "~", "│": "|", "·": ".", "→": ">",
})  # fmt: skip
"""What stands for our own signs where the terminal's encoding has no blocks."""


class Span(NamedTuple):
    """Some text in one style, which is a name of `STYLES` or nothing."""

    text: str
    style: str = ""


@dataclass(frozen=True, slots=True)
class Screen:
    """What is written to: so many cells wide, with or without colours and block characters."""

    width: int = 80
    colour: bool = False
    blocks: bool = True

    def render(self, line: "Line") -> str:
        """A line as it is written, cut where the screen ends; nothing but our own colours steers the terminal."""
        left, pieces = self.width, []
        for span in line.spans:
            shown = cut(printable(span.text), left)
            left -= cells(shown)
            shown = shown if self.blocks else shown.translate(PLAIN)
            code = STYLES.get(span.style) if self.colour else None
            pieces.append(f"\x1b[{code}m{shown}\x1b[0m" if code and shown else shown)
        return "".join(pieces).rstrip()


@dataclass(slots=True)
class Line:
    """A line of spans; cut where the screen ends."""

    spans: list[Span] = field(default_factory=list)

    @classmethod
    def of(cls, text: str = "", style: str = "") -> "Line":
        """A line of one style."""
        return cls([Span(text, style)])

    def add(self, text: str, style: str = "") -> "Line":
        """The same line with more at its end."""
        self.spans.append(Span(text, style))
        return self


def printable(text: str) -> str:
    """Text without what steers a terminal or turns its direction; other white space is a blank.

    Control and format characters, lone surrogates and heaps of accents go; nothing is left of an escape sequence but
    the harmless rest.
    """
    return "".join(_printable(text))


def _printable(text: str) -> Iterator[str]:
    marks = 0
    for character in text:
        kind = unicodedata.category(character)
        if kind in {"Mn", "Me"}:
            marks += 1
            if marks <= MARKS:
                yield character
            continue
        marks = 0
        if kind.startswith("Z") or character in "\t\n\r\v\f":
            yield " "
        elif not kind.startswith("C"):
            yield character


def cells(text: str) -> int:
    """How many cells printable text takes."""
    return len(text) if text.isascii() else sum(map(_cells, text))


def _cells(character: str) -> int:
    if unicodedata.category(character) in {"Mn", "Me"}:
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def cut(text: str, most: int) -> str:
    """Text of so many cells at most, with a sign where something is missing."""
    if len(text) <= most and cells(text) <= most:
        return text
    left, kept = most - 1, []
    for character in text:
        left -= _cells(character)
        if left < 0:
            break
        kept.append(character)
    return "".join(kept) + CUT if most > 0 else ""


def short(text: str, most: int) -> str:
    """Somebody else's text as a piece of a line: printable, without blanks in a row, and cut."""
    return cut(" ".join(printable(text[: 4 * most + 16]).split()), most)


def padded(text: str, width: int) -> str:
    """Somebody else's text in a column: cut to it, or filled up with blanks."""
    shown = short(text, width)
    return shown + " " * (width - cells(shown))


def wrapped(text: str, width: int, indent: str = "") -> list[str]:
    """Sentences as lines of so many cells at most; a longer word is cut into pieces."""
    room = max(1, width - len(indent))
    lines, line = [], ""
    for word in _pieces(printable(text).split(), room):
        if line and cells(line) + 1 + cells(word) > room:
            lines.append(indent + line)
            line = word
        else:
            line = f"{line} {word}" if line else word
    return [*lines, indent + line] if line else lines


def _pieces(words: Iterable[str], room: int) -> Iterator[str]:
    for word in words:
        rest = word
        while cells(rest) > room:
            number = max(1, _fitting(rest, room))
            yield rest[:number]
            rest = rest[number:]
        if rest:
            yield rest


def _fitting(text: str, room: int) -> int:
    """How many characters take that many cells."""
    for number, character in enumerate(text):
        room -= _cells(character)
        if room < 0:
            return number
    return len(text)


def joined(parts: Sequence[str], word: str = "and") -> str:
    """`a, b and c`."""
    return f"{', '.join(parts[:-1])} {word} {parts[-1]}" if len(parts) > 1 else "".join(parts)


def merged(drawn: Iterable[Span]) -> list[Span]:
    """Neighbours of one colour as one span."""
    found: list[Span] = []
    for each in drawn:
        if found and found[-1].style == each.style:
            found[-1] = Span(found[-1].text + each.text, each.style)
        else:
            found.append(each)
    return found
