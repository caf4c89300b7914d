"""The plan of an attachment: the changes that make one guest reachable, in order; pure."""

from snf_network_helper.changes.guard import Guard
from snf_network_helper.changes.guard_element import GuardElement
from snf_network_helper.changes.guest_address import GuestAddress
from snf_network_helper.changes.guest_subnet import GuestSubnet
from snf_network_helper.changes.guests_rule import GuestsRule
from snf_network_helper.changes.hardware_address import HardwareAddress
from snf_network_helper.changes.hosted_address import HostedAddress
from snf_network_helper.changes.link_group import LinkGroup
from snf_network_helper.changes.link_local import LinkLocal
from snf_network_helper.changes.link_up import LinkUp
from snf_network_helper.changes.neighbour_proxy import NeighbourProxy
from snf_network_helper.changes.no_address_generation import NoAddressGeneration
from snf_network_helper.changes.own_address import OwnAddress
from snf_network_helper.changes.route import Route
from snf_network_helper.changes.shared_sysctl import SharedSysctl
from snf_network_helper.changes.sysctl import Sysctl
from snf_network_helper.lean import TYPE_CHECKING
from snf_network_helper.plan.facts import Facts, accept_ra
from snf_network_helper.stanza.addresses import BITS, IPV4, IPV6

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from snf_network_helper.changes.base import Change
    from snf_network_helper.plan.routed import Plan
    from snf_network_helper.stanza.addresses import IPAddress
    from snf_network_helper.stanza.attachment import Attachment
    from snf_network_helper.stanza.network import Network

# The same on every TAP of every node, so that what a guest knows of its router stays true when it moves.
TAP_MAC = "02:73:6e:66:00:01"
TAP_LINK_LOCAL = "fe80::1/64"


def plan(attachment: "Attachment", network: "Network", facts: Facts, mtu: str = "") -> "Plan":
    """The changes that attach a TAP; undone backwards. `mtu` is what the TAP is to get, "" where it has it already."""
    return tuple(_changes(attachment, network, facts, mtu))


def _changes(attachment: "Attachment", network: "Network", facts: Facts, mtu: str) -> "Iterator[Change]":
    tap = attachment.tap
    # An address that an edit of the stanza has put outside the subnets is neither let out nor routed
    addresses = [address for address in attachment.addresses if network.has(address)]
    prefixes = [prefix for prefix in attachment.prefixes if any(map(prefix.is_within, network.subnets))]
    # A guest without IPv6 needs none on the node: it may be switched off, there or on the TAP, or missing altogether
    families = (IPV4, IPV6) if any(address.family == IPV6 for address in addresses) else (IPV4,)
    for address in addresses:
        yield GuestAddress(network.iface, str(address), tap, attachment.link)
    if prefixes:
        from snf_network_helper.changes.guest_prefix import GuestPrefix

        for prefix in prefixes:
            yield GuestPrefix(network.iface, str(prefix), tap, attachment.link)
    if mtu:
        from snf_network_helper.changes.link_mtu import LinkMtu

        # Before anything of IPv6: with less than 1280 the link has none
        yield LinkMtu(tap, mtu)
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
    for prefix in prefixes:
        yield GuardElement("inet", "prefixes6", tap, str(prefix))
        yield GuardElement("inet", "prefix_targets6", tap, f"0x{prefix.value:032x}-0x{prefix.last:032x}")
    if gateway := asker(attachment, network):
        # The node asks for the guest as its gateway: the guest sees nobody else on its link
        yield GuardElement("arp", "askers", tap, str(gateway))
    subnets = [subnet for subnet in network.subnets if subnet.family in families]
    for subnet in subnets:
        if not any(subnet.is_part_of(other) for other in subnets):
            yield GuestSubnet(subnet.family, str(subnet))
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
    for family, priority in network.local.items():
        if family in families:
            from snf_network_helper.changes.local_rule import LocalRule

            # Also while the network is down, and these rules stand
            yield LocalRule(family, priority)
    for subnet in subnets:
        family, table = subnet.family, network.tables[subnet.family]
        if other := network.further.get(subnet, (None, ""))[1]:
            # To guests and neighbours as all others, and to the rest by the subnet's own gateway
            yield GuestsRule(family, table, network.guests_priority(family, 2), str(subnet), suppress="0")
            yield GuestsRule(family, other, network.guests_priority(family, 3), str(subnet))
        else:
            yield GuestsRule(family, table, network.guests_priority(family), str(subnet))
    yield LinkUp(tap)
    for family in families:
        if family == IPV6:
            yield LinkLocal(TAP_LINK_LOCAL, tap)
        for address in addresses:
            if address.family == family:
                yield Route(family, f"{address}/{BITS[family]}", dev=tap, table=network.tables[family])
    for prefix in prefixes:
        # The table has a route to the whole subnet already, by the network's link
        for part in prefix.halves if prefix in network.subnets else (prefix,):
            yield Route(IPV6, str(part), dev=tap, table=network.tables[IPV6])
    for address in addresses:
        if address.family == IPV6:
            yield NeighbourProxy(str(address), network.iface)
    yield from _proxy(tap, families)


def asker(attachment: "Attachment", network: "Network") -> "IPAddress | None":
    """In whose name a guest is asked on its TAP: the router that it knows."""
    own = attachment.of_family(IPV4)
    return network.gateway_of(own[0], own) if own else network.gateways.get(IPV4)


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
