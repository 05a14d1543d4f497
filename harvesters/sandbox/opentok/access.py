"""Who may ask: the token of a classic OpenTok project or of a Vonage application, and the rate limit."""

import threading
from collections import defaultdict, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import jwt

from harvesters.sandbox.opentok.rules import Code, Rules


class RefusedError(Exception):
    """A request refused before GraphQL: `code` and `message` are what the client is told."""

    def __init__(self, code: Code, message: str) -> None:
        super().__init__(message)
        self.code, self.message = code, message


@dataclass(frozen=True, slots=True)
class Access:
    """One project's key and secret, and the clock that tells whether a token is fresh.

    With `public_key` (PEM) the project is an application too, whose id is `key`.
    """

    key: str
    secret: str
    now: Callable[[], datetime]
    rules: Rules
    public_key: str | None = None

    def project(self, headers: Mapping[str, str]) -> str:
        """The project that a token speaks for, a project's (`X-OPENTOK-AUTH`) or an application's (`Bearer`).

        Raises:
            RefusedError: no token, a stale one (both 1001), no JWT at all or one without the claims (1011), a
                key of nobody (1008), a wrong signature or an `iat` ahead of time (1020), a token of another
                kind than a project's (1021).
        """
        scheme, _, bearer = headers.get("authorization", "").partition(" ")
        unified = scheme.lower() == "bearer" and self.public_key is not None
        token = bearer if unified else headers.get("x-opentok-auth")
        if not token:
            raise RefusedError(Code.NO_AUTHENTICATION, "No valid authentication was found.")
        claims = self._claims(token, unified=unified)
        issued, expires = _instant(claims, "iat"), _instant(claims, "exp")
        now = self.now().timestamp()
        if expires <= now:
            raise RefusedError(Code.NO_AUTHENTICATION, "The token has expired.")
        if issued > now + self.rules.leeway.total_seconds():
            raise RefusedError(Code.TOKEN_NOT_VALIDATED, "The token is not valid yet.")
        if not unified and claims.get("ist") != "project":
            raise RefusedError(Code.NOT_ALLOWED, "Only a project's token may read this project.")
        return self.key

    def _claims(self, token: str, *, unified: bool) -> dict[str, object]:
        issuer = "application_id" if unified else "iss"
        key, algorithm = (self.public_key, "RS256") if unified else (self.secret, "HS256")
        try:
            if str(jwt.decode(token, options={"verify_signature": False}).get(issuer)) != self.key:
                raise RefusedError(Code.BAD_PROJECT, "You must provide a valid project ID.")
            # The times are checked against the sandbox's own clock, which need not be the machine's.
            options: Any = {"verify_exp": False, "verify_iat": False, "verify_iss": False}
            return dict(jwt.decode(token, key or "", algorithms=[algorithm], options=options))
        except (jwt.InvalidSignatureError, jwt.InvalidAlgorithmError) as error:
            raise RefusedError(Code.TOKEN_NOT_VALIDATED, "The token could not be validated.") from error
        except jwt.InvalidTokenError as error:
            raise RefusedError(Code.INVALID_TOKEN, "The token is invalid.") from error


def _instant(claims: dict[str, object], name: str) -> float:
    value = claims.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise RefusedError(Code.INVALID_TOKEN, f"The token has no usable '{name}'.")
    return value


class RateLimit:
    """Fewer than `limit` requests of one sender in any stretch of `window`; refused ones do not count.

    Args:
        limit: None lets everything pass.
        window: the stretch.
        ticks: seconds that only go forward; the sandbox's calendar may stand still, this must not.
    """

    def __init__(self, limit: int | None, window: timedelta, ticks: Callable[[], float]) -> None:
        self._limit, self._window, self._ticks = limit, window.total_seconds(), ticks
        self._seen: defaultdict[str, deque[float]] = defaultdict(deque)
        self._lock = threading.Lock()

    def passes(self, sender: str) -> bool:
        """Whether this sender's request may pass now; if so it counts from now on."""
        if self._limit is None:
            return True
        with self._lock:
            now, seen = self._ticks(), self._seen[sender]
            while seen and seen[0] <= now - self._window:
                seen.popleft()
            if len(seen) + 1 >= self._limit:
                return False
            seen.append(now)
            return True
