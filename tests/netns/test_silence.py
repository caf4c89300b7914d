"""Nobody ever answers for what is not here: not in health, and not when any one thing of ours is lost."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from ipaddress import ip_address

import pytest
from lab.host import Host
from lab.node import Node, lone_node
from lab.packets import Answer, Tap, hardware_address
from lab.stanzas import Stanza
from lab.vm import attach
from lab.waiting import comes_true

LINK = "eth0.222"
ROLES = ("vmc", "router", "router-vmc")
# A router announces its own addresses on its links for some seconds, unasked.
GATEWAYS = {"192.0.2.1", "203.0.113.1", "2001:db8::1", "2001:db8:3::1"}
CONF = "/proc/sys/net/ipv4/conf"
GUEST, GUEST6 = "192.0.2.11", "2001:db8::11"

# Free addresses of the subnets and the other subnet's; the node's networks, what its default route leads to, and what
# it has another route to.
FOREIGN = ["192.0.2.99", "203.0.113.99", "198.51.100.1", "198.51.100.99", "10.1.2.3", "172.20.0.9", "172.21.0.9"]
FOREIGN6 = ["2001:db8::99", "2001:db8:3::99", "2001:db8:64::1", "2001:db8:64::99", "2001:db8:80::80"]

FAULTS = {
    "in health": "true",
    # As systemd-networkd does when it configures any link
    "rules and unreachable routes deleted": """
        for family in -4 -6; do
            ip $family rule show | grep -v kernel | grep 'proto snf' | sed 's/^[0-9]*: *//; s/\\[detached\\] //' |
                while read -r rule; do ip $family rule del $rule; done
            ip $family route show table all type unreachable proto snf | while read -r route; do
                ip $family route del $route
            done
            left=$(ip $family rule show; ip $family route show table all type unreachable)
            [ "$left" = "${left%snf*}" ]
        done
    """,
    "link down and up": f"ip link set {LINK} down; ip link set {LINK} up",
    "table flushed": "ip route flush table 222 proto snf; ip -6 route flush table 222 proto snf",
    "nftables flushed": "nft flush ruleset",
    "another default route": """
        ip route replace default via 172.20.0.9 dev eth7
        ip -6 route replace default via 2001:db8:7::9 dev eth7
    """,
}


def two_networks(role: str) -> str:
    """The interfaces of both networks, the first one as the stanzas of other tests have it."""
    other = str(Stanza(role, link="eth0.333")).replace("192.0.2.", "203.0.113.").replace("2001:db8::", "2001:db8:3::")
    return str(Stanza(role, link=LINK)) + other.replace("routed-table   222", "routed-table   333")


@contextmanager
def node_with(role: str, both: bool = False, preparation: str = "true") -> Iterator[Node]:
    """A node with a second network of its own, eth7, and one or both routed networks up."""
    with lone_node() as node, Host("behind") as behind:
        node.host.run(
            f"""
            ip link add eth7 type veth peer name eth0 netns {behind.pid}
            ip addr add 172.20.0.1/24 dev eth7
            ip -6 addr add 2001:db8:7::1/64 dev eth7
            ip link set eth7 up
            ip route add 172.21.0.0/24 via 172.20.0.9
            """
        )
        behind.run("ip link set eth0 up")
        node.host.run(preparation)
        node.segment.run("ip link set bridge up")
        node.host.interfaces(two_networks(role))
        for link in (LINK, "eth0.333")[: 1 + both]:
            node.plug(link)
            node.host.run(f"ifup {link}")
        node.host.settle()
        yield node


def answered(node: Node, targets: list[str], sender: str, barrier: str, link: str = LINK) -> set[str]:
    """What the node answers of a row of questions on a routed link.

    The node answers in the order of the questions, and for the `barrier`: when it has, nothing is still to come.
    """
    hardware = hardware_address(node.host, link)
    answers: set[str] = set()
    with Tap(node.segment, node.segment.port(node.host, link)) as tap:

        def barrier_was_answered() -> bool:
            for target in [*targets, barrier]:
                tap.ask(target, sender)
            answers.update(str(said.target) for said in tap.heard() if isinstance(said, Answer) and said.at == hardware)
            return barrier in answers

        assert comes_true(barrier_was_answered)
    return answers


def assert_silent(node: Node, link: str = LINK) -> None:
    local6 = node.host.run(f"ip -6 -br address show dev {link} scope link").split()[2].partition("/")[0]
    # The node has an address of its own in either family, and says so on every link
    assert answered(node, FOREIGN, "192.0.2.200", "198.51.100.11", link) - GATEWAYS == {"198.51.100.11"}
    assert answered(node, FOREIGN6, "fe80::200", local6, link) - GATEWAYS == {local6}


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("role", ROLES)
def test_a_node_answers_for_nothing_that_is_not_here(role: str, fault: str) -> None:
    with node_with(role) as node:
        node.host.run(FAULTS[fault])
        node.host.settle()
        assert_silent(node)


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("role", ROLES)
def test_nor_does_one_with_two_networks_on_either_link(role: str, fault: str) -> None:
    with node_with(role, both=True) as node:
        node.host.run(FAULTS[fault])
        node.host.settle()
        for link in (LINK, "eth0.333"):
            assert_silent(node, link)


@pytest.mark.parametrize("role", ["vmc", "router-vmc"])
def test_a_node_answers_for_its_own_addresses_and_for_taps_made_by_hand(role: str) -> None:
    with node_with(role) as node, Host("guest") as guest:
        attach(node.host, guest, "tap0", GUEST, GUEST6)
        node.host.settle()
        own = {"192.0.2.1", "198.51.100.11", "172.20.0.1"} if role == "router-vmc" else {"198.51.100.11", "172.20.0.1"}
        assert answered(node, sorted(own), "192.0.2.200", GUEST) == {*own, GUEST}
        assert answered(node, [], "fe80::200", GUEST6) >= {GUEST6}
        # The guest sees its link only: the node answers it for everybody else
        hardware = hardware_address(node.host, "tap0")
        for target in ("192.0.2.1", "192.0.2.99"):
            with Tap(guest, "eth0") as tap:
                answer = Answer(hardware, ip_address(target))

                def hears(tap: Tap = tap, target: str = target, answer: Answer = answer) -> bool:
                    tap.ask(target, GUEST)
                    return answer in tap.heard()

                assert comes_true(hears)


@pytest.mark.parametrize("role", ROLES)
def test_ifdown_gives_every_link_its_medium_back(role: str) -> None:
    with node_with(role, both=True) as node:
        node.host.run(f"ifdown {LINK}; ifdown eth0.333")
        before = node.snapshot()
        node.host.run(f"ifup {LINK}; ifup eth0.333; ifup --force {LINK}; ifdown {LINK}; ifdown eth0.333")
        assert before.difference(node.snapshot()) == ""
        assert not [line for line in before.holding("sysctl") if "medium_id" in line and not line.endswith(":0")]


def test_a_medium_or_a_proxy_of_the_administrator_stays() -> None:
    with node_with("vmc", preparation=f"echo 5 > {CONF}/eth7/medium_id; echo 1 > {CONF}/eth0/proxy_arp") as node:
        media = [node.host.sysctl(f"ipv4/conf/{link}/medium_id") for link in ("eth7", "eth0", LINK)]
        assert media == ["5", "0", "1"]


def test_what_was_one_medium_stays_so_when_the_address_goes() -> None:
    with node_with("vmc") as node:
        node.host.run("ip addr flush dev eth7")
        node.host.run(f"ifup --force {LINK}")
        assert node.host.sysctl("ipv4/conf/eth7/medium_id") == "1"
        node.host.run(f"ip link del eth7; snf-network-helper status; ifdown {LINK}")
        assert node.host.attempt("find /run/snf-network-helper/shared -mindepth 1").stdout == ""


@pytest.mark.parametrize("role", ["vmc", "router-vmc"])
def test_nor_for_a_network_that_has_its_first_address_later(role: str) -> None:
    with node_with(role, both=True, preparation="ip addr flush dev eth7 scope global; ip link set eth7 down") as node:
        node.host.interfaces(
            f"""{two_networks(role)}
            iface eth7 inet static
                address 172.20.0.1/24
                up ip route add 172.21.0.0/24 via 172.20.0.9
            """
        )
        assert node.errors("ifup eth7") == (0, [])
        node.host.run(FAULTS["rules and unreachable routes deleted"])
        for link in (LINK, "eth0.333"):
            assert_silent(node, link)
        node.host.run(f"ifdown {LINK}")
        assert node.host.sysctl("ipv4/conf/eth7/medium_id") == "1"
        node.host.run("ifdown eth0.333")
        assert node.host.sysctl("ipv4/conf/eth7/medium_id") == "0"
        assert node.host.attempt("find /run/snf-network-helper/shared -mindepth 1").stdout == ""


def test_a_link_of_the_administrators_medium_or_beside_a_router_alone_is_left_so() -> None:
    static = "\niface eth7 inet static\n    address 172.20.0.1/24\n"
    later = "ip addr flush dev eth7 scope global; ip link set eth7 down"
    for role, medium, left in (("router", "0", "0"), ("vmc", "7", "7")):
        with node_with(role, preparation=f"{later}; echo {medium} > {CONF}/eth7/medium_id") as node:
            node.host.interfaces(two_networks(role) + static)
            assert node.errors("ifup eth7") == (0, [])
            assert node.host.sysctl("ipv4/conf/eth7/medium_id") == left
