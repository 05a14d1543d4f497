"""What an answer of Zoom means: by its code and text first, by its status where the body says nothing.

Source: reference "Zoom REST API v2", sections 3, 4 and 8 (Zoom's pages on errors and limits, public programs).
"""

import re
from typing import Any

import msgspec

from harvesters.core.answers import OK, Answer, Judgement, Verdict, quoted
from harvesters.core.lenient import decoded

BAD_REQUEST, UNAUTHORIZED, FORBIDDEN, NOT_FOUND, TOO_MANY, SERVER_ERROR = 400, 401, 403, 404, 429, 500
PLAN, PARAMETER, NO_GROUP = 200, 300, 12703
SCOPES = re.compile(r"\[[\w:, ]{1,600}\]")
BY_CODE: dict[int, Verdict] = {
    124: Verdict.REFUSED,
    4702: Verdict.REFUSED,
    4704: Verdict.REFUSED,
    4717: Verdict.REFUSED,
    4741: Verdict.REFUSED,
    PLAN: Verdict.ADD_ON_MISSING,
    12702: Verdict.BEYOND_RETENTION,
    1001: Verdict.BAD_CALL,
    1010: Verdict.BAD_CALL,
    3001: Verdict.BAD_CALL,
    3161: Verdict.BAD_CALL,
    NO_GROUP: Verdict.STOP,
}
FEW = 6
"""Tries of what may be wrong with one meeting alone: half a minute."""
OF_PLAN = ("business", "dashboard", "webinar")
"""What a refusal by the plan speaks of; one that does not may be meant for the app's role."""
BY_TEXT = (
    ("next page token", Verdict.STALE_CURSOR),
    ("last six months", Verdict.BEYOND_RETENTION),
    ("can not access webinar", Verdict.BAD_CALL),
)


NAMED = re.compile(r"\b(user\b[^:]*: *)\S.*", re.IGNORECASE)


class _Body(msgspec.Struct):
    """What errors of the API and of the token endpoint have; lists have none of it."""

    code: Any = None
    message: Any = None
    error: Any = None
    reason: Any = None


_body = msgspec.json.Decoder(_Body)


def judge(answer: Answer) -> Judgement:
    """The verdict on an answer; pure."""
    if answer.status == TOO_MANY:
        return _too_many(answer)
    if answer.status >= SERVER_ERROR:
        return Judgement(Verdict.RETRY, f"{answer.status} {_form(answer)}")
    body = decoded(_body, answer.body)
    if body is None:
        return _unreadable(answer)
    if answer.status < BAD_REQUEST:
        return OK
    if body.error or body.reason:
        why = f"the app was refused ({_short(body.reason or body.error)})"
        return Judgement(
            Verdict.REFUSED, f"{why}: check ZOOM_ACCOUNT_ID, ZOOM_CLIENT_ID and ZOOM_CLIENT_SECRET of the app"
        )
    return _of_error(answer, body)


def _too_many(answer: Answer) -> Judgement:
    """The limit of a second or minute passes by itself, that of a day at midnight."""
    body = decoded(_body, answer.body)
    said = f"{body.message if body else ''} {answer.headers.get('x-ratelimit-type', '')}".lower()
    if "daily" in said:
        return Judgement(Verdict.DAY_SPENT, "the account's daily requests are used up (429)")
    return Judgement(Verdict.RETRY, "too many requests (429)")


def _of_error(answer: Answer, body: _Body) -> Judgement:
    text = _short(body.message)
    code = body.code if isinstance(body.code, int) else 0
    why = f"{text or 'no word why'} (status {answer.status}, code {code})"
    if code == PARAMETER:
        found = (verdict for part, verdict in BY_TEXT if part in text.lower())
        return Judgement(next(found, Verdict.STOP), why)
    if code in {4700, 4711}:
        return Judgement(Verdict.REFUSED, f"the app lacks the scopes {_scopes(str(body.message))}: add them to it")
    if code == PLAN and not any(word in text.lower() for word in OF_PLAN):
        return Judgement(Verdict.REFUSED, f"{why}: the app or its account lacks a right")
    verdict = BY_CODE.get(code)
    if verdict is None:
        verdict = Verdict.REFUSED if answer.status == UNAUTHORIZED else Verdict.STOP
    return Judgement(verdict, why)


def _scopes(text: str) -> str:
    found = SCOPES.search(text)
    return found[0].strip("[]") if found else "that it needs"


def _unreadable(answer: Answer) -> Judgement:
    """No JSON: a firewall or proxy on the way, or an answer that was cut off."""
    why = f"{answer.status} {_form(answer)} instead of JSON"
    if answer.status == FORBIDDEN:
        return Judgement(Verdict.BAD_CALL, f"{why}: a firewall on the way refuses it")
    if answer.status == UNAUTHORIZED:
        return Judgement(Verdict.REFUSED, why)
    if answer.status >= BAD_REQUEST:
        return Judgement(Verdict.STOP, f"{why}: check ZOOM_URL and ZOOM_OAUTH_URL")
    return Judgement(Verdict.RETRY, why, FEW)


def _form(answer: Answer) -> str:
    kind = answer.headers.get("content-type", "").split(";")[0] or "no content type"
    return f"with {len(answer.body)} bytes of {kind}"


def _short(text: object) -> str:
    """Zoom's text for one line of ours; whom it does not know, it names behind a colon."""
    return NAMED.sub(r"\1…", quoted(text)).rstrip(".")
