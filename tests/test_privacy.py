"""The profiles of privacy: what becomes of each class of fields, and what stays the same whatever the profile is."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harvesters.commands.build import recipe
from harvesters.core.answers import quoted
from harvesters.core.keyed import Key
from harvesters.core.source import Account
from harvesters.core.treatment import UNTREATED, mark_of
from harvesters.enrich.labels import label_step
from harvesters.enrich.lookup import read_lookup
from harvesters.enrich.privacy import BECOMES, cut, treatment
from harvesters.quality.assessment import QualityAssessment
from harvesters.quality.scoring import Judge
from harvesters.quality.thresholds import thresholds
from tests import zoom_records
from tests.canaries import FIELDS, impersonal, personal
from tests.geoip import LONDON
from tests.nights import Night
from tests.node_door import leaves
from tests.shell import Shell
from tests.zoom_days import SETTLED
from tests.zoom_records import FETCHED_AT, joined, measured, people, record

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from harvesters.core.source import Record
    from harvesters.core.treatment import Treatment

SECRET = b"0123456789abcdef0123456789abcdef"
KEY = Key(SECRET, "0a1b2c3d")
FULL, PSEUDONYMOUS, MINIMAL = (treatment(name, KEY, FIELDS) for name in ("full", "pseudonymous", "minimal"))


def pseudonym(field: str, value: str) -> str:
    """By the words of docs/privacy.md: the field's name with its length before it, then the value."""
    text = len(field).to_bytes(4, "big") + field.encode() + value.encode()
    return hmac.new(SECRET, text, hashlib.sha256).hexdigest()[:32]


def treated(by: Treatment, **flat: Any) -> Mapping[str, Any]:
    """What becomes of fields; `__` in names stands for a dot."""
    return {
        name: value
        for name, value in by.treat({key.replace("__", "."): each for key, each in flat.items()}, {}).items()
        if value is not None
    }


# -- what becomes of each class -----------------------------------------------------------------------

ONE_OF_EACH = {
    "nobody": ("vconf.verdict.text", "One of two was affected."),
    "name": ("user.full_name", "Ann Miller"),
    "mail": ("vconf.host.email", "Ann@Example.com"),
    "room": ("vconf.conference.parent_id", "82827962364"),
    "topic": ("vconf.conference.name", "Ann's lesson"),
    "address": ("client.ip", LONDON),
    "area": ("client.geo.country_iso_code", "GB"),
    "spot": ("client.geo.location", {"lat": 51.5, "lon": -0.1}),
    "words": ("vconf.device.microphone", "Ann's AirPods"),
    "label": ("labels", {"school": "Linden"}),
    "strange": ("vconf.extra", {"nickname": "Annie"}),
}
UNDER_A_KEY = {
    "nobody": "One of two was affected.",
    "name": pseudonym("user.full_name", "Ann Miller"),
    "mail": pseudonym("vconf.host.email", "ann@example.com"),
    "room": pseudonym("vconf.conference.parent_id", "82827962364"),
    "address": "81.2.69.0",
    "area": "GB",
    "label": {"school": "Linden"},
}


@pytest.mark.parametrize("tells", ONE_OF_EACH)
def test_what_becomes_of_each_class(tells: str) -> None:
    name, value = ONE_OF_EACH[tells]
    assert FIELDS[name].tells == tells
    flat = {name: value}

    assert FULL.treat(flat, {}) is flat
    assert PSEUDONYMOUS.treat(flat, {}).get(name) == UNDER_A_KEY.get(tells)
    assert MINIMAL.treat(flat, {}).get(name) == (value if tells == "nobody" else None)


def test_every_class_has_a_field_a_treatment_and_a_test() -> None:
    assert {field.tells for field in FIELDS.values()} - {None} == set(ONE_OF_EACH)
    for becomes in BECOMES.values():
        assert set(becomes) == set(ONE_OF_EACH)


@pytest.mark.parametrize("by", [PSEUDONYMOUS, MINIMAL], ids=["pseudonymous", "minimal"])
def test_a_field_that_nobody_listed_is_left_out(by: Treatment) -> None:
    assert treated(by, user__nickname="Annie", event__id="zoom/a/conference/c") == {"event.id": "zoom/a/conference/c"}


@pytest.mark.parametrize("by", [PSEUDONYMOUS, MINIMAL], ids=["pseudonymous", "minimal"])
def test_blocks_of_measures_stay(by: Treatment) -> None:
    block = {"label": "poor", "loss_pct": {"avg": 7.5}}
    names = ("vconf.quality.audio", "vconf.quality.received.video")
    assert by.treat(dict.fromkeys(names, block), {}) == dict.fromkeys(names, block)


def test_what_stays_keeps_its_order() -> None:
    flat = {"event.id": "e", "user.id": "u", "vconf.flags": [], "client.ip": LONDON, "vconf.rejoins": 0}
    assert list(PSEUDONYMOUS.treat(flat, {})) == list(flat)
    assert MINIMAL.treat(flat, {})["vconf.rejoins"] == 0


def test_a_person_s_labels_go_and_a_room_s_stay() -> None:
    room = {"labels": {"school": "Linden", "class": "7b"}}
    own = {"labels": {"school": "Linden", "class": "teacher"}}

    assert MINIMAL.treat(own, room) == room
    assert MINIMAL.treat({"labels": {"class": "teacher"}}, {}) == {"labels": None}
    assert PSEUDONYMOUS.treat(own, room) == own


@pytest.mark.parametrize(
    ("told", "kept"),
    [
        ("81.2.69.142", "81.2.69.0"),
        ("81.2.69.0", "81.2.69.0"),
        ("2001:db8:aaaa:bbbb:cccc:dddd:eeee:ffff", "2001:db8:aaaa::"),
        ("::ffff:81.2.69.142", "81.2.69.0"),
        ("fe80::1%eth0", "fe80::"),
        # 81.2.69.142 is 5102:458e: an address of 6to4 begins with it.
        ("2002:5102:458e::1", "81.2.69.0"),
        ("81.2.69.142, 10.1.2.3", "81.2.69.0"),
        (["unknown", "10.1.2.3"], "10.1.2.0"),
        ("120.000.000", None),
        ("home of Ann", None),
        ("", None),
        (7, None),
    ],
)
def test_an_address_is_cut_to_its_network_and_what_is_none_is_left_out(told: object, kept: str | None) -> None:
    assert cut(told) == kept
    assert treated(PSEUDONYMOUS, client__ip=told) == ({"client.ip": kept} if kept else {})


def test_a_mail_address_is_one_however_it_is_written_and_a_name_is_not() -> None:
    mails = {
        treated(PSEUDONYMOUS, user__email=text)["user.email"] for text in ("Ann@X.test", " ann@x.TEST ", "ann@x.test")
    }
    names = {treated(PSEUDONYMOUS, user__full_name=text)["user.full_name"] for text in ("Ann", "ann")}
    assert (len(mails), len(names)) == (1, 2)


def test_an_empty_value_gets_no_pseudonym() -> None:
    assert treated(PSEUDONYMOUS, user__id="", user__email=" ", user__full_name=None) == {}


def test_one_value_in_two_fields_has_two_pseudonyms() -> None:
    found = treated(PSEUDONYMOUS, user__email="a@x.test", vconf__host__email="a@x.test", user__id="a@x.test")
    assert len(set(found.values())) == 3


def test_a_document_says_by_which_profile_and_key_it_was_made() -> None:
    assert FULL.constants == {"vconf.privacy": "full"}
    assert PSEUDONYMOUS.constants == {"vconf.privacy": "pseudonymous", "vconf.privacy_key": "0a1b2c3d"}
    assert MINIMAL.constants == {"vconf.privacy": "minimal"}


# -- laws: whatever the profile, all but people stays as it is ------------------------------------------

POOL = ("", "ann", "Ann", "ben", "ann@x.test", "ANN@x.test")
PEOPLE = st.lists(
    st.fixed_dictionaries(
        {
            "id": st.sampled_from(POOL),
            "user_name": st.sampled_from(POOL),
            "email": st.sampled_from(POOL),
            "ip_address": st.sampled_from(("", LONDON, "2001:218::1", "nowhere")),
            "location": st.sampled_from(("", "Paris (FR)", "the moon")),
            "nickname": st.sampled_from(POOL),
            "start": st.integers(0, 20),
            "length": st.integers(1, 9),
        }
    ),
    min_size=1,
    max_size=6,
)


def call(rows: list[dict[str, Any]]) -> Record:
    """A meeting of these stays, each of them measured."""
    given_ = []
    for number, row in enumerate(rows):
        start, end = row["start"], row["start"] + row["length"]
        told = {name: value for name, value in row.items() if name not in {"start", "length"}}
        times = {f"{what}_time": f"2026-11-20T09:{at:02d}:00Z" for what, at in (("join", start), ("leave", end))}
        given_.append(joined(str(number), **told, **times))
    poor = zoom_records.sound("3 kbps") | {"avg_loss": "20%", "latency": "900 ms"}
    minutes = [
        measured(each, *(zoom_records.minute(row["start"] + at, audio_output=poor) for at in range(row["length"])))
        for each, row in zip(given_, rows, strict=True)
    ]
    return record(people(*given_), *minutes)


def documents(of: Record, by: Treatment) -> dict[str, dict[str, Any]]:
    """The documents of a record by id, as leaves."""
    made = zoom_records.recipe()
    made = replace(
        made,
        envelope=replace(made.envelope, treatment=by),
        assess=lambda tree: QualityAssessment(tree, Judge(thresholds("default")), 60.0),
    )
    encoded = list(made.documents(of, FETCHED_AT, Counter()))
    found = {each.id: leaves(json.loads(each.source)) for each in encoded}
    assert len(found) == len(encoded)
    return found


@given(PEOPLE)
@settings(max_examples=60, deadline=None)
def test_counts_verdicts_labels_issues_and_ids_are_those_of_the_full_profile(rows: list[dict[str, Any]]) -> None:
    of = call(rows)
    full = documents(of, FULL)
    (conference,) = [each for each in full.values() if each["vconf.type"] == "conference"]
    for name in ("vconf.participants.unique", "vconf.rejoins", "vconf.verdict.text", "vconf.verdict.code"):
        assert name in conference
    for by in (PSEUDONYMOUS, MINIMAL):
        other = documents(of, by)
        assert {id_: impersonal(each) for id_, each in other.items()} == {
            id_: impersonal(each) for id_, each in full.items()
        }


@given(PEOPLE)
@settings(max_examples=60, deadline=None)
def test_pseudonyms_join_whom_names_join(rows: list[dict[str, Any]]) -> None:
    """Of each field, one pseudonym for each value and one value for each pseudonym, over all documents."""
    full, other = documents(call(rows), FULL), documents(call(rows), PSEUDONYMOUS)
    pairs: dict[str, set[tuple[str, str]]] = {}
    for id_, document in full.items():
        for name, value in document.items():
            if name in FIELDS and FIELDS[name].tells in {"name", "mail", "room"}:
                same = value.strip().casefold() if FIELDS[name].tells == "mail" else value
                pairs.setdefault(name, set()).add((same, other[id_][name]))
    for name, found in pairs.items():
        assert len({value for value, _ in found}) == len({stands for _, stands in found}) == len(found), name
        assert {stands for value, stands in found} == {pseudonym(name, value) for value, _ in found}
    stand = {stands for found in pairs.values() for _, stands in found}
    assert len(stand) == sum(map(len, pairs.values())), "no two fields share a pseudonym"


@given(PEOPLE)
@settings(max_examples=60, deadline=None)
def test_the_minimal_profile_tells_of_nobody(rows: list[dict[str, Any]]) -> None:
    for document in documents(call(rows), MINIMAL).values():
        assert personal(document) == {}


@given(PEOPLE)
@settings(max_examples=20, deadline=None)
def test_the_full_profile_changes_no_byte(rows: list[dict[str, Any]]) -> None:
    made = zoom_records.recipe()
    assert made.envelope.treatment is UNTREATED
    assert FULL is UNTREATED
    whole = [each.source for each in made.documents(call(rows), FETCHED_AT, Counter())]
    assert all(b'"privacy":"full"' in source and b"privacy_key" not in source for source in whole)


# -- sentences ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("User ann.o'hara+zoom@example.com is  gone.\n", "User … is gone."),
        ("unknown: <ann@example.com>, (ben@x.test)", "unknown: <…>, (…)"),
        ("Müller@schule.test", "…"),
        ("a@b" * 9, "…"),
        (f"{'x' * 198} ann@example.com", f"{'x' * 198} …"),
        (f"{'x ' * 98}annabel@example.com", f"{'x ' * 98}…"),
        ("nothing of anybody (code 7).", "nothing of anybody (code 7)."),
        (None, ""),
        (7, "7"),
    ],
)
def test_a_vendor_s_words_are_repeated_without_mail_addresses(words: object, said: str) -> None:
    assert quoted(words) == said


# -- settings -----------------------------------------------------------------------------------------


def digest(folder: Path, **more: str) -> str:
    return recipe(Night(folder, SETTLED, more=more).place, "zoom", Account("a", "default")).envelope.settings


def keyed(folder: Path, name: str, content: bytes = SECRET) -> dict[str, str]:
    (folder / name).write_bytes(content)
    return {"PRIVACY": "pseudonymous", "PRIVACY_KEY_FILE": str(folder / name)}


def test_another_profile_or_key_is_another_digest_and_the_full_one_is_what_it_was(tmp_path: Path) -> None:
    one, two = keyed(tmp_path, "one"), keyed(tmp_path, "two", SECRET[::-1])
    found = [digest(tmp_path), digest(tmp_path, PRIVACY="minimal"), digest(tmp_path, **one), digest(tmp_path, **two)]

    assert found[0] == "4f53cda18c2b"
    assert len({each[:12] for each in found}) == len(found)
    ids = [hashlib.sha256(b"vconf-harvest key id\0" + each).hexdigest()[:8] for each in (SECRET, SECRET[::-1])]
    assert [mark_of(each) for each in found] == ["", "minimal", *(f"pseudonymous-{each}" for each in ids)]


@pytest.mark.parametrize("profile", ["full", "minimal"])
def test_a_key_that_is_not_used_makes_no_document_another_one(tmp_path: Path, profile: str) -> None:
    assert digest(tmp_path, **{**keyed(tmp_path, "key"), "PRIVACY": profile}) == digest(tmp_path, PRIVACY=profile)


NEEDS_KEY = (
    "error: PRIVACY is pseudonymous, which needs a key of yours, named by PRIVACY_KEY_FILE: "
    "make one with `(umask 077; openssl rand -hex 32 > privacy.key)`, and keep a copy."
)


@pytest.mark.parametrize("line", ["opentok --date yesterday", "replay --all", "config show"])
def test_pseudonyms_without_a_key_are_refused_with_what_to_do(tmp_path: Path, line: str) -> None:
    login = {"OPENTOK_API_KEY": "1", "OPENTOK_API_SECRET": "x"}
    done = Shell(tmp_path, login)(*line.split(), PRIVACY="pseudonymous")

    assert done.code == 78
    assert done.err.splitlines().count(NEEDS_KEY) == 1
    assert len([each for each in done.err.splitlines() if "PRIVACY" in each]) == 1


def test_a_short_key_and_an_unknown_profile_are_refused(tmp_path: Path) -> None:
    login = {"OPENTOK_API_KEY": "1", "OPENTOK_API_SECRET": "x"}
    short = Shell(tmp_path, login)("opentok", "--date", "yesterday", **keyed(tmp_path, "key", b"a" * 31))
    unknown = Shell(tmp_path, login)("opentok", "--date", "yesterday", PRIVACY="none")

    assert (short.code, unknown.code) == (78, 78)
    assert "whose key has 31 bytes; 32 are the least" in short.err
    assert "PRIVACY is 'none': write one of full, pseudonymous, minimal." in unknown.err


def test_labels_of_a_person_are_found_by_the_true_address(tmp_path: Path) -> None:
    """Before anybody is made unknown."""
    (tmp_path / "labels.csv").write_text("person;school\nann@example.com;Linden\n")
    problems: list[str] = []
    lookup = read_lookup(tmp_path / "labels.csv", problems)
    assert lookup
    made = zoom_records.recipe()
    made = replace(made, envelope=replace(made.envelope, treatment=PSEUDONYMOUS), enrich=(label_step(lookup, "a"),))
    of = record(people(joined(email="Ann@example.com")))
    (participant,) = [
        json.loads(each.source) for each in made.documents(of, FETCHED_AT, Counter()) if each.type == "participant"
    ]
    assert participant["labels"] == {"school": "Linden"}
    assert participant["user"]["email"] == pseudonym("user.email", "ann@example.com")
