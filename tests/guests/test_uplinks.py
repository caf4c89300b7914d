"""An uplink that comes and goes, as ppp0: forwarding and NAT hold whenever it is there."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext

import pytest
from lab.host import Host
from lab.node import Node, lone_node
from lab.snapshot import Snapshot
from lab.stanzas import GATEWAY, GATEWAY6, Stanza
from lab.traffic import reaches
from lab.waiting import comes_true
from udevd import udevd

LINK, UPLINK = "eth0.222", "ppp0"
INTERNET, INTERNET6 = "203.0.113.1", "2001:db8:99::1"


@contextmanager
def router_and_customer() -> Iterator[tuple[Node, Host]]:
    """A router, and a host of its subnet."""
    with lone_node() as node, Host("customer") as customer:
        node.segment.run("ip link set bridge up")
        node.segment.plug(customer, "eth0")
        node.plug(LINK)
        customer.run(
            f"""
            echo 0 > /proc/sys/net/ipv6/conf/eth0/accept_dad
            ip link set eth0 up
            ip addr add 192.0.2.20/24 dev eth0
            ip -6 addr add 2001:db8::20/64 dev eth0
            ip route add default via {GATEWAY}
            ip -6 route add default via {GATEWAY6}
            """
        )
        yield node, customer


def dial(node: Node, provider: Host) -> None:
    """The uplink comes, with addresses that the provider alone knows the way to."""
    node.host.run(f"ip link add {UPLINK} type veth peer name eth0 netns {provider.pid}")
    provider.run(
        f"""
        ip link set eth0 up
        ip addr add {INTERNET}/24 dev eth0
        ip -6 addr add {INTERNET6}/64 dev eth0 nodad
        """
    )
    node.host.run(
        f"""
        echo 0 > /proc/sys/net/ipv6/conf/{UPLINK}/accept_dad
        ip link set {UPLINK} up
        ip addr add 203.0.113.2/24 dev {UPLINK}
        ip -6 addr add 2001:db8:99::2/64 dev {UPLINK}
        """
    )


@pytest.mark.parametrize("settings", ["auto", "all"])
@pytest.mark.parametrize("by", ["udev", "ifup"])
def test_it_is_used_whenever_it_is_there(by: str, settings: str) -> None:
    with router_and_customer() as (node, customer), udevd(node.host) if by == "udev" else nullcontext():
        node.host.write("/etc/default/snf-network-helper", f"IPV6_FORWARDING={settings}")
        before = node.snapshot()
        stanza = str(Stanza("router", nat=True, nat6=True)).replace("eth0\n", f"{UPLINK}\n")
        node.host.interfaces(f"{stanza}\niface {UPLINK} inet manual\n")
        said = f"{LINK}: routed-uplink {UPLINK}: no such interface, it will be used when it comes"
        assert node.errors(f"ifup {LINK}") == (0, [said])
        for _ in range(2):
            with Host("provider") as provider:
                dial(node, provider)
                if by == "ifup":
                    node.host.run(f"ifup {UPLINK}")
                for address in (INTERNET, INTERNET6):
                    assert comes_true(lambda address=address: reaches(customer, address))  # type: ignore[misc]
                status = node.host.attempt("snf-network-helper status")
                assert status.returncode == 0, status
                if by == "ifup":
                    node.host.run(f"ifdown {UPLINK}")
                node.host.run(f"ip link del {UPLINK}")
            status = node.host.attempt("snf-network-helper status")
            assert status.returncode == 0, status
        node.host.run(f"ifdown {LINK}")
        node.plug(LINK)
        assert before.difference(node.snapshot()) == ""
        assert node.host.run("ls -A /run/snf-network-helper/shared").strip() == ""


BRIDGE = """
iface vmbr0 inet static
    pre-up ip link add vmbr0 address 02:00:00:00:00:03 type bridge
    pre-up ip link set wan0 master vmbr0 up
    post-down ip link del vmbr0
    address 100.64.7.2/24
    up ip -6 addr add 2001:db8:99::2/64 dev vmbr0 nodad
"""


@pytest.mark.parametrize("settings", ["auto", "all"])
@pytest.mark.parametrize("role", ["router", "router-vmc"])
def test_a_bridge_that_the_file_defines_later_is_used_as_one_that_it_defines_before(role: str, settings: str) -> None:
    states: list[Snapshot] = []
    for order in (f"auto vmbr0 {LINK}", f"auto {LINK} vmbr0"):
        with router_and_customer() as (node, customer), Host("provider") as provider:
            node.host.write("/etc/default/snf-network-helper", f"IPV6_FORWARDING={settings}")
            stanza = str(Stanza(role, nat=True, nat6=True)).replace("eth0\n", "vmbr0\n").replace(f"auto {LINK}", order)
            node.host.interfaces(stanza + BRIDGE)
            before = node.snapshot()
            node.host.run(
                f"""
                ip link add wan0 address 02:00:00:00:00:04 type veth peer name eth0 netns {provider.pid}
                echo 0 > /proc/sys/net/ipv6/conf/wan0/accept_ra
                """
            )
            provider.run(
                f"""
                ip link set eth0 up
                ip addr add 100.64.7.1/24 dev eth0
                ip -6 addr add {INTERNET6}/64 dev eth0 nodad
                """
            )
            said = f"{LINK}: routed-uplink vmbr0: no such interface, it will be used when it comes"
            assert node.errors("ifup -a") == (0, [said] if states else [])
            for address in ("100.64.7.1", INTERNET6):
                assert reaches(customer, address)
            status = node.host.attempt("snf-network-helper status")
            assert status.returncode == 0, status
            node.host.settle()
            states.append(node.snapshot())
            node.host.run(f"ifdown {order.removeprefix('auto')}; ip link del wan0")
            node.plug(LINK)
            assert before.difference(node.snapshot()) == ""
            assert node.host.run("ls -A /run/snf-network-helper/shared").strip() == ""
    assert states[0].difference(states[1]) == ""
