"""A watchdog for tests, as healthchecks.io is one: it hears pings over a real socket.

with watchdog() as dog:
    shell("opentok", PING_URL=dog.url)
    assert events(dog) == ["/start", ""]
"""

from __future__ import annotations

from harvesters.sandbox import Response, Server

SECRET_PATH = "/ping/5bf66975-d4c7-4bf5-bcc8-b8d8a82ea278"


def watchdog(response: Response | None = None) -> Server:
    """One that gives this answer to every ping, and no other than OK without it."""
    return Server(lambda _request: response or Response(200, {}, b"OK"), path=SECRET_PATH)


def events(dog: Server) -> list[str]:
    """What was told, in order."""
    return [each.path.removeprefix(SECRET_PATH) for each in dog.log]


def bodies(dog: Server) -> list[str]:
    """The texts, in the same order."""
    return [each.body.decode() for each in dog.log]
