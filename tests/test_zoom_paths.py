"""UUIDs in paths: whatever 16 bytes a meeting's UUID is made of, it arrives where Zoom looks it up."""

import re
from base64 import b64encode
from urllib.parse import parse_qsl, unquote, urlsplit

import pytest
import requests
from hypothesis import given, settings
from hypothesis import strategies as st

from harvesters.zoom.paths import asked, encoded

PREFIX, SUFFIXES = "/v2/metrics/meetings/", ("/participants/qos", "/participants/sharing", "/participants")


def arrives(raw: str) -> str:
    """What Zoom looks up, by the reference's section 15, from the raw path.

    The prefix and the known suffixes are cut off; it is decoded once; then it is a path, of which leading slashes are
    dropped and double ones joined; it is decoded again, in which `+` stays `+`.
    """
    assert raw.startswith(PREFIX)
    rest = raw[len(PREFIX) :]
    for suffix in SUFFIXES:
        if rest.endswith(suffix):
            rest = rest[: -len(suffix)]
            break
    once = unquote(rest)
    return unquote(re.sub("/{2,}", "/", once.lstrip("/")))


def path_of(uuid: str, suffix: str) -> str:
    """The path as it leaves this machine, with what the HTTP library makes of it."""
    url = f"https://api.zoom.us{PREFIX}{encoded(uuid)}{suffix}"
    sent = requests.Request("GET", asked(url, {"type": "past"})).prepare().path_url
    return sent.partition("?")[0]


@given(st.binary(min_size=16, max_size=16), st.sampled_from(SUFFIXES))
@settings(max_examples=300, deadline=None)
def test_every_uuid_arrives(raw: bytes, suffix: str) -> None:
    uuid = b64encode(raw).decode()
    assert arrives(path_of(uuid, suffix)) == uuid


@given(st.text("/+Ab9", min_size=22, max_size=22), st.sampled_from(SUFFIXES))
@settings(max_examples=300, deadline=None)
def test_slashes_and_signs_in_any_place_arrive(letters: str, suffix: str) -> None:
    """Of random bytes one UUID in fifty needs care; here most do."""
    uuid = f"{letters}=="
    assert arrives(path_of(uuid, suffix)) == uuid


@pytest.mark.parametrize(
    ("uuid", "segment"),
    [
        ("gm8s9L+PTEC+FG3sFbd1Cw==", "gm8s9L%2BPTEC%2BFG3sFbd1Cw%3D%3D"),
        ("c1/VhQWoSQmUs6ZOwFD4kw==", "c1%2FVhQWoSQmUs6ZOwFD4kw%3D%3D"),
        ("/pfVhQWoSQmUs6ZOwFD4kw==", "%252FpfVhQWoSQmUs6ZOwFD4kw%253D%253D"),
        ("ab//QWoSQmUs6ZOwFD4kw9==", "ab%252F%252FQWoSQmUs6ZOwFD4kw9%253D%253D"),
        ("//+/QWoSQmUs6ZOwFD4kw9==", "%252F%252F%252B%252FQWoSQmUs6ZOwFD4kw9%253D%253D"),
        ("abcdQWoSQmUs6ZOwFD4k//==", "abcdQWoSQmUs6ZOwFD4k%252F%252F%253D%253D"),
    ],
)
def test_a_uuid_that_begins_with_a_slash_or_has_two_in_a_row_goes_encoded_twice(uuid: str, segment: str) -> None:
    assert encoded(uuid) == segment
    assert arrives(path_of(uuid, "/participants")) == uuid


def test_the_rule_takes_slashes_away_from_what_is_encoded_too_little() -> None:
    """Or the tests above would prove nothing: this is the real case of a UUID that Zoom did not find."""
    assert arrives(f"{PREFIX}/pfVhQWoSQmUs6ZOwFD4kw==/participants") == "pfVhQWoSQmUs6ZOwFD4kw=="
    assert arrives(f"{PREFIX}%2FpfVhQWoSQmUs6ZOwFD4kw%3D%3D/participants") == "pfVhQWoSQmUs6ZOwFD4kw=="
    assert arrives(f"{PREFIX}ab%2F%2Fcd/participants") == "ab/cd"
    assert arrives(f"{PREFIX}ab/cd%2B/participants/qos") == "ab/cd+"


def test_a_query_names_what_has_a_value_and_encodes_it() -> None:
    url = asked("/metrics/meetings", {"type": "past", "page_size": 300, "next_page_token": "a+/=&b", "group_id": None})
    assert urlsplit(url).path == "/metrics/meetings"
    assert parse_qsl(urlsplit(url).query, strict_parsing=True) == [
        ("type", "past"),
        ("page_size", "300"),
        ("next_page_token", "a+/=&b"),
    ]
