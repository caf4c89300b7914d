"""Whether a machine can be behind a link: what the kernel says of the link, and why not."""

import os
import struct
from _socket import if_indextoname, if_nametoindex

from snf_network_helper.address import BITS, Address
from snf_network_helper.errors import KernelError, RoutedError
from snf_network_helper.families import IPV4, IPV6
from snf_network_helper.journal import names
from snf_network_helper.netlink import ask, attributes, dump

_GET_LINK, _GET_ROUTE = 18, 26  # RTM_…, include/uapi/linux/rtnetlink.h
_LINK, _MASTER, _LINKINFO, _NETWORK_NAMESPACE = 5, 10, 18, 37  # IFLA_…, include/uapi/linux/if_link.h
_KIND = 1  # IFLA_INFO_KIND
_DESTINATION, _OUTGOING = 1, 4  # RTA_DST, RTA_OIF
_SOCKET_FAMILY = {IPV4: 2, IPV6: 10}
_MAIN, _ADVERTISED = 254, 9  # RT_TABLE_MAIN, RTPROT_RA
# Nobody is there, and no route leads there but the default one.
_ANYWHERE = {IPV4: Address(IPV4, 1), IPV6: Address(IPV6, 2)}

# What these send does not come in on the node, but leaves by the link that they are made over.
_PASSING_BY = ("macvtap", "macvlan", "ipvtap", "ipvlan")


class Link:
    """A link, its kind as ip(8) names it, the link whose port it is, and the one that it is made over."""

    __slots__ = ("kind", "lower", "master", "name")

    def __init__(self, name: str, kind: str = "", master: str = "", lower: str = "") -> None:
        self.name = name
        self.kind = kind
        self.master = master
        self.lower = lower

    @classmethod
    def of(cls, name: str) -> "Link":
        """Asks the kernel."""
        command = f"ip link show dev {name}"
        try:
            message = struct.pack("=BxHiII", 0, 0, if_nametoindex(name), 0, 0)
        except OSError as error:
            raise KernelError(command, os.strerror(error.errno or 0)) from None
        found = dict(attributes(ask(command, _GET_LINK, 0, message)[16:]))
        kind = dict(attributes(found.get(_LINKINFO, b""))).get(_KIND, b"")
        # Of a veth the other end is named, which in another namespace has a number of its own
        lower = "" if _NETWORK_NAMESPACE in found else _name(found.get(_LINK, b""))
        return cls(name, kind.rstrip(b"\0").decode(), _name(found.get(_MASTER, b"")), lower)


def check(tap: str, network: str) -> None:
    """RoutedError where no machine of the network can be behind the link."""
    others = [dev for family in (IPV4, IPV6) if (dev := _default_link(family))]
    if why := why_not(Link.of(tap), Link.of(network), others, any(names(tap))):
        raise RoutedError(why)


def why_not(link: Link, network: Link, uplinks: list[str], is_routed: bool) -> str:
    """Why no machine of the network can be behind a link, "" where one can; pure."""
    if link.kind in _PASSING_BY:
        return f"a {link.kind}, whose frames pass the node by: expected a tap, or a veth with it over the other end"
    if link.master:
        return f"a port of {link.master}, which takes its frames: expected a link that is no port"
    if link.name == network.lower:
        return f"{network.name} is made over it: expected a link that leads to the machine"
    if link.name in uplinks:
        return "the node's default route is there: expected a link that leads to the machine"
    if is_routed:
        return "a routed interface itself: expected a link that leads to the machine"
    return ""


def is_port(name: str) -> bool:
    """Whether another link takes what comes in on a link, as a bridge or a bond does; a VRF leaves it to its member."""
    try:
        master = Link.of(name).master
        return master != "" and Link.of(master).kind != "vrf"
    except KernelError:  # it has gone
        return True


def learnt_default_links() -> set[str]:
    """The links over which a router's advertisement gave the node a default route.

    The kernel is asked for these alone: it has several routes for each of thousands of TAPs.
    """
    message = struct.pack("=BxxxBBxxI", _SOCKET_FAMILY[IPV6], _MAIN, _ADVERTISED, 0)
    routes = dump("ip -6 route show default proto ra", _GET_ROUTE, message)
    return {_name(dict(attributes(route[12:])).get(_OUTGOING, b"")) for route in routes if not route[1]} - {""}


def _default_link(family: str) -> str:
    """The link by which the node reaches what it has no other route to, "" where it has none."""
    destination = _ANYWHERE[family].value.to_bytes(BITS[family] // 8, "big")
    message = struct.pack("=BBxxxxxxI", _SOCKET_FAMILY[family], BITS[family], 0)
    message += struct.pack("=HH", 4 + len(destination), _DESTINATION) + destination
    try:
        found = dict(attributes(ask(f"ip -{family} route get {_ANYWHERE[family]}", _GET_ROUTE, 0, message)[12:]))
    except KernelError:  # unreachable
        return ""
    return _name(found.get(_OUTGOING, b""))


def _name(number: bytes) -> str:
    try:
        return if_indextoname(*struct.unpack("=i", number)) if number else ""
    except OSError:
        return ""
