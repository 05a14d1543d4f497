"""`config show`: every setting with its value and where that came from; secrets are not shown."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.shell import Done, Shell

if TYPE_CHECKING:
    from pathlib import Path

CANARY = "canary-of-a-secret-77"
GOOD = {"OPENTOK_API_KEY": "123", "OPENTOK_API_SECRET": CANARY}


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    return Shell(tmp_path, {"VCONF_NOW": "2026-11-20T08:00:00Z"})


def shown(done: Done) -> dict[str, dict[str, str]]:
    """The lines by section, and by setting in it."""
    sections: dict[str, dict[str, str]] = {}
    current: dict[str, str] = {}
    for line in done.out.splitlines():
        if title := re.fullmatch(r"# (.+)", line):
            current = sections[title[1]] = {}
        elif line:
            name, _, value = line.partition(" = ")
            current[name] = value
    return sections


def test_every_setting_of_each_part_is_shown(shell: Shell) -> None:
    (shell.folder / "accounts.toml").write_text(
        "[opentok.school-a]\napi_key = 7\napi_secret_env = 'OPENTOK_API_SECRET'\n"
    )
    done = shell("config", "show", **GOOD)

    assert (done.code, done.err) == (0, "")
    found = shown(done)
    assert list(found) == [
        "every command", "opentok, account default", "opentok, account school-a", "zoom, account default",
        "peermetrics, account default",
    ]  # fmt: skip
    assert list(found["every command"]) == [
        "ES_HOST", "ES_API_KEY", "ES_USER", "ES_PASSWORD", "ES_CA_FILE", "KIBANA_HOST", "KIBANA_API_KEY",
        "KIBANA_USER", "KIBANA_PASSWORD", "KIBANA_CA_FILE", "KIBANA_SPACE", "INDEX_PREFIX", "DATA_DIR", "ARCHIVE_DAYS",
        "ACCOUNTS_FILE",
        "VENDOR_CA_FILE", "QUALITY_PROFILE", "GEOIP_FILE", "GEOIP_ASN_FILE", "LOOKUP_FILE",
        "PRIVACY", "PRIVACY_KEY_FILE", "TOTALS", "PING_URL", "METRICS_FILE", "VCONF_NOW",
    ]  # fmt: skip
    assert found["opentok, account default"] == {
        "OPENTOK_API_KEY": "123",
        "OPENTOK_API_SECRET": "set",
        "OPENTOK_URL": "https://insights.opentok.com/graphql, of an application "
        "https://tools.vonage.com/video/insights-api/graphql",
        "OPENTOK_BITRATE_UNIT": "unknown",
        "VONAGE_APPLICATION_ID": "not set",
        "VONAGE_PRIVATE_KEY": "not set",
    }
    assert found["opentok, account school-a"]["api_key"] == "7"
    assert found["every command"]["ACCOUNTS_FILE"] == str(shell.folder / "accounts.toml")
    assert found["every command"]["ES_HOST"] == "not set"
    assert CANARY not in done.out


def test_origin_says_which_layer_each_value_came_from(shell: Shell) -> None:
    (shell.folder / ".env").write_text("INDEX_PREFIX=ours\nES_USER=me\nES_HOST=hidden:1\n")
    (shell.folder / "word").write_text(CANARY)
    path = shell.folder / "accounts.toml"
    path.write_text("\n[opentok.a]\napi_key = 7\n# how\napi_secret_file = 'word'\nurl = 'https://a.test/'\n")
    done = shell(
        "config",
        "show",
        "--origin",
        ES_HOST="https://search:9200",
        ES_PASSWORD_FILE="word",
        OPENTOK_BITRATE_UNIT="kbit",
    )
    found = shown(done)
    common, account = found["every command"], found["opentok, account a"]

    assert done.code == 0, done.err
    assert common["ES_HOST"] == "https://search:9200    # the environment"
    assert common["INDEX_PREFIX"] == f"ours    # {shell.folder / '.env'}"
    assert common["ES_PASSWORD"] == "set    # the environment"
    assert common["DATA_DIR"] == f"{shell.data}    # the environment"
    assert common["ES_CA_FILE"] == "not set    # nowhere"
    assert account["api_key"] == f"7    # {path} line 3"
    assert account["api_secret"] == f"set    # {path} line 5"
    assert account["url"] == f"https://a.test/    # {path} line 6"
    assert account["bitrate_unit"] == "kbit    # the environment"
    assert account["application_id"] == "not set    # nowhere"
    assert CANARY not in done.out + done.err


def test_what_is_wrong_is_listed_and_the_rest_is_shown_all_the_same(shell: Shell) -> None:
    path = shell.folder / "accounts.toml"
    path.write_text("[opentok.a]\napi_key = 7\napi_secret_env = 'GONE'\n[opentok.b]\napi_kee = 8\n[zoon.c]\n")
    done = shell("config", "show", ES_HOST=f"http://me:{CANARY}@search", INDEX_PREFIX="_X", OPENTOK_API_KEY=CANARY)
    found = shown(done)

    assert done.code == 78
    assert found["every command"]["ES_HOST"] == found["every command"]["INDEX_PREFIX"] == "wrong"
    assert found["opentok, account default"]["OPENTOK_API_KEY"] == "wrong"
    assert found["opentok, account a"]["api_key"] == "7"
    assert found["opentok, account a"]["api_secret"] == "wrong"
    for said in ("ES_HOST:", "INDEX_PREFIX is", "OPENTOK_API_KEY is", "line 3: api_secret_env names GONE", "line 5: ",
                 "line 6: there is no vendor 'zoon'"):  # fmt: skip
        assert sum(said in line for line in done.err.splitlines()) == 1, said
    assert CANARY not in done.out + done.err


def test_nothing_configured_is_78_and_shows_what_there_is_to_set(shell: Shell) -> None:
    done = shell("config", "show")

    assert done.code == 78
    assert shown(done)["opentok, account default"]["OPENTOK_API_KEY"] == "not set"
    assert done.err.count("error: ") == 1


def test_a_broken_file_of_accounts_hides_nothing_else(shell: Shell) -> None:
    (shell.folder / "accounts.toml").write_text("[opentok.a\n")
    done = shell("config", "show", "--origin", **GOOD)

    assert done.code == 78
    assert shown(done)["opentok, account default"]["OPENTOK_API_KEY"] == "123    # the environment"
    assert "line 1: this is no TOML" in done.err
