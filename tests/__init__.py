"""Tests of vconf-harvest: `make test` runs them against a real Elasticsearch."""
