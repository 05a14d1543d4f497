"""The Zoom source: a day of meetings by the dashboard, or by the report where the plan has no dashboard."""

from collections.abc import Iterator, Mapping, Sequence
from typing import ClassVar

from harvesters.core.answers import Answer, Api, Auth, Judgement
from harvesters.core.day import Day
from harvesters.core.fields import Field
from harvesters.core.personal import Personal
from harvesters.core.source import Account, Call, Failure, Limits, Notice, Record, Route
from harvesters.core.tree import Conference
from harvesters.zoom.client import Client
from harvesters.zoom.fetch import fetch
from harvesters.zoom.fields import ZOOM
from harvesters.zoom.flatten import flatten
from harvesters.zoom.judge import judge
from harvesters.zoom.limits import LIMITS, limits_of
from harvesters.zoom.lists import list_day
from harvesters.zoom.login import log_in
from harvesters.zoom.personal import PERSONAL
from harvesters.zoom.settings import ZoomSettings
from harvesters.zoom.totals import totals


class Zoom:
    """Zoom, asked with a Server-to-Server OAuth app of the account."""

    name: ClassVar[str] = "zoom"
    title: ClassVar[str] = "Zoom meetings and webinars from the dashboard and report APIs"
    revision: ClassVar[int] = 2
    Settings: ClassVar[type[ZoomSettings]] = ZoomSettings
    fields: ClassVar[tuple[Field, ...]] = ZOOM
    constants: ClassVar[Mapping[str, str]] = {"observer.vendor": "Zoom", "observer.product": "Meetings"}
    personal: ClassVar[Mapping[str, Personal]] = PERSONAL
    interval_s: ClassVar[float] = 60.0
    limits: ClassVar[Limits] = LIMITS

    def __init__(self, settings: ZoomSettings, api: Api) -> None:
        """See `Source`."""
        self._settings, self._client = settings, Client(api)

    @classmethod
    def limits_of(cls, settings: ZoomSettings) -> Limits:
        """Those of the account's plan."""
        return limits_of(settings)

    def auth(self) -> Auth:
        """A token for an hour."""
        return log_in(self._settings, self._client.api)

    @staticmethod
    def judge(answer: Answer) -> Judgement:
        """See `Source.judge`."""
        return judge(answer)

    def accounts(self) -> Sequence[Account]:
        """The account of the settings."""
        return (Account(self._settings.account_id, "default"),)

    def list_calls(self, account: Account, day: Day) -> Iterator[Call | Notice | Route]:
        """Meetings that started on the day; the dashboard lists those that have ended."""
        del account
        return list_day(self._client, self._settings, day)

    def fetch(self, account: Account, calls: Sequence[Call], day: Day) -> Iterator[Record | Failure | Notice]:
        """See `Source.fetch`."""
        del account
        for call in calls:
            yield from fetch(self._client, self._settings, call, day)

    def usage(self, account: Account, day: Day) -> Iterator[Record | Notice]:
        """See `Totalling.usage`."""
        del account
        return totals(self._client, day)

    @staticmethod
    def flatten(record: Record) -> Conference:
        """See `Source.flatten`."""
        return flatten(record)
