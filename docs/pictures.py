"""Makes the pictures of the documentation anew: `python docs/pictures.py`; a Chromium draws them from the demo.

Pictures differ from machine to machine by their fonts, so no test compares them.
"""

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from outputs import run_in  # noqa: E402

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
        page = _report(folder)
        with chromium() as browser:
            for name, width, height, dark in VIEWS:
                browser.open(page, width, dark=dark)
                browser.picture(IMAGES / name, height=height)
                print(f"docs/images/{name} made")


def _report(folder: str) -> Path:
    run_in(folder, 0, "-q", "dev", "demo", "--vendor", "all", "--days", "14", VCONF_NOW=NOW)
    data = Path(folder) / "data" / "demo"
    run_in(folder, 0, "-q", "report", "--html", str(data / "report.html"), VCONF_NOW=NOW, DATA_DIR=str(data))
    return data / "report.html"


if __name__ == "__main__":
    main()
