"""The archived accounts, called as the settings call them."""

from collections.abc import Collection, Sequence

from harvesters.commands.chosen import check_names, known, name_of
from harvesters.commands.workplace import Workplace
from harvesters.core.days import archived_accounts
from harvesters.core.errors import SettingsError
from harvesters.core.source import Account


def archived(place: Workplace, vendors: Sequence[str], names: Collection[str]) -> list[tuple[str, Account]]:
    """Each vendor with each of its accounts; with `names` only those.

    Raises:
        SettingsError: the file of accounts cannot be read as it is meant.
        UsageError: nobody is called so.
    """
    if place.accounts.problems:
        raise SettingsError(list(place.accounts.problems))
    found = [
        (vendor, Account(id_, name_of(place, vendor, id_)))
        for vendor in vendors
        for id_ in archived_accounts(place.data_dir, vendor)
    ]
    profiles = known(place, vendors, alone=False)
    check_names(names, [*(each.name for each in profiles), *(account.name for _, account in found)])
    return [(vendor, account) for vendor, account in found if not names or account.name in names]
