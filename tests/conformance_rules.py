"""The checks that read a source's declarations and texts, for the conformance suite."""

import ast
import dataclasses
import re
from collections.abc import Iterator, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from harvesters import SOURCES
from harvesters.core.field import TELLS, TOLD_BY_THEMSELVES
from harvesters.core.fields import CALL_TYPES, Field, by_name
from harvesters.core.personal import Personal
from harvesters.core.settings import Setting, declared
from harvesters.core.source import Limits
from tests.conformance import Bench

SECRET_WORDS = ("SECRET", "TOKEN", "PASSWORD", "PASSPHRASE", "PRIVATE", "CREDENTIAL")
NAME, ENV = re.compile(r"[a-z][a-z0-9]*"), re.compile(r"[A-Z][A-Z0-9]*(_[A-Z0-9]+)+")

# -- declarations --------------------------------------------------------------------------------------


def declarations(bench: Bench) -> None:
    """What the source says of itself is whole and consistent."""
    source = bench.source
    assert source.name == bench.case.name, f"SOURCES calls it {bench.case.name}, itself {source.name}"
    assert NAME.fullmatch(source.name), f"{source.name!r} is no name of a command"
    assert source.title.strip(), "no title"
    assert "\n" not in source.title, "a title of several lines"
    assert isinstance(source.revision, int)
    assert source.revision >= 1, f"revision {source.revision}"
    _check_settings(source.Settings, (source.name, source.constants.get("observer.vendor", source.name)))
    _check_limits(source.limits)
    _check_fields(source.fields, source.name)
    known = by_name(source.fields)
    for name, value in source.constants.items():
        assert name in known, f"the constant {name} is in no field list"
        assert isinstance(value, str)
        assert value, f"the constant {name} is empty"
    for kind, told in source.personal.items():
        assert kind, "personal members of no kind of part"
        _check_personal(kind, told)


def _check_personal(kind: str, told: Personal) -> None:
    assert told != Personal(), f"no personal member of {kind}"
    assert not told.head.shared, f"the head of a {kind} has no head whose person it could share"
    for persons in (told.head, told.rows):
        paths = [*persons.members, *persons.links, *persons.mentions, *persons.texts]
        assert all(paths), f"a personal member of {kind} without a name"
        assert len(paths) == len(set(paths)), f"a member of {kind} is named twice"
        assert all({**persons.ids, **persons.links, **persons.mentions}.values()), f"an id of {kind} is of nothing"
        lost = [each for each in persons.kept if not any(f"{each}.".startswith(f"{path}.") for path in persons.about)]
        assert not lost, f"of {lost} of a {kind} something is kept, and they are not blanked"
        assert not (persons.shared and (persons.ids or persons.names or persons.links)), (
            f"rows of {kind} tell who it is"
        )


def _check_settings(settings: type[Any], names: tuple[str, ...]) -> None:
    assert dataclasses.is_dataclass(settings)
    assert settings.__dataclass_params__.frozen, "the settings can be changed"  # type: ignore[attr-defined]
    for member in dataclasses.fields(settings):
        assert isinstance(member.metadata.get("setting"), Setting), f"{member.name} is no setting"
    found = [declaration for _, declaration in declared(settings)]
    for each in found:
        assert ENV.fullmatch(each.env), f"{each.env} is no name of a variable"
        assert each.env.startswith(tuple(f"{name.upper()}_" for name in names)), (
            f"{each.env} does not begin with the vendor's name"
        )
        assert each.help.strip(), f"{each.env} without a help text"
        secret = any(word in each.env for word in SECRET_WORDS)
        assert each.secret or not secret, f"{each.env} is a secret and is not marked as one"
        assert not (each.secret and each.default), f"{each.env} is a secret with a default"
    variables = [each.env for each in found]
    assert len(variables) == len(set(variables)), "two settings share a variable"


def _check_limits(limits: Limits) -> None:
    assert limits.settle.total_seconds() > 0, "settle is not positive"
    assert limits.retention > limits.settle, "the vendor forgets a day before it settles"
    assert limits.batch >= 1, f"batches of {limits.batch}"
    assert limits.batch_bytes >= 1, f"batches of {limits.batch_bytes} bytes"
    assert limits.level in {0, 1, 2}, f"level {limits.level}"
    for rate in limits.rates:
        assert rate.requests >= 1, f"a rate of {rate.requests} requests"
        assert rate.seconds > 0, f"a rate in {rate.seconds} s"
        assert rate.per, "a rate of nobody"
    for hours in limits.maintenance:
        assert hours.start < hours.end, "maintenance that ends before it begins"
        assert hours.weekday is None or 0 <= hours.weekday <= 6


def _check_fields(fields: Sequence[Field], name: str) -> None:
    by_name(tuple(fields))
    for each in fields:
        assert each.name.startswith(f"{name}."), f"the own field {each.name} does not begin with {name}."
        assert each.help.strip(), f"{each.name} without a help text"
        assert each.types, f"{each.name} is of no document"
        assert set(each.types) <= set(CALL_TYPES), f"{each.name} is of documents that a source does not make"
        stated = each.type in TOLD_BY_THEMSELVES if each.tells is None else each.tells in TELLS
        assert stated, f"{each.name} does not say what it tells of people"


# -- imports -------------------------------------------------------------------------------------------

# What of the engine a source may know: the contract, and what reads vendors' answers for it.
CONTRACTS = frozenset({
    "answers", "day", "digits", "errors", "fields", "graphql", "lenient", "paging", "personal", "settings", "source",
    "tree",
})  # fmt: skip
BANNED_MODULES = frozenset({
    "aiohttp", "asyncio", "concurrent", "elasticsearch", "http", "httpx", "importlib", "logging", "multiprocessing",
    "os", "pathlib", "requests", "shutil", "signal", "socket", "sqlite3", "subprocess", "tempfile", "tenacity",
    "threading", "time", "urllib.request", "urllib3", "warnings",
})  # fmt: skip
BANNED_NAMES = frozenset({
    "contextlib.suppress", "datetime.date.today", "datetime.datetime.now", "datetime.datetime.today",
    "datetime.datetime.utcnow", "harvesters.core.day.clock_from", "io.open",
    "breakpoint", "eval", "exec", "input", "open", "print", "__import__",
})  # fmt: skip
BANNED_STATEMENTS = {ast.Try: "try", ast.TryStar: "try", ast.Global: "global", ast.Nonlocal: "nonlocal"}


def imports(bench: Bench) -> None:
    """The vendor's package leaves network, clock, files, logs, waiting and catching to the engine."""
    module = SOURCES[bench.case.name].partition(":")[0]
    files = package_files(module)
    assert files, f"no file of {module}"
    found = [f"{path.name}: {what}" for path in files for what in forbidden(path.read_text("utf-8"), module)]
    assert not found, "; ".join(found)


def package_files(module: str) -> list[Path]:
    """The files of a vendor: of its package, or the one that it has."""
    spec = find_spec(module)
    assert spec is not None
    assert spec.origin is not None
    folders = spec.submodule_search_locations
    return sorted(path for folder in folders for path in Path(folder).rglob("*.py")) if folders else [Path(spec.origin)]


def forbidden(text: str, own: str) -> Iterator[str]:
    """What a source may not do, in a file of the package `own`."""
    tree = ast.parse(text)
    names = dict(_imported(tree))
    for node in ast.walk(tree):
        if type(node) in BANNED_STATEMENTS:
            yield f"line {node.lineno}: {BANNED_STATEMENTS[type(node)]}"  # type: ignore[attr-defined]
        elif isinstance(node, ast.Name | ast.Attribute):
            name = _dotted(node, names)
            if name in BANNED_NAMES or name.endswith(".sleep"):
                yield f"line {node.lineno}: {name}"
    for name in names.values():
        if not _allowed(name, own):
            yield f"imports {name}"


def _imported(tree: ast.AST) -> Iterator[tuple[str, str]]:
    """Local names of what is imported, wherever that stands, with the whole name."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for each in node.names:
                yield each.asname or each.name, each.name
        elif isinstance(node, ast.ImportFrom):
            for each in node.names:
                yield each.asname or each.name, f"{node.module}.{each.name}"


def _dotted(node: ast.expr, names: Mapping[str, str]) -> str:
    if isinstance(node, ast.Name):
        return names.get(node.id, node.id)
    return f"{_dotted(node.value, names)}.{node.attr}" if isinstance(node, ast.Attribute) else "?"


def _allowed(name: str, own: str) -> bool:
    def within(module: str) -> bool:
        return name == module or name.startswith(f"{module}.")

    if within("harvesters"):
        return within(own) or any(within(f"harvesters.core.{each}") for each in CONTRACTS)
    return name not in BANNED_NAMES and not any(within(module) for module in BANNED_MODULES)
