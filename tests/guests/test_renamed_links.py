"""A TAP that is renamed sends nothing that the guard would not let out; what is done to it is undone all the same."""

from __future__ import annotations

import re
from collections.abc import Iterator
from ipaddress import IPv4Address, IPv6Address

import pytest
from guestlab import COMMAND, attach, attach_command, configure, detach, leftovers, node_up, plug, refused
from lab.host import Host
from lab.node import Node
from lab.packets import Tap, arp_request, claim
from lab.stanzas import Stanza
from lab.traffic import reaches
from lab.waiting import comes_true, meanwhile
from test_guest_guard import ipv4, ipv6, udp
from udevd import udevd

LINK = "eth1"
OWN, OWN6 = "192.0.2.10", "2001:db8::10"
OTHER, OTHER6 = IPv4Address("192.0.2.66"), IPv6Address("2001:db8::66")
FAR, FAR6 = IPv4Address("198.51.100.1"), IPv6Address("2001:db8:64::1")
# Behind the guard: whatever comes out of a TAP of any name, but with the guest's own sources
COUNTERS = f"""
nft -f - <<'END'
add table inet behind
add chain inet behind passed {{ type filter hook prerouting priority -150; }}
add rule inet behind passed iifname "t*" ip saddr {OTHER} counter
add rule inet behind passed iifname "t*" ip6 saddr {OTHER6} counter
add table arp behind
add chain arp behind passed {{ type filter hook input priority 10; }}
add rule arp behind passed iifname "t*" arp saddr ip {OTHER} counter
END
"""


@pytest.fixture
def node() -> Iterator[Node]:
    with node_up(Stanza(link=LINK)) as node:
        yield node


@pytest.fixture
def guest(node: Node) -> Iterator[Host]:
    with Host("guest") as guest:
        plug(node.host, guest)
        yield guest


def attach_it(node: Node, tap: str = "tap0") -> None:
    attach(node.host, tap, OWN, OWN6, network=LINK, options="--no-probe")


def rename(node: Node, state: str = "up", name: str = "tap9") -> None:
    """A link that is up can be renamed from Linux 6.2 on."""
    node.host.run(f"ip link set tap0 {state}; ip link set tap0 name {name}; ip link set {name} up")


@pytest.mark.parametrize("state", ["up", "down"])
def test_a_renamed_tap_sends_nothing_of_others(node: Node, guest: Host, state: str) -> None:
    attach_it(node)
    node.host.run(COUNTERS)
    with Tap(guest, "eth0") as tap:
        mac = tap.hardware_address
        frames = [
            ipv4(mac, OTHER, FAR, udp(4000, 53)),
            ipv6(mac, OTHER6, FAR6, udp(4000, 53)),
            arp_request(mac, OTHER, IPv4Address("192.0.2.1")),
            claim(mac, OTHER6),
        ]

        def send() -> None:
            for frame in frames:
                tap.send(frame)

        with meanwhile(send):
            node.host.run("sleep 0.1")
            rename(node, state)
            node.host.run("sleep 0.1")
            # All of it has been sent, and got as far as the guard
            received = int(node.host.run("cat /sys/class/net/tap9/statistics/rx_packets"))
        assert received > len(frames)
    shown = node.host.run("nft list table inet behind; nft list table arp behind")
    assert re.findall(r"packets (\d+)", shown) == ["0", "0", "0"]


def test_what_was_done_to_a_renamed_tap_is_undone(node: Node, guest: Host) -> None:
    before = node.snapshot()
    attach_it(node)
    rename(node)
    status = node.host.attempt(f"{COMMAND} status")
    assert status.returncode == 1
    assert "tap0 attached: the link is tap9 now\n" in status.stdout
    detach(node.host, "tap0")
    node.host.run("ip link set tap9 name tap0")
    assert before.difference(node.snapshot()) == ""
    assert not [path for path in leftovers(node.host) if "tap" in path]


@pytest.mark.parametrize("way", ["detach", "nothing"])
def test_a_renamed_tap_is_attached_by_its_new_name(node: Node, guest: Host, way: str) -> None:
    attach_it(node)
    rename(node)
    if way == "detach":
        detach(node.host, "tap0")
    attach_it(node, "tap9")
    configure(guest, OWN, OWN6)
    node.host.settle()
    assert all(reaches(node.host, address) for address in (OWN, OWN6))
    if way == "nothing":
        node.host.run(f"{COMMAND} detach tap0 --if-gone")  # udev, which comes late
    assert all(reaches(node.host, address) for address in (OWN, OWN6))
    assert "tap0" not in node.host.run(f"{COMMAND} status")
    detach(node.host, "tap9")
    assert "group default" in node.host.run("ip link show tap9")


def test_ifup_detaches_a_renamed_tap(node: Node, guest: Host) -> None:
    before = node.snapshot()
    attach_it(node)
    rename(node)
    node.host.run(f"ifup --force {LINK}; ip link set tap9 name tap0")
    assert before.difference(node.snapshot()) == ""


def test_the_real_udev_detaches_a_renamed_tap(node: Node) -> None:
    host = node.host
    with udevd(host):
        host.run("ip tuntap add dev tap7 mode tap; SYSTEMD_IGNORE_CHROOT=1 udevadm settle")
        before, journals = node.snapshot(), leftovers(host)
        attach_it(node, "tap7")
        host.run("ip link set tap7 name tap8")
        assert comes_true(lambda: leftovers(host) == journals), leftovers(host)
        host.run("SYSTEMD_IGNORE_CHROOT=1 udevadm settle; ip link set tap8 name tap7")
        assert before.difference(node.snapshot()) == ""
        host.run("ip link del tap7; SYSTEMD_IGNORE_CHROOT=1 udevadm settle")


def test_status_says_how_a_routed_link_is_renamed(node: Node, guest: Host) -> None:
    attach_it(node)
    node.host.run(f"ip link set {LINK} name eth9")
    status = node.host.attempt(f"{COMMAND} status")
    assert status.returncode == 1
    assert f"{LINK} inet: the link is eth9 now\n" in status.stdout


def test_no_guest_is_attached_to_a_link_that_is_renamed(node: Node, guest: Host) -> None:
    node.host.run(f"ip link set {LINK} name eth9")
    said = refused(node.host, attach_command("tap0", OWN, network=LINK))
    assert said.startswith(f"tap0: --network {LINK}: no such interface")
    assert not [path for path in leftovers(node.host) if "attached" in path]


@pytest.mark.parametrize("first", ["detach", "ifdown"])
def test_a_routed_link_that_is_renamed_while_up_answers_for_no_guest_that_has_gone(
    node: Node, guest: Host, first: str
) -> None:
    attach_it(node)
    node.host.run(f"ip link set {LINK} name eth9")
    ways = [f"{COMMAND} detach tap0", f"ifdown {LINK}"]
    node.host.run("; ".join(ways if first == "detach" else reversed(ways)))
    assert node.host.run("ip -6 neigh show proxy dev eth9") == ""
    assert node.host.run(f"{COMMAND} status") == "nothing is routed\n"
    assert not [path for path in leftovers(node.host) if LINK in path]


def state(node: Node, *taps: str) -> str:
    """What a TAP is, but for its name and what changes by itself."""
    shown = "; ".join(
        f"ip -o link show {tap} | sed 's/^[0-9]*: [^:]*: //; s/ qdisc [a-z]*//';"
        f" cat /proc/sys/net/ipv[46]/conf/{tap}/forwarding /proc/sys/net/ipv4/conf/{tap}/proxy_arp;"
        f" ip -o addr show dev {tap} | sed 's/^[0-9]*: [^ ]* //'"
        for tap in taps
    )
    return node.host.run(shown)


def test_a_tap_that_is_attached_by_its_new_name_is_in_the_end_as_it_was(node: Node, guest: Host) -> None:
    before, left = state(node, "tap0"), leftovers(node.host)
    attach_it(node)
    rename(node)
    attach_it(node, "tap9")
    node.host.run(f"{COMMAND} detach tap0 --if-gone")  # udev, which comes late
    assert node.host.attempt(f"{COMMAND} status").returncode == 0
    node.host.run(f"{COMMAND} detach tap9")
    assert leftovers(node.host) == left
    assert state(node, "tap9") == before


WAYS = {
    "detached, the first one first": "{0} detach tap0 --if-gone; {0} detach tap1 --if-gone",
    "detached, the last one first": "{0} detach tap1 --if-gone; {0} detach tap0 --if-gone",
    "ifup": "ifup --force eth1",
    "attached anew, then detached": (
        "{0} attach tap0 --network eth1 --ip 192.0.2.11 2001:db8::11 --no-probe;"
        "{0} detach tap1 --if-gone; {0} detach tap0 --if-gone;"
        "{0} attach tap1 --network eth1 --ip 192.0.2.10 2001:db8::10 --no-probe; {0} detach tap0; {0} detach tap1"
    ),
}


@pytest.mark.parametrize("way", WAYS)
def test_two_taps_that_swap_their_names_are_both_as_they_were(node: Node, guest: Host, way: str) -> None:
    with Host("second") as second:
        plug(node.host, second, tap="tap1")
        before, left = [state(node, tap) for tap in ("tap0", "tap1")], leftovers(node.host)
        for number in (0, 1):
            addresses = (f"192.0.2.1{number}", f"2001:db8::1{number}")
            attach(node.host, f"tap{number}", *addresses, network=LINK, options="--no-probe")
        node.host.run("ip link set tap0 name x; ip link set tap1 name tap0; ip link set x name tap1")
        node.host.run(WAYS[way].format(COMMAND))
        assert leftovers(node.host) == left
        assert [state(node, tap) for tap in ("tap1", "tap0")] == before
        assert node.host.attempt(f"{COMMAND} status").returncode == 0


def headings(node: Node) -> list[str]:
    """What status says first, of the network and of the guest; something is wrong."""
    status = node.host.attempt(f"{COMMAND} status")
    assert (status.returncode, status.stderr) == (1, "")
    return [line for line in status.stdout.splitlines() if not line.startswith(" ") and line != "in no journal"]


def test_status_says_first_why_a_guest_is_not_reached(node: Node, guest: Host) -> None:
    attach(node.host, "tap0", OWN, network=LINK, options="--no-probe")
    node.host.run(f"ip link set {LINK} down")
    assert headings(node) == [f"{LINK} inet: the link is down", f"tap0 attached: its network {LINK}: the link is down"]
    node.host.run(f"ip link set {LINK} name eth9; ip link set eth9 up")
    now = "the link is eth9 now"
    assert headings(node) == [f"{LINK} inet: {now}", f"tap0 attached: its network {LINK}: {now}"]
    node.plug("eth2")
    node.host.run(f"ip link set eth2 name {LINK}; ip link set {LINK} up")
    assert headings(node) == [f"{LINK} inet: {now}", f"tap0 attached: its network {LINK}: {now}"]
    node.host.run("ip link del eth9")
    gone = f"the link is gone, another one is {LINK} now"
    assert headings(node) == [f"{LINK} inet: {gone}", f"tap0 attached: its network {LINK}: {gone}"]
    node.host.run(f"ifdown {LINK}")
    assert f"tap0 attached: its network {LINK} is not up" in headings(node)
    node.host.run("ip link set tap0 down")
    assert "tap0 attached: the link is down" in headings(node)
    node.host.run(f"{COMMAND} detach tap0")


def test_a_guest_of_a_network_that_is_taken_down_misses_it(node: Node, guest: Host) -> None:
    attach(node.host, "tap0", OWN, network=LINK, options="--no-probe")
    node.host.run(f"ifdown {LINK}")
    status = node.host.attempt(f"{COMMAND} status tap0")
    assert (status.returncode, status.stderr) == (1, "")
    assert f"  missing  {LINK} up as a routed interface" in status.stdout.splitlines()
