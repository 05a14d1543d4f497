"""Loads the index templates and brings existing indices up to them."""

from collections.abc import Mapping
from typing import Any

from harvesters.core.common_settings import CommonSettings
from harvesters.core.destinations.elastic import Cluster
from harvesters.core.templates import BASE, read


def load_templates(settings: CommonSettings) -> list[str]:
    """Load every template, add new fields to existing indices; what was done, in sentences.

    Raises:
        DestinationError: the cluster refuses one, with its reason.
    """
    cluster = Cluster(settings)
    try:
        files = read(settings.index_prefix)
        for name, template in files.items():
            cluster.put(name, template, component="@" in name)
        sentences = [f"{len(files)} templates loaded into {cluster.where}."]
        for base in dict.fromkeys(BASE.values()):
            sentences += _bring_up(cluster, settings.index_prefix, base, files)
        return sentences
    finally:
        cluster.close()


def _bring_up(cluster: Cluster, prefix: str, base: str, files: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Add new fields to the existing indices of one kind; those that need a rebuild are named."""
    wanted: dict[str, Any] = {}
    for part in ("common", base):
        _merge(wanted, files[f"{prefix}@{part}"]["template"]["mappings"]["properties"])
    sentences = []
    for index, mapping in cluster.mappings(f"{prefix}-{base}*").items():
        missing, changed = difference(wanted, mapping.get("properties", {}))
        if changed:
            sentences.append(f"{index}: {', '.join(changed)} changed type; delete the index and replay its days.")
        elif missing:
            cluster.add_fields(index, missing)
            sentences.append(f"{index}: new fields added.")
    return sentences


def _merge(target: dict[str, Any], more: Mapping[str, Any]) -> None:
    for name, field in more.items():
        if "properties" in field and name in target:
            _merge(target[name]["properties"], field["properties"])
        else:
            target[name] = {"properties": dict(field["properties"])} if "properties" in field else field


def difference(wanted: Mapping[str, Any], there: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """The wanted fields that are not there, as properties, and the names of those with another type."""
    missing: dict[str, Any] = {}
    changed: list[str] = []
    for name, field in wanted.items():
        if name not in there:
            missing[name] = field
        elif "properties" in field:
            below, names = difference(field["properties"], there[name].get("properties", {}))
            missing |= {name: {"properties": below}} if below else {}
            changed += [f"{name}.{each}" for each in names]
        elif there[name].get("type") != field["type"]:
            changed.append(name)
    return missing, changed
