"""Pages of a list, and the tokens that lead from one to the next (reference, section 5)."""

import base64
import binascii
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import blake2b
from typing import Any

from harvesters.core.day import EPOCH
from harvesters.sandbox.zoom.meetings import Json
from harvesters.sandbox.zoom.refusals import OLD_PAGE, RefusedError, bad_parameter
from harvesters.sandbox.zoom.rules import ZoomRules

TOKEN = "next_page_token"  # noqa: S105 - a parameter's name
_SIGNED = 16


@dataclass(frozen=True, slots=True)
class Listing:
    """A list before it is cut into pages.

    Attributes:
        name: of the member that holds the rows.
        items: what there is; only those of the page are looked at.
        shape: makes the row of an item.
        head: members that stand beside the rows.
        quality: whether it is a list of quality, whose pages are small.
        totals: whether its answers tell how many there are.
    """

    name: str
    items: Sequence[Any]
    shape: Callable[[Any], Json]
    head: Json = field(default_factory=dict)
    quality: bool = False
    totals: bool = True


@dataclass(frozen=True, slots=True)
class PageTokens:
    """Makes and reads tokens: each knows its list, its place and when it was given out.

    Args:
        key: nobody else can make one.
        life: of a token.
        now: the sandbox's clock.
    """

    key: str
    life: timedelta
    now: Callable[[], datetime]

    def token(self, query: str, place: int) -> str:
        """For the rows of a list from `place` on; `query` is its path and its parameters."""
        told = f"{place}.{(self.now() - EPOCH) // timedelta(milliseconds=1)}"
        return base64.urlsafe_b64encode(f"{told}.{self._sign(query, told)}".encode()).decode().rstrip("=")

    def place(self, query: str, token: str) -> int:
        """Where the rows of a token begin.

        Raises:
            RefusedError: the token is old, of another list, or none.
        """
        try:
            told, _, sign = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)).decode().rpartition(".")
            place, _, given = told.partition(".")
            if sign == self._sign(query, told) and self.now() < self._end(int(given)):
                return int(place)
        except (ValueError, binascii.Error, OverflowError):
            pass
        raise RefusedError(400, 300, OLD_PAGE)

    def _end(self, given_ms: int) -> datetime:
        return EPOCH + timedelta(milliseconds=given_ms) + self.life

    def _sign(self, query: str, told: str) -> str:
        return blake2b(f"{self.key}\n{query}\n{told}".encode(), digest_size=_SIGNED).hexdigest()


def query_of(path: str, params: Mapping[str, str]) -> str:
    """A list as its tokens know it: the raw path and all parameters but the token."""
    return path + "?" + "&".join(f"{name}={value}" for name, value in sorted(params.items()) if name != TOKEN)


def page(listing: Listing, params: Mapping[str, str], query: str, tokens: PageTokens, rules: ZoomRules) -> Json:
    """The page that a request asks for.

    Raises:
        RefusedError: the token or the page's size is not valid.
    """
    size = _size(listing, params, rules)
    start = tokens.place(query, token) if (token := params.get(TOKEN, "")) else 0
    rows = [listing.shape(each) for each in listing.items[start : start + size]]
    more = start + size < len(listing.items)
    counts = _counts(listing, size, rules, first=start == 0)
    following = {TOKEN: tokens.token(query, start + size)} if more else _LAST[rules.end_of_list]
    return {**listing.head, **counts, "page_size": size, **following, listing.name: rows}


_LAST: Mapping[str, Json] = {"empty": {TOKEN: ""}, "null": {TOKEN: None}, "absent": {}}


def _size(listing: Listing, params: Mapping[str, str], rules: ZoomRules) -> int:
    default, most = (1, rules.most_quality_rows) if listing.quality else (30, rules.most_rows)
    text = params.get("page_size") or str(default)
    if not text.isdecimal() or not int(text):
        raise bad_parameter(name="page_size")
    if int(text) > most and rules.page_size_above == "refused":
        raise bad_parameter(name="page_size")
    size = min(int(text), most)
    return min(size, rules.small_page) if rules.pages == "smaller" else size


def _counts(listing: Listing, size: int, rules: ZoomRules, *, first: bool) -> Json:
    if not listing.totals:
        return {}
    total = len(listing.items)
    counts: Json = {}
    if rules.page_counts == "always" or (rules.page_counts == "first" and first):
        counts["page_count"] = -(-total // size)
    if rules.total_records != "absent":
        counts["total_records"] = total + (rules.total_records == "off-by-one")
    return counts
