"""A small data centre: an L2 segment with a router and two nodes that host VMs, and an internet beyond the router.

    vm1 ─┐
    vm2 ─┴ node1 ──┐ eth0.222           eth0
                   ├─────────── router ────── internet ─ 203.0.113.80, 2001:db8:80::80
    vm3 ── node2 ──┘ 192.0.2.0/24      198.51.100.0/24
                     2001:db8::/64     2001:db8:64::/64

The nodes have their eth0 in the router's uplink network too, so a default route that nothing routed should ever use
is there to go wrong. With `router_hosts_vms`, node1 is the router.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from lab.host import Host, Switch
from lab.stanzas import SUBNET, SUBNET6
from lab.vm import Subnet, attach, detach

INTERNET, INTERNET6 = "203.0.113.80", "2001:db8:80::80"
LAN, LAN6 = "198.51.100.", "2001:db8:64::"
ROUTER_NUMBER = 2


@dataclass(frozen=True)
class VirtualMachine:
    """A VM's host and addresses."""

    host: Host
    address: str
    address6: str

    def at(self, family: str) -> str:
        """Its address of one family."""
        return self.address if family == "IPv4" else self.address6


@dataclass(frozen=True)
class DataCenter:
    """The hosts by the parts they play."""

    segment: Switch
    lan: Switch
    internet: Host
    router: Host
    node1: Host
    node2: Host
    vm1: VirtualMachine
    vm2: VirtualMachine
    vm3: VirtualMachine
    link: str

    @property
    def routed_hosts(self) -> list[Host]:
        """The hosts with a link to the segment, the router first."""
        return list(dict.fromkeys([self.router, self.node1, self.node2]))

    def bring_up(self, router: str, vmc: str) -> None:
        """Give every routed host its link to the segment and its stanzas, and type `ifup` there."""
        for host in self.routed_hosts:
            self.segment.plug(host, self.link)
            host.interfaces(router if host is self.router else vmc)
            host.run(f"ifup {self.link}")

    def route_back(self) -> None:
        """Let the internet know the way to the subnets, as it does for public ones."""
        self.internet.run(
            f"""
            ip route add {SUBNET} via {LAN}{ROUTER_NUMBER}
            ip -6 route add {SUBNET6} via {LAN6}{ROUTER_NUMBER}
            """
        )

    def attach_vms(self, ipv4: bool = True, ipv6: bool = True) -> None:
        """Start the VMs: what a node does for each, with the addresses of these families."""
        for vm, node, tap in self.places:
            attach(node, vm.host, tap, vm.address if ipv4 else "", vm.address6 if ipv6 else "", Subnet(self.link))

    def detach_vms(self) -> None:
        """Stop the VMs, and take back what was done for each."""
        for _, node, tap in self.places:
            detach(node, tap, Subnet(self.link))

    @property
    def places(self) -> list[tuple[VirtualMachine, Host, str]]:
        """Where each VM runs, and by which TAP."""
        return [(self.vm1, self.node1, "tap0"), (self.vm2, self.node1, "tap1"), (self.vm3, self.node2, "tap0")]

    def settle(self) -> None:
        """Wait until IPv6 has settled everywhere."""
        for host in [self.internet, *self.routed_hosts, self.vm1.host, self.vm2.host, self.vm3.host]:
            host.settle()


@contextmanager
def data_center(router_hosts_vms: bool = False, link: str = "eth0.222") -> Iterator[DataCenter]:
    """Build the data centre up to the point where the administrator types `ifup`."""
    with ExitStack() as stack:

        def host(name: str) -> Host:
            return stack.enter_context(Host(name))

        segment, lan = Switch("segment"), Switch("lan")
        stack.enter_context(segment)
        stack.enter_context(lan)
        node1, node2 = host("node1"), host("node2")
        router = node1 if router_hosts_vms else host("router")
        internet = host("internet")
        plug_into_lan(lan, internet, 1)
        internet.run(
            f"""
            ip addr add {INTERNET}/32 dev lo
            ip -6 addr add {INTERNET6}/128 dev lo
            """
        )
        numbers = {node1: 11, node2: 12, router: ROUTER_NUMBER}
        for routed, number in numbers.items():
            plug_into_lan(lan, routed, number)
            routed.run(
                f"""
                ip route add default via {LAN}1
                ip -6 route add default via {LAN6}1
                """
            )
        vm1, vm2, vm3 = (
            VirtualMachine(host(f"vm{number}"), f"192.0.2.{number + 10}", f"2001:db8::{number + 10}")
            for number in (1, 2, 3)
        )
        yield DataCenter(segment, lan, internet, router, node1, node2, vm1, vm2, vm3, link)


def plug_into_lan(lan: Switch, host: Host, number: int) -> None:
    """Give a host its eth0 with an address of either family."""
    lan.plug(host, "eth0")
    host.run(
        f"""
        ip addr add {LAN}{number}/24 dev eth0
        ip -6 addr add {LAN6}{number}/64 dev eth0
        ip link set eth0 up
        """
    )
