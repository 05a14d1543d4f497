"""The key of pseudonyms: what it gives, and what is no key."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harvesters.core.keyed import Key, exposed_key, read_key

if TYPE_CHECKING:
    from pathlib import Path

RFC_4231_CASE_6 = bytes([0xAA]) * 131
"""A key of the RFC's test cases; longer than a block of SHA-256."""


def key_in(path: Path, content: bytes) -> tuple[Key | None, list[str]]:
    path.write_bytes(content)
    problems: list[str] = []
    return read_key(path, problems), problems


def test_a_pseudonym_is_the_hmac_that_another_tool_makes_too() -> None:
    # printf '\0\0\0\7user.idann' | openssl dgst -sha256 -hmac "$(printf 'k%.0s' $(seq 32))", its first 32 digits
    assert Key(b"k" * 32, "").of("user.id", "ann") == "5791ce20b5b26a4380de37d70b038502"


@given(st.text(max_size=20), st.text(max_size=20), st.text(max_size=20), st.text(max_size=20))
def test_no_two_values_of_no_two_kinds_share_one(kind: str, value: str, other_kind: str, other: str) -> None:
    key = Key(RFC_4231_CASE_6, "")
    found, again = key.of(kind, value), key.of(other_kind, other)

    assert (found == again) is ((kind, value) == (other_kind, other))
    assert len(found) == 32
    assert set(found) <= set("0123456789abcdef")


def test_half_a_character_has_one_too() -> None:
    assert Key(RFC_4231_CASE_6, "").of("user.id", "\ud83d") != Key(RFC_4231_CASE_6, "").of("user.id", "?")


def test_another_key_gives_others_and_has_another_id(tmp_path: Path) -> None:
    (one, _), (two, _) = key_in(tmp_path / "1", b"a" * 32), key_in(tmp_path / "2", b"b" * 32)
    assert one
    assert two
    assert one.of("user.id", "ann") != two.of("user.id", "ann")
    assert one.id != two.id
    assert len(one.id) == 8


def test_a_line_end_changes_nothing_and_bytes_will_do(tmp_path: Path) -> None:
    assert key_in(tmp_path / "1", b"a" * 32) == key_in(tmp_path / "2", b"a" * 32 + b"\r\n")
    binary, problems = key_in(tmp_path / "3", bytes(range(128, 160)))
    assert binary
    assert not problems


def test_the_key_is_never_shown(tmp_path: Path) -> None:
    key, _ = key_in(tmp_path / "1", b"canary-of-a-key" * 3)
    assert "canary" not in repr(key)


@pytest.mark.parametrize("content", [b"", b"\n", b"a" * 31, b"a" * 31 + b"\n\n\n"])
def test_a_short_one_is_refused_with_what_to_do(tmp_path: Path, content: bytes) -> None:
    key, problems = key_in(tmp_path / "short", content)

    assert key is None
    assert len(problems) == 1
    assert problems[0].startswith(f"PRIVACY_KEY_FILE names {tmp_path / 'short'}, whose key has {len(content.strip())} ")
    assert "openssl rand -hex 32" in problems[0]
    assert "aaa" not in problems[0]


def test_one_that_others_can_read_is_warned_of(tmp_path: Path) -> None:
    path = tmp_path / "key"
    path.write_bytes(b"a" * 32)
    path.chmod(0o644)
    assert exposed_key(path) == [
        f"{path} holds the key of PRIVACY_KEY_FILE, and every user of this machine can read it: chmod 600 {path}"
    ]
    path.chmod(0o640)
    assert exposed_key(path) == exposed_key(None) == exposed_key(tmp_path / "gone") == []
