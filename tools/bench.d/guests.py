"""Guests beside many others: a packet's round trip, beside the usual layout, and what attach takes.

tools/bench makes the namespaces and starts this; docs/guests.md has the figures. The other guests are links that lead
nowhere, with all the state that the plan of an attachment makes for them: it is written in one go, for thousands of
attaches take minutes.
"""

import argparse
import platform
import re
import sys
from collections.abc import Callable, Iterator
from itertools import groupby
from pathlib import Path
from statistics import median

import node
from network import ATTACH, DETACH, GATEWAYS, GUEST, LINK, STANZA, inside, plug, spawn_host, timed
from report import print_table

sys.path.append("/usr/lib/python3/dist-packages")

from snf_network_helper.changes.base import APPLIED, Change, Entry
from snf_network_helper.changes.selection import of_kind
from snf_network_helper.changes.shared import SharedChange
from snf_network_helper.guests.network import network_of
from snf_network_helper.guests.planning import facts_of
from snf_network_helper.journal.journal import Journal
from snf_network_helper.kernel import link
from snf_network_helper.plan.guest import plan
from snf_network_helper.stanza.attach_options import checked
from snf_network_helper.transaction.making import user_of


def other(number: int) -> tuple[str, str, str]:
    """Name and addresses of the n-th other guest."""
    high, low = 16 + number // 200, 10 + number % 200
    return f"t{number}", f"192.0.{high}.{low}", f"2001:db8::{high:x}:{low:x}"


def build(gateway: int, guest: int) -> None:
    """The network's link and one guest."""
    plug(gateway)
    node.run("ip", "link", "add", "tap0", "type", "veth", "peer", "name", "eth0", "netns", str(guest))
    inside(
        guest,
        "ip link set eth0 up;"
        f"ip addr add {GUEST[0]}/16 dev eth0; ip route add default via {GATEWAYS['IPv4']};"
        f"ip -6 addr add {GUEST[1]}/128 dev eth0 nodad; ip -6 route add default via fe80::1 dev eth0",
    )
    node.set_hooks(True)
    node.configure(STANZA)
    node.run("ifup", LINK)


def make_links(first: int, last: int) -> None:
    """The links of other guests, which have their ends elsewhere, as a tap's is in QEMU."""
    elsewhere = spawn_host()
    taps = [name for name, *_ in map(other, range(first, last))]
    lines = [f"link add {name} type veth peer name {name} netns {elsewhere}" for name in taps]
    node.run("ip", "-batch", "-", stdin="\n".join(lines) + "\n")


def populate(first: int, last: int) -> None:
    """Attaches other guests, as `attach` would one after the other."""
    make_links(first, last)
    network = network_of(LINK)
    plans = {}
    for number in range(first, last):
        name, *addresses = other(number)
        attachment = checked(name, network, addresses, "")
        attachment.link = link.number(name)
        plans[name] = plan(attachment, network, facts_of(network))
        entries = [Entry(change, APPLIED) for change in plans[name]]
        Journal(f"{name}:attached", entries=entries, request=attachment.request()).write()
        for change in of_kind(SharedChange, plans[name]):
            change.make(user_of(f"{name}:attached"))
    # All that goes into one batch for one guest does so for all of them, in the order of the plan
    for steps in zip(*plans.values(), strict=True):
        for _, changes in groupby(steps, type):
            make(list(changes))


def make(changes: list[Change]) -> None:
    """Makes changes of one kind, each another guest's."""
    user = user_of("bench:attached")
    if not of_kind(SharedChange, changes):
        changes[0].make_run([Entry(change) for change in changes], user)


def usual_layout(first: int, last: int) -> None:
    """What sites script: for each guest a rule of its own, of routing and of iptables."""
    if not first:
        for family in (["ip"], ["ip", "-6"]):
            node.run(*family, "rule", "add", "iif", "tap0", "lookup", "222")
        for tables in ("iptables", "ip6tables"):
            node.run(tables, "-A", "FORWARD", "-i", "tap0", "-j", "ACCEPT")
    for family in (["ip"], ["ip", "-6"]):
        lines = [f"rule add iif {other(number)[0]} lookup 222 priority 31000" for number in range(first, last)]
        node.run(*family, "-batch", "-", stdin="\n".join(lines) + "\n")
    for restore in ("iptables-restore", "ip6tables-restore"):
        lines = [f"-I FORWARD 1 -i {other(number)[0]} -j ACCEPT" for number in range(first, last)]
        node.run(restore, "--noflush", stdin="\n".join(["*filter", *lines, "COMMIT"]) + "\n")


def clear_usual_layout() -> None:
    """Removes these rules."""
    for family in (["ip"], ["ip", "-6"]):
        there = [line.split(":\t")[1] for line in node.run(*family, "rule").splitlines() if "iif t" in line]
        lines = [f"rule del {rule.removeprefix('from all ').replace(' [detached]', '')}" for rule in there]
        node.run(*family, "-batch", "-", stdin="\n".join(lines) + "\n")
    for tables in ("iptables", "ip6tables"):
        node.run(tables, "-F", "FORWARD")


def round_trip(guest: int, family: str, echoes: int) -> float:
    """The median round trip from the guest to the gateway, in microseconds."""
    said = inside(guest, f"ping -n -i 0.0005 -c {echoes} -W 1 {GATEWAYS[family]}")
    times = [float(text) * 1000 for text in re.findall(r" time=([0-9.]+) ms", said)]
    if len(times) < echoes * 0.99:
        raise SystemExit(f"bench: {len(times)} of {echoes} echoes came back")
    return median(times)


def growing(
    counts: list[int], grow: Callable[[int, int], None], measure: Callable[[], list[float]]
) -> Iterator[tuple[int, list[float]]]:
    """What is measured beside each number of other guests."""
    there = 0
    for count in counts:
        if count > there or not count:
            grow(there, count)
        there = count
        yield count, measure()


def main() -> None:
    """Prints both tables."""
    parser = argparse.ArgumentParser(prog="tools/bench guests", description=__doc__.partition("\n")[0])
    parser.add_argument("-n", type=int, default=20, metavar="RUNS", help="attaches for each figure (20)")
    parser.add_argument("--echoes", type=int, default=4000, help="echoes for each figure (4000)")
    parser.add_argument("--counts", type=int, nargs="+", default=[0, 1000, 4000], help="other guests (0 1000 4000)")
    parser.add_argument("--markdown", action="store_true", help="print the tables as docs/guests.md has them")
    options = parser.parse_args()

    node.set_up(Path("/"))
    print(node.versions(), f"Python {platform.python_version()}", f"Linux {platform.release()}", sep=", ", flush=True)
    gateway, guest = spawn_host(), spawn_host()
    build(gateway, guest)

    def trips() -> list[float]:
        measured = [[round_trip(guest, family, options.echoes // 4) for _ in range(4)] for family in GATEWAYS]
        return [min(medians) for medians in measured]

    def attaches() -> list[float]:
        node.run(*DETACH)
        up, down = [], []
        for _ in range(options.n):
            up.append(timed(ATTACH))
            down.append(timed(DETACH))
        node.run(*ATTACH)
        measured = trips()
        node.run("ifdown", LINK)
        plug(gateway)
        return [*measured, median(up), min(up), median(down), min(down), timed(["ifup", LINK])]

    node.run(*ATTACH)
    usual = dict(growing(options.counts, usual_layout, trips))
    clear_usual_layout()
    ours = dict(growing(options.counts, lambda first, last: populate(first, last) if last else None, attaches))
    head = ["other guests", *(f"{layout}, {family}" for layout in ("attach", "usual") for family in GATEWAYS)]
    rows = [[str(count), *(f"{trip:.0f}" for trip in (*ours[count][:2], *usual[count]))] for count in options.counts]
    few, many = options.counts[0], options.counts[-1]
    pairs = zip((*ours[few][:2], *usual[few]), (*ours[many][:2], *usual[many]), strict=True)
    rows.append([f"{many} / {few}", *(f"{late / early:.2f}" for early, late in pairs)])
    print_table("Median round trip from a guest to the gateway, µs", head, rows, options.markdown)
    head = ["other guests", "attach", "fastest", "detach", "fastest"]
    rows = [[str(count), *(f"{took:.1f}" for took in ours[count][2:6])] for count in options.counts]
    rows.append([f"{many} / {few}", *(f"{ours[many][column] / ours[few][column]:.2f}" for column in range(2, 6))])
    print_table("attach and detach without the probe, ms", head, rows, options.markdown)
    head = ["other guests", "ifup", "for each"]
    alone = ours[few][6]
    rows = [
        [str(count), f"{ours[count][6]:.0f}", f"{(ours[count][6] - alone) / (count - few):.1f}" if count > few else ""]
        for count in options.counts
    ]
    print_table("ifup with guests attached, ms", head, rows, options.markdown)


main()
