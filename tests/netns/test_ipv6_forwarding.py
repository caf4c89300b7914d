"""IPv6 forwarding, which may be a matter of the whole host, and what it does to router advertisements."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from lab.host import Switch
from lab.node import Node, lone_node
from lab.packets import Tap
from lab.stanzas import Stanza
from lab.waiting import comes_true

LINK = "eth1"
ADVERTISED_PREFIX = "2001:db8:a::"
ROLES = ["vmc", "router", "router-vmc"]
FORWARDING = ["auto", "all"]


@pytest.fixture(params=FORWARDING)
def node(request: pytest.FixtureRequest) -> Iterator[Node]:
    with lone_node() as node:
        node.plug(LINK)
        node.host.write("/etc/default/snf-network-helper", f'IPV6_FORWARDING="{request.param}"')
        yield node


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize(
    "prior",
    [
        "true",
        "echo 1 > /proc/sys/net/ipv6/conf/eth0/forwarding",
        "echo 1 > /proc/sys/net/ipv6/conf/default/forwarding",
        "echo 1 > /proc/sys/net/ipv6/conf/lo/forwarding; echo 1 > /proc/sys/net/ipv6/conf/eth0/forwarding",
        "echo 1 > /proc/sys/net/ipv6/conf/all/forwarding",
        "echo 1 > /proc/sys/net/ipv6/conf/all/forwarding; echo 0 > /proc/sys/net/ipv6/conf/eth0/forwarding",
        "echo 2 > /proc/sys/net/ipv6/conf/eth0/accept_ra",
        "echo 0 > /proc/sys/net/ipv6/conf/eth0/accept_ra",
    ],
)
def test_every_forwarding_sysctl_goes_back_to_what_it_was(node: Node, role: str, prior: str) -> None:
    node.host.run(prior)
    before = node.snapshot()
    node.host.interfaces(str(Stanza(role, link=LINK)))
    node.host.run(f"ifup {LINK} && ifdown {LINK}")
    assert before.difference(node.snapshot()) == ""


@pytest.mark.parametrize(("role", "tool"), [("vmc", "arptables"), ("router", "ip6tables"), ("router-vmc", "ip6tables")])
def test_an_ifup_that_fails_after_forwarding_was_switched_puts_it_back(node: Node, role: str, tool: str) -> None:
    node.host.run(
        f"""
        ip link set {LINK} up
        echo 1 > /proc/sys/net/ipv6/conf/eth0/forwarding
        ln -sfn /bin/false /etc/alternatives/{tool}
        """
    )
    before = node.snapshot()
    node.host.interfaces(str(Stanza(role, nat6=role != "vmc", link=LINK)))
    code, lines = node.errors(f"ifup {LINK}")
    assert code != 0
    assert len(lines) == 1
    assert tool in lines[0]
    assert before.difference(node.snapshot()) == ""


@pytest.fixture
def advertised(request: pytest.FixtureRequest) -> Iterator[tuple[Node, Tap]]:
    """A node whose address and default route on eth0 came from a router's advertisements."""
    with Switch("lan") as lan, lone_node() as node:
        node.plug(LINK)
        node.host.write("/etc/default/snf-network-helper", f'IPV6_FORWARDING="{request.param}"')
        lan.plug(node.host, "eth2")
        node.host.run("ip link set eth2 up")
        node.host.settle()
        with Tap(lan, lan.port(node.host, "eth2")) as wire:
            wire.advertise(ADVERTISED_PREFIX)
            assert comes_true(lambda: learnt(node))
            yield node, wire


def learnt(node: Node) -> bool:
    """Whether the node has the default route and the address that were advertised."""
    return "proto ra" in node.host.run("ip -6 route show default dev eth2") and ADVERTISED_PREFIX[:-1] in node.host.run(
        "ip -6 addr show dev eth2 -tentative"
    )


@pytest.mark.parametrize("advertised", FORWARDING, indirect=True)
@pytest.mark.parametrize("role", ROLES)
def test_a_default_route_that_was_advertised_outlives_ifup_and_ifdown(
    advertised: tuple[Node, Tap], role: str
) -> None:
    node, wire = advertised
    before = node.snapshot()
    node.host.interfaces(str(Stanza(role, link=LINK)).replace("eth0", "eth2"))
    node.host.run(f"ifup {LINK}")
    assert learnt(node)
    node.host.run("ip -6 route del default dev eth2")
    wire.advertise(ADVERTISED_PREFIX)
    assert comes_true(lambda: learnt(node))
    node.host.run(f"ifdown {LINK}")
    assert learnt(node)
    assert before.difference(node.snapshot()) == ""


@pytest.mark.parametrize("role", ROLES)
def test_an_advertisement_on_the_segment_gives_the_node_nothing(node: Node, role: str) -> None:
    node.host.interfaces(str(Stanza(role, link=LINK)))
    node.host.run(f"ifup {LINK}")
    node.host.settle()
    before = node.snapshot()
    with Tap(node.segment, node.segment.port(node.host, LINK)) as wire:
        wire.advertise(ADVERTISED_PREFIX)
        wire.advertise(ADVERTISED_PREFIX)
        # A question behind the advertisements: once it is answered they were read.
        link_local = node.host.run(f"ip -o -6 addr show dev {LINK} scope link").split()[3].split("/")[0]
        assert comes_true(lambda: asked_and_answered(wire, link_local))
    assert before.difference(node.snapshot()) == ""


def asked_and_answered(wire: Tap, address: str) -> bool:
    wire.ask(address, "fe80::200")
    return any(str(said).startswith(f"{address} is-at") for said in wire.heard())
