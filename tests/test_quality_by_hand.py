"""Roll-ups of a small call of OpenTok and of Zoom, from the vendor's rows to the documents, worked out by hand.

That of peermetrics: `test_peermetrics_samples.py`. Audio in Opus, where nobody says otherwise: Ie 0, Bpl 20, so that
R is 93.2 - 0.024 d - 95 x loss / (loss + 20), and MOS is 1 + 0.035 R + 7e-6 R (R - 60) (100 - R).
"""

import json
from collections import Counter
from dataclasses import replace
from functools import partial
from typing import Any

from harvesters.core.recipe import Recipe
from harvesters.core.source import Record
from harvesters.opentok import OpenTok
from harvesters.quality.assessment import QualityAssessment
from harvesters.quality.scoring import Judge
from harvesters.quality.thresholds import thresholds
from harvesters.zoom import Zoom
from tests import opentok_records as opentok
from tests import zoom_records as zoom

Json = Any


def judged(recipe: Recipe, record: Record, nominal_s: float) -> dict[str, list[Json]]:
    """The documents by type."""
    assess = partial(QualityAssessment, judge=Judge(thresholds()), nominal_s=nominal_s)
    found: dict[str, list[Json]] = {}
    for each in replace(recipe, assess=assess).documents(record, opentok.FETCHED_AT, Counter()):
        found.setdefault(each.type, []).append(json.loads(each.source)["vconf"])
    return found


def heard(at: str, loss: float) -> Json:
    """A row of a subscriber to audio alone."""
    return opentok.received(
        createdAt=f"2026-11-20T09:{at}.000Z", audioPacketLoss=loss, audioLatencyMs=40, subscribeToVideo=False
    )


def test_a_small_call_of_opentok() -> None:
    """One subscribes from 09:03:00 on. Rows stand for 30, 30, 20 and 80 s: what passed since the one before.

    Loss: (30 x 0 + 30 x 1 + 20 x 15 + 80 x 0) / 160 = 330 / 160 = 2.0625 %. 1 % is not exceeded for 140 of 160 s, which
    is less than 95 %, so the 95th percentile is 15.

    From mouth to ear d = 20 + 40 = 60 ms, and R is 91.76 less 0, 95 / 21 = 4.52381, and 1425 / 35 = 40.71429.
    R = 91.76:    1 + 3.2116   + 7e-6 x 91.76 x 31.76 x 8.24       = 4.2116   + 0.168097 = 4.3797, good
    R = 87.23619: 1 + 3.053267 + 7e-6 x 87.23619 x 27.23619 x 12.76381 = 4.053267 + 0.212286 = 4.2656, good
    R = 51.04571: 1 + 1.7866   + 7e-6 x 51.04571 x -8.95429 x 48.95429 = 2.7866   - 0.156631 = 2.63, poor by loss

    MOS: (110 x 4.3797 + 30 x 4.2656 + 20 x 2.63) / 160 = (481.767 + 127.968 + 52.6) / 160 = 4.1396: good, since it was
    poor for no 30 s. Of 160 s 20 were poor: 12.5 %, which is less than the fifth from which on a reason is named. The
    first tenth of the time, 16 s, has at most 2.63.
    """
    rows = [heard("03:30", 0), heard("04:00", 0.01), heard("04:20", 0.15), heard("05:40", 0)]
    found = judged(opentok.recipe(), opentok.record(("subscriber", opentok.subscriber(), rows)), OpenTok.interval_s)
    labels = [(each["quality"]["audio"]["mos"], each["quality"]["audio"]["label"]) for each in found["sample"]]
    assert labels == [(4.3797, "good"), (4.2656, "good"), (2.63, "poor"), (4.3797, "good")]
    assert found["stream"][0]["quality"]["audio"] == {
        "label": "good",
        "samples": 4,
        "scored_s": 160,
        "inputs": ["latency", "loss"],
        "poor_s": 20,
        "poor_pct": 12.5,
        "mos": {"avg": 4.1396, "p10": 2.63, "min": 2.63},
        "loss_pct": {"avg": 2.0625, "p95": 15, "max": 15},
        "latency_ms": {"avg": 40, "p95": 40, "max": 40},
    }
    of_all = {
        "mos": {"avg": 4.1396, "min": 2.63},
        "loss_pct": {"avg": 2.0625, "max": 15},
        "poor_s": 20,
        "scored_s": 160,
    }
    (whole,), people = found["conference"], {each["participant"]["id"]: each for each in found["participant"]}
    receiver = people[found["stream"][0]["participant"]["id"]]["quality"]["received"]["audio"]
    for block in (whole["quality"]["received"]["audio"], receiver):
        assert {name: block[name] for name in of_all} == of_all
    # 24 minutes of subscribing; of two people who were there from 09:01 to 09:29.
    assert whole["minutes"] == {"participant": 56, "attendance": 56, "subscribed": 24}
    assert (whole["verdict"]["code"], whole["poor_participants_pct"]) == ("short_burst", 0)


def flow(loss: str, latency: str, jitter: str) -> Json:
    return {**zoom.BLANK_FLOW, "bitrate": "63 kbps", "latency": latency, "jitter": jitter, "avg_loss": loss}


def test_a_small_meeting_of_zoom() -> None:
    """Three minutes of one who hears; Zoom's latency is there and back.

    From mouth to ear 20 + latency / 2 + 2 x jitter: 20 + 67 + 12 = 99, 20 + 150 + 60 = 230, 20 + 67 + 12 = 99 ms.
    R = 93.2 - 2.376                                 = 90.824:   1 + 3.17884  + 0.179821 = 4.3587, good
    R = 93.2 - 5.52 - 0.11 x 52.7 - 95 x 2 / 22      = 73.24664: 1 + 2.563632 + 0.181706 = 3.7453, fair
    R = 93.2 - 2.376 - 95 x 12 / 32                  = 55.199:   1 + 1.931965 - 0.083109 = 2.8489, poor by loss

    MOS: (4.3587 + 3.7453 + 2.8489) / 3 = 10.9529 / 3 = 3.651. Loss: 14 / 3 = 4.6667 %, rtt: 568 / 3 = 189.3333 ms,
    jitter: 42 / 3 = 14 ms. Each minute is a third: of the time poor, 33.3333 % and 60 s, which makes the whole poor.
    """
    minutes = [
        zoom.minute(number, audio_input={**zoom.BLANK_FLOW}, audio_output=flow(*each))
        for number, each in enumerate(
            (("0%", "134 ms", "6 ms"), ("2%", "300 ms", "30 ms"), ("12%", "134 ms", "6 ms")), 5
        )
    ]
    record = zoom.record(zoom.people(zoom.joined()), zoom.measured(zoom.joined(), *minutes))
    found = judged(zoom.recipe(), record, Zoom.interval_s)
    heard = [each["quality"]["audio"] for each in found["sample"] if each["stream"]["direction"] == "received"]
    labels = [(each["mos"], each["label"]) for each in heard]
    assert labels == [(4.3587, "good"), (3.7453, "fair"), (2.8489, "poor")]
    (received,) = [each for each in found["stream"] if each["stream"]["direction"] == "received"]
    assert received["quality"]["audio"] == {
        "label": "poor",
        "poor_due_to": ["loss"],
        "samples": 3,
        "scored_s": 180,
        "inputs": ["jitter", "loss", "rtt"],
        "poor_s": 60,
        "poor_pct": 33.3333,
        "mos": {"avg": 3.651, "p10": 2.8489, "min": 2.8489},
        "loss_pct": {"avg": 4.6667, "p95": 12, "max": 12},
        "rtt_ms": {"avg": 189.3333, "p95": 300, "max": 300},
        "jitter_ms": {"avg": 14, "p95": 30, "max": 30},
        "bitrate_kbps": {"avg": 63, "p95": 63, "max": 63},
    }
    (whole,) = found["conference"]
    assert whole["poor_participants_pct"] == 100
    assert whole["minutes"]["participant"] == 28
