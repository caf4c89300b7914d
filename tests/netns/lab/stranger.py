"""A host that is no neighbour, and sends neighbour discovery all the same: routers pass it on as any other packet."""

from __future__ import annotations

import socket
import struct
from ipaddress import IPv6Address

from lab.host import Host
from lab.packets import ADVERTISEMENT, OVERRIDE, SOLICITATION, SOURCE_LINK_LAYER, TARGET_LINK_LAYER

HARDWARE = bytes.fromhex("020000000666")


class Stranger:
    """A host that can be some hops away; its messages leave it with this hop limit."""

    def __init__(self, host: Host, hop_limit: int = 255) -> None:
        with host.network():
            self._socket = socket.socket(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_ICMPV6)
        self._socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_UNICAST_HOPS, hop_limit)

    def ask(self, target: str) -> None:
        """Ask the one who has `target` for it."""
        self._socket.sendto(question(target), (target, 0))

    def claim(self, target: str, to: str) -> None:
        """Tell `to` that this host has `target`."""
        body = struct.pack("!BBHI", ADVERTISEMENT, 0, 0, OVERRIDE) + IPv6Address(target).packed
        self._socket.sendto(body + TARGET_LINK_LAYER + HARDWARE, (to, 0))

    def __enter__(self) -> Stranger:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()


def question(target: str) -> bytes:
    """A neighbour solicitation whose checksum is still to come."""
    return struct.pack("!BBHI", SOLICITATION, 0, 0, 0) + IPv6Address(target).packed + SOURCE_LINK_LAYER + HARDWARE
