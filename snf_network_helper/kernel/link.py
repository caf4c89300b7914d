"""A link's number, MAC address, MTU and state, by ioctl (netdevice(7)): no process, and no list of all links."""

import fcntl

from snf_network_helper.errors import KernelError
from snf_network_helper.kernel.sysctl import name_of as name_of
from snf_network_helper.kernel.sysctl import number as number
from snf_network_helper.lean import TYPE_CHECKING, socket, struct

if TYPE_CHECKING:
    from collections.abc import Iterable

_GET_FLAGS, _SET_FLAGS = 0x8913, 0x8914  # include/uapi/linux/sockios.h
_GET_ADDRESS, _SET_ADDRESS = 0x8927, 0x8924
_GET_MTU, _SET_MTU = 0x8921, 0x8922
_UP, _RUNNING = 0x1, 0x40  # IFF_UP, IFF_RUNNING
_FAILED_DETECTION = 0x08  # IFA_F_DADFAILED, include/uapi/linux/if_addr.h
_ETHERNET = 1  # ARPHRD_ETHER


def first_present(links: "Iterable[str]", other_than: str) -> str:
    """The name of the first link that is there by its name and its number, as in `tap0:7`; "" for none."""
    for name, _, known in (link.partition(":") for link in links):
        if name != other_than and number(name) == known:
            return name
    return ""


def absence(name: str) -> str:
    """Why no link has the name, and which one may be meant; "" where one has."""
    found = number(name)
    if not found:
        from snf_network_helper.stanza.spelling import did_you_mean  # only a mistake pays for this import

        return f"{name}: no such interface{did_you_mean(name, [link for _, link in socket.if_nameindex()])}"
    real = socket.if_indextoname(int(found))
    return "" if real == name else f"{name}: an altname of {real}, expected {real}"


def mac(dev: str) -> str:
    """The MAC address of a link, as 52:54:00:12:34:56; KernelError where it has none."""
    command = f"ip link show dev {dev}"
    kind, address = struct.unpack_from("H6s", _ioctl(command, dev, _GET_ADDRESS), 16)
    if kind != _ETHERNET:
        raise KernelError(command, "expected a link with a MAC address")
    return str(address.hex(":"))


def set_mac(command: str, dev: str, address: str) -> None:
    """Gives a link another MAC address; `command` is the one of ip(8) that would do the same, for the error."""
    _ioctl(command, dev, _SET_ADDRESS, struct.pack("H6s", _ETHERNET, bytes.fromhex(address.replace(":", ""))))


def mtu(dev: str) -> str:
    """The largest packet that a link takes."""
    return str(struct.unpack_from("i", _ioctl(f"ip link show dev {dev}", dev, _GET_MTU), 16)[0])


def set_mtu(command: str, dev: str, value: str) -> None:
    """Gives a link another MTU; `command` as for `set_mac`."""
    _ioctl(command, dev, _SET_MTU, struct.pack("i", int(value)))


def trouble(dev: str) -> str:
    """What is wrong with a link itself, "" where it is up."""
    try:
        return "" if is_up(dev) else "the link is down"
    except KernelError:
        return "the link is gone"


def is_up(dev: str) -> bool:
    """True where the link is up, with or without a carrier."""
    return bool(_flags(dev) & _UP)


def has_carrier(dev: str) -> bool:
    """True where frames can leave by the link."""
    return bool(_flags(dev) & _RUNNING)


def macs() -> set[str]:
    """The MAC addresses of all links of the node."""
    found = set()
    for _, name in socket.if_nameindex():
        try:
            found.add(mac(name))
        except KernelError:  # one without, or one that has gone
            continue
    return found


def failed_detection(dev: str, address: str) -> bool:
    """True for an IPv6 address of a link that another host was found to have (RFC 4862, 5.4)."""
    wanted = socket.inet_pton(socket.AF_INET6, address).hex()
    try:
        with open("/proc/net/if_inet6", encoding="utf-8") as lines:
            found = [line.split() for line in lines]
    except OSError:  # the kernel has no IPv6
        return False
    return any(words[0] == wanted and words[5] == dev and int(words[4], 16) & _FAILED_DETECTION for words in found)


def set_up(command: str, dev: str, up: bool) -> None:
    """Sets a link up or down; `command` as for `set_mac`."""
    flags = _flags(dev)
    _ioctl(command, dev, _SET_FLAGS, struct.pack("H", flags | _UP if up else flags & ~_UP))


def _flags(dev: str) -> int:
    return int(struct.unpack_from("H", _ioctl(f"ip link show dev {dev}", dev, _GET_FLAGS), 16)[0])


def _ioctl(command: str, dev: str, request: int, data: bytes = b"") -> bytes:
    control = socket.socket(socket.AF_INET, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)
    try:
        return fcntl.ioctl(control, request, struct.pack("16s24s", dev.encode(), data))
    except OSError as error:
        raise KernelError(command, error.strerror or str(error)) from None
    finally:
        control.close()
