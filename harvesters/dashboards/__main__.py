"""Makes the file under `kibana/` anew: `python -m harvesters.dashboards`."""

import sys
from pathlib import Path

from harvesters.dashboards.shipped import folder, write

if __name__ == "__main__":
    write(Path(sys.argv[1]) if len(sys.argv) > 1 else folder())
