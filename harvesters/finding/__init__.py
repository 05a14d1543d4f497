"""Finds calls and people in what was harvested (index, lake or archive) and reads their documents; writes nothing."""
