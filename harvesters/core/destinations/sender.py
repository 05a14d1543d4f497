"""Sends bodies until each document has its answer: retried, halved, counted, or copied to the dead letters."""

import logging
import random
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import msgspec

from harvesters.core.day import Clock
from harvesters.core.destinations import Counts
from harvesters.core.destinations.bulk import Body, Fate, Item, fates_of, without_values
from harvesters.core.destinations.elastic import Again, Cluster, TooLarge
from harvesters.core.errors import STOPPED, DestinationError, InterruptedRunError
from harvesters.core.files import open_private
from harvesters.core.retry_after import backoff

log = logging.getLogger(__name__)
TOO_LARGE_STATUS = 413
TOO_LARGE = "the document is larger than Elasticsearch takes"
REFUSED = "Elasticsearch refuses the request for this document"


class DeadLetters:
    """Copies of refused documents of one slice, for people; the file is made anew by every load."""

    def __init__(self, path: Path) -> None:
        """`path`: an NDJSON file; an old one goes."""
        self._path = path
        self._file: IO[bytes] | None = None
        path.unlink(missing_ok=True)

    def add(self, both_lines: bytes, status: int, reason: str) -> None:
        """Copy a document with what the node said."""
        if self._file is None:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._file = open_private(self._path, "ab")
        action, source, _ = both_lines.split(b"\n")
        letter = {"status": status, "reason": reason, **msgspec.json.decode(action)["index"]}
        self._file.write(msgspec.json.encode({**letter, "_source": msgspec.Raw(source)}) + b"\n")

    @property
    def written(self) -> Path | None:
        """The file, if there are copies."""
        return self._path if self._file is not None else None

    def close(self) -> None:
        """Bring the copies onto the disk."""
        if self._file is not None:
            self._file.close()


class Sender:
    """Sends bodies for one load; safe for several threads."""

    def __init__(self, cluster: Cluster, clock: Clock, counts: Counts, letters: DeadLetters) -> None:
        """`counts` and `letters` are kept up to date as answers come."""
        self._cluster, self._clock = cluster, clock
        self._counts, self._letters = counts, letters
        self._lock = threading.Lock()
        self._left = False
        self._dice = random.SystemRandom()

    def leave(self) -> None:
        """From now on no answer counts: the load was interrupted, and nobody waits for them."""
        with self._lock:
            self._left = True

    def send(self, body: Body) -> None:
        """Send a body until every document of it is settled.

        Raises:
            DestinationError: the node is gone for too long, full, or refuses us as a whole.
        """
        attempt, began = 0, self._clock.monotonic()
        while body:
            try:
                items = self._cluster.bulk(body)
            except TooLarge as error:
                self._halve(body, error.status)
                return
            except Again as error:
                why = str(error)
            else:
                before = len(body)
                body, why = self._settle(body, items), "the node is busy"
                if len(body) < before:
                    attempt, began = 0, self._clock.monotonic()
            if body:
                attempt += 1
                self._pause(attempt, began, why)

    def _pause(self, attempt: int, began: float, why: str) -> None:
        seconds = backoff(attempt, self._dice)
        now = self._clock.monotonic()
        if now + seconds > self._cluster.deadline:
            message = f"{self._cluster.where} did not take documents for {now - began:.0f} s: {why}."
            raise DestinationError(message)
        log.info("%s: %s; sending again in %.1f s", self._cluster.where, why, seconds)
        self._clock.sleep(seconds)

    def _halve(self, body: Body, status: int) -> None:
        """Send the halves; a single document that the node refuses as a whole request is refused alone."""
        if len(body) > 1:
            for half in body.halves():
                self.send(half)
            return
        with self._counting():
            self._counts.of(body.owner(0)[1]).sent += 1
            self._reject(body, 0, status, TOO_LARGE if status == TOO_LARGE_STATUS else REFUSED)

    def _settle(self, body: Body, items: list[Item]) -> Body:
        """Count what the node said of each document; returns those to send again.

        Raises:
            DestinationError: one of them stops the load; what was said of the others counts all the same.
        """
        again: list[int] = []
        stops = 0
        with self._counting():
            for start, end, record, type_ in body.spans():
                fates = fates_of(items[start:end])
                self._count(record, type_, fates)
                stops += fates[Fate.STOP]
                if set(fates) - {Fate.CREATED, Fate.UPDATED, Fate.STALE}:
                    again += self._exceptions(body, items, range(start, end))
        if stops:
            raise DestinationError(self._cluster.why_stopped(next(item for item in items if item.fate is Fate.STOP)))
        return body.part(again) if again else Body()

    @contextmanager
    def _counting(self) -> Iterator[None]:
        """Counts and letters are this thread's meanwhile.

        Raises:
            InterruptedRunError: they are closed.
        """
        with self._lock:
            if self._left:
                raise InterruptedRunError(STOPPED)
            yield

    def _count(self, record: str, type_: str, fates: Counter[Fate]) -> None:
        counts = self._counts.of(type_)
        settled = fates[Fate.CREATED] + fates[Fate.UPDATED] + fates[Fate.STALE]
        counts.sent += settled + fates[Fate.REJECTED]
        counts.created += fates[Fate.CREATED]
        counts.updated += fates[Fate.UPDATED]
        counts.stale += fates[Fate.STALE]
        self._counts.accept(record, {type_: settled})

    def _exceptions(self, body: Body, items: list[Item], run: range) -> list[int]:
        """Refused documents of a run to the dead letters; returns the positions to send again."""
        again = []
        for position in run:
            item = items[position]
            if item.fate is Fate.AGAIN:
                again.append(position)
            elif item.fate is Fate.REJECTED:
                self._reject(body, position, item.status, reason_of(item))
        return again

    def _reject(self, body: Body, position: int, status: int, reason: str) -> None:
        record, type_ = body.owner(position)
        self._counts.of(type_).rejected += 1
        self._counts.refused.setdefault(record, Counter())[f"{type_}: {reason}"] += 1
        self._letters.add(body.both_lines(position), status, reason)


def reason_of(item: Item) -> str:
    """Why a document was refused, without the values of its fields."""
    error: Any = item.error
    if error is None:
        return f"status {item.status}"
    return f"{error.type}: {without_values(error.reason or '')}"
