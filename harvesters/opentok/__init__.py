"""OpenTok (Vonage Video): sessions, meetings and stream statistics from the Insights GraphQL API."""

from harvesters.opentok.source import OpenTok

__all__ = ["OpenTok"]
