"""Unified Vonage accounts: an application with a private key instead of a project with a secret."""

from __future__ import annotations

import json
import uuid
from functools import cache
from typing import TYPE_CHECKING, Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from harvesters.opentok.login import CLASSIC, UNIFIED, OpenTokSettings
from harvesters.sandbox import serve_opentok
from tests.opentok_client import DAY, NOW, in_session_data, opentok, token
from tests.opentok_days import KEY, SECRET, day_of, session
from tests.shell import Shell

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from harvesters.sandbox import Server

APPLICATION = "0c3f9a36-5d1e-4e6c-9f54-6a2c8e1f7b10"
QUERY = in_session_data("sessionSummaries(start: 1794960000) { totalCount }")
SECOND = int(NOW.timestamp())


@cache
def rsa_key(number: int = 0) -> rsa.RSAPrivateKey:
    """A key for all tests; another one by another number."""
    del number
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def private(
    key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey,
    locked: KeySerializationEncryption | None = None,
    form: PrivateFormat = PrivateFormat.PKCS8,
) -> str:
    return key.private_bytes(Encoding.PEM, form, locked or NoEncryption()).decode()


def public() -> str:
    return rsa_key().public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    (tmp_path / "key.pem").write_text(private(rsa_key()))
    return Shell(tmp_path, {"VONAGE_APPLICATION_ID": APPLICATION, "VONAGE_PRIVATE_KEY_FILE": "key.pem"})


@pytest.fixture
def server(shell: Shell) -> Iterator[Server]:
    calls = day_of(3, day=DAY, people=(2,), minutes=5)
    with serve_opentok(calls, key=APPLICATION, secret=SECRET, now=lambda: NOW, public_key=public()) as server:
        shell.env["OPENTOK_URL"] = server.url
        yield server


LINE = ("opentok", "--date", str(DAY))


# -- asking -----------------------------------------------------------------------------------------------


def test_an_application_harvests_as_a_project_does(shell: Shell, server: Server) -> None:
    done = shell(*LINE, "--report", "report.json")

    assert done.code == 0, done.err
    (only,) = json.loads((shell.folder / "report.json").read_text())["slices"]
    assert (only["account"], only["state"], only["harvested"]) == (APPLICATION, "complete", 3)
    assert server.requests == 3


def test_a_request_says_who_asks_as_the_vendor_wants_it(shell: Shell, server: Server) -> None:
    shell(*LINE)
    for request in server.log:
        scheme, bearer = request.headers["authorization"].split(" ")
        claims = jwt.decode(bearer, public(), algorithms=["RS256"], options={"verify_exp": False, "verify_iat": False})
        assert scheme == "Bearer"
        assert set(claims) == {"application_id", "iat", "exp", "jti"}
        assert claims["application_id"] == APPLICATION
        assert SECOND - 60 <= claims["iat"] < SECOND
        assert SECOND + 180 <= claims["exp"] <= SECOND + 300
        assert str(uuid.UUID(claims["jti"])) == claims["jti"]
        assert "x-opentok-auth" not in request.headers
        assert f'project(projectId: "{APPLICATION}")' in json.loads(request.body)["query"]


def test_the_key_stays_at_home(shell: Shell, server: Server) -> None:
    done = shell(*LINE, "-vv", "--report", "report.json")
    secret = private(rsa_key()).splitlines()[1]
    texts = [path.read_bytes() for path in shell.folder.rglob("*") if path.is_file() and path.name != "key.pem"]

    assert all(secret.encode() not in text for text in (*texts, done.err.encode(), *(each.body for each in server.log)))


def test_the_address_follows_the_login_unless_it_is_set() -> None:
    assert OpenTokSettings(api_key="1", api_secret="s").endpoint == CLASSIC
    assert OpenTokSettings(application_id=APPLICATION, private_key="k").endpoint == UNIFIED
    assert OpenTokSettings(application_id=APPLICATION, url="https://a.test/").endpoint == "https://a.test/"
    assert UNIFIED == "https://tools.vonage.com/video/insights-api/graphql"


def test_an_application_may_stand_in_a_table_beside_a_project(shell: Shell, server: Server) -> None:
    table = f"[opentok.unified]\napplication_id = '{APPLICATION.upper()}'\nprivate_key_file = 'key.pem'\n"
    (shell.folder / "accounts.toml").write_text(f"{table}url = '{server.url}'\n")
    with serve_opentok([session(0, day=DAY)], key=KEY, secret=SECRET, now=lambda: NOW) as classic:
        more = {"OPENTOK_API_KEY": KEY, "OPENTOK_API_SECRET": SECRET, "OPENTOK_URL": classic.url}
        done = shell(*LINE, VONAGE_APPLICATION_ID=None, VONAGE_PRIVATE_KEY_FILE=None, **more)
        assert classic.requests == server.requests == 3

    assert done.code == 0, done.err


def test_a_key_of_another_application_is_refused_and_named(shell: Shell, server: Server) -> None:
    (shell.folder / "key.pem").write_text(private(rsa_key(1)))
    done = shell(*LINE)

    assert (done.code, server.requests) == (77, 2)
    assert "error 1020" in done.err


# -- settings ---------------------------------------------------------------------------------------------


WAYS = (
    "OPENTOK_API_KEY and OPENTOK_API_SECRET (or OPENTOK_API_SECRET_FILE), or "
    "VONAGE_APPLICATION_ID and VONAGE_PRIVATE_KEY (or VONAGE_PRIVATE_KEY_FILE)"
)


@pytest.mark.parametrize(
    ("env", "said"),
    [
        ({}, "no login is set: write"),
        ({"OPENTOK_API_KEY": KEY}, "OPENTOK_API_SECRET (or OPENTOK_API_SECRET_FILE) is not set: write"),
        ({"OPENTOK_API_SECRET": "s"}, "OPENTOK_API_KEY is not set: write"),
        ({"VONAGE_APPLICATION_ID": APPLICATION}, "VONAGE_PRIVATE_KEY (or VONAGE_PRIVATE_KEY_FILE) is not set: write"),
        ({"VONAGE_PRIVATE_KEY_FILE": "key.pem"}, "VONAGE_APPLICATION_ID is not set: write"),
    ],
)
def test_neither_login_whole_is_one_problem_that_names_both(shell: Shell, env: dict[str, str], said: str) -> None:
    shell.env = env
    done = shell(*LINE)

    assert done.code == 78
    assert done.err == f"error: {said} {WAYS}; looked in the environment and {shell.folder / '.env'}.\n"


@pytest.mark.parametrize("more", [{"OPENTOK_API_KEY": KEY}, {"OPENTOK_API_KEY": KEY, "OPENTOK_API_SECRET": "s"}])
def test_both_logins_are_a_problem(shell: Shell, more: dict[str, str]) -> None:
    done = shell(*LINE, **more)

    assert done.code == 78
    assert done.err == "error: OPENTOK_API_KEY and VONAGE_APPLICATION_ID are two logins: keep one.\n"


def test_a_login_on_the_command_line_stands_instead_of_the_one_that_is_set(shell: Shell) -> None:
    with serve_opentok([session(0, day=DAY)], key=KEY, secret=SECRET, now=lambda: NOW) as classic:
        done = shell(*LINE, "--key", KEY, "--secret", SECRET, OPENTOK_URL=classic.url)

    assert done.code == 0, done.err


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (lambda: private(rsa_key(), BestAvailableEncryption(b"word")), "the key is encrypted with a passphrase"),
        (
            lambda: private(rsa_key(), BestAvailableEncryption(b"word"), PrivateFormat.TraditionalOpenSSL),
            "the key is encrypted with a passphrase",
        ),
        (public, "this is no RSA private key"),
        (lambda: private(ec.generate_private_key(ec.SECP256R1())), "this is no RSA private key"),
        (lambda: private(rsa_key())[:400], "this is no RSA private key"),
        (lambda: "no key at all \u00e4", "this is no RSA private key"),
        (lambda: " ", "key.pem, which is empty"),
        (lambda: None, "key.pem, which cannot be read: FileNotFoundError"),
    ],
    ids=["encrypted", "encrypted as of old", "public", "another kind", "half", "text", "empty", "absent"],
)
@pytest.mark.parametrize("where", ["environment", "table"])
def test_a_key_that_cannot_be_used_is_found_before_anything_is_asked(
    shell: Shell, server: Server, where: str, content: Callable[[], str | None], said: str
) -> None:
    path = shell.folder / "key.pem"
    path.unlink()
    if (text := content()) is not None:
        path.write_text(text)
    if where == "table":
        shell.env = {"OPENTOK_URL": server.url}
        table = f"[opentok.a]\napplication_id = '{APPLICATION}'\nprivate_key_file = 'key.pem'\n"
        (shell.folder / "accounts.toml").write_text(table)
    done = shell(*LINE)

    assert (done.code, server.requests) == (78, 0)
    assert len(done.err.splitlines()) == 1
    assert said in done.err
    label = "VONAGE_PRIVATE_KEY" if where == "environment" else f"{shell.folder / 'accounts.toml'} line 3: private_key"
    assert done.err.startswith(f"error: {label}")
    assert "BEGIN RSA" not in done.err
    assert all(line not in done.err for line in (text or "").splitlines()[1:-1] if line)


def test_an_application_s_id_is_a_uuid(shell: Shell) -> None:
    done = shell(*LINE, VONAGE_APPLICATION_ID="46204972")

    assert done.code == 78
    assert "VONAGE_APPLICATION_ID is '46204972': an application id is a UUID" in done.err


# -- the sandbox ------------------------------------------------------------------------------------------


def bearer(key: str | None = None, algorithm: str = "RS256", **claims: Any) -> dict[str, str]:
    usual = {"application_id": KEY, "iat": SECOND, "exp": SECOND + 300, "jti": "x"}
    made = jwt.encode({**usual, **claims}, key or private(rsa_key()), algorithm)
    return {"Authorization": f"Bearer {made}"}


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        (bearer, None),
        (lambda: {"X-OPENTOK-AUTH": token()}, None),
        (dict, 1001),
        (lambda: {"Authorization": "Bearer "}, 1001),
        (lambda: bearer(exp=SECOND), 1001),
        (lambda: {"Authorization": "Bearer none"}, 1011),
        (lambda: bearer(application_id=APPLICATION), 1008),
        (lambda: bearer(private(rsa_key(1))), 1020),
        (lambda: bearer("s" * 40, "HS256"), 1020),
        (lambda: bearer(iat=SECOND + 11), 1020),
    ],
)
def test_the_sandbox_takes_both_kinds_of_credentials(headers: Callable[[], dict[str, str]], code: int | None) -> None:
    with opentok([], public_key=public()) as client:
        answer = client.post(QUERY, headers=headers())

    assert answer.json().get("error", {}).get("errorCode") == code


def test_a_sandbox_without_a_public_key_takes_no_application() -> None:
    with opentok([]) as client:
        assert client.post(QUERY, headers=bearer()).json()["error"]["errorCode"] == 1001
