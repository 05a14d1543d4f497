"""Who may ask: the token of a classic OpenTok project, and the rate limit."""

import threading
from collections import defaultdict, deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import jwt

from harvesters.sandbox.opentok.rules import Code, Rules


class RefusedError(Exception):
    """A request refused before GraphQL: `code` and `message` are what the client is told."""

    def __init__(self, code: Code, message: str) -> None:
        super().__init__(message)
        self.code, self.message = code, message


@dataclass(frozen=True, slots=True)
class Access:
    """One project's key and secret, and the clock that tells whether a token is fresh."""

    key: str
    secret: str
    now: Callable[[], datetime]
    rules: Rules

    def project(self, token: str | None) -> str:
        """The project that a token (header `X-OPENTOK-AUTH`) speaks for.

        Raises:
            RefusedError: no token, a stale one (both 1001), no JWT at all or one without the claims (1011), a
                key of nobody (1008), a wrong signature or an `iat` ahead of time (1020), a token of another
                kind than a project's (1021).
        """
        if not token:
            raise RefusedError(Code.NO_AUTHENTICATION, "No valid authentication was found.")
        claims = self._claims(token)
        issued, expires = _instant(claims, "iat"), _instant(claims, "exp")
        now = self.now().timestamp()
        if expires <= now:
            raise RefusedError(Code.NO_AUTHENTICATION, "The token has expired.")
        if issued > now + self.rules.leeway.total_seconds():
            raise RefusedError(Code.TOKEN_NOT_VALIDATED, "The token is not valid yet.")
        if claims.get("ist") != "project":
            raise RefusedError(Code.NOT_ALLOWED, "Only a project's token may read this project.")
        return self.key

    def _claims(self, token: str) -> dict[str, object]:
        try:
            issuer = jwt.decode(token, options={"verify_signature": False}).get("iss")
            if str(issuer) != self.key:
                raise RefusedError(Code.BAD_PROJECT, "You must provide a valid project ID.")
            # The times are checked against the sandbox's own clock, which need not be the machine's.
            return dict(
                jwt.decode(
                    token,
                    self.secret,
                    algorithms=["HS256"],
                    options={"verify_exp": False, "verify_iat": False, "verify_iss": False},
                )
            )
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
