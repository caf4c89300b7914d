"""Announcements, byte by byte as they pass on the wire, and when there are any."""

from __future__ import annotations

import select
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread

import pytest
from guestlab import attach, detach, node_up, plug, refused
from lab.host import Host
from lab.node import Node
from lab.packets import ETH_P_ALL, checksum, hardware_address
from lab.stanzas import Stanza
from lab.waiting import comes_true

TIMES = 9  # once at once, eight times later


class Wire:
    """Every frame that leaves the node on a link, unread."""

    def __init__(self, node: Host, link: str) -> None:
        self.mac = bytes.fromhex(hardware_address(node, link).replace(":", ""))
        with node.network():
            self.socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
        self.socket.bind((link, ETH_P_ALL))
        self.socket.setblocking(False)
        self.frames: list[bytes] = []

    def seen(self, frame: bytes) -> int:
        """How often a frame has passed."""
        while True:
            try:
                self.frames.append(self.socket.recv(65536))
            except BlockingIOError:
                return self.frames.count(frame)

    def arp(self, operation: int, address: str) -> bytes:
        """A gratuitous ARP request (1) or reply (2), RFC 826 and RFC 5227."""
        packed = socket.inet_aton(address)
        head = b"\xff" * 6 + self.mac + bytes.fromhex("0806 0001 0800 06 04") + operation.to_bytes(2, "big")
        return head + self.mac + packed + b"\xff" * 6 + packed

    def advertisement(self, address: str) -> bytes:
        """An unsolicited neighbour advertisement, RFC 4861: hop limit 255, override flag, our link-layer address."""
        packed = socket.inet_pton(socket.AF_INET6, address)
        nodes = socket.inet_pton(socket.AF_INET6, "ff02::1")
        body = bytes.fromhex("88 00 0000 20000000") + packed + b"\x02\x01" + self.mac
        body = body[:2] + checksum(packed + nodes + bytes.fromhex("00000020 0000003a") + body) + body[4:]
        head = bytes.fromhex("333300000001") + self.mac + bytes.fromhex("86dd 60000000 0020 3a ff")
        return head + packed + nodes + body

    def forms(self, address: str) -> list[bytes]:
        """The frames that announce an address."""
        return [self.advertisement(address)] if ":" in address else [self.arp(1, address), self.arp(2, address)]

    @contextmanager
    def answering(self, frame: bytes, answers: list[bytes]) -> Iterator[None]:
        """As soon as the frame is seen, within a millisecond, others are sent."""

        def answer() -> None:
            while not self.seen(frame):
                select.select([self.socket], [], [], 10)
            for each in answers:
                self.socket.send(each)

        thread = Thread(target=answer)
        thread.start()
        yield
        thread.join(10)
        assert not thread.is_alive()

    def __enter__(self) -> Wire:
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()


@pytest.fixture
def node() -> Iterator[Node]:
    with node_up() as node, Host("guest") as guest:
        plug(node.host, guest)
        yield node


@pytest.mark.parametrize("address", ["192.0.2.10", "2001:db8::10"])
def test_the_command_announces_several_times(node: Node, address: str) -> None:
    with Wire(node.host, "eth0.222") as wire:
        node.host.run(f"snf-network-helper announce eth0.222 {address}")
        assert all(wire.seen(frame) >= 1 for frame in wire.forms(address))
        assert comes_true(lambda: all(wire.seen(frame) == TIMES for frame in wire.forms(address)))


def test_attach_announces_every_address_on_the_network(node: Node) -> None:
    addresses = ("192.0.2.10", "192.0.2.11", "2001:db8::10", "2001:db8::11")
    with Wire(node.host, "eth0.222") as wire:
        attach(node.host, "tap0", *addresses, options="--no-probe")
        assert all(wire.seen(frame) >= 1 for address in addresses for frame in wire.forms(address))
        assert comes_true(lambda: all(wire.seen(frame) == TIMES for each in addresses for frame in wire.forms(each)))


def test_what_was_detached_is_not_announced_any_more(node: Node) -> None:
    with Wire(node.host, "eth0.222") as wire:
        attach(node.host, "tap0", "192.0.2.10", options="--no-probe")
        detach(node.host, "tap0")
        attach(node.host, "tap0", "192.0.2.11", options="--no-probe")
        last, gone = wire.forms("192.0.2.11"), wire.forms("192.0.2.10")
        before = [wire.seen(frame) for frame in gone]
        assert comes_true(lambda: all(wire.seen(frame) == TIMES for frame in last))
        assert [wire.seen(frame) for frame in gone] == before


@pytest.mark.parametrize("claimed", ["192.0.2.10", "2001:db8::10"])
def test_what_another_host_claims_is_left_to_it(node: Node, claimed: str) -> None:
    addresses = ("192.0.2.10", "2001:db8::10", "192.0.2.11")
    port = node.segment.port(node.host, "eth0.222")
    with Wire(node.host, "eth0.222") as wire, Wire(node.segment, port) as other:
        with other.answering(wire.forms(claimed)[0], other.forms(claimed)):
            attach(node.host, "tap0", *addresses, options="--no-probe")
        assert comes_true(lambda: all(wire.seen(frame) == TIMES for frame in wire.forms("192.0.2.11")))
        for address in addresses[:2]:
            often = [wire.seen(frame) for frame in wire.forms(address)]
            assert (max(often) < TIMES) == (address == claimed), address


def test_a_claim_that_a_router_has_passed_on_stops_nothing(node: Node) -> None:
    port = node.segment.port(node.host, "eth0.222")
    with Wire(node.host, "eth0.222") as wire, Wire(node.segment, port) as other:
        (own,), (claim,) = wire.forms("2001:db8::10"), other.forms("2001:db8::10")
        with other.answering(own, [claim[:21] + b"\xfe" + claim[22:]]):
            attach(node.host, "tap0", "2001:db8::10", options="--no-probe")
        assert comes_true(lambda: wire.seen(own) == TIMES)


@pytest.mark.parametrize("role", ["router", "router-vmc"])
def test_ifup_of_a_router_announces_the_gateway(role: str) -> None:
    with node_up(Stanza(role, link="eth1")) as node:
        node.host.run("ifdown eth1; ip link set eth1 up")
        with Wire(node.host, "eth1") as wire:
            node.host.run("ifup eth1")
            forms = [frame for address in ("192.0.2.1", "2001:db8::1") for frame in wire.forms(address)]
            assert comes_true(lambda: all(wire.seen(frame) >= TIMES for frame in forms))


def test_ifup_of_a_node_announces_no_gateway() -> None:
    with node_up(Stanza(link="eth1")) as node, Host("guest") as guest:
        plug(node.host, guest)
        attach(node.host, "tap0", "192.0.2.10", network="eth1", options="--no-probe")
        node.host.run("ifdown eth1; ip link set eth1 up")
        with Wire(node.host, "eth1") as wire:
            node.host.run("ifup eth1")
            assert comes_true(lambda: all(wire.seen(frame) == TIMES for frame in wire.forms("192.0.2.10")))
            assert not any(wire.seen(frame) for frame in wire.forms("192.0.2.1"))


def test_refused(node: Node) -> None:
    line = refused(node.host, "snf-network-helper announce eth0.222 nonsense")
    assert line == "eth0.222: nonsense: expected an IPv4 or IPv6 address"
    line = refused(node.host, "snf-network-helper announce eth9 192.0.2.1")
    assert line == "eth9: no such interface (did you mean eth0?)"
