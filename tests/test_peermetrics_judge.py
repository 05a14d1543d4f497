"""What each answer of a peermetrics server means: by status first, for its errors have no body to speak of."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harvesters.core.answers import Answer, Verdict
from harvesters.peermetrics import Peermetrics
from harvesters.peermetrics.judge import FEW

OK, RETRY, REFUSED, STOP, BAD_CALL = Verdict.OK, Verdict.RETRY, Verdict.REFUSED, Verdict.STOP, Verdict.BAD_CALL
JSON, HTML = {"content-type": "application/json; charset=utf-8"}, {"content-type": "text/html"}
NOTHING = b'""'
PAGE = b"<!doctype html><html><body><h1>Not Found</h1></body></html>"
LOGIN = b'<!doctype html><html><body><form action="/oauth2/start">Sign in</form></body></html>'
GATEWAY = b"<html><head><title>502 Bad Gateway</title></head></html>"
ROWS = b'{"data":[{"id":"a","created_at":"2026-11-20 09:00:00"}]}'
RECORDED = Path(__file__).parent / "data" / "peermetrics"
REQUESTS = [each for each in json.loads((RECORDED / "requests.index").read_bytes()) if each["file"]]


def error(code: str, message: str = "Something.") -> bytes:
    return json.dumps({"error_code": code, "message": message}).encode()


def judged(status: int, body: bytes, headers: Mapping[str, str] = JSON) -> tuple[Verdict, int | None, str]:
    found = Peermetrics.judge(Answer(status, headers, body))
    return found.verdict, found.tries, found.why


TABLE = {
    "rows": (200, ROWS, JSON, OK, None, ""),
    "a page": (200, b'{"results":[],"count":0}', JSON, OK, None, ""),
    "the limit of a minute, no Retry-After": (429, NOTHING, JSON, RETRY, None, "too many requests"),
    "an exception": (500, NOTHING, JSON, RETRY, FEW, "500 with 2 bytes of application/json"),
    "nobody behind the proxy": (502, GATEWAY, HTML, RETRY, None, "502"),
    "out of service": (503, b"", {}, RETRY, None, "503 with 0 bytes of no content type"),
    "a proxy that did not wait": (504, GATEWAY, HTML, RETRY, None, "504"),
    "something else of the server": (507, b"", {}, RETRY, FEW, "507"),
    "an app that is gone": (400, error("app_not_found"), JSON, BAD_CALL, None, "app_not_found"),
    "a conference that is gone": (400, error("conference_not_found"), JSON, BAD_CALL, None, "status 400"),
    "somebody who is gone": (400, error("participant_not_found"), JSON, BAD_CALL, None, "Something"),
    "our own mistake": (400, error("invalid_parameters"), JSON, STOP, None, "invalid_parameters"),
    "our own omission": (400, error("missing_parameters"), JSON, STOP, None, "missing_parameters"),
    "a request line too long": (400, PAGE, HTML, STOP, None, "400 with"),
    "a wrong method": (405, error("method_not_allowed"), JSON, STOP, None, "method_not_allowed"),
    "another server": (404, PAGE, HTML, STOP, None, "check PEERMETRICS_URL and its prefix"),
    "another API": (404, b'{"detail":"Not Found"}', JSON, STOP, None, "check PEERMETRICS_URL"),
    "not found with a code": (404, error("app_not_found"), JSON, STOP, None, "check PEERMETRICS_URL"),
    "a proxy that wants a login": (401, PAGE, HTML, REFUSED, None, "PEERMETRICS_USER"),
    "a proxy that does not let in": (403, PAGE, HTML, REFUSED, None, "PEERMETRICS_HEADERS"),
    "a login in JSON": (401, error("unauthorized"), JSON, REFUSED, None, "proxy"),
    "a login page": (200, LOGIN, HTML, RETRY, FEW, "perhaps a proxy's login page"),
    "half an answer": (200, ROWS[:-2], JSON, RETRY, FEW, "instead of JSON"),
    "no answer": (200, b"", JSON, RETRY, FEW, "0 bytes"),
    "nothing where rows should be": (200, NOTHING, JSON, RETRY, FEW, "2 bytes"),
    "bytes that are no text": (200, b'{"data":"\xff"', JSON, RETRY, FEW, "instead of JSON"),
    "nested without end": (200, b"[" * 100_000, JSON, RETRY, FEW, "instead of JSON"),
}


@pytest.mark.parametrize("case", TABLE)
def test_an_answer_by_status_and_form(case: str) -> None:
    status, body, headers, verdict, tries, says = TABLE[case]
    found = judged(status, body, headers)
    assert found[:2] == (verdict, tries)
    assert says in found[2]
    assert bool(found[2]) is (verdict is not OK)


@pytest.mark.parametrize("asked", REQUESTS, ids=lambda asked: asked["file"])
def test_what_a_running_server_said(asked: dict[str, Any]) -> None:
    """Every recorded answer with its status: the good ones are good, and the errors are what they are."""
    folders = (RECORDED, Path(__file__).parents[1] / "harvesters" / "sandbox" / "answers" / "peermetrics")
    (path,) = [folder / asked["file"] for folder in folders if (folder / asked["file"]).exists()]
    verdict, tries, _ = judged(asked["status"], path.read_bytes())
    code = path.stem.removeprefix("error_")
    expected = {200: (OK, None), 500: (RETRY, 3), 405: (STOP, None)}
    if asked["status"] == 400:
        expected[400] = (BAD_CALL if "not_found" in code else STOP, None)
    assert (verdict, tries) == expected[asked["status"]]


def test_what_a_server_says_is_quoted_in_few_words() -> None:
    _, _, why = judged(400, error("conference_not_found", "x" * 5000))
    assert len(why) < 300


@pytest.mark.parametrize("body", [b'{"error_code":17,"message":["no"]}', b'{"error_code":null}', b"{}"])
def test_an_error_of_another_form_is_an_error_all_the_same(body: bytes) -> None:
    verdict, _, why = judged(400, body)
    assert verdict is STOP
    assert "status 400" in why


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


@settings(max_examples=200, deadline=None)
@given(st.integers(200, 599), st.binary(max_size=60) | VALUES.map(lambda value: json.dumps(value).encode()))
def test_no_answer_upsets_the_judge_and_none_but_json_with_a_good_status_is_good(status: int, body: bytes) -> None:
    verdict, _, why = judged(status, body)
    assert isinstance(verdict, Verdict)
    if status >= 400 or not body.strip().startswith(b"{"):
        assert verdict is not OK
        assert why
