"""What the server answers instead of rows."""

from collections.abc import Mapping
from enum import StrEnum

import msgspec

from harvesters.sandbox.server import Response

JSON = {"Content-Type": "application/json; charset=utf-8"}
HTML = {"Content-Type": "text/html"}


class Code(StrEnum):
    """The codes of refusals."""

    MISSING_PARAMETERS = "missing_parameters"
    INVALID_PARAMETERS = "invalid_parameters"
    METHOD_NOT_ALLOWED = "method_not_allowed"
    ORGANIZATION_NOT_FOUND = "organization_not_found"
    APP_NOT_FOUND = "app_not_found"
    CONFERENCE_NOT_FOUND = "conference_not_found"
    PARTICIPANT_NOT_FOUND = "participant_not_found"
    CONNECTION_NOT_FOUND = "connection_not_found"
    ISSUE_NOT_FOUND = "issue_not_found"


MESSAGES: Mapping[Code, str] = {
    Code.MISSING_PARAMETERS: "Some parameters are missing from the request.",
    Code.INVALID_PARAMETERS: "Some supplied parameters are not valid.",
    Code.METHOD_NOT_ALLOWED: "Method not allowed.",
    Code.ORGANIZATION_NOT_FOUND: "The requested organization does not exist.",
    Code.APP_NOT_FOUND: "The requested app does not exist.",
    Code.CONFERENCE_NOT_FOUND: "The requested conference does not exist.",
    Code.PARTICIPANT_NOT_FOUND: "The requested participant does not exist.",
    Code.CONNECTION_NOT_FOUND: "The requested connection does not exist.",
    Code.ISSUE_NOT_FOUND: "The requested issue does not exist.",
}
"""What each of them says."""


class RefusedError(Exception):
    """The request is not answered with rows, but with `response`."""

    def __init__(self, response: Response) -> None:
        super().__init__(response.status)
        self.response = response


def refused(code: Code, status: int = 400) -> RefusedError:
    """A refusal with a code."""
    body = msgspec.json.encode({"error_code": code, "message": MESSAGES[code]})
    return RefusedError(Response(status, dict(JSON), body))


def broken() -> RefusedError:
    """An exception in the server, often the request's own fault: the body is two quotation marks."""
    return RefusedError(Response(500, dict(JSON), b'""'))


TOO_MANY = Response(429, JSON, b'""')
NO_ROUTE = Response(
    404,
    HTML,
    b'\n<!doctype html>\n<html lang="en">\n<head>\n  <title>Not Found</title>\n</head>\n<body>\n  <h1>Not Found</h1>'
    b"<p>The requested resource was not found on this server.</p>\n</body>\n</html>\n",
)
LONG_LINE = Response(
    400,
    HTML,
    b"<html>\n  <head>\n    <title>Bad Request</title>\n  </head>\n  <body>\n    <h1><p>Bad Request</p></h1>\n"
    b"    Request Line is too large\n  </body>\n</html>\n",
)
