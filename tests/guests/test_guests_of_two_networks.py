"""Guests of two networks on one node reach each other by their router, in whatever order all came up."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

import pytest
from guestlab import attach, plug
from lab.host import Host, Switch
from lab.traffic import reaches

NETWORKS = {
    "eth1": ("192.0.2.0/24 2001:db8::/64", "192.0.2.1 2001:db8::1"),
    "eth2": ("203.0.113.0/24 2001:db8:3::/64", "203.0.113.1 2001:db8:3::1"),
}
ADDRESSES = {"eth1": ("192.0.2.11", "2001:db8::11"), "eth2": ("203.0.113.11", "2001:db8:3::11")}
TAPS = {"eth1": "tap0", "eth2": "tap1"}

# What the node's administrator and its hypervisor do, a word each: `attach eth1` attaches that network's guest.
ORDERS = {
    "networks first": ["ifup -a", "attach eth1", "attach eth2"],
    "the second network after a guest of the first": ["ifup eth1", "attach eth1", "ifup eth2", "attach eth2"],
    "the first network after a guest of the second": ["ifup eth2", "attach eth2", "ifup eth1", "attach eth1"],
    "restart of networking": ["ifup -a", "attach eth1", "attach eth2", "ifdown -a", "ifup -a"],
    "restart of one": ["ifup -a", "attach eth1", "attach eth2", "ifdown eth1", "ifup eth1"],
    "restart of the other": ["ifup -a", "attach eth1", "attach eth2", "ifdown eth2", "ifup eth2"],
}


@dataclass(frozen=True)
class Nodes:
    """The router of both networks, the node that hosts guests of both, and the guests."""

    router: Host
    node: Host
    guests: dict[str, Host]

    def do(self, step: str) -> None:
        """Does one step of an order."""
        command, link = step.split()
        if command != "attach":
            self.node.run(step)
            return
        attach(self.node, TAPS[link], *ADDRESSES[link], network=link, options="--no-probe")
        self.guests[link].settle()


def stanzas(role: str, priorities: tuple[str, ...]) -> str:
    lines = []
    chosen = dict(zip(NETWORKS, priorities, strict=True))
    for link, (subnets, gateways) in NETWORKS.items():
        lines += [f"auto {link}", f"iface {link} inet manual", f"    routed-role {role}"]
        lines += [f"    routed-subnet {subnets}", f"    routed-gateway {gateways}"]
        if role != "vmc":
            lines.append("    routed-uplink eth0")
        if role != "router":
            lines += [f"    routed-table {222 if link == 'eth1' else 333}", f"    routed-priority {chosen[link]}"]
    return "\n".join(lines)


@contextmanager
def nodes(hosts_guests: str, *priorities: str) -> Iterator[Nodes]:
    """Two networks on two switches, each with its priority; a node that is a router-vmc is the router."""
    with ExitStack() as stack:
        node = stack.enter_context(Host("node"))
        router = stack.enter_context(Host("router")) if hosts_guests == "vmc" else node
        lan = stack.enter_context(Switch("lan"))
        for number, host in enumerate(dict.fromkeys([router, node]), start=1):
            lan.plug(host, "eth0")
            host.run(
                f"""
                ip addr add 198.51.100.{number}/24 dev eth0
                ip link set eth0 up
                ip route add default via 198.51.100.9
                """
            )
            host.interfaces(stanzas("router" if host is not node else hosts_guests, priorities or ("32000", "32000")))
        guests = {}
        for link, (_, gateways) in NETWORKS.items():
            segment = stack.enter_context(Switch(f"segment-{link}"))
            for host in dict.fromkeys([router, node]):
                segment.plug(host, link)
            guest = guests[link] = stack.enter_context(Host(f"guest-{link}"))
            plug(node, guest, TAPS[link])
            address, address6 = ADDRESSES[link]
            guest.run(
                f"""
                ip addr add {address}/24 dev eth0
                ip route add default via {gateways.split()[0]}
                ip -6 addr add {address6}/128 dev eth0 nodad
                ip -6 route add default via fe80::1 dev eth0
                """
            )
        if router is not node:
            router.run("ifup -a")
        yield Nodes(router, node, guests)


def assert_all_reach_each_other(here: Nodes) -> None:
    for host in (here.router, here.node):
        host.settle()
    for link, other in (("eth1", "eth2"), ("eth2", "eth1")):
        for address in (*ADDRESSES[other], *NETWORKS[other][1].split(), *NETWORKS[link][1].split()):
            assert reaches(here.guests[link], address), f"{link} to {address}"
        for gateway, address in zip(NETWORKS[other][1].split(), ADDRESSES[link], strict=True):
            here.router.run(f"ping -n -q -c 1 -W 5 -I {gateway} {address}")


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("role", ["vmc", "router-vmc"])
def test_guests_of_two_networks_reach_each_other(role: str, order: str) -> None:
    with nodes(role) as here:
        for step in ORDERS[order]:
            here.do(step)
        assert_all_reach_each_other(here)


@pytest.mark.parametrize("order", ["the second network after a guest of the first", "restart of networking"])
def test_also_with_the_last_priority_there_is(order: str) -> None:
    with nodes("vmc", "32765", "32765") as here:
        for step in ORDERS[order]:
            here.do(step)
        assert_all_reach_each_other(here)
        priorities = here.node.run("ip rule show; ip -6 rule show")
        assert "32764:\tfrom all iif eth1 " in priorities
        assert "32765:\tfrom 192.0.2.0/24 " in priorities


COUNTERS = """
nft 'table inet counting {{
    counter echoes4 {{}}
    counter echoes6 {{}}
    chain {chain} {{
        type filter hook {chain} priority -500; policy accept;
        icmp type echo-request counter name echoes4
        icmpv6 type echo-request counter name echoes6
    }}
}}'
"""


def counted(node: Host, family: str) -> int:
    """How many echo requests the node has seen since it was last asked."""
    shown = node.run(f"nft -j reset counter inet counting echoes{family}")
    return next(int(item["counter"]["packets"]) for item in json.loads(shown)["nftables"] if "counter" in item)


@pytest.mark.parametrize("priorities", [("100", "32000"), ("32000", "100"), ("32000", "32000"), ("100", "101")])
def test_no_packet_between_networks_of_any_priorities_goes_round(priorities: tuple[str, str]) -> None:
    with nodes("vmc", *priorities) as here:
        for step in ORDERS["restart of networking"]:
            here.do(step)
        assert_all_reach_each_other(here)
        here.node.run(COUNTERS.format(chain="prerouting"))
        for link, other in (("eth1", "eth2"), ("eth2", "eth1")):
            for family, address in zip("46", ADDRESSES[other], strict=True):
                counted(here.node, family)
                here.guests[link].run(f"ping -n -q -c 3 -i 0.2 -W 5 {address}")
                # Each comes in twice: from the guest, and from the router
                assert counted(here.node, family) == 6, f"{link} to {address}"
        assert here.node.attempt("snf-network-helper status").returncode == 0


@pytest.mark.parametrize("priorities", [("32000", "1000"), ("1000", "32000")])
def test_nor_where_one_of_them_is_on_the_nodes_main_link(priorities: tuple[str, str]) -> None:
    with nodes("vmc", *priorities) as here:
        here.router.run("ip addr add 10.0.0.1/24 dev eth1; ip -6 addr add 2001:db8:f::1/64 dev eth1 nodad")
        here.node.run(
            """
            ip link set eth1 up
            ip addr add 10.0.0.5/24 dev eth1
            ip route replace default via 10.0.0.1
            ip -6 addr add 2001:db8:f::5/64 dev eth1 nodad
            ip -6 route add default via 2001:db8:f::1
            """
        )
        for step in ORDERS["networks first"]:
            here.do(step)
        assert [line for line in here.node.run("ip rule").splitlines() if "fwmark" in line and "iif eth1" in line]
        assert_all_reach_each_other(here)
        assert here.node.attempt("snf-network-helper status").returncode == 0


def test_an_order_that_has_packets_go_round_is_found() -> None:
    """As version 0.1.0 leaves it: its rule for guests has no mark, and the priority of all others."""
    with nodes("vmc") as here:
        for step in ("ifup eth2", "attach eth2", "ifup eth1"):
            here.do(step)
        here.node.run(
            """
            ip rule add from 203.0.113.0/24 lookup 333 priority 31999 protocol snf
            ip -6 rule del iif eth1 lookup 222
            ip -6 rule add from 2001:db8:3::/64 lookup 333 priority 32000 protocol snf
            ip -6 rule add iif eth1 lookup 222 priority 32000 protocol snf
            """
        )
        done = here.node.attempt("snf-network-helper status")
        assert done.returncode == 1
        found = [line.strip() for line in done.stdout.splitlines() if line.startswith("  disorder ")]
        assert found == [
            "disorder ip rule add from 203.0.113.0/24 lookup 333 priority 31999 protocol snf"
            "  (before iif eth1 lookup 222: packets between guests may go round; run snf-network-helper up eth2)",
            "disorder ip -6 rule add from 2001:db8:3::/64 lookup 333 priority 32000 protocol snf"
            "  (before iif eth1 lookup 222: packets between guests may go round; run snf-network-helper up eth2)",
        ]


def test_an_order_that_the_mark_alone_makes_up_for_is_found_without_it() -> None:
    with nodes("vmc", "100", "32000") as here:
        for step in ("ifup -a", "attach eth1"):
            here.do(step)
        assert here.node.attempt("snf-network-helper status").returncode == 0
        here.node.run("nft flush ruleset")
        shown = here.node.attempt("snf-network-helper status").stdout
        assert "  disorder ip rule add from 192.0.2.0/24 fwmark 0/0x20000000 lookup 222 priority 101" in shown
        here.node.run("ifup --force eth1")
        assert "disorder" not in here.node.attempt("snf-network-helper status").stdout


def test_doctor_names_rules_in_the_wrong_order() -> None:
    with nodes("vmc", "100", "32000") as here:
        for step in ("ifup -a", "attach eth1"):
            here.do(step)
        here.node.run("nft delete element inet snf_network_helper subnets4 '{ 192.0.2.0/24 }'")
        findings = json.loads(here.node.attempt("snf-network-helper doctor --no-probe --json").stdout)["findings"]
        assert [one["id"] for one in findings] == ["guard-missing", "rule-order"]
        here.node.run(findings[1]["remedy"][0])
        assert here.node.run("snf-network-helper doctor --no-probe").startswith("ok: ")
