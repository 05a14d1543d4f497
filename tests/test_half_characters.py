"""A text that the vendor cut in the middle of a character costs that character and nothing else."""

import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harvesters.core.lenient import without_lone_surrogates
from harvesters.sandbox import Request, Response
from tests.nights import Night, lake_lines, vendor
from tests.opentok_days import session

DAY = date(2026, 11, 20)
NOW = datetime(2026, 11, 21, 9, tzinfo=UTC)


@pytest.mark.parametrize(
    ("body", "mended"),
    [
        (rb'{"a":"\ud83d"}', rb'{"a":"\ufffd"}'),
        (rb'{"a":"\uDE00x"}', rb'{"a":"\ufffdx"}'),
        (rb'"\ud83d\ude00"', rb'"\ud83d\ude00"'),
        (rb'"\ud83d\ud83d\ude00\ude00"', rb'"\ufffd\ud83d\ude00\ufffd"'),
        # An escaped backslash before a `u` is no escape of a character, three backslashes are one and one.
        (rb'"\\ud83d"', rb'"\\ud83d"'),
        (rb'"\\\ud83d"', rb'"\\\ufffd"'),
        (rb'"plain \u00e4"', rb'"plain \u00e4"'),
    ],
)
def test_half_characters_are_replaced_and_whole_ones_stay(body: bytes, mended: bytes) -> None:
    assert without_lone_surrogates(body) == mended


@settings(max_examples=200)
@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=20), st.booleans())
def test_what_every_parser_reads_stays_word_for_word(text: str, ascii_only: bool) -> None:  # noqa: FBT001
    body = json.dumps({"a": text}, ensure_ascii=ascii_only).encode()
    assert without_lone_surrogates(body) == body


@settings(max_examples=200)
@given(st.lists(st.sampled_from([r"\ud83d", r"\ude00", r"\\", "u", "d83d", "x", r"\n", r"\uD83D\uDE00"]), max_size=12))
def test_whatever_stands_there_is_json_of_whole_characters_afterwards(pieces: list[str]) -> None:
    body = f'"{"".join(pieces)}"'.encode()
    before, after = json.loads(body), json.loads(without_lone_surrogates(body))
    expected = "".join("\ufffd" if 0xD800 <= ord(each) <= 0xDFFF else each for each in before)
    assert after == expected


def test_a_cut_user_agent_costs_no_call(tmp_path: Path) -> None:
    """JavaScript writes half a character as an escape, and strict parsers refuse the whole answer for it."""
    calls = [session(each, day=DAY, start=timedelta(hours=9 + each), people=2, minutes=2) for each in range(3)]
    agent = calls[0]["meetings"]["resources"][0]["connections"]["resources"][0]["userAgent"]

    def cut(_number: int, request: Request) -> Response:
        true = found[0].answer(request)
        return replace(true, body=true.body.replace(agent.encode(), rb"Mozilla%2F5.0+\ud83d", 1))

    found = []
    with vendor(calls, NOW, cut) as source:
        found.append(source)
        ran = Night(tmp_path, NOW, source.url).harvest(DAY)
    assert (ran.exit_code, ran.only.harvested) == (0, 3)
    people = [json.loads(line) for line in lake_lines(tmp_path, "participant")]
    (mended,) = [each for each in people if each["user_agent"]["original"] == "Mozilla/5.0 \ufffd"]
    assert mended["vconf"]["flags"] == ["text_repaired"]
    assert sum("flags" in each["vconf"] for each in people) == 1
