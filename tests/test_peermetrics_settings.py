"""What one sets for a peermetrics server: where it is, what a proxy in front of it wants, and which of its apps."""

from __future__ import annotations

import json
import ssl
from base64 import b64encode
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from harvesters.core.errors import HarvestError, SettingsError
from harvesters.core.settings import Values, load, require
from harvesters.peermetrics.settings import PeermetricsSettings, identify
from harvesters.sandbox.peermetrics import app_row, call, room, world
from tests.authority import Authority
from tests.peermetrics_days import DAY, OTHER, PASSWORD, at, everything
from tests.peermetrics_nights import APP_ID, PeermetricsNight, Vendor, peermetrics, terminal
from tests.shell import Shell, everything_written

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from harvesters.sandbox import Request, Response

URL = "https://monitor.example.org"
DATE = ("--date", str(DAY), "--destination", "lake")
ONE_CALL = [room("weekly", [call(at(9), 0.3)])]


def settings_of(folder: Path, **environ: str) -> PeermetricsSettings:
    problems: list[str] = []
    values = Values({}, {"PEERMETRICS_URL": URL, **environ}, {}, None, folder)
    return require(load(PeermetricsSettings, values, problems), problems)


# -- the address ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "base"),
    [
        (URL, f"{URL}/v1"),
        (f"{URL}/", f"{URL}/v1"),
        (f"{URL}/v1", f"{URL}/v1"),
        (f"{URL}/v1/", f"{URL}/v1"),
        (f"{URL}/metrics", f"{URL}/metrics/v1"),
        (f"{URL}/metrics/v1/", f"{URL}/metrics/v1"),
        (f"{URL}/v10", f"{URL}/v10/v1"),
        ("http://127.0.0.1:8081", "http://127.0.0.1:8081/v1"),
        ("http://monitor.clinic.example:8081", "http://monitor.clinic.example:8081/v1"),
    ],
)
def test_the_address_may_have_a_prefix_and_may_have_the_version(tmp_path: Path, written: str, base: str) -> None:
    assert identify(settings_of(tmp_path, PEERMETRICS_URL=written)).base == base


@pytest.mark.parametrize("written", ["monitor", "ftp://monitor.example.org", "https://"])
def test_what_is_no_address_is_said_with_the_setting(tmp_path: Path, written: str) -> None:
    with pytest.raises(SettingsError, match="PEERMETRICS_URL"):
        settings_of(tmp_path, PEERMETRICS_URL=written)


def test_without_an_address_nothing_is_asked(tmp_path: Path) -> None:
    done = Shell(tmp_path)("peermetrics", *DATE)
    assert done.code == 78
    assert "PEERMETRICS_URL is not set" in done.err
    assert "Traceback" not in done.err


@pytest.mark.parametrize("ending", ["", "/", "/v1", "/v1/"])
def test_a_server_below_a_prefix_is_found(tmp_path: Path, ending: str) -> None:
    with peermetrics(ONE_CALL, prefix="/metrics") as vendor:
        night = PeermetricsNight.at(tmp_path, vendor, PEERMETRICS_URL=f"{vendor.server.url}{ending}")
        assert night.harvest(DAY).exit_code == 0
        assert all(each.startswith("/metrics/v1/") for each in vendor.paths())
    assert len(night.documents()) == 1


def test_a_wrong_prefix_is_one_sentence(tmp_path: Path) -> None:
    with peermetrics(ONE_CALL, prefix="/metrics") as vendor:
        wrong = vendor.server.url.removesuffix("/metrics")
        done = terminal(Shell(tmp_path), vendor, PEERMETRICS_URL=wrong)("peermetrics", *DATE)
        assert len(vendor.paths()) == 1, "asked once"
    assert done.code == 1
    assert done.err.count("there is no peermetrics API; check PEERMETRICS_URL and its prefix") == 1
    assert "Traceback" not in done.err


def test_nobody_at_the_address_is_one_sentence(tmp_path: Path) -> None:
    shell = Shell(tmp_path, {"PEERMETRICS_URL": "http://127.0.0.1:9"})
    done = shell("peermetrics", *DATE, "--deadline", "1s")
    assert done.code == 75
    assert "the connection failed" in done.err
    assert "Traceback" not in done.err


# -- what a proxy wants -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("secret", "says"),
    [
        ({"PEERMETRICS_HEADERS": "X-Proxy-Key: abc"}, "write https://"),
        ({"PEERMETRICS_USER": "ana"}, "write https://"),
        ({"PEERMETRICS_PASSWORD": "pr0xy"}, "PEERMETRICS_USER is not"),
    ],
)
def test_no_secret_travels_where_others_can_read_it(tmp_path: Path, secret: dict[str, str], says: str) -> None:
    shell = Shell(tmp_path, {"PEERMETRICS_URL": "http://monitor.clinic.example:8081", **secret})
    done = shell("peermetrics", *DATE, "--deadline", "1s")
    assert done.code == 78, done.err
    assert says in done.err
    assert not any(each in done.err for each in ("Traceback", "abc", "pr0xy"))


def test_headers_and_login_are_sent_with_every_request(tmp_path: Path) -> None:
    with peermetrics(everything()) as vendor:
        more = {"PEERMETRICS_HEADERS": "X-Proxy-Key: pr0xy-key-of-the-test\nCookie: session=a:b"}
        assert PeermetricsNight.at(tmp_path, vendor, **more).harvest(DAY).exit_code == 0
        login = b64encode(f"harvester:{PASSWORD}".encode()).decode()
        wanted = {
            "x-proxy-key": "pr0xy-key-of-the-test",
            "cookie": "session=a:b",
            "authorization": f"Basic {login}",
        }
        assert len(vendor.server.log) > 20
        for request in vendor.server.log:
            assert wanted.items() <= request.headers.items()


def test_without_any_of_them_nothing_is_sent(tmp_path: Path) -> None:
    assert identify(settings_of(tmp_path)).headers == {}


@pytest.mark.parametrize(
    "written",
    ["X-Proxy-Key", "X Proxy: a", ": a", "X-Key: a\n\nX-Other: b", "X-Key: a\x07b", "X-Kéy: a", "X-Key: käse → brot"],
)
def test_a_line_that_is_no_header_is_said_without_what_it_holds(tmp_path: Path, written: str) -> None:
    with pytest.raises(SettingsError, match=r"PEERMETRICS_HEADERS.*one header a line") as caught:
        settings_of(tmp_path, PEERMETRICS_HEADERS=written)
    assert "brot" not in str(caught.value)


NOT_LET_IN = {
    "401": (77, 2, "a proxy in front of the server wants a login (status 401): set PEERMETRICS_HEADERS, or"),
    "login-page": (1, 3, "instead of JSON: perhaps a proxy's login page"),
    "no-route": (1, 1, "there is no peermetrics API; check PEERMETRICS_URL and its prefix"),
    "500-always": (1, 3, "/apps failed 3 times, the last time with: 500"),
}


@pytest.mark.parametrize("fault", NOT_LET_IN)
def test_a_server_that_does_not_let_in_is_one_sentence_and_the_right_code(tmp_path: Path, fault: str) -> None:
    code, asked, says = NOT_LET_IN[fault]
    with peermetrics(everything(), faults=[fault]) as vendor:
        with pytest.raises(HarvestError) as caught:
            PeermetricsNight.at(tmp_path, vendor).harvest(DAY)
        assert len(vendor.paths()) == asked
    assert caught.value.exit_code == code
    assert says in str(caught.value)
    assert not list(tmp_path.glob("archive/**/*"))


def test_a_proxys_refusal_as_it_is_typed(tmp_path: Path) -> None:
    with peermetrics(everything(), faults=["401"]) as vendor:
        done = terminal(Shell(tmp_path), vendor)("peermetrics", *DATE)
    assert done.code == 77
    assert NOT_LET_IN["401"][2] in done.err
    assert "Traceback" not in done.err


def test_no_output_and_no_file_has_a_secret(tmp_path: Path) -> None:
    """Neither those of the proxy, which repeats them in every answer, nor the key of any app."""
    canary = {**app_row("5ec2e700-3c60-4b0c-9d53-0f6d1f7e2a11", "Secret App"), "api_key": "canary-key-of-an-app-51ab"}
    rooms = world(room("r", [call(at(9), 0.5)], app=canary), apps=(canary,))

    def careless(_number: int, request: Request) -> Response:
        answer = vendor.answer(request)
        told = request.headers.get("authorization", "").encode() + request.headers.get("x-proxy-key", "").encode()
        body = answer.body.replace(b'"conference_name":"R"', b'"conference_name":"' + told + b'"')
        return type(answer)(answer.status, {**answer.headers, "X-Echo": told.decode()}, body)

    with peermetrics(rooms, intercept=careless) as vendor:
        shell = terminal(Shell(tmp_path), vendor)
        done = shell("peermetrics", *DATE, "-vv", "--report", "report.json")
        shown = shell("config", "show")
    assert done.code == 0, done.err
    told = everything_written(tmp_path) + (done.out + done.err + shown.out + shown.err).encode()
    assert b"(credentials)" in told, "the name was written"
    login = b64encode(f"harvester:{PASSWORD}".encode())
    for secret in (canary["api_key"].encode(), b"api_key", PASSWORD.encode(), login, b"pr0xy-key-of-the-test"):
        assert secret not in told


# -- certificates -----------------------------------------------------------------------------------------


@contextmanager
def encrypted(authority: Authority, *, wants_client: bool = False) -> Iterator[tuple[Vendor, str]]:
    """A server that speaks TLS, and its address."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(authority.signed("server"))
    if wants_client:
        context.load_verify_locations(authority.file)
        context.verify_mode = ssl.CERT_REQUIRED
    with peermetrics(ONE_CALL) as vendor:
        http = vendor.server._http
        http.socket = context.wrap_socket(http.socket, server_side=True)
        yield vendor, vendor.server.url.replace("http:", "https:")


def test_a_server_of_the_sites_own_ca_is_trusted_by_the_ca_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    authority, other = Authority(tmp_path), Authority(tmp_path, "other")
    # What stands there for everybody does not win over the setting.
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(other.file))
    with encrypted(authority) as (vendor, url):
        settings = {"PEERMETRICS_URL": url, "PEERMETRICS_CA_FILE": str(authority.file)}
        ran = PeermetricsNight.at(tmp_path / "data", vendor, **settings).harvest(DAY)
        assert len(vendor.paths()) > 5
    assert ran.exit_code == 0


@pytest.mark.parametrize("which", ["none", "another"])
def test_a_server_that_is_not_trusted_is_not_asked(tmp_path: Path, which: str) -> None:
    authority, other = Authority(tmp_path), Authority(tmp_path, "other")
    with encrypted(authority) as (vendor, url):
        more = {"PEERMETRICS_CA_FILE": str(other.file)} if which == "another" else {}
        shell = terminal(Shell(tmp_path), vendor, PEERMETRICS_URL=url, **more)
        done = shell("peermetrics", *DATE, "--deadline", "1s")
        assert vendor.paths() == []
    assert done.code == 75
    assert "the certificate is not trusted" in done.err
    assert "Traceback" not in done.err


def test_a_client_certificate_lets_us_in(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    client = authority.signed("client")
    with encrypted(authority, wants_client=True) as (vendor, url):
        settings = {
            "PEERMETRICS_URL": url,
            "PEERMETRICS_CA_FILE": str(authority.file),
            "PEERMETRICS_CLIENT_CERT": str(client),
        }
        assert PeermetricsNight.at(tmp_path / "data", vendor, **settings).harvest(DAY).exit_code == 0
        asked = len(vendor.paths())
        assert asked > 5
        del settings["PEERMETRICS_CLIENT_CERT"]
        done = terminal(Shell(tmp_path), vendor, **settings)("peermetrics", *DATE, "--again", "--deadline", "1s")
        assert len(vendor.paths()) == asked, "without it nobody was heard"
    assert done.code == 75
    assert "Traceback" not in done.err


@pytest.mark.parametrize("name", ["PEERMETRICS_CLIENT_CERT", "PEERMETRICS_CA_FILE"])
def test_a_certificate_that_is_not_there_is_said_before_anything_is_asked(tmp_path: Path, name: str) -> None:
    with pytest.raises(SettingsError, match=rf"{name} names {tmp_path}/nowhere.pem, which is not a file"):
        settings_of(tmp_path, **{name: "nowhere.pem"})


# -- apps -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("chosen", "expected"),
    [
        ("", {APP_ID, OTHER["id"]}),
        ("Other App", {OTHER["id"]}),
        (APP_ID, {APP_ID}),
        (f"{APP_ID},Other App", {APP_ID, OTHER["id"]}),
        ("Other App, Sample App", {APP_ID, OTHER["id"]}),
    ],
)
def test_apps_are_chosen_by_id_or_name(tmp_path: Path, chosen: str, expected: set[str]) -> None:
    with peermetrics(everything()) as vendor:
        ran = PeermetricsNight.at(tmp_path, vendor, PEERMETRICS_APPS=chosen).harvest(DAY)
        asked = {each["appId"] for each in vendor.parameters("/sessions?") if "appId" in each}
    assert ran.exit_code == 0
    assert {each.account for each in ran.report.slices} == expected
    assert asked == expected


def test_the_option_is_repeatable_and_wins_over_the_environment(tmp_path: Path) -> None:
    apps = [app_row(f"{number}b1d9a52-3c60-4b0c-9d53-0f6d1f7e2a11", f"App {number}") for number in range(3)]
    with peermetrics(world(apps=apps)) as vendor:
        shell = terminal(Shell(tmp_path), vendor, PEERMETRICS_APPS="App 1")
        done = shell("peermetrics", *DATE, "--report", "report.json", "--app", str(apps[0]["id"]), "--app", "App 2")
    assert done.code == 0, done.err
    told = json.loads((tmp_path / "report.json").read_text())["slices"]
    assert [each["account"] for each in told] == [apps[0]["id"], apps[2]["id"]]


def test_an_app_that_there_is_not_is_one_sentence_with_those_that_there_are(tmp_path: Path) -> None:
    with peermetrics(everything()) as vendor:
        shell = terminal(Shell(tmp_path), vendor)
        done = shell("peermetrics", *DATE, "--app", "Sample App", "--app", "Simple App")
        assert vendor.calls == {"/apps": 1}
    assert done.code == 1
    there = f"there are: Sample App ({APP_ID}), Other App ({OTHER['id']})."
    assert f"there is no app 'Simple App' at the server; {there}" in done.err
    assert "Traceback" not in done.err
    assert not (tmp_path / "data" / "archive").exists()


def test_a_server_without_apps_is_told_from_one_without_calls(tmp_path: Path) -> None:
    with peermetrics(world(apps=())) as vendor:
        done = terminal(Shell(tmp_path), vendor)("peermetrics", *DATE, "--app", "Sample App")
    assert done.code == 1
    assert "there are: none." in done.err
