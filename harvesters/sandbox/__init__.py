"""Vendors simulated on the loopback interface, over real HTTP, for trying things without an account.

`serve_opentok` gives a `Server` that behaves as the OpenTok Insights API, within `Rules`; `load_folder`
reads real answers, `shift` moves them to another day, `ANSWERS` is the folder of those that come along.
`serve_zoom` gives one that behaves as the Zoom API, within `ZoomRules`; `serve_peermetrics` one that behaves as a
self-hosted peermetrics, within `PeermetricsRules`.
"""

from pathlib import Path

from harvesters.sandbox.opentok import serve_opentok
from harvesters.sandbox.opentok.answers import load_folder, shift
from harvesters.sandbox.opentok.rules import Rules
from harvesters.sandbox.peermetrics import PeermetricsRules, serve_peermetrics
from harvesters.sandbox.server import Request, Response, Server
from harvesters.sandbox.zoom import ZoomRules, serve_zoom

ANSWERS = Path(__file__).parent / "answers" / "opentok"

__all__ = [
    "ANSWERS",
    "PeermetricsRules",
    "Request",
    "Response",
    "Rules",
    "Server",
    "ZoomRules",
    "load_folder",
    "serve_opentok",
    "serve_peermetrics",
    "serve_zoom",
    "shift",
]
