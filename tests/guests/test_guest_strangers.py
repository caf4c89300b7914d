"""Nobody beyond a router takes an address away by neighbour discovery: it is for neighbours (RFC 4861, 7.1.2)."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from guestlab import Place, attach, detach, leftovers, place, plug
from lab.host import Host
from lab.packets import BROADCAST, ETH_P_IPV6, Answer, Tap, ethernet, hardware_address
from lab.stanzas import Stanza
from lab.stranger import Stranger
from lab.traffic import reaches
from lab.waiting import comes_true, meanwhile
from migrationlab import ADDRESSES, TAP, migration

FREE = "2001:db8::50"
HOP_LIMITS = [63, 255]  # as the message leaves a host that is two hops away


@pytest.fixture(scope="module")
def here() -> Iterator[Place]:
    with place(str(Stanza("router")), str(Stanza())) as here, Host("newcomer") as newcomer:
        here.center.route_back()
        plug(here.center.node1, newcomer, "tap9")
        assert reaches(here.center.internet, here.center.vm2.address6)
        yield here


def answered(tap: Tap, target: str) -> bool:
    """Whether an answer for the target has passed since the last call."""
    return any(isinstance(said, Answer) and str(said.target) == target for said in [*tap.heard()])


@pytest.mark.parametrize("hop_limit", HOP_LIMITS)
def test_a_node_answers_for_a_guest_that_a_stranger_claims(here: Place, hop_limit: int) -> None:
    center = here.center
    victim, other = center.vm1.address6, center.vm2.address6
    node = hardware_address(center.node1, center.link)
    with (
        Stranger(center.internet, hop_limit) as stranger,
        Tap(center.node1, "tap1") as behind,
        Tap(center.router, center.link) as wire,
    ):
        stranger.claim(victim, to=other)
        assert comes_true(lambda: answered(behind, victim)), "it goes to the other guest, through the node"
        heard: set[str] = set()

        def both_answered() -> bool:
            heard.update(str(said.target) for said in wire.heard() if isinstance(said, Answer) and said.at == node)
            return other in heard

        wire.ask(victim, "fe80::99")
        wire.ask(other, "fe80::99")  # this one is answered, and comes after
        assert comes_true(both_answered)
        assert victim in heard


@pytest.mark.parametrize("hop_limit", HOP_LIMITS)
def test_no_packet_to_a_guest_that_a_stranger_claims_is_lost(here: Place, hop_limit: int) -> None:
    center = here.center
    victim, other = center.vm1.address6, center.vm2.address6
    with Stranger(center.internet, hop_limit) as stranger, meanwhile(lambda: stranger.claim(victim, to=other)):
        for _ in range(5):
            center.router.run(f"ip -6 neigh flush {victim} dev {center.link}")
            assert " 0% packet loss" in center.router.run(f"ping -n -q -c 4 -i 0.05 -W 2 {victim} || :")


@pytest.mark.parametrize("hop_limit", HOP_LIMITS)
def test_a_free_address_that_a_stranger_claims_is_attached(here: Place, hop_limit: int) -> None:
    center, guest = here.center, here.center.vm1.address6
    with Stranger(center.internet, hop_limit) as stranger, meanwhile(lambda: stranger.claim(FREE, to=guest)):
        attach(center.node1, "tap9", FREE)
    detach(center.node1, "tap9")


def test_a_frame_without_a_packet_stops_no_attach(here: Place) -> None:
    center = here.center
    port = center.segment.port(center.node1, center.link)  # the bridge itself would drop the frame
    with Tap(center.segment, port) as tap:
        frame = ethernet(BROADCAST, tap.hardware_address, ETH_P_IPV6)
        with meanwhile(lambda: tap.send(frame)):
            attach(center.node1, "tap9", FREE)
    detach(center.node1, "tap9")


@pytest.mark.parametrize("hop_limit", HOP_LIMITS)
def test_a_guest_departs_when_a_neighbour_claims_it_and_not_when_a_stranger_does(hop_limit: int) -> None:
    with migration() as lab:
        center, own, guest = lab.place.center, "2001:db8::a", ADDRESSES[1]
        center.route_back()
        lab.a.run(f"ip -6 addr add {own}/128 dev {center.link} nodad")
        assert reaches(center.internet, own)
        detach(lab.a, TAP, "--migrate-out")
        with Stranger(center.internet, hop_limit) as stranger, Tap(lab.a, center.link) as tap:
            stranger.claim(guest, to=own)
            assert comes_true(lambda: answered(tap, guest))
        assert reaches(center.router, guest)
        assert reaches(center.internet, guest)
        assert any(TAP in path for path in leftovers(lab.a))
        with Tap(center.router, center.link) as neighbour:
            neighbour.claim(guest)
        assert comes_true(lambda: not any(TAP in path for path in leftovers(lab.a)))
