"""Answers like an Elasticsearch node and keeps nothing but counts, so that a client's own cost can be measured."""

import threading
from collections import Counter
from collections.abc import Mapping
from typing import Any

import msgspec
from processes import serve_until_closed

from harvesters.sandbox import Request, Response, Server

COMPATIBLE = {
    "X-Elastic-Product": "Elasticsearch",
    "Content-Type": "application/vnd.elasticsearch+json;compatible-with=8",
}
VERSION = {"number": "9.2.0", "build_flavor": "default", "minimum_wire_compatibility_version": "8.19.0"}
ITEM = b'{"index":{"status":201}}'
WHOLE_ITEM = (
    b'{"index":{"_index":"%s","_id":"%s","_version":1,"result":"created","_shards":{"total":2,"successful":1,"failed":0},'
    b'"_seq_no":1,"_primary_term":1,"status":201}}'
)


class _Where(msgspec.Struct):
    index: str = msgspec.field(name="_index")
    id: str = msgspec.field(name="_id")


class _Action(msgspec.Struct):
    index: _Where


class _Id(msgspec.Struct):
    id: str


class _Vconf(msgspec.Struct):
    type: str
    conference: _Id


class _Document(msgspec.Struct):
    vconf: _Vconf


class Sink:
    """The app of the sandbox's server."""

    def __init__(self) -> None:
        """Nothing counted yet."""
        self.server = Server(self, path="")
        self._templates: dict[str, Any] = {}
        self._counts: dict[str, Counter[str]] = {}
        self._lock = threading.Lock()
        self._action = msgspec.json.Decoder(_Action)
        self._document = msgspec.json.Decoder(_Document)

    def __call__(self, request: Request) -> Response:
        """The node's answer."""
        self.server.log.clear()  # it would keep every body
        path = request.path.partition("?")[0]
        body = self._bulk(request) if path.endswith("/_bulk") else msgspec.json.encode(self._other(request, path))
        return Response(200, COMPATIBLE, body)

    def _bulk(self, request: Request) -> bytes:
        lines = request.body.split(b"\n")
        documents = [self._document.decode(line).vconf for line in lines[1::2]]
        with self._lock:
            for each in documents:
                self._counts.setdefault(each.conference.id, Counter())[each.type] += 1
        if "filter_path" in request.path:
            items = [ITEM] * len(documents)
        else:
            actions = [self._action.decode(line).index for line in lines[0:-1:2]]
            items = [WHOLE_ITEM % (each.index.encode(), each.id.encode()) for each in actions]
        return b'{"errors":false,"took":30,"items":[%s]}' % b",".join(items)

    def _other(self, request: Request, path: str) -> Mapping[str, Any]:
        if path.startswith(("/_index_template/", "/_component_template/")):
            return self._template(request, path.rpartition("/")[2])
        if path.endswith("/_search"):
            return self._search(request.body)
        if path.startswith("/_cluster/state"):
            return {"cluster_uuid": "sink0000000000000000aa"}
        if path == "/":
            return {"name": "sink", "version": VERSION, "tagline": "You Know, for Search"}
        return {} if request.method == "GET" else {"acknowledged": True, "result": "created"}

    def _template(self, request: Request, name: str) -> Mapping[str, Any]:
        if request.method == "PUT":
            self._templates[name] = msgspec.json.decode(request.body)
            return {"acknowledged": True}
        found = [{"name": name, "index_template": template} for name, template in self._templates.items()]
        return {"index_templates": found}

    def _search(self, body: bytes) -> Mapping[str, Any]:
        """The count of each conference's documents, by type; every other question finds nothing."""
        ids = msgspec.json.decode(body).get("query", {}).get("terms", {}).get("vconf.conference.id", [])
        buckets = [{"key": id_, "doc_count": self._counts[id_].total(), "types": self._types(id_)}
                   for id_ in ids if id_ in self._counts]  # fmt: skip
        return {"hits": {"total": {"value": 0}, "hits": []}, "aggregations": {"ids": {"buckets": buckets}}}

    def _types(self, id_: str) -> Mapping[str, Any]:
        return {"buckets": [{"key": type_, "doc_count": n} for type_, n in self._counts[id_].items()]}


if __name__ == "__main__":
    serve_until_closed(lambda: Sink().server)
