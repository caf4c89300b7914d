"""The plan of a stanza: the changes that ifup makes, in order; pure, one function per role."""

from snf_network_helper.changes.base import Change
from snf_network_helper.changes.link import Link
from snf_network_helper.changes.route import LAST_METRIC, SINGLE_METRIC, Route
from snf_network_helper.changes.rule import Rule
from snf_network_helper.changes.sysctl import Sysctl
from snf_network_helper.lean import TYPE_CHECKING
from snf_network_helper.plan.facts import Facts, accept_ra, medium_id
from snf_network_helper.stanza.addresses import IPV4, IPV6
from snf_network_helper.stanza.stanza import ROUTER, ROUTER_VMC, VMC, Stanza

if TYPE_CHECKING:
    from collections.abc import Iterator

    from snf_network_helper.stanza.addresses import Prefix

Plan = tuple[Change, ...]

# A kind that only some roles or one family need is imported by what yields it.


def plan(stanza: Stanza, facts: Facts) -> Plan:
    """The changes that bring the stanza up, in the order in which they are made; undone backwards."""
    role = {VMC: _vmc, ROUTER: _router, ROUTER_VMC: _router_vmc}[stanza.role]
    return tuple(role(stanza, facts))


def request(stanza: Stanza, facts: Facts) -> str:
    """What the journal keeps of a stanza beside its changes: the address by which other nodes ask.

    Where the gateway is outside the subnets each node asks by an address of its link, and guests may have all others.
    """
    shown = stanza.role == VMC and not facts.own_address
    unused = facts.own_address and not any(stanza.gateways[IPV4] in subnet for subnet in stanza.of_family(IPV4))
    return f"arp-ip={stanza.arp_ip}" if stanza.arp_ip and not (shown or unused) else ""


def _vmc(stanza: Stanza, facts: Facts) -> "Iterator[Change]":
    """A node that hosts guests behind an external router."""
    dev, table = stanza.iface, stanza.table
    for family in facts.main_of:
        from snf_network_helper.changes.main_link_traffic import MainLinkTraffic, in_order

        subnets = stanza.of_family(family)
        apart = (one for one in subnets if not any(one.is_part_of(other) for other in subnets))
        yield MainLinkTraffic(family, dev, in_order(apart))
    yield Link(dev)
    yield from _local(stanza, facts)
    for family in stanza.families:
        # First made and last undone: at no moment does a look-up in the table fall through to main, where the
        # node's default route would have proxy ARP answer for every address there is.
        yield Route(family, "default", kind="unreachable", table=table, metric=LAST_METRIC)
        for _, _, other in stanza.further_of_family(family):
            yield Route(family, "default", kind="unreachable", table=other, metric=LAST_METRIC)
        # The node reaches guests on other nodes
        for subnet in stanza.of_family(family):
            yield Route(family, str(subnet), dev=dev)
        # What arrives on the VLAN is routed by the extra table
        yield _of_link(stanza, family, family in facts.main_of)
        # So is what the node itself sends to its own guests, "fragmentation needed" among it
        for subnet in stanza.of_family(family):
            yield Rule(family, table, stanza.priority, iif="lo", to=str(subnet))
        # Guest to guest goes direct through the VLAN, the rest through the external router
        for subnet in stanza.of_family(family):
            yield _on_link(subnet, dev, table)
        yield _default(stanza, family)
        # A table of its own for each further gateway: a route cannot say from which subnet a packet comes
        for _, gateway, other in stanza.further_of_family(family):
            yield Route(family, "default", via=str(gateway), dev=dev, table=other)
    yield from _forwarding(stanza, facts)
    if stanza.arp_ip:
        from snf_network_helper.changes.arp_source import ArpSource

        yield ArpSource(dev, facts.own_address or stanza.arp_ip)
    yield from _proxy(stanza, facts)


def _router(stanza: Stanza, facts: Facts) -> "Iterator[Change]":
    """The external router: it has the gateway's address, and hosts no guest."""
    from snf_network_helper.changes.address import Address

    dev = stanza.iface
    if IPV4 in stanza.families:
        # Else the gateway's address, when it goes, takes the administrator's others in the subnet with it
        yield Sysctl(f"net/ipv4/conf/{dev}/promote_secondaries", "1")
    yield Link(dev)
    for family in stanza.families:
        gateway = stanza.gateways[family]
        home = next(subnet for subnet in stanza.of_family(family) if gateway in subnet)
        homes = {home: gateway} | {subnet: own for subnet, own, _ in stanza.further_of_family(family)}
        for subnet, own in homes.items():
            yield Address(family, f"{own}/{subnet.length}", dev)
        for subnet in stanza.of_family(family):
            if subnet not in homes:
                yield Route(family, str(subnet), dev=dev)
    yield from _forwarding(stanza, facts)
    if stanza.nat:
        yield from _nat(stanza)
    # The node's other networks never answer for what is behind this one
    yield from _medium(stanza, ())


def _router_vmc(stanza: Stanza, facts: Facts) -> "Iterator[Change]":
    """Router and VMC in one node: its own routes decide what the extra table does not."""
    from snf_network_helper.changes.address import Address

    dev, table = stanza.iface, stanza.table
    yield Link(dev)
    yield from _local(stanza, facts)
    for family in stanza.families:
        # As for a VMC, but for the subnets alone: the rest is main's to route
        for subnet in stanza.of_family(family):
            yield Route(family, str(subnet), kind="unreachable", table=table, metric=LAST_METRIC)
        # Also where the rules are lost, the subnet is behind the VLAN, and proxy ARP answers for none of it
        for subnet in stanza.of_family(family):
            yield Route(family, str(subnet), dev=dev)
        # What arrives on the VLAN, and whatever goes to a guest, is routed by the extra table
        yield Rule(family, table, stanza.priority, iif=dev)
        for subnet in stanza.of_family(family):
            yield Rule(family, table, stanza.priority, to=str(subnet))
        # Guest to guest and router to guest goes direct through the VLAN
        for subnet in stanza.of_family(family):
            yield _on_link(subnet, dev, table)
        length = "32" if family == IPV4 else "128"
        for gateway in stanza.gateways_of_family(family):
            yield Address(family, f"{gateway}/{length}", dev)
    yield from _forwarding(stanza, facts)
    if stanza.nat:
        yield from _nat(stanza)
    yield from _proxy(stanza, facts)


def _local(stanza: Stanza, facts: Facts) -> "Iterator[Change]":
    """The node's own addresses, just before the stanza's rules, where the kernel looks them up only after these."""
    for family in facts.local_late:
        from snf_network_helper.changes.local_rule import LocalRule

        yield LocalRule(family, str(int(stanza.priority) - 1))


def _of_link(stanza: Stanza, family: str, is_main: bool) -> Rule:
    """The rule for what arrives on the VLAN; on the node's main link main routes what is not for the subnets."""
    if is_main:
        from snf_network_helper.changes.main_link_rule import MainLinkRule

        return MainLinkRule(family, stanza.table, stanza.priority, stanza.iface)
    return Rule(family, stanza.table, stanza.priority, iif=stanza.iface)


def _default(stanza: Stanza, family: str) -> Route:
    """The route of the table to the external router."""
    dev, via, table = stanza.iface, str(stanza.gateways[family]), stanza.table
    if family in stanza.onlink:
        from snf_network_helper.changes.onlink_route import OnlinkRoute

        return OnlinkRoute(family, "default", dev, via, table)
    return Route(family, "default", via=via, dev=dev, table=table)


def _on_link(subnet: "Prefix", dev: str, table: str) -> Route:
    """The route of the table to a subnet; one of a single address stands back behind the route to its guest."""
    return Route(subnet.family, str(subnet), dev=dev, table=table, metric="" if subnet.host_bits else SINGLE_METRIC)


def _forwarding(stanza: Stanza, facts: Facts) -> "Iterator[Change]":
    """Packets are forwarded that arrive on the VLAN and, on a router, on the uplink."""
    from snf_network_helper.changes.shared_sysctl import SharedSysctl

    dev = stanza.iface
    uplink = stanza.uplink if stanza.role != VMC else ""
    if IPV4 in stanza.families:
        yield Sysctl(f"net/ipv4/conf/{dev}/forwarding", "1")
        if uplink:
            yield SharedSysctl(f"net/ipv4/conf/{uplink}/forwarding", "1")
    if IPV6 not in stanza.families:
        return
    if facts.refuse_ra:
        from snf_network_helper.changes.refuse_advertisements import RefuseAdvertisements

        yield RefuseAdvertisements(dev)
    # Before forwarding is on: it would drop the default route that a router advertised there
    for link in facts.keep_ra:
        yield SharedSysctl(accept_ra(link), "2")
    if not facts.force_forwarding:
        yield SharedSysctl("net/ipv6/conf/all/forwarding", "1")
    # Forwarding also keeps an advertisement on the VLAN from giving the node an address and a default route there
    yield Sysctl(f"net/ipv6/conf/{dev}/forwarding", "1")
    if facts.force_forwarding:
        yield Sysctl(f"net/ipv6/conf/{dev}/force_forwarding", "1")
        if uplink:
            yield SharedSysctl(f"net/ipv6/conf/{uplink}/forwarding", "1")
            yield SharedSysctl(f"net/ipv6/conf/{uplink}/force_forwarding", "1")


def _nat(stanza: Stanza) -> "Iterator[Change]":
    """What leaves by the uplink gets the uplink's address."""
    from snf_network_helper.changes.masquerade import Masquerade

    for family in (IPV4, IPV6):
        if family not in stanza.nat:
            continue
        for subnet in stanza.of_family(family):
            yield Masquerade(family, stanza.uplink, str(subnet), stanza.iface)
        # Inserted after, so matched before
        for subnet in stanza.of_family(family):
            for exception in stanza.nat_except:
                if exception.family == family:
                    yield Masquerade(family, stanza.uplink, str(subnet), stanza.iface, to=str(exception))


def _medium(stanza: Stanza, own_links: tuple[str, ...]) -> "Iterator[Change]":
    """To the kernel the VLAN and the node's own networks are one medium: what is in one needs no proxy in another.

    So proxy ARP answers only for what is behind TAPs, whatever rules and routes there are.
    """
    from snf_network_helper.changes.shared_sysctl import MEDIUM, SharedSysctl

    if IPV4 in stanza.families:
        for link in (stanza.iface, *own_links):
            yield SharedSysctl(medium_id(link), MEDIUM)


def _proxy(stanza: Stanza, facts: Facts) -> "Iterator[Change]":
    """The node answers for its guests: the last thing switched on, the first switched off.

    Answers come at once (`proxy_delay`): by default the kernel holds each back for up to 0.8 s.
    """
    dev = stanza.iface
    yield from _medium(stanza, facts.own_links)
    if IPV4 in stanza.families:
        yield Sysctl(f"net/ipv4/neigh/{dev}/proxy_delay", "0")
    if IPV6 in stanza.families:
        from snf_network_helper.changes.neighbour_probes import NeighbourProbes

        yield Sysctl(f"net/ipv6/neigh/{dev}/proxy_delay", "0")
        # Without it unicast probes go unanswered, and traffic stalls at every reachable-time
        yield NeighbourProbes(dev)
        yield Sysctl(f"net/ipv6/conf/{dev}/proxy_ndp", "1")
    if IPV4 in stanza.families:
        yield Sysctl(f"net/ipv4/conf/{dev}/proxy_arp", "1")
