"""Zoom meetings and webinars from the dashboard and report APIs."""

from harvesters.zoom.source import Zoom

__all__ = ["Zoom"]
