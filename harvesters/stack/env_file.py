"""The `.env` beside the compose file: version, ports, memory, and passwords made once."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from dotenv import dotenv_values

from harvesters.core.errors import HarvestError
from harvesters.core.files import open_private, replacing
from harvesters.stack.distribution import NEWEST

HEAD = """\
# Made by `./harvest.py dev init` and read by docker compose. It holds passwords: keep it to yourself.
# Those in the data are the ones of the first start: another password here locks you out of them.
"""
PASSWORD_BYTES = 24
OF_ELASTICSEARCH = frozenset(
    {
        "ES_HOST",
        "ES_API_KEY",
        "ES_API_KEY_FILE",
        "ES_USER",
        "ES_PASSWORD",
        "ES_PASSWORD_FILE",
        "ES_CA_FILE",
        "KIBANA_HOST",
    }
)
UNITS = {"m": 1 << 20, "g": 1 << 30}


@dataclass(frozen=True, slots=True)
class Fresh:
    """A value that is made or chosen when there is none yet."""

    name: str
    value: str
    secret: bool = False


def fresh() -> tuple[Fresh, ...]:
    """Every setting of the compose file, with the value of a new stack."""
    return (
        Fresh("STACK_VERSION", NEWEST.version),
        Fresh("ES_PORT", "9200"),
        Fresh("KIBANA_PORT", "5601"),
        Fresh("ES_HEAP", "1g"),
        Fresh("ES_MEMORY", "2g"),
        Fresh("KIBANA_MEMORY", "1500m"),
        *(
            Fresh(name, secrets.token_urlsafe(PASSWORD_BYTES), secret=True)
            for name in ("ELASTIC_PASSWORD", "KIBANA_PASSWORD", "KIBANA_ENCRYPTION_KEY")
        ),
    )


def read(path: Path) -> dict[str, str]:
    """What the file says; nothing where there is none.

    Raises:
        HarvestError: it cannot be read.
    """
    try:
        return {name: value or "" for name, value in dotenv_values(path, interpolate=False).items()}
    except (OSError, UnicodeDecodeError) as error:
        message = f"{path} cannot be read: {type(error).__name__}."
        raise HarvestError(message) from error


def complete(path: Path, wanted: Mapping[str, str]) -> dict[str, str]:
    """The settings of the file, with those that it lacks added and the wanted ones put in; it changes only if they do.

    Raises:
        HarvestError: it cannot be read or written.
    """
    before = read(path)
    there = {name: value for name, value in before.items() if value}
    values = {**{each.name: each.value for each in fresh()}, **there, **wanted}
    if values != before:
        write(path, HEAD + "".join(f"{name}={value}\n" for name, value in values.items()))
    return values


def write(path: Path, text: str) -> None:
    """Write a file that its owner alone may read.

    Raises:
        HarvestError: it cannot be written.
    """
    try:
        with replacing(path) as file:
            file.write(text.encode())
    except OSError as error:
        message = f"{path} cannot be written: {error.strerror}."
        raise HarvestError(message) from error


def in_bytes(text: str) -> int:
    """`1500m` or `2g` as bytes.

    Raises:
        ValueError: it is none of these.
    """
    return int(text[:-1]) * UNITS[text[-1].lower()] if text[-1:].lower() in UNITS else int(text)


def append(path: Path, settings: Mapping[str, str]) -> bool:
    """Add settings of Elasticsearch to the harvester's `.env`, made if it is not there; whether there was need.

    Raises:
        HarvestError: it names another Elasticsearch, or cannot be read or written.
    """
    there = {name: value for name, value in read(path).items() if value and name in OF_ELASTICSEARCH}
    if there == settings:
        return False
    if there:
        message = f"{path} sets {', '.join(there)} already: put the lines above in their place by hand."
        raise HarvestError(message)
    try:
        with open_private(path, "r+b") as file:
            text = file.read()
            gap = b"" if text.endswith(b"\n") or not text else b"\n"
            file.write(gap + "".join(f"{name}={value}\n" for name, value in settings.items()).encode())
    except OSError as error:
        message = f"{path} cannot be written: {error.strerror}."
        raise HarvestError(message) from error
    return True
