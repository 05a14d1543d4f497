"""Loads the index templates and brings existing indices up to them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from harvesters.core.common_settings import CommonSettings
from harvesters.core.day import Clock
from harvesters.core.destinations.elastic import LENIENT, NOT_FOUND, Cluster
from harvesters.core.destinations.patience import A_MINUTE, patiently
from harvesters.core.lifecycle import Known, change, look, name_policy, put, sentence
from harvesters.core.templates import BASE, read

MOST_NAMED = 5
NAMED = frozenset({Known.NEW, Known.THERE})
"""Where the template of measurements names our lifecycle policy."""


@dataclass(frozen=True, slots=True)
class SetUp:
    """What was done, and what cannot be done without rebuilding an index, in sentences."""

    done: list[str]
    stuck: list[str]


def load_templates(settings: CommonSettings, clock: Clock) -> SetUp:
    """Load the lifecycle policy where the cluster knows such, every template, add new fields to existing indices.

    Raises:
        DestinationError: the cluster refuses one, with its reason, or stays busy.
    """
    cluster = Cluster(settings)
    try:
        files = read(settings.index_prefix)
        lifecycle = patiently(clock, partial(put, cluster), A_MINUTE)
        if lifecycle in NAMED:
            name_policy(files, settings.index_prefix)
        for name, template in files.items():
            patiently(clock, partial(_put, cluster, name, template), A_MINUTE)
        result = SetUp([f"{len(files)} templates loaded into {cluster.where}."], [])
        result.done.append(sentence(lifecycle, cluster))
        for base in dict.fromkeys(BASE.values()):
            _bring_up(cluster, clock, base, files, result)
        return result
    finally:
        cluster.close()


def template_changes(settings: CommonSettings) -> list[str]:
    """What `load_templates` would change, a line for each template and index; nothing is written.

    Raises:
        DestinationError: the cluster refuses to be read.
    """
    cluster = Cluster(settings)
    try:
        files, lifecycle = read(settings.index_prefix), look(cluster)
        if lifecycle in NAMED:
            name_policy(files, settings.index_prefix)
        lines = [change(lifecycle, cluster)]
        lines += [f"template {name}: {_compared(_loaded(cluster, name), files[name])}" for name in files]
        for base in dict.fromkeys(BASE.values()):
            lines += _owed(cluster, base, files)
        return lines
    finally:
        cluster.close()


def _loaded(cluster: Cluster, name: str) -> Mapping[str, Any] | None:
    """A template as the cluster has it, None where it does not."""
    lenient = cluster.admin.options(ignore_status=NOT_FOUND)
    with cluster.sentences():
        if "@" in name:
            found = lenient.cluster.get_component_template(name=name).get("component_templates", [])
        else:
            found = lenient.indices.get_index_template(name=name).get("index_templates", [])
    kind = "component_template" if "@" in name else "index_template"
    return next((each[kind] for each in found), None)


def _compared(there: Mapping[str, Any] | None, wanted: Mapping[str, Any]) -> str:
    """In words, how a template there differs from ours."""
    if there is None:
        return "new"
    # What the cluster notes besides, such as when the template came, is not compared.
    ours, theirs = _plain(wanted), _plain({name: there.get(name) for name in wanted})
    named = sorted(name for name in {*ours, *theirs} if ours.get(name) != theirs.get(name))
    more = f" and {len(named) - MOST_NAMED} more" if len(named) > MOST_NAMED else ""
    return f"would change: {', '.join(named[:MOST_NAMED])}{more}" if named else "the same"


def _plain(template: Any, above: str = "") -> dict[str, str]:  # noqa: ANN401 - any JSON
    """Every leaf of a template by its path; Elasticsearch gives numbers back as text, and settings below `index`."""
    if not isinstance(template, dict):
        return {above: str(template).lower()}
    found: dict[str, str] = {}
    for name, value in template.items():
        step = above if name in {"index", "properties"} and above else f"{above}.{name}" if above else name
        found |= _plain(value, step)
    return found


def _owed(cluster: Cluster, base: str, files: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    """What existing indices of one kind would get."""
    for index, missing, changed in _behind(cluster, base, files):
        if changed:
            yield f"index {index}: cannot be changed: {', '.join(changed)} changed type"
        elif missing:
            names = sorted({each.rpartition(".")[0] for each in _plain(missing)})
            yield f"index {index}: would get {', '.join(names)}"


def _behind(
    cluster: Cluster, base: str, files: Mapping[str, Mapping[str, Any]]
) -> Iterator[tuple[str, dict[str, Any], list[str]]]:
    """The existing indices of one kind, with the fields that they lack and those of another type."""
    wanted: dict[str, Any] = {}
    for part in ("common", base):
        _merge(wanted, files[f"{cluster.prefix}@{part}"]["template"]["mappings"]["properties"])
    for index, mapping in _mappings(cluster, f"{cluster.prefix}-{base}*").items():
        missing, changed = difference(wanted, mapping.get("properties", {}))
        yield index, missing, changed


def _bring_up(cluster: Cluster, clock: Clock, base: str, files: Mapping[str, Mapping[str, Any]], result: SetUp) -> None:
    """Add new fields to the existing indices of one kind; those that need a rebuild are named."""
    behind = patiently(clock, lambda: list(_behind(cluster, base, files)), A_MINUTE)
    for index, missing, changed in behind:
        if changed:
            result.stuck.append(f"{index}: {', '.join(changed)} changed type; delete the index and replay its days.")
        elif missing:
            patiently(clock, partial(_add_fields, cluster, index, missing), A_MINUTE)
            result.done.append(f"{index}: new fields added.")


def _add_fields(cluster: Cluster, index: str, properties: Mapping[str, Any]) -> None:
    with cluster.sentences():
        cluster.admin.indices.put_mapping(index=index, properties=properties)


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
        found = cluster.admin.indices.get_mapping(index=pattern, **LENIENT)
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
