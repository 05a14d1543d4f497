"""Which accounts a command works on, with their settings; everything that is wrong is said before anything is asked."""

import difflib
from collections.abc import Collection, Sequence
from typing import Any, NamedTuple

from harvesters import source_class
from harvesters.commands.workplace import Workplace
from harvesters.core.accounts import DEFAULT, Profile, account_id, profiles, twins
from harvesters.core.errors import SettingsError, UsageError
from harvesters.core.settings import declared, load

NOTHING = (
    "no vendor is configured: set the variables of one, or write its accounts into a file accounts.toml; looked in {}."
)


class Ready(NamedTuple):
    """An account that can be asked: how it is called, and its settings."""

    profile: Profile
    settings: Any


def known(place: Workplace, vendors: Sequence[str], *, alone: bool) -> list[Profile]:
    """The accounts of these vendors; `alone`: a vendor without any has its default one, which lacks everything."""
    return [
        profile
        for vendor in vendors
        for profile in profiles(vendor, source_class(vendor).Settings, place.values, place.accounts, alone=alone)
    ]


def chosen(place: Workplace, vendors: Sequence[str], names: Collection[str], *, alone: bool) -> list[Ready]:
    """The accounts of these vendors that are called so, all without names; `alone` as `known` has it.

    Raises:
        UsageError: nobody is called so.
        SettingsError: with every problem, the common ones among them.
    """
    found = known(place, vendors, alone=alone)
    problems = [*place.problems, *place.accounts.problems]
    if not place.accounts.problems:
        check_names(names, [profile.name for profile in found])
        problems += [] if found else [NOTHING.format(place.values.looked)]
    ready = []
    for profile in found:
        wanted = (not names or profile.name in names) and not (profile.values.table and profile.values.table.flawed)
        settings = load(source_class(profile.vendor).Settings, profile.values, problems) if wanted else None
        ready += [Ready(profile, settings)] if settings else []
    problems += [each for vendor in vendors for each in _twins(found, vendor)]
    if problems:
        raise SettingsError(list(dict.fromkeys(problems)))
    return ready


def _twins(found: Sequence[Profile], vendor: str) -> list[str]:
    return list(twins([each for each in found if each.vendor == vendor], source_class(vendor).Settings))


def name_of(place: Workplace, vendor: str, id_: str) -> str:
    """The name of a vendor's account, the usual one where the settings do not tell.

    Where no setting says an account's id, but the vendor does, its accounts are those of the only profile there is.
    """
    settings, there = source_class(vendor).Settings, known(place, [vendor], alone=False)
    if not any(setting.identifies for _, setting in declared(settings)):
        return there[0].name if len(there) == 1 else DEFAULT
    named = [each.name for each in there if account_id(settings, each.values) == id_]
    return named[0] if named else DEFAULT


def check_names(names: Collection[str], accounts: Collection[str]) -> None:
    """Refuse a name that no account has.

    Raises:
        UsageError: with the nearest name, and all that there are.
    """
    for name in names:
        if name not in accounts:
            near = difflib.get_close_matches(name, accounts, n=1)
            hint = f" did you mean '{near[0]}'?" if near else ""
            there = ", ".join(dict.fromkeys(accounts)) or f"none, not even '{DEFAULT}'"
            message = f"--account {name}: there is no such account;{hint} there are: {there}."
            raise UsageError(message)
