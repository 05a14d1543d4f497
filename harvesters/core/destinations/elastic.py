"""Elasticsearch through the official client: connection, rights and versions as sentences, counts, templates.

The client of 8.19 speaks to servers 8.19 and 9; it is imported here alone, and this module only where a
command talks to Elasticsearch, since the import costs 0.4 s.
"""

import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any, cast
from urllib.parse import urlsplit

import elastic_transport
import elasticsearch
import msgspec

from harvesters.core.common_settings import CommonSettings
from harvesters.core.destinations.bulk import BLOCKED, NO_INDEX, Body, Error, Item, Reply, without_values
from harvesters.core.encode import INDEX
from harvesters.core.errors import BusyDestinationError, DestinationError, LoginRefusedError
from harvesters.core.templates import RUNS, TEMPLATES_VERSION, template_name

log = logging.getLogger(__name__)
LENIENT: Mapping[str, Any] = {"ignore_unavailable": True, "allow_no_indices": True}

REQUEST_TIMEOUT = 120
FILTER = "errors,took,items.*.error,items.*.status"
AGAIN_STATUS = frozenset({429, 502, 503, 504})
TOO_LARGE_STATUS = frozenset({400, 413})
NOT_FOUND = 404
_SEEN = {"_index": "_index", "_id": "_id", "if_seq_no": "_seq_no", "if_primary_term": "_primary_term"}
_VERSIONS = {"_index": "_index", "_id": "_id", "version": "_version"}
COMPATIBLE = "application/vnd.elasticsearch+"

logging.getLogger("elastic_transport").setLevel(logging.ERROR)


class Again(Exception):  # noqa: N818 - a signal, not an error of anybody's
    """The request may pass next time."""


class TooLarge(Exception):  # noqa: N818 - a signal, not an error of anybody's
    """The request was refused as a whole; it may pass in smaller pieces."""

    def __init__(self, status: int) -> None:
        """`status`: 413, or 400 where one document spoils the others."""
        super().__init__(f"status {status}")
        self.status = status


class _ReadyLines(elastic_transport.Serializer):
    """Bodies that are bytes already, handed on without a copy."""

    mimetype = f"{COMPATIBLE}x-ndjson"

    def dumps(self, data: memoryview) -> Any:  # noqa: ANN401 - the client wants `bytes`, and takes what is like them
        return data


class _RawReply(elastic_transport.Serializer):
    """Replies that are decoded by a typed decoder of ours."""

    mimetype = f"{COMPATIBLE}json"

    def dumps(self, data: Mapping[str, Any]) -> bytes:
        return msgspec.json.encode(data)

    def loads(self, data: bytes) -> bytes:
        return data


class _Discreet(elastic_transport.Urllib3HttpNode):
    """A node whose requests nobody can log: they are full of people, and for a log they would be copied as text."""

    def _log_request(self, *_told: object, **_more: object) -> None:
        pass


_reply = msgspec.json.Decoder(Reply)


def _client(settings: CommonSettings, **more: Any) -> elasticsearch.Elasticsearch:
    login: dict[str, Any] = {}
    if settings.es_api_key:
        login["api_key"] = settings.es_api_key
    elif settings.es_user:
        login["basic_auth"] = (settings.es_user, settings.es_password or "")
    if settings.es_ca_file:
        login["ca_certs"] = str(settings.es_ca_file)
    return elasticsearch.Elasticsearch(
        list(settings.es_host or ()), request_timeout=REQUEST_TIMEOUT, retry_on_timeout=False, **login, **more
    )


class Cluster:
    """One cluster and prefix."""

    def __init__(self, settings: CommonSettings, deadline: float = 0.0) -> None:
        """`deadline`: until when a load waits for a node that is busy or gone (monotonic); nothing is sent yet."""
        # A node that is gone is no reason to give up while there are others.
        self.admin = _client(settings, max_retries=len(settings.es_host or ()), retry_on_status=())
        raw = {each.mimetype: each() for each in (_ReadyLines, _RawReply)}
        # The same with ready bytes as bodies of `_bulk`, and replies as the bytes that came.
        self.raw = _client(settings, serializers=raw, node_class=_Discreet, max_retries=0)
        self.prefix = settings.index_prefix
        self.deadline = deadline
        hosts = [urlsplit(host) for host in settings.es_host or ()]
        self.where = "Elasticsearch at " + ", ".join(f"{each.hostname}:{each.port}" for each in hosts)

    def close(self) -> None:
        """Give the connections back."""
        self.admin.close()
        self.raw.close()

    def identify(self) -> str:
        """`<cluster uuid>/<prefix>`: what the load state in a manifest belongs to."""
        with self.sentences():
            uuid = self.admin.cluster.state(metric="master_node").get("cluster_uuid")
        return f"{uuid}/{self.prefix}"

    def check_templates(self) -> None:
        """Refuse a cluster whose index templates are missing or older than ours."""
        with self.sentences():
            lenient = self.admin.options(ignore_status=NOT_FOUND)
            found = lenient.indices.get_index_template(name=f"{self.prefix}-*").get("index_templates", [])
        versions = {each["name"]: each["index_template"].get("version", 0) for each in found}
        wanted = [template_name(self.prefix, type_) for type_ in INDEX]
        if missing := [name for name in wanted if name not in versions]:
            self._refuse(f"has no index template {', '.join(missing)}")
        if old := [name for name in wanted if versions[name] < TEMPLATES_VERSION]:
            self._refuse(f"has older index templates than this program: {', '.join(old)}")

    def _refuse(self, what: str) -> None:
        message = f"{self.where} {what}; load ours with './harvest.py setup templates' or add --setup."
        raise DestinationError(message)

    def bulk(self, body: Body) -> list[Item]:
        """Send a body; one item for each document, in order.

        Raises:
            Again: the node is busy, gone, or its answer cannot be read; a resend is safe.
            TooLarge: the body, or a document in it, is more than the node takes.
            DestinationError: the node refuses us as a whole.
        """
        try:
            raw = self.raw.bulk(operations=cast("Any", body.content), filter_path=FILTER).body
            items = [action.index for action in _reply.decode(raw).items]
        except (
            elastic_transport.TransportError,
            elasticsearch.UnsupportedProductError,
            msgspec.MsgspecError,
        ) as error:
            raise Again(_short(error)) from error
        except elasticsearch.ApiError as error:  # after the unsupported product, which is one to the client
            raise self._of_status(error) from error
        if len(items) != len(body):
            message = f"the answer speaks of {len(items)} documents, {len(body)} were sent"
            raise Again(message)
        return items

    def refresh(self, names: str) -> None:
        """Make searchable whatever was acknowledged; indices that are not there hold nothing."""
        with self.sentences():
            self.admin.indices.refresh(index=names, **LENIENT)

    def refresh_early(self, name: str) -> None:
        """The same while more is sent; where that fails, the count at the end will tell."""
        with suppress(DestinationError):
            self.refresh(name)

    def search(self, names: str, **body: Any) -> Mapping[str, Any]:
        """A search that sees everything that was acknowledged; indices that are not there hold nothing."""
        self.refresh(names)
        with self.sentences():
            found: Mapping[str, Any] = self.admin.search(index=names, **LENIENT, **body).body
        return found

    def delete(self, hits: Sequence[Mapping[str, Any]]) -> list[int]:
        """Delete documents that a search found, unless they changed since; the status of each, in order."""
        return self._delete({name: hit[found] for name, found in _SEEN.items()} for hit in hits)

    def delete_versions(self, hits: Sequence[Mapping[str, Any]]) -> list[int]:
        """Delete documents that a search found with their versions, unless there are newer ones; statuses in order.

        What is left of a deleted document has its version, so the same document can be loaded again at once.
        """
        newest = {"version_type": "external_gte"}
        return self._delete({name: hit[found] for name, found in _VERSIONS.items()} | newest for hit in hits)

    def _delete(self, documents: Iterable[Mapping[str, Any]]) -> list[int]:
        actions = [{"delete": each} for each in documents]
        with self.sentences():
            answer = self.admin.bulk(operations=actions, filter_path="items.*.status")
        return [item["delete"]["status"] for item in answer["items"]]

    def _of_status(self, error: elasticsearch.ApiError) -> Exception:
        status, cause = error.meta.status, _cause(error)
        if cause.get("type") == BLOCKED:
            return DestinationError(self.why_stopped(Item(status, Error(BLOCKED))))
        if status in AGAIN_STATUS:
            return Again(f"status {status}")
        if status in TOO_LARGE_STATUS:
            return TooLarge(status)
        return DestinationError(self._sentence(error))

    def why_stopped(self, item: Item) -> str:
        """The sentence for a document's error that stops the whole load."""
        kind = item.error.type if item.error else ""
        if kind == BLOCKED:
            return f"{self.where} blocks writing (disk at flood stage, or a read-only index): free space and run again."
        if kind == NO_INDEX:
            return f"{self.where} may not create the index (action.auto_create_index): allow {self.prefix}-*."
        return f"{self.where} refuses our user the right to write to {self.prefix}-* (status {item.status})."

    @contextmanager
    def sentences(self) -> Iterator[None]:
        """Turns the client's errors into `DestinationError` with a sentence."""
        try:
            yield
        except (
            elasticsearch.ApiError,
            elastic_transport.TransportError,
            elasticsearch.UnsupportedProductError,
        ) as error:
            raise _kind(error)(self._sentence(error)) from error

    def _sentence(self, error: Exception) -> str:
        """An error of the client as what to do about it, without the bodies that it quotes."""
        if isinstance(error, elasticsearch.AuthenticationException):
            return f"{self.where} refuses the login: check ES_API_KEY, or ES_USER and ES_PASSWORD."
        if isinstance(error, elasticsearch.AuthorizationException):
            return f"{self.where} refuses our user a right that it needs on {self.prefix}-* (see README, rights)."
        if isinstance(error, elasticsearch.UnsupportedProductError):
            return f"{self.where}: something answers there, but it is not Elasticsearch."
        if isinstance(error, elasticsearch.ApiError):
            return f"{self.where} answers with status {error.meta.status}: {_reason(error)}."
        return f"{self.where} cannot be reached: {_short(error)}."

    def index_one(self, id_: str, document: Mapping[str, object], name: str = RUNS) -> None:
        """Write one document of the harvester's own, of a run or slice if nothing else is said."""
        with self.sentences():
            self.admin.index(index=f"{self.prefix}-{name}", id=id_, document=document)


def _kind(error: Exception) -> type[DestinationError]:
    if isinstance(error, elasticsearch.AuthenticationException):
        return LoginRefusedError
    return BusyDestinationError if _passes(error) else DestinationError


def _passes(error: Exception) -> bool:
    """Whether the same request may do better in a moment."""
    if isinstance(error, elasticsearch.ApiError):
        return error.meta.status in AGAIN_STATUS and _cause(error).get("type") != BLOCKED
    return isinstance(error, elastic_transport.TransportError) and not isinstance(error, elastic_transport.TlsError)


def _cause(error: elasticsearch.ApiError) -> dict[str, Any]:
    """What the node says is wrong; a body that is kept raw (`bulk`) is parsed only now."""
    body = error.body
    if isinstance(body, bytes):
        with suppress(msgspec.MsgspecError):
            body = msgspec.json.decode(body)
    cause = body.get("error") if isinstance(body, dict) else None
    return cause if isinstance(cause, dict) else {"reason": cause}


def _reason(error: elasticsearch.ApiError) -> str:
    """Why the node refuses: the deepest cause, since the outer ones only say that something is wrong."""
    cause = _cause(error)
    while isinstance(cause.get("caused_by"), dict):
        cause = cause["caused_by"]
    return without_values(str(cause.get("reason") or "no reason given"))


def _short(error: Exception) -> str:
    """A transport error without the address and bodies that it repeats."""
    if "NameResolutionError" in str(error):
        return "there is no such host"
    names = {
        "ConnectionError": "the connection was refused or lost",
        "ConnectionTimeout": "no answer in time",
        "TlsError": "TLS failed: its certificate is not trusted (see ES_CA_FILE), or it does not speak https",
    }
    return names.get(type(error).__name__, f"an unreadable answer ({type(error).__name__})")
