"""What each answer of Zoom means: the tables of the reference's sections 3, 4 and 8, by code and text."""

import json
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harvesters.core.answers import Answer, Verdict
from harvesters.zoom import Zoom
from tests.zoom_records import SAMPLES, Json, published

OK, RETRY, REFUSED, STOP = Verdict.OK, Verdict.RETRY, Verdict.REFUSED, Verdict.STOP
BAD_CALL, PLAN, RETENTION = Verdict.BAD_CALL, Verdict.ADD_ON_MISSING, Verdict.BEYOND_RETENTION
DAY_SPENT, STALE = Verdict.DAY_SPENT, Verdict.STALE_CURSOR
JSON, HTML = {"content-type": "application/json;charset=UTF-8"}, {"content-type": "text/html; charset=UTF-8"}
BLOCKED = b"<!DOCTYPE html><html><body><h1>Sorry, you have been blocked</h1></body></html>"
BUSINESS = "This API is only available for Business or higher accounts that have enabled the Dashboard feature."
LACKS = "Invalid access token, does not contain scopes:[dashboard:read:list_meetings:admin]."
EVERY_STATUS = (400, 401, 403, 404)


def judged(status: int, body: Json, headers: Mapping[str, str] | None = None) -> tuple[Verdict, str]:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    found = Zoom.judge(Answer(status, JSON if headers is None else headers, raw))
    return found.verdict, found.why


def error(status: int, code: Json, message: Json = "Something.") -> tuple[Verdict, str]:
    return judged(status, {"code": code, "message": message})


# -- the published and real answers ----------------------------------------------------------------------

SAMPLE_VERDICTS = {
    "token.ok": OK,
    "token.invalid-client": REFUSED,
    "token.no-account": REFUSED,
    "error.401-124": REFUSED,
    "error.401-124-expired": REFUSED,
    "error.400-4711": REFUSED,
    "error.400-4700": REFUSED,
    "error.400-200-dashboard": PLAN,
    "error.400-300-page-token": STALE,
    "error.400-300-six-months": RETENTION,
    "error.400-12702": RETENTION,
    "error.400-3161": BAD_CALL,
    "error.404-1001": BAD_CALL,
    "error.404-3001-lost-slash": BAD_CALL,
    "error.404-3001-not-ended": BAD_CALL,
    "error.429-daily": DAY_SPENT,
    "error.429-per-second": RETRY,
    "error.429-real-headers": DAY_SPENT,
}


def test_every_sample_is_in_the_table() -> None:
    found = {path.name.removesuffix(".http.json") for path in SAMPLES.glob("*.http.json")}
    assert found == set(SAMPLE_VERDICTS)


@pytest.mark.parametrize(("name", "verdict"), SAMPLE_VERDICTS.items())
def test_the_published_and_real_answers(name: str, verdict: Verdict) -> None:
    sample = published(f"{name}.http")
    headers = {key.lower(): value for key, value in sample.get("headers", {}).items()}
    found, why = judged(sample["status"], sample["body"], {**JSON, **headers})
    assert found is verdict
    assert bool(why) is (verdict is not OK)


@pytest.mark.parametrize("path", sorted(SAMPLES.glob("*.response.json")), ids=lambda path: path.name)
def test_every_published_list_is_a_good_answer(path: Path) -> None:
    assert judged(200, path.read_bytes()) == (OK, "")


# -- by code, whatever the status ------------------------------------------------------------------------

BY_CODE = [
    (124, "Invalid access token.", REFUSED),
    (124, "Access token is expired.", REFUSED),
    (4700, LACKS, REFUSED),
    (4711, LACKS, REFUSED),
    (4702, "The client is wrong.", REFUSED),
    (4704, "The client is wrong.", REFUSED),
    (4717, "The app has been disabled.", REFUSED),
    (4741, "The token has been revoked.", REFUSED),
    (200, BUSINESS, PLAN),
    (200, "No permission.", REFUSED),
    (200, "Only available for paid account.", REFUSED),
    (200, "This is only available for paid account, 7 only.", REFUSED),
    (300, "The next page token is invalid or expired.", STALE),
    (300, "The request can only be queried for a month that falls within the last six months.", RETENTION),
    (300, "Can not access webinar info, 99264817135.", BAD_CALL),
    (300, "Invalid parameter: page_size.", STOP),
    (300, "Something new.", STOP),
    (300, "", STOP),
    (12702, "Can not access meeting a year ago.", RETENTION),
    (12702, "Can not access a meeting a year ago.", RETENTION),
    (1010, "User does not belong to this account: x.", BAD_CALL),
    (1001, "User does not exist: x.", BAD_CALL),
    (1001, "User not exist or not belong to this account.", BAD_CALL),
    (3001, "Meeting does not exist: x==.", BAD_CALL),
    (3001, "Meeting ID is invalid or not end.", BAD_CALL),
    (3001, "This meeting's detail info is not available.", BAD_CALL),
    (3161, "Your user account is not allowed meeting hosting and scheduling capabilities.", BAD_CALL),
    (12703, "No permission for the group.", STOP),
    (4705, "The grant type is not supported.", STOP),
    (4706, "A parameter is missing.", STOP),
]


@pytest.mark.parametrize(("code", "message", "verdict"), BY_CODE)
@pytest.mark.parametrize("status", [400, 403, 404])
def test_code_and_text_decide_whatever_the_status(code: int, message: str, verdict: Verdict, status: int) -> None:
    """200 came with 400 and 403, 4711 with 400, 401 and 403; old descriptions file 300 under a status of its own."""
    assert error(status, code, message)[0] is verdict


@pytest.mark.parametrize(
    ("code", "message", "verdict"), [each for each in BY_CODE if each[0] in {124, 200, 4711, 3001}]
)
def test_a_known_code_decides_over_a_401_too(code: int, message: str, verdict: Verdict) -> None:
    assert error(401, code, message)[0] is verdict


def test_texts_are_read_in_any_case_and_with_breaks() -> None:
    assert error(400, 300, "THE NEXT PAGE\n TOKEN is invalid")[0] is STALE
    assert error(400, 300, "can  not access WEBINAR info, 5")[0] is BAD_CALL


@pytest.mark.parametrize("status", EVERY_STATUS)
@pytest.mark.parametrize("code", [0, 1, 2300, 99_999, -1, 10**30])
def test_an_unknown_code_is_no_empty_day_and_says_what_zoom_says(status: int, code: int) -> None:
    found, why = error(status, code, "This API endpoint is not recognized.")
    assert found is (REFUSED if status == 401 else STOP)
    assert "This API endpoint is not recognized" in why
    assert f"status {status}" in why
    assert f"code {code}" in why


@pytest.mark.parametrize("code", [None, "3001", "", [], {}, 3001.5])
@pytest.mark.parametrize("status", EVERY_STATUS)
def test_a_code_that_is_no_number_is_none(code: Json, status: int) -> None:
    found, why = error(status, code)
    assert found is (REFUSED if status == 401 else STOP)
    assert "code 0" in why


@pytest.mark.parametrize("message", [None, "", 7, [], {"deep": "x"}, ["a"]])
def test_a_message_of_another_form_is_no_error(message: Json) -> None:
    assert error(404, 3001, message)[0] is BAD_CALL
    assert error(400, 300, message)[0] is STOP
    assert error(400, 4711, message) == (REFUSED, "the app lacks the scopes that it needs: add them to it")


# -- sentences -------------------------------------------------------------------------------------------


def test_a_missing_scope_is_named() -> None:
    _, why = error(400, 4711, LACKS)
    assert why == "the app lacks the scopes dashboard:read:list_meetings:admin: add them to it"


def test_all_missing_scopes_are_named_however_many_there_are() -> None:
    scopes = [
        f"dashboard:read:list_meeting{what}:admin" for what in ("s", "_participants", "_participants_qos", "_sharing")
    ]
    listed = ", ".join([*scopes, "report:read:list_users:admin"])
    assert len(listed) > 200
    _, why = error(401, 4711, f"Invalid access token, does not contain scopes:[{listed}].")
    assert why == f"the app lacks the scopes {listed}: add them to it"


def test_a_scope_is_no_place_for_anything_else() -> None:
    """What is printed stands in logs."""
    _, why = error(400, 4711, "does not contain scopes:[<script>s3cr3t</script>]")
    assert why == "the app lacks the scopes that it needs: add them to it"
    _, why = error(400, 4711, f"does not contain scopes:[{'a:b ' * 400}]")
    assert len(why) < 100


def test_a_refused_app_says_which_settings_to_check() -> None:
    body = {"reason": "Invalid client_id or client_secret", "error": "invalid_client"}
    for status in (400, 401, 403):
        found, why = judged(status, body)
        assert found is REFUSED
        assert "Invalid client_id or client_secret" in why
        for name in ("ZOOM_ACCOUNT_ID", "ZOOM_CLIENT_ID", "ZOOM_CLIENT_SECRET"):
            assert name in why


@pytest.mark.parametrize(
    "body",
    [
        {"reason": "Account does not exist", "error": "invalid_request"},
        {"error": "unsupported_grant_type"},
        {"reason": "unsupported grant type"},
        {"error": {"code": 1}},
    ],
)
def test_every_refusal_of_the_token_endpoint_is_one(body: Json) -> None:
    assert judged(400, body)[0] is REFUSED


def test_the_plan_and_the_feature_are_named() -> None:
    _, why = error(400, 200, BUSINESS)
    assert "Business" in why
    assert "Dashboard" in why


def test_a_long_message_is_cut_and_one_line() -> None:
    for code in (300, 3001, 7):
        _, why = error(400, code, "x\n" * 100_000)
        assert len(why) < 400
        assert "\n" not in why
    assert len(judged(400, {"reason": "x" * 100_000, "error": "e"})[1]) < 400


# -- limits ----------------------------------------------------------------------------------------------

PER_SECOND = "You have reached the maximum per-second rate limit for this API. Try again later."
PER_DAY = (
    "You have reached the maximum daily rate limit for this API. Refer to the response header for details on when you "
    "can make another request."
)


@pytest.mark.parametrize(
    ("headers", "message", "verdict"),
    [
        ({"x-ratelimit-type": "QPS"}, PER_SECOND, RETRY),
        ({}, PER_SECOND, RETRY),
        ({}, "Too many concurrent requests.", RETRY),
        ({}, None, RETRY),
        ({"x-ratelimit-type": "QPS", "retry-after": "1"}, "", RETRY),
        ({"x-ratelimit-type": "Daily-limit", "retry-after": "2020-05-31T00:00:00Z"}, PER_DAY, DAY_SPENT),
        ({"x-ratelimit-type": "Daily-limit"}, "", DAY_SPENT),
        ({"x-ratelimit-type": "Daily-limit"}, None, DAY_SPENT),
        ({}, PER_DAY, DAY_SPENT),
        ({"x-ratelimit-remaining": "5893"}, "You have exceeded the daily rate limit (100)", DAY_SPENT),
        ({"x-ratelimit-category": "Heavy", "x-ratelimit-remaining": "0"}, PER_SECOND, RETRY),
    ],
)
def test_the_limit_of_a_second_passes_and_that_of_a_day_ends_the_day(
    headers: Mapping[str, str], message: Json, verdict: Verdict
) -> None:
    found, why = judged(429, {"code": 429, "message": message}, {**JSON, **headers})
    assert found is verdict
    assert "429" in why


@pytest.mark.parametrize("body", [b"", BLOCKED, b"[]", b"null", b'{"code":200,"message":"No permission."}'])
def test_a_429_is_never_taken_for_anything_else(body: bytes) -> None:
    assert judged(429, body, HTML)[0] is RETRY
    assert judged(429, body, {**HTML, "x-ratelimit-type": "Daily-limit"})[0] is DAY_SPENT


# -- what is no JSON -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "verdict"),
    [
        (200, RETRY),
        (302, RETRY),
        (400, STOP),
        (401, REFUSED),
        (403, BAD_CALL),
        (404, STOP),
        (405, STOP),
        (500, RETRY),
        (502, RETRY),
        (503, RETRY),
        (504, RETRY),
        (520, RETRY),
    ],
)
def test_a_page_for_people_is_judged_by_its_status(status: int, verdict: Verdict) -> None:
    """403 is the firewall, which refuses one meeting and no more; 404 another place than the API."""
    found, why = judged(status, BLOCKED, HTML)
    assert found is verdict
    assert f"{status} with {len(BLOCKED)} bytes of text/html" in why
    assert "blocked" not in why


@pytest.mark.parametrize("status", [404, 400])
def test_another_place_than_the_api_is_a_setting_to_mend(status: int) -> None:
    assert "ZOOM_URL" in judged(status, BLOCKED, HTML)[1]


@pytest.mark.parametrize(
    "body", [b"", b'{"meetings": [{"uu', b"[]", b"null", b"7", b'"text"', b"\xff\xfe", b"{}trailing"]
)
def test_what_was_cut_or_is_no_object_is_asked_again(body: bytes) -> None:
    assert judged(200, body)[0] is RETRY


def test_a_body_nested_without_end_is_no_error_of_ours() -> None:
    assert judged(400, b'{"code":' + b"[" * 100_000)[0] is STOP


@pytest.mark.parametrize("status", [500, 502, 503, 504])
@pytest.mark.parametrize("code", [124, 200, 300, 3001, 4711])
def test_an_error_of_zooms_side_is_asked_again_whatever_its_body_says(status: int, code: int) -> None:
    found, why = error(status, code)
    assert found is RETRY
    assert str(status) in why


def test_a_missing_content_type_is_said() -> None:
    assert judged(502, b"", {}) == (RETRY, "502 with 0 bytes of no content type")


# -- good answers ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "body",
    [
        {"meetings": []},
        {"participants": [], "next_page_token": "", "total_records": 0},
        {"meetings": [{"code": 3001, "message": "x"}]},
        {},
    ],
)
def test_an_answer_with_a_list_is_good(body: Json) -> None:
    assert judged(200, body) == (OK, "")


BODIES = st.one_of(
    st.binary(max_size=20),
    st.recursive(
        st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=10)),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(st.sampled_from(["code", "message", "error", "reason", "errors"]), inner, max_size=4)
        ),
        max_leaves=6,
    ).map(lambda value: json.dumps(value).encode()),
)


@given(st.integers(400, 599), BODIES, st.sampled_from([JSON, HTML, {}]))
@settings(max_examples=200, deadline=None)
def test_an_error_is_never_good_and_always_has_a_sentence(status: int, body: bytes, headers: Mapping[str, str]) -> None:
    found, why = judged(status, body, headers)
    assert found is not OK
    assert 0 < len(why) < 800
