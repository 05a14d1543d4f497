"""The one picture that Lens cannot draw: who was there from when to when, as Vega-Lite."""

from typing import Any

from harvesters.dashboards.model import View
from harvesters.dashboards.views import TIME, pattern

Json = dict[str, Any]
MOST = 500
SHOWN = (
    "event.start", "event.end", "user.id", "user.full_name", "vconf.participant.id", "vconf.participant.dropped",
    "vconf.conference.name", "vconf.quality.received.audio.label",
)  # fmt: skip
WHO = "datum._source.user ? (datum._source.user.full_name || datum._source.user.id) : null"
HEARD = (
    "datum._source.vconf.quality && datum._source.vconf.quality.received && "
    "datum._source.vconf.quality.received.audio ? datum._source.vconf.quality.received.audio.label : 'unknown'"
)
LABELS, COLOURS = ["good", "fair", "poor", "unknown"], ["#209280", "#D6BF57", "#CC5642", "#98A2B3"]


def body() -> Json:
    """What Elasticsearch is asked; Kibana adds time and filters."""
    return {"size": MOST, "_source": list(SHOWN), "sort": [{TIME: {"order": "asc"}}]}


def presences(prefix: str, view: View) -> Json:
    """A bar from join to leave for each stay, coloured by how its audio was received."""
    url = {"%context%": True, "%timefield%": TIME, "index": pattern(prefix, view), "body": body()}
    return {
        "$schema": "https://vega.github.io/schema/vega-lite/v5.json",
        "data": {"url": url, "format": {"property": "hits.hits"}},
        "transform": [
            {"calculate": f"({WHO}) || datum._id", "as": "who"},
            {"calculate": "toDate(datum._source.event.start)", "as": "came"},
            {"calculate": "toDate(datum._source.event.end || datum._source.event.start)", "as": "left"},
            {"calculate": HEARD, "as": "heard"},
            {"calculate": "datum._source.vconf.participant.dropped ? 'cut off' : ''", "as": "cut"},
        ],
        # The thin edge shows a stay whose end is not known, which has no width.
        "mark": {"type": "bar", "height": 8, "tooltip": True, "stroke": "#69707D", "strokeWidth": 0.5},
        "encoding": {
            "x": {"field": "came", "type": "temporal", "title": None},
            "x2": {"field": "left"},
            "y": {"field": "who", "type": "nominal", "title": None, "sort": {"field": "came", "op": "min"}},
            "color": {
                "field": "heard",
                "type": "nominal",
                "title": "audio received",
                "scale": {"domain": LABELS, "range": COLOURS},
            },
            "tooltip": [
                {"field": "who", "type": "nominal"},
                {"field": "came", "type": "temporal", "format": "%H:%M:%S"},
                {"field": "left", "type": "temporal", "format": "%H:%M:%S"},
                {"field": "heard", "type": "nominal"},
                {"field": "cut", "type": "nominal"},
            ],
        },
    }
