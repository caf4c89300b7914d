"""Measures the package's stanzas beside those written by hand; tools/bench makes the namespaces and starts this."""

import argparse
import filecmp
import platform
import sys
from pathlib import Path

import node
from many import many
from one import memory, roles, unrelated
from stanzas import LINK

COUNTS = (1, 10, 100, 1000)
SOURCE = Path(__file__).resolve().parents[2] / "snf_network_helper"
TABLES = ("roles", "unrelated", "memory", "many")


def arguments() -> argparse.Namespace:
    """What tools/bench was called with."""
    parser = argparse.ArgumentParser(prog="tools/bench", description="Measures ifup and ifdown, in namespaces.")
    parser.add_argument("-n", type=int, default=40, metavar="RUNS", help="pairs of runs for each role (40)")
    parser.add_argument("--quick", action="store_true", help="10 pairs for each role, no more than 100 interfaces")
    parser.add_argument("--markdown", action="store_true", help="print the tables as docs/performance.md has them")
    parser.add_argument("--only", choices=TABLES, action="append", help="one of the tables, or several")
    parser.add_argument(
        "--package", type=Path, default=Path("/"), metavar="DIR", help="measure a package unpacked by dpkg-deb -x"
    )
    return parser.parse_args()


def warn_if_stale(package: Path) -> None:
    """Says so where what is measured is not what the checkout holds."""
    names = [path.name for path in SOURCE.glob("*.py")]
    _, differing, missing = filecmp.cmpfiles(SOURCE, package / node.PYTHON / SOURCE.name, names, shallow=False)
    if differing or missing:
        print("bench: the package is not that of this checkout:", *differing, *missing, file=sys.stderr)


def main() -> None:
    """Prints one table after the other."""
    options = arguments()
    rounds = 10 if options.quick else options.n
    tables = options.only or TABLES
    package = options.package.resolve()
    warn_if_stale(package)
    node.set_up(package)
    print(node.versions(), f"Python {platform.python_version()}", f"Linux {platform.release()}", sep=", ", flush=True)
    node.make_links([LINK])
    if "roles" in tables:
        roles(rounds, options.markdown)
    if "unrelated" in tables:
        unrelated(rounds, options.markdown)
    if "memory" in tables:
        memory(options.markdown)
    if "many" in tables:
        node.delete_links()
        many(COUNTS[:3] if options.quick else COUNTS, options.markdown)


main()
