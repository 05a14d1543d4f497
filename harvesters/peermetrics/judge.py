"""What an answer of a peermetrics server means.

Source: reference "peermetrics: what a batch client can export", sections 2 and 3, seen running.
"""

from typing import Any

import msgspec

from harvesters.core.answers import OK, Answer, Judgement, Verdict, quoted
from harvesters.core.lenient import decoded

BAD_REQUEST, UNAUTHORIZED, FORBIDDEN, NOT_FOUND, TOO_MANY, SERVER_ERROR = 400, 401, 403, 404, 429, 500
GATEWAY = frozenset({502, 503, 504})
NOTHING = b'""'
FEW = 3
"""Tries of what a request may have brought about itself."""


class _Body(msgspec.Struct):
    """An error of the API; lists have none of it."""

    error_code: Any = None
    message: Any = None


_body = msgspec.json.Decoder(_Body)


def judge(answer: Answer) -> Judgement:
    """The verdict on an answer; pure. By status first, for errors of the server have no body to look at."""
    if answer.status == TOO_MANY:
        return Judgement(Verdict.RETRY, "too many requests (429)")
    if answer.status >= SERVER_ERROR:
        # A gateway says it of the server behind it; the server itself, of what it was asked for.
        tries = None if answer.status in GATEWAY else FEW
        return Judgement(Verdict.RETRY, f"{answer.status} {_form(answer)}", tries)
    if answer.status in {UNAUTHORIZED, FORBIDDEN}:
        why = f"a proxy in front of the server wants a login (status {answer.status})"
        return Judgement(Verdict.REFUSED, f"{why}: set PEERMETRICS_HEADERS, or PEERMETRICS_USER and its password")
    body = decoded(_body, answer.body)
    if body is None:
        return _unreadable(answer)
    return OK if answer.status < BAD_REQUEST else _of_error(answer, body)


def _of_error(answer: Answer, body: _Body) -> Judgement:
    code = str(body.error_code or "")
    why = f"{quoted(body.message).rstrip('.') or 'no word why'} (status {answer.status}, {code or 'no code'})"
    if answer.status == BAD_REQUEST and code.endswith("_not_found"):
        return Judgement(Verdict.BAD_CALL, why)
    if answer.status == NOT_FOUND:
        return Judgement(Verdict.STOP, f"{why}: check PEERMETRICS_URL")
    return Judgement(Verdict.STOP, why)


def _unreadable(answer: Answer) -> Judgement:
    """No JSON: another server, a proxy's page, or half an answer."""
    why = f"{answer.status} {_form(answer)} instead of JSON"
    if answer.status == NOT_FOUND:
        return Judgement(Verdict.STOP, f"{why}: there is no peermetrics API; check PEERMETRICS_URL and its prefix")
    if answer.status >= BAD_REQUEST:
        return Judgement(Verdict.STOP, why)
    return Judgement(Verdict.RETRY, f"{why}: perhaps a proxy's login page", tries=FEW)


def _form(answer: Answer) -> str:
    kind = answer.headers.get("content-type", "").split(";")[0] or "no content type"
    return f"with {len(answer.body)} bytes of {kind}"
