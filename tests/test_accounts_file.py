"""`accounts.toml`: what it may say, and every way in which it can be wrong, with the line and what to do."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harvesters.core.accounts import Accounts, profiles, read_accounts, twins
from harvesters.core.settings import Values, read
from harvesters.opentok import OpenTok
from tests.shell import Shell

VENDORS = {"opentok": OpenTok.Settings}
CANARY = "canary-of-a-secret-51"


def reading(folder: Path, text: str) -> Accounts:
    path = folder / "accounts.toml"
    path.write_text(text)
    return read_accounts(path, VENDORS)


def plain(environ: dict[str, str] | None = None, flags: dict[str, str | None] | None = None) -> Values:
    return Values(flags or {}, environ or {}, {}, None, Path("/elsewhere"))


def named(accounts: Accounts, values: Values, name: str) -> Values:
    (found,) = [
        each for each in profiles("opentok", OpenTok.Settings, values, accounts, alone=True) if each.name == name
    ]
    return found.values


# -- what it says -----------------------------------------------------------------------------------------


def test_a_table_is_an_account_with_its_settings_by_the_names_of_the_fields(tmp_path: Path) -> None:
    (tmp_path / "secret.txt").write_text("of the file\n")
    accounts = reading(
        tmp_path,
        '# ours\n[opentok.school-a]\napi_key = 1234 # a number will do\napi_secret_env = "A_SECRET"\n\n'
        '[opentok."Schule ä"]\nurl = "https://vendor.test/"\napi_key = "55"\napi_secret_file = "secret.txt"\n',
    )
    values = plain({"A_SECRET": "of the variable", "OPENTOK_BITRATE_UNIT": "kbyte"})
    problems: list[str] = []
    first, second = (
        read(OpenTok.Settings, named(accounts, values, name), problems) for name in ("school-a", "Schule ä")
    )

    assert (accounts.problems, problems) == ((), [])
    assert [(table.name, table.line) for table in accounts.tables] == [("school-a", 2), ("Schule ä", 6)]
    assert (first.api_key, first.api_secret, first.bitrate_unit) == ("1234", "of the variable", "kbyte")
    assert (second.api_key, second.api_secret, second.url) == ("55", "of the file", "https://vendor.test/")


def test_a_table_wins_over_every_other_layer_for_its_own_account_alone(tmp_path: Path) -> None:
    """Else an address in the environment would lead the tokens of all accounts there."""
    accounts = reading(
        tmp_path,
        '[opentok.a]\napi_key = "1"\napi_secret_env = "A"\nurl = "https://a.test/"\nbitrate_unit = "kbit"\n'
        '[opentok.b]\napi_key = "2"\napi_secret_env = "A"\n',
    )
    environ = {"A": "s", "OPENTOK_URL": "https://environment.test/", "OPENTOK_API_KEY": "3", "OPENTOK_API_SECRET": "t"}
    values = plain(environ, {"bitrate_unit": "kbyte"})
    found = {name: read(OpenTok.Settings, named(accounts, values, name), []) for name in ("a", "b", "default")}

    assert {name: (each.url, each.bitrate_unit) for name, each in found.items()} == {
        "a": ("https://a.test/", "kbit"),
        "b": ("https://environment.test/", "kbyte"),
        "default": ("https://environment.test/", "kbyte"),
    }


def test_who_asks_is_never_taken_from_another_account(tmp_path: Path) -> None:
    accounts = reading(tmp_path, '[opentok.a]\napi_key = "1"\n\n[opentok.b]\napi_secret_env = "B"\n')
    flags: dict[str, str | None] = {"api_key": "4", "api_secret": CANARY}
    values = plain({"OPENTOK_API_KEY": "3", "OPENTOK_API_SECRET": CANARY, "B": "s"}, flags)
    problems: list[str] = []
    for name in ("a", "b"):
        found = read(OpenTok.Settings, named(accounts, values, name), problems)
        assert (found.api_key, found.api_secret) in {("1", None), (None, "s")}

    path, ways = tmp_path / "accounts.toml", "application_id and private_key_env (or private_key_file)"
    assert problems == [
        (
            f"{path} line 1: [opentok.a]: api_secret_env (or api_secret_file) is not set: "
            f"write api_key and api_secret_env (or api_secret_file), or {ways}."
        ),
        (
            f"{path} line 4: [opentok.b]: api_key is not set: "
            f"write api_key and api_secret_env (or api_secret_file), or {ways}."
        ),
    ]


@pytest.mark.parametrize(
    ("environ", "tables", "names"),
    [
        ({}, "", ["default"]),
        ({"OPENTOK_API_KEY": "1"}, "", ["default"]),
        ({}, "[opentok.a]", ["a"]),
        ({"OPENTOK_URL": "https://x.test/", "OPENTOK_BITRATE_UNIT": "kbit"}, "[opentok.a]", ["a"]),
        ({"OPENTOK_API_KEY": "1"}, "[opentok.a]", ["default", "a"]),
        ({"OPENTOK_API_SECRET": "s"}, "[opentok.a]", ["default", "a"]),
        ({"OPENTOK_API_SECRET_FILE": "f"}, "[opentok.a]\n[opentok.b]", ["default", "a", "b"]),
        ({"VONAGE_APPLICATION_ID": "x"}, "[opentok.a]", ["default", "a"]),
    ],
)
def test_the_variables_describe_an_account_if_they_say_who_asks(
    tmp_path: Path, environ: dict[str, str], tables: str, names: list[str]
) -> None:
    found = profiles("opentok", OpenTok.Settings, plain(environ), reading(tmp_path, tables), alone=True)

    assert [each.name for each in found] == names
    without = profiles("opentok", OpenTok.Settings, plain(environ), reading(tmp_path, tables), alone=False)
    assert [each.name for each in without] == (names if environ or tables else [])


# -- what is wrong ----------------------------------------------------------------------------------------

GOOD = '[opentok.a]\napi_key = "1"\napi_secret_env = "A"\n'


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        (f"{GOOD}api_kee = 'x'", 4, "'api_kee' is no setting; did you mean 'api_key'?"),
        (f"{GOOD}whatever = 'x'", 4, "'whatever' is no setting; there are: api_key, api_secret_env, api_secret_file,"),
        (f"{GOOD}OPENTOK_URL = 'x'", 4, "OPENTOK_URL is the name of a variable; here it is called url."),
        (
            f"{GOOD}api_secret = '{CANARY}'",
            4,
            "api_secret does not belong into this file, for others may read it: write",
        ),
        (f"{GOOD}private_key = '{CANARY}'", 4, 'private_key_env = "NAME_OF_A_VARIABLE" or private_key_file = "path".'),
        (f"{GOOD}url = true", 4, 'url must be text: write url = "…", or leave the line out.'),
        (f"{GOOD}url = 1.5", 4, "url must be text"),
        (f"{GOOD}url = ['https://a.test/']", 4, "url must be text"),
        (f"{GOOD}url = ' '", 4, "url must be text"),
        (f"{GOOD}url = 2026-11-20", 4, "url must be text"),
        (f"{GOOD}\n[opentk.b]\napi_key = 1", 5, "there is no vendor 'opentk'; did you mean 'opentok'?"),
        (f"{GOOD}\n[zoom.b]\napi_key = 1", 5, "there is no vendor 'zoom'; there are: opentok."),
        ("\n[opentok]\napi_key = '1'", 3, "'api_key' stands outside an account: write it below a line [opentok.NAME]."),
        ("opentok = 'x'", 1, "opentok is no account: write [opentok.NAME], and its settings below."),
        ("api_key = '1'", 1, "there is no vendor 'api_key'"),
        ("\n\n[opentok.default]", 3, "'default' is the account that the environment describes: choose another name."),
        ('[opentok.""]', 1, "an account needs a name that can be printed."),
        (f"{GOOD}url = ", 4, "this is no TOML: Invalid value. An account is a line [vendor.name], and below it"),
        (f"{GOOD}what is this", 4, "this is no TOML: Expected '=' after a key"),
        (f"{GOOD}[opentok.a]", 4, "this is no TOML: Cannot declare ('opentok', 'a') twice."),
        (f"{GOOD}url = 'a'\nurl = 'b'", 5, "this is no TOML: Cannot overwrite a value."),
        (f"{GOOD}url = '''never ends", 4, "this is no TOML: Expected"),
    ],
)
def test_what_is_wrong_is_said_with_its_line_and_what_to_do(tmp_path: Path, text: str, line: int, said: str) -> None:
    (problem,) = reading(tmp_path, text).problems

    assert problem.startswith(f"{tmp_path / 'accounts.toml'} line {line}: ")
    assert said in problem
    assert CANARY not in problem


def test_a_key_is_found_in_its_own_table_and_not_in_an_earlier_one(tmp_path: Path) -> None:
    accounts = reading(tmp_path, f"{GOOD}url = 'https://a.test/'\n\n[opentok.b]\n\n  'url' = 7.5\n")

    assert [problem.split(": ")[0].rpartition(" ")[2] for problem in accounts.problems] == ["8"]
    assert [table.flawed for table in accounts.tables] == [False, True]


@pytest.mark.parametrize(
    "text", ["opentok.a.api_key = 1.5", "opentok = {a = {api_key = 1.5}}", "[opentok]\na.api_key = 1.5"]
)
def test_unusual_toml_is_read_all_the_same(tmp_path: Path, text: str) -> None:
    (problem,) = reading(tmp_path, text).problems

    assert "api_key must be text" in problem
    assert re.search(r" line [12]: ", problem)


@settings(max_examples=150, deadline=None)
@given(st.text(alphabet="[].=\"'#\n aopentk1é", max_size=60))
def test_any_text_is_read_or_refused_in_sentences(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    accounts = reading(tmp_path_factory.mktemp("any"), text)

    assert all(
        re.search(r"accounts\.toml line [1-9]\d*: ", problem) for problem in accounts.problems if "UTF" not in problem
    )


def test_a_file_that_is_no_text_or_not_there_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "binary").write_bytes(b"\xff\xfe")

    assert read_accounts(tmp_path / "binary", VENDORS).problems == (f"{tmp_path}/binary is no UTF-8 text.",)
    assert read_accounts(tmp_path, VENDORS).problems == (f"{tmp_path} cannot be read: Is a directory.",)


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("api_secret_env = 'A_SECRET'", "line 3: api_secret_env names A_SECRET, which is not set; looked in the env"),
        (
            f"api_secret_env = '{CANARY}'",
            "line 3: api_secret_env names a variable, which is not set; looked in the env",
        ),
        ("api_secret_file = 'gone'", "line 3: api_secret_file names {}/gone, which cannot be read: FileNotFoundError."),
        ("api_secret_file = 'empty'", "line 3: api_secret_file names {}/empty, which is empty."),
        ("api_secret_env = 'OK'\nurl = 'http://open.test/'", "line 4: url is 'http://open.…': write https://"),
        ("api_secret_env = 'OK'\nbitrate_unit = 'miles'", "line 4: bitrate_unit is 'miles': write one of kbit,"),
        (
            "api_secret_env = 'OK'\napplication_id = 'x'",
            "line 1: [opentok.a]: api_key and application_id are two logins",
        ),
    ],
)
def test_a_value_that_is_wrong_is_said_with_its_line(tmp_path: Path, written: str, said: str) -> None:
    (tmp_path / "empty").touch()
    accounts = reading(tmp_path, f"[opentok.a]\napi_key = 1\n{written}\n")
    problems: list[str] = []
    read(OpenTok.Settings, named(accounts, plain({"OK": "s"}), "a"), problems)

    assert [each for each in problems if said.format(tmp_path) in each] == [
        each for each in problems if "UUID" not in each
    ]
    assert problems
    assert CANARY not in " ".join(problems)


def test_one_account_of_the_vendor_under_two_names_is_said(tmp_path: Path) -> None:
    uuid = "0C3F9A36-5D1E-4E6C-9F54-6A2C8E1F7B10"
    accounts = reading(
        tmp_path,
        '[opentok.a]\napi_key = "1"\n[opentok.b]\napi_key = 2\n[opentok.c]\napi_key = 1\n'
        f'[opentok.d]\napplication_id = "{uuid}"\n[opentok.e]\napplication_id = "{uuid.lower()}"\n',
    )
    found = profiles("opentok", OpenTok.Settings, plain({"OPENTOK_API_KEY": "2"}), accounts, alone=False)
    path = tmp_path / "accounts.toml"

    assert list(twins(found, OpenTok.Settings)) == [
        f"{path} line 3: [opentok.b] is account 2, and so is the account of the environment: keep one.",
        f"{path} line 5: [opentok.c] is account 1, and so is [opentok.a] of line 1: keep one.",
        f"{path} line 9: [opentok.e] is account {uuid.lower()}, and so is [opentok.d] of line 7: keep one.",
    ]


# -- as its user meets it ---------------------------------------------------------------------------------

WRONG = """\
[opentok.school-a]
api_key = "46204972"
api_secret_env = "SCHOOL_A"

[opentok.school-b]
api_kee = "12"
api_secret = "canary-of-a-secret-51"

[zoon.x]
token = "y"

[opentok.school-c]
api_key = "46204972"
api_secret_file = "nowhere"
"""


@pytest.mark.parametrize("command", [("opentok", "--date", "yesterday"), ("all",), ("all", "--dry-run")])
def test_all_that_is_wrong_is_said_at_once_before_anything_is_asked(tmp_path: Path, command: tuple[str, ...]) -> None:
    shell = Shell(tmp_path, {"ES_HOST": "a:b", "OPENTOK_API_KEY": "abc"})
    (tmp_path / "accounts.toml").write_text(WRONG)
    done = shell(*command, "--report", "report.json")

    lines = done.err.splitlines()
    assert (done.code, done.out) == (78, "")
    assert all(line.startswith("error: ") for line in lines)
    numbers = [found[1] for line in lines if (found := re.search(r"accounts\.toml line (\d+): ", line))]
    assert sorted(map(int, numbers)) == [3, 6, 7, 9, 12, 14]
    assert len(lines) == 6 + 3
    assert CANARY not in done.err
    assert not shell.data.exists()
    assert '"exit_code": 78' in (tmp_path / "report.json").read_text()


def test_a_replay_needs_no_secret_but_a_file_that_can_be_read(tmp_path: Path) -> None:
    shell = Shell(tmp_path)
    (tmp_path / "accounts.toml").write_text(GOOD)
    assert shell("replay", "--all").code == 0
    (tmp_path / "accounts.toml").write_text(f"{GOOD}url =")
    broken = shell("replay", "--all")

    assert broken.code == 78
    assert "line 4: this is no TOML" in broken.err
    # What has no accounts goes on.
    assert shell("dev", "demo", "--days", "1", "--calls", "1").code == 0


def test_a_secret_that_a_table_names_is_guarded_like_others(tmp_path: Path) -> None:
    (tmp_path / "accounts.toml").write_text(GOOD)
    (tmp_path / ".env").write_text("A=s\n")
    (tmp_path / ".env").chmod(0o644)
    done = Shell(tmp_path)("replay", "--all")

    assert f"{tmp_path / '.env'} holds A, and every user of this machine can read it" in done.err


def test_where_the_file_is_looked_for(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / ".env").write_text("ES_USER=\n")
    for folder, name in ((tmp_path, "working"), (elsewhere, "beside-env")):
        (folder / "accounts.toml").write_text(f"[opentok.{name}]\nurl = 1.5\n")
    (elsewhere / "named.toml").write_text("[opentok.named]\nurl = 1.5\n")
    shell = Shell(tmp_path)

    def used(*options: str, **more: str | None) -> str:
        return Path(re.findall(r"(\S+) line 2: url must", shell(*options, "all", **more).err)[0]).name

    beside = ("--env-file", "elsewhere/.env")
    assert used(*beside, ACCOUNTS_FILE="elsewhere/named.toml") == "named.toml"
    assert str(tmp_path / "accounts.toml") in shell(*beside, "all").err
    (tmp_path / "accounts.toml").unlink()
    assert "elsewhere/accounts.toml line 2" in shell(*beside, "all").err
    gone = shell("all", ACCOUNTS_FILE="gone.toml")
    assert (gone.code, "ACCOUNTS_FILE names" in gone.err) == (78, True)
