"""What the server makes of the events that it gets: the states, ends, issues and summaries of a room.

Follows the server's habits (reference, sections 4, 7 and 8), the odd ones among them.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from operator import itemgetter

from harvesters.sandbox.peermetrics.issues import issue
from harvesters.sandbox.peermetrics.rooms import Json, Rows
from harvesters.sandbox.peermetrics.stamps import later, whole_seconds

_UNFINISHED = frozenset({"new", "connecting", "failed"})
_VERY_LOW, _LOW = 3, 4
INITIALIZE, SESSION, EVENT, STATS, PAIR, JOB = range(6)


@dataclass(frozen=True, slots=True)
class Step:
    """Something that happened in a room.

    Attributes:
        at: stamp.
        kind: `INITIALIZE` (a participant's row), `SESSION` (its row), `EVENT`, `STATS` (theirs), `PAIR` (the
            candidates that a connection's statistics first name: `connection`, `type`, `protocol`), `JOB` (the
            clean-up of stale conferences).
    """

    at: str
    kind: int
    row: Json = field(default_factory=dict)


class Journal:
    """A room as it comes about, step by step."""

    def __init__(
        self, conference: Json, emos: Mapping[str, float] | None = None, *, before: Collection[str] = ()
    ) -> None:
        """`conference` is the row as of the room's first moment.

        Args:
            conference: see above.
            emos: the score of sessions with a poor one.
            before: ids of participants who had sessions in the room before.
        """
        self.rows = Rows(dict(conference))
        self._emos, self._before = dict(emos or {}), before
        self._people: dict[str, Json] = {}
        self._sessions: dict[str, Json] = {}
        self._connections: dict[str, Json] = {}
        self._asked: dict[str, list[bool]] = {}
        self._events: list[Json] = []
        self._stats: list[Json] = []
        self._takes: Mapping[int, Callable[[str, Json], None]] = {
            INITIALIZE: self._initialize,
            SESSION: self._session,
            EVENT: self._event,
            STATS: lambda _at, row: self._stats.append(row),
            PAIR: self._pair,
            JOB: lambda at, _row: self._job(at),
        }
        self._reacts: Mapping[str, Callable[[Json], None]] = {
            "getUserMedia": self._media,
            "addConnection": self._connect,
            "removeConnection": self._remove,
            "onconnectionstatechange": self._state,
            "oniceconnectionstatechange": self._ice,
            "onsignalingstatechange": self._signal,
            "onicecandidateerror": self._candidate,
            "beforeunload": lambda row: self._end_session(row["session"], row["created_at"]),
            "unload": self._leave,
            "endCall": self._leave,
        }

    def take(self, step: Step) -> None:
        """The next step."""
        self._takes[step.kind](step.at, step.row)

    def written(self) -> Rows:
        """The room's rows so far."""
        rows = self.rows
        rows.participants = list(self._people.values())
        rows.sessions, rows.connections = list(self._sessions.values()), list(self._connections.values())
        rows.events, rows.stats = self._events, self._stats
        rows.issues.sort(key=itemgetter("created_at"))
        return rows

    def _initialize(self, _at: str, row: Json) -> None:
        known = self._people.setdefault(row["id"], row)
        if row["participant_name"] is not None and known is not row:
            self._people[row["id"]] = {**known, "participant_name": row["participant_name"]}

    def _session(self, at: str, row: Json) -> None:
        again = any(each["participant"] == row["participant"] for each in self._sessions.values())
        self._sessions[row["id"]] = {**row, "end_time": None, "duration": 0, "call_start": None}
        if again or row["participant"] in self._before:
            self._raise("multiple_rejoins", row["id"], later(at, 0.02))

    def _raise(self, code: str, session: str, at: str, *, connection: str | None = None, data: object = None) -> None:
        found = issue(code, self._sessions[session], at, connection=connection, data=data)
        self.rows.issues.append(found)

    def _event(self, _at: str, row: Json) -> None:
        self._events.append(row)
        react = self._reacts.get(row["type"])
        if react:
            react(row)

    def _media(self, row: Json) -> None:
        error = row["data"].get("error")
        if "constraints" not in row["data"]:
            self._asked.setdefault(row["session"], []).append(error is not None)
        if error is not None:
            self._raise("getusermedia_error", row["session"], later(row["created_at"], 0.018), data=error)

    def _connect(self, row: Json) -> None:
        at = row["created_at"]
        negotiation = {"type": "initial", "status": "connecting", "duration": None, "end_time": None, "start_time": at}
        self._connections[row["connection"]] = {
            "id": row["connection"],
            "session": row["session"],
            "conference": row["conference"],
            "participant": row["participant"],
            "peer": row["peer"],
            "type": None,
            "state": "new",
            "connection_info": {"detected_tcp": False, "negotiations": [negotiation], "detected_turn": False},
            "start_time": at,
            "end_time": None,
            "duration": 0,
            "created_at": later(at, 0.05),
        }
        room = self.rows.conference
        room |= {"ongoing": True, "start_time": room["start_time"] or at, "call_start": room["call_start"] or at}
        session = self._sessions[row["session"]]
        session["call_start"] = session["call_start"] or at

    def _negotiated(self, row: Json, status: str) -> None:
        """A reconnect overwrites the last negotiation's end."""
        last = self._connections[row["connection"]]["connection_info"]["negotiations"][-1]
        last["status"] = status
        if status != "failed":
            at = row["created_at"]
            last |= {"end_time": at, "duration": whole_seconds(last["start_time"], at)}

    def _state(self, row: Json) -> None:
        connection, state, at = self._connections[row["connection"]], row["data"], row["created_at"]
        connection["state"] = state
        if state in {"connected", "failed"}:
            self._negotiated(row, state)
        if state in {"failed", "disconnected"}:
            code = "connection_failed" if state == "failed" else "connection_disconnected"
            self._raise(code, row["session"], later(at, 0.012), connection=row["connection"])
        if state == "closed":
            self._remove(row)

    def _ice(self, row: Json) -> None:
        if row["data"] in {"connected", "completed"}:
            self._connections[row["connection"]]["state"] = "connected"
            self._negotiated(row, "connected")
        elif row["data"] == "failed":
            self._raise("ice_failed", row["session"], later(row["created_at"], 0.01), connection=row["connection"])

    def _signal(self, row: Json) -> None:
        if row["data"]["signalingState"] == "stable":
            self._negotiated(row, "stable")

    def _candidate(self, row: Json) -> None:
        at, connection = later(row["created_at"], 0.014), row["connection"]
        self._raise("icecandidateerror", row["session"], at, connection=connection, data=row["data"])

    def _pair(self, at: str, row: Json) -> None:
        connection = self._connections[row["connection"]]
        info, session = connection["connection_info"], connection["session"]
        connection["type"] = row["type"]
        for code, flag, used in (
            ("tcp_used", "detected_tcp", row["protocol"] == "tcp"),
            ("turn_used", "detected_turn", row["type"] == "relay"),
        ):
            if used and not info[flag]:
                info[flag] = True
                self._raise(code, session, later(at, 0.04), connection=row["connection"])

    def _end_connection(self, connection: Json, at: str) -> None:
        if connection["end_time"] is not None:
            return
        connection |= {"end_time": at, "duration": whole_seconds(connection["start_time"], at)}
        for each in connection["connection_info"]["negotiations"]:
            if each["end_time"] is None:
                each |= {"end_time": at, "status": "failed"}

    def _remove(self, row: Json) -> None:
        """As the last act it leaves the conference ongoing: that is looked at before the row is saved."""
        self._end_connection(self._connections[row["connection"]], row["created_at"])

    def _end_session(self, session: str, at: str) -> None:
        row = self._sessions[session]
        row["call_start"] = None
        if row["end_time"] is None:
            row |= {"end_time": at, "duration": whole_seconds(row["created_at"], at)}

    def _leave(self, row: Json) -> None:
        at = row["created_at"]
        for each in self._of(row["session"]):
            self._end_connection(each, at)
        self._end_session(row["session"], at)
        self._end_call(at)
        self._judge(row["session"], later(at, 0.07))

    def _of(self, session: str) -> list[Json]:
        return [each for each in self._connections.values() if each["session"] == session]

    def _end_call(self, at: str) -> None:
        """If no connection is open; also when no call was on."""
        if any(each["end_time"] is None for each in self._connections.values()):
            return
        room = self.rows.conference
        gone = whole_seconds(room["call_start"] or at, at)
        room |= {"ongoing": False, "call_start": None, "end_time": at, "duration": room["duration"] + gone}
        self.rows.builds.append(at)
        self._score(later(at, 0.1))

    def _score(self, at: str) -> None:
        """Written anew each time that a summary is built, of sessions that there were."""
        for session, average in self._emos.items():
            if session in self._sessions and average < _LOW:
                code = "very_low_emos" if average < _VERY_LOW else "low_emos"
                self._raise(code, session, at, data={"average": average})

    def _judge(self, session: str, at: str) -> None:
        asked, connections = self._asked.get(session, []), self._of(session)
        if asked and all(asked):
            self._raise("no_media_access", session, at)
        if connections and all(each["state"] in _UNFINISHED for each in connections):
            self._raise("no_connection", session, at)

    def _job(self, at: str) -> None:
        """The end is the job's own run time; the sessions keep none."""
        if self.rows.conference["ongoing"]:
            for each in self._connections.values():
                self._end_connection(each, at)
            self._end_call(at)
