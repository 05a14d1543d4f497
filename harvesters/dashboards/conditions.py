"""Which documents are meant: a small language of conditions, written as KQL."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Is:
    """A field has one of these values."""

    field: str
    values: tuple[str, ...]

    def __init__(self, field: str, *values: str) -> None:
        """`values`: at least one."""
        object.__setattr__(self, "field", field)
        object.__setattr__(self, "values", values)

    @property
    def text(self) -> str:
        """As KQL."""
        texts = [f'{self.field} : "{each}"' for each in self.values]
        return texts[0] if len(texts) == 1 else f"({' or '.join(texts)})"

    @property
    def fields(self) -> tuple[str, ...]:
        """What it looks at."""
        return (self.field,)


@dataclass(frozen=True, slots=True)
class Holds:
    """A field is true."""

    field: str

    @property
    def text(self) -> str:
        """As KQL."""
        return f"{self.field} : true"

    @property
    def fields(self) -> tuple[str, ...]:
        """What it looks at."""
        return (self.field,)


@dataclass(frozen=True, slots=True)
class Known:
    """A field has a value."""

    field: str

    @property
    def text(self) -> str:
        """As KQL."""
        return f"{self.field} : *"

    @property
    def fields(self) -> tuple[str, ...]:
        """What it looks at."""
        return (self.field,)


@dataclass(frozen=True, slots=True)
class Like:
    """A field holds these words in this order."""

    field: str
    words: tuple[str, ...]

    def __init__(self, field: str, *words: str) -> None:
        """`words`: letters and digits alone, at least one."""
        object.__setattr__(self, "field", field)
        object.__setattr__(self, "words", words)

    @property
    def text(self) -> str:
        """As KQL."""
        return f"{self.field} : *{'*'.join(self.words)}*"

    @property
    def fields(self) -> tuple[str, ...]:
        """What it looks at."""
        return (self.field,)


@dataclass(frozen=True, slots=True)
class Not:
    """The opposite."""

    condition: "Condition"

    @property
    def text(self) -> str:
        """As KQL."""
        return f"not {self.condition.text}"

    @property
    def fields(self) -> tuple[str, ...]:
        """What it looks at."""
        return self.condition.fields


@dataclass(frozen=True, slots=True)
class Both:
    """One condition and another."""

    one: "Condition"
    other: "Condition"

    @property
    def text(self) -> str:
        """As KQL."""
        return f"({self.one.text} and {self.other.text})"

    @property
    def fields(self) -> tuple[str, ...]:
        """What they look at."""
        return (*self.one.fields, *self.other.fields)


@dataclass(frozen=True, slots=True)
class Either:
    """One condition, or another, or both."""

    one: "Condition"
    other: "Condition"

    @property
    def text(self) -> str:
        """As KQL."""
        return f"({self.one.text} or {self.other.text})"

    @property
    def fields(self) -> tuple[str, ...]:
        """What they look at."""
        return (*self.one.fields, *self.other.fields)


Condition = Is | Holds | Known | Like | Not | Both | Either


def kql(condition: Condition | None) -> str:
    """The condition as Kibana's query language writes it; "" for none."""
    return condition.text if condition else ""


def fields_of(condition: Condition | None) -> tuple[str, ...]:
    """The fields that a condition looks at."""
    return condition.fields if condition else ()
