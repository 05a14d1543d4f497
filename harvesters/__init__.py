"""The vendors that vconf-harvest can ask, one module each, and what serves them."""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from harvesters.core.fields import Field
    from harvesters.core.source import Source

__version__ = "0.1.0"

SOURCES = {"opentok": "harvesters.opentok:OpenTok"}


def source_class(name: str) -> "type[Source]":
    """The class of a source, imported when it is asked for."""
    module, _, attribute = SOURCES[name].partition(":")
    found: type[Source] = getattr(import_module(module), attribute)
    return found


def all_fields() -> "tuple[Field, ...]":
    """The own fields of every vendor, for the templates."""
    return tuple(field for name in SOURCES for field in source_class(name).fields)
