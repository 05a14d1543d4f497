"""Dashboards for Kibana, as data: what they ask, how that is written for Kibana, and how it gets there."""
