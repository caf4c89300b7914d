"""Subnets of one network, each with a gateway of its own: guests leave by that of their subnet."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

import pytest
from guestlab import attach, detach, leftovers, plug
from lab.host import Host, Switch
from lab.snapshot import Snapshot, snapshot
from lab.traffic import echoes, reaches

LINK = "eth1"
ONE, OTHER, WITHOUT = "192.0.2.", "198.51.100.", "203.0.113."
ONE6, OTHER6 = "2001:db8:1::", "2001:db8:2::"
SUBNETS = f"{ONE}0/24 {OTHER}0/24 {WITHOUT}0/24 {ONE6}/64 {OTHER6}/64"
GATEWAYS = f"{ONE}1 {OTHER}1 {ONE6}1 {OTHER6}1"
FIRST, SECOND = f"{ONE}1 {ONE6}1", f"{OTHER}1 {OTHER6}1"
# What only one of the routers has behind it
BEHIND_FIRST, BEHIND_SECOND = ("198.18.0.1", "2001:db8:80::1"), ("198.18.0.2", "2001:db8:80::2")
GUESTS = {"tap0": (f"{ONE}10", f"{ONE6}10"), "tap1": (f"{OTHER}10", f"{OTHER6}10"), "tap2": (f"{WITHOUT}10",)}


@dataclass(frozen=True)
class Nodes:
    """The node with its guests, a router for each gateway, or one that has all, and the node before ifup."""

    node: Host
    guests: dict[str, Host]
    before: Snapshot

    def attach_all(self) -> None:
        """Attaches all guests."""
        for tap, addresses in GUESTS.items():
            attach(self.node, tap, *addresses, network=LINK, options="--no-probe")
            self.guests[tap].settle()

    def leave(self, tap: str, by: tuple[str, ...], not_by: tuple[str, ...] = ()) -> None:
        """Has a guest reach what is behind one router, and not what is behind the other."""
        families = [":" in address for address in GUESTS[tap]]
        for address in by:
            assert (":" not in address or True not in families) or reaches(self.guests[tap], address), (tap, address)
        for address in not_by:
            assert not echoes(self.guests[tap], address), (tap, address)


def stanza(gateways: str = GATEWAYS, tables: str = "222 1222", role: str = "vmc") -> str:
    lines = [f"auto {LINK}", f"iface {LINK} inet manual", f"routed-role {role}", f"routed-subnet {SUBNETS}"]
    return "\n".join([*lines, f"routed-gateway {gateways}", *([f"routed-table {tables}"] if tables else [])])


@contextmanager
def nodes(gateways: str = GATEWAYS, tables: str = "222 1222", role: str = "vmc") -> Iterator[Nodes]:
    with ExitStack() as stack:
        segment = stack.enter_context(Switch("segment"))
        node = stack.enter_context(Host("node"))
        segment.plug(node, LINK)
        routers = {} if role != "vmc" else {FIRST: BEHIND_FIRST, SECOND: BEHIND_SECOND}
        for number, (own, behind) in enumerate(routers.items(), start=1):
            router = stack.enter_context(Host(f"router{number}"))
            segment.plug(router, LINK)
            router.run("".join(f"ip addr add {address} dev lo\n" for address in behind))
            prefix, prefix6 = (ONE, ONE6) if number == 1 else (OTHER, OTHER6)
            subnets = f"{prefix}0/24 {prefix6}/64" + f" {WITHOUT}0/24" * (number == 1)
            router.interfaces(f"iface {LINK} inet manual\nrouted-role router\nrouted-subnet {subnets}\n"
                              f"routed-gateway {own}")  # fmt: skip
            router.run(f"ifup {LINK}")
            router.settle()
        node.interfaces(stanza(gateways, tables, role))
        before = snapshot(node)
        node.run(f"ifup {LINK}")
        node.settle()
        guests = {}
        for tap, addresses in GUESTS.items():
            guest = guests[tap] = stack.enter_context(Host(f"guest-{tap}"))
            plug(node, guest, tap)
            for address in addresses:
                if ":" in address:
                    guest.run(f"ip -6 addr add {address}/128 dev eth0 nodad")
                    guest.run("ip -6 route add default via fe80::1 dev eth0")
                else:
                    own = f"{ONE}1" if tap == "tap2" else f"{address[:-2]}1"
                    guest.run(f"ip addr add {address}/24 dev eth0; ip route add default via {own} dev eth0 onlink")
        yield Nodes(node, guests, before)


def test_guests_leave_by_the_gateway_of_their_subnet() -> None:
    with nodes() as here:
        here.attach_all()
        here.leave("tap0", BEHIND_FIRST, BEHIND_SECOND)
        here.leave("tap1", BEHIND_SECOND, BEHIND_FIRST)
        here.leave("tap2", BEHIND_FIRST[:1], BEHIND_SECOND[:1])
        for tap in GUESTS:
            for other in GUESTS:
                assert tap == other or reaches(here.guests[tap], GUESTS[other][0]), (tap, other)
        assert reaches(here.guests["tap0"], GUESTS["tap1"][1])
        assert here.node.attempt("snf-network-helper status").returncode == 0
        askers = here.node.run("nft list map arp snf_network_helper askers")
        assert f'"tap1" : {OTHER}1' in askers
        assert f'"tap2" : {WITHOUT}1' in askers  # which is in its own subnet, as its client may want


def test_all_is_undone_and_guests_never_leave_by_the_routes_of_the_node() -> None:
    with nodes() as here, Switch("lan") as lan, Host("far") as far:
        here.attach_all()
        for host, number in ((here.node, 1), (far, 2)):
            lan.plug(host, "eth9")
            host.run(f"ip addr add 10.9.9.{number}/24 dev eth9; ip link set eth9 up; sysctl -qw net.ipv4.ip_forward=1")
        here.node.run("ip route add default via 10.9.9.2")
        far.run(f"ip addr add {BEHIND_SECOND[0]} dev lo; ip route add {OTHER}0/24 via 10.9.9.1")
        here.node.run(f"ifdown {LINK}")
        assert not echoes(here.guests["tap1"], BEHIND_SECOND[0])
        here.node.run(f"ip link set {LINK} up; ifup {LINK}")
        here.node.settle()
        here.leave("tap1", BEHIND_SECOND, BEHIND_FIRST)
        assert here.node.attempt("snf-network-helper status").returncode == 0
        here.node.run(f"ip link del eth9; ifdown {LINK}; sysctl -qw net.ipv4.ip_forward=0")
        for tap in GUESTS:
            detach(here.node, tap)
        assert leftovers(here.node) == []
        here.node.run("".join(f"ip link del {tap}\n" for tap in GUESTS))
        assert here.before.difference(snapshot(here.node)) == ""


def test_a_gateway_comes_and_goes_while_guests_are_attached() -> None:
    with nodes(FIRST, "222") as here:
        here.attach_all()
        here.leave("tap1", BEHIND_FIRST[:0], BEHIND_SECOND)
        for gateways, tables in ((GATEWAYS, "222 1222"), (FIRST, "222"), (GATEWAYS, "222 1222")):
            here.node.interfaces(stanza(gateways, tables))
            here.node.run(f"ifup --force {LINK}")
            assert here.node.attempt("snf-network-helper status").returncode == 0
            assert ("lookup 1222" in here.node.run("ip rule; ip -6 rule")) == (tables != "222")
            assert ("1222" in here.node.run("ip route show table all")) == (tables != "222")
        here.leave("tap0", BEHIND_FIRST, BEHIND_SECOND)
        here.leave("tap1", BEHIND_SECOND, BEHIND_FIRST)


@pytest.mark.parametrize("role", ["router", "router-vmc"])
def test_a_router_has_all_gateways(role: str) -> None:
    with nodes(GATEWAYS, "222" if role == "router-vmc" else "", role) as here:
        shown = here.node.run(f"ip -o addr show dev {LINK}")
        for gateway in GATEWAYS.split():
            assert f" {gateway}/" in shown
        if role == "router-vmc":
            here.attach_all()
            for tap, addresses in GUESTS.items():
                own = {"tap0": FIRST, "tap1": SECOND, "tap2": f"{ONE}1"}[tap]
                for gateway in own.split()[: len(addresses)]:
                    assert reaches(here.guests[tap], gateway)
            refused = here.node.attempt(f"snf-network-helper attach tap0 --network {LINK} --ip {OTHER}1 --no-probe")
            assert "expected an address that a virtual machine may have" in refused.stderr
        here.node.run(f"ifdown {LINK}")


def test_what_is_told_to_guests_is_the_gateway_of_their_subnet() -> None:
    with nodes() as here:
        here.node.run("mkdir -p /run/lib/nfdhcpd; mount -t overlay -o lowerdir=/run/lib:/var/lib overlay /var/lib")
        here.node.run("mount -t tmpfs tmpfs /var/lib/nfdhcpd")
        addresses = " ".join(GUESTS["tap1"])
        here.node.run(
            f"snf-network-helper attach tap1 --network {LINK} --ip {addresses} --mac 52:54:00:12:34:56 --no-probe"
        )
        told = here.node.run("cat /var/lib/nfdhcpd/tap1").splitlines()
        expected = f"--network {LINK} --ip {WITHOUT}10 --subnet {WITHOUT}0/24 --gateway {OTHER}1"
        wrong = here.node.attempt(f"snf-network-helper attach tap2 {expected}")
        assert wrong.stderr == f"tap2: --gateway {OTHER}1: {LINK} has {ONE}1 {ONE6}1 {OTHER6}1\n"
        assert f"GATEWAY={OTHER}1" in told
        assert f"GATEWAY6={OTHER6}1" in told
