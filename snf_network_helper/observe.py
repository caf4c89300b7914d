"""What the kernel holds now, read by netlink; imported by the commands only, for pyroute2 alone costs 0.1 s."""

import json
import re
import socket
from collections.abc import Iterator
from typing import Any

from pyroute2 import IPRoute

from snf_network_helper import kernel, link_addresses, links, outside, sysctl, xtables
from snf_network_helper.changes import Address, Change, Route, Rule, SharedSysctl, Sysctl
from snf_network_helper.errors import KernelError
from snf_network_helper.families import IPV4, IPV6
from snf_network_helper.guest_changes import GUARD_TABLE, Guard, GuardElement, Hosted, SharedRule
from snf_network_helper.journal import APPLIED, KEPT, Entry
from snf_network_helper.neighbours import protocol_number
from snf_network_helper.netfilter_changes import ArpSource, Masquerade, NeighbourProbes

_FAMILIES = {IPV4: socket.AF_INET, IPV6: socket.AF_INET6}
_UNREACHABLE = 7  # RTN_UNREACHABLE, include/uapi/linux/rtnetlink.h
_MAIN = 254
# nft(8) of Debian 12 leaves the device out of its JSON
_PROBES = re.compile(r'table netdev (\S+) {\s+chain probes {\s+type filter hook ingress device "([^"]+)" .*\s+icmpv6 ')
_IPV6_METRIC = 1024  # IP6_RT_PRIO_USER: what an IPv6 route without a metric gets


def marked() -> frozenset[Change]:
    """Every rule and route in the kernel that carries our protocol, in any table, and what is ours in nftables."""
    number = protocol_number()
    with IPRoute() as netlink:
        return frozenset([*_rules(netlink, number), *_routes(netlink, number), *_guard(), *_probes()])


def _guard() -> Iterator[Change]:
    for family in ("inet", "arp"):
        shown = kernel.query(f"nft -j list table {family} {GUARD_TABLE}")
        for item in json.loads(shown)["nftables"] if shown else ():
            if family == "inet" and "table" in item:
                yield Guard()
            members = item.get("set") or item.get("map") or {"name": ""}
            if members["name"].startswith("gone"):  # the kernel's own
                continue
            for element in members.get("elem", ()):
                words = element["concat"] if isinstance(element, dict) else element
                tap, address = words if isinstance(words, list) else (words, "")
                if members["name"] in ("targets6", "hosted6"):
                    address = f"0x{_number(address):032x}"
                kind = Hosted if members["name"].startswith("hosted") else GuardElement
                yield kind(family, members["name"], tap, address)


def _probes() -> Iterator[Change]:
    for table, dev in _PROBES.findall(kernel.query("nft list ruleset netdev")):
        change = NeighbourProbes(dev)
        if change.table == table:
            yield change


def _number(shown: int | str) -> int:
    """A value that nft(8) has no name for."""
    return shown if isinstance(shown, int) else int(shown, 0)


def _rules(netlink: Any, number: int) -> Iterator[Change]:
    for family, code in _FAMILIES.items():
        for message in netlink.get_rules(family=code):
            if message.get_attr("FRA_PROTOCOL") == number:
                destination, source = message.get_attr("FRA_DST"), message.get_attr("FRA_SRC")
                table, priority = str(message.get_attr("FRA_TABLE")), str(message.get_attr("FRA_PRIORITY") or 0)
                if source:
                    yield SharedRule(family, table, priority, f"{source}/{message['src_len']}")
                    continue
                yield Rule(
                    family,
                    table,
                    priority,
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
        if isinstance(change, (Rule, Route, NeighbourProbes, SharedRule, Guard, GuardElement)):
            return change in in_kernel
        if change.is_of_link:
            return links.prepare(change, None).state == KEPT
        if isinstance(change, Address):
            return link_addresses.has_address(change)
        if isinstance(change, SharedSysctl) and change.path.endswith("/accept_ra"):
            # A link that was kept heeding advertisements may go: then nothing of it is missing
            return change.path.split("/")[-2] not in sysctl.ipv6_links() or sysctl.reads(change.path, change.value)
        if isinstance(change, Sysctl):
            return sysctl.read(change.path) == change.value
        if isinstance(change, ArpSource):
            return xtables.arp_source_number(change) > 0
        if isinstance(change, Masquerade):
            return xtables.has_masquerade(change)
        if change.is_outside:
            return outside.prepare(change, Entry(change, APPLIED)).state == APPLIED
    except KernelError:
        return False
    return True
