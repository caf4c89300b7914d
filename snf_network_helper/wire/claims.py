"""Hearing another host on a link say that it has an address, by ARP or by neighbour advertisement."""

import select
import sys
import time
from errno import EAFNOSUPPORT

from snf_network_helper.errors import KernelError
from snf_network_helper.lean import TYPE_CHECKING, socket, struct
from snf_network_helper.wire.frames import ADVERTISEMENT, ETH_P_ARP, advertised, sender
from snf_network_helper.wire.packet_socket import open_link

if TYPE_CHECKING:
    from collections.abc import Collection

    from snf_network_helper.stanza.addresses import IPAddress

_ICMP6_FILTER = 1  # include/uapi/linux/icmpv6.h: a bit for each type that is not to be heard


class Claims:
    """What others on a link claim from now on.

    It hears ARP and advertisements and nothing else: with everything that passes on a busy link, some would be lost.
    """

    __slots__ = ("_arp", "_ears", "_mac")

    def __init__(self, dev: str) -> None:
        self._arp = open_link(dev, ETH_P_ARP)
        self._mac: bytes = self._arp.getsockname()[4]
        self._ears = [self._arp, *_advertisements(dev)]

    def files(self) -> tuple[int, ...]:
        """What a process keeps that goes on hearing."""
        return tuple(ears.fileno() for ears in self._ears)

    def close(self) -> None:
        """Hears no more; as with any packet socket, better done where another process has it too."""
        for ears in self._ears:
            ears.close()

    def heard(self, addresses: "Collection[IPAddress]", seconds: float) -> "IPAddress | None":
        """The first of the addresses that another host claims within that time, None where none is claimed."""
        end = time.monotonic() + seconds
        while ready := select.select(self._ears, [], [], max(0.0, end - time.monotonic()))[0]:
            for ears in ready:
                try:
                    address = self._sender() if ears is self._arp else _advertised(ears)
                except OSError:  # the link went down
                    continue
                if address in addresses:
                    return address
        return None

    def _sender(self) -> "IPAddress | None":
        frame = self._arp.recv(2048)
        return sender(frame) if frame[6:12] != self._mac else None


def _advertised(ears: socket.socket) -> "IPAddress | None":
    message, ancillary, *_ = ears.recvmsg(2048, socket.CMSG_SPACE(4))
    limits = [int.from_bytes(data, sys.byteorder) for _, kind, data in ancillary if kind == socket.IPV6_HOPLIMIT]
    return advertised(message, *limits) if limits else None


def _advertisements(dev: str) -> list[socket.socket]:
    """None where the kernel has no IPv6."""
    try:
        ears = socket.socket(socket.AF_INET6, socket.SOCK_RAW | socket.SOCK_CLOEXEC, socket.IPPROTO_ICMPV6)
        ears.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, dev.encode())
        ears.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_RECVHOPLIMIT, 1)
        words = [0xFFFFFFFF] * 8
        words[ADVERTISEMENT // 32] &= ~(1 << ADVERTISEMENT % 32)
        ears.setsockopt(socket.IPPROTO_ICMPV6, _ICMP6_FILTER, struct.pack("=8I", *words))
    except OSError as error:
        if error.errno == EAFNOSUPPORT:
            return []
        raise KernelError(dev, error.strerror or str(error)) from None
    return [ears]
