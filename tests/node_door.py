"""A door before a real Elasticsearch that spoils chosen answers, and a look at what lies behind it.

What is stored is always the real node's doing; only what the harvester hears of it is changed here.
"""

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import msgspec
import requests
from elasticsearch import Elasticsearch

from harvesters.sandbox import Request, Response, Server

PRODUCT = {"X-elastic-product": "Elasticsearch", "Content-Type": "application/vnd.elasticsearch+json;compatible-with=8"}
HOP = frozenset({"connection", "content-length", "transfer-encoding", "content-encoding", "host", "accept-encoding"})
MOST = 10_000

Forward = Callable[[bytes], Response]
Fault = Callable[[bytes, Forward], Response]
"""Gets the body of a `_bulk` request and the way to the node; its answer is what the harvester hears."""


@dataclass
class Door:
    """Hands everything on to a node; each `_bulk` request meets the next fault, as long as there are any.

    What the node is asked to make searchable of the samples alone, which is done while a load goes on, meets `early`.
    """

    node: str
    faults: Iterable[Fault] = ()
    early: Fault | None = None
    bulks: list[bytes] = field(default_factory=list)
    refreshed: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._faults: Iterator[Fault] = iter(self.faults)

    def serve(self) -> Server:
        """The door as a server, not yet started."""
        return Server(self._answer, path="")

    def _answer(self, request: Request) -> Response:
        def forward(body: bytes) -> Response:
            return self._forwarded(request, body)

        if not request.path.startswith("/_bulk"):
            path, _, _ = request.path.partition("?")
            if not path.endswith("/_refresh") or "," in path:
                return forward(request.body)
            self.refreshed.append(path)
            return self.early(request.body, forward) if self.early else forward(request.body)
        self.bulks.append(request.body)
        fault = next(self._faults, None)
        return fault(request.body, forward) if fault else forward(request.body)

    def _forwarded(self, request: Request, body: bytes) -> Response:
        headers = {name: value for name, value in request.headers.items() if name not in HOP}
        heard = requests.request(request.method, self.node + request.path, data=body, headers=headers, timeout=60)
        kept = {name: value for name, value in heard.headers.items() if name.lower() not in HOP}
        return Response(heard.status_code, kept, heard.content)

    @property
    def sent(self) -> int:
        """How many documents came in `_bulk` requests."""
        return sum(body.count(b"\n") // 2 for body in self.bulks)


def _error(status: int, kind: str, reason: str) -> Response:
    body = {"error": {"type": kind, "reason": reason, "root_cause": []}, "status": status}
    return Response(status, PRODUCT, json.dumps(body).encode())


def refuse_all(status: int, kind: str = "es_rejected_execution_exception", reason: str = "no room") -> Fault:
    """The whole request gets an error; nothing is stored."""
    return lambda _body, _forward: _error(status, kind, reason)


def refuse_some(wanted: Callable[[int, bytes], bool], status: int, kind: str, reason: str) -> Fault:
    """Documents, chosen by their position and source, are not stored and get an error of their own."""

    def fault(body: bytes, forward: Forward) -> Response:
        lines = body.splitlines(keepends=True)
        pairs = list(zip(lines[::2], lines[1::2], strict=True))
        chosen = [wanted(number, source) for number, (_, source) in enumerate(pairs)]
        kept = b"".join(action + source for (action, source), out in zip(pairs, chosen, strict=True) if not out)
        heard = forward(kept) if kept else Response(200, PRODUCT, b'{"errors":false,"took":1,"items":[]}')
        answer = json.loads(heard.body)
        fine = iter(answer["items"])
        error = {"index": {"status": status, "error": {"type": kind, "reason": reason}}}
        items = [error if out else next(fine) for out in chosen]
        spoiled = {**answer, "errors": any(chosen) or answer["errors"], "items": items}
        return replace(heard, body=json.dumps(spoiled).encode())

    return fault


def every_third(number: int, _source: bytes) -> bool:
    return number % 3 == 0


def lost(_body: bytes, _forward: Forward) -> Response:
    """The connection breaks before anything was stored."""
    raise ConnectionResetError


def acknowledgement_lost(body: bytes, forward: Forward) -> Response:
    """Everything is stored, and nobody hears of it."""
    forward(body)
    raise ConnectionResetError


def reply_cut(body: bytes, forward: Forward) -> Response:
    """Everything is stored; half of the answer arrives."""
    heard = forward(body)
    return replace(heard, cut=len(heard.body) // 2)


def reply_broken(body: bytes, forward: Forward) -> Response:
    """Everything is stored; the answer arrives in full length and is no JSON."""
    heard = forward(body)
    return replace(heard, body=heard.body[:-7] + b'"status')


def reply_short(body: bytes, forward: Forward) -> Response:
    """Everything is stored; the answer speaks of one document less."""
    heard = forward(body)
    answer = json.loads(heard.body)
    return replace(heard, body=json.dumps({**answer, "items": answer["items"][:-1]}).encode())


def html(headers: dict[str, str]) -> Fault:
    """A page of somebody in between, with status 200; nothing is stored."""
    page = b"<html><body>Please sign in to the campus network</body></html>"
    return lambda _body, _forward: Response(200, {**headers, "Content-Type": "text/html"}, page)


def at_most(limit: int) -> Fault:
    """A node, or a proxy before it, that takes no larger bodies."""
    too_large = _error(413, "content_too_long_exception", "entity content is too long")
    return lambda body, forward: too_large if len(body) > limit else forward(body)


def no_document_over(limit: int) -> Fault:
    """A node that takes no body in which a document is larger."""
    too_large = _error(413, "content_too_long_exception", "entity content is too long")
    return lambda body, forward: too_large if max(map(len, body.splitlines()[1::2])) > limit else forward(body)


class Hit(msgspec.Struct, rename="_{}".format):
    """One stored document."""

    index: str
    id: str
    version: int
    seq_no: int
    raw: msgspec.Raw = msgspec.field(name="_source")

    @property
    def source(self) -> bytes:
        """The very bytes that the node keeps."""
        return bytes(self.raw)

    @property
    def document(self) -> dict[str, Any]:
        """The same, parsed."""
        parsed: dict[str, Any] = json.loads(self.source)
        return parsed


class _Hits(msgspec.Struct):
    hits: list[Hit]


class _Found(msgspec.Struct):
    hits: _Hits


CALLS = ("conferences", "participants", "streams", "samples", "issues")


def stored(es: Elasticsearch, es_url: str, prefix: str, kinds: Iterable[str] = CALLS) -> dict[str, Hit]:
    """Every document of these kinds of index, by id."""
    names = ",".join(f"{prefix}-{kind}*" for kind in kinds)
    es.indices.refresh(index=names)
    asked = {"size": MOST, "version": True, "seq_no_primary_term": True}
    heard = requests.post(f"{es_url}/{names}/_search", json=asked, timeout=60)
    hits = msgspec.json.decode(heard.content, type=_Found).hits.hits
    assert len(hits) < MOST, "more documents than one search gives"
    return {hit.id: hit for hit in hits}


def sources(hits: dict[str, Hit]) -> dict[str, bytes]:
    """The bytes of stored documents by id."""
    return {id_: hit.source for id_, hit in hits.items()}


def leaves(tree: dict[str, Any], above: str = "") -> dict[str, Any]:
    """The values of nested objects under dotted names."""
    found: dict[str, Any] = {}
    for name, value in tree.items():
        if isinstance(value, dict):
            found |= leaves(value, f"{above}{name}.")
        else:
            found[above + name] = value
    return found
