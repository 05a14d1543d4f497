"""A headless Chromium that is spoken to over a pipe (the DevTools protocol): pages opened, looked at and measured."""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
import sys
from collections import deque
from contextlib import contextmanager
from dataclasses import dataclass, field
from tempfile import TemporaryDirectory
from typing import IO, TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
    "--disable-background-networking", "--disable-component-update", "--disable-dev-shm-usage", "--hide-scrollbars",
    "--remote-debugging-pipe",
)  # fmt: skip
LAUNCHER = """
import fcntl, os, sys
both = [fcntl.fcntl(int(each), fcntl.F_DUPFD, 10) for each in sys.argv[1:3]]
os.dup2(both[0], 3)
os.dup2(both[1], 4)
os.execv(sys.argv[3], sys.argv[3:])
"""
"""The browser reads from its descriptor 3 and writes to 4; ours have whatever numbers were free."""
MISSING = (
    "the tests of the report look at it in a browser, and there is none: install Chromium (on Debian: apt-get install "
    "chromium) or Chrome, or name its program in CHROMIUM."
)


def program(environ: Mapping[str, str] = os.environ) -> str:
    """The browser's program.

    Raises:
        RuntimeError: there is none.
    """
    for name in (environ.get("CHROMIUM", ""), *NAMES):
        if name and (found := shutil.which(name, path=environ.get("PATH"))):
            return found
    raise RuntimeError(MISSING)


@dataclass
class Page:
    """One tab."""

    to: IO[bytes]
    answers: IO[bytes]
    session: str = ""
    events: deque[dict[str, Any]] = field(default_factory=deque)
    _number: int = 0

    def ask(self, method: str, **given: Any) -> dict[str, Any]:
        """Call a method of the protocol; what happens meanwhile goes to `events`."""
        self._number += 1
        message: dict[str, Any] = {"id": self._number, "method": method, "params": given}
        if self.session:
            message["sessionId"] = self.session
        self.to.write(json.dumps(message).encode() + b"\0")
        self.to.flush()
        while (answer := self._next()).get("id") != self._number:
            self.events.append(answer)
        assert "error" not in answer, answer
        result: dict[str, Any] = answer["result"]
        return result

    def _next(self) -> dict[str, Any]:
        raw = bytearray()
        while (byte := self.answers.read(1)) != b"\0":
            assert byte, "the browser went away"
            raw += byte
        found: dict[str, Any] = json.loads(raw)
        return found

    def _until(self, method: str) -> None:
        while not any(each.get("method") == method for each in self.events):
            self.events.append(self._next())

    def open(self, path: Path, width: int, height: int = 900, *, dark: bool = False, media: str = "screen") -> None:
        """Show a file in a window of this size."""
        self.ask(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=width < 600
        )
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.ask("Emulation.setEmulatedMedia", media=media, features=[scheme])
        self.events.clear()
        self.ask("Page.navigate", url=path.absolute().as_uri())
        self._until("Page.loadEventFired")

    def evaluate(self, expression: str) -> Any:  # noqa: ANN401 - whatever it is in the page
        """The value of an expression in the page."""
        return self.ask("Runtime.evaluate", expression=expression, returnByValue=True)["result"].get("value")

    def complaints(self) -> list[str]:
        """What the page wrote to the console, what was refused and what it threw, until now."""
        self.evaluate("0")
        kinds = {"Log.entryAdded", "Runtime.consoleAPICalled", "Runtime.exceptionThrown"}
        return [json.dumps(each["params"]) for each in self.events if each.get("method") in kinds]

    def requested(self) -> list[str]:
        """Every address that was asked for."""
        return [
            each["params"]["request"]["url"]
            for each in self.events
            if each.get("method") == "Network.requestWillBeSent"
        ]

    def picture(self, path: Path, *, height: int | None = None) -> None:
        """A picture of the whole page, or of its upper part."""
        size = self.ask("Page.getLayoutMetrics")["cssContentSize"]
        clip = {"x": 0, "y": 0, "width": size["width"], "height": min(size["height"], height or 1 << 14), "scale": 1}
        shot = self.ask("Page.captureScreenshot", format="png", captureBeyondViewport=True, clip=clip)
        path.write_bytes(base64.b64decode(shot["data"]))

    def printed(self) -> bytes:
        """The page as a PDF on A4, by the style sheet for print."""
        self.ask("Emulation.setEmulatedMedia", media="", features=[{"name": "prefers-color-scheme", "value": "dark"}])
        return base64.b64decode(
            self.ask("Page.printToPDF", paperWidth=8.27, paperHeight=11.69, printBackground=True)["data"]
        )


@contextmanager
def chromium() -> Iterator[Page]:
    """A browser with one tab, in an empty profile of its own."""
    command_in, command_out = os.pipe()
    answer_in, answer_out = os.pipe()
    with TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        command = [program(), *FLAGS, f"--user-data-dir={profile}", "about:blank"]
        launched = [sys.executable, "-c", LAUNCHER, str(command_in), str(answer_out), *command]
        with subprocess.Popen(
            launched, pass_fds=(command_in, answer_out), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        ) as process:
            os.close(command_in)
            os.close(answer_out)
            with os.fdopen(command_out, "wb") as to, os.fdopen(answer_in, "rb") as answers:
                try:
                    yield _tab(to, answers)
                finally:
                    process.kill()


def _tab(to: IO[bytes], answers: IO[bytes]) -> Page:
    page = Page(to, answers)
    target = page.ask("Target.createTarget", url="about:blank")["targetId"]
    page.session = page.ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
    for domain in ("Page", "Runtime", "Log", "Network"):
        page.ask(f"{domain}.enable")
    return page
