"""A secret is used and never told: not on a terminal, in a log, a report or a file, whatever goes wrong."""

import json
import logging
import traceback
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from harvesters.core.errors import HarvestError
from harvesters.sandbox import Request, Response, Server, serve_opentok
from tests.line import RawServer, ask, line, whole
from tests.nights import Night
from tests.opentok_client import NOW
from tests.opentok_days import KEY, day_of
from tests.shell import Done, Shell, tree, unpacked

DAY = datetime(2026, 11, 18, tzinfo=UTC).date()
LINE = ("opentok", "--date", "2026-11-18", "-vv", "--report", "report.json")
SECRET = "canary-of-the-vendor-51ab-which-is-long-enough"
API_KEY = "canary-of-elasticsearch-92cd"
PASSWORD = "canary-of-a-password-77ef"
NOBODY = "127.0.0.1:9"

Fault = Callable[[Request, Response], Response]


def _echo(request: Request) -> bytes:
    """What a careless gateway repeats of a request: all of its headers."""
    return json.dumps(dict(request.headers)).encode()


def _error_that_quotes(request: Request, answer: Response) -> Response:
    said = {"message": f"bad token {request.headers['x-opentok-auth']}"}
    return Response(200, answer.headers, json.dumps({"errors": [said]}).encode())


def _data_with_an_error_that_quotes(request: Request, answer: Response) -> Response:
    said = {"message": f"bad token {request.headers['x-opentok-auth']}", "path": ["project"]}
    return Response(200, answer.headers, json.dumps({**json.loads(answer.body), "errors": [said]}).encode())


FAULTS: dict[str, Fault] = {
    "fine": lambda _, answer: answer,
    "refused": lambda request, _: Response(401, {"Content-Type": "application/json"}, _echo(request)),
    "forbidden": lambda request, _: Response(403, {"X-Echo": request.headers["x-opentok-auth"]}, _echo(request)),
    "busy": lambda request, _: Response(429, {"Retry-After": "99999"}, _echo(request)),
    "too busy": lambda request, _: Response(503, {"Retry-After": request.headers["x-opentok-auth"]}, _echo(request)),
    "broken": lambda request, _: Response(500, {"Content-Type": request.headers["x-opentok-auth"]}, _echo(request)),
    "missing": lambda request, _: Response(404, {"Content-Type": request.headers["x-opentok-auth"]}, _echo(request)),
    "elsewhere": lambda request, _: Response(
        302, {"Location": f"https://x:{request.headers['x-opentok-auth']}@y.test/"}
    ),
    "an error": _error_that_quotes,
    "an error beside data": _data_with_an_error_that_quotes,
    "cut": lambda _, answer: Response(200, answer.headers, answer.body, cut=len(answer.body) // 2),
    "no JSON": lambda request, answer: Response(200, answer.headers, _echo(request)[:-1]),
    "another form": lambda request, answer: Response(
        200, answer.headers, b'{"data":{"project":{"sessionData":{"sessionSummaries":' + _echo(request) + b"}}}}"
    ),
}


def _serve(fault: Fault, from_request: int) -> Server:
    """A vendor that knows our canary, and plays a fault from some request on."""
    sessions = day_of(2, day=DAY, people=(2,), minutes=2)

    def play(number: int, request: Request) -> Response | None:
        return fault(request, server._app(request)) if number >= from_request else None

    server = serve_opentok(sessions, key=KEY, secret=SECRET, now=lambda: NOW, intercept=play)
    return server


def _shell(folder: Path, **more: str) -> Shell:
    """A terminal whose every secret is a canary."""
    secrets = {"OPENTOK_API_KEY": KEY, "OPENTOK_API_SECRET": SECRET}
    return Shell(folder, {**secrets, **more})


def _everything(shell: Shell, done: Done) -> bytes:
    """All that a run left: what it said, and every file."""
    return b"\n".join([done.out.encode(), done.err.encode(), _files(shell.folder)])


def _files(folder: Path) -> bytes:
    """Every file with its name, packed ones unpacked too."""
    files: list[bytes] = []
    for name, content in tree(folder).items():
        files += [name.encode(), content, unpacked(content) if name.endswith(".zst") else b""]
    return b"\n".join(files)


def _assert_untold(told: bytes, server: Server) -> None:
    tokens = {request.headers["x-opentok-auth"] for request in server.log}
    assert tokens
    for secret in (SECRET, PASSWORD, *tokens, *(token.split(".")[2] for token in tokens)):
        assert secret.encode() not in told


@pytest.mark.parametrize("from_request", [1, 2], ids=["from the list on", "from the batch on"])
@pytest.mark.parametrize("fault", FAULTS)
def test_no_secret_is_told_whatever_the_vendor_does(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, fault: str, from_request: int
) -> None:
    caplog.set_level(logging.DEBUG)
    secrets = {"OPENTOK_API_SECRET": SECRET, "ES_PASSWORD": PASSWORD, "ES_USER": "me"}
    with _serve(FAULTS[fault], from_request) as server:
        ran = Night(tmp_path, NOW, server.url, more=secrets).harvest(DAY, into=["lake"])
        said = [json.dumps(ran.report.as_json()), *ran.said, ran.only.sentence(), ran.report.summary()]
        # Of other programs' records a console shows warnings alone.
        said += [record.getMessage() for record in caplog.records if record.name.startswith("harvesters")]

    assert said
    _assert_untold("\n".join(said).encode() + _files(tmp_path), server)


@pytest.mark.parametrize(
    "fault", ["fine", "refused", "busy", "missing", "elsewhere", "an error", "an error beside data"]
)
def test_no_secret_is_told_to_who_wants_to_know_everything(tmp_path: Path, fault: str) -> None:
    shell = _shell(tmp_path, ES_HOST=NOBODY, ES_USER="me", ES_PASSWORD=PASSWORD)
    with _serve(FAULTS[fault], 1) as server:
        done = shell(*LINE, "--destination", "lake", OPENTOK_URL=server.url)

    told = _everything(shell, done)
    assert b'"exit_code"' in told
    assert b"debug: " in told
    assert "Traceback" not in done.err
    assert "a mistake of this program" not in done.err
    _assert_untold(told, server)


def test_the_search_looks_into_archive_lake_and_manifest(tmp_path: Path) -> None:
    with _serve(FAULTS["fine"], 1) as server:
        assert Night(tmp_path, NOW, server.url, more={"OPENTOK_API_SECRET": SECRET}).harvest(DAY).exit_code == 0

    told = _files(tmp_path)
    # In the archive as the vendor wrote it, in the lake as ours, and in the manifest.
    for known in (b"videoPacketLoss", b"observer", b'"destinations"', b".lock"):
        assert known in told


@pytest.mark.parametrize("login", ["key", "password"])
@pytest.mark.parametrize("status", [401, 403, 429, 500])
def test_no_secret_of_elasticsearch_is_told_whatever_answers_there(tmp_path: Path, login: str, status: int) -> None:
    secrets = {"ES_API_KEY": API_KEY} if login == "key" else {"ES_USER": "me", "ES_PASSWORD": PASSWORD}
    product = {"X-elastic-product": "Elasticsearch", "Content-Type": "application/json"}

    def refuse(request: Request) -> Response:
        quoted = request.headers["authorization"] if status in {401, 403} else "you"
        said = {"type": "security_exception", "reason": f"unable to authenticate {quoted}"}
        return Response(status, product, json.dumps({"error": said, "status": status}).encode())

    shell = _shell(tmp_path, **secrets)
    with Server(refuse, path="") as cluster, _serve(FAULTS["fine"], 1) as server:
        done = shell(*LINE, OPENTOK_URL=server.url, ES_HOST=cluster.url)
        asked = [request.headers["authorization"] for request in cluster.log]

    told = _everything(shell, done)
    assert done.code == 1
    assert asked
    for secret in (SECRET, API_KEY, PASSWORD, *(each.split()[1] for each in asked)):
        assert secret.encode() not in told


@pytest.mark.parametrize(
    "secret", [f"{API_KEY}\nX-Injected: yes", f"{API_KEY} \u00fc\u4e00"], ids=["two lines", "no ASCII"]
)
def test_a_key_that_cannot_be_a_header_is_not_told_either(tmp_path: Path, secret: str) -> None:
    (tmp_path / "word").write_text(secret)
    for given in ({"ES_API_KEY": secret}, {"ES_API_KEY_FILE": str(tmp_path / "word")}):
        done = _shell(tmp_path, **given)("setup", "templates", "-vv", ES_HOST=NOBODY)

        assert done.code == 78
        assert done.err == "error: ES_API_KEY: write the key's encoded form, one word of letters, digits and signs.\n"


def test_settings_that_are_wrong_in_every_way_tell_no_secret(tmp_path: Path) -> None:
    (tmp_path / "word").write_text(SECRET)
    shell = _shell(
        tmp_path,
        OPENTOK_API_KEY=SECRET,
        OPENTOK_URL=f"https://x:{SECRET}@vendor.test",
        OPENTOK_BITRATE_UNIT=SECRET,
        ES_HOST=f"http://me:{PASSWORD}@search",
        ES_API_KEY=API_KEY,
        ES_USER="me",
        ES_PASSWORD=PASSWORD,
        INDEX_PREFIX=SECRET.upper(),
    )
    done = shell(*LINE)
    told = _everything(shell, done).lower().replace(tree(shell.folder)["word"], b"")

    assert done.code == 78
    for secret in (SECRET, API_KEY, PASSWORD):
        assert secret.encode() not in told


def test_an_error_and_all_that_caused_it_tell_no_token(caplog: pytest.LogCaptureFixture) -> None:
    from harvesters.core.answers import Auth

    caplog.set_level(logging.DEBUG)
    token = "canary-of-a-token-4242"
    plays = [whole(token.encode(), status, x_echo=token) for status in (500, 404)]
    auth = Auth({"X-Token": token})
    for play in plays:
        with RawServer([play]) as server:
            api, _ = line(login=lambda: auth, patience=10)
            with pytest.raises(HarvestError) as caught:
                api.send(ask(server.url))
        assert token not in "".join(traceback.format_exception(caught.value))

    assert token not in caplog.text
    assert token not in repr(auth)
