"""Frames by which hosts on a link tell and ask who has an address: ARP (RFC 826) and neighbour discovery (RFC 4861)."""


from snf_network_helper.lean import TYPE_CHECKING, socket, struct
from snf_network_helper.stanza.addresses import IPV4, IPV6, IPAddress, eui64

if TYPE_CHECKING:
    from collections.abc import Iterator

ETH_P_ALL = 0x0003
ETH_P_ARP = 0x0806
ETH_P_IPV6 = 0x86DD

ADVERTISEMENT = 136  # RFC 4861, 4.4
_ROUTER_SOLICITATION = 133
_SOLICITATION = 135
_BROADCAST = b"\xff" * 6
_REQUEST, _REPLY = 1, 2  # RFC 826
_ARP_FORMAT = struct.pack("!HHBB", 1, 0x0800, 6, 4)  # of Ethernet and IPv4
_HOP_LIMIT = 255  # of a message that no router has passed on: only a host on the link can send it (RFC 4861, 7.1.2)
# Where an Ethernet frame with an advertisement has which byte: the next header, the hop limit, the type.
ADVERTISEMENTS = ((20, socket.IPPROTO_ICMPV6), (21, _HOP_LIMIT), (54, ADVERTISEMENT))
_OVERRIDE = 0x20000000
_SOURCE_LINK, _TARGET_LINK = 1, 2
_ALL_NODES = IPAddress.parse("ff02::1")
_ALL_ROUTERS = IPAddress.parse("ff02::2")


def announcements(address: IPAddress, mac: bytes) -> "Iterator[bytes]":
    """Gratuitous ARP in both forms (RFC 5227, 3), or an unsolicited neighbour advertisement (RFC 4861, 7.2.6)."""
    if address.family == IPV4:
        for operation in (_REQUEST, _REPLY):
            yield _arp(operation, mac, address, _BROADCAST, address)
    else:
        body = struct.pack("!I", _OVERRIDE) + _packed(address) + struct.pack("!BB6s", _TARGET_LINK, 1, mac)
        yield _icmpv6(ADVERTISEMENT, body, mac, address, _ALL_NODES)


def question(address: IPAddress, mac: bytes, asker: IPAddress | None) -> bytes:
    """Who has the address? IPv4 is asked in the name of `asker`, IPv6 in that of the link-local address of `mac`."""
    if address.family == IPV4:
        return _arp(_REQUEST, mac, asker or IPAddress(IPV4, 0), _BROADCAST, address)
    body = struct.pack("!I", 0) + _packed(address) + struct.pack("!BB6s", _SOURCE_LINK, 1, mac)
    source = IPAddress(address.family, (0xFE80 << 112) | eui64(mac))
    solicited_node = IPAddress(address.family, (0xFF02 << 112) | (0x1FF << 24) | (address.value & 0xFFFFFF))
    return _icmpv6(_SOLICITATION, body, mac, source, solicited_node)


def question_to_routers(mac: bytes) -> bytes:
    """A router solicitation (RFC 4861, 4.1); without a source it is answered for all to hear."""
    return _icmpv6(_ROUTER_SOLICITATION, bytes(4), mac, IPAddress(IPV6, 0), _ALL_ROUTERS)


def sender(frame: bytes) -> IPAddress | None:
    """The address that an ARP frame's sender has, be it a request or a reply."""
    if len(frame) < 42 or frame[14:20] != _ARP_FORMAT or int.from_bytes(frame[20:22], "big") not in (_REQUEST, _REPLY):
        return None
    return IPAddress(IPV4, int.from_bytes(frame[28:32], "big"))


def advertised(message: bytes, hop_limit: int) -> IPAddress | None:
    """The address that an ICMPv6 message advertises; None also where the message is not from the link."""
    if hop_limit != _HOP_LIMIT or len(message) < 24 or message[:2] != bytes((ADVERTISEMENT, 0)):
        return None
    return IPAddress(IPV6, int.from_bytes(message[8:24], "big"))


def answer(frame: bytes) -> IPAddress | None:
    """The address that a frame's sender claims to have, by ARP reply or neighbour advertisement."""
    kind = int.from_bytes(frame[12:14], "big")
    if kind == ETH_P_ARP and frame[20:22] == _REPLY.to_bytes(2, "big"):
        return sender(frame)
    if kind == ETH_P_IPV6 and len(frame) >= 54 and frame[20] == socket.IPPROTO_ICMPV6:
        length = int.from_bytes(frame[18:20], "big")  # the frame may be padded
        return advertised(frame[54 : 54 + length], hop_limit=frame[21])
    return None


def _arp(operation: int, mac: bytes, sender: IPAddress, target_mac: bytes, target: IPAddress) -> bytes:
    header = _BROADCAST + mac + struct.pack("!H6sH", ETH_P_ARP, _ARP_FORMAT, operation)
    return header + mac + _packed(sender) + target_mac + _packed(target)


def _icmpv6(kind: int, body: bytes, mac: bytes, source: IPAddress, destination: IPAddress) -> bytes:
    payload = struct.pack("!BBH", kind, 0, 0) + body
    pseudo = _packed(source) + _packed(destination) + struct.pack("!II", len(payload), socket.IPPROTO_ICMPV6)
    payload = payload[:2] + struct.pack("!H", _checksum(pseudo + payload)) + payload[4:]
    header = struct.pack("!IHBB", 6 << 28, len(payload), socket.IPPROTO_ICMPV6, _HOP_LIMIT)
    multicast_mac = b"\x33\x33" + _packed(destination)[-4:]
    ethernet = multicast_mac + mac + struct.pack("!H", ETH_P_IPV6)
    return ethernet + header + _packed(source) + _packed(destination) + payload


def _checksum(data: bytes) -> int:
    """The Internet checksum (RFC 1071)."""
    total: int = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def _packed(address: IPAddress) -> bytes:
    return address.value.to_bytes(4 if address.family == IPV4 else 16, "big")
