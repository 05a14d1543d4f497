"""Makes the parts of the documentation that follow from the code: `python docs/generate.py [--check]`.

Whole files (`docs/cli.md`, `docs/fields.md`, `example.env`), and in `README.md` and `docs/privacy.md` what stands
between a pair of markers. `--check` changes nothing and names what is not up to date.
"""

import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "docs")]

from outputs import cli, demo, status, story  # noqa: E402

from harvesters import SOURCES, all_fields, source_class  # noqa: E402
from harvesters.core.common_settings import CommonSettings  # noqa: E402
from harvesters.core.declaration import Setting, declared, logins, public  # noqa: E402
from harvesters.core.fields import Field, by_name  # noqa: E402
from harvesters.dashboards.model import Chart, Listing, Note, Presences, panels_of  # noqa: E402
from harvesters.dashboards.shown import DASHBOARDS  # noqa: E402

BLOCK = "<!-- made by docs/generate.py: {} -->\n{}<!-- end: {} -->"
ENV_HEAD = """\
# Settings of vconf-harvest. Copy this file to .env, and fill in what you need there:
#
#     make env
#
# A variable of the environment wins over this file, an option of the command over both. Instead of a secret
# itself you may give the file that holds it, as NAME_FILE. An empty value counts as not set.
# Made by docs/generate.py from the declarations in the code.
"""


def settings() -> Iterator[tuple[str, list[tuple[Setting, str]]]]:
    """The declared settings, each with when it is needed: a title and its settings, the common ones first."""
    classes = [("Every command", CommonSettings)]
    classes += [(source.title, source.Settings) for source in map(source_class, SOURCES)]
    for title, cls in classes:
        yield title, [(setting, _needed(cls, name, setting)) for name, setting in public(cls)]


def _needed(cls: type[Any], name: str, setting: Setting) -> str:
    """Whether a setting must be set; of several logins one must."""
    known = dict(declared(cls))
    others = [known[way[0]].env for way in logins(cls) if name not in way]
    if others and any(name in way for way in logins(cls)):
        return f"required, or {' or '.join(others)}"
    return "required" if setting.required else ""


def default(setting: Setting, needed: str) -> str:
    """What holds where nothing is set."""
    if needed:
        return f"**required**{needed.removeprefix('required')}"
    shown = setting.shown_default or setting.default
    return "" if shown is None else f"`{shown}`" if not setting.shown_default else str(shown)


def settings_table() -> str:
    """The settings as Markdown, a table for each title."""
    return "\n".join(_table(title, each) for title, each in settings())


def _table(title: str, each: list[tuple[Setting, str]]) -> str:
    lines = [f"**{title}**", "", "| Setting | What it is | Default |", "| --- | --- | --- |"]
    for setting, needed in each:
        also = f" (or `{setting.env}_FILE`)" if setting.secret else ""
        option = f"; also `{setting.option}`" if setting.option and not setting.hidden else ""
        lines.append(f"| `{setting.env}`{also} | {setting.help}{option} | {default(setting, needed)} |")
    return "\n".join(lines) + "\n"


def example_env() -> str:
    """A settings file with every setting; secrets and what has no default are empty."""
    lines = [ENV_HEAD]
    for title, each in settings():
        lines += [f"# ---- {title} ----", ""]
        for setting, needed in each:
            note = f" ({needed})" if needed else ""
            value = "" if setting.secret else typed(setting)
            lines += [f"# {setting.help}{note}", f"{setting.env}={value}", ""]
    return "\n".join(lines)


def typed(setting: Setting) -> str:
    """The default as one would type it: of what is no text, as it is shown."""
    if isinstance(setting.default, bool | float):
        return setting.shown_default or ""
    return str(setting.default) if setting.default else ""


def fields() -> str:
    """The field list as Markdown, a table for each first part of the names."""
    lines = [
        "# Fields", "",
        "Every field that a document may have, made from `harvesters/core/fields.py` and the vendors' own lists by",
        "`docs/generate.py`. The index templates come from the same list. Units are part of the names. A field is",
        "absent where the vendor says nothing. *Personal* fields tell of a person; what becomes of which class under",
        "which profile is in [privacy.md](privacy.md).", "",
        "Document types: **conference** (one call), **participant** (one stay in it), **stream** (one direction of one",
        "person's media), **sample** (one measurement of a stream), **issue** (something that went wrong), and in",
        "`<prefix>-runs` **slice** (one day of one account) and **run** (one execution of the command).", "",
    ]  # fmt: skip
    groups: dict[str, list[Field]] = {}
    for field in by_name(all_fields()).values():
        groups.setdefault(_group(field.name), []).append(field)
    for name, members in groups.items():
        lines += [f"## {name}", "", "| Field | Type | Documents | What it is |", "| --- | --- | --- | --- |"]
        lines += [f"| `{each.name}` | {each.type} | {_types(each)} | {_meaning(each)} |" for each in members]
        lines.append("")
    return "\n".join(lines)


def _group(name: str) -> str:
    first, *rest = name.split(".")
    if first == "vconf" and len(rest) > 1:
        return f"vconf.{rest[0]}"
    return first if first in {"vconf", "run", "slice", *SOURCES} else "Elastic Common Schema"


def _types(field: Field) -> str:
    from harvesters.core.fields import ALL, CALL_TYPES, OF_A_CALL

    names = {ALL: "all", CALL_TYPES: "all of a call, usage", OF_A_CALL: "all of a call"}
    return next((name for types, name in names.items() if set(types) == set(field.types)), ", ".join(field.types))


def _meaning(field: Field) -> str:
    return field.help + (f" (*personal: {field.tells}*)" if field.personal else "")


def profiles() -> str:
    """What becomes of each class of fields under each profile of privacy, as Markdown."""
    from harvesters.core.field import TELLS
    from harvesters.enrich.privacy import BECOMES, KEPT

    columns = ["full", *BECOMES]
    lines = [f"| Class | It tells | {' | '.join(f'`{each}`' for each in columns)} | Fields |"]
    lines.append("| --- " * (len(columns) + 3) + "|")
    members: dict[str, list[str]] = {}
    for field in by_name(all_fields()).values():
        if field.personal:
            members.setdefault(str(field.tells), []).append(f"`{field.name}`")
    for name, told in TELLS.items():
        becomes = [KEPT, *(each[name] for each in BECOMES.values())]
        lines.append(
            f"| **{name}** | {told} | {' | '.join(becomes)} | {', '.join(members.get(name, ['all others']))} |"
        )
    return "\n".join(lines) + "\n"


def lake_queries() -> str:
    """The queries that come with the project."""
    return f"```sql\n{(ROOT / 'docs' / 'lake-queries.sql').read_text('utf-8').rstrip()}\n```\n"


def dashboards() -> str:
    """Every dashboard with its questions, controls and where the answers come from."""
    lines: list[str] = []
    for each in DASHBOARDS:
        chosen = ", ".join(control.label for control in each.controls)
        lines += [f"### {each.title} (`vconf-{each.key}`)", "", each.about, "", f"Choices on top: {chosen}.", ""]
        lines += ["| Question | Answered by | From |", "| --- | --- | --- |"]
        panels = [panel for panel in panels_of(each) if not isinstance(panel, Note)]
        lines += [f"| {panel.title} | {_shown(panel)} | {panel.view} |" for panel in panels]
        lines.append("")
    return "\n".join(lines)


def _shown(panel: Chart | Listing | Presences) -> str:
    """How a panel answers, in words."""
    match panel:
        case Listing(fields=names):
            return f"a list of {', '.join(f'`{name}`' for name in names)}"
        case Presences():
            return "a bar for each stay"
    numbers = "; ".join(column.label for column in panel.columns)
    groups = f" (by {' and '.join(each.label for each in panel.by)})" if panel.by else ""
    target = f"; target {panel.target:g}" if panel.target is not None else ""
    return f"{numbers}{groups}{target}"


FILES: dict[str, Callable[[], str]] = {
    "docs/cli.md": cli,
    "docs/fields.md": fields,
    "example.env": example_env,
}
BLOCKS: dict[str, Callable[[], str]] = {
    "demo": demo,
    "status": status,
    "story": story,
    "settings": settings_table,
    "lake queries": lake_queries,
}
PAGES: dict[str, dict[str, Callable[[], str]]] = {
    "README.md": BLOCKS,
    "docs/dashboards.md": {"dashboards": dashboards},
    "docs/privacy.md": {"profiles": profiles},
}


def fresh() -> dict[Path, str]:
    """What every file that is made, wholly or in part, should hold."""
    made = {ROOT / name: make() for name, make in FILES.items()}
    parts = {ROOT / name: filled((ROOT / name).read_text("utf-8"), blocks) for name, blocks in PAGES.items()}
    return {**made, **parts}


def filled(text: str, blocks: dict[str, Callable[[], str]] = BLOCKS) -> str:
    """A text with its blocks made anew, by default those of `README.md`.

    Raises:
        ValueError: a pair of markers is missing.
    """
    for name, make in blocks.items():
        pattern = BLOCK.format(re.escape(name), "(?:.*?)", re.escape(name))
        found = list(re.finditer(pattern, text, flags=re.DOTALL))
        if len(found) != 1:
            message = f"the page must have the markers of '{name}' once"
            raise ValueError(message)
        text = text[: found[0].start()] + BLOCK.format(name, make(), name) + text[found[0].end() :]
    return text


def main(arguments: list[str]) -> int:
    """Make everything anew, or with `--check` say what is old."""
    old = {path: text for path, text in fresh().items() if not path.exists() or path.read_text("utf-8") != text}
    for path, text in old.items():
        print(f"{path.relative_to(ROOT)} {'is not up to date: run make docs' if '--check' in arguments else 'made'}")
        if "--check" not in arguments:
            path.write_text(text, "utf-8")
    return int(bool(old) and "--check" in arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
