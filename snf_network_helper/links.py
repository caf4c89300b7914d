"""A link's number, MAC address, state and proxies, read and set without a process, and without a list of all links."""

import fcntl
import struct

# The C half of `socket`: the Python half costs some 5 ms.
from _socket import AF_INET, SOCK_CLOEXEC, SOCK_DGRAM, if_nametoindex, socket

from snf_network_helper import kernel, neighbours, sysctl
from snf_network_helper.changes import Change, ProxyNeighbour
from snf_network_helper.errors import KernelError
from snf_network_helper.guest_changes import HardwareAddress, LinkUp, NoAddressGeneration
from snf_network_helper.journal import APPLIED, KEPT, PENDING, Entry

_GET_FLAGS, _SET_FLAGS = 0x8913, 0x8914  # include/uapi/linux/sockios.h
_GET_ADDRESS, _SET_ADDRESS = 0x8927, 0x8924
_UP = 1  # IFF_UP
_GENERATION = ("eui64", "none", "stable_secret", "random")  # as ip(8) names the values of addr_gen_mode
_ETHERNET = 1  # ARPHRD_ETHER


def number(name: str) -> str:
    """The kernel's number of a link, "" where there is none of that name; no other link ever gets it."""
    try:
        return str(if_nametoindex(name))
    except OSError:
        return ""


def prepare(change: Change, old: Entry | None) -> Entry:
    """The entry that says what stands before the change is made; what an earlier run recorded of it holds."""
    before = _state(change)
    ours = old is not None and old.state != KEPT
    if before == _wanted(change):
        return Entry(change, APPLIED if ours else KEPT, old.prior if old is not None else before)
    return Entry(change, PENDING, old.prior if old is not None and ours else before)


def make(change: Change) -> None:
    """Sets the link as the change says."""
    _set(change, change.add(), _wanted(change))


def undo(change: Change, before: str) -> None:
    """Sets the link as it was, unless somebody has changed it since, or the link is gone."""
    dev = change.dev if isinstance(change, (HardwareAddress, NoAddressGeneration, LinkUp, ProxyNeighbour)) else ""
    if number(dev) and _state(change) == _wanted(change):
        _set(change, change.remove().replace("PRIOR", before), before)


def _wanted(change: Change) -> str:
    if isinstance(change, HardwareAddress):
        return change.address
    return {NoAddressGeneration: "none", ProxyNeighbour: "there"}.get(type(change), "up")


def _state(change: Change) -> str:
    if isinstance(change, HardwareAddress):
        command = f"ip link show dev {change.dev}"
        kind, address = struct.unpack_from("H6s", _ioctl(command, change.dev, _GET_ADDRESS), 16)
        if kind != _ETHERNET:
            raise KernelError(command, "expected a link with a MAC address")
        return str(address.hex(":"))
    if isinstance(change, NoAddressGeneration):
        return _GENERATION[int(sysctl.read(f"net/ipv6/conf/{change.dev}/addr_gen_mode"))]
    if isinstance(change, ProxyNeighbour):
        return "there" if neighbours.has_proxy(change) else "absent"
    assert isinstance(change, LinkUp)
    return "up" if _flags(change.dev) & _UP else "down"


def _set(change: Change, command: str, state: str) -> None:
    if isinstance(change, NoAddressGeneration):
        if state == "none":
            sysctl.write(f"net/ipv6/conf/{change.dev}/addr_gen_mode", "1")
        else:
            kernel.run(command)
        return
    kernel.begin(command)
    if isinstance(change, ProxyNeighbour):
        (neighbours.add_proxy if state == "there" else neighbours.delete_proxy)(change)
    elif isinstance(change, HardwareAddress):
        address = struct.pack("H6s", _ETHERNET, bytes.fromhex(state.replace(":", "")))
        _ioctl(command, change.dev, _SET_ADDRESS, address)
    elif isinstance(change, LinkUp):
        flags = _flags(change.dev)
        _ioctl(command, change.dev, _SET_FLAGS, struct.pack("H", flags | _UP if state == "up" else flags & ~_UP))


def _flags(dev: str) -> int:
    return int(struct.unpack_from("H", _ioctl(f"ip link show dev {dev}", dev, _GET_FLAGS), 16)[0])


def _ioctl(command: str, dev: str, request: int, data: bytes = b"") -> bytes:
    control = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC)
    try:
        return fcntl.ioctl(control, request, struct.pack("16s24s", dev.encode(), data))
    except OSError as error:
        raise KernelError(command, error.strerror or str(error)) from None
    finally:
        control.close()
