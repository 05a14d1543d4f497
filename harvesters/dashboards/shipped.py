"""What is shipped: the saved objects of all dashboards for any prefix, and the file of those for the usual one."""

from pathlib import Path
from typing import Any

from harvesters import all_fields
from harvesters.core.fields import by_name
from harvesters.dashboards.objects import USUAL_PREFIX, as_ndjson, saved_objects
from harvesters.dashboards.panels import Names
from harvesters.dashboards.shown import DASHBOARDS

FILE = "vconf.ndjson"


def folder() -> Path:
    """Where the file is: in the wheel beside the code, in a clone at the top."""
    package = Path(__file__).parents[1] / "kibana"
    return package if package.is_dir() else Path(__file__).parents[2] / "kibana"


def shipped(prefix: str, space: str = "") -> list[dict[str, Any]]:
    """The saved objects for indices of that prefix, in a space of Kibana; "" is its own."""
    return saved_objects(DASHBOARDS, Names(prefix, tuple(by_name(all_fields()).values()), space))


def write(target: Path) -> None:
    """Make the file anew."""
    target.mkdir(exist_ok=True)
    (target / FILE).write_text(as_ndjson(shipped(USUAL_PREFIX)), "utf-8")
