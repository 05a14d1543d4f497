"""Settings: declared once as dataclass fields, read in one order, all problems reported at once.

Flag > environment > `.env` > default. A field's metadata is the only place that knows its name, form and
help; command-line options, the README's table and `example.env` are made from it.
"""

import dataclasses
import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from harvesters.core.errors import SettingsError

T = TypeVar("T")


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
    return dataclasses.field(metadata={"setting": Setting(env, help, **declaration)})


def declared(cls: type[Any]) -> list[tuple[str, Setting]]:
    """The settings of a dataclass with their field names, in the order of declaration."""
    return [(each.name, each.metadata["setting"]) for each in dataclasses.fields(cls)]


@dataclass(frozen=True, slots=True)
class Values:
    """Where settings are looked up, first hit wins.

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

    def find(self, name: str, env: str) -> tuple[str, Path] | None:
        """The text of a setting and the folder that a relative path in it belongs to."""
        layers = ((self.flags, name, self.base), (self.environ, env, self.base))
        for layer, key, base in layers:
            if text := layer.get(key):
                return text, base
        if text := self.dotenv.get(env):
            return text, self.dotenv_path.parent if self.dotenv_path else self.base
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
    text = values.find(name, declaration.env)
    if text is None and declaration.secret:
        text = _from_file(declaration, values, problems)
    if text is None:
        if declaration.required:
            also = f" (or {declaration.env}_FILE)" if declaration.secret else ""
            problems.append(
                f"{declaration.env}{also} is not set: {declaration.help}; looked in {values.places(declaration.env)}."
            )
        return declaration.default
    try:
        return _placed(declaration.parse(text[0]), text[1])
    except ValueError as error:
        # An address may hold a password, though it must not.
        said = "" if declaration.secret or "@" in text[0] else f" is '{text[0]}'"
        problems.append(f"{declaration.env}{said}: {error}")
        return None


def _placed(value: Any, base: Path) -> Any:  # noqa: ANN401 - any setting's value
    return base / value.expanduser() if isinstance(value, Path) else value


def _from_file(declaration: Setting, values: Values, problems: list[str]) -> tuple[str, Path] | None:
    """A secret out of the file that `<env>_FILE` names, without its line end."""
    named = values.find("", f"{declaration.env}_FILE")
    if named is None:
        return None
    path = named[1] / Path(named[0]).expanduser()
    try:
        text = path.read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        problems.append(f"{declaration.env}_FILE names {path}, which cannot be read: {type(error).__name__}.")
        return "unread", path
    if not text:
        problems.append(f"{declaration.env}_FILE names {path}, which is empty.")
        return "unread", path
    return text, path.parent


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


def http_url(text: str) -> str:
    """A parser of an absolute http or https address without credentials in it."""
    from urllib.parse import urlsplit

    parts = urlsplit(text)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        message = "write a whole address such as https://host/path."
        raise ValueError(message)
    if parts.username or parts.password:
        message = "credentials do not belong into an address; they have settings of their own."
        raise ValueError(message)
    return text
