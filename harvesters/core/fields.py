"""The field list: every field that a document may have, once.

It is the source of the index templates and of `docs/fields.md`; a vendor's own few fields stand in its
module. A test fails when a flattener emits a
field that is not in it, or when nobody emits one that is.
"""

from dataclasses import dataclass

KEYWORD, FLOAT, LONG, BOOLEAN, DATE, TEXT, FLATTENED, DATE_RANGE, IP, GEO_POINT = (
    "keyword", "float", "long", "boolean", "date", "text", "flattened", "date_range", "ip", "geo_point",
)  # fmt: skip

CONFERENCE, PARTICIPANT, STREAM, SAMPLE, ISSUE, SLICE, RUN = (
    "conference", "participant", "stream", "sample", "issue", "slice", "run",
)  # fmt: skip
CALL_TYPES = (CONFERENCE, PARTICIPANT, STREAM, SAMPLE, ISSUE)
ENTITIES = (CONFERENCE, PARTICIPANT, STREAM, ISSUE)
RUN_TYPES = (SLICE, RUN)
CHILDREN = (PARTICIPANT, STREAM, SAMPLE, ISSUE)
ABOUT_PEOPLE = (PARTICIPANT, STREAM, ISSUE)
"""Children that are few: what nobody asks of single samples would make these larger."""
ALL = CALL_TYPES + RUN_TYPES


@dataclass(frozen=True, slots=True)
class Field:
    """One field.

    Attributes:
        name: dotted, as in `_source`.
        type: of the mapping.
        help: what it means, with its unit.
        types: document types that carry it.
        personal: whether it tells of a person (the privacy step treats it).
    """

    name: str
    type: str
    help: str
    types: tuple[str, ...] = CALL_TYPES
    personal: bool = False


NOT_OF = {
    "audio": frozenset({"width", "height", "pixels", "fps", "freeze_pct"}),
    "video": frozenset[str](),
    # What is received is not told apart from a camera's by anybody who measures these.
    "screen": frozenset({"buffer_ms", "freeze_pct"}),
}


def _media(name: str, type_: str, help_: str) -> tuple[Field, ...]:
    return tuple(
        Field(f"vconf.quality.{medium}.{name}", type_, f"{medium}: {help_}", (SAMPLE,))
        for medium in ("audio", "video", "screen")
        if name not in NOT_OF[medium]
    )


ECS = (
    Field("@timestamp", DATE, "start of the thing; instant of a sample", ALL),
    Field("ecs.version", KEYWORD, "version of the Elastic Common Schema", ALL),
    Field("event.kind", KEYWORD, "event, metric (sample), alert (issue) or state (slice, run)", ALL),
    Field("event.category", KEYWORD, "session or network"),
    Field("event.type", KEYWORD, "start, end, info or error"),
    Field("event.module", KEYWORD, "the vendor's module, such as opentok"),
    Field("event.dataset", KEYWORD, "module and document type, such as opentok.participant"),
    Field("event.id", KEYWORD, "the readable key"),
    Field("event.start", DATE, "start", (*ENTITIES, RUN)),
    Field("event.end", DATE, "end; absent if unknown", (*ENTITIES, RUN)),
    Field("event.duration", LONG, "end minus start in ns", (*ENTITIES, RUN)),
    Field("event.created", DATE, "when the vendor was asked"),
    Field("observer.vendor", KEYWORD, "Vonage"),
    Field("observer.product", KEYWORD, "Video API"),
    Field("observer.type", KEYWORD, "always conference"),
    Field("cloud.account.id", KEYWORD, "project or account at the vendor"),
    Field("service.name", KEYWORD, "the vendor's app that the call belongs to", ENTITIES),
    Field("service.type", KEYWORD, "always video-conference"),
    Field("user.id", KEYWORD, "the vendor's id of the person or installation", CHILDREN, personal=True),
    Field("user.full_name", KEYWORD, "name of the person", CHILDREN, personal=True),
    Field("user.email", KEYWORD, "mail address of the person", CHILDREN, personal=True),
    Field("client.ip", IP, "IP address; what is none stays in `_source` alone", CHILDREN, personal=True),
    Field("client.geo.country_iso_code", KEYWORD, "country by GeoIP, else as the vendor says", CHILDREN, personal=True),
    Field("client.geo.country_name", KEYWORD, "country's English name, by GeoIP", ABOUT_PEOPLE, personal=True),
    Field("client.geo.continent_code", KEYWORD, "continent, by GeoIP", ABOUT_PEOPLE),
    Field("client.geo.region_iso_code", KEYWORD, "smallest known region, by GeoIP", ABOUT_PEOPLE, personal=True),
    Field("client.geo.region_name", KEYWORD, "its English name", ABOUT_PEOPLE, personal=True),
    Field("client.geo.city_name", KEYWORD, "city by GeoIP, else as the vendor says", CHILDREN, personal=True),
    Field("client.geo.location", GEO_POINT, "about where, by GeoIP", ABOUT_PEOPLE, personal=True),
    Field("client.geo.timezone", KEYWORD, "time zone, by GeoIP", ABOUT_PEOPLE, personal=True),
    Field("client.as.number", LONG, "number of the network (ASN), by GeoIP", ABOUT_PEOPLE),
    Field("client.as.organization.name", KEYWORD, "whose network it is, by GeoIP", ABOUT_PEOPLE),
    Field("network.type", KEYWORD, "wifi, wired or cellular", CHILDREN),
    Field("network.transport", KEYWORD, "udp, tcp or tls", CHILDREN),
    Field("user_agent.original", KEYWORD, "user agent, decoded", (PARTICIPANT,), personal=True),
    Field("user_agent.name", KEYWORD, "browser", CHILDREN),
    Field("user_agent.version", KEYWORD, "browser's version", CHILDREN),
    Field("user_agent.os.name", KEYWORD, "operating system", CHILDREN),
    Field("user_agent.os.version", KEYWORD, "its version", CHILDREN),
    Field("user_agent.device.name", KEYWORD, "device, by the user agent", ABOUT_PEOPLE),
    Field("labels", FLATTENED, "your own labels of account, room and person, by LOOKUP_FILE", personal=True),
    Field("message", TEXT, "one sentence that sums it up", RUN_TYPES),
)

COMMON = (
    Field("vconf.type", KEYWORD, "document type", ALL),
    Field("vconf.vendor", KEYWORD, "opentok ...", (*CALL_TYPES, SLICE)),
    Field("vconf.account.id", KEYWORD, "project or account at the vendor", (*CALL_TYPES, SLICE)),
    Field("vconf.account.name", KEYWORD, "name of the account's profile", (*CALL_TYPES, SLICE)),
    Field("vconf.schema", KEYWORD, "version of this document model", ALL),
    Field("vconf.harvest.fetched_at", DATE, "when the vendor was asked"),
    Field("vconf.harvest.revision", KEYWORD, "revision of the source and of the engine"),
    Field("vconf.harvest.settings", KEYWORD, "digest of the settings that shape documents"),
    Field("vconf.privacy", KEYWORD, "privacy profile"),
    Field("vconf.flags", KEYWORD, "what is missing, guessed, clamped or repaired"),
    Field("vconf.extra", FLATTENED, "members of the vendor's that have no field", ENTITIES),
    Field("vconf.conference.id", KEYWORD, "`_id` of the conference"),
    Field("vconf.conference.vendor_id", KEYWORD, "the vendor's id of the conference"),
    Field("vconf.conference.parent_id", KEYWORD, "the vendor's id of the room or session"),
    Field("vconf.conference.name", KEYWORD, "name or topic of the conference"),
    Field("vconf.conference.start", DATE, "start of the conference"),
    Field("vconf.conference.end", DATE, "end of the conference; absent if unknown"),
    Field("vconf.conference.duration_s", FLOAT, "length of the conference in s"),
    Field("vconf.network.relayed", BOOLEAN, "whether the media went by way of a relay (TURN)", (STREAM,)),
    Field("vconf.topology", KEYWORD, "how media went: routed, relayed, p2p, sfu", (CONFERENCE,)),
    Field("vconf.host.id", KEYWORD, "the vendor's id of the host", (CONFERENCE,), personal=True),
    Field("vconf.host.name", KEYWORD, "name of the host", (CONFERENCE,), personal=True),
    Field("vconf.host.email", KEYWORD, "mail address of the host", (CONFERENCE,), personal=True),
    Field("vconf.media.video", BOOLEAN, "whether video was used", (CONFERENCE,)),
    Field("vconf.media.screen", BOOLEAN, "whether a screen was shared", (CONFERENCE,)),
    Field("vconf.media.recording", BOOLEAN, "whether it was recorded", (CONFERENCE,)),
    Field("vconf.media.pstn", BOOLEAN, "whether somebody was there by telephone", (CONFERENCE,)),
    Field("vconf.participants.count", LONG, "participants (joins) who were in the conference", (CONFERENCE,)),
    Field("vconf.streams.count", LONG, "streams, sent and received", (CONFERENCE,)),
    Field("vconf.participant.id", KEYWORD, "`_id` of the participant", CHILDREN),
    Field("vconf.participant.role", KEYWORD, "host or attendee, and the like", (PARTICIPANT,)),
    Field("vconf.participant.state", KEYWORD, "such as in the meeting or in the waiting room", (PARTICIPANT,)),
    Field("vconf.participant.join_time_s", FLOAT, "how long joining took in s", (PARTICIPANT,)),
    Field("vconf.participant.leave_reason", KEYWORD, "why the person left", (PARTICIPANT,), personal=True),
    Field("vconf.participant.duration_s", FLOAT, "from join to leave in s", (PARTICIPANT,)),
    Field("vconf.presence", DATE_RANGE, "from join to leave; gives concurrency", (PARTICIPANT,)),
    Field("vconf.client.sdk.name", KEYWORD, "client SDK", CHILDREN),
    Field("vconf.client.sdk.version", KEYWORD, "its version", CHILDREN),
    Field("vconf.client.kind", KEYWORD, "browser, mobile or other", CHILDREN),
    Field("vconf.client.version", KEYWORD, "version of the vendor's program", CHILDREN),
    Field("vconf.device.microphone", KEYWORD, "microphone", (PARTICIPANT,), personal=True),
    Field("vconf.device.speaker", KEYWORD, "speaker", (PARTICIPANT,), personal=True),
    Field("vconf.device.camera", KEYWORD, "camera", (PARTICIPANT,), personal=True),
    Field("vconf.stream.id", KEYWORD, "`_id` of the stream", (STREAM, SAMPLE)),
    Field("vconf.stream.direction", KEYWORD, "sent or received", (STREAM, SAMPLE)),
    Field("vconf.stream.kind", KEYWORD, "camera, screen, mic or other", (STREAM, SAMPLE)),
    Field("vconf.stream.media", KEYWORD, "audio, video, screen", (STREAM, SAMPLE)),
    Field("vconf.stream.codec", KEYWORD, "codecs that were used", (STREAM,)),
    Field(
        "vconf.stream.peer_participant_id",
        KEYWORD,
        "`_id` of the participant at the other end",
        (STREAM, SAMPLE),
    ),
    Field("vconf.stream.start", DATE, "start of the stream", (STREAM,)),
    Field("vconf.stream.end", DATE, "end of the stream; absent if unknown", (STREAM,)),
    Field("vconf.stream.duration_s", FLOAT, "length of the stream in s", (STREAM,)),
    Field("vconf.stream.samples", LONG, "measurements of the stream", (STREAM,)),
)

QUALITY = (
    *_media("loss_pct", FLOAT, "packet loss in percent, 0 to 100"),
    *_media("latency_ms", FLOAT, "one-way delay in ms"),
    *_media("rtt_ms", FLOAT, "delay there and back in ms"),
    *_media("jitter_ms", FLOAT, "jitter in ms"),
    *_media("bitrate_kbps", FLOAT, "bitrate in 1000 bit/s"),
    *_media("width", LONG, "picture width in pixels"),
    *_media("height", LONG, "picture height in pixels"),
    *_media("pixels", LONG, "width times height"),
    *_media("fps", FLOAT, "pictures in a second"),
    *_media("buffer_ms", FLOAT, "time in the jitter buffer in ms"),
    *_media("freeze_pct", FLOAT, "share of the time in which the picture stood still in percent, 0 to 100"),
    Field("vconf.quality.vendor.mos", FLOAT, "the vendor's own score of audio, 1 to 5", (STREAM,)),
    Field("vconf.sample.interval_s", FLOAT, "time that the measurement stands for in s", (SAMPLE,)),
    Field("vconf.cpu.app_pct", FLOAT, "load by the vendor's program in percent, 0 to 100", (SAMPLE,)),
    Field("vconf.cpu.system_pct", FLOAT, "load of the whole machine in percent, 0 to 100", (SAMPLE,)),
    Field("vconf.wifi.rssi_dbm", FLOAT, "strength of the Wi-Fi signal in dBm", (SAMPLE,)),
)

ISSUES = (
    Field("vconf.issue.code", KEYWORD, "what it is, in one word", (ISSUE,)),
    Field("vconf.issue.source", KEYWORD, "who says so: vendor, rule or anomaly", (ISSUE,)),
    Field("vconf.issue.severity", KEYWORD, "info, warning or error", (ISSUE,)),
    Field("vconf.issue.subject", KEYWORD, "what it is about, such as audio", (ISSUE,)),
    Field("vconf.issue.value", FLOAT, "what was measured, in the unit of the code", (ISSUE,)),
    Field("vconf.issue.limit", FLOAT, "what would have been right, in the same unit", (ISSUE,)),
    Field("vconf.issue.start", DATE, "when it began; absent if unknown", (ISSUE,)),
    Field("vconf.issue.end", DATE, "when it was over; absent if unknown, or if it was but an instant", (ISSUE,)),
    Field("vconf.issue.explanation", TEXT, "what it means, in a sentence", (ISSUE,)),
)

RUNS = (
    Field("vconf.run.id", KEYWORD, "id of one execution of the command; of a slice the last one", RUN_TYPES),
    Field("vconf.run.command", KEYWORD, "the command without its settings", (RUN,)),
    Field("vconf.run.version", KEYWORD, "version of the harvester", (RUN,)),
    Field("vconf.run.exit_code", LONG, "exit code", (RUN,)),
    Field("vconf.run.state", KEYWORD, "complete, partial, deferred or failed", (RUN,)),
    Field("vconf.run.started", DATE, "start", (RUN,)),
    Field("vconf.run.ended", DATE, "end", (RUN,)),
    Field("vconf.run.duration_s", FLOAT, "length in s", (RUN,)),
    Field("vconf.run.requests", LONG, "requests to the vendor", (RUN,)),
    Field("vconf.run.retried", LONG, "requests that were retries", (RUN,)),
    Field("vconf.run.waited_s", FLOAT, "time waited for limits and retries in s", (RUN,)),
    Field("vconf.run.bytes_in", LONG, "bytes that the vendor sent, inflated", (RUN,)),
    Field("vconf.run.documents.created", LONG, "documents that are new in Elasticsearch", (RUN,)),
    Field("vconf.run.documents.updated", LONG, "documents that replaced others", (RUN,)),
    Field("vconf.run.documents.unchanged", LONG, "documents that were there already", (RUN,)),
    Field("vconf.run.documents.stale", LONG, "documents of which newer ones were there", (RUN,)),
    Field("vconf.run.documents.rejected", LONG, "documents that were refused", (RUN,)),
    Field("vconf.run.peak_rss_mb", FLOAT, "largest memory use in MB", (RUN,)),
    Field("vconf.slice.day", KEYWORD, "UTC day", (SLICE,)),
    Field("vconf.slice.state", KEYWORD, "complete, empty, partial, deferred or failed", (SLICE,)),
    Field("vconf.slice.settled", BOOLEAN, "whether the day is final", (SLICE,)),
    Field("vconf.slice.listed", LONG, "calls listed", (SLICE,)),
    Field("vconf.slice.harvested", LONG, "calls harvested", (SLICE,)),
    Field("vconf.slice.without_conference", LONG, "calls without a conference on the day", (SLICE,)),
    Field("vconf.slice.failed", LONG, "calls that failed", (SLICE,)),
    Field("vconf.slice.failures", FLATTENED, "failed calls by key, with the reason", (SLICE,)),
    Field("vconf.slice.route", KEYWORD, "which of the vendor's ways to a day was taken", (SLICE,)),
    Field("vconf.slice.attempts", LONG, "runs that fetched this slice", (SLICE,)),
    Field("vconf.slice.retention_ends", DATE, "until when the vendor keeps the day", (SLICE,)),
)

NEUTRAL: tuple[Field, ...] = ECS + COMMON + QUALITY + ISSUES + RUNS


def by_name(own: tuple[Field, ...] = ()) -> dict[str, Field]:
    """The neutral fields and a vendor's own, by name.

    Raises:
        ValueError: two fields have one name.
    """
    fields = {each.name: each for each in (*NEUTRAL, *own)}
    if len(fields) != len(NEUTRAL) + len(own):
        message = "a field stands twice in the field list"
        raise ValueError(message)
    return fields
