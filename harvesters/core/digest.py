"""What tells whether a record is the same as before."""

import hashlib


class Digest:
    """SHA-256 over heads and rows that does not see where parts were cut."""

    def __init__(self) -> None:
        """Nothing seen yet."""
        self._hash = hashlib.sha256()
        self._thing: tuple[str, bytes] | None = None
        self._rows_seen = False

    def add(self, kind: str, head: bytes, rows: bytes) -> None:
        """Take in one part; `rows` is a JSON array."""
        inner = memoryview(rows)[1:-1]
        if (kind, head) != self._thing:
            self._hash.update(b"\n%s\n%s\n" % (kind.encode(), head))
            self._thing, self._rows_seen = (kind, head), False
        if len(inner):
            self._hash.update(b"," if self._rows_seen else b"")
            self._hash.update(inner)
            self._rows_seen = True

    def hexdigest(self) -> str:
        """The first 128 bits, as text."""
        return self._hash.hexdigest()[:32]
