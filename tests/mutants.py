"""Changes one place of a module at a time and runs the module's tests: a change that no test notices survives.

    python -m tests.mutants --minutes 20 --seed 1 [http archive ...]

By hand, not by `make test`: a module has hundreds of places. What the time does not suffice for is left out by chance,
the same for the same seed. Sentences and lines of the log are not changed: nobody acts on their exact words.
"""

import ast
import os
import random
import signal
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from copy import deepcopy
from dataclasses import dataclass
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.util import spec_from_loader
from pathlib import Path
from types import ModuleType

import click
import pytest

HOME = Path(__file__).parents[1]
TESTS = {
    "retry_after": ("test_retry_after.py", "test_http.py"),
    "paging": ("test_paging.py",),
    "http": ("test_http.py", "test_http_tokens.py", "test_http_login.py", "test_quota.py"),
    "archive": ("test_archive.py", "test_merge.py"),
    "manifest": ("test_large_days.py", "test_manifest.py"),
}
"""The tests of each module of `harvesters/core`, the quickest first."""
LIMIT = 120
"""Seconds for the tests of one change: one that waits for ever is noticed by that."""
OPTIONS = ("-x", "-q", "-p", "no:cacheprovider", "-p", "no:randomly", "-o", "addopts=", "-o", "filterwarnings=")
"""In one order, and without a word on what is imported already: that is meant."""

Change = Callable[[ast.AST], ast.AST]
COMPARED: dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]] = {
    ast.Lt: (ast.LtE, ast.GtE), ast.LtE: (ast.Lt, ast.Gt), ast.Gt: (ast.GtE, ast.LtE), ast.GtE: (ast.Gt, ast.Lt),
    ast.Eq: (ast.NotEq,), ast.NotEq: (ast.Eq,), ast.Is: (ast.IsNot,), ast.IsNot: (ast.Is,),
    ast.In: (ast.NotIn,), ast.NotIn: (ast.In,),
}  # fmt: skip
RECKONED: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult, ast.FloorDiv: ast.Mult,
    ast.Pow: ast.Mult, ast.LShift: ast.RShift, ast.RShift: ast.LShift, ast.BitAnd: ast.BitOr,
}  # fmt: skip


def _compare(node: ast.Compare) -> Iterator[Change]:
    for other in COMPARED[type(node.ops[0])]:
        yield lambda found, other=other: _set(found, ops=[other(), *found.ops[1:]])  # type: ignore[misc]


def _constant(node: ast.Constant) -> Iterator[Change]:
    if isinstance(node.value, bool):
        yield lambda found: _set(found, value=not found.value)  # type: ignore[attr-defined]
    elif isinstance(node.value, int | float):
        yield lambda found: _set(found, value=found.value + 1)  # type: ignore[attr-defined]
    elif isinstance(node.value, bytes):
        yield lambda found: _set(found, value=found.value + b"X")  # type: ignore[attr-defined]


def _reckon(node: ast.BinOp | ast.AugAssign) -> Iterator[Change]:
    if other := RECKONED.get(type(node.op)):
        yield lambda found: _set(found, op=other())


def _test(node: ast.If | ast.While | ast.IfExp) -> Iterator[Change]:
    if not isinstance(node.test, ast.Compare):
        yield lambda found: _set(found, test=ast.UnaryOp(ast.Not(), found.test))  # type: ignore[attr-defined]


def _other_word(node: ast.BoolOp) -> Iterator[Change]:
    other = ast.Or if isinstance(node.op, ast.And) else ast.And
    yield lambda found: _set(found, op=other())


def _without_not(node: ast.UnaryOp) -> Iterator[Change]:
    if isinstance(node.op, ast.Not):
        yield lambda found: found.operand  # type: ignore[attr-defined]


def _nothing_given(node: ast.Return) -> Iterator[Change]:
    if node.value is not None:
        yield lambda found: _set(found, value=ast.Constant(None))


def _not_done(node: ast.Expr) -> Iterator[Change]:
    if isinstance(node.value, ast.Call | ast.YieldFrom | ast.Yield) and not ast.unparse(node).startswith("log."):
        yield lambda _found: ast.Pass()


def _passed_over(node: ast.Raise | ast.Break | ast.Continue) -> Iterator[Change]:
    del node
    yield lambda _found: ast.Pass()


VARIED: dict[tuple[type[ast.AST], ...], Callable[..., Iterator[Change]]] = {
    (ast.Compare,): _compare,
    (ast.Constant,): _constant,
    (ast.BinOp, ast.AugAssign): _reckon,
    (ast.If, ast.While, ast.IfExp): _test,
    (ast.BoolOp,): _other_word,
    (ast.UnaryOp,): _without_not,
    (ast.Return,): _nothing_given,
    (ast.Expr,): _not_done,
    (ast.Raise, ast.Break, ast.Continue): _passed_over,
}


def _set(node: ast.AST, **members: object) -> ast.AST:
    for name, value in members.items():
        setattr(node, name, value)
    return node


class _Put(ast.NodeTransformer):
    """Puts a changed node in the place of one."""

    def __init__(self, at: ast.AST, change: Change) -> None:
        self._at, self._change = at, change

    def visit(self, node: ast.AST) -> ast.AST:
        return self._change(node) if node is self._at else self.generic_visit(node)


@dataclass(frozen=True)
class Mutant:
    """A module with one change."""

    module: str
    line: int
    before: str
    after: str
    source: str

    def __str__(self) -> str:
        """`http:93  a < b  ->  a <= b`."""
        return f"{self.module}:{self.line}  {self.before}  ->  {self.after}"


def mutants(module: str) -> Iterator[Mutant]:
    """All changes of a module, one at a time."""
    tree = ast.parse((HOME / "harvesters" / "core" / f"{module}.py").read_text("utf-8"))
    original = ast.unparse(tree).splitlines()
    idle = _idle(tree)
    for number, node in enumerate(ast.walk(tree)):
        varied = [] if node in idle else [vary for kinds, vary in VARIED.items() if isinstance(node, kinds)]
        for change in (each for vary in varied for each in vary(node)):
            copy = deepcopy(tree)
            at = next(each for place, each in enumerate(ast.walk(copy)) if place == number)
            source = ast.unparse(ast.fix_missing_locations(_Put(at, change).visit(copy)))
            if differing := [pair for pair in zip(original, source.splitlines(), strict=False) if pair[0] != pair[1]]:
                before, after = (line.strip() for line in differing[0])
                yield Mutant(module, getattr(node, "lineno", 0), before, after, source)


def _unchanged(module: str) -> Mutant:
    """The module as it is, put in its own place."""
    return Mutant(module, 0, "", "", (HOME / "harvesters" / "core" / f"{module}.py").read_text("utf-8"))


def _idle(tree: ast.AST) -> set[ast.AST]:
    """What is for people or for type checkers alone, with all that is in it."""
    found: set[ast.AST] = set()
    for node in ast.walk(tree):
        for name in ("annotation", "returns"):
            if said := getattr(node, name, None):
                found.update(ast.walk(said))
        for decorator in getattr(node, "decorator_list", ()):
            found.update(ast.walk(decorator))
        logs = isinstance(node, ast.Call) and ast.unparse(node.func).startswith("log.")
        if logs or isinstance(node, ast.JoinedStr):
            found.update(ast.walk(node))
    return found


class _Instead(MetaPathFinder, Loader):
    """Gives the changed source where the module is imported."""

    def __init__(self, mutant: Mutant) -> None:
        self._name, self._source = f"harvesters.core.{mutant.module}", mutant.source

    def find_spec(self, fullname: str, _path: object, _target: object = None) -> ModuleSpec | None:
        return spec_from_loader(fullname, self) if fullname == self._name else None

    def exec_module(self, module: ModuleType) -> None:
        exec(compile(self._source, self._name, "exec"), module.__dict__)  # noqa: S102 - our own source, changed


def noticed(mutant: Mutant) -> bool:
    """Whether a test fails, or never ends, with this change."""
    child = os.fork()
    if child == 0:
        _try(mutant)
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status) != 0


def _try(mutant: Mutant) -> None:
    """Run the tests in this process, silently, and end it with their exit code."""
    signal.alarm(LIMIT)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)
    sys.meta_path.insert(0, _Instead(mutant))
    files = [str(HOME / "tests" / name) for name in TESTS[mutant.module]]
    code = 1
    try:
        code = int(pytest.main([*OPTIONS, *files]))
    finally:
        os._exit(code)


def _warm() -> None:
    """Import what every child needs and no mutant is in."""
    for name in ("requests", "msgspec", "hypothesis", "zstandard", "elasticsearch", "gql", "rich", "duckdb", "jwt"):
        __import__(name)


def _chosen(modules: Sequence[str], seed: int) -> Iterator[list[Mutant]]:
    """The mutants of each module, by chance."""
    for module in modules:
        found = list(mutants(module))
        random.Random(seed).shuffle(found)
        yield found


@click.command()
@click.argument("modules", nargs=-1, type=click.Choice(list(TESTS)))
@click.option("--minutes", default=20.0, help="How long at most, shared by the modules.")
@click.option("--seed", default=1, help="Which places are left out where the time does not suffice.")
def main(modules: tuple[str, ...], minutes: float, seed: int) -> None:
    """Print the score of each module and the changes that no test noticed."""
    _warm()
    names = modules or tuple(TESTS)
    for number, found in enumerate(_chosen(names, seed)):
        if noticed(_unchanged(names[number])):
            message = f"the tests of {names[number]} fail without any change: nothing can be learnt of it."
            raise click.ClickException(message)
        end = time.monotonic() + minutes * 60 / len(names)
        tried, survivors = 0, []
        for mutant in found:
            if time.monotonic() > end:
                break
            tried += 1
            if not noticed(mutant):
                survivors.append(mutant)
                click.echo(f"  {mutant}")
        score = 100 * (tried - len(survivors)) / max(tried, 1)
        click.echo(f"{names[number]}: {tried} of {len(found)} changes tried, {len(survivors)} survived: {score:.0f} %")


if __name__ == "__main__":
    main()
