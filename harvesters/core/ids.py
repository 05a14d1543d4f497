"""Ids: a function of the vendor's own keys, the same for ever, on every machine.

Two forms: the readable key (`event.id`) and the document's `_id`, base32 of the first 20 bytes of
SHA-256 over the parts as a JSON array, which no choice of separators can make ambiguous.
"""

import hashlib
from base64 import b32encode
from collections.abc import Sequence
from functools import lru_cache
from urllib.parse import quote, unquote

import msgspec

LONGEST = 512


def _checked(parts: Sequence[str]) -> Sequence[str]:
    for part in parts:
        if not part:
            message = f"a key has an empty part: {list(parts)!r}"
            raise ValueError(message)
    return parts


def doc_id(parts: Sequence[str]) -> str:
    """The `_id` of a document: 32 characters of `a-z2-7`.

    Raises:
        ValueError: a part is empty.
    """
    whole = msgspec.json.encode([part.encode("utf-8", "replace").decode() for part in _checked(parts)])
    return b32encode(hashlib.sha256(whole).digest()[:20]).decode().lower()


def sample_suffix(at: int, ordinal: int) -> str:
    """What a sample's `_id` adds to its stream's: time in ms as hex, an ordinal among equal instants."""
    return f"-{at:x}.{ordinal}" if ordinal else f"-{at:x}"


def readable(parts: Sequence[str], more: int = 0) -> str:
    """The key for people: parts joined by `/`, hashed where it would pass 512 bytes with `more` that follow.

    Raises:
        ValueError: a part is empty.
    """
    text = "/".join(map(_quoted, _checked(parts)))
    return text if len(text) + more <= LONGEST else f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"


def parts_of(name: str) -> tuple[str, ...]:
    """The parts of a readable key, unless it is hashed or had to replace something."""
    return tuple(map(unquote, name.split("/")) if "%" in name else name.split("/"))


@lru_cache(maxsize=512)  # those of a few records
def _quoted(part: str) -> str:
    return quote(part, safe="~:@+=,!$'()*", errors="replace")


def safe_name(text: str) -> str:
    """A vendor's id as a name of a file or folder; different ids give different names."""
    name = quote(text, safe="", errors="replace").replace(".", "%2E")
    return name if 0 < len(name) <= 200 else f"sha256-{hashlib.sha256(text.encode()).hexdigest()}"  # noqa: PLR2004
