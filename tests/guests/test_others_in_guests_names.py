"""What comes from a guests' subnet by another link than a TAP goes where the node's own routes say."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

import pytest
from guestlab import attach, configure, detach, plug
from lab.host import Host, Switch
from lab.stanzas import GATEWAY, GATEWAY6, SUBNET, SUBNET6, Stanza
from lab.traffic import echoes, reaches
from lab.vm import Subnet
from lab.vm import attach as attach_by_hand

LINK = "eth1"
# What the node has beside the routed network: containers, say, which others reach by the node's main link.
INNER, INNER6 = "172.17.0.", "fd00:17::"
GUEST, GUEST6 = "192.0.2.10", "2001:db8::10"
# A guest of another node, whose router sends by the node's main link what is for the inner network.
REMOTE, REMOTE6 = "192.0.2.99", "2001:db8::99"
ADDRESSES = (f"{INNER}2", f"{INNER6}2")


@dataclass(frozen=True)
class Nodes:
    """The router of the network, a guest of another node, this node, and what is behind it."""

    router: Host
    remote: Host
    node: Host
    guest: Host
    container: Host


@contextmanager
def nodes() -> Iterator[Nodes]:
    with ExitStack() as stack:
        router, remote, node, guest, container = (
            stack.enter_context(Host(name)) for name in ("router", "remote", "node", "guest", "container")
        )
        lan, segment, inner = (stack.enter_context(Switch(name)) for name in ("lan", "segment", "inner"))
        for number, host in ((2, router), (11, node)):
            lan.plug(host, "eth0")
            segment.plug(host, LINK)
            host.run(
                f"""
                ip addr add 198.51.100.{number}/24 dev eth0
                ip -6 addr add 2001:db8:64::{number}/64 dev eth0 nodad
                ip link set eth0 up
                echo 1 > /proc/sys/net/ipv4/ip_forward
                echo 1 > /proc/sys/net/ipv6/conf/all/forwarding
                """
            )
        node.run("ip route add default via 198.51.100.2; ip -6 route add default via 2001:db8:64::2")
        inner.plug(node, "br0")
        inner.plug(container, "eth0")
        for host, link, number in ((node, "br0", 1), (container, "eth0", 2)):
            host.run(
                f"""
                ip addr add {INNER}{number}/16 dev {link}
                ip -6 addr add {INNER6}{number}/64 dev {link} nodad
                ip link set {link} up
                """
            )
        container.run(f"ip route add default via {INNER}1; ip -6 route add default via {INNER6}1")
        router.run(
            f"""
            ip route add {INNER}0/16 via 198.51.100.11
            ip -6 route add {INNER6}/64 via 2001:db8:64::11
            """
        )
        router.interfaces(str(Stanza("router", link=LINK)))
        node.interfaces(f"iface {LINK} inet manual\nrouted-subnet {SUBNET} {SUBNET6}\n"
                        f"routed-gateway {GATEWAY} {GATEWAY6}\nrouted-table 222\n")  # fmt: skip
        for host in (router, node):
            host.run(f"ifup {LINK}")
        plug(node, guest)
        configure(guest, GUEST, GUEST6)
        segment.plug(remote, "eth0")
        remote.run(
            f"""
            ip addr add {REMOTE}/24 dev eth0
            ip -6 addr add {REMOTE6}/64 dev eth0 nodad
            ip link set eth0 up
            ip route add default via {GATEWAY}
            ip -6 route add default via {GATEWAY6}
            """
        )
        for host in (router, remote, node, container):
            host.settle()
        yield Nodes(router, remote, node, guest, container)


@pytest.mark.parametrize("address", ADDRESSES)
def test_a_guest_of_another_node_reaches_a_network_of_this_one(address: str) -> None:
    with nodes() as here:
        assert reaches(here.remote, address)
        attach(here.node, "tap0", GUEST, GUEST6, network=LINK, options="--no-probe")
        here.guest.settle()
        assert reaches(here.remote, address)
        assert reaches(here.guest, GATEWAY)
        assert reaches(here.guest, GATEWAY6)
        detach(here.node, "tap0")
        assert "inet snf_network_helper" not in here.node.run("nft list tables")


def test_guests_keep_their_network_without_the_tables_of_nftables() -> None:
    with nodes() as here:
        attach(here.node, "tap0", GUEST, GUEST6, network=LINK, options="--no-probe")
        here.guest.settle()
        here.node.run("nft flush ruleset")
        assert reaches(here.guest, GATEWAY)
        assert reaches(here.guest, GATEWAY6)
        here.node.run(f"ifup --force {LINK}")
        assert here.node.attempt("snf-network-helper status").returncode == 0
        for address in ADDRESSES:
            assert reaches(here.remote, address)


def test_a_tap_that_is_set_up_by_hand_beside_attached_ones_works() -> None:
    with nodes() as here, Host("other") as other:
        attach(here.node, "tap0", GUEST, GUEST6, network=LINK, options="--no-probe")
        attach_by_hand(here.node, other, "tap1", "192.0.2.11", "2001:db8::11", Subnet(LINK))
        for host in (here.guest, other):
            host.settle()
            assert reaches(host, GATEWAY)
            assert reaches(host, GATEWAY6)
        assert reaches(other, GUEST)
        assert reaches(other, GUEST6)


def test_marks_of_others_are_left_as_they_are_and_no_connection_keeps_ours() -> None:
    """A node with several uplinks, say, saves the marks of connections, and restores them with all their bits."""
    with nodes() as here:
        attach(here.node, "tap0", GUEST, GUEST6, network=LINK, options="--no-probe")
        here.guest.settle()
        here.node.run(
            """
            nft 'table inet uplinks {
                counter seen {}
                counter others {}
                chain restore {
                    type filter hook prerouting priority mangle; policy accept;
                    meta mark set ct mark
                    meta mark set meta mark | 0x5
                }
                chain save {
                    type filter hook forward priority mangle; policy accept;
                    meta mark & 0xffff == 0x5 counter name seen
                    meta mark & 0xffff != 0x5 counter name others
                    ct mark set meta mark
                }
            }'
            """
        )
        for guest in (GUEST, GUEST6):
            here.remote.run(f"ping -n -q -c 3 -i 0.2 -W 5 {guest}")
        assert reaches(here.guest, GATEWAY)
        for address in ADDRESSES:
            assert reaches(here.remote, address)
        counters = here.node.run("nft list counters table inet uplinks").split("counter others")
        assert "packets 0" not in counters[0]
        assert "packets 0" in counters[1]


def test_subnets_that_overlap_do_not_keep_a_guest_from_being_attached() -> None:
    with nodes() as here, Host("other") as other, Switch("third") as third:
        attach(here.node, "tap0", GUEST, network=LINK, options="--no-probe")
        third.plug(here.node, "eth2")
        here.node.interfaces("iface eth2 inet manual\nrouted-subnet 192.0.2.128/25\nrouted-gateway 192.0.2.129\n"
                             "routed-table 333\n")  # fmt: skip
        here.node.run("ifup eth2")
        plug(here.node, other, "tap1")
        attach(here.node, "tap1", "192.0.2.130", network="eth2", options="--no-probe")
        assert here.node.attempt("snf-network-helper status").returncode == 0
        detach(here.node, "tap1")
        assert here.node.attempt("snf-network-helper status").returncode == 0
        assert echoes(here.guest, GATEWAY)
