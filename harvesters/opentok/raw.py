"""Verbatim JSON that is looked at without being decoded."""

import msgspec

NULL = b"null"


def is_null(raw: msgspec.Raw | bytes) -> bool:
    """Whether verbatim JSON is null; looks without copying, since it may be megabytes."""
    view = memoryview(raw)
    return view.nbytes == len(NULL) and bytes(view) == NULL
