"""Kibana over HTTP, as far as `setup dashboards` needs it: is it ready, which version, import, export."""

import base64
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import msgspec

from harvesters.core.answers import Answer, Auth, Request
from harvesters.core.common_settings import CommonSettings
from harvesters.core.day import Clock
from harvesters.core.errors import AuthError, DeferredError, DestinationError, SettingsError
from harvesters.core.lenient import inside
from harvesters.core.settings import travels_open
from harvesters.core.wire import BrokenLineError, Wire

Json = dict[str, Any]
OLDEST, NEWEST_MAJOR = (8, 8), 9
DEFAULT_SPACE = "default"
CAP, PATIENCE_S = 64 << 20, 120.0
LONGEST_REASON = 300
OK, BAD_REQUEST, UNAUTHORIZED, FORBIDDEN, NOT_FOUND, TOO_MANY, UNAVAILABLE = 200, 400, 401, 403, 404, 429, 503
BUSY = frozenset({TOO_MANY, 502, UNAVAILABLE, 504})
READY = frozenset({"available", "degraded"})
BOUNDARY = "vconf-harvest-8f1b6d0f2c"
FILE_NAME = "vconf.ndjson"
"""Kibana refuses a file whose name ends in anything else."""


@dataclass(frozen=True, slots=True)
class Place:
    """Which Kibana, which space of it ("" its own), and how we log in there."""

    host: str
    space: str
    headers: Mapping[str, str] = field(repr=False)
    ca_file: str = ""

    @property
    def where(self) -> str:
        """For people."""
        parts = urlsplit(self.host)
        inside = f", space {self.space}" if self.space else ""
        return f"Kibana at {parts.hostname}:{parts.port}{inside}"

    @property
    def inside(self) -> str:
        """The part of a path that names the space."""
        return f"/s/{self.space}" if self.space else ""


def place_of(settings: CommonSettings, looked: str) -> Place:
    """Kibana, as the settings name it; `looked`: where KIBANA_HOST was looked for.

    Raises:
        SettingsError: there is none, or our login would travel where others can read it.
    """
    host = settings.kibana_host
    if not host:
        raise SettingsError([f"KIBANA_HOST is not set; looked in {looked}."])
    headers = _login(settings)
    if headers and travels_open(host):
        why = f"KIBANA_HOST: {host} would carry the login where others can read it: use https://."
        raise SettingsError([why])
    space = settings.kibana_space or ""
    ca_file = settings.kibana_ca_file or settings.es_ca_file
    return Place(host, "" if space == DEFAULT_SPACE else space, headers, str(ca_file or ""))


def _login(settings: CommonSettings) -> dict[str, str]:
    """The header that tells who we are: Kibana's own login, else that of Elasticsearch, which it asks anyway."""
    own = bool(settings.kibana_api_key or settings.kibana_user)
    key = settings.kibana_api_key if own else settings.es_api_key
    user, password = (
        (settings.kibana_user, settings.kibana_password) if own else (settings.es_user, settings.es_password)
    )
    if key:
        return {"authorization": f"ApiKey {key}"}
    if user:
        pair = base64.b64encode(f"{user}:{password}".encode()).decode()
        return {"authorization": f"Basic {pair}"}
    return {}


@contextmanager
def ready(place: Place, clock: Clock) -> "Iterator[tuple[Kibana, str]]":
    """A Kibana that is ready, reads our format and has our space; with its version, "" where it does not say.

    Raises:
        HarvestError: it is not, or refuses us.
    """
    with closing(Kibana(place, clock)) as kibana:
        version = kibana.version()
        kibana.check_space()
        yield kibana, version


class Kibana:
    """One Kibana; every call gives JSON or ends in a sentence that says what to do."""

    def __init__(self, place: Place, clock: Clock) -> None:
        """Nothing is sent yet."""
        self.place, self._clock = place, clock
        self._wire = Wire(clock, CAP, place.ca_file or None, "KIBANA_CA_FILE")

    def close(self) -> None:
        """Give the connections back."""
        self._wire.close()

    def version(self) -> str:
        """Its version, "" where it does not say; after it was found ready, and one that reads our format.

        Raises:
            DeferredError: it is not ready.
            DestinationError: it is none, or its version cannot read our dashboards.
        """
        answer = self._send("GET", "/api/status", takes=(UNAVAILABLE,))
        status = _json(answer)
        level = inside(status, "status", "overall", "level")
        if level not in READY:
            if level is None and answer.status == OK:
                raise DestinationError(_no_kibana(self.place))
            message = f"{self.place.where} is not ready yet: try again in a minute."
            raise DeferredError(message)
        version = inside(status, "version", "number")
        self._check(version or "")
        return version or ""

    def _check(self, version: str) -> None:
        parts = [int(part) for part in version.split(".")[:2] if part.isdecimal()]
        if not parts or OLDEST <= tuple(parts) < (NEWEST_MAJOR + 1,):
            return
        todo = "update Kibana" if tuple(parts) < OLDEST else "look for a newer version of this program"
        message = (
            f"{self.place.where} is {version}; these dashboards are for Kibana {OLDEST[0]}.{OLDEST[1]} to "
            f"{NEWEST_MAJOR}.x: {todo}. Nothing was changed there."
        )
        raise DestinationError(message)

    def check_space(self) -> None:
        """See that the space is there: into one that is not, Kibana imports all the same, and nobody ever sees it.

        Raises:
            SettingsError: it is not.
        """
        if not self.place.space:
            return
        answer = self._send("GET", f"/api/spaces/space/{self.place.space}", takes=(NOT_FOUND,))
        if answer.status == NOT_FOUND:
            here = self.place.where.partition(",")[0]
            why = f"{here} has no space '{self.place.space}': create it there, or correct --space or KIBANA_SPACE."
            raise SettingsError([why])

    def import_objects(self, ndjson: str) -> Json:
        """Import a file of saved objects, replacing those that are there; what became of each.

        Raises:
            DestinationError: it refuses the whole file.
        """
        head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="{FILE_NAME}"\r\n'
        body = f"{head}Content-Type: application/ndjson\r\n\r\n{ndjson}\r\n--{BOUNDARY}--\r\n".encode()
        path = f"{self.place.inside}/api/saved_objects/_import?overwrite=true"
        found = _json(self._send("POST", path, body, f"multipart/form-data; boundary={BOUNDARY}"))
        if not isinstance(found.get("success"), bool):
            raise DestinationError(_no_kibana(self.place))
        return found

    def export_objects(self, wanted: list[Json]) -> list[Json]:
        """Those of some objects (`type` and `id`) that are there."""
        there = wanted
        while there:
            asked = {"objects": there, "includeReferencesDeep": False, "excludeExportDetails": True}
            path, body = f"{self.place.inside}/api/saved_objects/_export", msgspec.json.encode(asked)
            answer = self._send("POST", path, body, "application/json", takes=(BAD_REQUEST,))
            if answer.status == OK:
                return _lines(self.place, answer)
            lacking = _lacking(self.place, answer)
            there = [each for each in there if (each["type"], each["id"]) not in lacking]
        return []

    def _send(
        self, method: str, path: str, body: bytes | None = None, kind: str = "", takes: tuple[int, ...] = ()
    ) -> Answer:
        """One exchange; statuses other than 200 and those that the caller `takes` are errors."""
        headers = {"kbn-xsrf": "true", "accept": "application/json", **({"content-type": kind} if kind else {})}
        request = Request(method, f"{self.place.host}{path}", body, headers)
        deadline = self._clock.monotonic() + PATIENCE_S
        try:
            answer = self._wire.exchange(request, Auth(self.place.headers), deadline)
        except BrokenLineError as error:
            message = f"{self.place.where} cannot be reached: {error}."
            raise DestinationError(message) from error
        if answer.judgement.why:
            message = f"{self.place.where} {answer.judgement.why}."
            raise DestinationError(message)
        if answer.status in {OK, *takes}:
            return answer
        raise _refusal(self.place, answer)


def _lines(place: Place, answer: Answer) -> list[Json]:
    """The objects of an export."""
    try:
        return [msgspec.json.decode(line) for line in answer.body.splitlines() if line.strip()]
    except msgspec.MsgspecError as error:
        raise DestinationError(_no_kibana(place)) from error


def _lacking(place: Place, answer: Answer) -> set[tuple[str, str]]:
    """Which of the objects that were asked for are not there."""
    named = inside(_json(answer), "attributes", "objects")
    lacking = {(each["type"], each["id"]) for each in named} if isinstance(named, list) else set()
    if not lacking:
        raise DestinationError(_said(place, answer))
    return lacking


def _no_kibana(place: Place) -> str:
    return f"{place.where}: something answers there, but it is not Kibana: check KIBANA_HOST."


def _refusal(place: Place, answer: Answer) -> Exception:
    """What a status means."""
    where = place.where
    if answer.status == UNAUTHORIZED:
        names = "KIBANA_API_KEY, or KIBANA_USER and KIBANA_PASSWORD"
        return AuthError(f"{where} refuses the login: check {names} (without them those of Elasticsearch are used).")
    if answer.status == FORBIDDEN:
        rights = "Saved Objects Management, Dashboard, Discover and Tag Management: all"
        return AuthError(f"{where} refuses our user a right that it needs ({rights}) in that space.")
    if answer.status in BUSY:
        return DeferredError(f"{where} is not ready yet (status {answer.status}): try again in a minute.")
    return DestinationError(_said(place, answer))


def _said(place: Place, answer: Answer) -> str:
    """An answer that Kibana explains, or that shows that it is none."""
    reason = inside(_json(answer), "message")
    if not isinstance(reason, str) or answer.status == NOT_FOUND:
        return _no_kibana(place)
    return f"{place.where} answers with status {answer.status}: {reason[:LONGEST_REASON].rstrip('.')}."


def _json(answer: Answer) -> Json:
    """The answer's object; an empty one where it has none."""
    try:
        found = msgspec.json.decode(answer.body)
    except msgspec.MsgspecError:
        return {}
    return found if isinstance(found, dict) else {}
