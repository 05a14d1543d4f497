"""The IP addresses in what a vendor tells as one."""

import re
from collections.abc import Iterator
from ipaddress import ip_address
from itertools import islice

MOST = 16
_BETWEEN = re.compile(r"[\s,;]+")


def addresses(told: object) -> Iterator[str]:
    """The addresses in a text or a list of texts, in their order, a few at most; of anything else none.

    Strict: `120.000.000`, `081.2.69.142` and `-omitted-` are no addresses, though some libraries read numbers into
    them. An IPv6 address loses its zone, and one that stands for an IPv4 address becomes that one.
    """
    texts = told if isinstance(told, list) else [told]
    words = (word for text in texts if isinstance(text, str) for word in _BETWEEN.split(text))
    return islice((found for word in words if (found := _address(word))), MOST)


def _address(word: str) -> str | None:
    try:
        found = ip_address(word.partition("%")[0] if ":" in word else word)
    except ValueError:
        return None
    mapped = getattr(found, "ipv4_mapped", None)
    return str(mapped or found)
