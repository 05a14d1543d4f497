"""Where a setting is looked up: an account's own table, then flags, the environment and the `.env` file.

A table holds for its account alone and wins there: an address in the environment must not lead another
account's secret elsewhere. What says who asks is never taken from another layer.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from harvesters.core.declaration import Setting

_VARIABLE = re.compile(r"[A-Z][A-Z0-9_]*")


class Found(NamedTuple):
    """What a layer says.

    Attributes:
        label: what sentences call it.
        text: the value, or with `suffix` the name of the file that holds it.
        base: the folder that a relative path in it belongs to.
        origin: where it stands.
        suffix: what makes the label the name of a file's setting.
        problem: why there is no text.
    """

    label: str
    text: str
    base: Path
    origin: str
    suffix: str = ""
    problem: str = ""


class Entry(NamedTuple):
    """A line of a table."""

    text: str
    line: int


@dataclass(frozen=True, slots=True)
class Table:
    """What `accounts.toml` says of one account, without secrets themselves; `flawed`: some of it could not be read."""

    path: Path
    vendor: str
    name: str
    line: int
    entries: Mapping[str, Entry]
    flawed: bool = False

    def at(self, line: int) -> str:
        """A place in the file, for sentences."""
        return f"{self.path} line {line}"

    def find(self, name: str) -> Found | None:
        """A setting that stands in the table itself."""
        entry = self.entries.get(name)
        return entry and Found(f"{self.at(entry.line)}: {name}", entry.text, self.path.parent, self.at(entry.line))


@dataclass(frozen=True, slots=True, repr=False)
class Values:
    """The layers, first hit wins. Never shown: whatever else the environment holds is in it.

    Attributes:
        flags: field name to what the command line said.
        environ: the process's environment.
        dotenv: what the `.env` file says.
        dotenv_path: that file, if there is one.
        base: folder that relative paths of flags and environment belong to.
        table: of the account that is spoken of; None for the one that the other layers describe.
    """

    flags: Mapping[str, str | None]
    environ: Mapping[str, str]
    dotenv: Mapping[str, str | None]
    dotenv_path: Path | None
    base: Path
    table: Table | None = None

    def find(self, name: str, setting: Setting) -> Found | None:
        """What the first layer says that knows the setting of a field."""
        if self.table:
            own = self._secret(self.table, name) if setting.secret else self.table.find(name)
            if own or setting.of_account:
                return own
        return self._plain(name, setting)

    def _plain(self, name: str, setting: Setting) -> Found | None:
        if text := self.flags.get(name):
            return Found(setting.env, text, self.base, "the command line")
        beside = self.dotenv_path.parent if self.dotenv_path else self.base
        layers = ((self.environ, self.base, "the environment"), (self.dotenv, beside, str(self.dotenv_path)))
        for layer, base, origin in layers:
            for suffix in ("", "_FILE") if setting.secret else ("",):
                if text := layer.get(setting.env + suffix):
                    return Found(setting.env, text, base, origin, suffix)
        return None

    def _secret(self, table: Table, name: str) -> Found | None:
        """A secret of a table, which names the variable or the file that holds it."""
        if found := table.find(f"{name}_file"):
            return found._replace(label=found.label.removesuffix("_file"), suffix="_file")
        if (named := table.find(f"{name}_env")) is None:
            return None
        text = self.environ.get(named.text) or self.dotenv.get(named.text)
        # Somebody may have written the secret itself there.
        shown = named.text if _VARIABLE.fullmatch(named.text) else "a variable"
        why = "" if text else f"{named.label} names {shown}, which is not set; looked in {self.looked}."
        return named._replace(text=text or "", problem=why)

    @property
    def looked(self) -> str:
        """Where variables are looked for, for an error's sentence."""
        return f"the environment and {self.dotenv_path or 'a .env file (there is none)'}"

    def places(self, env: str) -> str:
        """Where a variable was looked for, for an error's sentence."""
        return f"{self.looked}, as {env}"

    def called(self, name: str, setting: Setting) -> str:
        """How a setting is to be written, for a sentence that asks for it."""
        own, file = (f"{name}_env", f"{name}_file") if self.table else (setting.env, f"{setting.env}_FILE")
        return f"{own} (or {file})" if setting.secret else name if self.table else setting.env

    def missing(self, name: str, setting: Setting) -> str:
        """That a required setting is not there, and what to do."""
        if self.table:
            head = f"{self.table.at(self.table.line)}: [{self.table.vendor}.{self.table.name}]"
            return f"{head} lacks {self.called(name, setting)}: {setting.help}."
        return f"{self.called(name, setting)} is not set: {setting.help}; looked in {self.places(setting.env)}."
