"""Whose side poor streams come from: the sender's, the receiver's, everybody's, or nobody can tell. Pure."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from harvesters.quality.findings import Fact, Findings
from harvesters.quality.rollup import SCORES

SENDER, RECEIVER, EVERYBODY, UNCLEAR = "sender", "receiver", "everybody", "unclear"
Sides = dict[str, list[Fact]]
Counts = Mapping[tuple[str, str], int]


def sides(facts: Iterable[Fact], found: Findings) -> Sides:
    """The facts by side; a side that has none is absent.

    Args:
        facts: those that are to be explained, in any order.
        found: what is known of all streams.
    """
    ordered = sorted(facts, key=lambda each: (each.first, each.key, each.medium, each.sent))
    return _Puzzle(ordered, found).solved()


@dataclass(frozen=True)
class _Puzzle:
    facts: Sequence[Fact]
    found: Findings

    @cached_property
    def _links(self) -> list[Fact]:
        return [each for each in self.facts if not each.upload]

    @cached_property
    def _poor_uploads(self) -> dict[str, list[Fact]]:
        """All, also those that nobody would notice alone."""
        return _by_end([each for each in self.found.facts if each.upload and not each.low_bitrate], SENDER)

    @cached_property
    def _poor(self) -> Counter[tuple[str, str | None, str]]:
        """Poor links by side, person and medium."""
        return Counter((side, _end(each, side), each.medium) for each in self._links for side in (SENDER, RECEIVER))

    def solved(self) -> Sides:
        """First everybody, then who sent it poorly, then whoever most of it has in common, then one by one."""
        if self._everybody():
            return {EVERYBODY: list(self.facts)}
        told: defaultdict[str, list[Fact]] = defaultdict(list)
        told[SENDER] += [each for each in self.facts if each.upload]
        explained = self._explained()
        rest = [link for link in self._links if link not in explained]
        told[SENDER] += [link for link in self._links if link in explained]
        while (culprit := self._culprit(rest)) is not None:
            side, person = culprit
            told[side] += [link for link in rest if _end(link, side) == person]
            rest = [link for link in rest if _end(link, side) != person]
        for link in rest:
            told[self._single(link)].append(link)
        return {side: own for side, own in told.items() if own}

    # -- everybody ------------------------------------------------------------------------------------

    def _everybody(self) -> bool:
        """Whether most people received something poor, and that is due to no single one of them."""
        links = self._links
        senders = {each.sender for each in links}
        if not self._most({str(each.receiver) for each in links}, self.found.receivers):
            return False
        if None in senders:
            return self._all_at_once()
        if len({person for person, _ in self.found.out}) == 1 or len(self.found.receivers) <= self._several:
            return all(self._sent_well(str(each.sender), each) for each in links)
        return any(self._whoever_is_left_out(medium) for medium in SCORES)

    def _all_at_once(self) -> bool:
        """Where nobody knows who sent it: most uploads were poor, or most people received poorly what was none."""
        uploads = {person for person, _ in self.found.uploads}
        poor = {each.person for each in self.facts if each.upload}
        if len(uploads) > self._several and self._most(poor, uploads):
            return True
        left = {str(each.receiver) for each in self._links if not self._from_upload(each)}
        known = len(self.found.receivers) > self._several or (len(uploads) >= self._several and not poor)
        return known and self._most(left, self.found.receivers)

    def _whoever_is_left_out(self, medium: str) -> bool:
        """Whether most links are poor, even without those of any one person."""
        poor = [each for each in self._links if each.medium == medium]
        judged = sum(number for (_, of), number in self.found.into.items() if of == medium)
        people = {str(_end(each, side)) for each in poor for side in (SENDER, RECEIVER)}
        return bool(poor) and all(self._still_most(len(poor), judged, person, medium) for person in people)

    def _still_most(self, poor: int, judged: int, person: str, medium: str) -> bool:
        left = judged - self.found.into[person, medium] - self.found.out[person, medium]
        bad = poor - self._poor[SENDER, person, medium] - self._poor[RECEIVER, person, medium]
        return left > 0 and self._is_most(bad, left)

    def _most(self, some: set[str], people: set[str]) -> bool:
        return len(some) >= self._several and self._is_most(len(some), len(people))

    def _is_most(self, number: float, whole: float) -> bool:
        return 100 * number >= self.found.patterns.most_pct * whole

    # -- one sender, one receiver ---------------------------------------------------------------------

    @property
    def _several(self) -> int:
        return self.found.patterns.several

    def _sent_well(self, person: str, link: Fact) -> bool:
        """Whether what makes a link poor was measured where a person sent it, and all of it was good there."""
        if link.by_delay and person not in self.found.timed:
            return False
        judged = {key: number for key, number in self.found.uploads.items() if key[0] == person}
        return bool(judged) and all(self.found.good_uploads[key] == number for key, number in judged.items())

    def _explained(self) -> set[Fact]:
        """Links that were poor already where they were sent; one medium of a stream explains the other."""
        streams: defaultdict[tuple[str, ...], list[Fact]] = defaultdict(list)
        for link in self._links:
            if self._from_upload(link):
                streams[link.key].append(link)
        return {link for link in self._links if any(map(link.meets, streams.get(link.key, ())))}

    def _from_upload(self, link: Fact) -> bool:
        """Whether it was poor already where it was sent."""
        if link.sender is not None:
            return any(self._explains(each, link) for each in self._poor_uploads.get(link.sender, ()))
        return any(
            self._explains(each, link)
            for person, own in self._poor_uploads.items()
            if person != link.receiver
            for each in own
        )

    def _explains(self, upload: Fact, link: Fact) -> bool:
        return upload.meets(link) and 100 * upload.poor_s >= self.found.patterns.explains_pct * link.poor_s

    def _culprit(self, rest: Sequence[Fact]) -> tuple[str, str] | None:
        """Whoever shares most of what is left with several others: side and person."""
        options = [
            (len(own), side, person)
            for side, counts in ((RECEIVER, self.found.into), (SENDER, self.found.out))
            for person, own in _by_end(rest, side).items()
            if self._is_pattern(own, side, counts, person)
        ]
        return max(options)[1:] if options else None

    def _is_pattern(self, own: Sequence[Fact], side: str, counts: Counts, person: str) -> bool:
        others = {_end(each, _other(side)) for each in own} - {None}
        poor = Counter(each.medium for each in own)
        return len(others) >= self._several and any(
            self._is_most(number, counts[person, medium]) for medium, number in poor.items()
        )

    def _single(self, link: Fact) -> str:
        """Of one link alone."""
        sender, receiver = link.sender, str(link.receiver)
        if sender is None:
            others = {person for person, _ in self.found.uploads} - {receiver}
            return RECEIVER if others and all(self._sent_well(each, link) for each in others) else UNCLEAR
        if self._sent_well(sender, link):
            return RECEIVER
        sends_well, hears_well = self._has_good(SENDER, sender, link), self._has_good(RECEIVER, receiver, link)
        if sends_well == hears_well:
            return UNCLEAR
        return RECEIVER if sends_well else SENDER

    def _has_good(self, side: str, person: str, link: Fact) -> bool:
        """Whether the same medium was good for others of the same sender, or from others at the same receiver."""
        counts = self.found.out if side == SENDER else self.found.into
        return counts[person, link.medium] > self._poor[side, person, link.medium]


def _other(side: str) -> str:
    return RECEIVER if side == SENDER else SENDER


def _end(link: Fact, side: str) -> str | None:
    return link.sender if side == SENDER else link.receiver


def _by_end(links: Iterable[Fact], side: str) -> dict[str, list[Fact]]:
    found: dict[str, list[Fact]] = {}
    for each in links:
        if (person := _end(each, side)) is not None:
            found.setdefault(person, []).append(each)
    return found
