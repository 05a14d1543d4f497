"""Loads the index templates and brings existing indices up to them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from harvesters.core.common_settings import CommonSettings
from harvesters.core.destinations.elastic import Cluster
from harvesters.core.templates import BASE, read


@dataclass(frozen=True, slots=True)
class SetUp:
    """What was done, and what cannot be done without rebuilding an index, in sentences."""

    done: list[str]
    stuck: list[str]


def load_templates(settings: CommonSettings) -> SetUp:
    """Load every template, add new fields to existing indices.

    Raises:
        DestinationError: the cluster refuses one, with its reason.
    """
    cluster = Cluster(settings)
    try:
        files = read(settings.index_prefix)
        for name, template in files.items():
            _put(cluster, name, template)
        result = SetUp([f"{len(files)} templates loaded into {cluster.where}."], [])
        for base in dict.fromkeys(BASE.values()):
            _bring_up(cluster, settings.index_prefix, base, files, result)
        return result
    finally:
        cluster.close()


def _bring_up(cluster: Cluster, prefix: str, base: str, files: Mapping[str, Mapping[str, Any]], result: SetUp) -> None:
    """Add new fields to the existing indices of one kind; those that need a rebuild are named."""
    wanted: dict[str, Any] = {}
    for part in ("common", base):
        _merge(wanted, files[f"{prefix}@{part}"]["template"]["mappings"]["properties"])
    for index, mapping in _mappings(cluster, f"{prefix}-{base}*").items():
        missing, changed = difference(wanted, mapping.get("properties", {}))
        if changed:
            result.stuck.append(f"{index}: {', '.join(changed)} changed type; delete the index and replay its days.")
        elif missing:
            with cluster.sentences():
                cluster.admin.indices.put_mapping(index=index, properties=missing)
            result.done.append(f"{index}: new fields added.")


def _put(cluster: Cluster, name: str, template: dict[str, Any]) -> None:
    """Load one template; what the node does not like about it is said."""
    with cluster.sentences():
        if "@" in name:
            cluster.admin.cluster.put_component_template(name=name, body=template)
        else:
            cluster.admin.indices.put_index_template(name=name, body=template)


def _mappings(cluster: Cluster, pattern: str) -> dict[str, Mapping[str, Any]]:
    """The mappings of the existing indices of a pattern, by index."""
    with cluster.sentences():
        found = cluster.admin.indices.get_mapping(index=pattern, ignore_unavailable=True, allow_no_indices=True)
    return {name: each["mappings"] for name, each in found.body.items()}


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
