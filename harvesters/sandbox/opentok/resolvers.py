"""How each field of the schema gets its value; the context of a query is its `View`."""

from collections.abc import Iterator, Sequence
from typing import TypedDict, Unpack, cast

from graphql import (
    FieldNode,
    FragmentSpreadNode,
    GraphQLError,
    GraphQLIncludeDirective,
    GraphQLResolveInfo,
    GraphQLSkipDirective,
    InlineFragmentNode,
    SelectionNode,
    get_directive_values,
)

from harvesters.sandbox.opentok import figures
from harvesters.sandbox.opentok.lists import Items, Page, failure, page_of
from harvesters.sandbox.opentok.rows import Record, Rows, Selection, encoded
from harvesters.sandbox.opentok.rules import Code
from harvesters.sandbox.opentok.schema import Resolver, executed_schema
from harvesters.sandbox.opentok.shapes import items, present
from harvesters.sandbox.opentok.totals import metrics
from harvesters.sandbox.opentok.view import View

Info = GraphQLResolveInfo
_STREAMS = {"publisherMinutes": "publishers", "subscriberMinutes": "subscribers"}


class _Paging(TypedDict, total=False):
    first: int | None
    end_cursor: str | None


def plain(record: Record, info: Info, **_arguments: object) -> object:
    """A field as it stands in the record; what the record lacks is null."""
    return record.get(info.field_name)


def _view(info: Info) -> View:
    return cast("View", info.context)


def _project(_root: None, info: Info, project_id: str) -> Record:
    if not project_id.replace("-", "").isalnum():
        raise failure(Code.BAD_PROJECT, "You must provide a valid project ID.")
    if project_id != _view(info).project:
        raise failure(Code.OTHER_PROJECT, "The token and the application ID do not match.")
    return {}


def _project_data(
    _project: Record,
    info: Info,
    start: str,
    end: str | None = None,
    interval: str | None = None,
    **arguments: object,
) -> Page:
    """The days of the project; no other intervals, groups or filters are simulated."""
    narrowed = [name for name in ("group_by", "sdk_type", "browser", "country") if arguments.get(name)]
    if interval != "DAILY" or narrowed:
        raise failure(Code.BAD_PARAMETER, "This simulation has project data by days alone.")
    paging = cast("_Paging", arguments)
    view = _view(info)
    size = _size(view, paging.get("first"), meetings=False)
    return page_of(metrics(view, start, end), size, paging.get("end_cursor"))


def _daily(_page: Page, _info: Info) -> str:
    return "DAILY"


def _session_data(_project: Record, info: Info) -> Record | None:
    place = GraphQLError("", nodes=info.field_nodes, path=info.path.as_list())
    return {} if _view(info).enter(place) else None


def _summaries(_data: Record, info: Info, start: str, end: str | None = None, **paging: Unpack[_Paging]) -> Page:
    return _sessions_page(_view(info).listed(start, end), info, **paging)


def _sessions(_data: Record, info: Info, session_ids: list[str | None], **paging: Unpack[_Paging]) -> Page:
    if not session_ids:
        raise failure(Code.NO_SESSION_IDS, "The list of session IDs is empty.")
    return _sessions_page(_view(info).asked_for(session_ids), info, **paging)


def _sessions_page(ids: Sequence[str | None], info: Info, **paging: Unpack[_Paging]) -> Page:
    view = _view(info)
    size = _size(view, paging.get("first"), meetings=False)
    return page_of(ids, size, paging.get("end_cursor"), view.session)


def _size(view: View, first: int | None, *, meetings: bool) -> int:
    if view.rules.too_large(first, meetings=meetings):
        raise failure(Code.BAD_PARAMETER, "'first' is above the maximum.")
    return view.rules.page_size(first, meetings=meetings)


def _children(record: Record, info: Info, **paging: Unpack[_Paging]) -> Page | None:
    """A list as it stands in the record; a null one is null, a missing one empty."""
    name = info.field_name
    if name in record and record[name] is None:
        return None
    size = _size(_view(info), paging.get("first"), meetings=name == "meetings")
    return page_of(items(record, name), size, paging.get("end_cursor"))


def _meetings(
    session: Record,
    info: Info,
    start: str | None = None,
    end: str | None = None,
    meeting_id: str | None = None,
    **paging: Unpack[_Paging],
) -> Page | None:
    rules = _view(info).rules
    chosen = [
        meeting
        for meeting in items(session, "meetings")
        if meeting is None
        or (
            rules.in_range(meeting["createdAt"] or "", start or "", end or "~")
            and meeting_id in {None, meeting.get("meetingId")}
        )
    ]
    return _children({"meetings": {"resources": chosen}}, info, **paging)


def _resources(page: Page, info: Info) -> Items:
    return page.items if _view(info).count(len(page)) else []


def _total_count(page: Page, _info: Info) -> int:
    return len(page.all)


def _page_info(page: Page, info: Info) -> Record:
    return page.info(_view(info).rules.last_cursor)


def _max_concurrent(page: Page, _info: Info) -> int:
    return figures.max_concurrent(item for item in page.all if isinstance(item, dict))


def _minutes(record: Record, info: Info) -> float:
    """The record's own figure if it has one, else the sum over its streams."""
    own = record.get(info.field_name)
    if isinstance(own, int | float):
        return own
    name = _STREAMS[info.field_name]
    return figures.minutes(stream for meeting in _meetings_in(record) for stream in present(meeting, name))


def _participant_minutes(record: Record, _info: Info) -> Record:
    meetings = _meetings_in(record)
    return figures.added(
        [figures.participant_minutes(present(m, "connections"), present(m, "publishers")) for m in meetings]
    )


def _meetings_in(record: Record) -> list[Record]:
    """A session's meetings, or the meeting itself."""
    return present(record, "meetings") if "meetings" in record else [record]


def _total(children: str) -> Resolver:
    return lambda meeting, _info: len(present(meeting, children))


def _most(children: str) -> Resolver:
    return lambda meeting, _info: figures.max_concurrent(present(meeting, children))


def _ready(resolver: Resolver | None, typename: str) -> Resolver:
    """The resolver of a leaf that is an object, or a list of objects, for clients."""
    inner: Resolver = resolver or plain

    def ready(source: object, info: Info, **arguments: object) -> object:
        value = inner(source, info, **arguments)
        if value is None:
            return None
        selection = _selection(info, typename)
        return selection.of(value) if isinstance(value, dict) else encoded(cast("Rows", value), selection)

    return ready


def _selection(info: Info, typename: str) -> Selection:
    key = tuple(map(id, info.field_nodes))
    known = _view(info).selections
    if key not in known:
        fields = {
            field.alias.value if field.alias else field.name.value: field.name.value
            for node in info.field_nodes
            for field in _fields(node.selection_set.selections if node.selection_set else (), info)
        }
        known[key] = Selection(typename, tuple(fields.items()))
    return known[key]


def _fields(nodes: Sequence[SelectionNode], info: Info) -> Iterator[FieldNode]:
    """The fields among the nodes and inside their fragments, in the order of the query."""
    for node in nodes:
        if not _included(node, info):
            continue
        if isinstance(node, FieldNode):
            yield node
        elif isinstance(node, InlineFragmentNode):
            yield from _fields(node.selection_set.selections, info)
        elif isinstance(node, FragmentSpreadNode):
            yield from _fields(info.fragments[node.name.value].selection_set.selections, info)


def _included(node: SelectionNode, info: Info) -> bool:
    skip = get_directive_values(GraphQLSkipDirective, node, info.variable_values) or {"if": False}
    include = get_directive_values(GraphQLIncludeDirective, node, info.variable_values) or {"if": True}
    return include["if"] and not skip["if"]


_BY_FIELD: dict[str, Resolver] = {
    "Query.project": _project,
    "Project.projectData": _project_data,
    "ProjectData.interval": _daily,
    "Project.sessionData": _session_data,
    "SessionData.sessionSummaries": _summaries,
    "SessionData.sessions": _sessions,
    "Session.meetings": _meetings,
    "MeetingSummary.totalConnections": _total("connections"),
    "MeetingSummary.totalStreams": _total("publishers"),
    "MeetingSummary.maxConcurrentStreams": _most("publishers"),
    "MeetingSummary.maxConcurrentSubscribers": _most("subscribers"),
    **{
        f"{kind}.{field}": resolver
        for kind in ("Session", "SessionSummary", "Meeting", "MeetingSummary")
        for field, resolver in (
            ("publisherMinutes", _minutes),
            ("subscriberMinutes", _minutes),
            ("participantMinutes", _participant_minutes),
        )
    },
}
# The field "" stands for every field whose value is a list.
_OF_LISTS: dict[str, Resolver] = {
    "": _children,
    "resources": _resources,
    "totalCount": _total_count,
    "pageInfo": _page_info,
    "maxConcurrent": _max_concurrent,
}
SCHEMA = executed_schema(_BY_FIELD, _OF_LISTS, _ready)
