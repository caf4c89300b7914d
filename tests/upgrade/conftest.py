"""Makes the package of this checkout, the hosts of the network lab and the guests importable here."""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests/netns"), str(ROOT / "tests/guests")]
