"""Makes the hosts of the network lab, and the tracer, importable here."""

import sys
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TESTS / "netns"), str(TESTS / "reliability")]
