"""What a call may be called by: keys of any document lead to its call, also those that are too long to be read."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
from elasticsearch import Elasticsearch
from hypothesis import assume, given
from hypothesis import strategies as st

from harvesters.core.fields import CONFERENCE, OF_A_CALL
from harvesters.core.ids import doc_id, readable
from harvesters.finding.index import in_any_case
from harvesters.finding.key import Key
from harvesters.story.members import User
from harvesters.story.people import Who
from tests.conftest import own_prefix
from tests.nights import Night, lake_lines, vendor
from tests.opentok_days import session
from tests.opentok_faults import UNLIMITED
from tests.told_calls import STORES, Town

DAY, NOW = date(2026, 11, 18), datetime(2026, 11, 20, 9, tzinfo=UTC)
LONG = "m" * 480
PART = st.text(min_size=1, max_size=40)
PARTS = st.lists(PART, min_size=1, max_size=3)


@given(PART, PART, PARTS, PARTS, st.sampled_from(OF_A_CALL))
def test_the_key_of_a_child_leads_to_its_call(
    source: str, account: str, call: list[str], own: list[str], type_: str
) -> None:
    child = readable((source, account, type_, *call, *own))
    whole = readable((source, account, CONFERENCE, *call))
    assume(not child.startswith("sha256:"))
    key = Key(child)
    assert whole in key.event_ids
    assert key.means_record(source, account, call)
    assert not key.means_record(source, f"{account}x", call)


@given(PART, PART, PARTS)
def test_an_id_is_that_of_one_record(source: str, account: str, call: list[str]) -> None:
    id_ = doc_id((source, account, CONFERENCE, *call))
    assert Key(id_).means_record(source, account, call)
    assert not Key(id_).means_record(source, account, [*call, "x"])


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("867 8810 1585", "86788101585"),
        (" 932-012-3562", "9320123562"),
        ("9 867 8810", "9 867 8810"),
        # A room may well be called by its day, or by words and numbers.
        ("2026-11-20", "2026-11-20"),
        ("room 867 8810 1585", "room 867 8810 1585"),
        ("iBV2pme/u71EB0CQeLJvLQ==", "iBV2pme/u71EB0CQeLJvLQ=="),
    ],
)
def test_a_meetings_number_may_have_the_spaces_that_zoom_shows(typed: str, meant: str) -> None:
    assert Key.typed(typed) == Key(meant)


@pytest.mark.parametrize(
    "text", ["standup/1", "clinic/2026-11-29/0", "a/b/c/d", "ab//QWoSQmUs6ZOwFD4kw9==", "x" * 5000, ""]
)
def test_an_id_of_a_vendor_s_is_no_key_of_ours(text: str) -> None:
    assert Key(text).event_ids == ()
    assert not Key(text).names_one


@pytest.mark.parametrize(
    ("who", "found"),
    [("u1", True), ("U1", False), ("ann@example.com", True), ("ANN@Example.com", True), ("łukasz żuk", True),
     ("ŁUKASZ ŻUK", True), ("Łukasz", False), ("p-7", True), ("", False)],
)  # fmt: skip
def test_a_person_is_meant_by_whole_ids_names_and_addresses(who: str, *, found: bool) -> None:
    user = User(id="u1", full_name="Łukasz Żuk", email="Ann@example.com", hash="p-7")
    assert Who(who).matches(user) is found
    assert not Who(who).matches(User())


def test_a_pattern_for_names_means_letters_and_nothing_else() -> None:
    assert in_any_case("Ann B.") == r"Ann B\."
    assert in_any_case("ü*") == r"(Ü|ü)\*"


@pytest.fixture(scope="module")
def long_keys(es: Elasticsearch, es_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """A call whose keys are too long to be written out."""
    told = session(0, day=DAY, people=2, minutes=5)
    told["meetings"]["resources"][0]["meetingId"] = LONG
    with own_prefix(es) as prefix, vendor({told["sessionId"]: told}, NOW, rules=UNLIMITED) as server:
        night = Night(tmp_path_factory.mktemp("long"), NOW, server.url, es_url, prefix)
        night.setup()
        assert night.harvest(DAY, into=["lake", "index"]).exit_code == 0
        es.indices.refresh(index=f"{prefix}-*")
        yield Town(night)


@pytest.mark.parametrize("store", STORES)
def test_a_key_that_is_hashed_leads_to_its_call_too(long_keys: Town, store: str) -> None:
    for type_ in OF_A_CALL[:4]:
        document: Any = msgspec.json.decode(lake_lines(long_keys.night.data_dir, type_)[-1])
        id_ = document["event"]["id"]
        assert id_.startswith("sha256:")
        _, (match,) = long_keys.found("opentok", id_, store)
        assert match.call.id == document["vconf"]["conference"]["id"]
        assert b'"streams":[{' in long_keys.told("opentok", id_, store)
    _, (match,) = long_keys.found("opentok", LONG, store)
    assert match.day.date == DAY


def test_a_folder_without_anything_is_looked_through(tmp_path: Path) -> None:
    done = Night(tmp_path, NOW).command("explain", "opentok", "x")
    assert (done.returncode, done.stdout) == (1, "")
    assert "looked through no day of the lake in" in done.stderr
    assert "and no day of the archive in" in done.stderr
