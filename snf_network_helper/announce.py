"""Raw frames on a link: announcing addresses to the neighbours, and asking whether somebody else has them.

Debian has neither arpsend nor ndsend, and the kernel announces only addresses of its own.
"""

import select
import struct
import time

# The C half of `socket`, whose Python half would cost every attach 5 ms.
from _socket import AF_PACKET, IPPROTO_ICMPV6, SOCK_CLOEXEC, SOCK_RAW, socket
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from snf_network_helper.address import Address, eui64
from snf_network_helper.background import in_background
from snf_network_helper.errors import KernelError
from snf_network_helper.families import IPV4

# Receivers may lock an entry for a second after it changed (locktime, arp(7)), so some come later than that; the first
# ones are close together, for one may be lost.
LATER_SECONDS = (0.05, 0.15, 0.4, 1.1, 2.2, 4.5)
# A host on the link answers within a millisecond; half-way the question is asked again.
PROBE_SECONDS = 0.03

_ETH_P_ALL = 0x0003
_ETH_P_ARP = 0x0806
_ETH_P_IPV6 = 0x86DD
_BROADCAST = b"\xff" * 6
_REQUEST, _REPLY = 1, 2  # RFC 826
_SOLICITATION, _ADVERTISEMENT = 135, 136  # RFC 4861, 4.3 and 4.4
_OVERRIDE = 0x20000000
_SOURCE_LINK, _TARGET_LINK = 1, 2
_ALL_NODES = Address.parse("ff02::1")


def announce(dev: str, addresses: Sequence[Address], is_here: Callable[[Address], bool] = lambda _: True) -> None:
    """Tells the neighbours on a link, once now and several times in the background, that the addresses are here.

    `is_here` is asked before each later time: what has moved on meanwhile is not announced any more.
    """
    link = _open(dev)
    try:
        mac = link.getsockname()[4]
        frames = {address: list(announcements(address, mac)) for address in addresses}
        _send(link, frames, addresses)
    finally:
        link.close()
    if addresses:
        in_background(lambda: _send_later(dev, frames, is_here))


def announcements(address: Address, mac: bytes) -> Iterator[bytes]:
    """Gratuitous ARP in both forms (RFC 5227, 3), or an unsolicited neighbour advertisement (RFC 4861, 7.2.6)."""
    if address.family == IPV4:
        for operation in (_REQUEST, _REPLY):
            yield _arp(operation, mac, address, _BROADCAST, address)
    else:
        body = struct.pack("!I", _OVERRIDE) + _packed(address) + struct.pack("!BB6s", _TARGET_LINK, 1, mac)
        yield _icmpv6(_ADVERTISEMENT, body, mac, address, _ALL_NODES)


def in_use(dev: str, addresses: Sequence[Address], asker: Address | None) -> dict[Address, str]:
    """The addresses that another host on the link answers for, with its MAC address.

    IPv4 is asked in the name of `asker`: nodes with proxy ARP leave a probe from 0.0.0.0 (RFC 5227) unanswered.
    """
    taken: dict[Address, str] = {}
    link = _open(dev, _ETH_P_ALL)
    try:
        mac = link.getsockname()[4]
        questions = {address: [_question(address, mac, asker)] for address in addresses}
        start = time.monotonic()
        for end in (start + PROBE_SECONDS / 2, start + PROBE_SECONDS):
            _send(link, questions, [address for address in addresses if address not in taken])
            while len(taken) < len(addresses):
                # What has arrived by then counts, also where nobody let us look in time
                if not select.select([link], [], [], max(0.0, end - time.monotonic()))[0]:
                    break
                frame = link.recv(2048)
                answer = _answer(frame)
                if answer is not None and answer in addresses and frame[6:12] != mac:
                    taken[answer] = frame[6:12].hex(":")
    finally:
        link.close()
    return taken


def _question(address: Address, mac: bytes, asker: Address | None) -> bytes:
    if address.family == IPV4:
        return _arp(_REQUEST, mac, asker or Address(IPV4, 0), _BROADCAST, address)
    body = struct.pack("!I", 0) + _packed(address) + struct.pack("!BB6s", _SOURCE_LINK, 1, mac)
    source = Address(address.family, (0xFE80 << 112) | eui64(mac))
    solicited_node = Address(address.family, (0xFF02 << 112) | (0x1FF << 24) | (address.value & 0xFFFFFF))
    return _icmpv6(_SOLICITATION, body, mac, source, solicited_node)


def _answer(frame: bytes) -> Address | None:
    """The address that a frame's sender claims to have, by ARP reply or neighbour advertisement."""
    kind = int.from_bytes(frame[12:14], "big")
    if kind == _ETH_P_ARP and frame[20:22] == _REPLY.to_bytes(2, "big"):
        return Address(IPV4, int.from_bytes(frame[28:32], "big"))
    if kind == _ETH_P_IPV6 and frame[20] == IPPROTO_ICMPV6 and len(frame) >= 78 and frame[54] == _ADVERTISEMENT:
        return Address("6", int.from_bytes(frame[62:78], "big"))
    return None


def _arp(operation: int, mac: bytes, sender: Address, target_mac: bytes, target: Address) -> bytes:
    header = _BROADCAST + mac + struct.pack("!HHHBBH", _ETH_P_ARP, 1, 0x0800, 6, 4, operation)
    return header + mac + _packed(sender) + target_mac + _packed(target)


def _icmpv6(kind: int, body: bytes, mac: bytes, source: Address, destination: Address) -> bytes:
    payload = struct.pack("!BBH", kind, 0, 0) + body
    pseudo = _packed(source) + _packed(destination) + struct.pack("!II", len(payload), IPPROTO_ICMPV6)
    payload = payload[:2] + struct.pack("!H", _checksum(pseudo + payload)) + payload[4:]
    header = struct.pack("!IHBB", 6 << 28, len(payload), IPPROTO_ICMPV6, 255)
    multicast_mac = b"\x33\x33" + _packed(destination)[-4:]
    ethernet = multicast_mac + mac + struct.pack("!H", _ETH_P_IPV6)
    return ethernet + header + _packed(source) + _packed(destination) + payload


def _checksum(data: bytes) -> int:
    """The Internet checksum (RFC 1071)."""
    total: int = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def _packed(address: Address) -> bytes:
    return address.value.to_bytes(4 if address.family == IPV4 else 16, "big")


def _open(dev: str, heard: int = 0) -> socket:
    """A raw socket on a link, which hears frames of one kind, or none.

    One that hears makes the kernel wait for all its processors when it is closed, or bound anew.
    """
    try:
        link = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0)
        link.bind((dev, heard))
    except OSError as error:  # the caller may have too few capabilities for the one, and the link be gone for the other
        raise KernelError(f"announce on {dev}", error.strerror or str(error)) from None
    return link


def _send(link: socket, frames: Mapping[Address, Sequence[bytes]], addresses: Iterable[Address]) -> None:
    for address in addresses:
        for frame in frames[address]:
            try:
                link.send(frame)
            except OSError:  # the link is down, or its queue full: what comes later may get through
                return


def _send_later(dev: str, frames: Mapping[Address, Sequence[bytes]], is_here: Callable[[Address], bool]) -> None:
    start = time.monotonic()
    for seconds in LATER_SECONDS:
        time.sleep(max(0.0, start + seconds - time.monotonic()))
        here = [address for address in frames if is_here(address)]
        if not here:
            return
        link = _open(dev)
        _send(link, frames, here)
        link.close()
