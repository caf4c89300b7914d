"""An interface of several stanzas: ifup runs the hook for one after another, and guests lose nothing in between."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext

import pytest
from guestlab import COMMAND, Place, attach, configure, leftovers, place, plug, started
from lab.host import Host
from lab.node import Node, lone_node
from lab.stanzas import Stanza
from lab.traffic import reaches

LINK = "eth1"
GATEWAYS = ("192.0.2.1", "2001:db8::1")
MAC = "52:54:00:00:00:77"
EUI64 = "2001:db8::5054:ff:fe00:77"
STANZAS = "\n".join(
    str(Stanza("vmc", family, link=LINK, addrfam=addrfam)) for family, addrfam in (("IPv4", "inet"), ("IPv6", "inet6"))
)
FIRST, SECOND = (
    f"""
iface {LINK} inet manual
    routed-subnet  {subnet}
    routed-gateway 100.64.0.1
    routed-onlink  yes
    routed-table   222
"""
    for subnet in ("192.0.2.0/24", "10.20.0.0/24")
)


def between(node: Host, script: str) -> None:
    """Have a script run after our hook, for each stanza."""
    node.write("/etc/network/if-up.d/zz-test", f"#!/bin/sh\nset -e\n{script}")
    node.run("chmod +x /etc/network/if-up.d/zz-test")


@contextmanager
def echoing(source: Host, *addresses: str) -> Iterator[None]:
    """Send echoes all the time, of which none may be lost."""
    command = "ping -n -q -i 0.01 -W 2"
    pings = [started(source, f"exec {command} {address}") for address in addresses]
    try:
        yield
        source.run("sleep 0.2")
    finally:
        for ping in pings:
            ping.send_signal(2)
    for ping in pings:
        assert ping.stdout is not None
        said = ping.stdout.read()
        counts = re.search(r"(\d+) packets transmitted, (\d+) received", said)
        assert counts is not None, said
        assert counts[1] == counts[2], said


@pytest.fixture
def here() -> Iterator[Place]:
    with place(str(Stanza("router", link=LINK)), STANZAS, link=LINK) as here:
        yield here


def test_ifdown_and_ifup_take_nothing_of_the_family_to_come(here: Place) -> None:
    center = here.center
    node, guest, other = center.node1, center.vm1, center.vm2
    look = "ip -6 route show table 222; ip -6 rule; nft list table inet snf_network_helper; cat /proc/sys/net/ipv6/conf"
    between(node, f"({look}/tap0/forwarding) > /run/after-$ADDRFAM")
    with echoing(guest.host, other.address, other.address6):
        node.run(f"ifdown {LINK}; ifup {LINK}")
    after = node.run("cat /run/after-inet")
    assert f"{guest.address6} dev tap0" in after
    assert f'"tap0" . {guest.address6}' in after
    assert after.splitlines()[-1] == "1"
    node.settle()
    assert all(reaches(guest.host, gateway) for gateway in GATEWAYS)
    assert all(reaches(center.vm3.host, guest.at(family)) for family in ("IPv4", "IPv6"))
    assert node.attempt(f"{COMMAND} status").returncode == 0


def test_ifup_again_loses_no_packet(here: Place) -> None:
    center = here.center
    addresses = (center.vm1.address, center.vm1.address6)
    assert all(reaches(center.router, address) for address in addresses)
    with echoing(center.router, *addresses):
        center.node1.run(f"ifup --force {LINK}")


def test_a_family_that_the_file_has_no_more_is_undone(here: Place) -> None:
    center = here.center
    node = center.node1
    node.run(f"ifdown {LINK}")
    node.interfaces(str(Stanza("vmc", "IPv4", link=LINK)))
    node.run(f"ifup {LINK}")
    assert "2001:db8::11" not in node.run("ip -6 route show table all; nft list table inet snf_network_helper")
    assert reaches(center.vm1.host, GATEWAYS[0])


def test_a_guest_attached_between_the_hooks_has_both_families(here: Place) -> None:
    center = here.center
    node = center.node1
    with Host("guest") as guest:
        plug(node, guest, "tap7")
        node.run(f"ifdown {LINK}")
        command = f"{COMMAND} attach tap7 --network {LINK} --no-probe --mac {MAC} --ip 192.0.2.77"
        between(node, f"[ $ADDRFAM != inet ] || {command}")
        node.run(f"ifup {LINK}")
        configure(guest, "192.0.2.77", EUI64)
        node.settle()
        for address in ("192.0.2.77", EUI64):
            assert reaches(center.router, address), address
        look = f"head -2 /run/snf-network-helper/attached/tap7; {COMMAND} status | sort"
        before = node.run(look)
        node.run(f"rm /etc/network/if-up.d/zz-test; ifup --force {LINK}; {command}")
        assert node.run(look) == before
        node.run(f"{COMMAND} detach tap7")


@contextmanager
def two_of_one_family(echoes: bool = True) -> Iterator[Node]:
    """A node whose second stanza has a subnet that its provider routes to it, with a guest in it."""
    with lone_node() as node, Host("gateway") as gateway, Host("guest") as guest:
        node.plug(LINK)
        node.segment.plug(gateway, "eth0")
        gateway.run("ip link set eth0 up; ip addr add 100.64.0.1/32 dev eth0; ip route add 10.20.0.0/24 dev eth0")
        node.host.interfaces(FIRST + SECOND)
        node.host.run(f"ip link set {LINK} up; ifup {LINK}")
        plug(node.host, guest)
        attach(node.host, "tap0", "10.20.0.10", network=LINK, options="--no-probe")
        guest.run("ip addr add 10.20.0.10/24 dev eth0; ip route add default via 100.64.0.1 dev eth0 onlink")
        assert reaches(gateway, "10.20.0.10")
        with echoing(gateway, "10.20.0.10") if echoes else nullcontext():
            yield node


def test_ifup_again_tears_down_no_second_stanza_of_one_family() -> None:
    with two_of_one_family() as node:
        monitor = started(node.host, "exec ip -o monitor route rule")
        node.host.run(f"ifup --force {LINK}; ifup --force {LINK}")
        monitor.terminate()
        assert monitor.stdout is not None
        assert "Deleted" not in monitor.stdout.read()
        assert node.host.attempt(f"{COMMAND} status").returncode == 0


@pytest.mark.parametrize(
    "mistake", [("10.20.0.0/24", "10.20.0.0/33"), ("100.64.0.1", "100.64.0.9")]
)
def test_a_second_stanza_with_an_error_stands_as_before(mistake: tuple[str, str]) -> None:
    with two_of_one_family() as node:
        before = node.snapshot()
        node.host.interfaces(FIRST + SECOND.replace(*mistake))
        assert "routed exited with return code 1" in node.host.attempt(f"ifup --force {LINK}").stderr
        assert before.difference(node.snapshot()) == ""
        node.host.interfaces(FIRST + SECOND)
        node.host.run(f"ifup --force {LINK}")
        assert before.difference(node.snapshot()) == ""


def test_a_second_stanza_that_is_edited_follows() -> None:
    with two_of_one_family() as node:
        edited = SECOND.replace("10.20.0.0/24", "10.20.0.0/24 10.30.0.0/16")
        for second in (edited, SECOND):
            node.host.interfaces(FIRST + second)
            node.host.run(f"ifup --force {LINK}")
            routes = node.host.run("ip route show table 222 proto snf")
            assert ("10.30.0.0/16" in routes) == (second == edited)
            assert "10.20.0.0/24" in routes
        assert node.host.attempt(f"{COMMAND} status").returncode == 0


def test_a_second_stanza_that_is_gone_is_undone() -> None:
    with two_of_one_family(echoes=False) as node:
        node.host.run(f"{COMMAND} detach tap0")
        node.host.interfaces(FIRST)
        node.host.run(f"ifup --force {LINK}")
        assert "10.20.0" not in node.host.run("ip route show table all proto snf; ip rule")
        node.host.run(f"ifdown {LINK}")
        assert leftovers(node.host) == []
