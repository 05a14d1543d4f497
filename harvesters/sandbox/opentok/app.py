"""The OpenTok Insights API of one project, as an app for the sandbox's server.

Behaves as the public material shows; `Rules` has every figure.
"""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec
from graphql import DocumentNode, GraphQLError, GraphQLSyntaxError, execute_sync

from harvesters.sandbox.opentok.access import Access, RateLimit, RefusedError
from harvesters.sandbox.opentok.allowed import Allowance
from harvesters.sandbox.opentok.answers import load_folder
from harvesters.sandbox.opentok.faults import faulty
from harvesters.sandbox.opentok.resolvers import SCHEMA, plain
from harvesters.sandbox.opentok.rules import Rules
from harvesters.sandbox.opentok.schema import checked
from harvesters.sandbox.opentok.view import Sessions, View
from harvesters.sandbox.server import Intercept, Request, Response, Server

_JSON = {"Content-Type": "application/json; charset=utf-8"}
_MAINTENANCE = b"<html><body>Down for maintenance</body></html>"
DEFAULT_RULES = Rules()
Served = Path | Iterable[Mapping[str, Any]] | Sessions


class _Post(msgspec.Struct):
    query: str
    variables: dict[str, Any] | None = None
    operation: str | None = msgspec.field(default=None, name="operationName")


@dataclass(frozen=True, slots=True)
class OpenTok:
    """Answers the requests of one project's clients.

    Args:
        sessions: by id; asked anew for each query, so that a test may change them in between.
        access: the project's key and secret.
        rules: the limits.
        now: the sandbox's clock, aware.
        senders: the rate limit.
    """

    sessions: Sessions
    access: Access
    rules: Rules
    now: Callable[[], datetime]
    senders: RateLimit

    def __call__(self, request: Request) -> Response:
        """The API's answer to any request, whatever its path."""
        if request.method != "POST":
            return Response(405, {"Allow": "POST"})
        if isinstance(self.rules.maintenance, int):
            return Response(self.rules.maintenance, {"Content-Type": "text/html"}, _MAINTENANCE)
        if not self.senders.passes(f"address {request.client}"):
            return self._busy()
        try:
            project = self.access.project(request.headers)
        except RefusedError as refused:
            error = {"errorCode": int(refused.code), "message": refused.message}
            return Response(self.rules.refused_status, _JSON, msgspec.json.encode({"error": error}))
        if not self.senders.passes(f"key {project}"):
            return self._busy()
        return self._posted(request.body, project)

    def _busy(self) -> Response:
        after = self.rules.retry_after
        return Response(self.rules.busy_status, {} if after is None else {"Retry-After": str(after)})

    def _posted(self, body: bytes, project: str) -> Response:
        try:
            post = msgspec.json.decode(body, type=_Post)
        except msgspec.DecodeError as error:
            return Response(400, _JSON, msgspec.json.encode({"errors": [{"message": str(error)}]}))
        try:
            document, errors = checked(post.query)
        except GraphQLSyntaxError as error:
            return self._answered({"errors": [error]})
        if errors:
            return self._answered({"errors": errors})
        return self._answered(self._executed(document, post, project))

    def _executed(self, document: DocumentNode, post: _Post, project: str) -> dict[str, Any]:
        view = View(self.sessions, project, self.now(), self.rules)
        view.allow(Allowance(document, post.variables or {}, self.rules))
        result = execute_sync(
            SCHEMA,
            document,
            context_value=view,
            variable_values=post.variables,
            operation_name=post.operation,
            field_resolver=plain,
        )
        if view.refusal:
            return {"data": None, "errors": [view.refusal]}
        errors = result.errors or []
        if any(error.path is None for error in errors):  # a variable, say: nothing was executed
            return {"errors": errors}
        return {"data": result.data, "errors": errors}

    def _answered(self, answer: dict[str, Any]) -> Response:
        errors = [_entry(error) for error in answer.pop("errors", ())]
        whole = {**answer, "errors": errors} if errors else answer
        return Response(self.rules.error_status if errors else 200, _JSON, msgspec.json.encode(whole))


def _entry(error: GraphQLError) -> dict[str, object]:
    """The error with its code beside the message."""
    entry: dict[str, object] = dict(error.formatted)
    return {**entry, **(error.extensions or {})} if entry.pop("extensions", None) else entry


def serve_opentok(  # noqa: PLR0913  # each is one independent setting
    sessions: Served,
    *,
    key: str,
    secret: str,
    now: Callable[[], datetime],
    rules: Rules = DEFAULT_RULES,
    port: int = 0,
    faults: Iterable[str] = (),
    intercept: Intercept | None = None,
    ticks: Callable[[], float] = time.monotonic,
    compress: bool = False,
    public_key: str | None = None,
) -> Server:
    """A server of one OpenTok project, not yet started: use it in a `with` block, ask at its `url`.

    Args:
        sessions: a folder of answers, sessions, or sessions by id (a mapping may make them when asked).
        key: the project's API key.
        secret: its secret, with which clients sign their tokens.
        now: the sandbox's clock, aware: for tokens, retention and the newest data.
        rules: the limits.
        port: 0 takes a free one.
        faults: names of standing faults, see `faults.py`.
        intercept: see `Server`; stands instead of the faults.
        ticks: seconds for the rate limit.
        compress: see `Server`.
        public_key: of a Vonage application with this key as its id, whose tokens are taken too; PEM.

    Raises:
        OSError: the folder cannot be read.
        ValueError: there is no such fault, or a file of it is not JSON.
    """
    access = Access(key, secret, now, rules, public_key)
    senders = RateLimit(rules.rate_limit, rules.rate_window, ticks)
    app = OpenTok(_by_id(sessions), access, rules, now, senders)
    before = intercept or faulty(app, now, faults)
    return Server(app, port=port, path="/graphql", intercept=before, compress=compress)


def _by_id(sessions: Served) -> Sessions:
    if isinstance(sessions, Mapping):
        return sessions
    found: Sequence[Mapping[str, Any]]
    found = load_folder(sessions) if isinstance(sessions, Path) else list(sessions)
    return {session["sessionId"]: session for session in found}
