"""Nodes and TAPs without IPv6: a guest that has none misses nothing, and changes nothing of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from guestlab import RUN, attach, configure, detach, leftovers, node_up, plug
from lab.host import Host
from lab.node import Node
from lab.stanzas import Stanza
from lab.waiting import comes_true

LINK = "eth1"
MAC = "52:54:00:12:34:56"
IPV4, IPV6 = "192.0.2.10", "2001:db8::10"
NODE_ITSELF = "203.0.113.80"  # an address of the node's own, which a guest reaches by its router as any other
ON_THE_TAP = "echo 1 > /proc/sys/net/ipv6/conf/tap0/disable_ipv6"
EVERYWHERE = "for scope in all default; do echo 1 > /proc/sys/net/ipv6/conf/$scope/disable_ipv6; done"

# Where IPv6 is missing: by an administrator's settings, by an engine's on each of its links, or in the kernel.
MISSING = {
    "everywhere": EVERYWHERE,
    "on the TAP": ON_THE_TAP,
    "in the kernel": "mount -t tmpfs none /proc/sys/net/ipv6",
}


@contextmanager
def node_with_tap(guest: Host, family: str = "dual stack", settings: str = "") -> Iterator[Node]:
    """A node whose network is up, with a TAP."""
    with node_up(Stanza("vmc", family, link=LINK), settings=settings) as node:
        node.host.run(f"ip addr add {NODE_ITSELF}/32 dev lo")
        plug(node.host, guest)
        yield node


@pytest.fixture
def guest() -> Iterator[Host]:
    with Host("guest") as guest:
        yield guest


@pytest.fixture(params=MISSING.values(), ids=list(MISSING))
def node(request: pytest.FixtureRequest, guest: Host) -> Iterator[Node]:
    with node_with_tap(guest, "IPv4") as node:
        node.host.run(request.param)
        yield node


def reached(guest: Host, address: str) -> bool:
    """Whether the guest gets an answer, now or soon."""
    return comes_true(lambda: guest.attempt(f"ping -c1 -W5 {address}").returncode == 0)


@pytest.mark.parametrize("options", ["", f"--mac {MAC}", f"--mac {MAC} --serve", "--role migrate-in"])
def test_an_ipv4_guest_is_attached_as_anywhere(node: Node, guest: Host, options: str) -> None:
    before = node.snapshot()
    configure(guest, IPV4)
    attach(node.host, "tap0", IPV4, network=LINK, options=f"--no-probe {options}")
    assert reached(guest, NODE_ITSELF)
    assert node.host.attempt("snf-network-helper status").returncode == 0
    node.host.run(f"ifdown {LINK}; ip link set {LINK} up; ifup {LINK}")
    assert reached(guest, NODE_ITSELF)
    detach(node.host, "tap0")
    assert before.difference(node.snapshot()) == ""
    assert not [path for path in leftovers(node.host) if "tap0" in path]


def test_it_is_told_its_address(node: Node, guest: Host) -> None:
    guest.run(f"ip link set eth0 down; ip link set eth0 address {MAC}; ip link set eth0 up")
    attach(node.host, "tap0", IPV4, network=LINK, options=f"--no-probe --mac {MAC} --serve")
    guest.write("/run/script", "#!/bin/sh\nenv > /run/lease.$reason")
    guest.run(
        "chmod +x /run/script; dhclient -4 -1 -q -sf /run/script -lf /run/leases -pf /run/dhclient.pid -d eth0 &"
        " until [ -s /run/lease.BOUND ]; do sleep 0.05; done; kill $!"
    )
    assert f"new_ip_address={IPV4}\n" in guest.run("cat /run/lease.BOUND")


def of_ipv6(node: Node) -> list[str]:
    """What the node has of IPv6, but for the addresses that the kernel gives to every link that is up."""
    return [line for line in node.snapshot().lines if line.startswith(("rule6: ", "sysctl: /proc/sys/net/ipv6"))]


def test_a_guest_without_it_changes_nothing_of_it(guest: Host) -> None:
    """Also where its network has IPv6."""
    with node_with_tap(guest) as node:
        before = of_ipv6(node)
        attach(node.host, "tap0", IPV4, network=LINK, options="--no-probe")
        assert of_ipv6(node) == before
        assert node.host.run("ip -6 addr show dev tap0 to fe80::1; ip -6 neigh show proxy dev eth1") == ""


@pytest.mark.parametrize("state", ["down", "up"])
@pytest.mark.parametrize("settings", ["", "IPV6_FORWARDING=all"])
@pytest.mark.parametrize("addresses", [[IPV6], [IPV4, IPV6]], ids=["IPv6", "dual stack"])
def test_an_ipv6_guest_has_it_switched_on(guest: Host, addresses: list[str], settings: str, state: str) -> None:
    with node_with_tap(guest, settings=settings) as node:
        node.host.run(f"{ON_THE_TAP}; ip link set tap0 {state}")
        before = node.snapshot()
        configure(guest, *addresses)
        attach(node.host, "tap0", *addresses, network=LINK, options="--no-probe")
        journal = node.host.run(f"cat {RUN}/attached/tap0")
        assert "applied Sysctl path=net/ipv6/conf/tap0/disable_ipv6 value=0 prior=1\n" in journal
        for _ in range(2):
            assert reached(guest, "2001:db8:64::11")
            attach(node.host, "tap0", *addresses, network=LINK, options="--no-probe")
        detach(node.host, "tap0")
        assert before.difference(node.snapshot()) == ""


def test_a_tap_that_has_it_keeps_it(guest: Host) -> None:
    with node_with_tap(guest) as node:
        attach(node.host, "tap0", IPV6, network=LINK, options="--no-probe")
        journal = node.host.run(f"cat {RUN}/attached/tap0")
        assert "kept Sysctl path=net/ipv6/conf/tap0/disable_ipv6 value=0 prior=0\n" in journal


def test_a_guest_that_gets_and_loses_it(guest: Host) -> None:
    with node_with_tap(guest) as node:
        node.host.run(ON_THE_TAP)
        before = node.snapshot()
        configure(guest, IPV4, IPV6)
        for addresses in ([IPV4], [IPV4, IPV6], [IPV4]):
            attach(node.host, "tap0", *addresses, network=LINK, options="--no-probe")
            assert reached(guest, NODE_ITSELF)
            assert node.host.sysctl("ipv6/conf/tap0/disable_ipv6") == str(int(IPV6 not in addresses))
        detach(node.host, "tap0")
        assert before.difference(node.snapshot()) == ""
