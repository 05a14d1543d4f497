"""A Kibana as far as an import needs one, over real HTTP: written after what Elastic documents of 8.8 to 9.5.

Nothing here was compared with a real Kibana; where its documents leave something open, the stricter reading is taken.
"""

import base64
import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from email.parser import BytesParser
from email.policy import HTTP
from typing import Any
from urllib.parse import parse_qs, urlsplit

from harvesters.sandbox.server import Request, Response, Server

Json = dict[str, Any]
Key = tuple[str, str]
KNOWN_VERSIONS = {"8.8": {"dashboard": (8, 8, 0), "lens": (8, 9, 0), "search": (8, 0, 0)}}
"""The newest migration of a type that an old Kibana knows; later ones know all of 10.x."""
ALWAYS_KNOWN = (10, 99, 0)
CHECKED = {"index-pattern", "search"}
"""The references that are checked on import; others break when they are opened."""
JSON_TYPE = {"content-type": "application/json; charset=utf-8", "kbn-name": "kibana"}


def _answer(status: int, body: Json) -> Response:
    return Response(status, JSON_TYPE, json.dumps(body).encode())


def _error(status: int, message: str, **more: object) -> Response:
    names = {400: "Bad Request", 401: "Unauthorized", 403: "Forbidden", 404: "Not Found", 422: "Unprocessable Entity"}
    return _answer(status, {"statusCode": status, "error": names[status], "message": message, **more})


@dataclass
class FakeKibana:
    """One Kibana.

    Attributes:
        number: its version.
        users: passwords by user; without any, nobody has to log in.
        keys: API keys that are known.
        may_import: users, or keys, with the right to.
        tells: users that may see its version; None: all.
        level: how it is: available, degraded, unavailable or critical.
        spaces: the objects of each space.
    """

    number: str = "9.5.2"
    users: dict[str, str] = field(default_factory=dict)
    keys: tuple[str, ...] = ()
    may_import: tuple[str, ...] | None = None
    tells: tuple[str, ...] | None = None
    level: str = "available"
    spaces: dict[str, dict[Key, Json]] = field(default_factory=lambda: {"default": {}})
    prefix: str = ""
    broken: tuple[str, ...] = ()

    @property
    def objects(self) -> dict[Key, Json]:
        return self.spaces["default"]

    def __call__(self, request: Request) -> Response:
        path = urlsplit(request.path).path
        if not path.startswith(self.prefix):
            return Response(404, {"content-type": "text/html"}, b"<html>nothing here</html>")
        path, space = self._space(path.removeprefix(self.prefix))
        who = self._who(request)
        if who is None:
            return _error(401, "[security_exception]: unable to authenticate user")
        return self._read(path, who) if request.method == "GET" else self._objects(request, path, space, who)

    def _read(self, path: str, who: str) -> Response:
        if path == "/api/status":
            return self._status(who)
        where, _, found = path.rpartition("/")
        if where == "/api/spaces/space" and found in self.spaces:
            return _answer(200, {"id": found})
        return _error(404, "Not Found")

    def _objects(self, request: Request, path: str, space: str, who: str) -> Response:
        if "kbn-xsrf" not in request.headers:
            return _error(400, "Request must contain a kbn-xsrf header.")
        if self.may_import is not None and who not in self.may_import:
            return _error(403, "Unable to bulk_create index-pattern,dashboard")
        # A space that nobody made is no error to Kibana: nobody ever sees what goes there.
        there = self.spaces.setdefault(space, {})
        if path == "/api/saved_objects/_import":
            return self._import(request, there)
        if path == "/api/saved_objects/_export":
            return self._export(json.loads(request.body), there)
        return _error(404, "Not Found")

    def _space(self, path: str) -> tuple[str, str]:
        if path.startswith("/s/"):
            _, _, space, rest = path.split("/", 3)
            return f"/{rest}", space
        return path, "default"

    def _who(self, request: Request) -> str | None:
        kind, _, word = request.headers.get("authorization", "").partition(" ")
        if not (self.users or self.keys):
            return "anybody"
        if kind == "ApiKey":
            return word if word in self.keys else None
        if kind == "Basic":
            user, _, password = base64.b64decode(word).decode().partition(":")
            return user if self.users.get(user) == password else None
        return None

    def _status(self, who: str) -> Response:
        body: Json = {"status": {"overall": {"level": self.level}}}
        if self.tells is None or who in self.tells:
            body |= {"name": "kibana", "version": {"number": self.number, "build_flavor": "traditional"}}
        return _answer(503 if self.level in {"unavailable", "critical"} else 200, body)

    # -- import ---------------------------------------------------------------------------------------

    def _import(self, request: Request, there: dict[Key, Json]) -> Response:
        head = f"content-type: {request.headers['content-type']}\r\n\r\n".encode()
        (part,) = BytesParser(policy=HTTP).parsebytes(head + request.body).iter_parts()
        name = part.get_filename() or ""
        if part.get_param("name", header="content-disposition") != "file" or not name.endswith(".ndjson"):
            return _error(400, f"Invalid file extension {name[name.rfind('.') :]}")
        objects = [json.loads(line) for line in part.get_content().splitlines() if line.strip()]
        if newer := self._newer(objects):
            return _error(422, newer)
        overwrite = parse_qs(urlsplit(request.path).query).get("overwrite") == ["true"]
        errors = [*self._lost(objects, there), *(self._taken(objects, there) if not overwrite else ())]
        stops_all = bool(errors)
        errors += [
            _failed(each, {"type": "unknown", "message": "it broke", "statusCode": 500})
            for each in objects
            if each["id"] in self.broken
        ]
        bad = {(each["type"], each["id"]) for each in errors}
        good = [each for each in objects if (each["type"], each["id"]) not in bad]
        results = [_result(each, there) for each in good]
        if not stops_all:
            there |= {(each["type"], each["id"]): _stored(each) for each in good}
        body = {"success": not errors, "successCount": len(good), "successResults": results, "warnings": []}
        return _answer(200, body | ({"errors": errors} if errors else {}))

    def _newer(self, objects: Iterable[Json]) -> str:
        known = KNOWN_VERSIONS.get(".".join(self.number.split(".")[:2]), {})
        for each in objects:
            version = tuple(map(int, each["typeMigrationVersion"].split(".")))
            newest = known.get(each["type"], (8, 8, 0) if known else ALWAYS_KNOWN)
            if version > newest:
                last = ".".join(map(str, newest))
                return (
                    f'Document "{each["id"]}" belongs to a more recent version of Kibana '
                    f"[{each['typeMigrationVersion']}] when the last known version is [{last}]."
                )
        return ""

    def _lost(self, objects: list[Json], there: dict[Key, Json]) -> list[Json]:
        known = {(each["type"], each["id"]) for each in objects} | set(there)
        found = []
        for each in objects:
            lost = [one for one in each["references"] if one["type"] in CHECKED and _of(one) not in known]
            if lost:
                named = [{"type": one["type"], "id": one["id"]} for one in lost]
                found.append(_failed(each, {"type": "missing_references", "references": named}))
        return found

    def _taken(self, objects: list[Json], there: dict[Key, Json]) -> list[Json]:
        return [_failed(each, {"type": "conflict"}) for each in objects if _of(each) in there]

    def _export(self, asked: Json, there: dict[Key, Json]) -> Response:
        lacking = [each for each in asked["objects"] if _of(each) not in there]
        if lacking:
            objects = [each | {"error": {"statusCode": 404, "error": "Not Found"}} for each in lacking]
            return _error(400, "Error fetching objects to export", attributes={"objects": objects})
        lines = [json.dumps(there[_of(each)]) for each in asked["objects"]]
        return Response(200, {"content-type": "application/ndjson"}, "\n".join(lines).encode())


def _of(each: Json) -> Key:
    return each["type"], each["id"]


def _failed(each: Json, error: Json) -> Json:
    title = each["attributes"].get("title", "")
    return {"type": each["type"], "id": each["id"], "title": title, "meta": {"title": title}, "error": error}


def _result(each: Json, there: dict[Key, Json]) -> Json:
    overwrite = {"overwrite": True} if _of(each) in there else {}
    return {"type": each["type"], "id": each["id"], "meta": {"title": each["attributes"].get("title")}, **overwrite}


def _stored(each: Json) -> Json:
    """An object as newer Kibanas keep it: moved to their own versions, with members of theirs."""
    kept: Json = json.loads(json.dumps(each))
    kept |= {"typeMigrationVersion": "10.4.0", "version": "WzEsMV0=", "created_at": "2026-11-30T00:00:00.000Z"}
    if each["type"] == "dashboard":
        panels = json.loads(kept["attributes"]["panelsJSON"])
        for panel in panels:
            panel["version"] = "9.5.2"
            attributes = panel["embeddableConfig"].get("attributes", {})
            layers = attributes.get("state", {}).get("datasourceStates", {}).get("formBased", {}).get("layers", {})
            for layer in layers.values():
                for column in layer["columns"].values():
                    if column.get("params", {}).get("format", {}).get("id") in {"number", "percent"}:
                        column["params"]["format"]["params"]["compact"] = True
        kept["attributes"]["panelsJSON"] = json.dumps(panels)
    return kept


def serve(kibana: FakeKibana) -> Server:
    """The server, not yet started."""
    return Server(kibana, path=kibana.prefix)
