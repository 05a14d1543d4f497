"""`prune` in this process, for tests that look at one machine at a time."""

from harvesters.commands.prune_work import Asked, Work, edge_of
from harvesters.core.errors import Exit
from harvesters.pruning.held import Pruned
from tests.nights import Night, _Mute


class Listening(_Mute):
    """A console that keeps what it is told."""

    def __init__(self) -> None:
        super().__init__()
        self.said: list[str] = []

    def say(self, sentence: str, *_: object, **__: object) -> None:
        self.said.append(sentence)

    def error(self, sentence: str) -> None:
        self.said.append(f"error: {sentence}")


def prune(night: Night, place: str, age: str = "3d", *, yes: bool = True, even_unloaded: bool = False) -> "Done":
    """The command, over all accounts."""
    console = Listening()
    asked = Asked(place, age, edge_of(age, night.now), even_unloaded=even_unloaded)
    work = Work(night.place, console, asked)
    code = work.run(yes=yes, as_json=False)
    return Done(code, work.results, console.said)


class Done:
    """What it gave: exit code, what was found of each account, and what was said."""

    def __init__(self, code: Exit, results: list[Pruned], said: list[str]) -> None:
        self.code, self.results, self.said = code, results, said

    @property
    def days(self) -> list[str]:
        """The days that went, or would go, of all accounts."""
        return [str(each.day) for result in self.results for each in result.days]

    @property
    def kept(self) -> dict[str, str]:
        """Why days stay."""
        return {str(day): why for result in self.results for day, why in result.kept}
