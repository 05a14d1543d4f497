"""What an answer of OpenTok Insights means: a table of error codes and a look at the body's shape.

Source: reference "OpenTok / Vonage Video Insights GraphQL API", section 4 (Vonage's guide and public clients).
"""

from typing import Any

import msgspec

from harvesters.core.answers import OK, Answer, Judgement, Verdict, quoted
from harvesters.core.lenient import decoded
from harvesters.opentok.raw import NULL, is_null

TOO_LITTLE_TIME = 408
TOO_MANY = 429
SERVER_ERROR = 500
UNAUTHORIZED, FORBIDDEN = 401, 403
BAD_REQUEST = 400

ADD_ON = "the project needs the Advanced Insights add-on (error 1014): ask Vonage to enable it"
VERDICTS: dict[int, tuple[Verdict, str]] = {
    1000: (Verdict.REFUSED, "the application id is not valid (error 1000)"),
    1001: (Verdict.REFUSED, "the API key or secret was refused (error 1001)"),
    1002: (Verdict.BEYOND_RETENTION, "the day is beyond the 21 days that Vonage keeps (error 1002)"),
    1008: (Verdict.REFUSED, "the project id is not valid (error 1008): check the key or application id"),
    1011: (Verdict.REFUSED, "the token was refused (error 1011): check OPENTOK_API_SECRET, or the private key"),
    1012: (Verdict.RETRY, "internal server error (error 1012)"),
    1014: (Verdict.ADD_ON_MISSING, ADD_ON),
    1015: (Verdict.REFUSED, "the project was not found (error 1015): check the key or application id"),
    1019: (Verdict.REFUSED, "token and project do not match (error 1019): check key and secret"),
    1020: (
        Verdict.REFUSED,
        "the token could not be validated (error 1020): check the secret and this machine's clock",
    ),
    1021: (Verdict.REFUSED, "this key may not see the project (error 1021)"),
}
CALL_GONE = {1016: "the session has expired (error 1016)", 1017: "the session was not found (error 1017)"}


class GraphError(msgspec.Struct):
    """One entry of `errors`; `errorCode` stands beside the message, not under `extensions`."""

    message: Any = None
    path: list[str | int] | None = None
    errorCode: int | None = None  # noqa: N815 - the vendor's name

    def said(self) -> str:
        """The error for people, in one short line."""
        code = f" (error {self.errorCode})" if self.errorCode else ""
        return CALL_GONE.get(self.errorCode or 0) or f"{quoted(self.message) or 'no word why'}{code}"


class _Project(msgspec.Struct):
    sessionData: msgspec.Raw = msgspec.Raw(NULL)  # noqa: N815 - the vendor's name
    projectData: msgspec.Raw = msgspec.Raw(NULL)  # noqa: N815 - the vendor's name


class _Data(msgspec.Struct):
    project: _Project | None = None


class _Refusal(msgspec.Struct):
    errorCode: int | None = None  # noqa: N815 - the vendor's name


class _Envelope(msgspec.Struct):
    data: _Data | None = None
    errors: list[GraphError] | None = None
    error: _Refusal | None = None

    @property
    def holds_data(self) -> bool:
        project = self.data.project if self.data else None
        return project is not None and not (is_null(project.sessionData) and is_null(project.projectData))


_envelope = msgspec.json.Decoder(_Envelope)


def judge(answer: Answer) -> Judgement:
    """The verdict on an answer; pure. The body decides, the status only where the body says nothing."""
    if answer.status in {TOO_LITTLE_TIME, TOO_MANY} or answer.status >= SERVER_ERROR:
        return Judgement(Verdict.RETRY, f"{answer.status} {_form(answer)}")
    envelope = decoded(_envelope, answer.body)
    if envelope is None:
        return _unreadable(answer)
    if envelope.errors:
        return _of_errors(envelope, envelope.errors)
    if envelope.holds_data:
        return OK
    code = envelope.error.errorCode if envelope.error else None
    refused = f"the API key or secret was refused (status {answer.status}, error {code or 'not named'})"
    return Judgement(Verdict.REFUSED, VERDICTS.get(code or 0, (None, refused))[1])


def _form(answer: Answer) -> str:
    kind = answer.headers.get("content-type", "").split(";")[0] or "no content type"
    return f"with {len(answer.body)} bytes of {kind}"


def _unreadable(answer: Answer) -> Judgement:
    if answer.status in {UNAUTHORIZED, FORBIDDEN}:
        return Judgement(Verdict.REFUSED, f"the API key or secret was refused (status {answer.status})")
    why = f"{answer.status} {_form(answer)} instead of a GraphQL answer"
    if answer.status >= BAD_REQUEST:
        return Judgement(Verdict.STOP, f"{why}: check OPENTOK_URL")
    return Judgement(Verdict.RETRY, why)


def _of_errors(envelope: _Envelope, errors: list[GraphError]) -> Judgement:
    """The gravest of the errors; errors beside data leave the data to the reader."""
    for code in (error.errorCode or 0 for error in errors):
        verdict, why = VERDICTS.get(code, (Verdict.OK, ""))
        passing = verdict is Verdict.RETRY and envelope.holds_data
        if verdict is not Verdict.OK and not passing:
            return Judgement(verdict, why)
    if envelope.holds_data:
        return OK
    if any(error.errorCode in CALL_GONE for error in errors):
        return Judgement(Verdict.BAD_CALL, errors[0].said())
    return Judgement(Verdict.STOP, f"the query was rejected: {errors[0].said()}")
