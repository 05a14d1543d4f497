"""KQL as far as our dashboards use it, as a query of Elasticsearch: `field : value`, `and`, `or`, `not`, brackets.

Kibana translates it by itself. This is for asking what a panel asks without a Kibana: in previews and tests.
"""

import re
from typing import Any

TOKENS = re.compile(r'\s*(?:(?P<sign>[():])|"(?P<quoted>[^"]*)"|(?P<word>[^\s():"]+))')
Json = dict[str, Any]
EVERYTHING: Json = {"match_all": {}}


def query(text: str) -> Json:
    """The query that a text stands for.

    Raises:
        ValueError: it is outside of what we use.
    """
    if not text.strip():
        return EVERYTHING
    reader = _Reader(text)
    found = reader.either()
    if reader.left:
        message = f"not understood from '{reader.left[0][1]}' on: {text}"
        raise ValueError(message)
    return found


class _Reader:
    """Reads a text from left to right; `left` are the tokens that are still to come, as kind and text."""

    def __init__(self, text: str) -> None:
        self.left: list[tuple[str, str]] = []
        place, whole = 0, text.rstrip()
        while place < len(whole):
            match = TOKENS.match(whole, place)
            if match is None:
                message = f"not understood at character {place}: {text}"
                raise ValueError(message)
            kind = match.lastgroup or ""
            self.left.append((kind, match[kind]))
            place = match.end()

    def either(self) -> Json:
        """`a or b or c`."""
        found = [self._both()]
        while self._takes("or"):
            found.append(self._both())
        return found[0] if len(found) == 1 else {"bool": {"should": found, "minimum_should_match": 1}}

    def _both(self) -> Json:
        found = [self._not()]
        while self._takes("and"):
            found.append(self._not())
        return found[0] if len(found) == 1 else {"bool": {"filter": found}}

    def _not(self) -> Json:
        if self._takes("not"):
            return {"bool": {"must_not": [self._not()]}}
        if self._takes("("):
            found = self.either()
            self._must(")")
            return found
        return self._compared(self._next()[1])

    def _compared(self, field: str) -> Json:
        self._must(":")
        kind, value = self._next()
        if kind == "word" and "*" in value:
            return {"exists": {"field": field}} if value == "*" else {"wildcard": {field: {"value": value}}}
        return {"term": {field: value}}

    def _takes(self, text: str) -> bool:
        if self.left and self.left[0][1] == text and self.left[0][0] != "quoted":
            self.left.pop(0)
            return True
        return False

    def _must(self, text: str) -> None:
        if not self._takes(text):
            message = f"'{text}' is missing before {self.left}"
            raise ValueError(message)

    def _next(self) -> tuple[str, str]:
        if not self.left:
            message = "the text ends too early"
            raise ValueError(message)
        return self.left.pop(0)
