"""With a VRF on the node its own addresses are looked up last: those on a routed link and a gateway's stay reachable.

ifupdown2 and Proxmox move the rule `lookup local` from 0 to 32765 when they make a VRF.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from guestlab import NETWORK, ROUTER_OF_GUESTS, attach, configure, leftovers, plug
from lab.host import Host
from lab.node import Node, lone_node
from lab.stanzas import GATEWAY, GATEWAY6, Stanza
from lab.traffic import reaches
from lab.waiting import comes_true

MOVE = "for ip in 'ip -4' 'ip -6'; do $ip rule add pref 32765 lookup local; $ip rule del pref 0; done"
MOVE_BACK = "for ip in 'ip -4' 'ip -6'; do $ip rule add pref 0 lookup local; $ip rule del pref 32765; done"
NEIGHBOUR, NEIGHBOUR6 = "192.0.2.20", "2001:db8::20"
GUEST, GUEST6 = "192.0.2.10", "2001:db8::10"
OWN = {
    "vmc": ("192.0.2.77", "2001:db8::77"),
    "router-vmc": (GATEWAY, GATEWAY6),
}
ADDRESSES = """
iface eth0.222 inet manual
    pre-up ip link set eth0.222 up
    pre-up ip addr replace 192.0.2.77/24 dev eth0.222
    pre-up ip -6 addr replace 2001:db8::77/64 dev eth0.222 nodad
    down ip addr flush dev eth0.222 scope global
"""
STANZAS = {
    "vmc": str(Stanza("vmc")).replace("iface eth0.222 inet manual\n", ADDRESSES),
    "router-vmc": str(Stanza("router-vmc")),
}
ROLES = pytest.mark.parametrize("role", STANZAS)


@contextmanager
def node_and_neighbour(role: str) -> Iterator[tuple[Node, Host]]:
    """A node that is not up yet, and another host on its link."""
    with lone_node() as node, Host("neighbour") as neighbour:
        node.segment.plug(neighbour, "eth0")
        neighbour.run(
            f"""
            ip link set eth0 up
            ip addr add {NEIGHBOUR}/24 dev eth0
            ip -6 addr add {NEIGHBOUR6}/64 dev eth0 nodad
            """
        )
        node.plug(NETWORK)
        node.host.interfaces(STANZAS[role])
        yield node, neighbour


def are_reached(host: Host, role: str) -> bool:
    return all(comes_true(lambda address=address: reaches(host, address)) for address in OWN[role])  # type: ignore[misc]


def local_rules(node: Node) -> list[str]:
    """The rules of ours for the node's own addresses, of both families."""
    shown = node.host.run("ip -4 rule show table local; ip -6 rule show table local")
    return [line.replace("\t", " ").strip() for line in shown.splitlines() if "proto snf" in line]


OURS = "31999: from all lookup local proto snf"


@ROLES
def test_own_addresses_are_reached_by_neighbours_and_guests(role: str) -> None:
    with node_and_neighbour(role) as (node, neighbour), Host("guest") as guest:
        node.host.run(MOVE)
        before = node.snapshot()
        planned = node.host.run(f"snf-network-helper plan {NETWORK}")
        node.host.run(f"ifup {NETWORK}")
        for shown in (planned, node.host.run(f"snf-network-helper plan {NETWORK}")):
            assert shown.count("rule add lookup local priority 31999 protocol snf\n") == 2
        assert local_rules(node) == [OURS, OURS]
        plug(node.host, guest)
        configure(guest, GUEST, GUEST6)
        attach(node.host, "tap0", GUEST, GUEST6, options="--no-probe")
        guest.settle()
        for host in (neighbour, guest):
            assert are_reached(host, role)
        for address in (NEIGHBOUR, NEIGHBOUR6):
            assert comes_true(lambda address=address: reaches(guest, address))  # type: ignore[misc]
        assert reaches(guest, f"{ROUTER_OF_GUESTS}%eth0")
        status = node.host.attempt("snf-network-helper status")
        assert (status.returncode, status.stderr) == (0, ""), status.stdout
        node.host.run(f"ifdown {NETWORK}")
        assert local_rules(node) == [OURS, OURS]  # the guest's rules are there yet
        node.host.run(f"ifup {NETWORK}; snf-network-helper detach tap0; ip link del tap0; ifdown {NETWORK}")
        node.plug(NETWORK)
        assert before.difference(node.snapshot()) == ""
        assert leftovers(node.host) == []


@ROLES
def test_a_move_after_ifup_is_said_and_mended(role: str) -> None:
    with node_and_neighbour(role) as (node, neighbour), Host("guest") as guest:
        node.host.run(f"ifup {NETWORK}")
        plug(node.host, guest)
        configure(guest, GUEST, GUEST6)
        attach(node.host, "tap0", GUEST, GUEST6, options="--no-probe")
        guest.settle()
        assert local_rules(node) == []
        for _ in range(2):
            node.host.run(MOVE)
            status = node.host.attempt("snf-network-helper status")
            said = f"(before lookup local: the node's own addresses are cut off; run snf-network-helper up {NETWORK})"
            assert (status.returncode, status.stdout.count(said)) == (1, 2), status.stdout
            node.host.run(f"snf-network-helper up {NETWORK}")
            assert local_rules(node) == [OURS, OURS]
            for host in (neighbour, guest):
                assert are_reached(host, role)
            assert node.host.attempt("snf-network-helper status").returncode == 0
            node.host.run(MOVE_BACK)
            assert node.host.attempt("snf-network-helper status").returncode == 0
            node.host.run(f"ifup --force {NETWORK}")
            assert local_rules(node) == []


def test_networks_of_one_priority_share_the_rule_and_each_priority_has_its_own() -> None:
    with lone_node() as node:
        links = ("eth0.222", "eth0.333", "eth0.444")
        stanzas = []
        for number, link in enumerate(links):
            node.plug(link)
            stanzas.append(
                f"iface {link} inet manual\n    routed-subnet 192.0.{number}.0/24\n"
                f"    routed-gateway 192.0.{number}.1\n"
            )
        node.host.interfaces("\n".join(stanzas) + "    routed-priority 1000\n")
        node.host.run(f"{MOVE}; ifup {' '.join(links)}")
        first = OURS.replace("31999", "999")
        assert local_rules(node) == [first, OURS]
        for link, left in zip(links, ([first, OURS], [first], []), strict=True):
            node.host.run(f"ifdown {link}")
            assert local_rules(node) == left


def test_a_look_up_before_the_rules_is_left_alone() -> None:
    with node_and_neighbour("vmc") as (node, _):
        node.host.run("ip rule add pref 31998 lookup local; ip rule del pref 0; ip -6 rule del pref 0")
        node.host.run("ip -6 rule add pref 32000 lookup local; ip -6 rule add pref 5 to 2001:db8:7::/64 lookup local")
        node.host.run(f"ifup {NETWORK}")
        assert local_rules(node) == [OURS]  # of IPv6: one of the same priority may come before or after
