"""A routed interface that is the node's own main link: what comes in there for others goes where main says."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from ipaddress import ip_address

import pytest
from lab.host import Host, Switch
from lab.packets import Answer, Tap
from lab.snapshot import Snapshot, snapshot
from lab.traffic import reaches
from lab.vm import Subnet, attach
from lab.waiting import comes_true

LINK = "eth0"
GATEWAY, GATEWAY6 = "192.0.2.1", "2001:db8::1"
NODE, NODE6 = "192.0.2.5", "2001:db8::5"
INNER, INNER6 = "172.17.0.", "fd00:17::"
GUEST, GUEST6 = "192.0.2.10", "2001:db8::10"
FAR, FAR6 = "203.0.113.80", "2001:db8:80::80"

OWN_ADDRESS = f"""
ip addr add {NODE}/24 dev {LINK}
ip -6 addr add {NODE6}/64 dev {LINK} nodad
ip link set {LINK} up
ip route add default via {GATEWAY}
ip -6 route add default via {GATEWAY6}
"""

# As Docker and libvirt make it, after the network has come up
INNER_NETWORK = f"""
ip addr add {INNER}1/16 dev br0
ip -6 addr add {INNER6}1/64 dev br0 nodad
ip link set br0 up
for link in br0 {LINK}; do
    for version in ipv4 ipv6; do echo 1 > /proc/sys/net/$version/conf/$link/forwarding; done
    force=/proc/sys/net/ipv6/conf/$link/force_forwarding
    [ ! -e $force ] || echo 1 > $force
done
iptables -t nat -A POSTROUTING -s {INNER}0/16 ! -o br0 -j MASQUERADE
ip6tables -t nat -A POSTROUTING -s {INNER6}/64 ! -o br0 -j MASQUERADE
"""

STANZA = f"""
iface {LINK} inet manual
    routed-subnet  192.0.2.0/24 198.51.100.7/32 2001:db8::/64
    routed-gateway {GATEWAY} {GATEWAY6}
    routed-table   222
"""


@dataclass(frozen=True)
class Nodes:
    """The gateway of the link, with the internet behind it; the node, and a container on it."""

    gateway: Host
    node: Host
    container: Host


@contextmanager
def nodes() -> Iterator[Nodes]:
    with ExitStack() as stack:
        gateway, node, container = (stack.enter_context(Host(name)) for name in ("gateway", "node", "container"))
        segment, inner = stack.enter_context(Switch("segment")), stack.enter_context(Switch("inner"))
        segment.plug(gateway, "eth0")
        gateway.run(
            f"""
            ip addr add {FAR}/32 dev lo
            ip -6 addr add {FAR6}/128 dev lo
            ip addr add {GATEWAY}/24 dev eth0
            ip -6 addr add {GATEWAY6}/64 dev eth0 nodad
            ip link set eth0 up
            """
        )
        segment.plug(node, LINK)
        node.run(OWN_ADDRESS)
        node.interfaces(STANZA)
        node.run(f"ifup {LINK}")
        inner.plug(node, "br0")
        inner.plug(container, "eth0")
        node.run(INNER_NETWORK)
        container.run(
            f"""
            ip addr add {INNER}2/16 dev eth0
            ip -6 addr add {INNER6}2/64 dev eth0 nodad
            ip link set eth0 up
            ip route add default via {INNER}1
            ip -6 route add default via {INNER6}1
            """
        )
        for host in (gateway, node, container):
            host.settle()
        yield Nodes(gateway, node, container)


@pytest.mark.parametrize("address", [FAR, FAR6, GATEWAY, GATEWAY6])
def test_answers_find_the_way_to_another_network_of_the_node(address: str) -> None:
    with nodes() as here:
        assert reaches(here.container, address)


def test_others_on_the_link_reach_another_network_of_the_node() -> None:
    with nodes() as here:
        here.gateway.run(f"ip route add {INNER}0/16 via {NODE}; ip -6 route add {INNER6}/64 via {NODE6}")
        assert reaches(here.gateway, f"{INNER}2")
        assert reaches(here.gateway, f"{INNER6}2")


def test_guests_work_and_reach_everybody() -> None:
    with nodes() as here, Host("guest") as guest:
        attach(here.node, guest, "tap0", GUEST, GUEST6, Subnet(LINK))
        guest.settle()
        for address in (GATEWAY, GATEWAY6, FAR, FAR6):
            assert reaches(guest, address)
        for address in (GUEST, GUEST6):
            assert reaches(here.gateway, address)


def test_attached_guests_work_with_the_mark_of_the_guard_too() -> None:
    with nodes() as here, Host("guest") as guest:
        here.node.run(f"ip link add tap0 type veth peer name eth0 netns {guest.pid}")
        guest.run(
            f"""
            ip link set eth0 up
            ip addr add {GUEST}/24 dev eth0
            ip -6 addr add {GUEST6}/128 dev eth0 nodad
            ip route add default via {GATEWAY}
            ip -6 route add default via fe80::1 dev eth0
            """
        )
        here.node.run(f"snf-network-helper attach tap0 --network {LINK} --ip {GUEST} {GUEST6} --no-probe")
        guest.settle()
        for address in (GATEWAY, GATEWAY6, FAR, FAR6):
            assert reaches(guest, address)
        for address in (GUEST, GUEST6):
            assert reaches(here.gateway, address)
        for address in (FAR, FAR6, GATEWAY, GATEWAY6):
            assert reaches(here.container, address)
        assert here.node.attempt("snf-network-helper status").returncode == 0


@pytest.mark.parametrize("fault", ["true", "nft flush ruleset"])
def test_nobody_is_answered_for_who_is_in_another_network(fault: str) -> None:
    with nodes() as here:
        here.node.run(fault)
        with Tap(here.gateway, "eth0") as tap:
            for address in (f"{INNER}2", f"{INNER}99", FAR):
                tap.ask(address, GATEWAY)
            for address in (f"{INNER6}2", FAR6):
                tap.ask(address, GATEWAY6)
            tap.ask(NODE, GATEWAY)
            heard: list[object] = []

            def hears_the_node() -> bool:
                heard.extend(tap.heard())
                return any(_is_about(one, NODE) for one in heard)

            assert comes_true(hears_the_node)
        foreign = {f"{INNER}2", f"{INNER}99", FAR, f"{INNER6}2", FAR6}
        assert not [one for one in heard if any(_is_about(one, address) for address in foreign)]


def _is_about(message: object, address: str) -> bool:
    return isinstance(message, Answer) and message.target == ip_address(address)


@contextmanager
def lonely() -> Iterator[tuple[Host, Snapshot]]:
    """A node whose stanza is not up yet, and what its kernel holds."""
    with Switch("segment") as segment, Host("node") as node:
        segment.plug(node, LINK)
        node.run(OWN_ADDRESS)
        node.interfaces(STANZA)
        node.settle()
        yield node, snapshot(node)


def test_plan_and_status_show_it_and_all_is_undone() -> None:
    with lonely() as (node, before):
        planned = node.run(f"snf-network-helper plan {LINK}").splitlines()
        node.run(f"ifup {LINK}")
        assert node.run(f"snf-network-helper plan {LINK}").splitlines() == planned
        done = node.attempt("snf-network-helper status")
        assert (done.returncode, done.stderr) == (0, "")
        shown = [line[11:].partition("  (was")[0] for line in done.stdout.splitlines()[1:]]
        assert shown == planned
        for family in ("ip", "ip -6"):
            assert f"{family} rule add iif {LINK} fwmark 0/0x10000000 lookup 222 priority 32000 protocol snf" in planned
        assert len([line for line in planned if line.startswith("nft 'add table ip")]) == 2
        node.run("nft delete table ip snf_network_helper/eth0")
        assert node.attempt("snf-network-helper status").returncode == 1
        node.run(f"ifup --force {LINK}")
        assert node.attempt("snf-network-helper status").returncode == 0
        node.run(f"snf-network-helper down {LINK}")
        assert before.difference(snapshot(node)) == ""


def test_a_link_becomes_the_main_one_and_is_it_no_more() -> None:
    with lonely() as (node, before):
        for default, is_main in (("del", False), ("add", True), ("del", False), ("add", True)):
            node.run(f"ip route {default} default via {GATEWAY}; ip -6 route {default} default via {GATEWAY6}")
            node.run(f"ifup --force {LINK}")
            for family in ("-4", "-6"):
                (rule,) = [line for line in node.run(f"ip {family} rule").splitlines() if f" iif {LINK} " in line]
                assert ("fwmark 0/0x10000000" in rule) == is_main
            assert (f"snf_network_helper/{LINK}" in node.run("nft list tables ip; nft list tables ip6")) == is_main
            assert node.attempt("snf-network-helper status").returncode == 0
        node.run(f"snf-network-helper down {LINK}")
        assert before.difference(snapshot(node)) == ""
