"""A segment that sends a node's own announcements back to it (hairpin, VEPA) is no other node that claims them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from guestlab import COMMAND, Place, attach, configure, detach, leftovers, place, plug
from lab.host import Host
from lab.packets import ADVERTISEMENT, ETH_P_ARP, ETH_P_IPV6, ICMPV6, Tap, hardware_address
from lab.stanzas import Stanza
from lab.traffic import reaches
from lab.waiting import comes_true
from migrationlab import ADDRESSES as MOVING
from migrationlab import TAP, migration

LINK = "eth1"
ADDRESSES = ("192.0.2.70", "2001:db8::70")
TIMES = 9  # how often an address is announced: once, and then as wire/announce.py says
GONE = "nft list set arp snf_network_helper gone; nft list set inet snf_network_helper gone6"


def reflect(segment: Host, port: str) -> None:
    """Have a port of the switch send back what comes in by it and goes to everybody."""
    segment.run(f"bridge link set dev {port} hairpin on mcast_flood on bcast_flood on")


@pytest.fixture
def here() -> Iterator[Place]:
    with place(str(Stanza("router", link=LINK)), str(Stanza(link=LINK)), link=LINK) as here, Host("guest") as guest:
        center = here.center
        reflect(center.segment, center.segment.port(center.node1, LINK))
        plug(center.node1, guest, "tap9")
        configure(guest, *ADDRESSES)
        yield here


def announced(tap: Tap, mac: str) -> tuple[int, int]:
    """How many announcements of either family have passed since the last call, by this MAC address."""
    frames = [frame for frame in tap.frames() if frame[6:12].hex(":") == mac]
    arp = [frame for frame in frames if frame[12:14] == ETH_P_ARP.to_bytes(2, "big") and frame[28:32] == frame[38:42]]
    ipv6 = [frame for frame in frames if frame[12:14] == ETH_P_IPV6.to_bytes(2, "big") and frame[20] == ICMPV6]
    return len(arp), len([frame for frame in ipv6 if frame[54] == ADVERTISEMENT])


def test_the_node_answers_and_announces_on_for_what_it_hears_itself_announce(here: Place) -> None:
    center = here.center
    mac = hardware_address(center.node1, LINK)
    port = center.segment.port(center.node2, LINK)
    with Tap(center.node1, LINK) as back, Tap(center.segment, port) as wire:
        attach(center.node1, "tap9", *ADDRESSES, network=LINK)
        counts = [0, 0, 0, 0]

        def comes_back() -> bool:
            for index, count in enumerate(announced(back, mac)):
                counts[index] += count
            return counts[0] > 2 and counts[1] > 1  # more than was sent at once

        assert comes_true(comes_back)
        assert "elements" not in center.node1.run(GONE)
        assert all(reaches(center.router, address) for address in ADDRESSES)

        def all_times() -> bool:
            for index, count in enumerate(announced(wire, mac)):
                counts[2 + index] += count
            return counts[2] >= 2 * TIMES and counts[3] >= TIMES

        assert comes_true(all_times)
    assert "elements" not in center.node1.run(GONE)
    assert center.node1.attempt(f"{COMMAND} status").returncode == 0
    with Tap(center.router, LINK) as other:  # what is another host's is one's still
        other.claim(ADDRESSES[1])
        assert comes_true(lambda: "elements" in center.node1.run(GONE))
    before = center.node1.run(f"{COMMAND} status")
    attach(center.node1, "tap9", *ADDRESSES, network=LINK)
    assert center.node1.run(f"{COMMAND} status") == before
    detach(center.node1, "tap9")


def test_a_link_that_gets_another_mac_address_is_itself_still(here: Place) -> None:
    center = here.center
    node = center.node1
    node.run(f"ip link set {LINK} address 02:00:00:00:00:99")
    attach(node, "tap9", *ADDRESSES, network=LINK)
    assert "02:00:00:00:00:99" in node.run("nft list set arp snf_network_helper own")
    node.run(f"ifup --force {LINK}")
    for family in ("arp", "inet"):
        assert node.run(f"nft list set {family} snf_network_helper own").count(f'"{LINK}" . ') == 1
    assert node.attempt(f"{COMMAND} status").returncode == 0
    detach(node, "tap9")
    for tap in ("tap0", "tap1"):
        detach(node, tap)
    assert not [path for path in leftovers(node) if "own" in path]


def test_a_guest_does_not_depart_because_of_its_own_node() -> None:
    with migration() as lab:
        center = lab.place.center
        link = center.link
        reflect(center.segment, center.segment.port(lab.a, link))
        detach(lab.a, TAP, "--migrate-out")
        with Tap(lab.a, link) as back:
            lab.a.run(f"{COMMAND} announce {link} {' '.join(MOVING)}")
            mac = hardware_address(lab.a, link)
            assert comes_true(lambda: announced(back, mac)[1] > 1)
        assert any(TAP in path for path in leftovers(lab.a))
        with Tap(center.router, link) as neighbour:
            neighbour.claim(MOVING[1])
        assert comes_true(lambda: not any(TAP in path for path in leftovers(lab.a)))
