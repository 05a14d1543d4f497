"""A self-hosted peermetrics server simulated: the read side of its API, over real HTTP."""

from harvesters.sandbox.peermetrics.app import DEFAULT, Peermetrics, PeermetricsServer, serve_peermetrics
from harvesters.sandbox.peermetrics.builder import APP, BuiltRoom, Call, call, room, world
from harvesters.sandbox.peermetrics.rooms import Rooms, Rows, Stored, app_row
from harvesters.sandbox.peermetrics.rules import PeermetricsRules
from harvesters.sandbox.peermetrics.stays import Person

__all__ = [
    "APP",
    "DEFAULT",
    "BuiltRoom",
    "Call",
    "Peermetrics",
    "PeermetricsRules",
    "PeermetricsServer",
    "Person",
    "Rooms",
    "Rows",
    "Stored",
    "app_row",
    "call",
    "room",
    "serve_peermetrics",
    "world",
]
