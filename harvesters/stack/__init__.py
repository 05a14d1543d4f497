"""Elasticsearch and Kibana on this machine: in Docker, or Elasticsearch alone as a process of ours."""
