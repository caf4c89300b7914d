"""The plan of an attachment: the changes that make one guest reachable, in order; pure."""

from snf_network_helper.changes.guard import Guard
from snf_network_helper.changes.guard_element import GuardElement
from snf_network_helper.changes.guest_address import GuestAddress
from snf_network_helper.changes.hardware_address import HardwareAddress
from snf_network_helper.changes.hosted_address import HostedAddress
from snf_network_helper.changes.link_group import LinkGroup
from snf_network_helper.changes.link_local import LinkLocal
from snf_network_helper.changes.link_up import LinkUp
from snf_network_helper.changes.neighbour_proxy import NeighbourProxy
from snf_network_helper.changes.no_address_generation import NoAddressGeneration
from snf_network_helper.changes.own_address import OwnAddress
from snf_network_helper.changes.route import Route
from snf_network_helper.changes.shared_rule import SharedRule
from snf_network_helper.changes.shared_sysctl import SharedSysctl
from snf_network_helper.changes.sysctl import Sysctl
from snf_network_helper.lean import TYPE_CHECKING
from snf_network_helper.plan.facts import Facts, accept_ra
from snf_network_helper.stanza.addresses import BITS, IPV4, IPV6

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from snf_network_helper.changes.base import Change
    from snf_network_helper.plan.routed import Plan
    from snf_network_helper.stanza.attachment import Attachment
    from snf_network_helper.stanza.network import Network

# The same on every TAP of every node, so that what a guest knows of its router stays true when it moves.
TAP_MAC = "02:73:6e:66:00:01"
TAP_LINK_LOCAL = "fe80::1/64"


def plan(attachment: "Attachment", network: "Network", facts: Facts) -> "Plan":
    """The changes that attach a TAP; undone backwards."""
    return tuple(_changes(attachment, network, facts))


def _changes(attachment: "Attachment", network: "Network", facts: Facts) -> "Iterator[Change]":
    tap = attachment.tap
    # An address that an edit of the stanza has put outside the subnets is neither let out nor routed
    addresses = [address for address in attachment.addresses if any(address in subnet for subnet in network.subnets)]
    # A guest without IPv6 needs none on the node: it may be switched off, there or on the TAP, or missing altogether
    families = (IPV4, IPV6) if any(address.family == IPV6 for address in addresses) else (IPV4,)
    for address in addresses:
        yield GuestAddress(network.iface, str(address), tap, attachment.link)
    if IPV6 in families:
        # None of the addresses that an advertisement of the guest gives, or the kernel makes: there is the constant one
        from snf_network_helper.changes.heed_no_advertisements import HeedNoAdvertisements

        yield HeedNoAdvertisements(tap)
        yield NoAddressGeneration(tap)
    yield HardwareAddress(tap, TAP_MAC)
    # The guard's elements have names, and a link can be renamed
    yield LinkGroup(tap)
    # Before the link is up: only the guest's own addresses ever come out of the TAP
    yield Guard()
    yield GuardElement("inet", "taps", tap)
    yield GuardElement("arp", "taps", tap)
    if facts.own_mac:
        for table in ("arp", "inet") if IPV6 in families else ("arp",):
            yield OwnAddress(table, network.iface, facts.own_mac)
    for address in addresses:
        if address.family == IPV4:
            yield GuardElement("inet", "sources4", tap, str(address))
            yield GuardElement("arp", "sources", tap, str(address))
            yield HostedAddress("arp", "hosted", network.iface, str(address))
        else:
            yield GuardElement("inet", "sources6", tap, str(address))
            yield GuardElement("inet", "targets6", tap, f"0x{address.value:032x}")
            yield HostedAddress("inet", "hosted6", network.iface, f"0x{address.value:032x}")
    if gateway := network.gateways.get(IPV4):
        # The node asks for the guest as the gateway: the guest sees nobody else on its link
        yield GuardElement("arp", "askers", tap, str(gateway))
    if IPV6 in families:
        # Hypervisors may switch it off on every link that they make
        yield Sysctl(f"net/ipv6/conf/{tap}/disable_ipv6", "0")
        # Before one link more forwards: the default routes that routers advertised on others would go
        for link in facts.keep_ra:
            yield SharedSysctl(accept_ra(link), "2")
    # Before there is an IPv6 address: the kernel counts it for a forwarding link once it is settled, and again when
    # the link begins to forward meanwhile
    yield from _forwarding(tap, families, facts.force_forwarding)
    # What comes from the subnet is routed by the table: one rule for all TAPs, for each rule costs every packet
    for subnet in network.subnets:
        if subnet.family in families:
            table, priority = network.tables[subnet.family], network.guests_priority(subnet.family)
            yield SharedRule(subnet.family, table, priority, str(subnet))
    yield LinkUp(tap)
    for family in families:
        if family == IPV6:
            yield LinkLocal(TAP_LINK_LOCAL, tap)
        for address in addresses:
            if address.family == family:
                yield Route(family, f"{address}/{BITS[family]}", dev=tap, table=network.tables[family])
    for address in addresses:
        if address.family == IPV6:
            yield NeighbourProxy(str(address), network.iface)
    yield from _proxy(tap, families)


def hosting(changes: "Plan", tap: str) -> "Plan":
    """Those changes of a plan by which the node answers for the machine: they wait for one that is about to move in."""
    return tuple(
        change
        for change in changes
        if isinstance(change, (HostedAddress, NeighbourProxy)) or (isinstance(change, Route) and change.dev == tap)
    )


def _forwarding(tap: str, families: "Sequence[str]", force_forwarding: bool) -> "Iterator[Change]":
    yield Sysctl(f"net/ipv4/conf/{tap}/forwarding", "1")
    if IPV6 in families:
        yield Sysctl(f"net/ipv6/conf/{tap}/forwarding", "1")
        if force_forwarding:
            yield Sysctl(f"net/ipv6/conf/{tap}/force_forwarding", "1")


def _proxy(tap: str, families: "Sequence[str]") -> "Iterator[Change]":
    """The node answers for everybody whom the guest asks for: the last thing switched on, and without the delay."""
    yield Sysctl(f"net/ipv4/neigh/{tap}/proxy_delay", "0")
    if IPV6 in families:
        yield Sysctl(f"net/ipv6/neigh/{tap}/proxy_delay", "0")
        yield Sysctl(f"net/ipv6/conf/{tap}/proxy_ndp", "1")
    yield Sysctl(f"net/ipv4/conf/{tap}/proxy_arp", "1")
