"""Settings: declared once as dataclass fields, read in one order, all problems reported at once.

An account's table > flag > environment > `.env` > default. A field's metadata is the only place that knows its
name, form and help; command-line options, the README's table and `example.env` are made from it.
"""

import hashlib
import stat
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

import msgspec

from harvesters.core.declaration import Setting, declared, logins, public, setting
from harvesters.core.errors import SettingsError
from harvesters.core.redaction import remember
from harvesters.core.values import Found, Values

__all__ = ["Setting", "Values", "declared", "public", "setting"]

T = TypeVar("T")
SHOWN = 12
PERCENT = 100


def read(cls: type[T], values: Values, problems: list[str], *, shaping_only: bool = False) -> T:
    """An instance of a settings class; what is wrong is added to `problems`, and None in its place.

    With `shaping_only` the settings that do not shape documents are left at their defaults, unread: a
    replay needs no credentials.
    """
    found: dict[str, Any] = {}
    left_out = set(_other_logins(cls, values))
    for name, declaration in declared(cls):
        wanted = declaration.shapes_documents or not (shaping_only or name in left_out)
        found[name] = value_of(name, declaration, values, problems) if wanted else declaration.default
    if not shaping_only:
        problems += _login_problems(cls, values)
    return cls(**found)


def _other_logins(cls: type[Any], values: Values) -> Iterator[str]:
    """The fields of the logins that do not count, since the command line gave another one."""
    typed = [way for way in logins(cls) if any(values.flags.get(name) for name in way)]
    if typed and not values.table:
        yield from (name for way in logins(cls) if way not in typed for name in way)


def _login_problems(cls: type[Any], values: Values) -> Iterator[str]:
    """What is wrong with the ways to log in: exactly one must be whole."""
    known, left_out = dict(declared(cls)), set(_other_logins(cls, values))
    ways = [way for way in logins(cls) if left_out.isdisjoint(way)]
    begun = {way: there for way in ways if (there := [name for name in way if values.find(name, known[name])])}
    head = (
        f"{values.table.at(values.table.line)}: [{values.table.vendor}.{values.table.name}]: " if values.table else ""
    )
    if len(begun) > 1:
        names = " and ".join(_named(values, known, there[:1]) for there in begun.values())
        yield f"{head}{names} are two logins: keep one."
    elif ways and not any(len(way) == len(there) for way, there in begun.items()):
        absent = [name for way, there in begun.items() for name in way if name not in there]
        said = f"{_named(values, known, absent)} is not set" if absent else "no login is set"
        needed = ", or ".join(_named(values, known, way) for way in ways)
        yield f"{head}{said}: write {needed}{'' if values.table else f'; looked in {values.looked}'}."


def _named(values: Values, known: Mapping[str, Setting], names: Iterable[str]) -> str:
    return " and ".join(values.called(name, known[name]) for name in names)


def load(cls: type[T], values: Values, problems: list[str], *, shaping_only: bool = False) -> T | None:
    """The same, but nothing at all if something is wrong."""
    before = len(problems)
    found = read(cls, values, problems, shaping_only=shaping_only)
    return found if len(problems) == before else None


def require(loaded: T | None, problems: Sequence[str]) -> T:
    """The settings, or one error with every problem.

    Raises:
        SettingsError: there are problems.
    """
    if problems or loaded is None:
        raise SettingsError(list(problems))
    return loaded


def value_of(name: str, declaration: Setting, values: Values, problems: list[str]) -> Any:  # noqa: ANN401 - the field's own type
    """The value of one setting; what is wrong is added to `problems`, and None or a text in its place."""
    found = values.find(name, declaration)
    if found is None:
        if declaration.required:
            problems.append(values.missing(name, declaration))
        return declaration.default
    before = len(problems)
    text = _text(found, problems)
    if declaration.secret:
        remember(text)
    if len(problems) > before:
        # Not None, or the settings that belong to it would be called lonely.
        return "unread"
    try:
        value = _placed(declaration.parse(text), found.base)
    except (ValueError, RuntimeError) as error:  # the latter: a `~name` of nobody
        problems.append(f"{found.label}{_shown(declaration, text)}: {error}")
        return None
    if declaration.parse is file_name and not value.is_file():
        problems.append(f"{found.label} names {value}, which is not a file.")
    return value


def _shown(declaration: Setting, text: str) -> str:
    """What is wrong, as far as it may be shown: a secret can stand in the wrong place, or in an address."""
    if declaration.secret or "@" in text:
        return ""
    return f" is '{text if len(text) <= SHOWN else text[:SHOWN] + '…'}'"


def _placed(value: Any, base: Path) -> Any:  # noqa: ANN401 - any setting's value
    return base / value.expanduser() if isinstance(value, Path) else value


def _text(found: Found, problems: list[str]) -> str:
    """The value itself; a secret may be in a file, which ends with a line end."""
    if found.problem or not found.suffix:
        problems += [found.problem] if found.problem else []
        return found.text
    path, why = Path(found.text), "is empty"
    try:
        path = found.base / path.expanduser()
        if text := path.read_text("utf-8").strip():
            return text
    except (OSError, ValueError, RuntimeError) as error:
        why = f"cannot be read: {type(error).__name__}"
    problems.append(f"{found.label}{found.suffix} names {path}, which {why}.")
    return ""


def exposed(values: Values, classes: Iterable[type[Any]], more: Iterable[str] = ()) -> list[str]:
    """What is wrong if the `.env` file holds secrets and every user may read it; `more`: what accounts name."""
    path = values.dotenv_path
    declarations = [declaration for cls in classes for _, declaration in declared(cls) if declaration.secret]
    held = [name for name in (*(each.env for each in declarations), *more) if values.dotenv.get(name)]
    if not path or not held or not path.stat().st_mode & stat.S_IROTH:
        return []
    return [f"{path} holds {', '.join(held)}, and every user of this machine can read it: chmod 600 {path}"]


def shaping(settings: Any) -> dict[str, Any]:  # noqa: ANN401 - any settings dataclass
    """The settings that shape documents, by variable name."""
    return {
        declaration.env: getattr(settings, name)
        for name, declaration in declared(type(settings))
        if declaration.shapes_documents
    }


def digest(shapes: Mapping[str, Any]) -> str:
    """A short digest of settings that shape documents: `vconf.harvest.settings`."""
    return hashlib.sha256(msgspec.json.encode(sorted(shapes.items()))).hexdigest()[:12]


def one_of(*words: str) -> Callable[[str], str]:
    """A parser that takes one of some words."""

    def parse(text: str) -> str:
        if text not in words:
            message = f"write one of {', '.join(words)}."
            raise ValueError(message)
        return text

    return parse


def file_name(text: str) -> Path:
    """A parser of the name of a file that must be there; a relative one belongs to the folder of whoever names it."""
    return Path(text)


def yes_or_no(text: str) -> bool:
    """A parser of `yes` and `no`."""
    return one_of("yes", "no")(text) == "yes"


def share(text: str) -> float:
    """A parser of a percentage such as `60%`, as a ratio above 0 and up to 1."""
    number = text.strip().removesuffix("%").strip()
    if not number.isdecimal() or not 0 < int(number) <= PERCENT:
        message = "write a whole percentage from 1 to 100, such as 60%."
        raise ValueError(message)
    return int(number) / PERCENT


def rsa_private_key(text: str) -> str:
    """A parser of an RSA private key without a passphrase, as PEM."""
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        key = load_pem_private_key(text.encode(), password=None)
    except TypeError as error:
        message = (
            "the key is encrypted with a passphrase: write it without, as `openssl rsa` does, readable by you alone."
        )
        raise ValueError(message) from error
    except (ValueError, UnsupportedAlgorithm):
        key = None
    if isinstance(key, RSAPrivateKey):
        return text
    message = "this is no RSA private key: it is the text that begins with -----BEGIN PRIVATE KEY-----."
    raise ValueError(message)


def web_address(text: str) -> str:
    """A parser of an absolute http or https address without credentials in it."""
    if not _is_whole(text):
        message = "write a whole address such as https://host/path."
        raise ValueError(message)
    if "@" in urlsplit(text).netloc:
        message = "credentials do not belong into an address; they have settings of their own."
        raise ValueError(message)
    return text


def _is_whole(text: str) -> bool:
    try:
        parts = urlsplit(text)
        named = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False
    return named and text.isprintable() and " " not in text


def http_url(text: str) -> str:
    """A parser of a vendor's address: credentials are sent there, so it is https, or this machine."""
    if travels_open(web_address(text)):
        message = "write https://, for credentials are sent there; http:// is for this machine alone (127.0.0.1)."
        raise ValueError(message)
    return text


def travels_open(address: str) -> bool:
    """Whether others can read what is sent there: not encrypted, and it leaves this machine."""
    parts = urlsplit(address)
    return parts.scheme == "http" and not _is_loopback(parts.hostname or "")


def _is_loopback(host: str) -> bool:
    from ipaddress import ip_address

    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
