"""Reports of a statistics event as browsers write them (reference, section 6)."""

from dataclasses import dataclass

from harvesters.sandbox.peermetrics.constants import AUDIO_IN, LOCAL, NO_PAIR, OUT, PAIR, REMOTE, VIDEO_IN, VIDEO_OUT
from harvesters.sandbox.peermetrics.rooms import Json

TICK_S = 10
MIME = {"audio": ("audio/opus", 48000, 111), "video": ("video/VP8", 90000, 96)}
_CHROME_ONLY = ("codecId", "transportId", "trackIdentifier", "jitterBufferDelay", "mid")


@dataclass(frozen=True, slots=True)
class Stream:
    """A stream of one connection, either way.

    Attributes:
        kind: `audio` or `video`.
        ssrc: 32 bits.
        track: the browser's id of the track.
    """

    kind: str
    ssrc: int
    track: str

    def name(self, way: str) -> str:
        """The id of its report: `IT01A4711` or `OT01A4711`."""
        return f"{way}T01{self.kind[0].upper()}{self.ssrc}"


@dataclass(frozen=True, slots=True)
class Flow:
    """What has flowed in a stream since its connection began.

    Attributes:
        seconds: since then.
        packets: that arrived, or were sent.
        octets: of their payload.
        lost: packets that did not arrive.
        frames: of video.
        jitter: seconds.
        rtt: seconds.
        size: of the picture.
        fps: frames a second just now.
        rate: bits and packets a second over the last tick; None for the first one.
    """

    seconds: float
    packets: int
    octets: int
    lost: int = 0
    frames: int = 0
    jitter: float = 0.005
    rtt: float = 0.02
    size: tuple[int, int] = (1280, 720)
    fps: int = 30
    rate: tuple[float, float] | None = None


def _rtp(stream: Stream, kind: str, name: str, ms: float) -> Json:
    mime, clock, payload = MIME[stream.kind]
    return {
        "id": name,
        "kind": stream.kind,
        "ssrc": stream.ssrc,
        "type": kind,
        "codecId": f"C_{kind}_{stream.kind}",
        "mimeType": mime,
        "clockRate": clock,
        "mediaType": stream.kind,
        "timestamp": ms,
        "payloadType": payload,
        "transportId": "T01",
    }


def _rates(flow: Flow) -> Json:
    """From the second tick on; the packets' is eight times too high, as the library has it."""
    return {} if flow.rate is None else {"bitrate": flow.rate[0], "packetRate": flow.rate[1] * 8}


def inbound(stream: Stream, flow: Flow, ms: float) -> Json:
    """An inbound report; its inner `track` is empty."""
    common = {
        **_rtp(stream, "inbound-rtp", stream.name("I"), ms),
        **_rates(flow),
        "track": {},
        "jitter": flow.jitter,
        "packetsLost": flow.lost,
        "bytesReceived": flow.octets,
        "packetsReceived": flow.packets,
        "headerBytesReceived": flow.packets * 28,
        "trackIdentifier": stream.track,
    }
    if stream.kind == "audio":
        samples = round(flow.seconds * 48000)
        measured = {
            "totalAudioEnergy": flow.seconds * 0.03,
            "jitterBufferDelay": samples * 0.04,
            "totalSamplesDuration": flow.seconds,
            "totalSamplesReceived": samples,
            "jitterBufferEmittedCount": samples,
        }
        return {**common, **AUDIO_IN, **measured}
    return {**common, **VIDEO_IN, **_frames_in(flow)}


def _frames_in(flow: Flow) -> Json:
    return {
        "qpSum": flow.frames * 20,
        "frameWidth": flow.size[0],
        "frameHeight": flow.size[1],
        "framesDecoded": flow.frames,
        "framesReceived": flow.frames,
        "framesPerSecond": flow.fps,
        "totalDecodeTime": flow.frames * 0.004,
        "jitterBufferDelay": flow.frames * 0.04,
        "totalInterFrameDelay": flow.seconds * 0.99,
        "jitterBufferEmittedCount": flow.frames,
    }


def outbound(stream: Stream, flow: Flow, ms: float) -> Json:
    """An outbound report; its inner `track` is the media-source report."""
    own = "SA1" if stream.kind == "audio" else "SV1"
    source = {"id": own, "kind": stream.kind, "type": "media-source", "timestamp": ms, "trackIdentifier": stream.track}
    common = {
        **_rtp(stream, "outbound-rtp", stream.name("O"), ms),
        **_rates(flow),
        **OUT,
        "remoteId": f"RI{stream.name('O')}",
        "bytesSent": flow.octets,
        "packetsSent": flow.packets,
        "mediaSourceId": own,
        "headerBytesSent": flow.packets * 28,
    }
    if stream.kind == "audio":
        heard = {"audioLevel": 0.01, "totalAudioEnergy": 0.2, "totalSamplesDuration": flow.seconds}
        return {**common, "track": {**source, **heard}}
    width, height = flow.size
    seen = {"width": width, "height": height, "frames": flow.frames, "framesPerSecond": flow.fps}
    return {**common, "track": {**source, **seen}, **VIDEO_OUT, **_frames_out(flow)}


def _frames_out(flow: Flow) -> Json:
    return {
        "qpSum": flow.frames * 17,
        "frameWidth": flow.size[0],
        "framesSent": flow.frames,
        "frameHeight": flow.size[1],
        "framesEncoded": flow.frames,
        "framesPerSecond": flow.fps,
        "totalEncodeTime": flow.frames * 0.006,
        "qualityLimitationDurations": {"cpu": 0, "none": flow.seconds, "other": 0, "bandwidth": 0},
    }


def remote_inbound(stream: Stream, flow: Flow, ms: float) -> Json:
    """What the other side says of a stream that was sent."""
    measured = max(1, round(flow.seconds / 5))
    return {
        **_rtp(stream, "remote-inbound-rtp", f"RI{stream.name('O')}", ms),
        "jitter": flow.jitter,
        "localId": stream.name("O"),
        "packetsLost": flow.lost,
        "fractionLost": flow.lost / (flow.packets + flow.lost or 1),
        "roundTripTime": flow.rtt,
        "totalRoundTripTime": flow.rtt * measured,
        "roundTripTimeMeasurements": measured,
    }


def remote_outbound(stream: Stream, flow: Flow, ms: float) -> Json:
    """What the other side says that it sent of a stream that was received."""
    return {
        **_rtp(stream, "remote-outbound-rtp", f"RO{stream.name('I')}", ms),
        "localId": stream.name("I"),
        "bytesSent": flow.octets,
        "packetsSent": flow.packets + flow.lost,
        "reportsSent": max(1, round(flow.seconds / 5)),
        "remoteTimestamp": ms - 40,
        "totalRoundTripTime": 0,
        "roundTripTimeMeasurements": 0,
    }


def pair(flow: Flow, ms: float, candidate: str = "host", protocol: str = "udp") -> Json:
    """The pair of candidates in use; `flow` is everything that was received, and as much was sent."""
    checks = round(flow.seconds / 2.5)
    relayed = {"relayProtocol": protocol, "url": "turn:turn.example.org:443"} if candidate == "relay" else {}
    local = {**LOCAL, **relayed, "protocol": protocol, "candidateType": candidate, "timestamp": ms}
    names = ("requestsSent", "responsesSent", "requestsReceived", "responsesReceived", "consentRequestsSent")
    return {
        **PAIR,
        **dict.fromkeys(names, checks),
        "local": local,
        "remote": {**REMOTE, "timestamp": ms},
        "timestamp": ms,
        "bytesSent": flow.octets,
        "packetsSent": flow.packets,
        "bytesReceived": flow.octets,
        "packetsReceived": flow.packets,
        "totalRoundTripTime": flow.rtt * checks,
        "currentRoundTripTime": flow.rtt,
        "lastPacketSentTimestamp": ms,
        "lastPacketReceivedTimestamp": ms,
    }


def no_pair() -> Json:
    """What stands there before ICE has finished."""
    return dict(NO_PAIR)


def as_firefox(report: Json) -> Json:
    """A report without what Firefox lacks, and with no inner track."""
    return {name: value for name, value in report.items() if name not in _CHROME_ONLY} | {"track": {}}


def pair_as_firefox(report: Json) -> Json:
    """The pair with what Firefox says instead."""
    lacks = ("availableOutgoingBitrate", "currentRoundTripTime", "totalRoundTripTime", "packetsSent", "packetsReceived")
    return {name: value for name, value in report.items() if name not in lacks} | {"selected": True}
