"""One command for each vendor, made from the source's declaration, and one for all of them."""

import logging
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

import click

from harvesters import SOURCES, source_class
from harvesters.commands.console import Console
from harvesters.commands.cron import CRON, common_flags, splay, watchers
from harvesters.commands.examples import COMMON, with_examples
from harvesters.commands.options import ACCOUNTS, DATES, OUTPUT, PACE, SELECTING, apply
from harvesters.commands.workplace import window, workplace
from harvesters.core.accounts import DEFAULT
from harvesters.core.day import parse_span
from harvesters.core.errors import Exit, UsageError
from harvesters.core.options import Options, Selection
from harvesters.core.settings import Setting, declared, public
from harvesters.core.source import Source

if TYPE_CHECKING:
    from harvesters.commands.build import Run
    from harvesters.commands.chosen import Ready
    from harvesters.core.workshop import Workshop

SESSION_IDS = click.option("--session-id", "calls", multiple=True, metavar="ID", help="Only these calls; repeatable.")


def vendor_command(vendor: str) -> click.Command:
    """The command of one vendor."""
    source = source_class(vendor)
    options = (*DATES, ACCOUNTS, *OUTPUT, *SELECTING, *PACE, *CRON, SESSION_IDS, *_own_options(source))
    function: Callable[..., Any] = apply(options)(_harvest(vendor))
    params: list[click.Parameter] = function.__click_params__[::-1]  # type: ignore[attr-defined]
    return click.Command(vendor, callback=function, params=params, help=_help(source), epilog=COMMON)


def _help(source: type[Source]) -> str:
    return with_examples(
        f"{source.title}.\n\n"
        "Without dates: the nightly run (yesterday, unsettled days, and what a destination is owed). "
        f"Days are UTC days; the vendor keeps {source.limits.retention.days} of them.",
        f"{source.name} --date 2026-11-20",
        f"{source.name} --last 7d --destination index --destination lake",
        f"{source.name} --date yesterday --destination stdout | jq .vconf.type",
        f"{source.name} --from 2026-11-01 --to 2026-11-08 --dry-run",
    )


def _own_options(source: type[Source]) -> tuple[Any, ...]:
    """The options that the vendor's settings declare."""
    return tuple(
        _option(setting.option, name, setting) for name, setting in declared(source.Settings) if setting.option
    )


def _option(spelling: str, name: str, setting: Setting) -> Any:  # noqa: ANN401 - a decorator of click's
    told = setting.option_help or setting.help
    help_ = told[0].upper() + told[1:] + "."
    bare: dict[str, Any] = {"flag_value": setting.stands_for, "is_flag": True, "default": None}
    several: dict[str, Any] = {"multiple": True, "callback": lambda _ctx, _param, value: ",".join(value) or None}
    more = bare if setting.stands_for else several if setting.repeatable else {}
    return click.option(spelling, f"setting_{name}", help=help_, hidden=setting.hidden, **more)


def _harvest(vendor: str) -> Callable[..., Exit]:
    @click.pass_context
    def command(ctx: click.Context, /, **given: Any) -> Exit:
        own = {name.removeprefix("setting_"): value for name, value in given.items() if name.startswith("setting_")}
        _warn_of_secrets(ctx.obj["console"], vendor, own)
        _check_own(vendor, own, given["accounts"])
        return _run(ctx, [vendor], vendor, own, given)

    return command


@click.command(
    "all",
    short_help="Every vendor and account that is configured.",
    help=with_examples(
        "Harvest every vendor and account that is configured, one after the other. One that fails stops no other; the "
        "exit code is the worst of theirs. Without dates: the nightly run of each.",
        "all",
        "all --last 7d --dry-run",
        "all --date yesterday --account default",
    ),
    epilog=COMMON,
)
@apply((*DATES, ACCOUNTS, *OUTPUT, *SELECTING, *PACE, *CRON))
@click.pass_context
def every(ctx: click.Context, /, **given: Any) -> Exit:
    """Run them all."""
    return _run(ctx, list(SOURCES), "all", {}, {**given, "calls": ()})


def _run(
    ctx: click.Context, vendors: list[str], command: str, own: dict[str, str | None], given: dict[str, Any]
) -> Exit:
    from harvesters.commands.build import Run
    from harvesters.commands.chosen import chosen
    from harvesters.commands.work import Request, run_accounts

    place = workplace(ctx.obj["env_file"], {**own, **common_flags(given)})
    days = window(place.clock, given["date"], given["first"], given["end"], given["last"])
    options = _options(given, nightly=days.nightly)
    asked = None if days.nightly else days.days
    told = [] if options.dry_run else watchers(place)
    request = Request(command, asked, given["report"], given["with_setup"], options.dry_run, told, given["strict"])
    console: Console = ctx.obj["console"]
    splay(place.clock, given["splay"], console)
    alone = command != "all"
    return run_accounts(
        lambda: _openings(chosen(place, vendors, given["accounts"], alone=alone), Run.begin(place, console, options)),
        place,
        console,
        request,
    )


def _openings(ready: "list[Ready]", run: "Run") -> "list[Callable[[], list[Workshop]]]":
    """What opens the workshops of each account."""
    from harvesters.commands.build import workshops

    return [partial(workshops, each, run) for each in ready]


def _check_own(vendor: str, own: dict[str, str | None], names: tuple[str, ...]) -> None:
    """Refuse to drop silently what describes an account that is not asked for.

    Raises:
        UsageError: an option gives the key or secret of the default account, and others are named.
    """
    typed = [each.option for name, each in declared(source_class(vendor).Settings) if each.of_account and own.get(name)]
    if typed and names and DEFAULT not in names:
        message = f"{' and '.join(map(str, typed))} describe the account '{DEFAULT}', which --account leaves out."
        raise UsageError(message)


def _warn_of_secrets(console: Console, vendor: str, own: dict[str, str | None]) -> None:
    settings = public(source_class(vendor).Settings)
    secret = [setting for name, setting in settings if setting.secret and own.get(name)]
    for setting in secret:
        console.say(
            f"warning: {setting.option} puts a secret on the command line, where other users of this machine can "
            f"see it; use {setting.env} or {setting.env}_FILE.",
            logging.ERROR,
        )


def _options(given: dict[str, Any], *, nightly: bool) -> Options:
    selection = Selection(calls=frozenset(given["calls"]), limit=given["limit"])
    return Options(
        again=given["again"],
        dry_run=given["dry_run"],
        nightly=nightly,
        concurrency=given["concurrency"],
        selection=selection,
        destinations=given["destinations"],
        deadline=parse_span(given["deadline"]),
    )
