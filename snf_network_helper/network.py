"""The network that a routed interface is up for, as its journal tells: the one place that knows what ifup made."""

from snf_network_helper.address import Address, Prefix
from snf_network_helper.changes import Address as LinkAddress
from snf_network_helper.changes import Route, Rule
from snf_network_helper.errors import NetworkDownError
from snf_network_helper.journal import Journal, names
from snf_network_helper.netfilter_changes import ArpSource


class Network:
    """What virtual machines behind `iface` need: the subnets, and per family the gateway, the table and its priority.

    `asker` is the address by which the node asks on the link (IPv4), None where it has none.
    """

    __slots__ = ("asker", "gateways", "iface", "priorities", "subnets", "tables")

    def __init__(
        self,
        iface: str,
        tables: dict[str, str],
        priorities: dict[str, str],
        subnets: tuple[Prefix, ...],
        gateways: dict[str, Address],
        asker: Address | None,
    ) -> None:
        self.iface = iface
        self.tables = tables
        self.priorities = priorities
        self.subnets = subnets
        self.gateways = gateways
        self.asker = asker

    @classmethod
    def of(cls, iface: str) -> "Network":
        """Reads the journals of a routed interface; NetworkDownError where it is not up, or hosts no machines."""
        changes = [entry.change for name in names(iface) for entry in Journal.read(name).entries]
        rules = [change for change in changes if isinstance(change, Rule) and change.iif == iface]
        if not rules:
            is_router = any(isinstance(change, LinkAddress) for change in changes)
            why = "its role is router, which hosts no virtual machine" if is_router else "not up as a routed interface"
            raise NetworkDownError(f"{iface}: {why}")
        routes = [change for change in changes if isinstance(change, Route) and change.dev == iface and change.table]
        gateways = {route.family: Address.parse(route.via) for route in routes if route.via}
        gateways |= {
            change.family: Address.parse(change.address.partition("/")[0])
            for change in changes
            if isinstance(change, LinkAddress)
        }
        askers = [Address.parse(change.address) for change in changes if isinstance(change, ArpSource)]
        return cls(
            iface,
            {rule.family: rule.table for rule in rules},
            {rule.family: rule.priority for rule in rules},
            tuple(Prefix.parse(route.prefix) for route in routes if not route.via),
            gateways,
            askers[0] if askers else gateways.get("4"),
        )

    def subnet_of(self, address: Address) -> Prefix:
        """The subnet that an address lies in; ValueError where none does."""
        for subnet in self.subnets:
            if address in subnet:
                return subnet
        raise ValueError(str(address))
