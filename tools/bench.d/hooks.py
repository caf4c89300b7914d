"""Ifup and ifdown of the compact stanzas, beside those of the stanzas written by hand.

tools/bench makes the namespaces and starts this. docs/performance.md has the figures.
"""

import argparse
import platform
from pathlib import Path

import node
from again import again
from many import many
from one import memory, roles, unrelated
from stanzas import LINK

COUNTS = (1, 10, 100, 1000)
TABLES = ("roles", "unrelated", "memory", "many", "again")


def arguments() -> argparse.Namespace:
    """What tools/bench was called with."""
    parser = argparse.ArgumentParser(prog="tools/bench hooks", description=__doc__.partition("\n")[0])
    parser.add_argument("-n", type=int, default=40, metavar="RUNS", help="pairs of runs for each role (40)")
    parser.add_argument("--quick", action="store_true", help="10 pairs for each role, no more than 100 interfaces")
    parser.add_argument("--markdown", action="store_true", help="print the tables as docs/performance.md has them")
    parser.add_argument("--only", choices=TABLES, action="append", help="one of the tables, or several")
    parser.add_argument(
        "--package", type=Path, default=Path("/"), metavar="DIR", help="measure a package unpacked by dpkg-deb -x"
    )
    return parser.parse_args()


def main() -> None:
    """Prints one table after the other."""
    options = arguments()
    rounds = 10 if options.quick else options.n
    tables = options.only or TABLES
    node.set_up(options.package.resolve())
    print(node.versions(), f"Python {platform.python_version()}", f"Linux {platform.release()}", sep=", ", flush=True)
    node.make_links([LINK])
    if "roles" in tables:
        roles(rounds, options.markdown)
    if "unrelated" in tables:
        unrelated(rounds, options.markdown)
    if "memory" in tables:
        memory(options.markdown)
    counts = COUNTS[:3] if options.quick else COUNTS
    node.delete_links()
    if "many" in tables:
        many(counts, options.markdown)
    if "again" in tables:
        again(counts, options.markdown)


main()
