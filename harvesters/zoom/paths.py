"""Ids in paths: a meeting's UUID is base64, so it may hold what a path takes for its own."""

from collections.abc import Mapping
from urllib.parse import quote, urlencode


def encoded(uuid: str) -> str:
    """A UUID as a segment of a path.

    One that begins with `/` or contains `//` goes twice-encoded: Zoom's front end decodes once and then tidies the
    path, which takes slashes away (reference, section 7).
    """
    once = quote(uuid, safe="")
    return quote(once, safe="") if uuid.startswith("/") or "//" in uuid else once


def asked(path: str, parameters: Mapping[str, str | int | None]) -> str:
    """A path with its query; parameters without a value are left out."""
    return f"{path}?{urlencode({name: value for name, value in parameters.items() if value is not None})}"
