"""peermetrics conferences from the API of a self-hosted WebRTC monitor."""

from harvesters.peermetrics.source import Peermetrics

__all__ = ["Peermetrics"]
