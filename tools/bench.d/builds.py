"""Another build of the package beside the installed one, in turns: ifup, ifdown, attach, detach, by their ratios.

tools/bench makes the namespaces and starts this. The other build is one that `dpkg-deb -x` has unpacked.
"""

import argparse
from collections.abc import Callable
from pathlib import Path

import node
import stanzas
from network import ATTACH, GUEST, LINK, STANZA, plug, spawn_host, timed
from report import middle, print_table, ratio

Costs = dict[str, list[float]]


def in_turns(rounds: int, measure: Callable[[bool, Costs], None]) -> tuple[Costs, Costs]:
    """What the other build and the installed one cost, run by run; whatever else the machine does hits both alike."""
    costs: tuple[Costs, Costs] = ({}, {})
    for is_other in (True, False):  # once to warm up
        measure(is_other, {})
    for number in range(rounds):
        for is_other in (number % 2 == 0, number % 2 == 1):
            measure(is_other, costs[not is_other])
    return costs


def rows(title: str, costs: tuple[Costs, Costs]) -> list[list[str]]:
    """A row for each thing measured."""
    other, ours = costs
    return [
        [f"{title}: {what}", middle(other[what]), middle(ours[what]), ratio(ours[what], other[what])] for what in ours
    ]


def main() -> None:
    """Prints one table."""
    parser = argparse.ArgumentParser(prog="tools/bench builds", description=__doc__.partition("\n")[0])
    about = "the other build, unpacked by dpkg-deb -x"
    parser.add_argument("--package", type=Path, metavar="DIR", required=True, help=about)
    parser.add_argument("-n", type=int, default=40, metavar="RUNS", help="pairs of runs for each figure (40)")
    parser.add_argument("--markdown", action="store_true", help="print the table in Markdown")
    options = parser.parse_args()
    node.set_up(Path("/"))
    package = options.package.resolve()
    hooks, command = node.add_build("other", package, package / "etc/network")
    our_hooks, our_command = node.add_build("ours", Path("/"), node.HOOKS_OFF)
    table = []

    node.make_links([stanzas.LINK])
    for pair in stanzas.PAIRS:

        def ifup_ifdown(is_other: bool, costs: Costs) -> None:
            node.set_hooks(True, hooks if is_other else our_hooks)
            for what in ("ifup", "ifdown"):
                costs.setdefault(what, []).append(node.cost(what, stanzas.LINK)[0])

        node.configure(pair.compact)
        table += rows(pair.role, in_turns(options.n, ifup_ifdown))

    plug(spawn_host())
    taps = ("tap0", "tap1")  # what a build has left to the background looks at the journal of its own TAP alone
    for tap in taps:
        node.run("ip", "link", "add", tap, "type", "veth", "peer", "name", "eth0", "netns", str(spawn_host()))
    node.set_hooks(True)
    node.configure(STANZA)
    node.run("ifup", LINK)
    for title, addresses in (("dual stack", GUEST), ("IPv4", GUEST[:1])):

        def attach_detach(is_other: bool, costs: Costs, addresses: tuple[str, ...] = addresses) -> None:
            build, tap = (command, taps[0]) if is_other else (our_command, taps[1])
            costs.setdefault("attach", []).append(timed([*build, "attach", tap, *ATTACH[3 : -len(GUEST)], *addresses]))
            costs.setdefault("detach", []).append(timed([*build, "detach", tap]))

        table += rows(title, in_turns(options.n, attach_detach))
    print(node.versions())
    head = ["ms", "other build", "installed", "ratio"]
    print_table("The installed build beside another one", head, table, options.markdown)


main()
