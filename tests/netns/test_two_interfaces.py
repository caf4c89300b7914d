"""Two routed interfaces with two subnets on one node: each by itself, and what they share as long as one needs it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from lab.host import Host, Switch
from lab.node import Node, lone_node
from lab.traffic import reaches
from lab.vm import Subnet, attach

STANZAS = {
    "eth0.222": "192.0.2.0/24 2001:db8::/64",
    "eth0.333": "203.0.113.0/24 2001:db8:3::/64",
}
GATEWAYS = {"eth0.222": "192.0.2.1 2001:db8::1", "eth0.333": "203.0.113.1 2001:db8:3::1"}


def stanza(link: str, role: str = "vmc") -> str:
    """The stanza of one subnet; a router has an uplink and masquerades."""
    router = f"\n    routed-role {role}\n    routed-uplink eth0\n    routed-nat yes\n    routed-nat6 yes"
    return f"""
iface {link} inet manual
    routed-subnet  {STANZAS[link]}
    routed-gateway {GATEWAYS[link]}{"" if role == "vmc" else router}
"""


def both(role: str = "vmc") -> str:
    return "".join(stanza(link, role) for link in STANZAS)


@pytest.fixture
def node() -> Iterator[Node]:
    with lone_node() as node:
        yield node


@pytest.mark.parametrize("order", [("eth0.222", "eth0.333"), ("eth0.333", "eth0.222")])
@pytest.mark.parametrize("role", ["vmc", "router", "router-vmc"])
def test_taking_one_down_leaves_the_other_as_if_it_had_been_alone(
    node: Node, role: str, order: tuple[str, str]
) -> None:
    first, second = order
    before = node.snapshot()
    node.host.interfaces(both(role))
    node.plug(first)
    node.host.run(f"ifup {first}")
    alone = node.snapshot()
    node.plug(second)
    node.host.run(f"ifup {second}")
    node.host.run(f"ifdown {second}")
    assert alone.difference(node.snapshot()) == ""
    node.host.run(f"ifdown {first}")
    assert before.difference(node.snapshot()) == ""


@pytest.mark.parametrize("role", ["vmc", "router", "router-vmc"])
def test_what_both_share_goes_back_when_the_last_one_goes(node: Node, role: str) -> None:
    node.host.write("/etc/default/snf-network-helper", 'IPV6_FORWARDING="all"')
    before = node.snapshot()
    node.host.interfaces(both(role))
    for link in STANZAS:
        node.plug(link)
    node.host.run("ifup eth0.222 eth0.333")
    node.host.run("ifdown eth0.222")
    shared = ["ipv6/conf/all/forwarding"] + ["ipv4/conf/eth0/forwarding"] * (role != "vmc")
    assert [node.host.sysctl(path) for path in shared] == ["1"] * len(shared)
    node.host.run("ifdown eth0.333")
    assert before.difference(node.snapshot()) == ""


@pytest.mark.parametrize("role", ["vmc", "router", "router-vmc"])
def test_both_may_be_brought_up_and_taken_down_at_once(node: Node, role: str) -> None:
    before = node.snapshot()
    node.host.interfaces(both(role))
    for link in STANZAS:
        node.plug(link)
    node.host.run("ifup eth0.222 & one=$!; ifup eth0.333 & two=$!; wait $one; wait $two")
    assert node.host.attempt("snf-network-helper status").returncode == 0
    node.host.run("ifdown eth0.222 & one=$!; ifdown eth0.333 & two=$!; wait $one; wait $two")
    assert before.difference(node.snapshot()) == ""


def test_a_table_has_room_for_one_default_route(node: Node) -> None:
    before = node.snapshot()
    node.host.interfaces(stanza("eth0.222") + stanza("eth0.333").rstrip() + "\n    routed-table 222\n")
    for link in STANZAS:
        node.plug(link)
    node.host.run("ifup eth0.222")
    code, lines = node.errors("ifup eth0.333")
    assert code != 0
    assert len(lines) == 1
    assert lines == ["eth0.333: routed-table 222 is eth0.222's already (0 changes undone)"]
    node.host.run("ifdown eth0.222; ip link del eth0.333")
    assert before.difference(node.snapshot()) == ""


@pytest.fixture
def subnets() -> Iterator[dict[str, Host]]:
    """One router and one node, connected by two segments; a VM in each subnet."""
    with ExitStack() as stack:
        router, node = (stack.enter_context(Host(name)) for name in ("router", "node"))
        lan = stack.enter_context(Switch("lan"))
        for host, role in ((router, "router"), (node, "vmc")):
            lan.plug(host, "eth0")
            host.run("ip link set eth0 up")
            host.interfaces(both(role))
        vms = {}
        for link, tap in zip(STANZAS, ("tap0", "tap1"), strict=True):
            segment = stack.enter_context(Switch("segment"))
            segment.plug(router, link)
            segment.plug(node, link)
            gateway, gateway6 = GATEWAYS[link].split()
            subnet = Subnet(link, link.removeprefix("eth0."), gateway, gateway6)
            for host in (router, node):
                host.run(f"ifup {link}")
            vm = stack.enter_context(Host(tap.replace("tap", "vm")))
            attach(node, vm, tap, f"{gateway}1", f"{gateway6}1", subnet)
            vms[link] = vm
        for host in (router, node, *vms.values()):
            host.settle()
        yield {"router": router, "node": node, **vms}


def test_each_subnet_has_its_own_gateway(subnets: dict[str, Host]) -> None:
    for link in STANZAS:
        for gateway in GATEWAYS[link].split():
            assert reaches(subnets[link], gateway)


def test_vms_of_two_subnets_reach_each_other_by_the_router(subnets: dict[str, Host]) -> None:
    assert reaches(subnets["eth0.222"], "203.0.113.11")
    assert reaches(subnets["eth0.333"], "2001:db8::11")


def test_one_subnet_goes_on_when_the_other_goes_down(subnets: dict[str, Host]) -> None:
    subnets["node"].run("ifdown eth0.333")
    for gateway in GATEWAYS["eth0.222"].split():
        assert reaches(subnets["eth0.222"], gateway)
