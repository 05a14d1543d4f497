"""Index templates, made from the field list: settings, common and per-type components, one template a type.

The JSON files under `index_templates/` are made by `python -m harvesters.core.templates` and hold
`__PREFIX__` where the prefix goes; a test fails when they are stale.
"""

import json
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from harvesters.core.encode import INDEX
from harvesters.core.fields import (
    ALL,
    FLATTENED,
    IP,
    KEYWORD,
    RUN_TYPES,
    SAMPLE,
    Field,
    by_name,
)

TEMPLATES_VERSION = 4
PREFIX = "__PREFIX__"
LONGEST_KEYWORD = 1024
RUNS = "runs"
BASE = {**INDEX, **dict.fromkeys(RUN_TYPES, RUNS)}


def template_name(prefix: str, type_: str) -> str:
    """Name of the index template of a document type."""
    return f"{prefix}-{BASE[type_]}"


def folder() -> Path:
    """Where the JSON files are: in the wheel beside the code, in a clone at the top."""
    package = Path(__file__).parents[1] / "index_templates"
    return package if package.is_dir() else Path(__file__).parents[2] / "index_templates"


def mapping(field: Field) -> dict[str, Any]:
    """The mapping of one field."""
    if field.type == KEYWORD:
        return {"type": KEYWORD, "ignore_above": LONGEST_KEYWORD}
    if field.type == FLATTENED:
        return {"type": FLATTENED, "ignore_above": LONGEST_KEYWORD}
    if field.type == IP:  # a vendor's text that is no address must not cost the document
        return {"type": IP, "ignore_malformed": True}
    return {"type": field.type}


def properties(fields: Iterable[Field]) -> dict[str, Any]:
    """The fields as nested `properties`."""
    tree: dict[str, Any] = {}
    for field in sorted(fields, key=lambda each: each.name):
        *path, leaf = field.name.split(".")
        node = tree
        for step in path:
            node = node.setdefault(step, {"properties": {}})["properties"]
        node[leaf] = mapping(field)
    return tree


def component(fields: Iterable[Field], **settings: Any) -> dict[str, Any]:
    """A component template."""
    template: dict[str, Any] = {"mappings": {"dynamic": False, "properties": properties(fields)}}
    if settings:
        template["settings"] = settings
    return {"version": TEMPLATES_VERSION, "template": template, "_meta": {"made_by": "vconf-harvest"}}


def index_template(base: str) -> dict[str, Any]:
    """The composable template of one kind of index."""
    parts = ["settings", "common", base]
    return {
        "version": TEMPLATES_VERSION,
        "priority": 200,
        "index_patterns": [f"{PREFIX}-{base}" if base == RUNS else f"{PREFIX}-{base}-*"],
        "composed_of": [*(f"{PREFIX}@{part}" for part in parts), f"{PREFIX}@custom"],
        "ignore_missing_component_templates": [f"{PREFIX}@custom"],
        "template": {} if base == RUNS else {"aliases": {f"{PREFIX}-{base}": {}}},
        "_meta": {"made_by": "vconf-harvest"},
    }


def build(own: tuple[Field, ...]) -> dict[str, dict[str, Any]]:
    """Every template by file name without its ending; component templates have an `@` in their name."""
    fields = by_name(own).values()
    common = [field for field in fields if set(field.types) == set(ALL)]
    settings = {"number_of_shards": 1, "auto_expand_replicas": "0-1", "refresh_interval": "30s"}
    files = {"@settings": component([], **settings), "@common": component(common)}
    for base in dict.fromkeys(BASE.values()):
        types = {type_ for type_, name in BASE.items() if name == base}
        mine = [field for field in fields if types & set(field.types) and field not in common]
        codec = {"codec": "best_compression"} if SAMPLE in types else {}
        files[f"@{base}"] = component(mine, **codec)
        files[base] = index_template(base)
    return files


def read(prefix: str) -> dict[str, dict[str, Any]]:
    """The templates of the JSON files with the prefix in its place, components first."""
    texts = {path.stem: path.read_text("utf-8") for path in sorted(folder().glob("*.json"))}
    ordered = sorted(texts, key=lambda name: (not name.startswith("@"), name))
    return {_named(name, prefix): json.loads(texts[name].replace(PREFIX, prefix)) for name in ordered}


def _named(stem: str, prefix: str) -> str:
    return f"{prefix}{stem}" if stem.startswith("@") else f"{prefix}-{stem}"


def as_text(template: Mapping[str, Any]) -> str:
    """A template as the text of its file."""
    return json.dumps(template, indent=2, sort_keys=True) + "\n"


def write(target: Path, own: tuple[Field, ...]) -> None:
    """Make the JSON files anew."""
    target.mkdir(exist_ok=True)
    for name, template in build(own).items():
        (target / f"{name}.json").write_text(as_text(template), "utf-8")


if __name__ == "__main__":
    from harvesters import all_fields

    write(Path(sys.argv[1]) if len(sys.argv) > 1 else folder(), all_fields())
