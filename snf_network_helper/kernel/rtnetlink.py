"""Questions and requests to the kernel by rtnetlink(7).

ip(8) would cost a process, and often a list of all links: 40 ms beside 8,000 of them. pyroute2 is slow to import, and
reads for the commands that only look (`kernel/view.py`).
"""

import sys

from snf_network_helper.errors import KernelError
from snf_network_helper.lean import TYPE_CHECKING, posix, socket, struct
from snf_network_helper.stanza.addresses import BITS, IPV4, IPV6, IPAddress

if TYPE_CHECKING:
    from collections.abc import Iterator

PROTOCOLS = "/etc/iproute2/rt_protos.d/snf-network-helper.conf"

_REQUEST, ACK, CREATE, EXCLUSIVE, _DUMP = 0x1, 0x4, 0x400, 0x200, 0x300  # NLM_F_…, include/uapi/linux/netlink.h
_ERROR, _DONE = 2, 3  # NLMSG_…
_LEVEL, _STRICT = 270, 12  # SOL_NETLINK, NETLINK_GET_STRICT_CHK
_HEADER, _NEIGHBOUR = 16, 12  # bytes of struct nlmsghdr, of struct ndmsg
_NO_ENTRY, _NO_DEVICE = 2, 19  # ENOENT, ENODEV
_ANSWER_BYTES = 65536  # a link's is 2 KB, and more with many virtual functions

# RTM_…, include/uapi/linux/rtnetlink.h
_GET_LINK, _SET_LINK, _GET_ADDRESS, _GET_ROUTE = 18, 19, 22, 26
_NEW_NEIGHBOUR, _DELETE_NEIGHBOUR, _GET_NEIGHBOUR, _GET_RULE = 28, 29, 30, 34
# IFLA_…, include/uapi/linux/if_link.h
_ADDRESS, _LINK, _MASTER, _LINKINFO, _GROUP, _NETWORK_NAMESPACE = 1, 5, 10, 18, 27, 37
_KIND, _DESTINATION, _OUTGOING = 1, 1, 4  # IFLA_INFO_KIND, RTA_DST, RTA_OIF
_LOCAL_ADDRESS, _LOCAL = 2, 2  # IFA_LOCAL, include/uapi/linux/if_addr.h; RTN_LOCAL
_MAIN, _LOCAL_TABLE, _ADVERTISED = 254, 255, 9  # RT_TABLE_…, RTPROT_RA
_PRIORITY, _PROTOCOL, _OF_EVERY_RULE = 6, 21, {14, 15, 21}  # FRA_…: what suppresses, table, protocol
_PERMANENT, _PROXY = 0x80, 0x08  # NUD_…, NTF_…, include/uapi/linux/neighbour.h
_NEIGHBOUR_ADDRESS, _NEIGHBOUR_PROTOCOL = 1, 12  # NDA_DST, NDA_PROTOCOL
FAMILIES = {IPV4: 2, IPV6: 10}  # AF_INET, AF_INET6
# Nobody is there, and no route leads there but the default one.
_ANYWHERE = {IPV4: IPAddress(IPV4, 1), IPV6: IPAddress(IPV6, 2)}


class LinkAttributes:
    """A link, its kind as ip(8) names it, the link whose port it is, the one that it is made over, its group, MAC."""

    __slots__ = ("group", "kind", "lower", "mac", "master", "name")

    def __init__(
        self, name: str, kind: str = "", master: str = "", lower: str = "", group: str = "0", mac: str = ""
    ) -> None:
        self.name = name
        self.kind = kind
        self.master = master
        self.lower = lower
        self.group = group
        self.mac = mac


def link_attributes(name: str) -> LinkAttributes:
    """Asks for a link; KernelError where there is none of that name."""
    command = f"ip link show dev {name}"
    found = dict(attributes(ask(command, _GET_LINK, 0, _about(command, name))[16:]))
    kind = dict(attributes(found.get(_LINKINFO, b""))).get(_KIND, b"")
    # Of a veth the other end is named, which in another namespace has a number of its own
    lower = "" if _NETWORK_NAMESPACE in found else _name(found.get(_LINK, b""))
    group = str(int.from_bytes(found.get(_GROUP, b""), sys.byteorder))
    mac = found.get(_ADDRESS, b"").hex(":")
    return LinkAttributes(name, kind.rstrip(b"\0").decode(), _name(found.get(_MASTER, b"")), lower, group, mac)


def set_link_group(command: str, name: str, group: str) -> None:
    """Puts a link in another group; `command` is the one of ip(8) that would do the same."""
    ask(command, _SET_LINK, ACK, _about(command, name) + struct.pack("=HHI", 8, _GROUP, int(group)))


def _about(command: str, link: str) -> bytes:
    return struct.pack("=BxHiII", 0, 0, _index(command, link), 0, 0)


def is_nodes_own(name: str) -> bool:
    """False where the node takes nothing that comes in on a link, or where a guest is behind it.

    The ports of a bridge or a bond leave what comes in to that; a VRF leaves it to its member. A guest is behind a TAP,
    attached or not.
    """
    try:
        link = link_attributes(name)
        is_port = link.master != "" and link_attributes(link.master).kind != "vrf"
    except KernelError:  # it has gone
        return False
    return not is_port and link.kind != "tun"


def learnt_default_links() -> set[str]:
    """The links over which a router's advertisement gave the node a default route.

    The kernel is asked for these alone: it has several routes for each of thousands of TAPs.
    """
    message = struct.pack("=BxxxBBxxI", FAMILIES[IPV6], _MAIN, _ADVERTISED, 0)
    routes = _dump("ip -6 route show default proto ra", _GET_ROUTE, message)
    return {_name(dict(attributes(route[12:])).get(_OUTGOING, b"")) for route in routes if not route[1]} - {""}


def default_link(family: str) -> str:
    """The link by which the node reaches what it has no other route to, "" where it has none."""
    return _name(dict(attributes(_route_to(_ANYWHERE[family])[12:])).get(_OUTGOING, b""))


def is_own(address: IPAddress) -> bool:
    """True where the node itself has an address, on whatever link."""
    return _route_to(address)[7:8] == bytes((_LOCAL,))


def is_local_first(family: str, priority: int, protocol: str) -> bool:
    """True where the node's own addresses are looked up before that priority, by a rule that is not of the protocol."""
    for rule in _dump(f"ip -{family} rule show", _GET_RULE, struct.pack("=BxxxxxxxI", FAMILIES[family], 0)):
        said = dict(attributes(rule[12:]))
        if int.from_bytes(said.pop(_PRIORITY, b""), sys.byteorder) >= priority:  # they come in their order
            return False
        is_local = rule[3:5] == bytes((0, _LOCAL_TABLE)) and said.keys() == _OF_EVERY_RULE and not any(rule[8:12])
        if is_local and said[_PROTOCOL] != bytes((protocol_number(protocol),)):
            return True
    return False


def _route_to(address: IPAddress) -> bytes:
    """What the kernel says of the route to an address, nothing where it has none."""
    family = address.family
    destination = address.value.to_bytes(BITS[family] // 8, "big")
    message = struct.pack("=BBxxxxxxI", FAMILIES[family], BITS[family], 0)
    message += struct.pack("=HH", 4 + len(destination), _DESTINATION) + destination
    try:
        return ask(f"ip -{family} route get {address}", _GET_ROUTE, 0, message)
    except KernelError:  # unreachable
        return b""


def own_addresses() -> list[tuple[str, IPAddress]]:
    """The IPv4 addresses of global scope that the node has, each with its link."""
    answers = _dump("ip -4 address show scope global", _GET_ADDRESS, struct.pack("=BxxxI", FAMILIES[IPV4], 0))
    said = [(_name(answer[4:8]), dict(attributes(answer[8:]))) for answer in answers if not answer[3]]
    found = [(link, values.get(_LOCAL_ADDRESS, b"")) for link, values in said]
    return [(link, IPAddress(IPV4, int.from_bytes(address, "big"))) for link, address in found if link and address]


def protocol_number(protocol: str) -> int:
    """The number that iproute2 knows our protocol by."""
    with open(PROTOCOLS, encoding="utf-8") as lines:
        for line in lines:
            words = line.partition("#")[0].split()
            if words[1:] == [protocol]:
                return int(words[0])
    raise KernelError(f"cat {PROTOCOLS}", f"expected a line with a number and {protocol}")


def has_proxy(address: str, dev: str, protocol: str = "") -> bool:
    """True where the kernel answers for an IPv6 address on a link already, if given because of that protocol."""
    command = f"ip -6 neigh get proxy {address} dev {dev}"
    try:
        answer = ask(command, _GET_NEIGHBOUR, 0, _proxy(command, address, dev, 0))
    except KernelError as error:
        if error.reason in (posix.strerror(_NO_ENTRY), posix.strerror(_NO_DEVICE)):
            return False
        raise
    made_by = dict(attributes(answer[_NEIGHBOUR:])).get(_NEIGHBOUR_PROTOCOL, b"")
    return not protocol or made_by == bytes((protocol_number(protocol),))


def add_proxy(command: str, address: str, dev: str, protocol: str) -> None:
    """Has the kernel answer for an IPv6 address on a link; `command` is the one of ip(8) that would do the same."""
    message = _proxy(command, address, dev, _PERMANENT)
    message += struct.pack("=HHBxxx", 5, _NEIGHBOUR_PROTOCOL, protocol_number(protocol))
    ask(command, _NEW_NEIGHBOUR, ACK | CREATE, message)


def delete_proxy(command: str, address: str, dev: str) -> None:
    """Ends that."""
    ask(command, _DELETE_NEIGHBOUR, ACK, _proxy(command, address, dev, 0))


def _proxy(command: str, address: str, dev: str, state: int) -> bytes:
    message = struct.pack("=BxxxiHBB", FAMILIES[IPV6], _index(command, dev), state, _PROXY, 0)
    return message + struct.pack("=HH16s", 20, _NEIGHBOUR_ADDRESS, IPAddress.parse(address).value.to_bytes(16, "big"))


def _open() -> "socket.socket":
    return socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, 0)


def ask(command: str, kind: int, flags: int, message: bytes) -> bytes:
    """Sends one request and returns what is after the header of its answer; KernelError where the kernel refuses it.

    `command` is the one of ip(8) that would do the same, for the error.
    """
    netlink = _open()
    try:
        netlink.send(struct.pack("=IHHII", _HEADER + len(message), kind, _REQUEST | flags, 1, 0) + message)
        answer = netlink.recv(_ANSWER_BYTES)
    except OSError as error:
        raise KernelError(command, error.strerror or str(error)) from None
    finally:
        netlink.close()
    _heed_error(command, answer)
    return answer[_HEADER:]


def _dump(command: str, kind: int, message: bytes) -> "Iterator[bytes]":
    """Asks for all that is as `message` says, which the kernel itself looks for; yields what is after each header."""
    netlink = _open()
    try:
        netlink.setsockopt(_LEVEL, _STRICT, 1)
        netlink.send(struct.pack("=IHHII", _HEADER + len(message), kind, _REQUEST | _DUMP, 1, 0) + message)
        while True:
            answers = netlink.recv(_ANSWER_BYTES)
            while answers:
                length, answered = struct.unpack_from("=IH", answers)
                if answered == _DONE:
                    return
                _heed_error(command, answers)
                yield answers[_HEADER:length]
                answers = answers[length + 3 & ~3 :]
    except OSError as error:
        raise KernelError(command, error.strerror or str(error)) from None
    finally:
        netlink.close()


def _heed_error(command: str, answer: bytes) -> None:
    if struct.unpack_from("=H", answer, 4)[0] == _ERROR and (number := -struct.unpack_from("=i", answer, _HEADER)[0]):
        raise KernelError(command, posix.strerror(number))


def attributes(data: bytes) -> "Iterator[tuple[int, bytes]]":
    """The type and the value of each attribute."""
    while len(data) >= 4:
        length, kind = struct.unpack_from("=HH", data)
        yield kind & 0x3FFF, data[4:length]  # without NLA_F_NESTED and NLA_F_NET_BYTEORDER
        data = data[max(length + 3 & ~3, 4) :]


def _index(command: str, name: str) -> int:
    try:
        return socket.if_nametoindex(name)
    except OSError:  # which has no number
        raise KernelError(command, posix.strerror(_NO_DEVICE)) from None


def _name(number: bytes) -> str:
    try:
        return socket.if_indextoname(*struct.unpack("=i", number)) if number else ""
    except OSError:
        return ""
