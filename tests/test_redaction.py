"""What is said never holds a secret: those of the settings by heart, others by their shape."""

import json
import logging

import pytest

from harvesters.commands.console import JsonLines, Sentences
from harvesters.core.redaction import HIDDEN, redacted, remember

JWT = "eyJhbGciOiJIUzI1NiJ9.eyJpc3MiOiI0NjIwNDk3MiJ9.Zm9yLXRoaXMtdGVzdC1hbG9uZQ"


@pytest.mark.parametrize(
    ("said", "left"),
    [
        (f"bad token {JWT}", f"bad token {HIDDEN}"),
        (f'{{"x": "{JWT}"}}', f'{{"x": "{HIDDEN}"}}'),
        ("Authorization: Bearer abc.DEF-123_456", f"Authorization: Bearer {HIDDEN}"),
        ("authorization: basic bWU6YSBwYXNzd29yZDE=", f"authorization: basic {HIDDEN}"),
        ("ApiKey VnVhQ2ZHY0JDZGJrUW0tZTVhT3g6dWky", f"ApiKey {HIDDEN}"),
        ('{"access_token": "a1b2c3d4e5f6g7h8", "scope": "x"}', f'{{"access_token": "{HIDDEN}", "scope": "x"}}'),
        (r"body: {\"access_token\": \"a1b2c3d4e5f6g7h8\"}", rf"body: {{\"access_token\": \"{HIDDEN}\"}}"),
        ("client_secret=a1b2c3d4e5f6g7h8&grant_type=x", f"client_secret={HIDDEN}&grant_type=x"),
        ("X-OPENTOK-AUTH: a1b2c3d4e5f6g7h8", f"X-OPENTOK-AUTH: {HIDDEN}"),
        ("see https://me:pass@search.example.org:9200/x", f"see https://{HIDDEN}@search.example.org:9200/x"),
        ("see https://key@search.example.org/x", f"see https://{HIDDEN}@search.example.org/x"),
        ("no user ann.lee+x@school.example.org there", "no user … there"),
    ],
)
def test_what_has_the_shape_of_a_secret_is_hidden(said: str, left: str) -> None:
    assert redacted(said) == left


@pytest.mark.parametrize(
    "said",
    [
        "opentok 46204972 2026-11-20 complete: 2 of 2 calls; lake: 10 documents.",
        "1_MX40NjIwNDk3Mn5-MTYwNTg2NjA0NzI0MX5-fg: the session was not found (error 1017)",
        "the basic authentication of the proxy failed",
        "write zoom.client_secret_env or zoom.client_secret_file: of the app",
        "https://127.0.0.1:9200/vconf-*/_search?q=a",
        "u/4kP0/aTKGL3NAFbuQIww==: 3 x no answer in time",
        "at 12:24:05 Uhr, 100 % of 3 @ home",
    ],
)
def test_everything_else_is_said_as_it_is(said: str) -> None:
    assert redacted(said) == said


def test_a_known_secret_is_hidden_wherever_it_stands_also_as_json() -> None:
    remember('canary "of" a\\password')
    assert redacted('I am canary "of" a\\password!') == f"I am {HIDDEN}!"
    assert json.loads(redacted(json.dumps({"a": 'canary "of" a\\password'}))) == {"a": HIDDEN}


def test_the_lines_of_a_private_key_are_hidden_and_its_frame_is_not() -> None:
    remember("-----BEGIN PRIVATE KEY-----\nMIIEvcanarycanary\nZZcanaryZZ\n-----END PRIVATE KEY-----\n")
    told = "-----BEGIN PRIVATE KEY----- MIIEvcanarycanary, ZZcanaryZZ"
    assert redacted(told) == f"-----BEGIN PRIVATE KEY----- {HIDDEN}, {HIDDEN}"


def test_a_secret_of_few_letters_would_take_other_words_along() -> None:
    remember("calls")
    assert redacted("2 calls") == "2 calls"


@pytest.mark.parametrize("form", [Sentences(), JsonLines()])
def test_a_line_of_any_log_is_without_them_its_trace_too(form: logging.Formatter) -> None:
    remember("canary-of-a-log-31")
    wrong = ValueError("canary-of-a-log-31")
    trace = (ValueError, wrong, None)
    line = logging.LogRecord("urllib3", logging.ERROR, "", 0, "sent %s", ("Bearer canary-of-a-log-31",), trace)
    told = form.format(line)

    assert "canary" not in told
    assert told.count(HIDDEN) >= 2
