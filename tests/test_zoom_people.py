"""Zoom's participations: who is who on both routes, who only waited, with what and from where they joined."""

from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.opentok_records import Made, leaves
from tests.zoom_records import (
    FIRST,
    SECOND,
    Json,
    by_id,
    is_sound,
    joined,
    made,
    measured,
    meeting,
    minute,
    people,
    record,
    reported,
)

few = settings(max_examples=100, deadline=None)
LATER = {"join_time": "2026-11-20T09:10:00Z"}
WAITING = {"status": "in_waiting_room", "leave_time": "2026-11-20T09:02:00Z"}


def of(*rows: Json, kind: str = "meeting") -> Made:
    return made(record(people(*rows, kind=kind)))


def ids(found: Made) -> list[str]:
    """The participants' ids, in order."""
    return [each["vconf"]["participant"]["id"] for each in found.of("participant")]


def only(*rows: Json) -> dict[str, Any]:
    return of(*rows).only("participant")


# -- keys ------------------------------------------------------------------------------------------------


def test_one_joining_has_the_same_id_on_both_routes() -> None:
    dashboard, report = of(joined(), joined(SECOND)), of(reported(), reported(SECOND), kind="reported")
    assert ids(dashboard) == ids(report)
    assert len(set(ids(dashboard))) == 2
    one, other = dashboard.of("participant")[0], report.of("participant")[0]
    for name in ("user", "event", "@timestamp"):
        assert one[name] == other[name]
    assert one["vconf"]["presence"] == other["vconf"]["presence"]
    assert one["zoom"]["user_id"] == other["zoom"]["user_id"] == FIRST


def test_the_key_is_number_and_second_of_the_joining() -> None:
    """2026-11-20T09:01:00Z is 1,795,165,260 s after 1970: 20,777 days and 9 h 1 min."""
    assert 20_777 * 86_400 + 9 * 3600 + 60 == 1_795_165_260
    key = only(joined())["event"]["id"]
    assert key == "zoom/Kx8qf3v7TnmsGvZ1J3xLmA/participant/gm8s9L+PTEC+FG3sFbd1Cw==/16778240/1795165260"


@pytest.mark.parametrize(
    "time",
    [
        "2026-11-20T09:01:00.000Z",
        "2026-11-20T09:01:00.837Z",
        "2026-11-20T09:01:00.999999Z",
        "2026-11-20T10:01:00+01:00",
    ],
)
def test_the_fraction_of_the_second_and_the_form_of_the_instant_do_not_matter(time: str) -> None:
    assert ids(of(joined(join_time=time))) == ids(of(joined()))


@given(st.integers(0, 59), st.integers(0, 999), st.integers(0, 999))
@few
def test_only_the_second_counts(second: int, ms: int, other: int) -> None:
    def at(fraction: int) -> str:
        return f"2026-11-20T09:01:{second:02d}.{fraction:03d}Z"

    assert ids(of(joined(join_time=at(ms)))) == ids(of(reported(join_time=at(other)), kind="reported"))


def test_a_number_that_came_as_a_number_is_the_same_key() -> None:
    assert ids(of(joined(int(FIRST)))) == ids(of(joined(FIRST))) == ids(of(joined(f" {FIRST} ")))


def test_of_the_members_nothing_else_makes_the_key() -> None:
    """The UUID, for one, is not there in older answers nor in reports."""
    bare = {"user_id": FIRST, "join_time": "2026-11-20T09:01:00Z"}
    assert ids(of(bare)) == ids(of(joined())) == ids(of(joined(participant_uuid="another", id="", email="")))


@pytest.mark.parametrize("blank", [None, "", " ", True, [], {}])
def test_without_a_number_the_uuid_makes_the_key(blank: Json) -> None:
    found = of(
        joined(blank, participant_uuid="D444CD06", id="a"),
        joined(blank, participant_uuid="E555", id="b"),
        joined("D444CD06", participant_uuid="x", id="c"),
    )
    assert len(set(ids(found))) == 3
    assert ids(of(joined(blank, participant_uuid="D444CD06"))) == ids(of(joined("", participant_uuid="D444CD06")))
    # Each is who he is without the others too.
    for uuid, id_ in (("D444CD06", "a"), ("E555", "b")):
        (with_others,) = (each for each in found.of("participant") if each["user"]["id"] == id_)
        assert ids(of(joined(blank, participant_uuid=uuid))) == [with_others["vconf"]["participant"]["id"]]


def test_without_either_the_place_among_equals_makes_the_key() -> None:
    nobody = {"user_id": "", "participant_uuid": "", "id": "", "email": ""}
    ann, ben = joined(**nobody, user_name="Ann"), joined(**nobody, user_name="Ben")
    found = of(ann, ben)
    assert len(set(ids(found))) == 2
    assert [each["user"]["full_name"] for each in found.of("participant")] == ["Ann", "Ben"]
    assert found.only("conference")["vconf"]["participants"]["count"] == 2
    # Whatever order the list has: the same one has the same place.
    assert by_id(record(people(ann, ben))) == by_id(record(people(ben, ann)))


def test_two_rows_of_one_number_and_second_lose_nobody() -> None:
    """Somebody goes into a breakout room at once."""
    room = joined(bo_mtg_id="Dkgwu8nm/ExG1vM+GhLRhA==", leave_time="2026-11-20T09:20:00Z")
    found = of(joined(), room)
    assert len(set(ids(found))) == 2
    assert sorted(each["zoom"].get("breakout_room_id", "") for each in found.of("participant")) == [
        "",
        "Dkgwu8nm/ExG1vM+GhLRhA==",
    ]


def test_who_comes_back_has_several_participations() -> None:
    again = joined(SECOND, id=joined()["id"], email=joined()["email"], **LATER)
    found = of(joined(), again)
    assert len(set(ids(found))) == 2
    assert len({each["user"]["id"] for each in found.of("participant")}) == 1
    assert found.only("conference")["vconf"]["participants"]["count"] == 2


def test_one_number_at_two_times_is_two_participations() -> None:
    assert len(set(ids(of(joined(), joined(**LATER))))) == 2


def test_ids_of_people_differ_between_meetings() -> None:
    """The number of the joining is the same in every meeting of the world."""
    other = record(people(joined(), head=meeting(uuid="another==")), key=("another==",))
    assert set(by_id(other)).isdisjoint(by_id(record(people(joined()))))


# -- order and repetition --------------------------------------------------------------------------------

ROWS = [
    joined(),
    joined(SECOND),
    joined(SECOND, **LATER),
    joined(SECOND, bo_mtg_id="room", **LATER),
    joined(**WAITING),
    joined("", participant_uuid=""),
    joined("", participant_uuid="", user_name="Ben"),
    joined("", participant_uuid="", leave_time="2026-11-20T09:05:00Z"),
    joined("", participant_uuid="uuid"),
    joined("7", join_time=None),
    joined("7", join_time=None, leave_time=None),
]


@given(st.lists(st.integers(0, len(ROWS) - 1), max_size=8), st.randoms(use_true_random=False), st.integers(0, 20))
@few
def test_the_order_of_rows_their_repetition_and_the_cut_of_pages_change_nothing(
    repeated: list[int], random: Random, cut: int
) -> None:
    shuffled = [*ROWS, *(ROWS[number] for number in repeated)]
    random.shuffle(shuffled)
    whole = record(people(*ROWS), measured(joined(), minute()))
    cut_up = record(people(*shuffled[:cut]), people(*shuffled[cut:]), measured(joined(), minute()))
    assert by_id(cut_up) == by_id(whole)
    assert len(made(whole).of("participant")) == len(ROWS)


# -- the waiting room ------------------------------------------------------------------------------------


def test_waiting_is_no_presence() -> None:
    found = of(joined(), joined(SECOND, **WAITING))
    waited, _ = found.of("participant")
    assert waited["vconf"]["participant"]["state"] == "in_waiting_room"
    assert "presence" not in waited["vconf"]
    # How long he waited is known all the same, but is no time in the meeting.
    assert waited["event"]["duration"] == 60 * 10**9
    assert "duration_s" not in waited["vconf"]["participant"]
    assert found.only("conference")["vconf"]["participants"]["count"] == 1


def test_a_wait_has_an_id_of_its_own_though_number_and_time_are_those_of_the_presence_that_follows() -> None:
    waited, there = joined(**WAITING), joined()
    assert (waited["user_id"], waited["join_time"]) == (there["user_id"], there["join_time"])
    found = of(waited, there)
    assert len(set(ids(found))) == 2
    assert ids(of(there))[0] in ids(found)  # what was known without the wait stays known
    assert [bool(each["vconf"].get("presence")) for each in found.of("participant")].count(True) == 1
    assert found.of("issue") == []


def test_who_was_never_let_in_is_an_issue() -> None:
    found = of(joined(), joined(SECOND, **WAITING))
    issue = found.only("issue")
    assert issue["vconf"]["issue"]["code"] == "not_admitted"
    assert issue["vconf"]["issue"]["source"] == "rule"
    assert issue["vconf"]["issue"]["severity"] == "info"
    assert issue["vconf"]["issue"]["start"] == issue["@timestamp"] == "2026-11-20T09:01:00.000Z"
    assert issue["vconf"]["issue"]["end"] == "2026-11-20T09:02:00.000Z"
    assert issue["vconf"]["participant"]["id"] == ids(found)[0] != ids(found)[1]
    assert issue["user"]["id"] == f"account-of-{SECOND}"
    assert issue["zoom"]["meeting_uuid"] == "gm8s9L+PTEC+FG3sFbd1Cw=="


@pytest.mark.parametrize("known", ["user_id", "id", "email"])
def test_who_was_let_in_later_is_no_issue_by_whatever_he_is_known_again(known: str) -> None:
    waited = joined(SECOND, **WAITING)
    there = joined("16780288", **LATER, **({known: waited[known]} if known != "user_id" else {}))
    found = of(waited, {**there, known: waited[known]})
    assert found.of("issue") == []
    assert len(found.of("participant")) == 2


def test_strangers_of_whom_nothing_is_known_do_not_stand_for_each_other() -> None:
    nobody = {"user_id": "", "id": "", "email": ""}
    found = of(joined(**nobody), joined(**nobody, **{**WAITING, "participant_uuid": "u-2"}))
    assert [each["vconf"]["issue"]["code"] for each in found.of("issue")] == ["not_admitted"]


def test_a_wait_whose_times_are_unknown_is_an_issue_with_a_place_in_time() -> None:
    (issue,) = of(joined(**{**WAITING, "join_time": None, "leave_time": None})).of("issue")
    assert issue["@timestamp"] == "2026-11-20T09:00:00.000Z"
    assert "start" not in issue["vconf"]["issue"]
    assert issue["vconf"]["flags"] == ["start_missing"]


@pytest.mark.parametrize("status", ["in_meeting", "", None, "something_new", 7])
def test_any_other_state_is_presence(status: Json) -> None:
    found = of(joined(status=status))
    assert found.only("participant")["vconf"]["presence"] == {
        "gte": "2026-11-20T09:01:00.000Z",
        "lt": "2026-11-20T09:29:00.000Z",
    }
    assert found.only("conference")["vconf"]["participants"]["count"] == 1


# -- members ---------------------------------------------------------------------------------------------


def test_a_whole_row_of_the_dashboard_lands_in_its_fields() -> None:
    row = joined(
        id="old-id",
        participant_user_id="new-id",
        registrant_id="r-1",
        customer_key="k-1",
        bo_mtg_id="room==",
        role="host",
        leave_reason="Ann left the meeting.<br>Reason: Host ended the meeting.",
        client="Zoom Workplace",
        os="Windows",
        os_version="11",
        browser_name="Firefox",
        browser_version="133",
        version="6.2.3.47507",
        ip_address="192.0.2.1",
        location="San Jose (US)",
        network_type="Wifi",
        connection_type="UDP",
        data_center="SC",
        microphone="Headset",
        speaker="Speaker",
        camera="Cam",
        audio_quality="good",
        video_quality=" ",
        screen_share_quality="",
        total_jointime_cost=3.98,
    )
    document = only(row)
    assert document["user"] == {
        "id": "new-id",
        "full_name": f"name of {FIRST}",
        "email": f"{FIRST}@example.com",
    }
    assert document["client"] == {"ip": "192.0.2.1", "geo": {"city_name": "San Jose", "country_iso_code": "US"}}
    assert document["user_agent"] == {"name": "Firefox", "version": "133", "os": {"name": "Windows", "version": "11"}}
    assert document["network"] == {"type": "wifi", "transport": "udp"}
    vconf = document["vconf"]
    assert vconf["client"] == {"sdk": {"name": "Zoom Workplace"}, "kind": "desktop", "version": "6.2.3.47507"}
    assert vconf["device"] == {"microphone": "Headset", "speaker": "Speaker", "camera": "Cam"}
    assert vconf["participant"] == {
        "id": vconf["participant"]["id"],
        "role": "host",
        "state": "in_meeting",
        "join_time_s": 3.98,
        "leave_reason": "Ann left the meeting. Reason: Host ended the meeting.",
        "dropped": False,
        "room": "room==",
        "duration_s": 28 * 60,
    }
    assert document["zoom"] == {
        "user_id": FIRST,
        "participant_uuid": f"UUID-OF-{FIRST}",
        "registrant_id": "r-1",
        "customer_key": "k-1",
        "breakout_room_id": "room==",
        "device": "Windows 11",
        "location": "San Jose (US)",
        "data_center": "SC",
        "audio_quality": "good",
        "meeting_uuid": "gm8s9L+PTEC+FG3sFbd1Cw==",
        "series_id": "93201235621",
    }
    assert "extra" not in vconf
    assert "flags" not in vconf


@pytest.mark.parametrize("guest", [{"id": ""}, {"id": None}, {"id": " ", "participant_user_id": ""}])
def test_a_guest_has_no_id_and_is_a_participant_all_the_same(guest: Json) -> None:
    row = {**joined(email="", participant_uuid=""), **guest}
    found = of(row)
    assert found.only("participant")["user"] == {"full_name": f"name of {FIRST}"}
    assert ids(found) == ids(of(joined()))


@pytest.mark.parametrize(
    ("device", "kind"),
    [
        ("Phone", "phone"),
        ("H.323/SIP", "sip"),
        ("Windows", "desktop"),
        ("Windows 11", "desktop"),
        ("WIN", "desktop"),
        ("win 10+ 17763", "desktop"),
        ("Mac", "desktop"),
        ("Linux", "desktop"),
        ("iOS", "mobile"),
        ("iPhone", "mobile"),
        ("iPad", "mobile"),
        ("Android", "mobile"),
        ("Web Browser Chrome 129", "browser"),
        ("Zoom Rooms", "room"),
        ("Unknown + Phone", "phone"),
        ("Windows + Phone", "desktop"),
        ("Unknown", None),
        ("", None),
        ("Toaster", None),
        (7, None),
        (None, None),
        ([], None),
    ],
)
def test_the_kind_of_client_follows_from_zooms_words(device: Json, kind: str | None) -> None:
    document = only(joined(device=device))
    assert document["vconf"].get("client", {}).get("kind") == kind
    assert document["zoom"].get("device") == (str(device) if device else None)


@pytest.mark.parametrize(
    ("location", "geo"),
    [
        ("San Jose (US)", {"city_name": "San Jose", "country_iso_code": "US"}),
        ("Wien (AT)", {"city_name": "Wien", "country_iso_code": "AT"}),
        ("New York", None),
        ("United States", None),
        ("Somewhere (usa)", None),
        ("(US)", None),
    ],
)
def test_a_place_with_a_country_in_brackets_is_parted_and_kept(location: str, geo: Json) -> None:
    document = only(joined(location=location))
    assert document.get("client", {}).get("geo") == geo
    assert document["zoom"]["location"] == location


@pytest.mark.parametrize("address", ["120.000.000", "2001:db8::1", "not given"])
def test_an_impossible_address_is_kept_as_text(address: str) -> None:
    assert only(joined(ip_address=address))["client"]["ip"] == address


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("Dojo left the meeting.<br>Reason: Host ended it.", "Dojo left the meeting. Reason: Host ended it."),
        ("Left.<br/>Bye.<BR />", "Left. Bye."),
        ("Left.<br><br>\nReason: none", "Left. Reason: none"),
        ("a < b", "a < b"),
        ("<br>", None),
        ("", None),
        (7, "7"),
        (None, None),
    ],
)
def test_a_reason_is_one_line_without_html(said: Json, kept: str | None) -> None:
    assert only(joined(leave_reason=said))["vconf"]["participant"].get("leave_reason") == kept


@pytest.mark.parametrize(
    ("network", "connection", "block"),
    [
        ("Wired", "TCP", {"type": "wired", "transport": "tcp"}),
        ("Cellular", "SSL", {"type": "cellular", "transport": "tls"}),
        ("PPP", "P2P", None),
        ("Others", "", None),
        (1, [], None),
    ],
)
def test_of_the_network_only_what_ecs_knows_is_said(network: Json, connection: Json, block: Json) -> None:
    assert only(joined(network_type=network, connection_type=connection)).get("network") == block


# -- times -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("missing", [None, "", "soon", 0])
def test_a_missing_end_is_the_meetings_and_said_to_be_estimated(missing: Json) -> None:
    document = only(joined(leave_time=missing))
    assert document["event"]["end"] == "2026-11-20T09:30:00.000Z"
    assert document["vconf"]["flags"] == ["end_estimated"]
    assert document["vconf"]["participant"]["duration_s"] == 29 * 60


def test_a_missing_end_of_a_meeting_without_an_end_is_unknown() -> None:
    found = made(record(people(joined(leave_time=None), head=meeting(end_time="", duration=""))))
    document = found.only("participant")
    assert "end" not in document["event"]
    assert "presence" not in document["vconf"]
    assert document["vconf"]["flags"] == ["end_missing"]


def test_a_reports_row_without_an_end_ends_after_its_seconds() -> None:
    """Rows count in seconds, meetings in minutes."""
    document = of(reported(leave_time=None, duration=259), kind="reported").only("participant")
    assert document["event"]["end"] == "2026-11-20T09:05:19.000Z"
    assert document["vconf"]["flags"] == ["duration_computed"]
    # The times are better than the duration.
    document = of(reported(duration=1), kind="reported").only("participant")
    assert document["vconf"]["participant"]["duration_s"] == 28 * 60


@pytest.mark.parametrize("length", [0, -5, None, "", "long", True, [], 1e300, 10**12, 10**30])
def test_a_length_that_is_none_makes_no_end(length: Json) -> None:
    """0 is what Zoom says of a meeting that it has not added up yet."""
    found = of(reported(leave_time=None, duration=length), kind="reported")
    assert found.only("participant")["vconf"]["flags"] == ["end_estimated"]


def test_an_end_before_the_start_is_no_presence() -> None:
    document = only(joined(leave_time="2026-11-20T09:00:59Z"))
    assert document["vconf"]["flags"] == ["clamped"]
    assert document["vconf"]["participant"]["duration_s"] == 0
    assert "presence" not in document["vconf"]


def test_days_count_too() -> None:
    """`timedelta.seconds` would say 60."""
    document = only(joined(leave_time="2026-11-21T09:02:00Z"))
    assert document["vconf"]["participant"]["duration_s"] == 86_400 + 60


# -- hostile values --------------------------------------------------------------------------------------


def test_what_has_no_field_or_another_type_is_kept_under_extra() -> None:
    odd = joined(
        user_name=["Ann", "Ben"],
        camera=True,
        total_jointime_cost="long",
        join_time="yesterday",
        pc_name="pc",
        brand_new={"deep": [1, "two"]},
        internal_ip_addresses=["192.0.2.77"],
        share_desktop=True,
        mac_addr="",
        failover=None,
    )
    document = only(odd)
    assert document["vconf"]["extra"] == {
        "user_name": ["Ann", "Ben"],
        "camera": "true",
        "total_jointime_cost": "long",
        "join_time": "yesterday",
        "pc_name": "pc",
        "brand_new": {"deep": ["1", "two"]},
        "internal_ip_addresses": ["192.0.2.77"],
        "share_desktop": "true",
    }
    assert "full_name" not in document["user"]
    assert document["vconf"]["flags"] == ["start_missing"]


@pytest.mark.parametrize("row", [None, "Ann", 7, [], True])
def test_rows_that_are_no_object_are_counted_and_the_others_stay(row: Json) -> None:
    found = of(joined(), row, joined(SECOND))
    assert len(found.of("participant")) == 2
    assert found.oddities == {"participants that are null or no object": 1}


def test_a_row_without_anything_is_somebody() -> None:
    found = of({})
    assert found.only("participant")["vconf"]["flags"] == ["end_estimated", "start_missing"]
    assert found.only("conference")["vconf"]["participants"]["count"] == 1


SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=8),
    st.sampled_from(["", " ", "\n", "0", "in_waiting_room", "2026-11-20T09:01:00Z", "9999-12-31T23:59:59Z", 1e15]),
)
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=4), inner, max_size=2)
)
MEMBERS = (*joined(), *reported(), "leave_reason", "location", "total_jointime_cost", "bo_mtg_id", "role", "ip_address")


@given(st.lists(st.dictionaries(st.sampled_from(MEMBERS), VALUES, max_size=6), min_size=1, max_size=4))
@settings(max_examples=80, deadline=None)
def test_rows_of_any_members_are_people_and_their_documents_sound(changes: list[dict[str, Json]]) -> None:
    rows: list[dict[str, Json]] = [{**joined(str(number)), **change} for number, change in enumerate(changes)]
    found = of(*rows)
    is_sound(found)
    different = [row for number, row in enumerate(rows) if row not in rows[:number]]
    assert len(found.of("participant")) == len(different)
    for row in rows:
        names = [each.get("user", {}).get("full_name") for each in found.of("participant")]
        name = row["user_name"]
        if isinstance(name, str) and name.strip():
            assert name.strip() in names


def test_personal_members_are_not_in_the_names_of_fields() -> None:
    names = {name for name, _ in leaves(only(joined(**{"Ann Miller": "x"})))}
    assert not [name for name in names if "Ann" in name]
