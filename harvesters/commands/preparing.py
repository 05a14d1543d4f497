"""Index templates and dashboards loaded, and told of: by `setup`, by `dev init` and by the demo."""

from typing import TYPE_CHECKING

from harvesters.core.common_settings import CommonSettings
from harvesters.core.day import Clock
from harvesters.core.errors import Exit

if TYPE_CHECKING:
    from harvesters.commands.console import Console
    from harvesters.dashboards.kibana import Place


def templates(settings: CommonSettings, clock: Clock, console: "Console") -> Exit:
    """Load the index templates; what could not be done is an error, and partial."""
    from harvesters.core.setup import load_templates

    result = load_templates(settings, clock)
    for sentence in result.done:
        console.say(sentence)
    for sentence in result.stuck:
        console.error(sentence)
    return Exit.PARTIAL if result.stuck else Exit.OK


def dashboards(kibana: "Place", prefix: str, clock: Clock, console: "Console", *, briefly: bool = False) -> Exit:
    """Load the dashboards of a prefix's indices, and tell of each object; `briefly` only of all of them."""
    from harvesters.dashboards.importing import import_dashboards

    result = import_dashboards(kibana, prefix, clock)
    # The last one sums up.
    for sentence in result.done[-1:] if briefly else result.done:
        console.say(sentence)
    for sentence in result.failed:
        console.error(sentence)
    return result.exit_code
