"""What a case gave, in words that stand in a table."""

from collections.abc import Callable
from dataclasses import dataclass

from harvesters.core.errors import Exit
from tests.faults.machine import Documents, Ended, Machine

WHOLE = "whole"
ODD = "told"
SERVED = "as served"


@dataclass(frozen=True)
class Gave:
    """What one case gave.

    Attributes:
        words: what became of the documents.
        silent: documents that are missing with exit code 0 and without a word.
    """

    words: str
    silent: int = 0


def named(code: Exit) -> str:
    """Not everything is there, the run says so by this exit code, and a later one makes it whole."""
    return f"named ({int(code)}), then whole"


@dataclass(frozen=True)
class Case:
    """One run under a fault, and one after it is over.

    Attributes:
        expected: the documents of a machine without the fault, after the first run and after the second.
        destination: "lake" or "index".
        stored: what a machine's destination holds.
        unseen: no client can tell, since the vendor says the same of calls that were so; a later run learns of it.
    """

    expected: tuple[Documents, Documents]
    destination: str
    stored: Callable[[Machine], Documents]
    unseen: bool = False

    def first(self, machine: Machine, ended: Ended) -> Gave:
        """Judge the run under the fault; report and manifest are held against what is stored."""
        found = self.stored(machine)
        self._check_truth(machine, ended, found)
        if ended.code is not Exit.OK:
            assert ended.said.strip(), "it failed without a word"
            return Gave(named(ended.code))
        if found == self.expected[0]:
            return Gave(WHOLE)
        if self.unseen or found.keys() >= self.expected[0].keys():
            return Gave(f"{SERVED}, then whole")
        missing = len(self.expected[0].keys() - found.keys())
        return Gave(f"{ODD}, then whole") if ended.odd else Gave(f"SILENT {missing}", missing)

    def _check_truth(self, machine: Machine, ended: Ended, found: Documents) -> None:
        states = set(ended.states)
        if ended.code is Exit.OK:
            assert states <= {"complete", "empty"}, states
            assert machine.loaded(self.destination).total() == len(found), "the manifest says something else"
        else:
            assert states - {"complete", "empty"} or not states, states
            assert machine.loaded(self.destination).total() <= len(found), "the manifest says more than there is"
        assert int(ended.report["run"]["exit_code"]) == int(ended.code)

    def second(self, machine: Machine, ended: Ended) -> None:
        """The run after it: everything is there, and is known to be."""
        assert ended.code is Exit.OK, ended.said
        found = self.stored(machine)
        missing, more = self.expected[1].keys() - found.keys(), found.keys() - self.expected[1].keys()
        assert (missing, more) == (set(), set())
        assert found == self.expected[1]
        assert machine.loaded(self.destination).total() == len(found)
