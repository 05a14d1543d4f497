"""What commands print, for the documentation: help texts, and runs on the demo's days."""

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from harvesters import SOURCES  # noqa: E402

DEMO_NOW, LATER = "2026-11-21T09:00:00Z", "2026-11-24T09:00:00Z"
STORY_KEY = "86973632618"
"""The meeting number of an invented call of the demo, with a bad sender."""
COMMANDS = (
    "", *SOURCES, "all", "status", "catch-up", "doctor", "report", "export", "replay", "explain", "forget", "config",
    "config show", "setup", "setup templates", "setup dashboards", "setup all", "dev", "dev demo", "dev sandbox",
    "dev init", "dev up", "dev down", "dev status", "dev reset",
)  # fmt: skip


def run(*arguments: str, **more: str) -> str:
    """What a command of a clone prints on both streams, with none of this machine's settings."""
    with tempfile.TemporaryDirectory() as folder:
        return run_in(folder, 0, *arguments, **more)


def run_in(folder: str, code: int, *arguments: str, **more: str) -> str:
    """The same with its state in a folder that others share; it must end with this exit code."""
    nothing = Path(folder) / "empty.env"
    nothing.touch()
    environment = {"PATH": os.environ["PATH"], "HOME": folder, "COLUMNS": "100", "NO_COLOR": "1", "LANG": "C.UTF-8"}
    environment |= {"DATA_DIR": str(Path(folder) / "data"), **more}
    command = [sys.executable, str(ROOT / "harvest.py"), "--env-file", str(nothing), *arguments]
    done = subprocess.run(  # noqa: S603 - our own command
        command, cwd=ROOT, env=environment, check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    if done.returncode != code:
        message = f"{' '.join(arguments)} ended with {done.returncode}:\n{done.stdout}"
        raise ValueError(message)
    return done.stdout.replace(f"{folder}/", "")


def demo() -> str:
    """What the demo says; the port is another one each time."""
    said = re.sub(r"(127\.0\.0\.1):\d+", r"\1:40123", run("dev", "demo", VCONF_NOW=DEMO_NOW))
    return f"```text\n{said}```\n"


def status() -> str:
    """What `status` says some days after the demo of several days was the last run."""
    with tempfile.TemporaryDirectory() as folder:
        run_in(folder, 0, "dev", "demo", "--days", "5", VCONF_NOW=DEMO_NOW)
        settings = {"DATA_DIR": f"{folder}/data/demo", "OPENTOK_API_KEY": "46204972", "VCONF_NOW": LATER}
        return f"```text\n{run_in(folder, 3, 'status', '--last', '30d', **settings)}```\n"


def story() -> str:
    """What `explain` says of an invented call, harvested as the demo does it."""
    with tempfile.TemporaryDirectory() as folder:
        run("dev", "demo", "--vendor", "zoom", "--days", "1", VCONF_NOW=DEMO_NOW, DATA_DIR=folder)
        more = {"VCONF_NOW": LATER, "DATA_DIR": f"{folder}/demo", "COLUMNS": "80"}
        said = run("-q", "explain", "zoom", STORY_KEY, "--streams", "2", **more)
    return f"```text\n{said}```\n"


def cli() -> str:
    """The help text of every command."""
    lines = [
        "# Commands", "",
        "What `--help` says, made by `docs/generate.py`. Installed with `pipx install .` the command is called",
        "`vconf-harvest`; in a clone it is `./harvest.py`. Exit codes: [exit-codes.md](exit-codes.md).", "",
    ]  # fmt: skip
    for command in COMMANDS:
        text = run(*command.split(), "--help").rstrip()
        lines += [f"## `{f'harvest.py {command}'.strip()}`", "", "```text", text, "```", ""]
    return "\n".join(lines)
