"""The vendors that vconf-harvest can ask, one module each, and what serves them."""

import ast
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from harvesters.core.fields import Field
    from harvesters.core.source import Source

__version__ = "0.1.0"

SOURCES = {
    "opentok": "harvesters.opentok:OpenTok",
    "zoom": "harvesters.zoom:Zoom",
    "peermetrics": "harvesters.peermetrics:Peermetrics",
}


def source_class(name: str) -> "type[Source]":
    """The class of a source, imported when it is asked for."""
    module, _, attribute = SOURCES[name].partition(":")
    found: type[Source] = getattr(import_module(module), attribute)
    return found


def source_summary(name: str) -> str:
    """What a vendor's package says of itself in its first line, read without importing it: `--help` stays quick."""
    spec = find_spec(SOURCES[name].partition(":")[0])
    text = Path(spec.origin).read_text("utf-8") if spec and spec.origin else ""
    return (ast.get_docstring(ast.parse(text)) or name).partition("\n")[0]


def all_fields() -> "tuple[Field, ...]":
    """The own fields of every vendor, for the templates."""
    return tuple(field for name in SOURCES for field in source_class(name).fields)
