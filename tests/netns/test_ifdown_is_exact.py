"""ifdown puts the kernel back exactly as ifup found it, whatever the stanza and whatever the tools."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from lab.node import Node, lone_node
from lab.snapshot import Snapshot
from lab.stanzas import Stanza, every_stanza

VLAN, PLAIN = "eth0.222", "eth1"


@pytest.fixture
def node(request: pytest.FixtureRequest) -> Iterator[Node]:
    with lone_node(getattr(request, "param", "nft")) as node:
        yield node


def prepare(node: Node, link: str) -> Snapshot:
    """The kernel before ifup. ifdown deletes a VLAN's link, so before means without it; a plain link stays."""
    if link == PLAIN:
        node.plug(link)
    before = node.snapshot()
    if link == VLAN:
        node.plug(link)
    return before


def stanzas(*links: str) -> list[object]:
    return [pytest.param(stanza, id=stanza.title) for link in links for stanza in every_stanza(link)]


@pytest.mark.parametrize("node", ["nft", "legacy"], indirect=True)
@pytest.mark.parametrize("stanza", stanzas(VLAN, PLAIN))
def test_ifdown_leaves_the_kernel_as_ifup_found_it(node: Node, stanza: Stanza) -> None:
    before = prepare(node, stanza.link)
    node.host.interfaces(str(stanza))
    node.host.run(f"ifup {stanza.link}")
    assert before.difference(node.snapshot())
    node.host.run(f"ifdown {stanza.link}")
    assert before.difference(node.snapshot()) == ""


@pytest.mark.parametrize("link", [VLAN, PLAIN])
@pytest.mark.parametrize("role", ["vmc", "router", "router-vmc"])
def test_ifdown_is_as_exact_for_two_stanzas_of_one_interface(node: Node, role: str, link: str) -> None:
    before = prepare(node, link)
    ipv4 = Stanza(role, "IPv4", nat=role != "vmc", link=link)
    ipv6 = Stanza(role, "IPv6", nat6=role != "vmc", link=link, addrfam="inet6")
    node.host.interfaces(f"{ipv4}\n{ipv6}")
    node.host.run(f"ifup {link}")
    node.host.run(f"ifdown {link}")
    assert before.difference(node.snapshot()) == ""


@pytest.mark.parametrize("link", [VLAN, PLAIN])
@pytest.mark.parametrize("role", ["vmc", "router", "router-vmc"])
def test_up_and_down_again_and_again_leaves_nothing_behind(node: Node, role: str, link: str) -> None:
    before = prepare(node, link)
    node.host.interfaces(str(Stanza(role, nat=role != "vmc", link=link)))
    for _ in range(3):
        if link == VLAN and node.host.attempt(f"ip link show {link}").returncode:
            node.plug(link)
        node.host.run(f"ifup {link}")
        node.host.run(f"ifdown {link}")
    assert before.difference(node.snapshot()) == ""


@pytest.mark.parametrize("link", [VLAN, PLAIN])
@pytest.mark.parametrize("role", ["vmc", "router", "router-vmc"])
def test_ifdown_of_a_link_that_has_vanished_leaves_nothing_behind(node: Node, role: str, link: str) -> None:
    before = node.snapshot()
    node.plug(link)
    node.host.interfaces(str(Stanza(role, nat=role != "vmc", nat6=role != "vmc", link=link)))
    node.host.run(f"ifup {link}")
    node.host.run(f"ip link del {link}")
    node.host.attempt(f"ifdown {link}")
    assert before.difference(node.snapshot()) == ""


@pytest.mark.parametrize("role", ["vmc", "router", "router-vmc"])
def test_ifdown_removes_the_journal(node: Node, role: str) -> None:
    node.plug(VLAN)
    node.host.interfaces(str(Stanza(role)))
    node.host.run(f"ifup {VLAN}")
    assert node.host.run("ls /run/snf-network-helper/journal").split() == [f"{VLAN}:inet"]
    node.host.run(f"ifdown {VLAN}")
    assert node.host.run("ls /run/snf-network-helper/journal").split() == []
