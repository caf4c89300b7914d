"""Ifup and ifdown of a routed interface beside a plain one, with each ifupdown, in a Debian root of its own.

tools/bench makes the namespaces and starts this. docs/performance.md has the figures.
"""

import argparse
import tempfile
import time
from pathlib import Path

from report import difference, middle, print_table
from roots import KINDS, Node, node

PLAIN = "iface eth1 inet manual\n"
ROUTED = f"{PLAIN}    routed-subnet 192.0.2.0/24\n    routed-gateway 192.0.2.1\n    routed-table 222\n"


def timed(host: Node, command: str) -> float:
    """Milliseconds."""
    began = time.perf_counter()
    host.run(command)
    return (time.perf_counter() - began) * 1000


def rows(kind: str, host: Node, rounds: int) -> list[list[str]]:
    """One for each direction; the two files take turns, so whatever else the machine does hits both alike."""
    costs: dict[tuple[str, str], list[float]] = {}
    for number in range(rounds + 1):
        for text in (PLAIN, ROUTED):
            host.interfaces(text)
            for command in ("ifup", "ifdown"):
                took = timed(host, f"{command} eth1")
                if number:  # the first round warms up
                    costs.setdefault((command, text), []).append(took)
    pairs = [(command, costs[command, PLAIN], costs[command, ROUTED]) for command in ("ifup", "ifdown")]
    return [
        [f"{kind}: {command}", middle(plain), middle(routed), difference(routed, plain)]
        for command, plain, routed in pairs
    ]


def main() -> None:
    """Prints one table."""
    parser = argparse.ArgumentParser(prog="tools/bench ifupdowns", description=__doc__.partition("\n")[0])
    parser.add_argument("--deb", type=Path, metavar="FILE", required=True, help="the package as it was built")
    parser.add_argument("-n", type=int, default=10, metavar="RUNS", help="pairs of runs for each figure (10)")
    parser.add_argument("--markdown", action="store_true", help="print the table in Markdown")
    options = parser.parse_args()
    table = []
    for kind in KINDS:
        with tempfile.TemporaryDirectory() as directory, node(Path(directory), kind, options.deb.resolve()) as host:
            table += rows(kind, host, options.n)
    print_table("A routed interface with each ifupdown", ["ms", "plain", "routed", "more"], table, options.markdown)


main()
