"""What a user agent says is added where the vendor says nothing; what the vendor says wins."""

from __future__ import annotations

import subprocess
import sys
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harvesters.core.fields import by_name
from harvesters.enrich.agents import LONGEST, agent_step, parsed
from tests.geoip import person
from tests.shell import PROJECT

WINDOWS = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/130.0.6723.91 Safari/537.36"
)
MAC = (
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_14_6) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/83.0.4103.116 Safari/537.36"
)
IPHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
    "Version/17.5 Mobile/15E148 Safari/604.1"
)
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:121.0) Gecko/20100101 Firefox/121.0"
EDGE = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/129.0.0.0 "
    "Safari/537.36 Edg/129.0.2792.89"
)
ANDROID = (
    "Mozilla/5.0 (Linux; Android 13; SM-G991B) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/112.0.0.0 "
    "Mobile Safari/537.36"
)
NAMES = ("name", "version", "os.name", "os.version", "device.name")


def said(fields: dict[str, Any]) -> list[Any]:
    return [fields.get(f"user_agent.{name}") for name in NAMES]


@pytest.mark.parametrize(
    ("original", "expected"),
    [
        (WINDOWS, ["Chrome", "130.0.6723.91", "Windows", "10", None]),
        (MAC, ["Chrome", "83.0.4103.116", "Mac OS X", "10.14.6", "Mac"]),
        (IPHONE, ["Mobile Safari", "17.5", "iOS", "17.5", "iPhone"]),
        (FIREFOX, ["Firefox", "121.0", "Linux", None, None]),
        (EDGE, ["Edge", "129.0.2792.89", "Windows", "10", None]),
        (ANDROID, ["Chrome Mobile", "112.0.0.0", "Android", "13", "Samsung SM-G991B"]),
        ("curl/8.5.0", ["curl", "8.5.0", None, None, None]),
        ("rubbish", [None] * 5),
        ("Mozilla/5.0", [None] * 5),
        ("\ud800\x00", [None] * 5),
        ("", [None] * 5),
        (None, [None] * 5),
        (17, [None] * 5),
    ],
)
def test_what_a_user_agent_says(original: object, expected: list[str | None]) -> None:
    ann = person(user_agent__original=original)
    agent_step(ann)

    assert said(ann.fields) == expected
    assert set(ann.fields) <= set(by_name())


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ({}, ["Chrome", "83.0.4103.116", "Mac OS X", "10.14.6"]),
        ({"name": "Chrome"}, ["Chrome", "83.0.4103.116", "Mac OS X", "10.14.6"]),
        ({"name": "chrome", "version": "83"}, ["chrome", "83", "Mac OS X", "10.14.6"]),
        ({"name": "Opera"}, ["Opera", None, "Mac OS X", "10.14.6"]),  # or there were an Opera 83
        ({"version": "84"}, ["Chrome", "84", "Mac OS X", "10.14.6"]),
        ({"os.name": "macOS"}, ["Chrome", "83.0.4103.116", "macOS", None]),
        ({"os.name": "macOS", "os.version": "14"}, ["Chrome", "83.0.4103.116", "macOS", "14"]),
        ({"name": "Zoom", "version": "6", "os.name": "mac", "os.version": "15"}, ["Zoom", "6", "mac", "15"]),
        ({"name": 7}, [7, None, "Mac OS X", "10.14.6"]),
    ],
)
def test_what_the_vendor_says_wins(told: dict[str, Any], expected: list[str | None]) -> None:
    ann = person(user_agent__original=MAC)
    ann.fields |= {f"user_agent.{name}": value for name, value in told.items()}
    agent_step(ann)

    assert said(ann.fields)[:4] == expected


def test_without_a_user_agent_nothing_is_added() -> None:
    ann = person(user_agent__name="Firefox")
    agent_step(ann)

    assert ann.fields == {"user_agent.name": "Firefox"}


@given(st.one_of(st.text(st.characters(), max_size=200), st.text("Mozila/5.0 (;)Linux", max_size=300), st.none()))
def test_no_text_in_the_place_of_a_user_agent_raises(original: str | None) -> None:
    ann = person(user_agent__original=original)
    agent_step(ann)

    assert ann.fields["user_agent.original"] == original
    assert all(value is None or isinstance(value, str) for value in said(ann.fields))


def test_a_hundred_kilobytes_of_rubbish_take_no_time() -> None:
    agent_step(person(user_agent__original=WINDOWS))
    begun = time.perf_counter()
    agent_step(person(user_agent__original="Mozilla/5.0 " + "a; " * 50_000))

    assert time.perf_counter() - begun < 0.5


def test_what_was_parsed_is_remembered_and_not_for_ever() -> None:
    parsed.cache_clear()
    for _ in range(5):
        agent_step(person(user_agent__original=WINDOWS))

    assert (parsed.cache_info().misses, parsed.cache_info().hits) == (1, 4)
    assert parsed.cache_info().maxsize == 4096
    assert LONGEST == 1024


@pytest.mark.parametrize(("original", "paid"), [("None", False), ("'curl/8.5.0'", True)])
def test_a_run_without_user_agents_does_not_pay_for_the_library(original: str, *, paid: bool) -> None:
    code = (
        "import sys; from harvesters.commands.build import recipe; from harvesters.core.tree import Entity; "
        "from harvesters.enrich.agents import agent_step; "
        f"agent_step(Entity(('p',), 0, None, {{'user_agent.original': {original}}})); print('ua_parser' in sys.modules)"
    )
    ran = subprocess.run([sys.executable, "-c", code], cwd=PROJECT, capture_output=True, text=True, check=True)

    assert ran.stdout.strip() == str(paid)
