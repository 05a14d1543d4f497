"""The token endpoint of a Server-to-Server app, and what a token allows (reference, section 3)."""

import base64
import binascii
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b
from urllib.parse import parse_qsl, urlsplit

import msgspec

from harvesters.sandbox.server import Request, Response
from harvesters.sandbox.zoom.refusals import JSON, RefusedError
from harvesters.sandbox.zoom.routes import GRANULAR
from harvesters.sandbox.zoom.rules import ZoomRules

PATH = "/oauth/token"


@dataclass(frozen=True, slots=True)
class App:
    """The account and its app, by which clients log in."""

    account: str
    client_id: str
    client_secret: str


@dataclass(frozen=True, slots=True)
class _Token:
    ends: datetime
    scopes: frozenset[str]


class TokenDesk:
    """Gives out tokens and knows those that it gave out."""

    def __init__(self, app: App, now: Callable[[], datetime], rules: ZoomRules) -> None:
        """`now`: the sandbox's clock."""
        self._app, self._now, self._rules = app, now, rules
        self._tokens: dict[str, _Token] = {}
        self._given = 0
        self._lock = threading.Lock()

    def answer(self, request: Request) -> Response:
        """The answer of the token endpoint; the parameters may be a form or a query."""
        if request.method != "POST":
            return Response(405, {"Allow": "POST"})
        query = urlsplit(request.path).query
        params = {**dict(parse_qsl(query)), **dict(parse_qsl(request.body.decode("latin-1")))}
        if _basic(request.headers) != (self._app.client_id, self._app.client_secret):
            return self._refused("Invalid client_id or client_secret", "invalid_client")
        if params.get("grant_type") != "account_credentials":
            return self._refused("unsupported grant type", "unsupported_grant_type")
        if params.get("account_id") != self._app.account:
            return self._refused("Account does not exist", "invalid_request")
        return Response(200, JSON, msgspec.json.encode(self._granted(request.headers.get("host", ""))))

    def scopes(self, headers: Mapping[str, str]) -> frozenset[str]:
        """What the token of a request allows.

        Raises:
            RefusedError: there is no token, nobody knows it, or its time is over (all 401, 124).
        """
        scheme, _, token = headers.get("authorization", "").partition(" ")
        with self._lock:
            known = self._tokens.get(token) if scheme.lower() == "bearer" else None
        if known is None:
            raise RefusedError(401, 124, "Invalid access token.")
        if known.ends <= self._now():
            raise RefusedError(401, 124, "Access token is expired.")
        return known.scopes

    def revoke(self) -> None:
        """No token that was given out is known any longer."""
        with self._lock:
            self._tokens.clear()

    def _refused(self, reason: str, error: str) -> Response:
        return Response(self._rules.token_refusal, JSON, msgspec.json.encode({"reason": reason, "error": error}))

    def _granted(self, host: str) -> dict[str, object]:
        names = GRANULAR if self._rules.scopes is None else self._rules.scopes
        now = self._now()
        with self._lock:
            if self._rules.old_tokens == "end":
                self._tokens.clear()
            self._given += 1
            told = f"{self._app.client_secret}/{self._given}/{now}".encode()
            token = base64.urlsafe_b64encode(blake2b(told, digest_size=48).digest()).decode()
            self._tokens[token] = _Token(now + self._rules.token_life, frozenset(names))
        own = {"api_url": f"http://{host}"} if self._rules.api_url == "own" else {}
        seconds = int(self._rules.token_life.total_seconds())
        return {"access_token": token, "token_type": "bearer", "expires_in": seconds, "scope": " ".join(names), **own}


def _basic(headers: Mapping[str, str]) -> tuple[str, str] | None:
    scheme, _, packed = headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        name, _, word = base64.b64decode(packed, validate=True).decode().partition(":")
    except (ValueError, binascii.Error):
        return None
    return name, word
