"""A TAP has the MTU of its network's link unless it is told another; leases and advertisements say it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from guestlab import NETWORK, attach, attach_command, detach, node_up, plug, refused
from lab.datacenter import DataCenter, data_center
from lab.host import Host
from lab.node import Node
from lab.stanzas import GATEWAY, GATEWAY6, Stanza
from lab.waiting import comes_true

MAC = "52:54:00:12:34:56"
ADDRESS = "192.0.2.77"
BINDING = "/var/lib/nfdhcpd/tap0"
WITH_NFDHCPD = """
mkdir -p /run/lib/nfdhcpd
mount -t overlay -o lowerdir=/run/lib:/var/lib overlay /var/lib
mount -t tmpfs tmpfs /var/lib/nfdhcpd
"""
# What Debian's own script does with a lease
SCRIPT = """#!/bin/sh
[ "$reason" = BOUND ] || exit 0
[ -z "$new_interface_mtu" ] || ip link set eth0 mtu "$new_interface_mtu"
ip addr add "$new_ip_address/$new_subnet_mask" dev eth0
ip route add default via "$new_routers" dev eth0
"""


@pytest.fixture
def guest() -> Iterator[Host]:
    with Host("guest") as guest:
        yield guest


@pytest.fixture
def node(guest: Host) -> Iterator[Node]:
    """A node whose network is up, with a TAP."""
    with node_up() as node:
        plug(node.host, guest)
        yield node


def mtu(host: Host, link: str = "tap0") -> int:
    return int(host.run(f"cat /sys/class/net/{link}/mtu"))


def set_mtu(host: Host, value: int, link: str = NETWORK) -> None:
    host.run(f"ip link set {link} mtu {value}")


@pytest.mark.parametrize("before", [1500, 9000])
@pytest.mark.parametrize("state", ["down", "up"])
def test_a_tap_has_the_mtu_of_its_network(node: Node, before: int, state: str) -> None:
    set_mtu(node.host, 1400)
    set_mtu(node.host, before, "tap0")
    node.host.run(f"ip link set tap0 {state}")
    snapshot = node.snapshot()
    for _ in range(2):
        attach(node.host, "tap0", ADDRESS, "2001:db8::77", options="--no-probe")
        assert mtu(node.host) == 1400
        assert f"(was {before})" in node.host.run("snf-network-helper status tap0")
    detach(node.host, "tap0")
    assert mtu(node.host) == before
    assert snapshot.difference(node.snapshot()) == ""


def test_the_usual_mtu_is_no_change(node: Node) -> None:
    for _ in range(2):
        assert "mtu" not in node.host.run(attach_command("tap0", ADDRESS, options="-v --no-probe"))
        assert "mtu" not in node.host.run("snf-network-helper status tap0")


def test_a_tap_that_takes_more_than_the_usual_link(node: Node) -> None:
    set_mtu(node.host, 9000, "tap0")
    attach(node.host, "tap0", ADDRESS, options="--no-probe")
    assert mtu(node.host) == 1500
    detach(node.host, "tap0")
    assert mtu(node.host) == 9000


@pytest.mark.parametrize("value", [1300, 4000])
def test_another_mtu(node: Node, value: int) -> None:
    attach(node.host, "tap0", ADDRESS, options=f"--mtu {value} --no-probe")
    assert mtu(node.host) == value
    node.host.run(f"ifup --force {NETWORK}")
    assert mtu(node.host) == value
    attach(node.host, "tap0", ADDRESS, options="--no-probe")
    assert mtu(node.host) == 1500
    assert "mtu" not in node.host.run("snf-network-helper status tap0")


def test_ifup_follows_the_link(node: Node) -> None:
    attach(node.host, "tap0", ADDRESS, options="--no-probe")
    for value in (1400, 9000, 1500):
        set_mtu(node.host, value)
        node.host.run(f"ifup --force {NETWORK}")
        assert mtu(node.host) == value
        assert ("(was 1500)" in node.host.run("snf-network-helper status tap0")) == (value != 1500)
    detach(node.host, "tap0")
    assert mtu(node.host) == 1500


def test_the_mtu_of_the_stanza(node: Node) -> None:
    attach(node.host, "tap0", ADDRESS, options="--no-probe")
    node.host.interfaces(f"{Stanza()}    mtu 1400\n")
    node.host.run(f"ifup --force {NETWORK}")
    assert mtu(node.host) == 1400


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("9k", "expected 68-65535"),
        ("67", "expected 68-65535"),
        ("65536", "expected 68-65535"),
        ("1279", "expected 1280-65535 with IPv6"),
    ],
)
def test_mistakes(node: Node, value: str, expected: str) -> None:
    addresses = [ADDRESS, "2001:db8::77"] if "IPv6" in expected else [ADDRESS]
    line = refused(node.host, attach_command("tap0", *addresses, options=f"--mtu {value}"))
    assert line == f"tap0: --mtu {value}: {expected}"


def test_nfdhcpd_says_it(node: Node) -> None:
    node.host.run(WITH_NFDHCPD)
    attach(node.host, "tap0", ADDRESS, options=f"--mac {MAC} --no-probe")
    assert "MTU" not in node.host.run(f"cat {BINDING}"), "nfdhcpd passes over a file with an empty one"
    set_mtu(node.host, 1400)
    node.host.run(f"ifup --force {NETWORK}")
    assert "\nMTU=1400\n" in node.host.run(f"cat {BINDING}")
    detach(node.host, "tap0")
    assert node.host.attempt(f"test -e {BINDING}").returncode


@pytest.fixture(scope="module")
def center() -> Iterator[DataCenter]:
    """A router and a node that are up, with a link that takes less than usual."""
    with data_center() as center:
        center.bring_up(str(Stanza("router")), str(Stanza("vmc")))
        for host in center.routed_hosts:
            set_mtu(host, 1400)
        yield center


@pytest.mark.parametrize("told", [1400, 1300])
def test_a_served_guest_is_told(center: DataCenter, guest: Host, told: int) -> None:
    node = center.node1
    plug(node, guest)
    guest.run(f"ip link set eth0 down; ip link set eth0 address {MAC}; ip link set eth0 up")
    guest.write("/run/script", SCRIPT)
    options = f"--mac {MAC} --serve --no-probe" + f" --mtu {told}" * (told != 1400)
    attach(node, "tap0", ADDRESS, options=options)
    assert comes_true(lambda: guest.sysctl("ipv6/conf/eth0/mtu") == str(told))
    guest.run("chmod +x /run/script; dhclient -4 -1 -q -sf /run/script -lf /run/leases -pf /run/dhclient.pid eth0")
    assert mtu(guest, "eth0") == told
    for gateway, header in ((GATEWAY, 28), (GATEWAY6, 48)):
        assert comes_true(lambda: not guest.attempt(f"ping -c1 -W5 -M do -s {told - header} {gateway}").returncode)  # noqa: B023
        assert guest.attempt(f"ping -c1 -W1 -M do -s {told - header + 1} {gateway}").returncode
    guest.run("kill $(cat /run/dhclient.pid)")
    detach(node, "tap0")
    guest.run("ip link del eth0")
