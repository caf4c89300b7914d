"""Files that were written by hand, checked and converted on hosts, brought up, and real packets through them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

import pytest
from lab.datacenter import INTERNET, data_center
from lab.node import Node, lone_node
from lab.stanzas import GATEWAY, Stanza
from lab.traffic import reaches

LINK = "eth0.222"
FILE = "/etc/network/interfaces"
VMC = f"""auto {LINK}
iface {LINK} inet manual
    up ip link set $IFACE up
    # to guests on other nodes
    up ip route add 192.0.2.0/24 dev $IFACE
    up ip rule add iif $IFACE lookup 222
    up ip route add 192.0.2.0/24 dev $IFACE table 222
    up ip route add default via 192.0.2.1 dev $IFACE table 222
    up echo 1 > /proc/sys/net/ipv4/conf/$IFACE/proxy_arp
    up echo 1 > /proc/sys/net/ipv4/conf/$IFACE/forwarding
    up arptables -A OUTPUT -o $IFACE --opcode request -j mangle --mangle-ip-s 192.0.2.254
    down ip rule del iif $IFACE lookup 222
"""
ROUTER = f"""auto {LINK}
iface {LINK} inet manual
    up ip link set {LINK} up
    up ip addr add 192.0.2.1/24 dev {LINK}
    up echo 1 > /proc/sys/net/ipv4/conf/{LINK}/forwarding
    up iptables -t nat -I POSTROUTING -o eth0 -s 192.0.2.0/24 -j MASQUERADE
    down iptables -t nat -I POSTROUTING -o eth0 -s 192.0.2.0/24 -j MASQUERADE
"""


@pytest.fixture
def node() -> Iterator[Node]:
    with lone_node() as node:
        yield node


def test_converted_files_pass_check_and_carry_the_guests() -> None:
    with data_center() as center:
        for host in center.routed_hosts:
            center.segment.plug(host, LINK)
            host.interfaces(ROUTER if host is center.router else VMC)
            host.run("snf-network-helper convert --in-place")
            assert host.run("snf-network-helper check") == f"{FILE}: fine, 1 routed interface; then: ifup {LINK}\n"
            host.run(f"ifup {LINK}")
            assert host.attempt("snf-network-helper status").returncode == 0
        center.attach_vms(ipv6=False)
        center.settle()
        for host in (center.vm1.host, center.vm3.host):
            for address in (INTERNET, GATEWAY, center.vm2.address):
                assert reaches(host, address)


@pytest.mark.parametrize("text", [VMC, ROUTER], ids=["vmc", "router"])
def test_what_the_lines_made_the_options_make(node: Node, text: str) -> None:
    """All that the kernel holds of the hand-written stanza, it holds of the converted one."""
    node.plug(LINK)
    node.host.interfaces(text)
    clean = node.snapshot()
    node.host.run(f"ifup {LINK}")
    by_hand = made(clean.difference(node.snapshot()))
    with lone_node() as other:
        other.plug(LINK)
        other.host.interfaces(text)
        other.host.run("snf-network-helper convert --in-place")
        clean = other.snapshot()
        other.host.run(f"ifup {LINK}")
        assert len(by_hand) > 5
        assert by_hand <= made(clean.difference(other.snapshot()))


STATIC = f"""auto {LINK}
iface {LINK} inet static
    address 192.0.2.1/24
    up iptables -t nat -A POSTROUTING -s 192.0.2.0/24 -o eth0 -j MASQUERADE
"""
STATIC_VMC = STATIC + f"""    up ip rule add iif {LINK} lookup 222 priority 1000
    up ip route replace 192.0.2.0/24 dev {LINK} table 222
"""


@pytest.mark.parametrize(("text", "role"), [(STATIC, "router"), (STATIC_VMC, "router-vmc")])
def test_a_router_keeps_the_address_of_its_stanza(node: Node, text: str, role: str) -> None:
    node.plug(LINK)
    node.host.interfaces(text)
    node.host.run("snf-network-helper convert --in-place")
    assert f" {role}\n" in node.host.run(f"cat {FILE}")
    assert node.errors(f"ifup {LINK}") == (0, [])
    assert node.host.attempt("snf-network-helper status").returncode == 0
    assert "192.0.2.1/24" in node.host.run(f"ip addr show {LINK}")


def made(difference: str) -> set[str]:
    """What came to be, without the marks of ours, priorities and counters, and what two hosts do not share."""
    lines = {line[1:] for line in difference.splitlines() if line.startswith("+") and "fe80:" not in line}
    comment = f' -m comment --comment "snf-network-helper {LINK}"'
    return {re.sub(r"^(rule: )\d+:", r"\1", line.replace(" proto snf", "").replace(comment, "")) for line in lines}


def test_of_the_system_file_the_node_is_asked(node: Node) -> None:
    node.plug("eth1")
    node.host.interfaces(str(Stanza("vmc", "IPv4", link="eth7")))
    done = node.host.attempt("snf-network-helper check --json")
    (found,) = json.loads(done.stdout)["findings"]
    assert (done.returncode, found["line"], found["severity"]) == (1, 2, "error")
    # In the words of ifup
    (line,) = node.errors("ifup eth7")[1]
    assert line == f"eth7: {found['message']}"
    assert node.host.attempt(f"snf-network-helper check --elsewhere {FILE}").returncode == 0


def test_a_bring_up_that_failed_is_told_until_one_succeeds(node: Node) -> None:
    node.plug(LINK)
    text = str(Stanza("vmc", "IPv4"))
    node.host.interfaces(text.replace(GATEWAY, "192.0.3.1"))
    node.errors(f"ifup {LINK}")
    node.host.interfaces(text)
    done = node.host.attempt("snf-network-helper check")
    assert done.returncode == 1
    assert f"error: {LINK}: the last bring-up failed: routed-gateway 192.0.3.1 is outside" in done.stdout
    node.host.run(f"ifup {LINK}")
    done = node.host.attempt("snf-network-helper check")
    assert (done.returncode, done.stdout) == (
        0, f"{FILE}: fine, 1 routed interface; then: snf-network-helper up {LINK}\n"
    )  # fmt: skip
    node.host.interfaces("auto lo\niface lo inet loopback\n")
    done = node.host.attempt("snf-network-helper check")
    assert done.returncode == 3
    assert f"warning: {LINK}: it is up, and has no routed-* option here" in done.stdout
