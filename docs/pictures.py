"""Makes the pictures of the documentation anew: `python docs/pictures.py`; a Chromium draws them from the demo.

Pictures differ from machine to machine by their fonts, so no test compares them.
"""

import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tests.chromium import chromium  # noqa: E402

NOW = "2026-11-30T09:00:00Z"
IMAGES = ROOT / "docs" / "images"
VIEWS = (
    ("report.png", 1160, 1330, False),
    ("report-dark.png", 1160, 1330, True),
    ("report-phone.png", 375, 1500, False),
)
"""Name, width, height in pixels, and whether it is dark."""


def main() -> None:
    """Harvest the demo of three vendors into one folder, make the report, and take its pictures."""
    with TemporaryDirectory() as folder:
        page = _report(Path(folder))
        with chromium() as browser:
            for name, width, height, dark in VIEWS:
                browser.open(page, width, dark=dark)
                browser.picture(IMAGES / name, height=height)
                print(f"docs/images/{name} made")


def _report(folder: Path) -> Path:
    for vendor in ("opentok", "zoom", "peermetrics"):
        _run(folder, "-q", "dev", "demo", "--vendor", vendor, "--days", "14", data=folder)
    _run(folder, "-q", "report", "--html", str(folder / "report.html"), data=folder / "demo")
    return folder / "report.html"


def _run(folder: Path, *arguments: str, data: Path) -> None:
    (folder / "empty.env").touch()
    command = [sys.executable, str(ROOT / "harvest.py"), "--env-file", str(folder / "empty.env"), *arguments]
    environment = {"PATH": "/usr/bin:/bin", "DATA_DIR": str(data), "VCONF_NOW": NOW}
    subprocess.run(command, check=True, env=environment, cwd=ROOT, stdout=subprocess.DEVNULL)  # noqa: S603


if __name__ == "__main__":
    main()
