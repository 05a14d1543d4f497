"""Packages that only some commands need and the base installation does not have."""

import sys
from collections.abc import Sequence
from importlib.util import find_spec

from harvesters.core.errors import SettingsError


def need(what: str, *modules: str, packages: Sequence[str]) -> None:
    """Refuse to begin without the packages of an extra.

    Raises:
        SettingsError: one is missing; the sentence has the command that installs them.
    """
    if not all(map(find_spec, modules)):
        wanted = " ".join(f"'{each}'" for each in packages)
        raise SettingsError([
            f"{what} needs packages that are not installed: {sys.executable} -m pip install {wanted}"
        ])  # fmt: skip
