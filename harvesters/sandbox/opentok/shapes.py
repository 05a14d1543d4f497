"""Sessions as records: the two shapes of real answers made one, and what a visitor may see of them.

A record is a JSON object as the API answers it, a list one of the form `{"resources": [...]}`. Meetings
come flat (publishers and subscribers beside the connections) or nested (below them). Instants are texts
such as `2020-07-09T09:14:57.530Z`, so that they order as text.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from harvesters.sandbox.opentok.rows import Record, Rows

Items = list[Record | None]


def items(record: Mapping[str, Any], name: str) -> Items:
    """The items of one of a record's lists, null ones too; none where the list is missing or null."""
    return (record.get(name) or {}).get("resources") or []


def present(record: Mapping[str, Any], name: str) -> list[Record]:
    """The items of one of a record's lists that are not null."""
    return [item for item in items(record, name) if item is not None]


def collection(resources: Items | Rows) -> Record:
    """A list in the form of an answer."""
    return {"resources": resources}


def linked(session: Mapping[str, Any]) -> Record:
    """The session with every list in every place where the schema has it; the argument stays as it is.

    Publishers and subscribers stand under the meeting and under their connection, subscribers also under
    the publisher whose stream they take. Missing times of a meeting come from what happened in it.
    """
    meetings = [meeting and _linked_meeting(meeting) for meeting in items(session, "meetings")]
    return {**session, "meetings": collection(meetings)}


def _linked_meeting(meeting: Record) -> Record:
    connections = [connection and _with_own_id(connection) for connection in items(meeting, "connections")]
    subscribers = _gathered(meeting, connections, "subscribers")
    by_stream = _grouped(subscribers, _stream_id)
    publishers = _with_subscribers(_gathered(meeting, connections, "publishers"), by_stream)
    below = {
        "publishers": _grouped(publishers, _connection_id),
        "subscribers": _grouped(subscribers, _connection_id),
    }
    whole = {
        **meeting,
        "connections": collection(
            [connection and _with_streams(connection, below, by_stream) for connection in connections]
        ),
        "publishers": collection(publishers),
        "subscribers": collection(subscribers),
    }
    return {**_times(whole), **whole}


def _with_own_id(connection: Record) -> Record:
    """The connection with its id in the publishers and subscribers that stand below it."""
    own = {"connectionId": connection.get("connectionId")}
    lists: Record = {
        name: collection([child and {**own, **child} for child in items(connection, name)])
        for name in ("publishers", "subscribers")
        if name in connection
    }
    return {**connection, **lists}


def _gathered(meeting: Record, connections: Items, name: str) -> Items:
    """A meeting's own list, or those of its connections in their order."""
    if name in meeting:
        return items(meeting, name)
    return [child for connection in connections if connection for child in items(connection, name)]


def _connection_id(child: Record) -> str | None:
    return child.get("connectionId")


def _stream_id(child: Record) -> str | None:
    return (child.get("stream") or {}).get("streamId")


def _grouped(children: Items, key: Callable[[Record], str | None]) -> dict[str | None, Items]:
    groups: defaultdict[str | None, Items] = defaultdict(list)
    for child in children:
        if child is not None and key(child) is not None:
            groups[key(child)].append(child)
    return groups


def _with_subscribers(publishers: Items, by_stream: Mapping[str | None, Items]) -> Items:
    return [
        publisher and {"subscribers": collection(by_stream.get(_stream_id(publisher), [])), **publisher}
        for publisher in publishers
    ]


def _with_streams(
    connection: Record, below: Mapping[str, Mapping[str | None, Items]], by_stream: Mapping[str | None, Items]
) -> Record:
    """The connection with the lists that it lacks; its own publishers get their subscribers."""
    own = connection.get("connectionId")
    lists: Record = {name: collection(groups.get(own, [])) for name, groups in below.items() if name not in connection}
    if "publishers" in connection:
        lists["publishers"] = collection(_with_subscribers(items(connection, "publishers"), by_stream))
    return {**connection, **lists}


def _times(meeting: Record) -> Record:
    """When the meeting was created and destroyed, by its connections; open while one of them is.

    Where no connection is known, the streams tell, and at last their statistics.
    """
    children = present(meeting, "connections")
    children = children or present(meeting, "publishers") + present(meeting, "subscribers")
    starts = [child["createdAt"] for child in children if child.get("createdAt")]
    ends = [child.get("destroyedAt") for child in children]
    return {
        "createdAt": min(starts or _statistics_times(children), default=None),
        "destroyedAt": max(filter(None, ends)) if ends and all(ends) else None,
    }


def _statistics_times(children: Iterable[Record]) -> Iterator[str]:
    for child in children:
        for row in present(child, "streamStatsCollection"):
            if row.get("createdAt"):
                yield row["createdAt"]


def meeting_spans(session: Mapping[str, Any]) -> list[tuple[str, str | None]]:
    """`createdAt` and `destroyedAt` of the session's meetings, without linking those that tell them themselves."""
    told = (meeting if "createdAt" in meeting else _linked_meeting(meeting) for meeting in present(session, "meetings"))
    return [(each["createdAt"], each.get("destroyedAt")) for each in told if each["createdAt"] is not None]


def meeting_starts(session: Mapping[str, Any]) -> list[str]:
    """`createdAt` of the session's meetings."""
    return [created for created, _ in meeting_spans(session)]


def seen(session: Record, since: str, until: str) -> Record:
    """A linked session without the meetings created before `since`, as it was known at `until`."""
    meetings = [
        meeting and _known(meeting, until)
        for meeting in items(session, "meetings")
        if meeting is None or since <= (meeting["createdAt"] or since) <= until
    ]
    return {**session, "meetings": collection(meetings)}


def _known(record: Record, until: str) -> Record:
    """The record without what is younger than `until`: later children go, a later end is still open."""
    end = record.get("destroyedAt")
    if end and end <= until:
        return record
    known = {name: _known_list(value, until) if _is_list(value) else value for name, value in record.items()}
    return {**known, "destroyedAt": None} if "destroyedAt" in record else known


def _is_list(value: object) -> bool:
    return isinstance(value, dict) and "resources" in value


def _known_list(value: Record, until: str) -> Record:
    resources = value["resources"] or []
    return collection(
        [item and _known(item, until) for item in resources if item is None or (item.get("createdAt") or "") <= until]
    )
