"""What the API says when it does not give what was asked for (reference, section 8)."""

import msgspec

from harvesters.sandbox.server import Response

JSON = {"Content-Type": "application/json;charset=UTF-8"}
NO_DASHBOARD = "This API is only available for Business or higher accounts that have enabled the Dashboard feature."
NO_WEBINARS = "No permission. The webinar plan has not been enabled for this account."
OLD_PAGE = "The next page token is invalid or expired."
OLD_RANGE = "The request can only be queried for a month that falls within the last six months."
YEAR_AGO = "Can not access a meeting a year ago."
NOT_ENDED = "Meeting ID is invalid or not end."
NO_DETAILS = "This meeting's detail info is not available."
NO_ENDPOINT = "This API endpoint is not recognized."
PER_SECOND = "You have reached the maximum per-second rate limit for this API. Try again later."
PER_DAY = (
    "You have reached the maximum daily rate limit for this API. Refer to the response header for details on "
    "when you can make another request."
)


class RefusedError(Exception):
    """A request that is refused: the HTTP status, and the code and message of the body."""

    def __init__(self, status: int, code: int, message: str) -> None:
        super().__init__(message)
        self.status, self.code, self.message = status, code, message

    @property
    def response(self) -> Response:
        """The answer that says so."""
        return refusal(self.status, self.code, self.message)


def refusal(status: int, code: int, message: str, headers: dict[str, str] | None = None) -> Response:
    """An answer in the API's form for errors."""
    body = msgspec.json.encode({"code": code, "message": message})
    return Response(status, {**JSON, **(headers or {})}, body)


def bad_parameter(name: str) -> RefusedError:
    """A parameter is missing or makes no sense (300)."""
    return RefusedError(400, 300, f"Invalid parameter: {name}.")


def no_meeting(left: str) -> RefusedError:
    """Nobody knows what is left of the path (3001)."""
    return RefusedError(404, 3001, f"Meeting does not exist: {left}.")


def no_user(user: str) -> RefusedError:
    """The user is not there (1001)."""
    return RefusedError(404, 1001, f"User does not exist: {user}.")


def no_scope(status: int, names: tuple[str, ...]) -> RefusedError:
    """The token lacks every scope of the endpoint (4711); `names` are told."""
    return RefusedError(status, 4711, f"Invalid access token, does not contain scopes:[{','.join(names)}].")
