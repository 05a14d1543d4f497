"""Dotted names as nested objects."""

from collections.abc import Mapping
from typing import Any


class _Paths(dict[str, tuple[str, str]]):
    """Path and last part of dotted names: those of the field list, over and over."""

    def __missing__(self, name: str) -> tuple[str, str]:
        path, _, leaf = name.rpartition(".")
        self[name] = path, leaf
        return path, leaf


_paths = _Paths()


def nest(flat: Mapping[str, Any]) -> dict[str, Any]:
    """Dotted names as nested objects; absent (None) and empty values are left out."""
    nodes: dict[str, dict[str, Any]] = {"": {}}
    for name, value in flat.items():
        if value or value == 0:
            path, leaf = _paths[name]
            node = nodes.get(path)
            if node is None:
                node = _node(path, nodes)
            node[leaf] = value
    return nodes[""]


def _node(path: str, nodes: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """A new object at a dotted path, hung into the one above it."""
    above, leaf = _paths[path]
    node = nodes.get(above)
    if node is None:
        node = _node(above, nodes)
    made: dict[str, Any] = {}
    nodes[path] = node[leaf] = made
    return made
