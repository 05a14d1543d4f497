"""The settings that all vendors share: destinations, state, certificates, what documents are enriched with."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from harvesters.core.keyed import ENV as KEY_ENV
from harvesters.core.keyed import HOW
from harvesters.core.settings import one_of, setting, travels_open, web_address, yes_or_no

_PREFIX_ALPHABET = frozenset("abcdefghijklmnopqrstuvwxyz0123456789-_")
LONGEST_PREFIX = 40
ES_PORT, KIBANA_PORT = 9200, 5601
LEAST_ARCHIVE_DAYS = 30


def es_hosts(text: str) -> tuple[str, ...]:
    """`host:port` or addresses, several with commas, as addresses.

    Raises:
        ValueError: one of them is neither.
    """
    return tuple(_address(each.strip(), ES_PORT) for each in text.split(","))


def _address(text: str, usual_port: int) -> str:
    # A path needs a whole address: `https:/host` would else be a host called https.
    whole = "://" in text or "/" in text.rstrip("/")
    try:
        parts = urlsplit(web_address(text if whole else f"http://{text}"))
    except ValueError as error:
        message = f"{error} Or host:port." if "@" not in text else str(error)
        raise ValueError(message) from error
    if parts.query or parts.fragment:
        message = "an address of Elasticsearch ends with its path."
        raise ValueError(message)
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    port = parts.port or (443 if parts.scheme == "https" else usual_port)
    return f"{parts.scheme}://{host}:{port}{parts.path.rstrip('/')}"


def index_prefix(text: str) -> str:
    """A prefix that Elasticsearch allows in names of indices."""
    fine = set(text) <= _PREFIX_ALPHABET and text[0] not in "-_" and len(text) <= LONGEST_PREFIX
    if not fine:
        message = f"use a-z, 0-9, '-' and '_', begin with a letter or digit, {LONGEST_PREFIX} characters at most."
        raise ValueError(message)
    return text


def es_key(text: str) -> str:
    """An API key, which travels as the value of a header."""
    if not (text.isascii() and text.isprintable()) or " " in text:
        message = "write the key's encoded form, one word of letters, digits and signs."
        raise ValueError(message)
    return text


def kibana_host(text: str) -> str:
    """`host:port` or an address, as an address without a slash at its end."""
    try:
        return _address(text, KIBANA_PORT)
    except ValueError as error:
        message = str(error).replace("Elasticsearch", "Kibana")
        raise ValueError(message) from error


def kibana_space(text: str) -> str:
    """The id of a space."""
    if not set(text) <= _PREFIX_ALPHABET:
        message = "write the space's id, as in its address after /s/: a-z, 0-9, '-' and '_'."
        raise ValueError(message)
    return text


def archive_days(text: str) -> int:
    """A number of days, large enough that a mistake in a formula is seen before the answers are gone."""
    if not (text.isascii() and text.isdigit() and int(text) >= LEAST_ARCHIVE_DAYS):
        message = f"write a number of days, {LEAST_ARCHIVE_DAYS} at least, or leave it empty to keep them."
        raise ValueError(message)
    return int(text)


@dataclass(frozen=True, slots=True)
class CommonSettings:
    """What every command of the harvester may need."""

    es_host: tuple[str, ...] | None = setting(
        "ES_HOST",
        "Elasticsearch as host:port or address, several with commas",
        parse=es_hosts,
        option="--es-host",
    )
    es_api_key: str | None = setting("ES_API_KEY", "API key for Elasticsearch, encoded form", parse=es_key, secret=True)
    es_user: str | None = setting("ES_USER", "user for Elasticsearch, instead of an API key")
    es_password: str | None = setting("ES_PASSWORD", "password of ES_USER", secret=True)
    es_ca_file: Path | None = setting("ES_CA_FILE", "certificates that Elasticsearch's is checked against", parse=Path)
    kibana_host: str | None = setting(
        "KIBANA_HOST",
        "Kibana as host:port or address, up to and with its base path",
        parse=kibana_host,
        option="--kibana-host",
    )
    kibana_api_key: str | None = setting(
        "KIBANA_API_KEY", "API key for Kibana, encoded form; without a login of its own that of Elasticsearch is used",
        parse=es_key, secret=True,
    )  # fmt: skip
    kibana_user: str | None = setting("KIBANA_USER", "user for Kibana, instead of an API key")
    kibana_password: str | None = setting("KIBANA_PASSWORD", "password of KIBANA_USER", secret=True)
    kibana_ca_file: Path | None = setting(
        "KIBANA_CA_FILE",
        "certificates that Kibana's is checked against",
        parse=Path,
        shown_default="those of ES_CA_FILE",
    )
    kibana_space: str | None = setting(
        "KIBANA_SPACE",
        "space of Kibana that the dashboards are for, by its id",
        parse=kibana_space,
        option="--space",
        shown_default="Kibana's own",
    )
    index_prefix: str = setting(
        "INDEX_PREFIX",
        "first part of the names of indices, aliases and templates",
        parse=index_prefix,
        default="vconf",
    )
    data_dir: Path | None = setting(
        "DATA_DIR",
        "folder of archive, lake, dead letters and locks; a relative one belongs to the file that names it",
        parse=Path,
        shown_default="data beside harvest.py",
    )
    archive_days: int | None = setting(
        "ARCHIVE_DAYS",
        f"days after which archived raw answers expire at the end of a nightly run, {LEAST_ARCHIVE_DAYS} at least",
        parse=archive_days,
        shown_default="they are kept",
    )
    accounts_file: Path | None = setting(
        "ACCOUNTS_FILE",
        "file of further accounts",
        parse=Path,
        shown_default="accounts.toml in the working folder, else beside .env",
    )
    vendor_ca_file: Path | None = setting(
        "VENDOR_CA_FILE", "certificates to trust for vendors, behind a school's proxy", parse=Path
    )
    quality_profile: str = setting(
        "QUALITY_PROFILE",
        "which limits tell poor quality: default, or cqd (those of Microsoft's Call Quality Dashboard)",
        parse=one_of("default", "cqd"),
        default="default",
    )
    geoip_file: Path | None = setting(
        "GEOIP_FILE", "GeoIP database of places (.mmdb, City or Country): where an address is", parse=Path
    )
    geoip_asn_file: Path | None = setting(
        "GEOIP_ASN_FILE", "GeoIP database of networks (.mmdb, ASN): whose an address is", parse=Path
    )
    lookup_file: Path | None = setting(
        "LOOKUP_FILE", "table (.csv) of your own labels for rooms, persons and accounts", parse=Path
    )
    privacy: str = setting(
        "PRIVACY",
        "what documents tell of people: full, pseudonymous (needs a key) or minimal (see docs/privacy.md)",
        parse=one_of("full", "pseudonymous", "minimal"),
        default="full",
    )
    privacy_key_file: Path | None = setting(
        "PRIVACY_KEY_FILE", "your key of pseudonyms and of forgotten people, 32 bytes or more", parse=Path
    )
    totals: bool = setting(
        "TOTALS",
        "whether to ask vendors for their own totals of a day too: yes or no",
        parse=yes_or_no,
        default=True,
        shown_default="yes",
    )
    ping_url: str | None = setting(
        "PING_URL",
        "address of a watchdog such as healthchecks.io that is told when a run begins, and how it ends",
        parse=web_address,
        option="--ping-url",
        secret=True,
    )
    metrics_file: Path | None = setting(
        "METRICS_FILE",
        "file of metrics for Prometheus, written when a run ends; a relative one belongs to the file that names it",
        parse=Path,
        option="--metrics-file",
    )
    now: str | None = setting("VCONF_NOW", "an instant that replaces the clock, for tests and reproducible runs")


def problems_of(settings: CommonSettings) -> list[str]:
    """What is wrong with settings that are each well-formed but do not fit together."""
    found = [
        *_login_problems("ES", settings.es_user, settings.es_password, settings.es_api_key),
        *_login_problems("KIBANA", settings.kibana_user, settings.kibana_password, settings.kibana_api_key),
        *_open_login(settings),
    ]
    if settings.privacy == "pseudonymous" and not settings.privacy_key_file:
        found.append(f"PRIVACY is pseudonymous, which needs a key of yours, named by {KEY_ENV}: {HOW}")
    files = {
        "ES_CA_FILE": settings.es_ca_file,
        "KIBANA_CA_FILE": settings.kibana_ca_file,
        "ACCOUNTS_FILE": settings.accounts_file,
        "VENDOR_CA_FILE": settings.vendor_ca_file,
        "GEOIP_FILE": settings.geoip_file,
        "GEOIP_ASN_FILE": settings.geoip_asn_file,
        "LOOKUP_FILE": settings.lookup_file,
        "PRIVACY_KEY_FILE": settings.privacy_key_file,
    }
    for env, path in files.items():
        if path and not path.is_file():
            found.append(f"{env} names {path}, which is not a file.")
    return found


def _login_problems(whose: str, user: str | None, password: str | None, key: str | None) -> Iterator[str]:
    """A login that is half there, or there twice."""
    if user and not password:
        yield f"{whose}_USER is set but {whose}_PASSWORD (or {whose}_PASSWORD_FILE) is not."
    if password and not user:
        yield f"{whose}_PASSWORD is set but {whose}_USER is not."
    if user and key:
        yield f"{whose}_API_KEY and {whose}_USER are both set: keep one."


def _open_login(settings: CommonSettings) -> Iterator[str]:
    """A login for Elasticsearch that others could read on its way."""
    hosts = [host for host in settings.es_host or () if travels_open(host)]
    if hosts and (settings.es_api_key or settings.es_password):
        yield (
            f"ES_HOST: {', '.join(hosts)} would carry the login where others can read it: use https://, "
            "or a tunnel that ends at 127.0.0.1."
        )
