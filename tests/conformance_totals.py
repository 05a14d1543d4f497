"""The check of the vendor's own totals, for the conformance suite; a vendor that tells none passes it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TypeGuard

import msgspec
import pytest

from harvesters.core.answers import Answer, Request
from harvesters.core.fields import USAGE, by_name
from harvesters.core.http import HttpApi
from harvesters.core.source import NO_CALL, Notice, Record, Totalling
from harvesters.core.tree import Conference
from harvesters.core.workshop import Workshop
from tests.conformance import Bench, is_key, no_world, outline, source_of, whole_day

MOST_REQUESTS = 2


def totals_of(bench: Bench, shop: Workshop) -> list[Record]:
    """The totals of the day as the engine asks for them, their parts read as they come."""
    source = source_of(shop)
    found = source.usage(shop.account, bench.day) if isinstance(source, Totalling) else iter(())
    return [replace(each, parts=list(each.parts)) for each in found if _is_record(each)]


def _is_record(item: Record | Notice) -> TypeGuard[Record]:
    assert isinstance(item, Record), f"a healthy vendor's totals give {item!r}"
    return True


def totals(bench: Bench) -> None:
    """Of a day without a doubt, asked for once, of no call, and with fields of their own."""
    with bench.shops() as shops, _watched() as asked:
        for shop in shops:
            if not isinstance(source_of(shop), Totalling):
                continue
            calls = {record.key for record in whole_day(bench, shop)}
            asked.clear()
            found = totals_of(bench, shop)
            assert found, "a vendor with calls has no totals of them"
            assert len(asked) <= MOST_REQUESTS, f"totals cost {len(asked)} requests"
            assert all(request.once for request in asked), "totals are asked for again when they fail"
            assert outline(found) == outline(totals_of(bench, shop)), "totals that are read again differ"
            for record in found:
                assert is_key(record.key), f"{record.key!r} is no key"
                assert record.key not in calls, f"{record.key} is a conference's key"
                assert record.call == NO_CALL, f"{record.key} is of call {record.call}"
                assert record.started in bench.day, f"{record.key} is of another day"
                _check_tree(bench, record)


def _check_tree(bench: Bench, record: Record) -> None:
    with no_world():
        tree, again = bench.source.flatten(record), bench.source.flatten(record)
    assert _json(tree) == _json(again), f"{record.key} flattened differently"
    assert (tree.conference, tree.participants, list(tree.streams), tree.issues) == (None, {}, [], [])
    assert not tree.oddities, f"a healthy vendor's totals are odd: {tree.oddities}"
    assert tree.usage, f"{record.key} means nothing"
    known = by_name(bench.source.fields)
    for usage in tree.usage:
        assert usage.at is not None, "totals without a start"
        assert usage.end is not None, "totals without an end"
        assert usage.at < usage.end
        assert any(value is not None for value in usage.fields.values()), "totals without a number"
        strange = [name for name in usage.fields if USAGE not in known[name].types]
        assert not strange, f"{strange} are no fields of usage"


def _json(tree: Conference) -> bytes:
    return msgspec.json.encode([[each.key, each.at, each.end, each.fields, each.extra] for each in tree.usage])


@contextmanager
def _watched() -> Iterator[list[Request]]:
    """The requests that are made meanwhile, without those of a login."""
    asked: list[Request] = []
    send = HttpApi.send

    def watched(self: HttpApi, request: Request) -> Answer:
        asked.extend([] if request.logs_in else [request])
        return send(self, request)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(HttpApi, "send", watched)
        yield asked
