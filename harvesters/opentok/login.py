"""Who asks OpenTok: a classic project with key and secret, or a Vonage application with its private key."""

import re
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, ClassVar

from harvesters.core.answers import Auth
from harvesters.core.settings import http_url, one_of, rsa_private_key, setting

CLASSIC = "https://insights.opentok.com/graphql"
UNIFIED = "https://tools.vonage.com/video/insights-api/graphql"
TOKEN_LIFE, TOKEN_BACKDATED = timedelta(seconds=300), timedelta(seconds=30)
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


def project_key(text: str) -> str:
    """A project's API key: digits.

    Raises:
        ValueError: anything else.
    """
    if not text.isdigit():
        message = "an OpenTok API key is a number; find it on the project's page in your Video API account."
        raise ValueError(message)
    return text


def application(text: str) -> str:
    """An application's id, a UUID, in lower case.

    Raises:
        ValueError: anything else.
    """
    if not _UUID.fullmatch(text):
        message = "an application id is a UUID; find it on the application's page in your Vonage account."
        raise ValueError(message)
    return text.lower()


@dataclass(frozen=True, slots=True)
class OpenTokSettings:
    """The settings of one OpenTok project or Vonage application."""

    logins: ClassVar[tuple[tuple[str, ...], ...]] = (("api_key", "api_secret"), ("application_id", "private_key"))

    api_key: str | None = setting(
        "OPENTOK_API_KEY",
        "API key of the OpenTok project",
        parse=project_key,
        identifies=True,
        option="--key",
        hidden=True,
    )
    api_secret: str | None = setting(
        "OPENTOK_API_SECRET",
        "API secret of the OpenTok project",
        secret=True,
        option="--secret",
        hidden=True,
    )
    url: str | None = setting(
        "OPENTOK_URL",
        "the full GraphQL endpoint",
        parse=http_url,
        shown_default=f"{CLASSIC}, of an application {UNIFIED}",
    )
    bitrate_unit: str = setting(
        "OPENTOK_BITRATE_UNIT",
        "what the vendor's 'Kbps' means, which is disputed: kbit, kbyte or unknown (then no bitrate_kbps)",
        parse=one_of("kbit", "kbyte", "unknown"),
        default="unknown",
        shapes_documents=True,
    )
    application_id: str | None = setting(
        "VONAGE_APPLICATION_ID",
        "id of the Vonage application, for unified accounts: instead of key and secret",
        parse=application,
        identifies=True,
    )
    private_key: str | None = setting(
        "VONAGE_PRIVATE_KEY",
        "private key of the Vonage application, as PEM; mostly by its file",
        parse=rsa_private_key,
        secret=True,
    )

    @property
    def project(self) -> str:
        """The vendor's id of the account: one of the two logins is whole."""
        return self.application_id or self.api_key or ""

    @property
    def endpoint(self) -> str:
        """Where to ask."""
        return self.url or (UNIFIED if self.application_id else CLASSIC)


def log_in(settings: OpenTokSettings, now: datetime) -> Auth:
    """A token with a nonce, issued a few seconds back so that a fast clock does no harm."""
    import jwt  # 0.1 s, and `--help` needs none of it

    times = {"iat": int((now - TOKEN_BACKDATED).timestamp()), "exp": int((now + TOKEN_LIFE).timestamp())}
    ends = now + TOKEN_LIFE
    if settings.application_id:
        claims: dict[str, Any] = {"application_id": settings.application_id, **times, "jti": str(uuid.uuid4())}
        token = jwt.encode(claims, settings.private_key or "", algorithm="RS256")
        return Auth({"Authorization": f"Bearer {token}"}, ends)
    claims = {"iss": settings.api_key, "ist": "project", **times, "jti": f"{now.timestamp():.6f}"}
    return Auth({"X-OPENTOK-AUTH": jwt.encode(claims, settings.api_secret or "", algorithm="HS256")}, ends)
