import gzip
import http.client
import threading
from collections.abc import Iterator

import pytest
import requests

from harvesters.sandbox import Request, Response, Server


def echo(request: Request) -> Response:
    return Response(200, {"X-Method": request.method, "X-Path": request.path}, request.body)


@pytest.fixture
def http_session() -> Iterator[requests.Session]:
    with requests.Session() as session:
        yield session


def test_an_app_sees_the_request_and_is_answered(http_session: requests.Session) -> None:
    with Server(echo, path="/graphql") as server:
        answer = http_session.put(server.url + "/x?y=1", data=b"body", headers={"X-Odd": "1"}, timeout=5)
        assert (answer.status_code, answer.content) == (200, b"body")
        assert answer.headers["X-Method"] == "PUT"
        assert answer.headers["X-Path"] == "/graphql/x?y=1"
        (seen,) = server.log
        assert seen.headers["x-odd"] == "1"
        assert seen.client == "127.0.0.1"


def test_a_connection_is_kept_for_the_next_request() -> None:
    with Server(echo) as server:
        connection = http.client.HTTPConnection("127.0.0.1", int(server.url.split(":")[2].strip("/")))
        connection.connect()
        socket = connection.sock
        for _ in range(3):
            connection.request("POST", "/", b"a")
            assert connection.getresponse().read() == b"a"
        assert connection.sock is socket
        connection.close()
        assert server.requests == 3


def test_an_unknown_method_is_refused(http_session: requests.Session) -> None:
    with Server(echo) as server:
        assert http_session.request("BREW", server.url, timeout=5).status_code == 501


def test_intercept_answers_by_number_instead_of_the_app(http_session: requests.Session) -> None:
    def second_fails(number: int, _request: Request) -> Response | None:
        return Response(503) if number == 2 else None

    with Server(echo, intercept=second_fails) as server:
        assert [http_session.get(server.url, timeout=5).status_code for _ in range(3)] == [200, 503, 200]


def test_a_cut_body_is_shorter_than_promised_and_closes(http_session: requests.Session) -> None:
    def cut(_request: Request) -> Response:
        return Response(200, {}, b"x" * 100_000, cut=70_000)

    with Server(cut) as server, http_session.get(server.url, timeout=5, stream=True) as answer:
        assert answer.headers["Content-Length"] == "100000"
        with pytest.raises(requests.exceptions.ChunkedEncodingError):
            assert answer.content


def test_a_delay_waits_by_the_given_sleep(http_session: requests.Session) -> None:
    waited: list[float] = []
    with Server(lambda _: Response(200, delay=7.5), sleep=waited.append) as server:
        http_session.get(server.url, timeout=5)
    assert waited == [7.5]


def test_gzip_is_off_by_default(http_session: requests.Session) -> None:
    with Server(lambda _: Response(200, {}, b"x" * 10_000)) as server:
        assert "Content-Encoding" not in http_session.get(server.url, timeout=5).headers


@pytest.mark.parametrize(
    ("size", "accept", "packed"), [(10_000, "gzip", True), (10_000, "br", False), (99, "gzip", False)]
)
def test_gzip_packs_large_answers_for_those_who_accept_it(
    http_session: requests.Session, size: int, accept: str, *, packed: bool
) -> None:
    with Server(lambda _: Response(200, {}, b"x" * size), compress=True) as server:
        answer = http_session.get(server.url, timeout=5, headers={"Accept-Encoding": accept}, stream=True)
        body = answer.raw.read(decode_content=False)
        assert (gzip.decompress(body) if packed else body) == b"x" * size
        assert ("Content-Encoding" in answer.headers) is packed


def test_closing_ends_the_threads_of_idle_clients(http_session: requests.Session) -> None:
    before = threading.active_count()
    with Server(echo) as server:
        http_session.get(server.url, timeout=5)
    assert threading.active_count() == before


def test_a_client_that_leaves_does_no_harm(http_session: requests.Session, capsys: pytest.CaptureFixture[str]) -> None:
    with Server(lambda _: Response(200, {}, b"x" * 20_000_000)) as server:
        http_session.get(server.url, timeout=5, stream=True).close()
        assert http_session.get(server.url, timeout=5).status_code == 200
    assert capsys.readouterr().err == ""
