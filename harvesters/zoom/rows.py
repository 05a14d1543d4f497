"""The minutes of a participation as measurements of what it sent and what it received: the hot path.

*input* is what the participant sent, *output* what it received. Of room systems and browsers, which join by way of a
gateway (crc, rwg), what the device sent to the gateway and got from it stands in members of their own: *from* the
device is sent, *to* it is received (reference, 11.4). They count where the participant's own are blank in a minute.
"""

from collections import Counter
from collections.abc import Iterable
from functools import lru_cache

import msgspec

from harvesters.core.day import instant_ms
from harvesters.core.lenient import RowDecoder, decoded
from harvesters.core.source import Part
from harvesters.core.tree import Cpu, Interval, Machine, Medium, Quality, Row, Wifi
from harvesters.zoom.texts import NO_PIXELS, Text, bitrate, frames, milliseconds, percent, size, strength

BLANK = ("vendor_blank",)
NOTHING = Quality()
MINUTE = Interval(60.0)
instant = lru_cache(maxsize=8192)(instant_ms)


class Flow(msgspec.Struct, gc=False):
    """What flowed in one direction in one minute; texts with units."""

    bitrate: Text = None
    latency: Text = None
    jitter: Text = None
    avg_loss: Text = None
    max_loss: Text = None
    resolution: Text = None
    frame_rate: Text = None


NO_PICTURE, NO_SOUND = Flow("", "", "", "", "", "", ""), Flow("", "", "", "", "")
"""What a minute has in which nothing flowed: most of its members, so they are known at a glance."""


class Usage(msgspec.Struct, gc=False):
    """`cpu_usage`."""

    zoom_min_cpu_usage: Text = None
    zoom_avg_cpu_usage: Text = None
    zoom_max_cpu_usage: Text = None
    system_max_cpu_usage: Text = None


class Signal(msgspec.Struct, gc=False):
    """`wifi_rssi`, in dBm."""

    min_rssi: Text = None
    avg_rssi: Text = None
    max_rssi: Text = None
    rssi_unit: str | None = None


class Pressure(msgspec.Struct, gc=False):
    """`cpu_pressure_level`: words."""

    system_min_cpu_pressure_level: str | None = None
    system_avg_cpu_pressure_level: str | None = None
    system_max_cpu_pressure_level: str | None = None


class Minute(msgspec.Struct, gc=False):
    """One element of `user_qos`, without what gateways measured."""

    date_time: str | None = None
    audio_input: Flow | None = None
    audio_output: Flow | None = None
    video_input: Flow | None = None
    video_output: Flow | None = None
    as_input: Flow | None = None
    as_output: Flow | None = None
    cpu_usage: Usage | None = None
    cpu_pressure_level: Pressure | None = None
    wifi_rssi: Signal | None = None


class Gateways(msgspec.Struct, gc=False):
    """What gateways measured in the minute, of room systems (crc) and of browsers (rwg)."""

    date_time: str | None = None
    audio_device_from_crc: Flow | None = None
    audio_device_to_crc: Flow | None = None
    video_device_from_crc: Flow | None = None
    video_device_to_crc: Flow | None = None
    as_device_from_crc: Flow | None = None
    as_device_to_crc: Flow | None = None
    audio_device_from_rwg: Flow | None = None
    audio_device_to_rwg: Flow | None = None
    video_device_from_rwg: Flow | None = None
    video_device_to_rwg: Flow | None = None
    as_device_from_rwg: Flow | None = None
    as_device_to_rwg: Flow | None = None


minutes = RowDecoder(Minute, elsewhere=Gateways)
_gateways = msgspec.json.Decoder(list[Gateways | None])
UNREADABLE = "unreadable quality at a gateway"


def measurements(parts: Iterable[Part], oddities: Counter[str]) -> tuple[list[Row], list[Row]]:
    """What was sent and what was received, minute by minute, in order of time; a minute that came twice counts once."""
    sent: dict[int, Row] = {}
    received: dict[int, Row] = {}
    for part in parts:
        gateways = _Gateways(part.rows, oddities)
        for minute in minutes.decode(part.rows, oddities):
            at = instant(minute.date_time)
            if at is None:
                oddities["minutes without a time"] += 1
            elif at not in sent:
                machine = _machine(minute, oddities)
                sent[at] = _row(at, _sent(minute, oddities) or gateways.sent(minute), machine)
                received[at] = _row(at, _received(minute, oddities) or gateways.received(minute), machine)
    return _ordered(sent), _ordered(received)


def _ordered(rows: dict[int, Row]) -> list[Row]:
    return [rows[at] for at in sorted(rows)]


def _row(at: int, quality: Quality | None, machine: Machine) -> Row:
    return Row(at, quality or NOTHING, None, () if quality else BLANK, machine)


def _sent(minute: Minute, oddities: Counter[str]) -> Quality | None:
    return _quality(
        _medium(minute.audio_input, oddities),
        _medium(minute.video_input, oddities),
        _medium(minute.as_input, oddities),
    )


def _received(minute: Minute, oddities: Counter[str]) -> Quality | None:
    return _quality(
        _medium(minute.audio_output, oddities),
        _medium(minute.video_output, oddities),
        _medium(minute.as_output, oddities),
    )


def _quality(audio: Medium | None, video: Medium | None, screen: Medium | None) -> Quality | None:
    return None if audio is video is screen is None else Quality(audio, video, screen)


class _Gateways:
    """The minutes at the gateways, read when they are asked for the first time: few participations need them."""

    def __init__(self, rows: bytes, oddities: Counter[str]) -> None:
        self._rows, self._oddities = rows, oddities
        self._minutes: dict[str | None, Gateways] | None = None

    def sent(self, minute: Minute) -> Quality | None:
        """What a device sent to its gateway."""
        at = self._at(minute)
        if at is None:
            return None
        return _quality(
            self._either(at.audio_device_from_crc, at.audio_device_from_rwg),
            self._either(at.video_device_from_crc, at.video_device_from_rwg),
            self._either(at.as_device_from_crc, at.as_device_from_rwg),
        )

    def received(self, minute: Minute) -> Quality | None:
        """What a device got from its gateway."""
        at = self._at(minute)
        if at is None:
            return None
        return _quality(
            self._either(at.audio_device_to_crc, at.audio_device_to_rwg),
            self._either(at.video_device_to_crc, at.video_device_to_rwg),
            self._either(at.as_device_to_crc, at.as_device_to_rwg),
        )

    def _at(self, minute: Minute) -> Gateways | None:
        if self._minutes is None:
            there = b"_crc" in self._rows or b"_rwg" in self._rows
            found = decoded(_gateways, self._rows) if there else []
            if found is None:
                self._oddities[UNREADABLE] += 1
            self._minutes = {each.date_time: each for each in found or () if each}
        return self._minutes.get(minute.date_time)

    def _either(self, room: Flow | None, browser: Flow | None) -> Medium | None:
        return _medium(room, self._oddities) or _medium(browser, self._oddities)


def _medium(flow: Flow | None, oddities: Counter[str]) -> Medium | None:
    """One medium in our units; None where every text is blank."""
    if flow is None or (not flow.bitrate and flow in (NO_PICTURE, NO_SOUND)):
        return None
    rate, rtt = bitrate(flow.bitrate), milliseconds(flow.latency)
    jitter, loss = milliseconds(flow.jitter), percent(flow.avg_loss)
    fps = None if flow.frame_rate is None else frames(flow.frame_rate)
    pixels = NO_PIXELS if flow.resolution is None else size(flow.resolution)
    # NaN is unlike itself; so the quick way asks once whether anything is unreadable.
    if pixels is None or rate != rate or rtt != rtt or jitter != jitter or loss != loss or fps != fps:  # noqa: PLR0124
        return _partly(flow, oddities)
    if rate is rtt is jitter is loss is fps is None and pixels is NO_PIXELS:
        return None
    return Medium(loss, None, rate, *pixels, rtt, jitter, fps)


def _partly(flow: Flow, oddities: Counter[str]) -> Medium | None:
    """The same where something is unreadable: that is absent and counted."""
    rate = _readable("bitrate", bitrate(flow.bitrate), oddities)
    rtt = _readable("latency", milliseconds(flow.latency), oddities)
    jitter = _readable("jitter", milliseconds(flow.jitter), oddities)
    loss = _readable("avg_loss", percent(flow.avg_loss), oddities)
    fps = _readable("frame_rate", frames(flow.frame_rate), oddities)
    pixels = size(flow.resolution)
    if pixels is None:
        oddities["unreadable 'resolution'"] += 1
    known = Medium(loss, None, rate, *(pixels or NO_PIXELS), rtt, jitter, fps)
    return None if known == Medium() else known


def _readable(name: str, value: float | None, oddities: Counter[str]) -> float | None:
    if value is not None and value != value:  # noqa: PLR0124 - NaN
        oddities[f"unreadable '{name}'"] += 1
        return None
    return value


def _machine(minute: Minute, oddities: Counter[str]) -> Machine:
    usage, signal = minute.cpu_usage, minute.wifi_rssi
    cpu = _cpu(usage, oddities) if usage else None
    rssi = _readable("avg_rssi", strength(signal.avg_rssi), oddities) if signal else None
    return Machine(MINUTE, cpu, None if rssi is None else Wifi(rssi))


def _cpu(usage: Usage, oddities: Counter[str]) -> Cpu | None:
    app, system = percent(usage.zoom_avg_cpu_usage), percent(usage.system_max_cpu_usage)
    if app != app or system != system:  # noqa: PLR0124 - NaN
        app = _readable("zoom_avg_cpu_usage", app, oddities)
        system = _readable("system_max_cpu_usage", system, oddities)
    return None if app is system is None else Cpu(app, system)
