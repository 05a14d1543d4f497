"""Who may know whom, and the house numbers of files and functions (CONTRIBUTING.md, docs/design.md)."""

import ast
import io
import os
import subprocess
import sys
import tokenize
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from statistics import median

import pytest

from harvesters import SOURCES

HOME = Path(__file__).parents[1]
PRODUCT = [HOME / "harvest.py", *sorted((HOME / "harvesters").rglob("*.py"))]
TESTS = sorted((HOME / "tests").rglob("*.py"))
SCRIPTS = [path for folder in ("docs", "benchmarks") for path in sorted((HOME / folder).rglob("*.py"))]
VENDORS = tuple(f"harvesters.{name}" for name in SOURCES)
Function = ast.FunctionDef | ast.AsyncFunctionDef


@cache
def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text("utf-8"))


def module_of(path: Path) -> str:
    parts = path.relative_to(HOME).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imported(tree: ast.AST) -> Iterator[str]:
    """The modules that are imported, wherever that stands, each with the name taken out of it."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (each.name for each in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{each.name}" for each in node.names)


def within(name: str, *modules: str) -> bool:
    return any(name == module or name.startswith(f"{module}.") for module in modules)


def knows(path: Path, *modules: str) -> list[str]:
    """What a file imports of these modules."""
    return [name for name in imported(tree_of(path)) if within(name, *modules)]


# -- layers --------------------------------------------------------------------------------------------

# Who may not know whom. `harvesters.quality` and `enrich` are steps of the engine and bound like it.
FORBIDDEN: dict[str, tuple[str, ...]] = {
    "harvesters.core": (
        "harvesters.commands",
        "harvesters.sandbox",
        "harvesters.quality",
        "harvesters.enrich",
        "harvesters.stack",
        "harvesters.dashboards",
        "harvesters.export",
        "harvesters.finding",
        "harvesters.overview",
        "harvesters.pruning",
        "harvesters.story",
        "harvesters.watch",
        *VENDORS,
    ),
    "harvesters.overview": (
        "harvesters.commands",
        "harvesters.finding",
        "harvesters.sandbox",
        "harvesters.story",
        "harvesters.quality",
        "harvesters.enrich",
        "harvesters.core.destinations",
        *VENDORS,
    ),
    "harvesters.export": (
        "harvesters.commands",
        "harvesters.finding",
        "harvesters.sandbox",
        "harvesters.quality",
        "harvesters.enrich",
        "harvesters.core.destinations",
        *VENDORS,
    ),
    "harvesters.watch": (
        "harvesters.commands",
        "harvesters.finding",
        "harvesters.sandbox",
        "harvesters.story",
        "harvesters.quality",
        "harvesters.enrich",
        *VENDORS,
    ),
    "harvesters.pruning": (
        "harvesters.commands",
        "harvesters.sandbox",
        "harvesters.story",
        "harvesters.quality",
        "harvesters.enrich",
        *VENDORS,
    ),
    "harvesters.dashboards": (
        "harvesters.commands",
        "harvesters.sandbox",
        "harvesters.quality",
        "harvesters.enrich",
        "harvesters.finding",
        "harvesters.story",
        "harvesters.core.destinations",
        *VENDORS,
    ),
    "harvesters.quality": (
        "harvesters.commands",
        "harvesters.story",
        "harvesters.sandbox",
        "harvesters.enrich",
        *VENDORS,
    ),
    "harvesters.story": (
        "harvesters.commands",
        "harvesters.finding",
        "harvesters.sandbox",
        "harvesters.enrich",
        "harvesters.core.destinations",
        *VENDORS,
    ),
    "harvesters.finding": ("harvesters.commands", "harvesters.sandbox", "harvesters.quality", *VENDORS),
    "harvesters.enrich": ("harvesters.commands", "harvesters.sandbox", "harvesters.quality", *VENDORS),
    "harvesters.sandbox": ("harvesters.commands", "harvesters.enrich", *VENDORS),
    "harvesters.stack": (
        "harvesters.commands",
        "harvesters.sandbox",
        "harvesters.quality",
        "harvesters.enrich",
        *VENDORS,
    ),
    **{
        vendor: (
            "harvesters.commands",
            "harvesters.sandbox",
            "harvesters.enrich",
            "harvesters.core.destinations",
            *(each for each in VENDORS if each != vendor),
        )
        for vendor in VENDORS
    },
}


@pytest.mark.parametrize("layer", FORBIDDEN)
def test_a_layer_knows_only_what_lies_below_it(layer: str) -> None:
    found = {
        module_of(path): names
        for path in PRODUCT
        if within(module_of(path), layer) and (names := knows(path, *FORBIDDEN[layer]))
    }
    assert not found


def test_only_the_port_to_vendors_speaks_http() -> None:
    """A second way to the network would know no limit, no retry and no cap."""
    libraries = ("requests", "urllib3", "http.client", "urllib.request", "httpx", "aiohttp")
    found = {module_of(path) for path in PRODUCT if knows(path, *libraries)}
    assert found <= {"harvesters.core.http", "harvesters.core.wire"}


def test_only_the_index_destination_and_its_setup_know_the_client() -> None:
    found = {module_of(path) for path in PRODUCT if knows(path, "elasticsearch", "elastic_transport")}
    allowed = ("harvesters.core.destinations", "harvesters.core.setup")
    assert found
    assert all(within(name, *allowed) for name in found), found


def test_the_imports_of_a_file_are_found_wherever_they_stand() -> None:
    text = "import a.b\nfrom c import d as e\ndef f():\n    from g.h import i\nif TYPE_CHECKING:\n    import j"
    assert list(imported(ast.parse(text))) == ["a.b", "c.d", "g.h.i", "j"]
    assert within("a.b", "a")
    assert within("a", "a")
    assert not within("ab", "a")


HEAVY = (
    "elasticsearch", "elastic_transport", "gql", "graphql", "duckdb", "rich", "jwt", "maxminddb", "ua_parser",
    "jinja2", "pyarrow", "pygal",
)  # fmt: skip
"""What is imported where it is used. The list of all commands needs no HTTP either."""
OWN = ("opentok", "replay", "explain", "export", "report", "status", "catch-up", "doctor", "prune")


@pytest.mark.parametrize("typed", ["--help", "--version", *(f"{each} --help" for each in OWN)])
def test_help_imports_nothing_that_costs(typed: str) -> None:
    command = [sys.executable, "-X", "importtime", str(HOME / "harvest.py"), *typed.split()]
    ran = subprocess.run(command, capture_output=True, text=True, check=True, cwd=HOME, timeout=60)
    modules = {line.rpartition("|")[2].strip() for line in ran.stderr.splitlines() if line.startswith("import time:")}
    assert "click" in modules
    heavy = (*HEAVY, "requests", "harvesters.opentok.source") if typed == "--help" else HEAVY
    assert not [name for name in sorted(modules) if within(name, *heavy)]


@pytest.mark.parametrize(
    "typed", ["export csv --all", "export csv --all --in archive", "report", "report --in lake", "explain opentok x"]
)
def test_the_lake_and_the_archive_are_read_without_elasticsearch_s_client(tmp_path: Path, typed: str) -> None:
    """It costs 0.4 s. There is nothing to read, which is said at the end of the way."""
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "DATA_DIR": str(tmp_path / "data")}
    command = [sys.executable, "-X", "importtime", str(HOME / "harvest.py"), *typed.split()]
    (tmp_path / ".env").touch()
    ran = subprocess.run(
        command, capture_output=True, text=True, check=False, cwd=tmp_path, env=environment, timeout=60
    )
    modules = {line.rpartition("|")[2].strip() for line in ran.stderr.splitlines() if line.startswith("import time:")}
    assert (ran.returncode, "harvesters.finding.lake" in modules or "harvesters.finding.stored" in modules) == (1, True)
    assert not [name for name in sorted(modules) if within(name, "elasticsearch", "elastic_transport")]


# -- house numbers -------------------------------------------------------------------------------------

LONGEST_FILE, LONGEST_FUNCTION, USUAL_FUNCTION, NINE_OF_TEN, ARGUMENTS = 300, 40, 8, 20, 5
GRAB_BAGS = {"util", "utils", "helper", "helpers", "manager", "managers", "misc", "common", "tools", "base"}


@dataclass(frozen=True)
class Measured:
    """A function with its number of code lines (without docstring, comments and blank lines) and of arguments."""

    name: str
    lines: int
    arguments: int
    decorators: Sequence[str]
    excused: bool


def functions(path: Path) -> Iterator[Measured]:
    """The functions of a file."""
    text = path.read_text("utf-8")
    code = _code_lines(text)
    for node in ast.walk(tree_of(path)):
        if isinstance(node, Function):
            yield _measured(node, code, text.splitlines(), module_of(path))


def _measured(node: Function, code: set[int], lines: list[str], module: str) -> Measured:
    own = set(range(node.lineno, (node.end_lineno or node.lineno) + 1))
    first = node.body[0]
    if ast.get_docstring(node) is not None:
        own -= set(range(first.lineno, (first.end_lineno or first.lineno) + 1))
    arguments = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
    count = sum(each.arg not in {"self", "cls"} for each in arguments)
    decorators = [ast.unparse(each) for each in node.decorator_list]
    excused = "noqa: PLR0913" in lines[node.lineno - 1]
    return Measured(f"{module}.{node.name}", len(own & code), count, decorators, excused)


def _code_lines(text: str) -> set[int]:
    """The numbers of the lines on which something stands that is no comment."""
    silent = {tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER}
    lines: set[int] = set()
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type not in silent:
            lines.update(range(token.start[0], token.end[0] + 1))
    return lines


@cache
def measured() -> list[Measured]:
    return [each for path in PRODUCT for each in functions(path)]


def test_code_lines_are_counted_without_what_explains_them(tmp_path: Path) -> None:
    path = HOME / "tests" / "test_layering.py"
    (counted,) = [each for each in functions(path) if each.name.endswith("._code_lines")]
    assert (counted.lines, counted.arguments) == (7, 1)
    text = 'def f(self, a, /, b, *, c=1):\n    """One\n\n    two."""\n\n    # Why.\n    x = (\n        1,\n    )\n'
    node = ast.parse(text).body[0]
    assert isinstance(node, ast.FunctionDef)
    found = _measured(node, _code_lines(text), text.splitlines(), tmp_path.name)
    assert (found.lines, found.arguments, found.excused) == (4, 3, False)


def test_files_are_short() -> None:
    lengths = {str(path.relative_to(HOME)): len(path.read_text("utf-8").splitlines()) for path in PRODUCT}
    assert {name: length for name, length in lengths.items() if length > LONGEST_FILE} == {}


def test_functions_are_short() -> None:
    lengths = sorted(each.lines for each in measured())
    assert [each for each in measured() if each.lines > LONGEST_FUNCTION] == []
    assert median(lengths) <= USUAL_FUNCTION
    assert lengths[len(lengths) * 9 // 10] <= NINE_OF_TEN


def test_functions_take_few_arguments() -> None:
    """But for commands, whose arguments are their options, and what says beside it why it has more."""
    many = [each for each in measured() if each.arguments > ARGUMENTS and not each.excused]
    commands = [each for each in many if any("command" in text or "group" in text for text in each.decorators)]
    assert [each.name for each in many if each not in commands] == []


def test_no_file_is_a_grab_bag() -> None:
    names = {str(path.relative_to(HOME)) for path in (*PRODUCT, *TESTS, *SCRIPTS) if path.stem in GRAB_BAGS}
    assert names == set()


# -- rules that no linter knows ------------------------------------------------------------------------


def handlers(tree: ast.AST) -> Iterator[ast.ExceptHandler]:
    """The places that catch everything."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ExceptHandler):
            kinds = node.type.elts if isinstance(node.type, ast.Tuple) else [node.type]
            if any(kind is None or ast.unparse(kind) in {"Exception", "BaseException"} for kind in kinds):
                yield node


def _raises_again(handler: ast.ExceptHandler) -> bool:
    last = handler.body[-1]
    return isinstance(last, ast.Raise) and last.exc is None


def test_only_the_top_of_the_command_catches_everything() -> None:
    """Elsewhere a mistake of ours would pass for the vendor's; what is raised again is not caught."""
    found = [module_of(path) for path in PRODUCT for each in handlers(tree_of(path)) if not _raises_again(each)]
    assert found == ["harvesters.commands.main"]


@pytest.mark.parametrize("clause", ["", " Exception", " BaseException", " (ValueError, Exception)"])
def test_catching_everything_is_seen(clause: str) -> None:
    tree = ast.parse(f"try:\n    x = 1\nexcept{clause}:\n    x = 2\n")
    (found,) = handlers(tree)
    assert not _raises_again(found)


def test_no_file_is_taken_out_of_the_checks() -> None:
    """mypy and ruff see every line: a single one is excused at its place, with the rule's name, and no more."""
    whole_files = ("# mypy:", "# ruff: noqa", "# flake8: noqa", "# type: ignore\n", "# noqa\n")
    every = [*PRODUCT, *TESTS, *SCRIPTS]
    own = Path(__file__)
    found = [
        f"{path.relative_to(HOME)}: {words.strip()}"
        for path in every
        if path != own
        for words in whole_files
        if words in path.read_text("utf-8")
    ]
    assert found == []


def test_every_function_is_typed_the_tests_among_them() -> None:
    """mypy checks what is annotated; this sees to it that everything is."""
    bare = [
        f"{module_of(path)}.{node.name}"
        for path in (*PRODUCT, *TESTS, *SCRIPTS)
        for node in ast.walk(tree_of(path))
        if isinstance(node, Function) and not _typed(node)
    ]
    assert bare == []


def _typed(node: Function) -> bool:
    arguments = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
    more = [each for each in (node.args.vararg, node.args.kwarg) if each]
    names = [each for each in (*arguments, *more) if each.arg not in {"self", "cls"}]
    return node.returns is not None and all(each.annotation is not None for each in names)
