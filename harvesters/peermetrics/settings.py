"""Which peermetrics server is asked, by what way, and which of its apps."""

from base64 import b64encode
from dataclasses import dataclass
from typing import Any

from harvesters.core.answers import Auth
from harvesters.core.errors import SettingsError
from harvesters.core.settings import file_name, setting, travels_open, web_address

VERSION = "/v1"


def server(text: str) -> str:
    """The server's address up to, not including, `/v1`. It may be http://, for the server asks nobody who they are.

    Raises:
        ValueError: it is no address.
    """
    return web_address(text).rstrip("/").removesuffix(VERSION).rstrip("/")


def names(text: str) -> tuple[str, ...]:
    """Ids or names, several with commas."""
    return tuple(each.strip() for each in text.split(",") if each.strip())


def headers(text: str) -> dict[str, str]:
    """Headers such as `X-Proxy-Key: abc`, each on a line of its own.

    Raises:
        ValueError: a line has no colon, or something in it that no header may have.
    """
    found = {}
    for line in text.splitlines():
        name, colon, value = line.partition(":")
        if not (colon and name.strip().replace("-", "").isalnum() and line.isascii() and line.isprintable()):
            message = "write one header a line, such as 'X-Proxy-Key: abc'."
            raise ValueError(message)
        found[name.strip()] = value.strip()
    return found


@dataclass(frozen=True, slots=True)
class PeermetricsSettings:
    """The settings of one server. It asks nobody who they are; what stands in front of it may."""

    url: str = setting("PEERMETRICS_URL", "the server's address up to, not including, /v1", parse=server, required=True)
    apps: tuple[str, ...] = setting(
        "PEERMETRICS_APPS",
        "apps to ask for, by id or name, several with commas",
        parse=names,
        default=(),
        option="--app",
        repeatable=True,
        option_help="only this app, by id or name; repeatable",
        shown_default="all",
    )
    headers: dict[str, str] | None = setting(
        "PEERMETRICS_HEADERS", "headers that a proxy wants, one a line, such as X-Proxy-Key: abc", parse=headers,
        secret=True,
    )  # fmt: skip
    user: str | None = setting("PEERMETRICS_USER", "user of a proxy's basic authentication")
    password: str | None = setting("PEERMETRICS_PASSWORD", "password of that user", secret=True)
    certificate: Any = setting("PEERMETRICS_CLIENT_CERT", "client certificate with its key, as PEM", parse=file_name)
    ca_file: Any = setting("PEERMETRICS_CA_FILE", "certificates that the server's is checked against", parse=file_name)


def identify(settings: PeermetricsSettings) -> Auth:
    """What every request carries.

    Raises:
        SettingsError: others could read a secret on the way, or a password has no user.
    """
    secret = settings.headers or settings.user or settings.certificate
    if secret and travels_open(settings.url):
        message = "PEERMETRICS_URL: write https://, for headers, a user or a certificate are sent there."
        raise SettingsError([message])
    if settings.password and not settings.user:
        raise SettingsError(["PEERMETRICS_PASSWORD is set and PEERMETRICS_USER is not: name the user too."])
    sent = dict(settings.headers or {})
    if settings.user:
        login = f"{settings.user}:{settings.password or ''}".encode()
        sent["Authorization"] = f"Basic {b64encode(login).decode()}"
    certificate, ca_file = (str(each) if each else "" for each in (settings.certificate, settings.ca_file))
    return Auth(sent, base=settings.url + VERSION, certificate=certificate, ca_file=ca_file)
