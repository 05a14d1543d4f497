"""Takes secrets out of what is said: behind not saying them at all, the last line of defence.

The secrets of the settings are known to the whole process, as its log is; other ones are known by their shape.
"""

import json
import re

HIDDEN = "(hidden)"
SHORTEST = 8
"""Characters of a secret that is looked for: a shorter one is part of too many words."""
_known: set[str] = set()
_TOKEN = re.compile(r"\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]{8,}")
_HEADER = re.compile(r"(?i)\b((?:bearer|basic|apikey)[ ]+)(?=\S*\d)[\w.~+/=-]{12,}")
_MEMBER = re.compile(
    r"""(?ix)((?:x-opentok-auth|proxy-authorization|access_token|refresh_token|client_secret)\\?["']?\s*[:=]\s*\\?["']?)
    (?=\S*\d)[^\s"',;&\\]{12,}"""
)
_LOGIN = re.compile(r"(?<=://)[^\s/@\"']+@")
_MAIL = re.compile(r"[^\s@<>\"'(),;:/\\]+@[^\s@<>\"'(),;:/\\]+\.[^\s@<>\"'(),;:/\\]+")


def remember(secret: str) -> None:
    """A secret that must not be said from now on; of a key file each of its lines."""
    for line in secret.splitlines():
        if len(line) >= SHORTEST and not line.startswith("-----"):
            _known.update((line, json.dumps(line)[1:-1]))


def redacted(text: str) -> str:
    """A text, JSON perhaps, without secrets, tokens, logins in addresses, and mail addresses."""
    for secret in sorted(_known, key=len, reverse=True):
        text = text.replace(secret, HIDDEN)
    text = _TOKEN.sub(HIDDEN, text)
    text = _HEADER.sub(rf"\1{HIDDEN}", text)
    text = _MEMBER.sub(rf"\1{HIDDEN}", text)
    text = _LOGIN.sub(f"{HIDDEN}@", text)
    return _MAIL.sub("…", text)
