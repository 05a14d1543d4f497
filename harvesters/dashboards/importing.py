"""`setup dashboards`: the shipped objects into Kibana, object by object, or what would change."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from harvesters.core.day import Clock
from harvesters.core.errors import Exit
from harvesters.dashboards.changes import differences
from harvesters.dashboards.kibana import Place, ready
from harvesters.dashboards.objects import as_ndjson
from harvesters.dashboards.shipped import shipped

Json = dict[str, Any]
WORDS = {"index-pattern": "data view", "search": "list"}
SPOILS_ALL = frozenset({"conflict", "ambiguous_conflict", "missing_references"})
"""Errors of one object for which Kibana writes none of them."""


@dataclass(frozen=True, slots=True)
class Imported:
    """What was done, what was not, in sentences, and the exit code that follows."""

    done: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    exit_code: Exit = Exit.OK


def import_dashboards(place: Place, prefix: str, clock: Clock) -> Imported:
    """Load the data views and dashboards; running it twice changes nothing.

    Raises:
        HarvestError: Kibana is not there, not ready, too old, or refuses us or the file as a whole.
    """
    with ready(place, clock) as (kibana, version):
        objects = shipped(prefix, place.space)
        answer = kibana.import_objects(as_ndjson(objects))
        return _told(place, version, objects, answer)


def _told(place: Place, version: str, objects: list[Json], answer: Json) -> Imported:
    """The answer, object by object: status 200 alone says nothing."""
    errors = answer.get("errors") or []
    replaced = {(each["type"], each["id"]) for each in answer.get("successResults") or [] if each.get("overwrite")}
    failed = {(each["type"], each["id"]): each.get("error") or {} for each in errors}
    none_written = any(error.get("type") in SPOILS_ALL for error in failed.values())
    good = [each for each in objects if _key(each) not in failed and not none_written]
    done = [f"{_name(each)}: {'replaced' if _key(each) in replaced else 'new'}." for each in good]
    reasons = [f"{_name(each)}: {_reason(failed[_key(each)])}" for each in objects if _key(each) in failed]
    if none_written:
        reasons.append(f"{place.where} wrote none of the {len(objects)} objects: mend this and run it again.")
    if reasons or not answer["success"]:
        code = Exit.PARTIAL if good else Exit.FAILED
        return Imported(done, reasons or [f"{place.where} says that the import failed, and not why."], code)
    where = f"{place.where}{f' ({version})' if version else ', which does not tell its version'}"
    start = f"{place.host}{place.inside}/app/dashboards#/view/{_id_of_first(objects)}"
    return Imported([*done, f"{len(objects)} objects loaded into {where}. Begin with {start}"])


def _key(each: Json) -> tuple[str, str]:
    return each["type"], each["id"]


def _name(each: Json) -> str:
    title = each["attributes"].get("name") or each["attributes"]["title"]
    return f"{WORDS.get(each['type'], each['type'])} {each['id']} ({title.rstrip('.')})"


def _reason(error: Json) -> str:
    match error.get("type"):
        case "missing_references":
            lost = ", ".join(f"{each.get('type')} {each.get('id')}" for each in error.get("references", ()))
            return f"it refers to what is not there: {lost}."
        case "conflict" | "ambiguous_conflict":
            return "another object has its place; delete that one in Kibana (Stack Management, Saved Objects)."
        case "unsupported_type":
            return "this Kibana does not know that kind of object."
    return f"{str(error.get('message') or 'Kibana does not say why').rstrip('.')}."


def _id_of_first(objects: list[Json]) -> str:
    return next(str(each["id"]) for each in objects if each["type"] == "dashboard")


def dashboard_changes(place: Place, prefix: str, clock: Clock) -> Iterator[str]:
    """What `import_dashboards` would change, a line for each object; nothing is written."""
    with ready(place, clock) as (kibana, _):
        objects = shipped(prefix, place.space)
        wanted = [{"type": each["type"], "id": each["id"]} for each in objects]
        there = {_key(each): each for each in kibana.export_objects(wanted)}
    for each in objects:
        found = there.get(_key(each))
        if found is None:
            yield f"{_name(each)}: new"
        elif changes := differences(each, found):
            yield f"{_name(each)}: would be replaced: {'; '.join(changes)}"
        else:
            yield f"{_name(each)}: the same"
