"""Which accounts are looked at: those of the settings and those of the archive; nobody's credentials are needed."""

from collections.abc import Collection, Iterator, Sequence

from harvesters import source_class
from harvesters.commands.chosen import NOTHING, check_names, known, name_of
from harvesters.commands.workplace import Workplace
from harvesters.core.accounts import Profile, account_id
from harvesters.core.days import archived_accounts
from harvesters.core.errors import SettingsError
from harvesters.core.settings import load
from harvesters.core.source import Limits
from harvesters.watch.survey import Watched


def watched(place: Workplace, vendors: Sequence[str], names: Collection[str]) -> list[Watched]:
    """The accounts of these vendors that are called so, all without names.

    Raises:
        SettingsError: the file of accounts cannot be read as it is meant, or there is nothing to look at.
        UsageError: nobody is called so.
    """
    if place.accounts.problems:
        raise SettingsError(list(place.accounts.problems))
    found = [each for vendor in vendors for each in of_vendor(place, vendor)]
    if not found:
        raise SettingsError([NOTHING.format(place.values.looked)])
    check_names(names, [each.name for each in found])
    return [each for each in found if not names or each.name in names]


def of_vendor(place: Workplace, vendor: str) -> Iterator[Watched]:
    """Those that are configured first, then those that only the archive knows."""
    source = source_class(vendor)
    profiles = {account_id(source.Settings, each.values) or "": each for each in known(place, [vendor], alone=False)}
    archived = archived_accounts(place.data_dir, vendor)
    unnamed = profiles.pop("", None)
    if unnamed and not set(archived) - set(profiles):
        yield Watched(vendor, "", unnamed.name, _limits(unnamed))
    for id_, profile in profiles.items():
        yield Watched(vendor, id_, profile.name, _limits(profile))
    for id_ in archived:
        if id_ not in profiles:
            # Where the settings do not say an account's id, the vendor does, and it may be any of these.
            limits = _limits(unnamed) if unnamed else source.limits
            yield Watched(vendor, id_, name_of(place, vendor, id_), limits, configured=unnamed is not None)


def _limits(profile: Profile) -> Limits:
    """The limits that hold with an account's settings, the vendor's usual ones where those are not whole."""
    source = source_class(profile.vendor)
    settings = load(source.Settings, profile.values, [])
    return source.limits_of(settings) if settings else source.limits
