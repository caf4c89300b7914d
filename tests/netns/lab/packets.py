"""Frames on a wire: ARP and neighbour discovery, sent and seen through a packet socket."""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address

from lab.host import Host

ETH_P_ALL = 3
ETH_P_ARP = 0x0806
ETH_P_IPV6 = 0x86DD
ICMPV6 = 58
ARP_REQUEST, ARP_REPLY = 1, 2
ROUTER_SOLICITATION, ROUTER_ADVERTISEMENT, SOLICITATION, ADVERTISEMENT = 133, 134, 135, 136
# Type and length of options
SOURCE_LINK_LAYER, TARGET_LINK_LAYER, PREFIX_INFORMATION = b"\x01\x01", b"\x02\x01", b"\x03\x04"
ON_LINK, AUTONOMOUS, OVERRIDE = 0x80, 0x40, 0x20000000
BROADCAST = b"\xff" * 6

Address = IPv4Address | IPv6Address


@dataclass(frozen=True)
class Question:
    """Who has `target`? An ARP request (with the sender's address) or a neighbour solicitation."""

    asked_by: str  # the hardware address
    sender: Address
    target: Address

    def __str__(self) -> str:
        return f"who-has {self.target} tell {self.sender}"


@dataclass(frozen=True)
class Answer:
    """`target` is at the hardware address `at`: an ARP reply or a neighbour advertisement."""

    at: str
    target: Address

    def __str__(self) -> str:
        return f"{self.target} is-at {self.at}"


class Tap:
    """A wire tap on one link of a host: what passes there in either direction, from now on."""

    def __init__(self, host: Host, link: str) -> None:
        with host.network():
            self._socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
        self._socket.bind((link, ETH_P_ALL))
        self._socket.setblocking(False)
        self.hardware_address: bytes = self._socket.getsockname()[4]

    def heard(self) -> Iterator[Question | Answer]:
        """The questions and answers that passed since the last call."""
        for frame in self.frames():
            message = read(frame)
            if message:
                yield message

    def frames(self) -> Iterator[bytes]:
        """Whatever passed since the last call."""
        while True:
            try:
                yield self._socket.recv(65536)
            except BlockingIOError:
                return

    def hears_question_to_routers(self) -> bool:
        """Whether a router solicitation without a source has passed since the last call."""
        while True:
            try:
                frame = self._socket.recv(65536)
            except BlockingIOError:
                return False
            of_icmpv6 = frame[12:14] == ETH_P_IPV6.to_bytes(2, "big") and frame[20] == ICMPV6 and len(frame) >= 62
            if of_icmpv6 and (frame[54], frame[22:38]) == (ROUTER_SOLICITATION, bytes(16)):
                return True

    def ask(self, target: str, sender: str) -> None:
        """Ask the wire who has `target`, in the name of `sender`."""
        address = ip_address(target)
        if isinstance(address, IPv4Address):
            self._socket.send(arp_request(self.hardware_address, IPv4Address(sender), address))
        else:
            self._socket.send(solicitation(self.hardware_address, IPv6Address(sender), address))

    def probe(self, target: str, sender: str, at: str) -> None:
        """Ask the one who is to have `target`, at that hardware address, whether it still does; IPv6 only."""
        address = IPv6Address(target)
        self._socket.send(solicitation(self.hardware_address, IPv6Address(sender), address, bytes.fromhex(at)))

    def claim(self, address: str) -> None:
        """Tell everybody on the wire that this host has the address; IPv6 only."""
        self._socket.send(claim(self.hardware_address, IPv6Address(address)))

    def advertise(self, prefix: str) -> None:
        """Be a router: advertise a default route and a prefix to have an address in."""
        self._socket.send(advertisement(self.hardware_address, IPv6Address(prefix)))

    def send(self, frame: bytes) -> None:
        """Send a frame."""
        self._socket.send(frame)

    def __enter__(self) -> Tap:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()


def read(frame: bytes) -> Question | Answer | None:
    """The question or answer in an Ethernet frame."""
    kind = int.from_bytes(frame[12:14], "big")
    source = spell(frame[6:12])
    if kind == ETH_P_ARP:
        operation, _, sender, _, target = struct.unpack_from("!H6s4s6s4s", frame, 20)
        if operation == ARP_REQUEST:
            return Question(source, IPv4Address(sender), IPv4Address(target))
        return Answer(source, IPv4Address(sender))
    if kind == ETH_P_IPV6 and frame[20] == ICMPV6 and len(frame) >= 78:
        about = IPv6Address(frame[62:78])
        if frame[54] == SOLICITATION:
            return Question(source, IPv6Address(frame[22:38]), about)
        if frame[54] == ADVERTISEMENT:
            return Answer(source, about)
    return None


def arp_request(hardware: bytes, sender: IPv4Address, target: IPv4Address) -> bytes:
    """A broadcast ARP request."""
    body = struct.pack("!HHBBH", 1, 0x0800, 6, 4, ARP_REQUEST)
    return ethernet(BROADCAST, hardware, ETH_P_ARP) + body + hardware + sender.packed + bytes(6) + target.packed


def solicitation(hardware: bytes, sender: IPv6Address, target: IPv6Address, at: bytes = b"") -> bytes:
    """A neighbour solicitation to the solicited-node group of the target, or to the target itself `at` an address."""
    group = IPv6Address(IPv6Address("ff02::1:ff00:0").packed[:13] + target.packed[13:])
    body = struct.pack("!BBHI", SOLICITATION, 0, 0, 0) + target.packed + SOURCE_LINK_LAYER + hardware
    return icmpv6(hardware, sender, target if at else group, body, at)


def advertisement(hardware: bytes, prefix: IPv6Address) -> bytes:
    """A router advertisement to all nodes, good for half an hour."""
    life = 1800
    body = struct.pack("!BBHBBHII", ROUTER_ADVERTISEMENT, 0, 0, 64, 0, life, 0, 0)
    body += struct.pack("!BBBBIII", *PREFIX_INFORMATION, 64, ON_LINK | AUTONOMOUS, life, life, 0) + prefix.packed
    return icmpv6(hardware, IPv6Address("fe80::1"), IPv6Address("ff02::1"), body + SOURCE_LINK_LAYER + hardware)


def claim(hardware: bytes, address: IPv6Address) -> bytes:
    """An unsolicited neighbour advertisement."""
    body = struct.pack("!BBHI", ADVERTISEMENT, 0, 0, OVERRIDE) + address.packed + TARGET_LINK_LAYER + hardware
    return icmpv6(hardware, address, IPv6Address("ff02::1"), body)


def icmpv6(hardware: bytes, sender: IPv6Address, group: IPv6Address, body: bytes, at: bytes = b"") -> bytes:
    """An ICMPv6 message to a multicast group, or to one host `at` a hardware address."""
    pseudo_header = sender.packed + group.packed + struct.pack("!II", len(body), ICMPV6)
    body = body[:2] + checksum(pseudo_header + body) + body[4:]
    header = struct.pack("!IHBB", 6 << 28, len(body), ICMPV6, 255) + sender.packed + group.packed
    return ethernet(at or b"\x33\x33" + group.packed[12:], hardware, ETH_P_IPV6) + header + body


def ethernet(target: bytes, source: bytes, kind: int) -> bytes:
    """An Ethernet header."""
    return target + source + kind.to_bytes(2, "big")


def checksum(data: bytes) -> bytes:
    """The internet checksum of an even number of bytes."""
    total = sum(int.from_bytes(data[index : index + 2], "big") for index in range(0, len(data), 2))
    while total > 0xFFFF:
        total = (total & 0xFFFF) + (total >> 16)
    return (total ^ 0xFFFF).to_bytes(2, "big")


def spell(hardware: bytes) -> str:
    """A hardware address as ip(8) prints it."""
    return hardware.hex(":")


def hardware_address(host: Host, link: str) -> str:
    """The hardware address of a host's link."""
    return host.run(f"cat /sys/class/net/{link}/address").strip()
