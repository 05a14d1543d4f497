"""A node of the minimal distribution, with everything it writes in one folder."""

import json
import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from harvesters.stack.java import Runner

MEMORY = "-Xms512m -Xmx512m"


@dataclass(frozen=True)
class Node:
    """The program, the JDK that it runs on, the user who runs it, and the folder of this node."""

    program: Path
    jdk: Path
    runner: Runner
    folder: Path

    @property
    def log(self) -> Path:
        """What the node says from its start on."""
        return self.folder / "console.log"

    def prepare(self, settings: Mapping[str, object], files: Mapping[str, str]) -> None:
        """Write the configuration, and give the folder to the runner; data that are there stay.

        `settings` are added to those of every node; `files` lie beside them, by name.
        """
        shutil.copytree(self.program / "config", self.folder / "config", dirs_exist_ok=True)
        for name in ("data", "logs", "tmp"):
            (self.folder / name).mkdir(exist_ok=True)
        # JSON is YAML.
        text = json.dumps({**self._settings(), **settings})
        for name, content in {"elasticsearch.yml": text, **files}.items():
            path = self.folder / "config" / name
            path.write_text(content)
            # Hashes of passwords are nobody else's business.
            path.chmod(0o600)
        if self.runner.uid is not None and self.runner.gid is not None:
            for path in (self.folder, *self.folder.rglob("*")):
                os.chown(path, self.runner.uid, self.runner.gid, follow_symlinks=False)

    def _settings(self) -> dict[str, object]:
        return {
            "discovery.type": "single-node",
            "http.host": "127.0.0.1",
            "transport.host": "127.0.0.1",
            # The node takes free ports itself and writes them down: nobody can snatch them in between.
            "http.port": 0,
            "transport.port": 0,
            "node.portsfile": True,
            "path.data": str(self.folder / "data"),
            "path.logs": str(self.folder / "logs"),
            # A laptop whose disk is nearly full can be used all the same.
            "cluster.routing.allocation.disk.threshold_enabled": False,
        }

    @property
    def command(self) -> list[str]:
        """What starts it."""
        return [str(self.program / "bin" / "elasticsearch")]

    def environment(self, java_options: str = MEMORY) -> dict[str, str]:
        """What it must know: nothing else of ours reaches it."""
        return {
            "PATH": os.environ.get("PATH", os.defpath),
            "ES_JAVA_HOME": str(self.jdk),
            "ES_JAVA_OPTS": java_options,
            "ES_PATH_CONF": str(self.folder / "config"),
            "ES_TMPDIR": str(self.folder / "tmp"),
        }

    def address(self) -> str | None:
        """Where it listens, as `host:port`, as soon as that is known."""
        ports = self.folder / "logs" / "http.ports"
        return ports.read_text().strip() if ports.is_file() else None


def launch(
    command: Sequence[str], log: Path, env: Mapping[str, str], runner: Runner, keep: Sequence[int] = ()
) -> subprocess.Popen[bytes]:
    """Start a process in a group and session of its own; what it says goes to `log`.

    `keep`: open files that it inherits.
    """
    with log.open("wb") as out:
        return subprocess.Popen(  # noqa: S603 - the program was chosen by us
            command,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            cwd=log.parent,
            env=env,
            start_new_session=True,
            pass_fds=keep,
            user=runner.uid,
            group=runner.gid,
            extra_groups=runner.groups,
        )


def log_tail(log: Path, lines: int = 30) -> str:
    """The end of a log, for an error; it stands on lines of its own."""
    text = log.read_text(errors="replace") if log.is_file() else ""
    return "\n".join(["The end of its log:", *text.splitlines()[-lines:]])
