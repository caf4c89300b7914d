"""Addresses that no other host may have: the one by which a node asks, and those of a router."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from lab.host import Host
from lab.log import system_log
from lab.node import Node, lone_node
from lab.packets import Answer, Question, Tap, hardware_address
from lab.stanzas import ARP_IP, GATEWAY, GATEWAY6, Stanza
from lab.traffic import reaches
from lab.waiting import comes_true

LINK = "eth0.222"
VMC = str(Stanza("vmc"))


@contextmanager
def plugged(*stranger_has: str) -> Iterator[tuple[Node, Host]]:
    """A node whose link leads to a segment with one more host."""
    with lone_node() as node, Host("stranger") as stranger:
        node.segment.run("ip link set bridge up")
        node.segment.plug(stranger, "eth0")
        stranger.run("echo 0 > /proc/sys/net/ipv6/conf/eth0/accept_dad; ip link set eth0 up")
        for address in stranger_has:
            stranger.run(f"ip addr add {address}/{'64' if ':' in address else '24'} dev eth0")
        node.plug(LINK)
        yield node, stranger


def asks_by(node: Node) -> set[str]:
    """In whose name the node asks for the gateway."""
    with Tap(node.segment, node.segment.port(node.host, LINK)) as tap:
        hardware = hardware_address(node.host, LINK)
        asked: set[str] = set()

        def has_asked() -> bool:
            node.host.attempt(f"ip neigh flush dev {LINK}; ping -c 1 -W 0.01 {GATEWAY}")
            asked.update(
                str(said.sender)
                for said in tap.heard()
                if isinstance(said, Question) and said.asked_by == hardware and str(said.target) == GATEWAY
            )
            return bool(asked)

        assert comes_true(has_asked)
        return asked


EXPECTED = "expected an address that no other host has"
OWN = {
    "on the link itself, in another network": (
        VMC.replace(" manual", " static\n    address 198.51.100.77/24"), "198.51.100.77",
    ),
    "on the link itself": (VMC.replace(" manual", " static\n    address 192.0.2.77/24"), "192.0.2.77"),
    "on another link": (VMC.replace(" manual", " manual\n    pre-up ip addr add 192.0.2.78/32 dev lo"), "192.0.2.78"),
    "on both": (
        VMC.replace(" manual", " static\n    address 192.0.2.77/24\n    pre-up ip addr add 192.0.2.78/32 dev lo"),
        "192.0.2.77",
    ),
    "but the stanza names another one": (
        VMC.replace(" manual", " static\n    address 192.0.2.77/24") + "    routed-arp-ip 192.0.2.253\n",
        "192.0.2.253",
    ),
    "nowhere": (VMC, ARP_IP),
}  # fmt: skip


@pytest.mark.parametrize("own", OWN)
def test_a_node_asks_by_an_address_of_its_own_in_the_subnet(own: str) -> None:
    stanza, address = OWN[own]
    with plugged() as (node, _):
        node.host.interfaces(stanza)
        node.host.run(f"ifup {LINK}")
        assert asks_by(node) == {address}
        status = node.host.attempt(f"snf-network-helper status {LINK}")
        assert (status.returncode, f"--mangle-ip-s {address}\n" in status.stdout) == (0, True), status.stdout
        # It has none any more: other nodes' address will do
        node.host.interfaces(VMC + "    routed-arp-ip 192.0.2.253\n" if "253" in address else VMC)
        node.host.run(f"ip addr flush dev {LINK} scope global; ip addr flush dev lo scope global; ifup --force {LINK}")
        assert asks_by(node) == {"192.0.2.253" if "253" in address else ARP_IP}


def test_a_host_that_has_the_address_by_which_nodes_ask_is_in_the_log() -> None:
    with plugged(ARP_IP) as (node, stranger), system_log(node.host) as said:
        node.host.interfaces(VMC)
        assert node.errors(f"ifup {LINK}") == (0, [])
        mac = hardware_address(stranger, "eth0")
        expected = f"{LINK}: routed-arp-ip {ARP_IP}: in use, {mac} on the link answers for it, {EXPECTED}"
        assert comes_true(lambda: any(expected in line for line in said()))
        assert [line for line in said() if ARP_IP not in line] == []


def test_a_link_that_has_no_carrier_yet_is_waited_for() -> None:
    with plugged(ARP_IP) as (node, _), system_log(node.host) as said:
        port = node.segment.port(node.host, LINK)
        node.segment.run(f"ip link set {port} down")
        node.host.interfaces(VMC)
        node.host.run(f"ifup {LINK}")
        node.segment.run(f"ip link set {port} up")
        assert comes_true(lambda: any(f"{ARP_IP}: in use" in line for line in said()))


def test_another_link_of_the_node_on_the_segment_is_no_other_host() -> None:
    with plugged(GATEWAY6) as (node, stranger), system_log(node.host) as said:
        node.plug("eth9")
        node.host.run("ip link set eth9 up")
        node.host.interfaces(str(Stanza("router")))
        with Tap(stranger, "eth0") as tap:
            node.host.run(f"ifup {LINK}")
            # It is announced when it has been looked for
            announced = f"{GATEWAY} is-at {hardware_address(node.host, LINK)}"
            assert comes_true(lambda: announced in map(str, tap.heard()))
        assert [line for line in said() if GATEWAY6 not in line] == []


@pytest.mark.parametrize("role", ["router", "router-vmc"])
def test_a_gateways_address_that_another_host_has_is_in_the_log_and_not_announced(role: str) -> None:
    with plugged(GATEWAY, GATEWAY6) as (node, stranger), system_log(node.host) as said:
        for scope in ("all", "default", LINK):
            node.host.run(f"echo 1 > /proc/sys/net/ipv6/conf/{scope}/accept_dad")
        node.host.interfaces(str(Stanza(role)))
        with Tap(stranger, "eth0") as tap:
            assert node.errors(f"ifup {LINK}") == (0, [])
            mac = hardware_address(stranger, "eth0")
            answers = f"in use, {mac} on the link answers for it, {EXPECTED}"
            expected = {f"{LINK}: routed-gateway {address}: {answers}" for address in (GATEWAY, GATEWAY6)}
            assert comes_true(lambda: expected <= {line.partition("]: ")[2] for line in said()}), said()
            hardware = hardware_address(node.host, LINK)
            announced = [message for message in tap.heard() if isinstance(message, Answer) and message.at == hardware]
            assert [message for message in announced if str(message.target) in (GATEWAY, GATEWAY6)] == []

        def status_says_so() -> bool:
            status = node.host.attempt(f"snf-network-helper status {LINK}")
            return status.returncode == 1 and f"  dadfailed ip -6 addr add {GATEWAY6}/" in status.stdout

        assert comes_true(status_says_so)
        doctor = f"snf-network-helper doctor {LINK} --no-probe --json"
        (finding,) = json.loads(node.host.attempt(doctor).stdout)["findings"]
        assert finding["id"] == "address-refused"
        stranger.run("ip addr flush dev eth0")
        for command in finding["remedy"]:
            node.host.run(command)
        assert comes_true(lambda: bool(json.loads(node.host.attempt(doctor).stdout)["verdict"] == "ok"))


def test_a_gateways_address_that_is_free_is_announced() -> None:
    with plugged() as (node, stranger), system_log(node.host) as said:
        node.host.interfaces(str(Stanza("router")))
        with Tap(stranger, "eth0") as tap:
            node.host.run(f"ifup {LINK}")
            answer = f"{GATEWAY} is-at {hardware_address(node.host, LINK)}"
            assert comes_true(lambda: answer in map(str, tap.heard()))
        stranger.run("ip addr add 192.0.2.200/24 dev eth0")
        assert reaches(stranger, GATEWAY)
        assert said() == []
