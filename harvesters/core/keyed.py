"""What stands for a personal value: its HMAC under the user's key, which nobody undoes who lacks the key.

A plain hash would be no protection: mail addresses and names can be guessed and hashed.
"""

import hashlib
import hmac
import stat
from dataclasses import dataclass, field
from pathlib import Path

ENV = "PRIVACY_KEY_FILE"
SHORTEST = 32
"""Bytes of a key."""
KEPT = 16
"""Bytes of an HMAC that are kept: 128 bits, so that no two people share a pseudonym."""
ID = 4
HOW = f"make one with `(umask 077; openssl rand -hex {SHORTEST} > privacy.key)`, and keep a copy."


@dataclass(frozen=True, slots=True)
class Key:
    """The user's key; `id` tells keys apart and gives nothing away."""

    secret: bytes = field(repr=False)
    id: str

    def of(self, kind: str, value: str) -> str:
        """What stands for a value of a kind, such as a field's name: 32 hexadecimal digits.

        The kind goes into the input, so that equal values of two kinds do not look equal.
        """
        # Its length first: no kind and value run together into another pair.
        name = kind.encode()
        text = len(name).to_bytes(4) + name + value.encode("utf-8", "surrogatepass")
        return hmac.digest(self.secret, text, "sha256")[:KEPT].hex()


def read_key(path: Path | None, problems: list[str]) -> Key | None:
    """The key in the setting's file, None without one; what is wrong is added to `problems`.

    White space around the key does not belong to it: editors end a file with a line end.
    """
    if path is None or not path.is_file():  # which is said with the other settings
        return None
    try:
        secret = path.read_bytes().strip()
    except OSError as error:
        problems.append(f"{ENV} names {path}, which cannot be read: {error.strerror}.")
        return None
    if len(secret) < SHORTEST:
        problems.append(f"{ENV} names {path}, whose key has {len(secret)} bytes; {SHORTEST} are the least: {HOW}")
        return None
    return Key(secret, hashlib.sha256(b"vconf-harvest key id\0" + secret).hexdigest()[: 2 * ID])


def exposed_key(path: Path | None) -> list[str]:
    """A warning if every user of the machine may read the key."""
    if path is None or not path.is_file() or not path.stat().st_mode & stat.S_IROTH:
        return []
    return [f"{path} holds the key of {ENV}, and every user of this machine can read it: chmod 600 {path}"]
