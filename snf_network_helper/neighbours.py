"""IPv6 neighbour proxies, by rtnetlink(7): ip-neighbour(8) first lists all links there are, at every call."""

import os
import struct

# The C half of `socket`, whose Python half costs some 5 ms.
from _socket import if_nametoindex

from snf_network_helper.address import Address
from snf_network_helper.changes import PROTOCOL, ProxyNeighbour
from snf_network_helper.errors import KernelError
from snf_network_helper.netlink import ask

PROTOCOLS = "/etc/iproute2/rt_protos.d/snf-network-helper.conf"

_NEW, _DELETE, _GET = 28, 29, 30  # RTM_…NEIGH, include/uapi/linux/rtnetlink.h
_ACK, _CREATE = 0x4, 0x400  # NLM_F_…, include/uapi/linux/netlink.h
_AF_INET6 = 10
_PERMANENT, _PROXY = 0x80, 0x08  # NUD_, NTF_…, include/uapi/linux/neighbour.h
_DESTINATION, _PROTOCOL = 1, 12  # NDA_…


def protocol_number() -> int:
    """The number that iproute2 knows our protocol by."""
    with open(PROTOCOLS, encoding="utf-8") as lines:
        for line in lines:
            words = line.partition("#")[0].split()
            if words[1:] == [PROTOCOL]:
                return int(words[0])
    raise KernelError(f"cat {PROTOCOLS}", f"expected a line with a number and {PROTOCOL}")


def has_proxy(change: ProxyNeighbour) -> bool:
    """True where the kernel answers for the address on the link already."""
    try:
        _ask(f"ip -6 neigh get proxy {change.address} dev {change.dev}", _GET, 0, change)
    except KernelError as error:
        if error.reason in (os.strerror(2), os.strerror(19)):  # ENOENT, ENODEV
            return False
        raise
    return True


def add_proxy(change: ProxyNeighbour) -> None:
    """Has the kernel answer for the address on the link."""
    _ask(change.add(), _NEW, _ACK | _CREATE, change)


def delete_proxy(change: ProxyNeighbour) -> None:
    """Ends that."""
    _ask(change.remove(), _DELETE, _ACK, change)


def _ask(command: str, kind: int, flags: int, change: ProxyNeighbour) -> None:
    """Asks the kernel; KernelError where it refuses."""
    try:
        index = if_nametoindex(change.dev)
    except OSError as error:
        raise KernelError(command, os.strerror(error.errno or 0)) from None
    message = struct.pack("=BxxxiHBB", _AF_INET6, index, _PERMANENT if kind == _NEW else 0, _PROXY, 0)
    message += struct.pack("=HH16s", 20, _DESTINATION, Address.parse(change.address).value.to_bytes(16, "big"))
    if kind == _NEW:
        message += struct.pack("=HHBxxx", 5, _PROTOCOL, protocol_number())
    ask(command, kind, flags, message)
