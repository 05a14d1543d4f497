"""Zoom simulated: its token endpoint, dashboards, reports and past meetings, over real HTTP."""

from harvesters.sandbox.zoom.app import DEFAULT_RULES, Zoom, ZoomServer, serve_zoom
from harvesters.sandbox.zoom.builder import ABSENT, HOST, Person, Share, meeting, minute
from harvesters.sandbox.zoom.meetings import Host, Meeting, Meetings, Session
from harvesters.sandbox.zoom.rules import UNLIMITED, Category, Limits, ZoomRules

__all__ = [
    "ABSENT",
    "DEFAULT_RULES",
    "HOST",
    "UNLIMITED",
    "Category",
    "Host",
    "Limits",
    "Meeting",
    "Meetings",
    "Person",
    "Session",
    "Share",
    "Zoom",
    "ZoomRules",
    "ZoomServer",
    "meeting",
    "minute",
    "serve_zoom",
]
