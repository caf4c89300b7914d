"""A tour through a small data centre: stanzas, what they stand for, what they carry, and nothing left behind."""

from __future__ import annotations

import os
import re
import sys
import time

from lab.datacenter import INTERNET, INTERNET6, DataCenter, data_center
from lab.host import Host
from lab.packets import Tap, hardware_address
from lab.snapshot import Snapshot, snapshot
from lab.stanzas import ARP_IP, GATEWAY, GATEWAY6, Stanza
from lab.traffic import reaches

LINK = "eth0.222"
ROUTER = Stanza("router", nat=True, nat6=True)
NODE = Stanza("vmc")

BOLD, DIM, RED, GREEN, BLUE, YELLOW = "1", "2", "1;31", "1;32", "1;34", "33"

DIAGRAM = """
    vm1 192.0.2.11 ─┐
    vm2 192.0.2.12 ─┴ node1 ──┐ eth0.222              eth0
                              ├───────────── router ─────── internet 203.0.113.80
    vm3 192.0.2.13 ── node2 ──┘ 192.0.2.0/24   NAT          2001:db8:80::80
                                2001:db8::/64
"""


def colour(text: str, code: str) -> str:
    """The text in colour, unless that is not wanted (no-color.org)."""
    return text if "NO_COLOR" in os.environ else f"\033[{code}m{text}\033[0m"


class Tour:
    """Shows each step as it happens, and keeps count of what went wrong."""

    def __init__(self) -> None:
        self.right = 0
        self.wrong: list[str] = []

    def title(self, text: str) -> None:
        """A new part of the tour."""
        print(f"\n{colour(text, BOLD)}")

    def check(self, what: str, holds: bool, remark: str = "") -> None:
        """One line for one thing that must hold."""
        if holds:
            self.right += 1
        else:
            self.wrong.append(what)
        mark = colour("ok", GREEN) if holds else colour("FAILED", RED)
        print(f"    {what:<60} {mark} {colour(remark, DIM) if remark else ''}".rstrip())

    def show(self, host: Host, command: str, code: str = DIM) -> str:
        """Type a command on a host, and show what it prints."""
        print(f"  {colour(f'{host.name}#', BLUE)} {command}")
        output = host.run(command)
        for line in output.splitlines():
            print(f"      {colour(line, code)}")
        return output

    def do(self, host: Host, command: str) -> None:
        """Type a command that has nothing to say, and show how long it takes."""
        started = time.monotonic()
        done = host.attempt(command)
        elapsed = time.monotonic() - started
        prompt = f"{host.name}#"
        self.check(f"{prompt} {command}", done.returncode == 0 and not done.stderr, f"{elapsed * 1000:.0f} ms")
        for line in done.stderr.splitlines():
            print(f"      {colour(line, RED)}")

    def ping(self, source: Host, address: str, what: str) -> None:
        """Ping until an answer comes, and show how long the next one takes."""
        holds = reaches(source, address)
        answer = source.attempt(f"ping -n -c 1 -W 2 {address}").stdout
        took = re.search(r"time=(\S+ ms)", answer)
        self.check(f"{what:<36} {source.name} → {address}", holds, took[1] if took else "")

    def verdict(self) -> int:
        """Say how it went; the exit code."""
        print()
        if self.wrong:
            print(colour(f"{len(self.wrong)} of {self.right + len(self.wrong)} checks failed:", RED))
            for what in self.wrong:
                print(colour(f"    {' '.join(what.split())}", RED))
            return 1
        print(colour(f"All {self.right} checks passed. ", GREEN) + "This machine's own network was not touched.")
        return 0


def main() -> int:
    """The whole tour."""
    tour = Tour()
    with data_center() as center:
        tour.title("A data centre in network namespaces; nothing in it forwards packets yet")
        print(colour(DIAGRAM.strip("\n"), YELLOW))
        center.settle()
        before = {host: snapshot(host) for host in center.routed_hosts}
        show_stanzas(tour, center)
        show_ifup(tour, center)
        center.attach_vms()
        center.settle()
        show_traffic(tour, center)
        show_ifdown(tour, center, before)
    return tour.verdict()


def show_stanzas(tour: Tour, center: DataCenter) -> None:
    """The compact stanza and the plan behind it."""
    for host in center.routed_hosts:
        center.segment.plug(host, LINK)
        host.interfaces(str(ROUTER if host is center.router else NODE))
    tour.title("What the administrator writes on a node that hosts VMs")
    tour.show(center.node1, "cat /etc/network/interfaces", GREEN)
    tour.title("… and on the router")
    tour.show(center.router, "cat /etc/network/interfaces", GREEN)
    tour.title("What ifup will do with it")
    planned = tour.show(center.node1, f"snf-network-helper plan {LINK}")
    tour.check(f"two lines of options stand for {len(planned.splitlines())} commands", bool(planned))


def show_ifup(tour: Tour, center: DataCenter) -> None:
    """The real ifup, with the hook of the installed package."""
    tour.title("ifup, as Debian ships it")
    for host in center.routed_hosts:
        tour.do(host, f"ifup {LINK}")


def show_traffic(tour: Tour, center: DataCenter) -> None:
    """Pings everywhere, and what the segment hears meanwhile."""
    vm1, vm2, vm3 = center.vm1, center.vm2, center.vm3
    with Tap(center.segment, center.segment.port(center.node1, LINK)) as wire:
        for family, gateway, internet in (("IPv4", GATEWAY, INTERNET), ("IPv6", GATEWAY6, INTERNET6)):
            tour.title(f"Real packets, {family}")
            tour.ping(vm1.host, gateway, "VM → gateway")
            tour.ping(center.router, vm1.at(family), "gateway → VM")
            tour.ping(vm1.host, vm2.at(family), "VM → VM on the same node")
            tour.ping(vm1.host, vm3.at(family), "VM → VM on another node")
            tour.ping(vm1.host, internet, "VM → internet, with NAT")
            tour.ping(center.node1, vm3.at(family), "node → VM on another node")
            tour.ping(center.node1, vm1.at(family), "node → its own VM")
        heard = list(wire.heard())
    tour.title(f"ARP on the wire of node1 ({hardware_address(center.node1, LINK)})")
    arp = list(dict.fromkeys(str(said) for said in heard if said.target.version == 4))
    for line in arp:
        print(f"      {colour(line, YELLOW if line.endswith(ARP_IP) else DIM)}")
    tour.check(f"node1 asked for the gateway in the name of {ARP_IP}", f"who-has {GATEWAY} tell {ARP_IP}" in arp)
    lan_address = center.node1.run("ip -o -4 addr show dev eth0").split()[3].split("/")[0]
    tour.check("and never in the name of its own address", f"tell {lan_address}" not in " ".join(arp))


def show_ifdown(tour: Tour, center: DataCenter, before: dict[Host, Snapshot]) -> None:
    """Everything back as it was."""
    tour.title("The VMs stop; ifdown")
    center.detach_vms()
    for host in center.routed_hosts:
        tour.do(host, f"ifdown {LINK}")
    tour.title("Rules, routes, addresses, neighbours, arptables, iptables and sysctls, before and after")
    for host in center.routed_hosts:
        after = snapshot(host)
        difference = before[host].difference(after)
        tour.check(f"{host.name}: nothing left behind", not difference, f"{len(after.lines)} lines compared")
        for line in difference.splitlines():
            print(f"      {colour(line, RED)}")


if __name__ == "__main__":
    sys.exit(main())
