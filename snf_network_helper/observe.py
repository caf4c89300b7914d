"""What the kernel holds now, read by netlink; imported by the commands only, for pyroute2 alone costs 0.1 s."""

import socket
from collections.abc import Iterator
from typing import Any

from pyroute2 import IPRoute

from snf_network_helper import kernel
from snf_network_helper.changes import (
    PROTOCOL,
    Address,
    ArpSource,
    Change,
    Masquerade,
    ProxyNeighbour,
    Route,
    Rule,
    Sysctl,
)
from snf_network_helper.errors import KernelError
from snf_network_helper.families import IPV4, IPV6

_PROTOCOLS = "/etc/iproute2/rt_protos.d/snf-network-helper.conf"
_FAMILIES = {IPV4: socket.AF_INET, IPV6: socket.AF_INET6}
_UNREACHABLE = 7  # RTN_UNREACHABLE, include/uapi/linux/rtnetlink.h
_MAIN = 254
_IPV6_METRIC = 1024  # IP6_RT_PRIO_USER: what an IPv6 route without a metric gets


def protocol_number() -> int:
    """The number that iproute2 knows our protocol by."""
    with open(_PROTOCOLS, encoding="utf-8") as lines:
        for line in lines:
            words = line.partition("#")[0].split()
            if words[1:] == [PROTOCOL]:
                return int(words[0])
    raise KernelError(f"cat {_PROTOCOLS}", f"expected a line with a number and {PROTOCOL}")


def marked() -> frozenset[Change]:
    """Every rule and route in the kernel that carries our protocol, whichever table it is in."""
    number = protocol_number()
    with IPRoute() as netlink:
        return frozenset([*_rules(netlink, number), *_routes(netlink, number)])


def _rules(netlink: Any, number: int) -> Iterator[Change]:
    for family, code in _FAMILIES.items():
        for message in netlink.get_rules(family=code):
            if message.get_attr("FRA_PROTOCOL") == number:
                destination = message.get_attr("FRA_DST")
                yield Rule(
                    family,
                    str(message.get_attr("FRA_TABLE")),
                    str(message.get_attr("FRA_PRIORITY") or 0),
                    iif=message.get_attr("FRA_IIFNAME") or "",
                    to=f"{destination}/{message['dst_len']}" if destination else "",
                )


def _routes(netlink: Any, number: int) -> Iterator[Change]:
    names = {link["index"]: link.get_attr("IFLA_IFNAME") for link in netlink.get_links()}
    for family, code in _FAMILIES.items():
        for message in netlink.get_routes(family=code):
            if message["proto"] != number:
                continue
            unreachable = message["type"] == _UNREACHABLE
            destination = message.get_attr("RTA_DST")
            table = message.get_attr("RTA_TABLE")
            metric = message.get_attr("RTA_PRIORITY")
            implied = metric is None or (family == IPV6 and metric == _IPV6_METRIC)
            yield Route(
                family,
                f"{destination}/{message['dst_len']}" if destination else "default",
                dev="" if unreachable else names.get(message.get_attr("RTA_OIF"), ""),
                via=message.get_attr("RTA_GATEWAY") or "",
                table="" if table == _MAIN else str(table),
                kind="unreachable" if unreachable else "",
                metric="" if implied else str(metric),
            )


def is_present(change: Change, in_kernel: frozenset[Change]) -> bool:
    """True where the kernel holds the change; `in_kernel` is what `marked` returned."""
    try:
        if isinstance(change, (Rule, Route)):
            return change in in_kernel
        if isinstance(change, Address):
            return kernel.has_address(change)
        if isinstance(change, Sysctl):
            return kernel.read(change.path) == change.value
        if isinstance(change, ArpSource):
            return kernel.arp_source_number(change) > 0
        if isinstance(change, Masquerade):
            return kernel.has_masquerade(change)
        if isinstance(change, ProxyNeighbour):
            return kernel.query(f"ip -6 neigh show proxy {change.address} dev {change.dev}") != ""
    except KernelError:
        return False
    return True
