"""Settings: declared once as dataclass fields, read in one order, all problems reported at once.

Flag > environment > `.env` > default. A field's metadata is the only place that knows its name, form and
help; command-line options, the README's table and `example.env` are made from it.
"""

import dataclasses
import hashlib
import stat
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, TypeVar
from urllib.parse import urlsplit

import msgspec

from harvesters.core.errors import SettingsError

T = TypeVar("T")
SHOWN = 12


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting's declaration.

    Attributes:
        env: name of the variable; a secret may also come as a file named by `<env>_FILE`.
        help: one line for people.
        parse: text to value; raises ValueError with what to write instead.
        default: value where nothing is set; None with `required` means that it must be.
        option: name of a command-line option, if there is one.
        hidden: whether help leaves the option out.
        secret: never shown, and a warning on the command line.
        shapes_documents: part of the digest that documents carry, and needed by `replay`.
    """

    env: str
    help: str
    parse: Callable[[str], Any] = str
    default: Any = None
    required: bool = False
    option: str | None = None
    hidden: bool = False
    secret: bool = False
    shapes_documents: bool = False
    shown_default: str | None = None


def setting(env: str, help: str, **declaration: Any) -> Any:  # noqa: A002, ANN401 - reads as the declaration it is
    """A dataclass field that is a setting."""
    declared_as = Setting(env, help, **declaration)
    return dataclasses.field(metadata={"setting": declared_as}, repr=not declared_as.secret)


def declared(cls: type[Any]) -> list[tuple[str, Setting]]:
    """The settings of a dataclass with their field names, in the order of declaration."""
    return [(each.name, each.metadata["setting"]) for each in dataclasses.fields(cls)]


class Found(NamedTuple):
    """What a layer says: under which name, the text, and the folder that a relative path in it belongs to."""

    name: str
    text: str
    base: Path


@dataclass(frozen=True, slots=True, repr=False)
class Values:
    """Where settings are looked up, first hit wins. Never shown: whatever else the environment holds is in it.

    Attributes:
        flags: field name to what the command line said.
        environ: the process's environment.
        dotenv: what the `.env` file says.
        dotenv_path: that file, if there is one.
        base: folder that relative paths of flags and environment belong to.
    """

    flags: Mapping[str, str | None]
    environ: Mapping[str, str]
    dotenv: Mapping[str, str | None]
    dotenv_path: Path | None
    base: Path

    def find(self, name: str, *envs: str) -> Found | None:
        """What the first layer says that knows one of the names; there the first one counts."""
        beside = self.dotenv_path.parent if self.dotenv_path else self.base
        layers = ((self.flags, (name,), self.base), (self.environ, envs, self.base), (self.dotenv, envs, beside))
        for layer, names, base in layers:
            for each in names:
                if text := layer.get(each):
                    return Found(each, text, base)
        return None

    def places(self, env: str) -> str:
        """Where a variable was looked for, for an error's sentence."""
        return f"the environment and {self.dotenv_path or 'a .env file (there is none)'}, as {env}"


def read(cls: type[T], values: Values, problems: list[str], *, shaping_only: bool = False) -> T:
    """An instance of a settings class; what is wrong is added to `problems`, and None in its place.

    With `shaping_only` the settings that do not shape documents are left at their defaults, unread: a
    replay needs no credentials.
    """
    found: dict[str, Any] = {}
    for name, declaration in declared(cls):
        wanted = declaration.shapes_documents or not shaping_only
        found[name] = _value(name, declaration, values, problems) if wanted else declaration.default
    return cls(**found)


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


def _value(name: str, declaration: Setting, values: Values, problems: list[str]) -> Any:  # noqa: ANN401 - the field's own type
    env = declaration.env
    found = values.find(name, env, f"{env}_FILE") if declaration.secret else values.find(name, env)
    if found is None:
        if declaration.required:
            also = f" (or {env}_FILE)" if declaration.secret else ""
            problems.append(f"{env}{also} is not set: {declaration.help}; looked in {values.places(env)}.")
        return declaration.default
    before = len(problems)
    text = found.text if found.name in {name, env} else _from_file(env, found, problems)
    if len(problems) > before:
        # Not None, or the settings that belong to it would be called lonely.
        return "unread"
    try:
        return _placed(declaration.parse(text), found.base)
    except (ValueError, RuntimeError) as error:  # the latter: a `~name` of nobody
        problems.append(f"{env}{_shown(declaration, text)}: {error}")
        return None


def _shown(declaration: Setting, text: str) -> str:
    """What is wrong, as far as it may be shown: a secret can stand in the wrong place, or in an address."""
    if declaration.secret or "@" in text:
        return ""
    return f" is '{text if len(text) <= SHOWN else text[:SHOWN] + '…'}'"


def _placed(value: Any, base: Path) -> Any:  # noqa: ANN401 - any setting's value
    return base / value.expanduser() if isinstance(value, Path) else value


def _from_file(env: str, found: Found, problems: list[str]) -> str:
    """A secret out of the file that `<env>_FILE` names, without its line end."""
    path, why = Path(found.text), "is empty"
    try:
        path = found.base / path.expanduser()
        if text := path.read_text("utf-8").strip():
            return text
    except (OSError, ValueError, RuntimeError) as error:
        why = f"cannot be read: {type(error).__name__}"
    problems.append(f"{env}_FILE names {path}, which {why}.")
    return ""


def exposed(values: Values, classes: Iterable[type[Any]]) -> list[str]:
    """A warning if the `.env` file holds secrets and every user of the machine may read it."""
    path = values.dotenv_path
    declarations = [declaration for cls in classes for _, declaration in declared(cls) if declaration.secret]
    held = [each.env for each in declarations if values.dotenv.get(each.env)]
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
