"""The peermetrics source: a server's apps are its accounts, a room's stretches of sessions its conferences."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any, ClassVar

import msgspec

from harvesters.core.answers import Answer, Api, Auth, Judgement
from harvesters.core.day import Day
from harvesters.core.errors import SliceError
from harvesters.core.fields import Field
from harvesters.core.personal import Personal
from harvesters.core.source import Account, Call, Failure, Limits, Notice, Rate, Record
from harvesters.core.tree import Conference
from harvesters.peermetrics.client import Client, Place
from harvesters.peermetrics.fetch import fetch
from harvesters.peermetrics.fields import PEERMETRICS
from harvesters.peermetrics.flatten import flatten
from harvesters.peermetrics.judge import judge
from harvesters.peermetrics.listing import list_day
from harvesters.peermetrics.personal import PERSONAL
from harvesters.peermetrics.settings import PeermetricsSettings, identify
from harvesters.peermetrics.totals import totals


class _App(msgspec.Struct):
    """What is read of an app; its key is secret and stays where it is."""

    id: str
    name: Any = None
    domain: Any = None


_app = msgspec.json.Decoder(_App).decode


class Peermetrics:
    """A self-hosted peermetrics server."""

    name: ClassVar[str] = "peermetrics"
    title: ClassVar[str] = "peermetrics conferences from a self-hosted server"
    revision: ClassVar[int] = 2
    Settings: ClassVar[type[PeermetricsSettings]] = PeermetricsSettings
    fields: ClassVar[tuple[Field, ...]] = PEERMETRICS
    constants: ClassVar[Mapping[str, str]] = {"observer.vendor": "peermetrics", "observer.product": "peermetrics"}
    personal: ClassVar[Mapping[str, Personal]] = PERSONAL
    interval_s: ClassVar[float] = 10.0
    limits: ClassVar[Limits] = Limits(
        settle=timedelta(hours=48),
        # Sessions are given for 30 days, and a day's first conference depends on the day before it and ten minutes.
        retention=timedelta(days=28, hours=23, minutes=50),
        # Of 2,000 a minute, which the clients that report share with us.
        rates=(Rate(10, 1, "address"),),
        batch=1,
        batch_bytes=1 << 30,
        per_batch=8,
        # Of a conference whose statistics a clean-up deleted there is no more to be had.
        level=1,
    )

    def __init__(self, settings: PeermetricsSettings, api: Api) -> None:
        """See `Source`."""
        self._settings, self._client = settings, Client(api)

    @classmethod
    def limits_of(cls, settings: PeermetricsSettings) -> Limits:
        """The same for every server."""
        del settings
        return cls.limits

    def auth(self) -> Auth:
        """What a proxy in front of the server wants."""
        return identify(self._settings)

    @staticmethod
    def judge(answer: Answer) -> Judgement:
        """See `Source.judge`."""
        return judge(answer)

    def accounts(self) -> Sequence[Account]:
        """The apps that were asked for, all of them if none was named.

        Raises:
            SliceError: one that was named is not there.
        """
        apps = [_app(each) for each in self._client.whole(Place("/apps", {}, "the list of apps"))]
        for wanted in self._settings.apps:
            if not any(wanted in {app.id, app.name} for app in apps):
                there = ", ".join(f"{app.name} ({app.id})" for app in apps) or "none"
                message = f"there is no app '{wanted}' at the server; there are: {there}."
                raise SliceError(message)
        chosen = self._settings.apps
        return [Account(app.id, "default") for app in apps if not chosen or {app.id, app.name} & set(chosen)]

    def list_calls(self, account: Account, day: Day) -> Iterator[Call | Notice]:
        """The rooms that were used on the day."""
        return list_day(self._client, account.id, day)

    def fetch(self, account: Account, calls: Sequence[Call], day: Day) -> Iterator[Record | Failure | Notice]:
        """See `Source.fetch`."""
        del account
        for call in calls:
            yield from fetch(self._client, call, day)

    def usage(self, account: Account, day: Day) -> Iterator[Record | Notice]:
        """See `Totalling.usage`."""
        return totals(self._client, account.id, day)

    @staticmethod
    def flatten(record: Record) -> Conference:
        """See `Source.flatten`."""
        return flatten(record)
