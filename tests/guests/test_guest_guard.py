"""Only its own addresses come out of a TAP: what passes is counted behind the guard."""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from ipaddress import IPv4Address, IPv6Address

import pytest
from guestlab import attach, configure, node_up, plug
from lab.host import Host
from lab.packets import BROADCAST, ETH_P_IPV6, Tap, arp_request, checksum, ethernet, solicitation
from lab.waiting import comes_true

OWN, OTHER = IPv4Address("192.0.2.10"), IPv4Address("192.0.2.66")
OWN6, OTHER6 = IPv6Address("2001:db8::10"), IPv6Address("2001:db8::66")
LINK_LOCAL, NOBODY, NOBODY6 = IPv6Address("fe80::10"), IPv4Address("0.0.0.0"), IPv6Address("::")
GATEWAY, GATEWAY6 = IPv4Address("192.0.2.1"), IPv6Address("2001:db8::1")
ALL_NODES, ALL_ROUTERS = IPv6Address("ff02::1"), IPv6Address("ff02::2")
UDP, ICMPV6 = 17, 58
IPV4_TYPE = 0x0800

# Behind the guard: what has passed it, whatever becomes of it then
COUNTERS = """
nft -f - <<'END'
add table inet behind
add chain inet behind passed { type filter hook prerouting priority -150; }
add rule inet behind passed iifname tap0 counter
add table arp behind
add chain arp behind passed { type filter hook input priority 10; }
add rule arp behind passed iifname tap0 counter
END
"""


class Guarded:
    """A node, and a machine that sends whatever it likes."""

    def __init__(self, node: Host, tap: Tap) -> None:
        self.node = node
        self.tap = tap
        self.mac = tap.hardware_address

    def passed(self) -> int:
        """How many frames have passed the guard."""
        shown = self.node.run("nft list table inet behind; nft list table arp behind")
        return sum(int(number) for number in re.findall(r"packets (\d+)", shown))

    def passes(self, frame: bytes) -> bool:
        """Whether a frame passes: of it and one that does, which goes after it, one or two arrive."""
        before = self.passed()
        self.send(frame)
        self.send(ipv4(self.mac, OWN, GATEWAY, udp(4000, 9)))
        assert comes_true(lambda: self.passed() > before)
        return self.passed() - before == 2

    def send(self, frame: bytes) -> None:
        self.tap._socket.send(frame)


@pytest.fixture(scope="module")
def guarded() -> Iterator[Guarded]:
    with node_up() as node, Host("guest") as guest:
        # The machine's own kernel is to be silent: the frames here are ours
        guest.run("echo 1 > /proc/sys/net/ipv6/conf/default/disable_ipv6")
        plug(node.host, guest)
        attach(node.host, "tap0", str(OWN), str(OWN6), options="--no-probe")
        node.host.run(COUNTERS)
        with Tap(guest, "eth0") as tap:
            yield Guarded(node.host, tap)


def udp(source: int, target: int) -> bytes:
    return struct.pack("!HHHH", source, target, 8, 0)


def ipv4(mac: bytes, source: IPv4Address, target: IPv4Address, payload: bytes, protocol: int = UDP) -> bytes:
    head = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(payload), 0, 0, 64, protocol, 0, source.packed, target.packed)
    head = head[:10] + checksum(head) + head[12:]
    return ethernet(BROADCAST, mac, IPV4_TYPE) + head + payload


def ipv6(mac: bytes, source: IPv6Address, target: IPv6Address, payload: bytes, protocol: int = UDP) -> bytes:
    head = struct.pack("!IHBB", 6 << 28, len(payload), protocol, 255) + source.packed + target.packed
    return ethernet(BROADCAST, mac, ETH_P_IPV6) + head + payload


def icmpv6(kind: int, body: bytes = bytes(4)) -> bytes:
    return struct.pack("!BBH", kind, 0, 0) + body


def advertisement(mac: bytes, source: IPv6Address, about: IPv6Address) -> bytes:
    body = struct.pack("!I", 0x20000000) + about.packed + b"\x02\x01" + mac
    return ipv6(mac, source, ALL_NODES, icmpv6(136, body), ICMPV6)


@pytest.mark.parametrize(
    ("source", "passes"), [(OWN, True), (OTHER, False), (GATEWAY, False), (IPv4Address("127.0.0.1"), False)]
)
def test_ipv4(guarded: Guarded, source: IPv4Address, passes: bool) -> None:
    assert guarded.passes(ipv4(guarded.mac, source, IPv4Address("203.0.113.1"), udp(4000, 53))) is passes


@pytest.mark.parametrize(("source", "passes"), [(OWN6, True), (OTHER6, False), (GATEWAY6, False), (LINK_LOCAL, False)])
def test_ipv6(guarded: Guarded, source: IPv6Address, passes: bool) -> None:
    assert guarded.passes(ipv6(guarded.mac, source, IPv6Address("2001:db8:80::80"), udp(4000, 53))) is passes


@pytest.mark.parametrize(("sender", "passes"), [(OWN, True), (OTHER, False), (GATEWAY, False), (NOBODY, True)])
def test_arp(guarded: Guarded, sender: IPv4Address, passes: bool) -> None:
    assert guarded.passes(arp_request(guarded.mac, sender, GATEWAY)) is passes


@pytest.mark.parametrize(
    ("source", "about", "passes"),
    [
        (OWN6, OWN6, True),
        (LINK_LOCAL, OWN6, True),
        (LINK_LOCAL, LINK_LOCAL, True),
        (OWN6, OTHER6, False),
        (LINK_LOCAL, OTHER6, False),
        (OWN6, GATEWAY6, False),
        (LINK_LOCAL, GATEWAY6, False),
        (OTHER6, OWN6, False),
    ],
)
def test_neighbour_advertisements(guarded: Guarded, source: IPv6Address, about: IPv6Address, passes: bool) -> None:
    assert guarded.passes(advertisement(guarded.mac, source, about)) is passes


def test_dhcp_of_a_machine_that_has_no_address_yet(guarded: Guarded) -> None:
    everybody = IPv4Address("255.255.255.255")
    assert guarded.passes(ipv4(guarded.mac, NOBODY, everybody, udp(68, 67)))
    assert not guarded.passes(ipv4(guarded.mac, NOBODY, everybody, udp(68, 53)))
    assert not guarded.passes(ipv4(guarded.mac, NOBODY, GATEWAY, udp(67, 68)))


def test_dhcpv6(guarded: Guarded) -> None:
    servers = IPv6Address("ff02::1:2")
    assert guarded.passes(ipv6(guarded.mac, LINK_LOCAL, servers, udp(546, 547)))
    assert not guarded.passes(ipv6(guarded.mac, LINK_LOCAL, servers, udp(547, 546)))


@pytest.mark.parametrize("source", [NOBODY6, LINK_LOCAL])
def test_router_solicitations_pass_and_advertisements_do_not(guarded: Guarded, source: IPv6Address) -> None:
    assert guarded.passes(ipv6(guarded.mac, source, ALL_ROUTERS, icmpv6(133), ICMPV6))
    assert not guarded.passes(ipv6(guarded.mac, source, ALL_NODES, icmpv6(134, bytes(12)), ICMPV6))


def test_redirects_do_not_pass(guarded: Guarded) -> None:
    assert not guarded.passes(ipv6(guarded.mac, LINK_LOCAL, ALL_NODES, icmpv6(137, bytes(36)), ICMPV6))


@pytest.mark.parametrize(("source", "passes"), [(NOBODY6, True), (LINK_LOCAL, True), (OWN6, True), (OTHER6, False)])
def test_neighbour_solicitations(guarded: Guarded, source: IPv6Address, passes: bool) -> None:
    assert guarded.passes(solicitation(guarded.mac, source, OWN6)) is passes


def test_duplicate_address_detection_finds_no_duplicate() -> None:
    with node_up() as node, Host("guest") as guest:
        plug(node.host, guest)
        attach(node.host, "tap0", str(OWN), str(OWN6), options="--no-probe")
        configure(guest, str(OWN))
        guest.run(f"ip -6 addr add {OWN6}/64 dev eth0")
        guest.settle()
        assert "dadfailed" not in guest.run("ip -6 addr show dev eth0")
        assert guest.run("ip -6 addr show dev eth0").count("inet6") == 2


def test_other_links_are_not_looked_at() -> None:
    with node_up() as node, Host("guest") as guest, Host("other") as other:
        plug(node.host, guest)
        plug(node.host, other, "tap1")
        attach(node.host, "tap0", str(OWN), str(OWN6), options="--no-probe")
        node.host.run("ip link set tap1 up; ip addr add 10.9.9.1/24 dev tap1")
        other.run("ip addr add 10.9.9.2/24 dev eth0")
        assert comes_true(lambda: other.attempt("ping -n -q -c 1 -W 1 10.9.9.1").returncode == 0)
