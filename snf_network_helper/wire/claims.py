"""Hearing another host on a link say that it has an address, by ARP or by neighbour advertisement."""

import select
import time

from snf_network_helper.lean import TYPE_CHECKING
from snf_network_helper.wire.frames import ADVERTISEMENTS, ETH_P_ARP, ETH_P_IPV6, answer, sender
from snf_network_helper.wire.packet_socket import open_link

if TYPE_CHECKING:
    from collections.abc import Collection

    from snf_network_helper.stanza.addresses import IPAddress


class Claims:
    """What others on a link claim from now on.

    It hears ARP and advertisements and nothing else: with everything that passes on a busy link, some would be lost.
    What comes from the link's own MAC address is the node's own, which the segment has sent back.
    """

    __slots__ = ("_arp", "_ears", "_mac")

    def __init__(self, dev: str) -> None:
        self._arp = open_link(dev, ETH_P_ARP)
        self._mac: bytes = self._arp.getsockname()[4]
        self._ears = [self._arp, open_link(dev, ETH_P_IPV6, ADVERTISEMENTS)]

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
                    frame = ears.recv(2048)
                except OSError:  # the link went down
                    continue
                address = sender(frame) if ears is self._arp else answer(frame)
                if address in addresses and frame[6:12] != self._mac:
                    return address
        return None
