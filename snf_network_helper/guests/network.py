"""The network that a routed interface is up for, as its journals tell: the one place that reads what ifup made."""

from snf_network_helper.changes.address import Address
from snf_network_helper.changes.arp_source import ArpSource
from snf_network_helper.changes.route import Route
from snf_network_helper.changes.rule import Rule
from snf_network_helper.changes.selection import of_kind
from snf_network_helper.errors import JournalError, NetworkDownError, one_line
from snf_network_helper.journal.journal import Journal, names
from snf_network_helper.stanza.addresses import IPAddress, Prefix
from snf_network_helper.stanza.network import Network


def subnets_of(iface: str) -> list[Prefix]:
    """The subnets that a routed interface of any role is up for, none where it is not up."""
    changes = [entry.change for name in names(iface) for entry in Journal.read(name).entries]
    prefixes = [route.prefix for route in of_kind(Route, changes) if route.dev == iface and not route.via]
    prefixes += [one.address for one in of_kind(Address, changes)]
    return list(dict.fromkeys(_prefix(prefix).network for prefix in prefixes))


def next_hops(iface: str) -> list[IPAddress]:
    """The gateways of a routed interface that are other hosts."""
    changes = [entry.change for name in names(iface) for entry in Journal.read(name).entries]
    return [_address(route.via) for route in of_kind(Route, changes) if route.dev == iface and route.via]


def _not_up() -> str:
    """What is said of an interface that is no network, and which ones are."""
    up = {
        rule.iif
        for name in names()
        for rule in of_kind(Rule, [entry.change for entry in Journal.read(name).entries])
        if rule.iif == name.rpartition(":")[0]
    }
    return f"not up as a routed interface (up: {' '.join(sorted(up)) or 'none'})"


def network_of(iface: str) -> Network:
    """Reads the journals of a routed interface; NetworkDownError where it is not up, or hosts no guests."""
    journals = [Journal.read(name) for name in names(iface)]
    changes = [entry.change for journal in journals for entry in journal.entries]
    rules = [rule for rule in of_kind(Rule, changes) if rule.iif == iface]
    addresses = of_kind(Address, changes)
    if not rules:
        why = "its role is router, which hosts no virtual machine" if addresses else _not_up()
        raise NetworkDownError(f"{iface}: {why}")
    routes = [route for route in of_kind(Route, changes) if route.dev == iface and route.table]
    tables = {rule.family: rule.table for rule in rules}
    subnets = tuple(dict.fromkeys(_prefix(route.prefix) for route in routes if not route.via))
    hops = [(_address(route.via), route.table) for route in routes if route.via]
    owned = [_address(one.address.partition("/")[0]) for one in addresses]
    gateways: dict[str, IPAddress] = {}
    for gateway, table in [*((one, tables[one.family]) for one in owned if one.family in tables), *hops]:
        if table == tables.get(gateway.family):
            gateways.setdefault(gateway.family, gateway)
    further = {
        max(homes, key=lambda subnet: subnet.length): (gateway, table)
        for gateway, table in [*((one, "") for one in owned), *hops]
        if gateway != gateways.get(gateway.family) and (homes := [one for one in subnets if gateway in one])
    }
    askers = [_address(source.address) for source in of_kind(ArpSource, changes)]
    words = [word.partition("=") for journal in journals for word in journal.request.split()]
    # By name: few nodes have one, and no attach is to pay for the import
    local = [change.fields() for change in changes if type(change).__name__ == "LocalRule"]
    return Network(
        iface,
        tables,
        {rule.family: rule.priority for rule in rules},
        subnets,
        gateways,
        next((own for own in [*askers, *owned] if own.family == "4"), None),
        further,
        tuple(_address(text) for name, _, text in words if name == "arp-ip"),
        {family: priority for (_, family), (_, priority) in local},
    )


def _prefix(text: str) -> Prefix:
    try:
        return Prefix.parse(text)
    except ValueError:
        raise JournalError(f"a journal has the subnet {one_line(text)}: expected ADDRESS/LENGTH") from None


def _address(text: str) -> IPAddress:
    try:
        return IPAddress.parse(text)
    except ValueError:
        raise JournalError(f"a journal has the address {one_line(text)}: expected an IPv4 or IPv6 address") from None
