"""Puts the parts of a run together: recipe, destinations, the port to the vendor, the workshop."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import partial

from harvesters import source_class
from harvesters.commands.chosen import Ready
from harvesters.commands.console import Console, progress_of
from harvesters.commands.workplace import Workplace, vendor_settings
from harvesters.core.accounts import DEFAULT, Profile
from harvesters.core.days import archived_accounts
from harvesters.core.destinations import Destination, Target
from harvesters.core.envelope import Envelope
from harvesters.core.errors import DestinationError, HarvestError, SettingsError
from harvesters.core.fields import by_name
from harvesters.core.forgotten import FILE as FORGOTTEN
from harvesters.core.forgotten import recall
from harvesters.core.http import PATIENCE_S, HttpApi, Port
from harvesters.core.ids import safe_name
from harvesters.core.limiter import Limit, Limiter, shared_files
from harvesters.core.options import Options
from harvesters.core.recipe import Recipe
from harvesters.core.remnants import letters_folder
from harvesters.core.settings import digest, load, require, shaping
from harvesters.core.source import Account, Limits, Source
from harvesters.core.traffic import Traffic
from harvesters.core.treatment import marked
from harvesters.core.workshop import Workshop
from harvesters.enrich.privacy import treatment
from harvesters.quality.assessment import QualityAssessment
from harvesters.quality.scoring import Judge
from harvesters.quality.thresholds import DEFAULT as DEFAULT_PROFILE
from harvesters.quality.thresholds import thresholds
from harvesters.quality.units import bitrate_step

ENGINE_REVISION = 2
"""Raised by whoever changes documents: encoding, quality, enrichment, the pinned rules of user agents."""


def recipe(place: Workplace, vendor: str, account: Account) -> Recipe:
    """How records of an account become documents, with the present code and settings."""
    source = source_class(vendor)
    problems: list[str] = list(place.problems)
    values = place.values_of(vendor, account.name)
    shapes = shaping(require(load(source.Settings, values, problems, shaping_only=True), problems))
    if account.name != DEFAULT:
        # It stands in each document, so another name makes other documents.
        shapes["vconf.account.name"] = account.name
    shapes |= place.enrichment.shapes
    step = bitrate_step(shapes)
    model = thresholds(place.common.quality_profile)
    if model.profile != DEFAULT_PROFILE:
        shapes["QUALITY_PROFILE"] = model.profile
    fields = by_name(source.fields)
    treated = treatment(place.common.privacy, place.key, fields)
    if treated.mark:
        shapes["PRIVACY"] = treated.mark
    envelope = Envelope(
        vendor=vendor,
        account=account.id,
        account_name=account.name,
        revision=f"{vendor}/{source.revision}.{ENGINE_REVISION}",
        settings=marked(digest(shapes), treated),
        prefix=place.common.index_prefix,
        constants={**source.constants, **place.enrichment.constants(account.id)},
        fields=fields,
        treatment=treated,
    )
    assess = partial(QualityAssessment, judge=Judge(model), nominal_s=source.interval_s)
    enrich = place.enrichment.steps(account.id)
    return Recipe(source.flatten, envelope, (step,) if step else (), enrich, assess)


def destinations(
    place: Workplace, names: Sequence[str], deadline: float, *, for_reading: bool = False
) -> list[Destination]:
    """The destinations asked for; without any: the index if one is configured, else the lake.

    `for_reading`: nothing will be written into them, so they may lack what only that needs.

    Raises:
        SettingsError: the index is asked for and none is configured.
    """
    wanted = list(dict.fromkeys(names)) or ["index" if place.common.es_host else "lake"]
    return [_destination(name, place, deadline, for_reading=for_reading) for name in wanted]


def _destination(name: str, place: Workplace, deadline: float, *, for_reading: bool) -> Destination:
    if name == "stdout":
        from harvesters.core.destinations.stdout import StdoutDestination

        return StdoutDestination(sys.stdout.buffer)
    if name == "lake":
        from harvesters.core.destinations.lake import LakeDestination

        return LakeDestination(place.data_dir / "lake")
    if not place.common.es_host:
        looked = place.values.places("ES_HOST")
        raise SettingsError([f"ES_HOST is not set, and --destination index needs it; looked in {looked}."])
    return _index(place, deadline, for_reading=for_reading)


def _index(place: Workplace, deadline: float, *, for_reading: bool) -> Destination:
    """Imported late: the client costs 0.4 s."""
    from harvesters.core.destinations.elastic import Cluster
    from harvesters.core.destinations.index import IndexDestination
    from harvesters.core.destinations.sender import DeadLetters

    def letters(target: Target) -> DeadLetters:
        folder = letters_folder(place.data_dir, target.vendor, target.account)
        return DeadLetters(folder / f"{target.day}.index.ndjson")

    cluster = Cluster(place.common, deadline)
    return IndexDestination(cluster, place.clock, letters, for_reading=for_reading)


@dataclass(slots=True)
class Run:
    """What the accounts of one run share: options, destinations and what is known of them, and the deadline.

    `patience`: seconds of failure after which a request to a vendor is given up.
    """

    place: Workplace
    console: Console
    options: Options
    deadline: float
    targets: list[Destination]
    gone: dict[str, DestinationError] = field(default_factory=dict)
    opened: set[str] = field(default_factory=set)
    patience: float = PATIENCE_S

    @classmethod
    def begin(cls, place: Workplace, console: Console, options: Options) -> "Run":
        """A run that begins now.

        Raises:
            SettingsError: the index is asked for and none is configured.
        """
        deadline = place.clock.monotonic() + options.deadline.total_seconds()
        return cls(place, console, options, deadline, destinations(place, options.destinations, deadline))


def vendor_workshop(vendor: str, place: Workplace, console: Console, options: Options) -> Workshop:
    """Everything that a run of a vendor's default account needs.

    Raises:
        SettingsError: settings are missing or malformed; nothing was asked or written.
    """
    return vendor_workshops(vendor, place, console, options)[0]


def vendor_workshops(vendor: str, place: Workplace, console: Console, options: Options) -> list[Workshop]:
    """The same of every account that the default settings give access to."""
    ready = Ready(Profile(vendor, DEFAULT, place.values), vendor_settings(place, vendor))
    return workshops(ready, Run.begin(place, console, options))


def workshops(ready: Ready, run: Run) -> list[Workshop]:
    """A workshop for each account that a profile's settings give access to; one line to the vendor serves them all."""
    profile, place, console = ready.profile, run.place, run.console
    source_type = source_class(profile.vendor)
    ca_file = place.common.vendor_ca_file
    port = Port(run.deadline, run.patience, ca_file=str(ca_file) if ca_file else None)
    limits = _limits(source_type.limits_of(ready.settings), place)
    kept: tuple[Limit, ...] = (*limits.rates, *limits.quotas) if run.options.paced else ()
    shared = shared_files(place.data_dir / "limits", profile.vendor, safe_name(profile.name), kept)
    api = HttpApi(source_type.judge, Limiter(kept, place.clock, shared), place.clock, port)
    source = source_type(ready.settings, api)
    api.identify(source.auth)
    made = []
    accounts, stopped = _accounts(source, place, profile.vendor)
    for account in accounts:
        shop = replay_workshop(profile.vendor, replace(account, name=profile.name), place, console, run.targets)
        shop.source, shop.port, shop.traffic, shop.options = source, api, api.traffic, run.options
        shop.limits, shop.stopped, shop.totals = limits, stopped, place.common.totals
        shop.recall()  # said before anything is asked; read again by each slice, under the account's lock
        shop.progress, shop.gone, shop.opened = progress_of(console, api.traffic), run.gone, run.opened
        made.append(shop)
    return made


def _limits(limits: Limits, place: Workplace) -> Limits:
    """A day need not wait for totals that nobody wants."""
    return limits if place.common.totals else replace(limits, totals=timedelta(0))


def _accounts(source: Source, place: Workplace, vendor: str) -> tuple[Sequence[Account], HarvestError | None]:
    """The accounts, and why the vendor need not be asked again: what the archive has may be owed to a destination.

    Raises:
        HarvestError: the vendor does not tell them, and nothing was archived.
    """
    try:
        return source.accounts(), None
    except HarvestError as error:
        known = archived_accounts(place.data_dir, vendor)
        if not known:
            raise
        return [Account(each, DEFAULT) for each in known], error


def replay_workshop(
    vendor: str, account: Account, place: Workplace, console: Console, targets: list[Destination]
) -> Workshop:
    """The same without a vendor to ask."""
    traffic, source_type = Traffic(), source_class(vendor)
    return Workshop(
        vendor=vendor,
        limits=source_type.limits,
        account=account,
        data_dir=place.data_dir,
        clock=place.clock,
        recipe=recipe(place, vendor, account),
        destinations=targets,
        progress=progress_of(console, traffic),
        options=Options(),
        recall=partial(recall, place.data_dir / FORGOTTEN, place.key, vendor, account.id, source_type.personal),
        traffic=traffic,
    )


def prepare(place: Workplace, *, with_setup: bool) -> None:
    """Make the state folder and, where that was asked for, load the index templates.

    Raises:
        DestinationError: the folder cannot be written, or the cluster refuses the templates.
    """
    try:
        place.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        message = f"DATA_DIR {place.data_dir} cannot be written: {error.strerror}."
        raise DestinationError(message) from error
    if with_setup and place.common.es_host:
        from harvesters.core.setup import load_templates

        load_templates(place.common, place.clock)
