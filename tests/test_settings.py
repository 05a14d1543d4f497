"""Settings: where they come from, which forms they may have, and what is said of wrong ones."""

import json
import re
import stat
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harvesters.commands.workplace import workplace
from harvesters.core.common_settings import CommonSettings, es_hosts, index_prefix, problems_of
from harvesters.core.errors import SettingsError
from harvesters.core.settings import (
    Values,
    digest,
    exposed,
    http_url,
    load,
    one_of,
    read,
    require,
    setting,
    shaping,
)
from harvesters.opentok import OpenTok
from tests.shell import Shell

CANARY = "canary-7f3a91c0-secret"


@dataclass(frozen=True)
class Some:
    """A source's settings."""

    colour: str = setting("SOME_COLOUR", "the colour", default="grey", shapes_documents=True, parse=str.lower)
    size: str | None = setting("SOME_SIZE", "the size", shapes_documents=True)
    folder: Path | None = setting("SOME_FOLDER", "the folder", parse=Path)
    key: str | None = setting("SOME_KEY", "the key", required=True, parse=one_of("1", "2"))
    secret: str | None = setting("SOME_SECRET", "the secret", required=True, secret=True)


def _values(
    flags: dict[str, str | None] | None = None,
    environ: dict[str, str] | None = None,
    dotenv: dict[str, str | None] | None = None,
    base: Path = Path("/work-folder"),
    path: Path | None = Path("/etc/harvest/.env"),
) -> Values:
    return Values(flags or {}, environ or {}, dotenv or {}, path, base)


def _read(values: Values, **more: Any) -> tuple[Some, list[str]]:
    problems: list[str] = []
    return read(Some, values, problems, **more), problems


LOOKED = "the environment and /etc/harvest/.env"
NEEDED = {"SOME_KEY": "1", "SOME_SECRET": "s"}


# -- layers -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("flag", "env", "file"), list(product([None, "", "Flag"], [None, "", "Env"], [None, "", "File"]))
)
def test_a_flag_wins_over_the_environment_that_over_the_file_that_over_the_default(
    flag: str | None, env: str | None, file: str | None
) -> None:
    environ = NEEDED if env is None else {**NEEDED, "SOME_COLOUR": env}
    found, problems = _read(_values({"colour": flag}, environ, {"SOME_COLOUR": file}))

    # An empty one counts as not set.
    expected = "flag" if flag else "env" if env else "file" if file else "grey"
    assert (found.colour, problems) == (expected, [])


def test_a_flag_is_known_by_its_field_and_not_by_its_variable() -> None:
    found, _ = _read(_values({"SOME_COLOUR": "red"}, NEEDED, {"colour": "red"}))

    assert found.colour == "grey"


@pytest.mark.parametrize(
    ("flags", "environ", "dotenv", "folder"),
    [
        ({"folder": "a"}, {"SOME_FOLDER": "b"}, {"SOME_FOLDER": "c"}, "/work-folder/a"),
        ({}, {"SOME_FOLDER": "b"}, {"SOME_FOLDER": "c"}, "/work-folder/b"),
        ({}, {}, {"SOME_FOLDER": "c"}, "/etc/harvest/c"),
        ({}, {}, {"SOME_FOLDER": "/c"}, "/c"),
        ({}, {}, {"SOME_FOLDER": "~/c"}, "/home/me/c"),
    ],
)
def test_a_relative_folder_belongs_to_the_place_that_names_it(
    monkeypatch: pytest.MonkeyPatch,
    flags: dict[str, str | None],
    environ: dict[str, str],
    dotenv: dict[str, str | None],
    folder: str,
) -> None:
    monkeypatch.setenv("HOME", "/home/me")
    found, problems = _read(_values(flags, {**environ, **NEEDED}, dotenv))

    assert (found.folder, problems) == (Path(folder), [])


def test_the_home_of_nobody_is_a_problem_and_no_traceback() -> None:
    _, problems = _read(_values(environ={**NEEDED, "SOME_FOLDER": "~no-such-user/x"}))

    assert len(problems) == 1
    assert problems[0].startswith("SOME_FOLDER is '~no-such-use…': ")


# -- secrets in files -------------------------------------------------------------------------------------


@pytest.mark.parametrize("content", [CANARY, f"{CANARY}\n", f"  {CANARY}\r\n\r\n", f"\n{CANARY} "])
def test_a_secret_s_file_is_read_without_its_line_end(tmp_path: Path, content: str) -> None:
    (tmp_path / "word").write_text(content)
    found, problems = _read(_values(environ={"SOME_KEY": "1", "SOME_SECRET_FILE": "word"}, base=tmp_path))

    assert (found.secret, problems) == (CANARY, [])


def test_the_layer_decides_before_the_form_does(tmp_path: Path) -> None:
    (tmp_path / "word").write_text("of the file")
    in_environment = {"SOME_KEY": "1", "SOME_SECRET_FILE": str(tmp_path / "word")}
    itself = {"SOME_KEY": "1", "SOME_SECRET": "itself"}

    assert _read(_values(environ=in_environment, dotenv={"SOME_SECRET": "itself"}))[0].secret == "of the file"
    assert _read(_values(environ=itself, dotenv={"SOME_SECRET_FILE": "word"}))[0].secret == "itself"
    assert _read(_values({"secret": "typed"}, in_environment))[0].secret == "typed"
    assert _read(_values(environ=in_environment | itself))[0].secret == "itself"


def test_only_secrets_are_read_from_files(tmp_path: Path) -> None:
    (tmp_path / "colour").write_text("red")
    found, _ = _read(_values(environ={**NEEDED, "SOME_COLOUR_FILE": str(tmp_path / "colour")}))

    assert found.colour == "grey"


def test_a_secret_s_file_that_gives_none_is_a_problem(tmp_path: Path) -> None:
    (tmp_path / "empty").write_text(" \n")
    (tmp_path / "binary").write_bytes(b"\xff\xfe")
    said = []
    for name in ("missing", "empty", "binary", ".", "~no-such-user/x"):
        found, problems = _read(_values(environ={"SOME_KEY": "1", "SOME_SECRET_FILE": name}, base=tmp_path))
        assert found.secret == "unread"
        said += problems

    assert said == [
        f"SOME_SECRET_FILE names {tmp_path}/missing, which cannot be read: FileNotFoundError.",
        f"SOME_SECRET_FILE names {tmp_path}/empty, which is empty.",
        f"SOME_SECRET_FILE names {tmp_path}/binary, which cannot be read: UnicodeDecodeError.",
        f"SOME_SECRET_FILE names {tmp_path}, which cannot be read: IsADirectoryError.",
        "SOME_SECRET_FILE names ~no-such-user/x, which cannot be read: RuntimeError.",
    ]


def test_a_password_s_file_that_cannot_be_read_is_one_problem_not_two() -> None:
    problems: list[str] = []
    common = read(CommonSettings, _values(environ={"ES_USER": "me", "ES_PASSWORD_FILE": "nowhere"}), problems)

    assert problems_of(common) == []
    assert len(problems) == 1


# -- problems ---------------------------------------------------------------------------------------------


def test_all_problems_are_told_at_once_with_the_places_that_were_looked_at() -> None:
    _, problems = _read(_values(environ={"SOME_KEY": "3"}))

    assert problems == [
        "SOME_KEY is '3': write one of 1, 2.",
        f"SOME_SECRET (or SOME_SECRET_FILE) is not set: the secret; looked in {LOOKED}, as SOME_SECRET.",
    ]
    assert "a .env file (there is none), as SOME_KEY" in _read(_values(path=None))[1][0]


def test_settings_with_a_problem_are_not_handed_out() -> None:
    problems = ["of another"]

    assert load(Some, _values(environ={"SOME_KEY": "3", "SOME_SECRET": "s"}), problems) is None
    assert load(Some, _values(environ=NEEDED), problems) is not None
    assert len(problems) == 2
    with pytest.raises(SettingsError) as caught:
        require(None, problems)
    assert caught.value.problems == problems
    assert caught.value.exit_code == 78


@pytest.mark.parametrize("name", ["SOME_SECRET", "SOME_KEY", "SOME_FOLDER"])
def test_a_problem_never_tells_a_secret_even_in_the_wrong_place(name: str) -> None:
    """Key and secret are easily swapped, and cron mails what is said."""
    spoiled = {"SOME_SECRET": "", "SOME_KEY": CANARY, "SOME_FOLDER": f"~{CANARY}/x", name: CANARY}
    _, problems = _read(_values(environ=spoiled))

    assert problems
    assert CANARY not in " ".join(problems)


def test_what_a_settings_object_looks_like_tells_no_secret() -> None:
    flags: dict[str, str | None] = {"secret": CANARY}
    values = _values(flags, {"SOME_KEY": "1", "OTHER": CANARY}, {"SOME_SECRET": CANARY})
    found, _ = _read(values)

    assert found.secret == CANARY
    assert CANARY not in repr(found) + repr(values)
    assert "colour='grey'" in repr(found)
    common = read(CommonSettings, _values(environ={"ES_API_KEY": CANARY, "ES_PASSWORD": CANARY}), [])
    assert (common.es_api_key, common.es_password) == (CANARY, CANARY)
    assert CANARY not in repr(common)
    own = read(OpenTok.Settings, _values(environ={"OPENTOK_API_KEY": "1", "OPENTOK_API_SECRET": CANARY}), [])
    assert own.api_secret == CANARY
    assert CANARY not in repr(own)


def test_settings_that_shape_nothing_are_left_unread_for_a_replay() -> None:
    found, problems = _read(_values(environ={"SOME_KEY": "wrong", "SOME_COLOUR": "RED"}), shaping_only=True)

    assert (found.colour, found.key, found.secret, problems) == ("red", None, None, [])


@pytest.mark.parametrize(
    ("environ", "said"),
    [
        ({"ES_USER": "me"}, ["ES_USER is set but ES_PASSWORD (or ES_PASSWORD_FILE) is not."]),
        ({"ES_PASSWORD": CANARY}, ["ES_PASSWORD is set but ES_USER is not."]),
        (
            {"ES_API_KEY": CANARY, "ES_USER": "me", "ES_PASSWORD": "p"},
            ["ES_API_KEY and ES_USER are both set: keep one."],
        ),
        ({"ES_API_KEY": CANARY}, []),
        ({"ES_USER": "me", "ES_PASSWORD": CANARY}, []),
        ({"VENDOR_CA_FILE": "/no/ca.pem"}, ["VENDOR_CA_FILE names /no/ca.pem, which is not a file."]),
        ({"ES_CA_FILE": "/"}, ["ES_CA_FILE names /, which is not a file."]),
    ],
)
def test_settings_that_do_not_fit_together_are_named(environ: dict[str, str], said: list[str]) -> None:
    problems: list[str] = []
    common = read(CommonSettings, _values(environ=environ), problems)

    assert problems + problems_of(common) == said


# -- forms ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "hosts"),
    [
        ("search", ["http://search:9200"]),
        ("search:9201", ["http://search:9201"]),
        ("10.0.0.7:9200", ["http://10.0.0.7:9200"]),
        ("http://search", ["http://search:9200"]),
        ("https://search", ["https://search:443"]),
        ("https://search:9200/", ["https://search:9200"]),
        ("https://search/es/cluster/", ["https://search:443/es/cluster"]),
        ("HTTPS://Search.Example:9200", ["https://search.example:9200"]),
        ("search:", ["http://search:9200"]),
        ("search:9200/", ["http://search:9200"]),
        ("[::1]:9200", ["http://[::1]:9200"]),
        ("https://[2001:db8::7]", ["https://[2001:db8::7]:443"]),
        ("a:1,b:2", ["http://a:1", "http://b:2"]),
        (" a , https://b ", ["http://a:9200", "https://b:443"]),
    ],
)
def test_addresses_of_elasticsearch(text: str, hosts: list[str]) -> None:
    assert es_hosts(text) == tuple(hosts)


@pytest.mark.parametrize(
    "text",
    [
        ",", "a,", "a,,b", ":9200", "http://", "http://:9200", "ftp://search", "search:port", "search:99999",
        "search:0", "search:-1", "my search:9200", "search\t:9200", "http://[::1", "::1:9200", "http://search:9200?pretty",
        "http://search:9200#top", "https:/search", "//search:9200", "search/path",
    ],
)  # fmt: skip
def test_what_is_no_address_of_elasticsearch_says_what_to_write(text: str) -> None:
    with pytest.raises(ValueError, match=r"write a whole address|ends with its path"):
        es_hosts(text)


@pytest.mark.parametrize("text", [f"http://me:{CANARY}@search:9200", f"me:{CANARY}@search", f"a:1,https://{CANARY}@b"])
def test_a_login_in_an_address_is_refused_without_being_shown(text: str) -> None:
    problems: list[str] = []
    read(CommonSettings, _values(environ={"ES_HOST": text}), problems)

    assert problems == ["ES_HOST: credentials do not belong into an address; they have settings of their own."]


@pytest.mark.parametrize(
    "text",
    [
        "https://insights.opentok.com/graphql", "https://vendor.test:8443/graphql?version=2", "http://127.0.0.1:8700/graphql",
        "http://127.9.9.9/", "http://localhost:8700/graphql", "http://[::1]:8700/graphql",
    ],
)  # fmt: skip
def test_a_vendor_s_address_is_https_or_this_machine(text: str) -> None:
    assert http_url(text) == text


@pytest.mark.parametrize(
    "text",
    [
        "http://insights.opentok.com/graphql", "http://10.0.0.7/graphql", "http://192.168.1.5:8700/graphql",
        "HTTP://vendor.test/", "http://localhost.vendor.test/", "http://127.0.0.1.vendor.test/", "http://[fe80::1]/",
        "http://0.0.0.0/",
    ],
)  # fmt: skip
def test_credentials_are_never_sent_unencrypted_to_a_vendor(text: str) -> None:
    with pytest.raises(ValueError, match="write https://, for credentials are sent there"):
        http_url(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "insights.opentok.com/graphql",
        "https://",
        "https:///graphql",
        "https://a b/",
        "https://a:x/",
        "https://[::1",
    ],
)
def test_what_is_no_address_of_a_vendor_says_what_to_write(text: str) -> None:
    with pytest.raises(ValueError, match="write a whole address such as https://host/path"):
        http_url(text)


# What Elasticsearch says of names of indices, applied to one that begins with the prefix.
_FORBIDDEN = set('\\/*?"<>| ,#:')


def _elasticsearch_takes(name: str) -> bool:
    lower = name == name.lower()
    return (
        lower and not (_FORBIDDEN & set(name)) and name[0] not in "-_+" and name not in {".", ".."} and len(name) <= 255
    )


@pytest.mark.parametrize("text", ["vconf", "v", "9", "school-1_a", "vconf-t0a1b2c3d", "a" * 40])
def test_prefixes_that_are_fine(text: str) -> None:
    assert index_prefix(text) == text


@pytest.mark.parametrize(
    "text", ["Vconf", "-a", "_a", "+a", ".a", "a.b", "a*", "a,b", "a/b", "a b", "a:b", "a?", 'a"', "a#", "ä", "a" * 41]
)
def test_prefixes_that_are_not(text: str) -> None:
    with pytest.raises(ValueError, match="use a-z, 0-9"):
        index_prefix(text)


@settings(max_examples=300, deadline=None)
@given(st.one_of(st.text(min_size=1, max_size=45), st.text("abz09-_+.*,A ", min_size=1, max_size=8)))
def test_a_prefix_that_is_taken_makes_a_name_that_elasticsearch_takes(text: str) -> None:
    try:
        prefix = index_prefix(text)
    except ValueError:
        assert not re.fullmatch(r"[a-z0-9][a-z0-9_-]{0,39}", text)
        return
    assert _elasticsearch_takes(f"{prefix}-samples-2026.11")
    # Nor does it reach into another prefix by being a pattern.
    assert re.escape(prefix).replace("\\-", "-") == prefix


# -- what shapes documents --------------------------------------------------------------------------------


SHAPES = st.dictionaries(
    st.text(max_size=5), st.one_of(st.none(), st.booleans(), st.integers(-9, 9), st.text(max_size=5))
)


@settings(max_examples=200, deadline=None)
@given(SHAPES, SHAPES)
def test_digests_differ_if_and_only_if_the_settings_do(one: dict[str, object], other: dict[str, object]) -> None:
    as_written = json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)

    assert (digest(one) == digest(other)) is as_written
    assert digest(one) == digest(dict(reversed(one.items())))
    assert re.fullmatch(r"[0-9a-f]{12}", digest(one))


def test_only_settings_that_shape_documents_change_the_digest() -> None:
    def stamp(**environ: str) -> str:
        return digest(shaping(_read(_values(environ={**NEEDED, **environ}))[0]))

    plain = stamp()
    assert plain == stamp(SOME_COLOUR="grey") == stamp(SOME_COLOUR="GREY")
    assert plain == stamp(SOME_KEY="2") == stamp(SOME_SECRET="other") == stamp(SOME_FOLDER="/x")
    assert len({plain, stamp(SOME_COLOUR="red"), stamp(SOME_SIZE="red"), stamp(SOME_SIZE="grey")}) == 4


def test_the_bitrate_s_unit_is_what_shapes_documents_of_opentok() -> None:
    problems: list[str] = []
    given_ = {"OPENTOK_API_KEY": "1", "OPENTOK_API_SECRET": CANARY, "OPENTOK_BITRATE_UNIT": "kbit"}
    found = load(OpenTok.Settings, _values(environ=given_), problems)

    assert found is not None
    assert shaping(found) == {"OPENTOK_BITRATE_UNIT": "kbit"}


# -- what is allowed and should be known ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("environ", "hosts"),
    [
        ({"ES_HOST": "search:9200", "ES_USER": "me", "ES_PASSWORD": CANARY}, "http://search:9200"),
        ({"ES_HOST": "search:9200", "ES_API_KEY": CANARY}, "http://search:9200"),
        ({"ES_HOST": "a,https://b,127.0.0.1,c", "ES_API_KEY": CANARY}, "http://a:9200, http://c:9200"),
        ({"ES_HOST": "search:9200"}, None),
        ({"ES_HOST": "https://search:9200", "ES_API_KEY": CANARY}, None),
        ({"ES_HOST": "127.0.0.1:9200,localhost,[::1]", "ES_API_KEY": CANARY}, None),
        ({"ES_API_KEY": CANARY}, None),
    ],
)
def test_a_login_does_not_travel_open_to_elasticsearch(environ: dict[str, str], hosts: str | None) -> None:
    problems = problems_of(read(CommonSettings, _values(environ=environ), []))

    expected = (
        f"ES_HOST: {hosts} would carry the login where others can read it: use https://, "
        "or a tunnel that ends at 127.0.0.1."
    )
    assert problems == ([expected] if hosts else [])


@pytest.mark.parametrize(
    ("mode", "content", "said"),
    [
        (0o644, {"SOME_SECRET": CANARY, "SOME_KEY": "1"}, True),
        (0o604, {"SOME_SECRET": CANARY}, True),
        (0o600, {"SOME_SECRET": CANARY}, False),
        (0o640, {"SOME_SECRET": CANARY}, False),
        (0o644, {"SOME_SECRET": "", "SOME_KEY": "1"}, False),
        (0o644, {"SOME_SECRET_FILE": "word"}, False),
    ],
)
def test_a_file_of_secrets_that_everybody_can_read_is_said(
    tmp_path: Path,
    mode: int,
    content: dict[str, str | None],
    said: bool,  # noqa: FBT001 - half of a case
) -> None:
    path = tmp_path / ".env"
    path.touch()
    path.chmod(mode)
    warnings = exposed(_values(dotenv=content, path=path), [Some, CommonSettings])

    sentence = f"{path} holds SOME_SECRET, and every user of this machine can read it: chmod 600 {path}"
    assert warnings == ([sentence] if said else [])


def test_no_file_is_no_danger() -> None:
    assert exposed(_values(environ={"SOME_SECRET": CANARY}, path=None), [Some]) == []


def test_both_are_refused_with_what_to_do_before_anything_is_sent(tmp_path: Path) -> None:
    dotenv = tmp_path / ".env"
    dotenv.write_text(f"ES_HOST=198.51.100.7:9\nES_API_KEY={CANARY}\n")
    dotenv.chmod(0o644)
    done = Shell(tmp_path)("replay", "--all", "--destination", "lake")

    assert done.code == 78
    first, second = done.err.splitlines()
    assert first.startswith("error: ES_HOST: http://198.51.100.7:9 would carry the login")
    assert second.endswith(f"every user of this machine can read it: chmod 600 {dotenv}")
    assert CANARY not in done.err
    dotenv.write_text(f"ES_HOST=127.0.0.1:9\nES_API_KEY={CANARY}\n")
    assert Shell(tmp_path)("replay", "--all", "--destination", "lake").code == 78
    dotenv.chmod(stat.S_IRUSR)
    assert Shell(tmp_path)("replay", "--all", "--destination", "lake").code == 0


def test_a_vendor_s_address_without_encryption_is_exit_78_before_anything_is_sent(tmp_path: Path) -> None:
    shell = Shell(
        tmp_path, {"OPENTOK_API_KEY": "1", "OPENTOK_API_SECRET": CANARY, "OPENTOK_URL": "http://198.51.100.7/"}
    )
    done = shell("opentok", "--date", "yesterday")

    assert (done.code, done.out) == (78, "")
    assert done.err.startswith("error: OPENTOK_URL is 'http://198.5…': write https://, for credentials are sent there")
    assert CANARY not in done.err
    assert not shell.data.exists()


def test_the_problems_of_every_common_setting_are_kept_for_the_vendor_s(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wrong = {
        "ES_HOST": "a:b",
        "INDEX_PREFIX": "A*",
        "DATA_DIR": "~no-such-user/x",
        "ES_USER": "me",
        "VCONF_NOW": "noon",
    }
    for name, value in wrong.items():
        monkeypatch.setenv(name, value)
    (tmp_path / "empty.env").touch()
    place = workplace(tmp_path / "empty.env", {})

    named = {re.split(r"[ :]", problem)[0] for problem in place.problems}
    assert named == set(wrong)
    assert len(place.problems) == len(wrong)
