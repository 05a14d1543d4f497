"""The index templates follow from the field list."""

import json
from pathlib import Path
from typing import Any

import pytest

from harvesters import all_fields
from harvesters.core.field import TELLS
from harvesters.core.fields import (
    CALL_TYPES,
    CONFERENCE,
    ISSUE,
    KEYWORD,
    PARTICIPANT,
    SAMPLE,
    STREAM,
    USAGE,
    Field,
    by_name,
)
from harvesters.core.templates import build, folder, mapping, read, write

KINDS = {
    CONFERENCE: "conferences",
    PARTICIPANT: "participants",
    STREAM: "streams",
    SAMPLE: "samples",
    ISSUE: "issues",
    USAGE: "usage",
    "slice": "runs",
    "run": "runs",
}


def properties(files: dict[str, dict[str, Any]], kind: str) -> dict[str, str]:
    """The fields of a kind of index with their types, its own and the common ones."""
    found: dict[str, str] = {}

    def walk(node: dict[str, Any], above: str) -> None:
        for name, field in node.items():
            if "properties" in field:
                walk(field["properties"], f"{above}{name}.")
            else:
                found[above + name] = field["type"]

    for part in ("@common", f"@{kind}"):
        walk(files[part]["template"]["mappings"]["properties"], "")
    return found


def test_the_files_are_those_of_the_field_list(tmp_path: Path) -> None:
    """Where they differ: `python -m harvesters.core.templates`."""
    write(tmp_path, all_fields())
    fresh = {path.name: path.read_text("utf-8") for path in tmp_path.iterdir()}
    assert {path.name: path.read_text("utf-8") for path in folder().glob("*.json")} == fresh


def test_every_field_is_mapped_where_its_documents_go_and_nowhere_else() -> None:
    files = build(all_fields())
    mapped = {kind: properties(files, kind) for kind in KINDS.values()}
    for field in by_name(all_fields()).values():
        at_home = {KINDS[type_] for type_ in field.types}
        assert {kind for kind, names in mapped.items() if field.name in names} == at_home, field.name
        assert {mapped[kind][field.name] for kind in at_home} == {field.type}


def test_issues_have_indices_of_their_own_by_the_year() -> None:
    files = read("school")
    assert files["school-issues"]["index_patterns"] == ["school-issues-*"]
    assert files["school-issues"]["composed_of"] == [
        "school@settings", "school@common", "school@issues", "school@custom",
    ]  # fmt: skip
    assert files["school-issues"]["template"] == {"aliases": {"school-issues": {}}}


@pytest.mark.parametrize(
    ("type_", "expected"),
    [
        ("ip", {"type": "ip", "ignore_malformed": True}),
        (KEYWORD, {"type": "keyword", "ignore_above": 1024}),
        ("flattened", {"type": "flattened", "ignore_above": 1024}),
        ("text", {"type": "text"}),
        ("boolean", {"type": "boolean"}),
    ],
)
def test_what_a_vendor_writes_into_a_field_cannot_cost_the_document(type_: str, expected: dict[str, Any]) -> None:
    """What is too long or no address stays in `_source`; there is no such thing for a boolean, which is ours."""
    assert mapping(Field("a", type_, "a")) == expected


PERSONAL = {
    "name": {
        "user.id", "user.full_name", "vconf.host.id", "vconf.host.name", "zoom.registrant_id", "zoom.customer_key",
        "peermetrics.participant_id",
    },
    "mail": {"user.email", "vconf.host.email"},
    "room": {"vconf.conference.parent_id", "zoom.series_id", "peermetrics.room"},
    "topic": {"vconf.conference.name"},
    "address": {"client.ip"},
    "area": {
        "client.geo.country_iso_code", "client.geo.country_name", "client.geo.continent_code",
        "client.geo.region_iso_code", "client.geo.region_name", "client.geo.timezone", "client.as.number",
        "client.as.organization.name",
    },
    "spot": {"client.geo.city_name", "client.geo.location", "zoom.location"},
    "words": {
        "user_agent.original", "opentok.user_agent", "vconf.participant.leave_reason", "vconf.device.microphone",
        "vconf.device.speaker", "vconf.device.camera",
    },
    "label": {"labels"},
    "strange": {"vconf.extra"},
}  # fmt: skip


def test_every_field_says_what_it_tells_of_people() -> None:
    """Numbers, times and truths need not: a new field of another type that does not say it fails here."""
    told: dict[str, set[str]] = {}
    for field in by_name(all_fields()).values():
        silent = field.tells is None and field.type in {"float", "long", "boolean", "date", "date_range"}
        assert silent or field.tells in TELLS, field.name
        assert field.personal is (not silent and field.tells != "nobody"), field.name
        if field.personal:
            told.setdefault(str(field.tells), set()).add(field.name)

    assert told == PERSONAL


def test_a_sample_s_own_measures_are_numbers() -> None:
    """A row is written down past the profiles of privacy."""
    own = [field for field in by_name(all_fields()).values() if field.types == ("sample",)]
    assert own
    assert {field.type for field in own} <= {"float", "long"}


def test_a_field_has_a_type_and_documents_that_there_are() -> None:
    types = {"keyword", "float", "long", "boolean", "date", "text", "flattened", "date_range", "ip", "geo_point"}
    for field in by_name(all_fields()).values():
        assert field.type in types, field.name
        assert field.types, field.name
        assert set(field.types) <= {*CALL_TYPES, "slice", "run"}, field.name
        assert field.help, field.name


def test_a_picture_has_frames_and_sound_has_none() -> None:
    names = set(by_name())
    for name in ("loss_pct", "latency_ms", "rtt_ms", "jitter_ms", "bitrate_kbps"):
        assert {f"vconf.quality.{medium}.{name}" for medium in ("audio", "video", "screen")} <= names
    for name in ("fps", "width", "height", "pixels"):
        assert {f"vconf.quality.{medium}.{name}" for medium in ("video", "screen")} <= names
        assert f"vconf.quality.audio.{name}" not in names


def test_a_field_that_stands_twice_is_refused() -> None:
    with pytest.raises(ValueError, match="twice"):
        by_name((Field("user.email", KEYWORD, "again"),))


def test_a_file_is_read_with_the_prefix_in_its_place_and_components_first() -> None:
    files = read("school")
    assert "__PREFIX__" not in json.dumps(files)
    first = list(files)[: len(files) // 2 + 1]
    assert all("@" in name for name in first)
    assert not any("@" in name for name in list(files)[len(first) :])
