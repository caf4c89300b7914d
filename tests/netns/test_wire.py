"""What is said on the segment: who asks in whose name, and who answers for what."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv6Address

import pytest
from lab.datacenter import INTERNET, LAN6, DataCenter, data_center
from lab.host import Host
from lab.packets import Answer, Question, Tap, hardware_address, icmpv6
from lab.stanzas import ARP_IP, GATEWAY, GATEWAY6, Stanza
from lab.stranger import Stranger, question
from lab.traffic import reaches
from lab.vm import proxy_ipv6
from lab.waiting import comes_true

LINK = "eth0.222"

# Addresses that no VM of node2 has: free ones of the subnets, VMs of another node, the ARP address, other networks.
NOT_ON_NODE2 = ["192.0.2.99", "192.0.2.12", ARP_IP, "198.51.100.1", "198.51.100.99", INTERNET, "10.1.2.3"]
NOT_ON_NODE2_IPV6 = ["2001:db8::99", "2001:db8::12", "2001:db8:64::1", "2001:db8:64::99", "2001:db8:80::80"]

# Whatever makes the kernel forget the routes of a link.
FLAPS = {
    "after ifup": "true",
    "after a link flap": f"ip link set {LINK} down; ip link set {LINK} up",
    "after the table was flushed": "ip route flush table 222 proto snf type unicast",
}


@pytest.fixture(params=[False, True], ids=["router and nodes", "router that is a node too"])
def center(request: pytest.FixtureRequest) -> Iterator[DataCenter]:
    with data_center(router_hosts_vms=request.param) as center:
        center.bring_up(str(Stanza("router-vmc" if request.param else "router", nat=True)), str(Stanza("vmc")))
        center.attach_vms()
        center.settle()
        yield center


def wire_of(center: DataCenter, host: Host) -> Tap:
    """A tap on the one wire that leads to a host: what is sent there goes to that host alone."""
    return Tap(center.segment, center.segment.port(host, LINK))


def questions_of(tap: Tap, host: Host) -> list[Question]:
    """What a host asked on the segment."""
    hardware = hardware_address(host, LINK)
    return [said for said in tap.heard() if isinstance(said, Question) and said.asked_by == hardware]


def test_a_node_asks_for_the_gateway_in_the_name_of_the_arp_address_and_never_in_another(center: DataCenter) -> None:
    with wire_of(center, center.node2) as tap:
        assert reaches(center.vm3.host, GATEWAY)
        assert reaches(center.vm3.host, INTERNET)
        assert reaches(center.vm3.host, center.vm1.address)
        assert reaches(center.node2, center.vm1.address)
        asked = [question for question in questions_of(tap, center.node2) if question.sender.version == 4]
    assert f"who-has {GATEWAY} tell {ARP_IP}" in map(str, asked)
    assert f"who-has {center.vm1.address} tell {ARP_IP}" in map(str, asked)
    assert {str(question.sender) for question in asked} == {ARP_IP}


def test_a_node_asks_in_the_name_of_the_address_that_its_stanza_names(center: DataCenter) -> None:
    stanza = str(Stanza("vmc")) + "    routed-arp-ip 192.0.2.77\n"
    center.node2.interfaces(stanza)
    center.node2.run(f"ifup --force {LINK}; ip neigh flush dev {LINK}")
    with wire_of(center, center.node2) as tap:
        assert reaches(center.vm3.host, GATEWAY)
        asked = [question for question in questions_of(tap, center.node2) if question.sender.version == 4]
    assert {str(question.sender) for question in asked} == {"192.0.2.77"}


def test_the_router_asks_for_a_vm_in_the_name_of_the_gateway(center: DataCenter) -> None:
    with wire_of(center, center.router) as tap:
        assert reaches(center.router, center.vm3.address)
        assert reaches(center.router, center.vm3.address6)
        asked = [str(question) for question in questions_of(tap, center.router)]
        hardware = hardware_address(center.node2, LINK)
    assert f"who-has {center.vm3.address} tell {GATEWAY}" in asked
    assert [question for question in asked if question.startswith(f"who-has {center.vm3.address6} ")]
    assert hardware in center.router.run(f"ip neigh show {center.vm3.address}")


def answered(
    tap: Tap, node: Host, targets: list[str], barrier: str, sender: str, probing: bool = False
) -> set[str]:
    """What a node answers of a row of questions; the last is one it must answer, so nothing is still to come then.

    Probes go to the node alone, who is taken to have the address.
    """
    hardware = hardware_address(node, LINK)
    answers: set[str] = set()

    def barrier_was_answered() -> bool:
        for target in [*targets, barrier]:
            if probing:
                tap.probe(target, sender, hardware.replace(":", ""))
            else:
                tap.ask(target, sender)
        answers.update(str(said.target) for said in tap.heard() if isinstance(said, Answer) and said.at == hardware)
        return barrier in answers

    assert comes_true(barrier_was_answered)
    return answers.intersection(targets)  # a router may still be announcing its own address


@pytest.mark.parametrize("flap", FLAPS.values(), ids=FLAPS.keys())
def test_a_node_answers_arp_for_its_own_vms_and_for_nobody_else(center: DataCenter, flap: str) -> None:
    center.node2.run(flap)
    with wire_of(center, center.node2) as tap:
        assert answered(tap, center.node2, NOT_ON_NODE2, center.vm3.address, "192.0.2.200") == set()


@pytest.mark.parametrize("flap", FLAPS.values(), ids=FLAPS.keys())
def test_a_node_answers_ndp_for_its_own_vms_and_for_nobody_else(center: DataCenter, flap: str) -> None:
    center.node2.run(flap)
    if "link" in flap:
        center.node2.settle()
        proxy_ipv6(center.node2, center.vm3.address6)
    with wire_of(center, center.node2) as tap:
        assert answered(tap, center.node2, NOT_ON_NODE2_IPV6, center.vm3.address6, "fe80::200") == set()


@pytest.mark.parametrize("flap", FLAPS.values(), ids=FLAPS.keys())
def test_a_router_that_is_a_node_too_answers_arp_for_no_free_address_of_the_subnet(flap: str) -> None:
    with data_center(router_hosts_vms=True) as center:
        center.bring_up(str(Stanza("router-vmc", nat=True)), str(Stanza("vmc")))
        center.attach_vms()
        center.router.run(flap)
        with wire_of(center, center.router) as tap:
            free = ["192.0.2.99", center.vm3.address, ARP_IP]
            assert answered(tap, center.router, free, center.vm1.address, "192.0.2.200") == set()


@pytest.mark.parametrize("sender", ["fe80::200", "2001:db8::200"])
def test_a_node_answers_probes_of_its_own_vms_and_of_nobody_else(center: DataCenter, sender: str) -> None:
    with wire_of(center, center.node2) as tap:
        assert answered(tap, center.node2, NOT_ON_NODE2_IPV6, center.vm3.address6, sender, probing=True) == set()


@pytest.mark.parametrize("sender", ["fe80::200", "2001:db8::200"])
def test_a_router_and_a_node_answer_probes_of_their_own_addresses(center: DataCenter, sender: str) -> None:
    for host, address in ((center.router, GATEWAY6), (center.node2, link_local_address(center.node2))):
        with wire_of(center, host) as tap:
            assert answered(tap, host, [], address, sender, probing=True) == set()


def link_local_address(host: Host) -> str:
    return host.run(f"ip -6 -br address show dev {LINK} scope link").split()[2].partition("/")[0]


def test_who_knows_a_vm_makes_sure_of_it_without_asking_everybody(center: DataCenter) -> None:
    neighbour = f"{center.vm3.address6} dev {LINK}"
    assert reaches(center.router, center.vm3.address6)
    hardware = hardware_address(center.node2, LINK)
    center.router.run(f"ip -6 neigh change {neighbour} lladdr {hardware} nud probe")
    states = ("REACHABLE", "FAILED")
    assert comes_true(lambda: center.router.run(f"ip -6 neigh show {neighbour}").split()[-1] in states)
    assert center.router.run(f"ip -6 neigh show {neighbour}").split()[-1] == "REACHABLE"


def test_a_question_that_a_router_has_passed_on_reaches_the_vm_as_it_was_sent(center: DataCenter) -> None:
    """It is none for a neighbour to answer: whoever sent it is on another link."""
    center.route_back()
    sender, target = IPv6Address(f"{LAN6}1"), IPv6Address(center.vm3.address6)
    whole = icmpv6(bytes(6), sender, target, question(str(target)), at=bytes(6))
    heard: list[bytes] = []
    with Stranger(center.internet) as stranger, Tap(center.vm3.host, "eth0") as tap:
        stranger.ask(str(target))

        def arrived() -> bool:
            heard.extend(frame for frame in tap.frames() if frame[22:38] == sender.packed)
            return bool(heard)

        assert comes_true(arrived)
    assert [frame[22:] for frame in heard] == [whole[22:]]
    assert heard[0][21] < 255
