"""What stands in files of interfaces(5), and on nodes, beside a stanza of ours."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from lab.host import Host
from lab.node import Node, lone_node
from lab.stanzas import GATEWAY, SUBNET, Stanza

LINK = "eth1"


@contextmanager
def node_with_link(xtables: str = "nft") -> Iterator[Node]:
    with lone_node(xtables) as node:
        node.plug(LINK)
        node.host.run(f"ip link set {LINK} up")
        yield node


@pytest.fixture
def node() -> Iterator[Node]:
    with node_with_link() as node:
        yield node


def assert_healthy(host: Host) -> str:
    """Nothing is missing; what stands."""
    status = host.attempt("snf-network-helper status")
    assert (status.returncode, status.stderr) == (0, ""), status
    return status.stdout


@pytest.mark.parametrize("role", ["router", "router-vmc"])
def test_an_address_with_a_label_is_an_address_of_the_link(node: Node, role: str) -> None:
    length = "24" if role == "router" else "32"
    node.host.run(f"ip addr add {GATEWAY}/{length} dev {LINK} label {LINK}:0")
    before = node.snapshot()
    node.host.interfaces(str(Stanza(role, "IPv4", link=LINK)))
    assert node.errors(f"ifup {LINK}") == (0, [])
    assert f"  kept     ip addr add {GATEWAY}/{length} dev {LINK}\n" in assert_healthy(node.host)
    node.host.run(f"ifdown {LINK}; ip link set {LINK} up; ip addr replace {GATEWAY}/{length} dev {LINK} label {LINK}:0")
    assert before.difference(node.snapshot()) == ""


def test_an_interface_that_is_a_label_has_its_own_line_and_the_one_with_options_works(node: Node) -> None:
    label = f"iface {LINK}:0 inet static\n    address 192.0.2.77/24\n"
    node.host.interfaces(label + "\n".join(Stanza("vmc", "IPv4", link=LINK).options()))
    code, lines = node.errors(f"ifup {LINK}:0")
    assert (code, lines) == (1, [f"{LINK}:0: the label of an address, expected the link that has it, {LINK}"])
    node.host.run(f"ip addr flush dev {LINK} scope global")
    # As it is right: the label is none of our business, and its address is the node's own
    node.host.interfaces(label + str(Stanza("vmc", "IPv4", link=LINK)))
    assert node.errors(f"ifup {LINK}:0 {LINK}") == (0, [])
    assert "--mangle-ip-s 192.0.2.77" in assert_healthy(node.host)
    # With the link's last address the kernel drops its routes
    assert node.errors(f"ifdown {LINK}:0; ifup --force {LINK}") == (0, [])
    assert "--mangle-ip-s 192.0.2.254" in assert_healthy(node.host)


HALF_CONVERTED = {
    "vmc": f"""
        up ip link set {LINK} up
        up ip route add {SUBNET} dev {LINK}
        up ip rule add iif {LINK} lookup 222
        up ip route add {SUBNET} dev {LINK} table 222
        up ip route add default via {GATEWAY} dev {LINK} table 222
        up echo 1 > /proc/sys/net/ipv4/conf/{LINK}/proxy_arp
        up echo 1 > /proc/sys/net/ipv4/conf/{LINK}/forwarding
        up arptables -A OUTPUT -o {LINK} --opcode request -j mangle --mangle-ip-s 192.0.2.254
        down arptables -D OUTPUT -o {LINK} --opcode request -j mangle --mangle-ip-s 192.0.2.254
        down echo 0 > /proc/sys/net/ipv4/conf/{LINK}/forwarding
        down echo 0 > /proc/sys/net/ipv4/conf/{LINK}/proxy_arp
        down ip route del default via {GATEWAY} dev {LINK} table 222
        down ip route del {SUBNET} dev {LINK} table 222
        down ip rule del iif {LINK} lookup 222
        down ip route del {SUBNET} dev {LINK}
    """,
    "router": f"""
        up ip addr add {GATEWAY}/24 dev {LINK}
        up echo 1 > /proc/sys/net/ipv4/conf/{LINK}/forwarding
        up iptables -t nat -I POSTROUTING -o eth0 -s {SUBNET} -j MASQUERADE
        down iptables -t nat -D POSTROUTING -o eth0 -s {SUBNET} -j MASQUERADE
        down echo 0 > /proc/sys/net/ipv4/conf/{LINK}/forwarding
        down ip addr del {GATEWAY}/24 dev {LINK}
    """,
    "router-vmc": f"""
        up ip rule add iif {LINK} lookup 222
        up ip rule add to {SUBNET} lookup 222
        up ip route add {SUBNET} dev {LINK} table 222
        up ip addr add {GATEWAY}/32 dev {LINK}
        up echo 1 > /proc/sys/net/ipv4/conf/{LINK}/proxy_arp
        up echo 1 > /proc/sys/net/ipv4/conf/{LINK}/forwarding
        down echo 0 > /proc/sys/net/ipv4/conf/{LINK}/forwarding
        down echo 0 > /proc/sys/net/ipv4/conf/{LINK}/proxy_arp
        down ip route del {SUBNET} dev {LINK} table 222
        down ip rule del to {SUBNET} lookup 222
        down ip rule del iif {LINK} lookup 222
        down ip addr del {GATEWAY}/32 dev {LINK}
    """,
}


@pytest.mark.parametrize("role", HALF_CONVERTED)
@pytest.mark.parametrize("xtables", ["nft", "legacy"])
def test_what_a_half_converted_stanza_does_by_hand_is_not_doubled_and_not_undone_by_us(role: str, xtables: str) -> None:
    with node_with_link(xtables) as node:
        before = node.snapshot()
        stanza = Stanza(role, "IPv4", nat=role == "router", link=LINK)
        node.host.interfaces(str(stanza) + HALF_CONVERTED[role])
        assert node.errors(f"ifup {LINK}") == (0, [])
        up = assert_healthy(node.host)
        routes = node.host.run(f"ip route show table all dev {LINK}").splitlines()
        assert len(routes) == len(set(routes))
        # By hand alone: ours are undone, by the journal, and theirs stand
        node.host.run(f"snf-network-helper down {LINK}")
        by_hand = node.snapshot()
        node.host.run(f"ip link set {LINK} up; MODE=start ADDRFAM=inet IFACE={LINK} /etc/network/if-up.d/routed")
        assert by_hand.difference(node.snapshot()) == ""
        assert up.count("\n") > 4
        assert node.errors(f"ifdown {LINK}") == (0, [])
        node.host.run(f"ip link set {LINK} up")
        assert before.difference(node.snapshot()) == ""


@pytest.mark.parametrize("xtables", ["nft", "legacy"])
def test_rules_that_were_saved_and_put_back_at_boot_are_ours(xtables: str) -> None:
    stanza = Stanza("router", "dual stack", nat=True, nat6=True, link=LINK, nat_except="198.51.100.0/24")
    with node_with_link(xtables) as node:
        before = node.snapshot()
        node.host.interfaces(str(stanza))
        node.host.run(f"ifup {LINK}")
        saved = {tool: node.host.run(f"{tool}-save -t nat | tee /run/{tool}") for tool in ("iptables", "ip6tables")}
        node.host.run(f"ifdown {LINK}; ip link set {LINK} up")
        node.host.run("rm -r /run/snf-network-helper")
        node.host.run("iptables-restore < /run/iptables; ip6tables-restore < /run/ip6tables")
        assert node.errors(f"ifup {LINK}") == (0, [])
        for tool, text in saved.items():
            rules = [line for line in text.splitlines() if line.startswith("-A")]
            again = node.host.run(f"{tool}-save -t nat").splitlines()
            assert [line for line in again if line.startswith("-A")] == rules
        assert_healthy(node.host)
        node.host.run(f"ifdown {LINK}; ip link set {LINK} up")
        assert before.difference(node.snapshot()) == ""
