"""Options that several commands share."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from harvesters import SOURCES

F = TypeVar("F", bound=Callable[..., Any])
CONCURRENCY = 4
DEADLINE = "2h"
LAST = "90d"
"""What is looked at where nobody says how far back."""

DATES: tuple[Any, ...] = (
    click.option("--date", metavar="DAY", help="A UTC day: YYYY-MM-DD, 'yesterday' or 'today'."),
    click.option(
        "--from", "first", metavar="DAY", help="First day of a window that ends with yesterday, or before --to."
    ),
    click.option("--to", "end", metavar="DAY", help="Day after the last one: the window is half-open."),
    click.option("--last", metavar="SPAN", help="The last days before today, such as 7d."),
)
ACCOUNTS = click.option(
    "--account", "accounts", multiple=True, metavar="NAME", help="Only the account of this name; repeatable."
)
SOURCE = click.option(
    "--source", "sources", type=click.Choice(list(SOURCES)), multiple=True, help="Only this vendor; repeatable."
)
OUTPUT: tuple[Any, ...] = (
    click.option(
        "--destination",
        "destinations",
        type=click.Choice(["index", "lake", "stdout"]),
        multiple=True,
        help="Where documents go; repeatable. Default: index if Elasticsearch is configured, else lake.",
    ),
    click.option("--es-host", metavar="HOST", help="Elasticsearch, instead of ES_HOST."),
    click.option("--setup", "with_setup", is_flag=True, help="Load the index templates first."),
    click.option("--report", type=click.Path(path_type=Path), help="Write what happened as JSON, also when it fails."),
)
DRY_RUN = click.option("--dry-run", is_flag=True, help="Say what would be fetched and loaded; write nothing.")
SELECTING: tuple[Any, ...] = (
    click.option("--again", is_flag=True, help="Fetch also what is final; take records that shrank."),
    DRY_RUN,
    click.option("--limit", type=click.IntRange(min=1), metavar="N", help="Only the first N calls of each day."),
)
PACE: tuple[Any, ...] = (
    click.option(
        "--concurrency",
        type=click.IntRange(1, 32),
        default=CONCURRENCY,
        show_default=True,
        help="Batches fetched at once.",
    ),
    click.option(
        "--deadline",
        metavar="SPAN",
        default=DEADLINE,
        show_default=True,
        help="Wait for nothing beyond this; what is left is deferred.",
    ),
)


def apply(options: tuple[Any, ...]) -> Callable[[F], F]:
    """Several options as one decorator, shown in their order."""

    def decorate(function: F) -> F:
        for option in reversed(options):
            function = option(function)
        return function

    return decorate
