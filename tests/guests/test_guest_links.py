"""Kinds of links: taps, held and persistent; macvtaps behind a veth; and what no machine can be behind."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from guestlab import Place, attach, attach_command, configure, detach, node_up, place, refused
from lab.host import Host
from lab.node import Node
from lab.snapshot import snapshot
from lab.stanzas import GATEWAY, GATEWAY6, Stanza
from lab.traffic import reaches
from lab.waiting import comes_true
from tapwire import macvtap, tap, wired

ADDRESSES = ("192.0.2.77", "2001:db8::77")
MAC = "52:54:00:12:34:56"
LEADS = "expected a link that leads to the machine"


@pytest.fixture(scope="module")
def here() -> Iterator[Place]:
    with place(str(Stanza("router")), str(Stanza("vmc"))) as here:
        yield here


@pytest.fixture
def machine() -> Iterator[Host]:
    with Host("machine") as machine:
        yield machine


def check_traffic(here: Place, machine: Host) -> None:
    """Both families, to the router and from it, and to the node's other machines."""
    configure(machine, *ADDRESSES)
    for address in (GATEWAY, GATEWAY6, here.center.vm1.address, here.center.vm1.address6):
        assert comes_true(partial(reaches, machine, address)), address
    for address in ADDRESSES:
        assert reaches(here.center.router, address), address


def test_a_tap_that_an_engine_has_made(here: Place, machine: Host) -> None:
    node = here.center.node1
    with wired(tap(node, "tap7"), machine):
        before = snapshot(node)
        attach(node, "tap7", *ADDRESSES, options="--no-probe")
        check_traffic(here, machine)
        detach(node, "tap7")
        assert before.difference(snapshot(node)) == ""


def test_a_persistent_tap_that_has_no_carrier_yet(here: Place, machine: Host) -> None:
    node = here.center.node1
    node.run("ip tuntap add dev tap7 mode tap")
    before = snapshot(node)
    attach(node, "tap7", *ADDRESSES, options="--no-probe")
    assert node.run("cat /sys/class/net/tap7/carrier") == "0\n"
    for _ in range(2):  # the machine ends, and is started again
        with wired(tap(node, "tap7"), machine):
            check_traffic(here, machine)
    detach(node, "tap7")
    assert before.difference(snapshot(node)) == ""
    node.run("ip tuntap del dev tap7 mode tap")


@pytest.fixture
def veth(here: Place) -> Iterator[None]:
    """A veth on node1: the machine's TAP, and the end that a macvtap is made over, in which the node has no part."""
    node = here.center.node1
    node.run(
        """
        ip link add tap7 type veth peer name under7
        echo 1 > /proc/sys/net/ipv6/conf/under7/disable_ipv6
        ip link set under7 up
        """
    )
    yield
    node.run("ip link del tap7")


@pytest.mark.parametrize("mode", ["private", "vepa", "bridge", "passthru"])
def test_a_macvtap_over_the_other_end_of_a_veth(
    here: Place, veth: None, machine: Host, tmp_path: Path, mode: str
) -> None:
    node = here.center.node1
    node.run(
        f"""
        ip link add link under7 name macvtap7 address {MAC} type macvtap mode {mode}
        echo 1 > /proc/sys/net/ipv6/conf/macvtap7/disable_ipv6
        ip link set macvtap7 up
        """
    )
    with wired(macvtap(node, "macvtap7", tmp_path), machine, MAC):
        before = snapshot(node)
        attach(node, "tap7", *ADDRESSES, options="--no-probe")
        check_traffic(here, machine)
        detach(node, "tap7")
        assert before.difference(snapshot(node)) == ""


@pytest.fixture(scope="module")
def node() -> Iterator[Node]:
    """A node with links of many kinds, none of which leads to a machine."""
    with node_up() as node:
        node.host.run(
            """
            ip link add far type veth peer name near
            ip link add link far name macvtap0 type macvtap
            ip link add link far name macvlan0 type macvlan
            ip link add br0 type bridge
            ip tuntap add dev port0 mode tap
            ip link set port0 master br0
            ip tuntap add dev tun0 mode tun
            """
        )
        yield node


@pytest.mark.parametrize(
    ("link", "why"),
    [
        ("macvtap0", "a macvtap, whose frames pass the node by: expected a tap, or a veth with it over the other end"),
        ("macvlan0", "a macvlan, whose frames pass the node by: expected a tap, or a veth with it over the other end"),
        ("port0", "a port of br0, which takes its frames: expected a link that is no port"),
        ("eth0", f"the node's default route is there: {LEADS}"),
        ("lo", "the loopback interface, expected a link to other hosts or to a guest"),
        ("tun0", "ip link show dev tun0: expected a link with a MAC address"),
    ],
)
def test_refused_by_one_line_and_nothing_is_changed(node: Node, link: str, why: str) -> None:
    before = node.snapshot()
    assert refused(node.host, attach_command(link, "192.0.2.10")).startswith(f"{link}: {why}")
    assert before.difference(node.snapshot()) == ""


@pytest.mark.parametrize("option", ["-4", "-6"])
def test_the_link_of_either_familys_default_route_is_refused(option: str) -> None:
    with node_up(Stanza(link="eth1")) as node:
        other = "-6" if option == "-4" else "-4"
        node.host.run(f"ip {other} route del default")
        line = refused(node.host, attach_command("eth0", "192.0.2.10", network="eth1"))
        assert line == f"eth0: the node's default route is there: {LEADS}"


def test_what_the_network_is_made_over_is_refused() -> None:
    with node_up(Stanza(link="eth1")) as node:
        node.host.run(
            """
            ip link del eth1
            ip tuntap add dev under mode tap
            ip link add link under name eth1 type macvlan
            ip link set eth1 up
            ifup --force eth1
            """
        )
        line = refused(node.host, attach_command("under", "192.0.2.10", network="eth1"))
        assert line == f"under: eth1 is made over it: {LEADS}"


def test_a_network_is_no_machine_of_another() -> None:
    with node_up(Stanza(link="eth1")) as node:
        node.plug("eth2")
        second = str(Stanza(link="eth2")).replace("192.0.2.", "203.0.113.").replace("2001:db8:", "2001:db8:9:")
        node.host.interfaces(f"{Stanza(link='eth1')}\n{second.replace(' 222', ' 333')}")
        node.host.run("ip link set eth2 up; ifup eth2")
        line = refused(node.host, attach_command("eth2", "192.0.2.10", network="eth1"))
        assert line == f"eth2: a routed interface itself: {LEADS}"
