"""What each answer of OpenTok means: a table of bodies, after section 4 of the vendor's reference."""

import json

import pytest

from harvesters.core.answers import Answer, Verdict
from harvesters.opentok import OpenTok

OK, RETRY, REFUSED = Verdict.OK, Verdict.RETRY, Verdict.REFUSED
BAD_CALL, ADD_ON, RETENTION, STOP = (
    Verdict.BAD_CALL,
    Verdict.ADD_ON_MISSING,
    Verdict.BEYOND_RETENTION,
    Verdict.STOP,
)
JSON, HTML = {"content-type": "application/json; charset=utf-8"}, {"content-type": "text/html"}
SESSIONS = {"sessions": {"resources": [{"sessionId": "1_a"}]}}
WITH_DATA = {"data": {"project": {"sessionData": SESSIONS}}}
PAGE = b"<html><head><title>502 Bad Gateway</title></head></html>"


def judged(status: int, body: bytes, headers: dict[str, str] | None = None) -> tuple[Verdict, str]:
    found = OpenTok.judge(Answer(status, JSON if headers is None else headers, body))
    return found.verdict, found.why


def error(code: int | None, message: str = "Something.") -> dict[str, object]:
    entry: dict[str, object] = {"message": message, "locations": [], "path": ["project", "sessionData"]}
    return entry if code is None else {**entry, "errorCode": code}


def graphql(*codes: int | None, data: object = None) -> bytes:
    return json.dumps({"data": data, "errors": [error(code) for code in codes]}).encode()


BY_CODE = {
    1000: REFUSED,
    1001: REFUSED,
    1002: RETENTION,
    1003: STOP,
    1004: STOP,
    1005: STOP,
    1006: STOP,
    1007: STOP,
    1008: REFUSED,
    1009: STOP,
    1010: STOP,
    1011: REFUSED,
    1012: RETRY,
    1013: STOP,
    1014: ADD_ON,
    1015: REFUSED,
    1016: BAD_CALL,
    1017: BAD_CALL,
    1018: STOP,
    1019: REFUSED,
    1020: REFUSED,
    1021: REFUSED,
    1022: STOP,
}


@pytest.mark.parametrize(("code", "verdict"), BY_CODE.items())
@pytest.mark.parametrize("status", [200, 400])
@pytest.mark.parametrize("data", [None, {"project": None}, {"project": {"sessionData": None}}])
def test_an_error_code_decides_whatever_the_status(code: int, verdict: Verdict, status: int, data: object) -> None:
    found, why = judged(status, graphql(code, data=data))
    assert found is verdict
    assert f"error {code}" in why


@pytest.mark.parametrize("code", [1001, 1011, 1020])
@pytest.mark.parametrize("status", [200, 401, 403])
def test_a_refusal_before_graphql_is_read_from_the_body(code: int, status: int) -> None:
    body = json.dumps({"error": {"errorCode": code, "message": "No."}}).encode()
    found, why = judged(status, body)
    assert found is REFUSED
    assert f"error {code}" in why


@pytest.mark.parametrize(
    ("status", "headers", "body"),
    [
        (401, HTML, b"<html>please log in</html>"),
        (403, HTML, b""),
        (401, {}, b"Unauthorized"),
        (403, JSON, b'{"message": "Forbidden"}'),
        (200, JSON, b'{"error": {}}'),
        (200, JSON, b'{"error": {"message": "who are you"}}'),
        (200, JSON, b"{}"),
        (200, JSON, b'{"data": null}'),
        (200, JSON, b'{"data": {"project": null}}'),
        (200, JSON, b'{"data": {"project": {"sessionData": null}}}'),
        (200, JSON, b'{"data": null, "errors": []}'),
    ],
)
def test_refusals_without_a_code_and_bodies_without_data_are_refusals(
    status: int, headers: dict[str, str], body: bytes
) -> None:
    found, why = judged(status, body, headers)
    assert found is REFUSED
    assert f"status {status}" in why


@pytest.mark.parametrize(
    ("status", "headers", "body"),
    [
        (500, JSON, b'{"error": "oops"}'),
        (500, JSON, json.dumps(WITH_DATA).encode()),
        (502, HTML, PAGE),
        (503, {}, b""),
        (504, HTML, PAGE),
        (408, {}, b""),
        (429, {}, b""),
        (429, JSON, json.dumps({"error": {"errorCode": 1001}}).encode()),
        (200, HTML, PAGE),
        (200, JSON, b""),
        (200, JSON, b'{"data": {"project": {"sessionData": {"sess'),
        (200, JSON, b'{"data": {"project": {"sessionData": {}}}} trailing'),
        (200, JSON, b"[]"),
        (200, JSON, b"null"),
        (200, JSON, b"\xff\xfe\x00"),
    ],
)
def test_what_may_be_better_next_time_is_asked_again(status: int, headers: dict[str, str], body: bytes) -> None:
    found, why = judged(status, body, headers)
    assert found is RETRY
    assert str(status) in why


def test_html_instead_of_json_is_named_by_status_size_and_type() -> None:
    assert judged(200, PAGE, HTML) == (RETRY, f"200 with {len(PAGE)} bytes of text/html instead of a GraphQL answer")


@pytest.mark.parametrize(
    ("status", "headers", "body"),
    [
        (404, HTML, b"<html>not here</html>"),
        (405, {}, b""),
        (410, HTML, b"gone"),
        (400, HTML, b"<html>bad</html>"),
    ],
)
def test_another_place_than_the_api_is_a_setting_to_mend(status: int, headers: dict[str, str], body: bytes) -> None:
    found, why = judged(status, body, headers)
    assert found is STOP
    assert str(status) in why
    assert "OPENTOK_URL" in why


def test_an_invalid_query_says_what_the_vendor_says() -> None:
    body = json.dumps({"errors": [error(None, "Cannot query field 'nope' on type 'Session'.")]}).encode()
    for status in (200, 400):
        found, why = judged(status, body)
        assert found is STOP
        assert "Cannot query field 'nope'" in why


def test_an_answer_with_data_is_good() -> None:
    assert judged(200, json.dumps(WITH_DATA).encode()) == (OK, "")
    assert judged(200, json.dumps({**WITH_DATA, "errors": []}).encode()) == (OK, "")
    assert judged(200, json.dumps({**WITH_DATA, "extensions": {"took": 3}}).encode()) == (OK, "")


@pytest.mark.parametrize("code", [None, 1004, 1012, 1016, 1017, 1022, 4711])
@pytest.mark.parametrize("status", [200, 400])
def test_errors_beside_data_leave_the_data_to_the_reader(code: int | None, status: int) -> None:
    found, _ = judged(status, graphql(code, data=WITH_DATA["data"]))
    assert found is OK


def test_too_big_is_seen_beside_data_too() -> None:
    found, _ = judged(200, graphql(1014, data=WITH_DATA["data"]))
    assert found is ADD_ON


def test_the_gravest_of_several_errors_decides() -> None:
    assert judged(200, graphql(None, 1014))[0] is ADD_ON
    assert judged(200, graphql(1017, 1001))[0] is REFUSED
    assert judged(200, graphql(1016, 1012))[0] is RETRY


def test_the_add_on_is_named_for_people() -> None:
    found, why = judged(200, graphql(1014))
    assert found is ADD_ON
    assert "Advanced Insights add-on" in why


@pytest.mark.parametrize("entry", ["text", 7, None, {"message": 7}, {"errorCode": "1001"}, {"path": "project"}])
def test_errors_of_another_form_are_never_a_good_answer(entry: object) -> None:
    found, why = judged(200, json.dumps({"errors": [entry]}).encode())
    assert found in {RETRY, STOP, REFUSED}
    assert why


def test_a_long_message_is_cut() -> None:
    body = json.dumps({"errors": [error(None, "x" * 100_000)]}).encode()
    assert len(judged(200, body)[1]) < 400
