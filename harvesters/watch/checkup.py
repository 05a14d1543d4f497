"""A check-up: questions with a time limit each, whose answers are ok, a warning or a failure with its repair."""

import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import msgspec

from harvesters.core.errors import Exit, HarvestError

OK, WARN, FAIL = "ok", "warn", "fail"


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of a check-up.

    Attributes:
        about: what was looked at, such as `elasticsearch`, or `zoom a1`.
        level: ok, warn or fail.
        said: what is so.
        repair: what to do about it; "" where nothing needs doing.
        code: of a failure, the exit code that stands for it.
    """

    about: str
    level: str
    said: str
    repair: str = ""
    code: Exit = Exit.FAILED


def good(about: str, said: str) -> Finding:
    """What is as it should be."""
    return Finding(about, OK, said)


def warning(about: str, said: str, repair: str) -> Finding:
    """What works, and may not for long."""
    return Finding(about, WARN, said, repair)


def failure(about: str, said: str, repair: str, code: Exit = Exit.FAILED) -> Finding:
    """What keeps a run from its work."""
    return Finding(about, FAIL, said, repair, code)


def bounded(about: str, seconds: float, look: Callable[[], Iterable[Finding]]) -> list[Finding]:
    """What a question gave, or that it gave nothing in time; an error that has a sentence is a failure.

    The thread of a question that hangs is left behind: it ends with the process.
    """
    found: list[Finding] = []
    done, whole = threading.Event(), threading.Event()

    def ask() -> None:
        try:
            for each in look():
                found.append(each)  # noqa: PERF402 - what came before an error stays
            whole.set()
        except (HarvestError, OSError, msgspec.MsgspecError) as error:
            found.append(_failed(about, error))
            whole.set()
        finally:
            done.set()

    threading.Thread(target=ask, daemon=True).start()
    if not done.wait(seconds):
        return [*found, failure(about, f"no answer within {seconds:.0f} s", "see whether the way there is open")]
    return found if whole.is_set() else [*found, failure(about, "a mistake of this program", "please report it")]


def _failed(about: str, error: Exception) -> Finding:
    """An error as a finding; those of ours say what to do themselves."""
    if isinstance(error, HarvestError):
        return failure(about, str(error).rstrip("."), "", error.exit_code)
    if isinstance(error, OSError):
        return failure(about, f"{error.filename or 'a file'}: {error.strerror or type(error).__name__}", "")
    return failure(about, f"the answer has an unexpected form: {str(error)[:200]}", "")
