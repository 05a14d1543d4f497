"""Which Elasticsearch of this machine a command is about, and that no other command changes it meanwhile."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from harvesters.commands.console import Console
from harvesters.commands.workplace import HOME, Workplace, in_a_clone, workplace
from harvesters.core.errors import HarvestError, InterruptedRunError, SettingsError, UsageError
from harvesters.core.locks import held
from harvesters.stack.docker_stack import DockerStack
from harvesters.stack.native import Native
from harvesters.stack.parts import Stack

NOTHING = "Nothing is set up here; './harvest.py dev init' does it."


def place(ctx: click.Context) -> tuple[Console, Workplace]:
    """The console, and the settings that these commands need.

    Raises:
        SettingsError: one of them is malformed.
    """
    place = workplace(ctx.obj["env_file"], {})
    # How to come to Elasticsearch is what these commands are there for: they need not know it.
    if problems := [each for each in place.problems if "ES_" not in each and "KIBANA_" not in each]:
        raise SettingsError(problems)
    return ctx.obj["console"], place


def stacks(place: Workplace, console: Console) -> tuple[DockerStack, Native]:
    """Both kinds; the compose file is in the wheel beside the code, in a clone at the top."""
    package = Path(__file__).parents[1] / "docker"
    state = place.data_dir.absolute() / "stack"
    folder = HOME / "docker" if in_a_clone() else state
    compose_file = (package if package.is_dir() else HOME / "docker") / "docker-compose.yml"
    return DockerStack(compose_file, folder, console.say), Native(state, os.environ, console.say)


def chosen(place: Workplace, console: Console, *, native: bool | None) -> list[Stack]:
    """Those that are set up and meant."""
    both: tuple[Stack, ...] = stacks(place, console)
    return [each for each in both if each.is_set_up() and native in {None, each.name == "native"}]


def the_one(place: Workplace, console: Console, *, native: bool | None) -> Stack:
    """The one that is meant.

    Raises:
        HarvestError: there is none.
        UsageError: there are two.
    """
    found = chosen(place, console, native=native)
    if not found:
        raise HarvestError(NOTHING)
    if len(found) > 1:
        message = "both are set up, in Docker and native: say --docker or --native."
        raise UsageError(message)
    return found[0]


@contextmanager
def alone(place: Workplace) -> Iterator[None]:
    """No second command changes the stack meanwhile; Ctrl-C leaves it in a state that is said."""
    with held(place.data_dir, "dev", "stack", place.clock.now()):
        try:
            yield
        except KeyboardInterrupt as error:
            message = (
                "interrupted: what was started goes on. './harvest.py dev init' goes on from here, "
                "'./harvest.py dev status' looks, './harvest.py dev down' ends it."
            )
            raise InterruptedRunError(message) from error
