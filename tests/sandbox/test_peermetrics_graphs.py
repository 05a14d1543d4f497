"""Summaries of the simulated peermetrics, and what asking for them costs (reference, section 8)."""

from typing import Any

from harvesters.sandbox.peermetrics import APP, BuiltRoom, PeermetricsRules, Person, call, room
from harvesters.sandbox.peermetrics.summaries import emos
from harvesters.sandbox.peermetrics.ticks import OLD_CHROME
from tests.sandbox.peermetrics_client import NINE, Client, after, ids, peermetrics

CLEANED = PeermetricsRules(cleanup="on")
LATE = PeermetricsRules(cleanup="on", summaries="missing")


def two(**more: Any) -> BuiltRoom:
    people = [Person("Ana", browser=OLD_CHROME, lost=20, **more), Person("Ben", **more)]
    return room("here", [call(NINE, 1, people)])


def stats(client: Client, made: BuiltRoom) -> list[Any]:
    return client.rows("/stats", conferenceId=made.id)


def graphs(client: Client, made: BuiltRoom) -> Any:  # noqa: ANN401 - JSON
    return client.ask(f"/conferences/{made.id}/graphs")


def test_without_clean_up_statistics_stay_beside_the_summary() -> None:
    made = two()
    with peermetrics(made) as client:
        assert len(stats(client, made)) == 5 * 5 + 5 * 3
        assert len(graphs(client, made)["summary"]["data"]) == 10
        assert len(stats(client, made)) == 40


def test_clean_up_deletes_statistics_at_the_end_and_nothing_else() -> None:
    made = two()
    with peermetrics(made) as client:
        others = client.rows(f"/conferences/{made.id}/events", type="-stats")
    with peermetrics(made, rules=CLEANED) as client:
        assert stats(client, made) == []
        assert client.rows(f"/conferences/{made.id}/events") == others
        assert len(client.rows("/connections", conferenceId=made.id)) == 2
        assert len(graphs(client, made)["summary"]["data"]) == 10


def test_while_a_call_goes_on_its_statistics_are_there_also_with_clean_up() -> None:
    made = two()
    with peermetrics(made, rules=CLEANED, now=lambda: after(45)) as client:
        assert graphs(client, made) == {"ongoing": True}
        assert len(stats(client, made)) == 4 * 5 + 4 * 3


def test_asking_for_graphs_first_loses_statistics() -> None:
    """The summary was missing, so asking builds it, and the clean-up follows."""
    made = two()
    with peermetrics(made, rules=LATE) as client:
        assert len(stats(client, made)) == 40
        assert graphs(client, made) == {"building": True}
        assert stats(client, made) == []
        assert len(graphs(client, made)["summary"]["data"]) == 10
        assert client.rows(f"/conferences/{made.id}/events", type="stats") == []


def test_asking_for_graphs_without_clean_up_builds_and_deletes_nothing() -> None:
    made = two()
    with peermetrics(made, rules=PeermetricsRules(summaries="missing")) as client:
        assert graphs(client, made) == {"building": True}
        assert len(graphs(client, made)["summary"]["data"]) == 10
        assert len(stats(client, made)) == 40


def test_a_room_without_a_call_has_an_empty_summary_once_asked() -> None:
    made = room("lobby", created_at="2026-11-20 16:00:00")
    with peermetrics(made) as client:
        assert graphs(client, made) == {"building": True}
        assert graphs(client, made) == {"summary": {"data": []}}


def test_a_further_unload_after_the_end_leaves_an_empty_summary_for_good() -> None:
    made = two(ends="removed")
    assert len(made.at(after(3600)).builds) == 2
    with peermetrics(made, rules=CLEANED) as client:
        assert graphs(client, made) == {"summary": {"data": []}}
    with peermetrics(made) as client:
        assert len(graphs(client, made)["summary"]["data"]) == 10


def test_in_a_room_that_is_used_again_the_last_call_s_summary_alone_remains() -> None:
    made = room("weekly", [call(NINE, 1), call(after(3600), 1)])
    with peermetrics(made, rules=CLEANED) as client:
        stamps = [each["created_at"] for each in graphs(client, made)["summary"]["data"]]
    assert len(stamps) == 10
    assert min(stamps) > "2026-11-20 10:00:00"
    with peermetrics(made) as client:
        assert len(graphs(client, made)["summary"]["data"]) == 20


def test_a_snapshot_keeps_little_and_of_reports_in_rows_of_their_own_alone() -> None:
    """Ana's old Chrome has all reports in such rows, Ben's new one what is sent."""
    made = two()
    with peermetrics(made) as client:
        told = graphs(client, made)["summary"]["data"]
        mains = [each for each in stats(client, made) if each["track"] is None]
    ana, ben = (made.at(after(3600)).sessions[place]["id"] for place in (0, 1))
    assert sorted(ids(told)) == sorted(ids(mains))
    hers = next(each for each in told if each["session"] == ana)
    assert set(hers) == set(mains[0]) - {"track", "category"}
    assert set(hers["data"]["connection"]) == {
        "id",
        "bytesSent",
        "packetsSent",
        "responsesReceived",
        "totalRoundTripTime",
    }
    (audio,) = hers["data"]["audio"]["inbound"]
    assert (audio["packetsReceived"], audio["packetsLost"]) == (480, 20)
    # A jitter buffer of 40 ms, 20 ms of codec, 4 % lost of what was sent: a quality of 91.83.
    assert audio["emos"] == 4.38
    assert hers["data"]["video"]["inbound"][0]["emos"] is None
    assert hers["data"]["video"]["outbound"][0]["framesSent"] == 300
    his = next(each for each in told if each["session"] == ben)
    assert [his["data"][kind]["inbound"] for kind in ("audio", "video")] == [[], []]
    assert his["data"]["audio"]["outbound"][0]["packetsSent"] == 500


def test_a_score_needs_the_other_side_s_report() -> None:
    report = {"id": "IT01A1", "packetsReceived": 500, "jitterBufferDelay": 0, "jitterBufferEmittedCount": 1}
    assert emos(report, []) is None
    # Qualities of 93.4 and 88.92: the server takes half of all packets for half a per cent.
    assert emos(report, [{"localId": "IT01A1", "packetsSent": 500}]) == 4.41
    assert emos(report, [{"localId": "IT01A1", "packetsSent": 1000}]) == 4.31


def test_the_detail_may_be_cached_while_lists_are_right() -> None:
    made = two()
    with peermetrics(made, rules=PeermetricsRules(detail="cached"), now=lambda: after(600)) as client:
        told = [client.ask(f"/conferences/{made.id}")["data"]["ongoing"] for _ in range(6)]
        assert told == [False, False, True, False, False, True]
        assert {row["ongoing"] for _ in range(6) for row in client.rows("/conferences", appId=APP["id"])} == {False}
    with peermetrics(made, rules=PeermetricsRules(detail="cached"), now=lambda: after(3700)) as client:
        assert {client.ask(f"/conferences/{made.id}")["data"]["ongoing"] for _ in range(6)} == {False}
