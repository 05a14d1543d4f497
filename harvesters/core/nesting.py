"""Dotted names as nested objects."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any


def nest(flat: Mapping[str, Any]) -> dict[str, Any]:
    """Dotted names as nested objects; absent (None) and empty values are left out."""
    nodes: dict[str, dict[str, Any]] = {"": {}}
    for name, value in flat.items():
        if value or value == 0:
            path, leaf = _split(name)
            (nodes.get(path) or _node(path, nodes))[leaf] = value
    return nodes[""]


@lru_cache(maxsize=1024)
def _split(name: str) -> tuple[str, str]:
    """Path and last part of a dotted name; the names are those of the field list, over and over."""
    path, _, leaf = name.rpartition(".")
    return path, leaf


def _node(path: str, nodes: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """The object at a dotted path, hung into the one above it."""
    if path not in nodes:
        above, leaf = _split(path)
        nodes[path] = _node(above, nodes)[leaf] = {}
    return nodes[path]
