"""The checks of login, accounts, listing, fetching and judging, for the conformance suite."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import Any

import msgspec
import pytest

from harvesters.core.answers import Answer, Auth, Request, Verdict
from harvesters.core.fetching import batches
from harvesters.core.source import Call, Failure, Notice, Record, Route
from harvesters.core.workshop import Workshop
from tests.conformance import (
    Bench,
    Item,
    fetched,
    is_key,
    listed,
    no_secret,
    no_world,
    outline,
    records_of,
    source_of,
    whole_day,
)

LARGEST_PART = 8 << 20
THREADS = 8

# -- listing and fetching ------------------------------------------------------------------------------


def login(bench: Bench) -> None:
    """Headers of text that end in the future, and accounts that can be told apart."""
    with bench.shops() as shops:
        source = source_of(shops[0])
        for _ in range(2):
            auth = source.auth()
            assert isinstance(auth, Auth)
            assert all(name and value.strip() for name, value in auth.headers.items()), "a header is empty"
            if auth.expires is not None:
                assert auth.expires.utcoffset() == timedelta(0), "an expiry is aware UTC"
                assert auth.expires > bench.now, "the login is over before it is used"
        ids = [each.id for each in source.accounts()]
        assert all(ids), "an account without an id"
        assert len(ids) == len(set(ids)), f"an account comes twice: {ids}"
        assert source.accounts() == source.accounts()


def listing(bench: Bench) -> None:
    """Every call with a conference on the day is listed, each time alike, by a key of the vendor's own."""
    known: set[str] = set()
    with bench.shops() as shops:
        for shop in shops:
            first, again = (list(source_of(shop).list_calls(shop.account, bench.day)) for _ in range(2))
            assert first == again, "a repeated listing differs"
            for call in first:
                if isinstance(call, Route):
                    assert not call.why, f"a healthy vendor is asked by way of {call.name}"
                    continue
                assert isinstance(call, Call), f"a healthy vendor's listing gives {call!r}"
                assert isinstance(call.key, str)
                assert call.key, "a call without a key"
                assert call.weight >= 0, f"call {call.key} weighs {call.weight}"
                msgspec.json.decode(call.summary)
                known.add(call.key)
    missing = {key for key, count in bench.case.calls.items() if count} - known
    assert not missing, f"not listed: {sorted(missing)}"


def fetching(bench: Bench) -> None:
    """Whole records of the calls that were asked for, in the declared form, as many as there are."""
    counts: Counter[str] = Counter()
    with bench.shops() as shops:
        for shop in shops:
            for batch in batches(listed(bench, shop), bench.source.limits):
                items = fetched(bench, shop, batch)
                asked = {call.key for call in batch}
                for item in items:
                    if isinstance(item, Notice) and not item.harm:
                        continue
                    assert isinstance(item, Record), f"a healthy vendor's calls give {item!r}"
                    assert item.call in asked, f"nobody asked for call {item.call}"
                    _check_record(item, shop.limits.level)
                counts.update(record.call for record in records_of(bench, items))
    expected = Counter({key: count for key, count in bench.case.calls.items() if count})
    assert counts == expected, f"conferences of each call: {dict(counts)} and not {dict(expected)}"


def _check_record(record: Record, level: int) -> None:
    assert is_key(record.key), f"a key has an empty part: {record.key}"
    assert record.started.utcoffset() == timedelta(0), f"{record.key} starts at no aware UTC instant"
    # Below the declared level a call is never final, and its day never settles.
    assert record.level >= level, f"{record.key} has level {record.level}"
    assert isinstance(record.ongoing, bool)
    for part in record.parts:
        assert isinstance(part.kind, str)
        assert part.kind, "a part without a kind"
        head, rows = msgspec.json.decode(part.head), msgspec.json.decode(part.rows)
        assert head is None or isinstance(head, dict), "a head is a JSON object"
        assert isinstance(rows, list), "rows are a JSON array"
        assert len(rows) == part.count, f"{part.count} rows announced, {len(rows)} there"
        assert len(part.head) + len(part.rows) <= LARGEST_PART, "a part is larger than 8 MB"


def laziness(bench: Bench) -> None:
    """`fetch` asks for nothing before somebody wants the first item, and a part left unread harms none."""
    with bench.shops() as shops:
        for shop in shops:
            calls = listed(bench, shop)[: bench.source.limits.batch]
            sent = shop.traffic.requests
            items = source_of(shop).fetch(shop.account, calls, bench.day)
            assert shop.traffic.requests == sent, "it asked before anything was wanted"
            assert isinstance(items, Iterator), "it gathers instead of handing on"
            read, unread = (fetched(bench, shop, calls, read=each) for each in (True, False))
            # What is said of a part depends on its being read.
            named = [[_name(each) for each in items if not isinstance(each, Notice)] for items in (unread, read)]
            assert named[0] == named[1], "unread parts harm what follows"


def _name(item: Item) -> tuple[str, ...] | Item:
    return item.key if isinstance(item, Record) else item


def bad_calls(bench: Bench) -> None:
    """A call that the vendor does not have is named, and those beside it come all the same."""
    gone = Call(bench.case.gone)
    with bench.shops() as shops:
        for shop in shops:
            calls = listed(bench, shop)[: max(1, bench.source.limits.batch - 1)]
            alone = records_of(bench, fetched(bench, shop, calls))
            asked = [calls[0], gone, *calls[1:]] if bench.source.limits.batch > 1 else [gone]
            items = fetched(bench, shop, asked)
            failures = [each for each in items if isinstance(each, Failure)]
            assert [each.call for each in failures] == [gone.key], f"named were {failures}"
            assert failures[0].reason.strip(), "a failure without a reason"
            no_secret(bench, failures[0].reason.encode(), "a reason")
            beside = records_of(bench, items)
            assert outline(beside) == (outline(alone) if gone is not asked[0] else {}), "calls beside it are lost"


def batching(bench: Bench) -> None:
    """Any split of the calls into batches, in any order, gives the same records."""
    most = bench.source.limits.batch
    with bench.shops() as shops:
        for shop in shops:
            calls = listed(bench, shop)
            expected = outline(whole_day(bench, shop))
            turned: list[Sequence[Call]] = [calls[::-1][at : at + most] for at in range(0, len(calls), most)]
            for split in (*_splits(calls, most), turned):
                items = [item for batch in split for item in fetched(bench, shop, batch)]
                assert outline(records_of(bench, items)) == expected, f"split as {[len(each) for each in split]}"


def _splits(calls: Sequence[Call], most: int) -> Iterator[list[Sequence[Call]]]:
    """Every way to cut the calls into batches of at most so many."""
    if not calls:
        yield []
    for size in range(1, min(most, len(calls)) + 1):
        for rest in _splits(calls[size:], most):
            yield [calls[:size], *rest]


def sharing(bench: Bench) -> None:
    """One source serves several threads: each gets what it would have got alone."""
    with bench.shops() as shops:
        alone = [outline(whole_day(bench, shop)) for shop in shops]
    barrier = Barrier(THREADS)
    with bench.shops() as shops, ThreadPoolExecutor(THREADS) as pool:

        def work(number: int) -> list[dict[tuple[str, ...], tuple[Any, ...]]]:
            barrier.wait()
            return [outline(_one_by_one(bench, shop, number)) for shop in shops]

        for together in pool.map(work, range(THREADS)):
            assert together == alone, "a thread got something else than alone"


def _one_by_one(bench: Bench, shop: Workshop, start: int) -> list[Record]:
    """All records of the day, each call for itself; threads with different starts are at different calls."""
    calls = listed(bench, shop)
    turned = [calls[(start + number) % len(calls)] for number in range(len(calls))]
    return [record for call in turned for record in records_of(bench, fetched(bench, shop, [call]))]


HTML = b"<!DOCTYPE html><html><head><title>Bad Gateway</title></head><body>" + b"x" * 2000 + b"</body></html>"
NOT_JSON = (b"", b" ", HTML, b"{", b'{"a": [1, 2', b'"cut', b"\xff\xfe\x00", b"\xef\xbb\xbf{}", b"NaN", b"\x00" * 50)
ODD_JSON = (
    b"null", b"true", b"0", b'""', b"[]", b"{}", b"[null]", b"[[[[]]]]", b'{"data":null}', b'{"data":[]}',
    b'{"errors":[]}', b'{"errors":null}', b'{"errors":[null]}', b'{"errors":"x"}', b'{"error":"x"}', b'{"error":7}',
    b'{"code":"x","message":7}', b'{"message":null}', b'{"code":124}', b'{"errors":[{"errorCode":"x"}]}',
    b"1" * 400, b"1e999", b'"\\ud800"', b"[" * 2000 + b"]" * 2000, b'{"a":' * 2000 + b"1" + b"}" * 2000,
)  # fmt: skip
HEADERS: tuple[Mapping[str, str], ...] = (
    {},
    {"content-type": "text/html"},
    {"content-type": "application/json", "retry-after": "soon"},
)
LATER = (429, 500, 502, 503, 504)
LONGEST_WHY = 600


def judging(bench: Bench) -> None:
    """Every answer gets a verdict with a reason, whatever it is; half an answer is never taken for one."""
    real = _real_bodies(bench)
    with no_world():
        for status in range(200, 600):
            for body in (*NOT_JSON, *ODD_JSON):
                _judged(bench, status, HEADERS[status % 3], body)
        for body in real:
            assert _judged(bench, 200, HEADERS[2], body) == "ok", "the vendor's own answer is not taken"
            for status in (200, *LATER):
                for cut in (1, len(body) // 3, len(body) // 2, len(body) - 1):
                    _judged(bench, status, HEADERS[0], body[:cut], whole=False)


def _judged(bench: Bench, status: int, headers: Mapping[str, str], body: bytes, *, whole: bool = True) -> str:
    """The verdict on an answer, after what every verdict must hold was looked at."""
    answer, told = Answer(status, dict(headers), body), f"{status} with {body[:40]!r}"
    first, again = bench.source.judge(answer), bench.source.judge(answer)
    assert first == again, f"{told}: judged differently the second time"
    assert answer == Answer(status, headers, body), f"{told}: the answer was changed"
    verdict = first.verdict.value
    assert verdict == "ok" or first.why.strip(), f"{told}: {verdict} without a reason"
    assert len(first.why) <= LONGEST_WHY, f"{told}: a reason of {len(first.why)} characters"
    if status in LATER:
        assert verdict == "retry", f"{told} passes by waiting, and is {verdict}"
    if body in NOT_JSON or not whole:
        assert verdict != "ok", f"{told} is taken for an answer"
    return verdict


def _real_bodies(bench: Bench) -> list[bytes]:
    """Every answer that the simulated vendor gives to a harvest of the day."""
    bodies: dict[bytes, None] = {}
    with bench.shops() as shops:
        port = shops[0].port
        assert port is not None
        send = port.send

        def note(request: Request) -> Answer:
            answer = send(request)
            if answer.judgement.verdict is Verdict.OK:
                bodies[answer.body] = None
            return answer

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(port, "send", note)
            for shop in shops:
                whole_day(bench, shop)
    assert bodies
    return list(bodies)
