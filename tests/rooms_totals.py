"""The invented vendor of `rooms_source.py` tells totals of its own too; and sources that break what holds for those."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from itertools import count

import msgspec

from harvesters.core.day import Day, to_ms
from harvesters.core.fields import USAGE
from harvesters.core.lenient import decode_object
from harvesters.core.source import NO_CALL, Account, Notice, Part, Record
from harvesters.core.tree import Conference, Entity
from tests.bad_sources import rejected
from tests.rooms_source import Rooms

_count = count()


class CountedRooms(Rooms):
    """A house knows how many minutes its rooms were used."""

    def usage(self, account: Account, day: Day) -> Iterator[Record | Notice]:
        """In one request."""
        answer = self.api.send(replace(self.request(f"{account.id}/totals"), once=True))
        parts = [Part(USAGE, answer.body.strip(), b"[]", 0)]
        yield Record((USAGE, str(day)), NO_CALL, day.start, 0, ongoing=False, parts=parts)

    @staticmethod
    def flatten(record: Record) -> Conference:
        """Totals are no conference."""
        return _totals(record) if record.call == NO_CALL else Rooms.flatten(record)


def _totals(record: Record) -> Conference:
    oddities: Counter[str] = Counter()
    (told,) = [decode_object(part.head, oddities) for part in record.parts]
    at = to_ms(record.started)
    fields = {"vconf.usage.minutes.published": told["minutes"]}
    return Conference(None, {}, (), oddities=oddities, usage=[Entity((), at, at + 86_400_000, fields)])


class ChangedTotals(CountedRooms):
    """Totals that are changed on their way."""

    def usage(self, account: Account, day: Day) -> Iterator[Record | Notice]:
        for item in super().usage(account, day):
            assert isinstance(item, Record)
            yield self.changed(item)

    def changed(self, record: Record) -> Record:
        return record


@rejected("totals", "no totals of them")
class NoTotals(CountedRooms):
    def usage(self, account: Account, day: Day) -> Iterator[Record | Notice]:
        del account, day
        return iter(())


@rejected("totals", "asked for again when they fail")
class Stubborn(CountedRooms):
    """Asks for totals as for calls."""

    def usage(self, account: Account, day: Day) -> Iterator[Record | Notice]:
        self.ask(f"{account.id}/totals")
        yield from super().usage(account, day)


@rejected("totals", "is of call n1")
class Claimed(ChangedTotals):
    def changed(self, record: Record) -> Record:
        return replace(record, call="n1")


@rejected("totals", "is a conference's key")
class SameKey(ChangedTotals):
    def changed(self, record: Record) -> Record:
        return replace(record, key=("n1", "2026-11-20T09:00:00Z"))


@rejected("totals", "is of another day")
class Yesterdays(ChangedTotals):
    def changed(self, record: Record) -> Record:
        return replace(record, started=record.started.replace(day=19))


@rejected("totals", "read again differ")
class Numbered(ChangedTotals):
    def changed(self, record: Record) -> Record:
        (part,) = record.parts
        told = {**msgspec.json.decode(part.head), "number": next(_count)}
        return replace(record, parts=[replace(part, head=msgspec.json.encode(told))])


@rejected("totals", "totals without a number")
class Numberless(CountedRooms):
    @staticmethod
    def flatten(record: Record) -> Conference:
        tree = CountedRooms.flatten(record)
        for usage in tree.usage:
            usage.fields.clear()
        return tree


@rejected("totals", "are no fields of usage")
class Misplaced(CountedRooms):
    @staticmethod
    def flatten(record: Record) -> Conference:
        tree = CountedRooms.flatten(record)
        for usage in tree.usage:
            usage.fields["rooms.room"] = "blue"
        return tree
