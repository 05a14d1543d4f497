"""OpenTok Insights simulated: an envelope by graphql-core, statistics rows as ready bytes."""

from harvesters.sandbox.opentok.app import DEFAULT_RULES, Served, serve_opentok

__all__ = ["DEFAULT_RULES", "Served", "serve_opentok"]
