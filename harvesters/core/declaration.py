"""How a setting is declared: as a field of a settings dataclass whose metadata has its name, form and help."""

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


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
        identifies: it is the vendor's own id of the account.
        stands_for: the value that the bare option stands for; such an option takes none.
        repeatable: the option may come several times; commas join what it says.
        option_help: the option's own help, where it reads otherwise than the setting's.
        retired: it is known only to say what replaced it; nothing lists it.
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
    identifies: bool = False
    shown_default: str | None = None
    stands_for: str | None = None
    repeatable: bool = False
    option_help: str | None = None
    retired: bool = False

    @property
    def of_account(self) -> bool:
        """Whether it says who asks, so that one account's never holds for another."""
        return self.required or self.secret or self.identifies


def setting(env: str, help: str, **declaration: Any) -> Any:  # noqa: A002, ANN401 - reads as the declaration it is
    """A dataclass field that is a setting."""
    declared_as = Setting(env, help, **declaration)
    return dataclasses.field(
        default=declared_as.default, metadata={"setting": declared_as}, repr=not declared_as.secret
    )


def declared(cls: type[Any]) -> list[tuple[str, Setting]]:
    """The settings of a dataclass with their field names, in the order of declaration."""
    return [(each.name, each.metadata["setting"]) for each in dataclasses.fields(cls)]


def public(cls: type[Any]) -> list[tuple[str, Setting]]:
    """Those that people are told of."""
    return [(name, each) for name, each in declared(cls) if not each.retired]


def logins(cls: type[Any]) -> tuple[tuple[str, ...], ...]:
    """The ways to log in that a settings class declares as `logins`: fields of which one group, whole, is needed."""
    found: tuple[tuple[str, ...], ...] = getattr(cls, "logins", ())
    return found
