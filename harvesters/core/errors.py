"""Every error of the harvester, named by who must act; each message says what to do next."""

from enum import IntEnum


class Exit(IntEnum):
    """Exit codes of the command, as `docs/exit-codes.md` explains them."""

    OK = 0
    FAILED = 1
    USAGE = 2
    PARTIAL = 3
    DEFERRED = 75
    REFUSED = 77
    CONFIGURATION = 78
    INTERRUPTED = 130


SEVERITY = (
    Exit.INTERRUPTED,
    Exit.CONFIGURATION,
    Exit.REFUSED,
    Exit.USAGE,
    Exit.FAILED,
    Exit.PARTIAL,
    Exit.DEFERRED,
    Exit.OK,
)


def worst(codes: list[Exit]) -> Exit:
    """Of several exit codes the one that the operator must see; `OK` of none."""
    return min(codes, key=SEVERITY.index, default=Exit.OK)


class HarvestError(Exception):
    """Root of all errors that end as one sentence on stderr and an exit code."""

    exit_code = Exit.FAILED


class UsageError(HarvestError):
    """The user typed something that cannot be meant."""

    exit_code = Exit.USAGE


class SelectionError(HarvestError):
    """Something that the user selected is not there; the rest was done."""

    exit_code = Exit.PARTIAL


class NothingFoundError(HarvestError):
    """What the user asks about is nowhere; the message says where it was looked for."""


class SettingsError(HarvestError):
    """The operator must mend the configuration; carries every problem, not the first alone."""

    exit_code = Exit.CONFIGURATION

    def __init__(self, problems: list[str]) -> None:
        """`problems`: one sentence each."""
        super().__init__("\n".join(problems))
        self.problems = problems


class AuthError(HarvestError):
    """The vendor refuses the credentials, or the account lacks a right."""

    exit_code = Exit.REFUSED


class DeferredError(HarvestError):
    """Nobody must act yet: a limit or the deadline ended the work; the next run goes on."""

    exit_code = Exit.DEFERRED


class LockedError(DeferredError):
    """Another run works on the same vendor and account."""


class SliceError(HarvestError):
    """The slice could not be fetched: the vendor's end or the line is broken."""


class RetentionError(SliceError):
    """The vendor no longer has the day, or does not have it yet."""


class TooBigError(SliceError):
    """One answer would be larger than the vendor or we allow; a smaller batch may pass."""


class CursorError(SliceError):
    """The vendor no longer knows the place in a list; only reading it again from its start helps."""


class BadCallError(SliceError):
    """The vendor stumbles over one call of a batch; a smaller batch tells which."""


class DestinationError(HarvestError):
    """The other end (Elasticsearch, a disk) refuses or is gone; the archive keeps the day."""


class BusyDestinationError(DestinationError):
    """The other end does not answer now; it may in a moment."""


class LoginRefusedError(DestinationError):
    """The other end does not know who we say we are."""


class ArchiveError(HarvestError):
    """The local state cannot be read or written."""


STOPPED = "stopped: what was fetched is kept, and the next run goes on from there."


class InterruptedRunError(HarvestError):
    """The user pressed Ctrl-C or the machine asks us to stop."""

    exit_code = Exit.INTERRUPTED
