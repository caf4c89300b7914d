"""The network that a routed interface is up for: what its guests need to know of it, as a value."""

from snf_network_helper.lean import TYPE_CHECKING
from snf_network_helper.stanza.addresses import IPV6

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from snf_network_helper.stanza.addresses import IPAddress, Prefix
    from snf_network_helper.stanza.stanza import Stanza

_LAST_PRIORITY = 32765  # main has the next


class Network:
    """What guests behind `iface` need: the subnets, and per family the gateway, the table and its priority.

    `asker` is the address by which the node asks on the link (IPv4), None where it has none. No guest may have that,
    nor the `reserved` ones, by which other nodes ask. `further` has the subnets with a gateway of their own beside the
    first, and of each that and the table with its route, "" on a router. `local` is, per family where the node's own
    addresses would be looked up after the network's rules, the priority at which they are before.
    """

    __slots__ = ("asker", "further", "gateways", "iface", "local", "priorities", "reserved", "subnets", "tables")

    def __init__(
        self,
        iface: str,
        tables: dict[str, str],
        priorities: dict[str, str],
        subnets: "tuple[Prefix, ...]",
        gateways: "dict[str, IPAddress]",
        asker: "IPAddress | None",
        further: "Mapping[Prefix, tuple[IPAddress, str]] | None" = None,
        reserved: "tuple[IPAddress, ...]" = (),
        local: "Mapping[str, str] | None" = None,
    ) -> None:
        self.iface = iface
        self.tables = tables
        self.priorities = priorities
        self.subnets = subnets
        self.gateways = gateways
        self.asker = asker
        self.further = further or {}
        self.reserved = reserved
        self.local = local or {}

    @property
    def all_gateways(self) -> "tuple[IPAddress, ...]":
        """Every gateway, also one that all subnets have another in the place of."""
        return (*self.gateways.values(), *(gateway for gateway, _ in self.further.values()))

    def gateway_of_subnet(self, subnet: "Prefix") -> "IPAddress | None":
        """The gateway of a subnet: its own, or the first of its family."""
        return self.further.get(subnet, (self.gateways.get(subnet.family),))[0]

    def with_stanza(self, stanza: "Stanza") -> "Network":
        """The network as it is once one more stanza, for guests, is up."""
        families = stanza.families if stanza.table else ()
        subnets = [subnet for family in families for subnet in stanza.of_family(family)]
        return Network(
            self.iface,
            self.tables | dict.fromkeys(families, stanza.table),
            self.priorities | dict.fromkeys(families, stanza.priority),
            tuple(dict.fromkeys((*self.subnets, *subnets))),
            self.gateways | {family: stanza.gateways[family] for family in families},
            self.asker,
            {**self.further, **{subnet: (gateway, table) for subnet, gateway, table in stanza.further if families}},
            self.reserved,
            self.local,
        )

    def guests_priority(self, family: str, place: int = 1) -> str:
        """The priority of the rules for what guests send.

        What comes in by any routed link is looked up first: it may be a packet from a guest of this very subnet to one
        of another network, which the subnet's table would send out again, for ever. Rules of one priority stand in the
        order in which they were made. A network that 0.1.0 brought up may have the last priority before main's.
        The `place` is another one for each rule of a subnet: to the kernel they are otherwise the same.
        """
        return str(min(int(self.priorities[family]) + place, _LAST_PRIORITY))

    def has(self, address: "IPAddress") -> bool:
        """Whether a subnet has the address."""
        return any(address in subnet for subnet in self.subnets)

    def subnet_of(self, address: "IPAddress") -> "Prefix":
        """The subnet that an address lies in; ValueError where none does."""
        for subnet in self.subnets:
            if address in subnet:
                return subnet
        raise ValueError(str(address))

    def is_on_a_link(self, subnet: "Prefix") -> bool:
        """Whether a router may have an address of the subnet, and with it a network and a broadcast address there.

        None has where the gateway is in none of the subnets. Where it is in another one, the router may have several
        addresses; but the node itself, if it is the router, has the gateway alone.
        """
        gateway = self.gateway_of_subnet(subnet)
        if gateway is None or gateway in subnet:
            return True
        return gateway != self.asker and any(gateway in other for other in self.subnets)

    def is_reserved(self, address: "IPAddress") -> bool:
        """True for a network or broadcast address that no guest may have; ValueError outside the subnets."""
        subnet = self.subnet_of(address)
        return subnet.is_reserved(address) and self.is_on_a_link(subnet)

    @property
    def anycasts(self) -> "tuple[IPAddress, ...]":
        """What routers have beside their gateway addresses: that of all routers, of each subnet that is on a link."""
        subnets = (one for one in self.subnets if (gateway := self.gateway_of_subnet(one)) and gateway in one)
        return tuple(one.anycast for one in subnets if one.anycast)

    def gateway_of(self, address: "IPAddress", own: "Collection[IPAddress]" = ()) -> "IPAddress | None":
        """The router that a guest with an address is told, where `own` are all that it has.

        Many clients take none outside their subnet. The node answers a guest for every address that it asks for. So
        where the gateway lies outside, any address of the subnet will do that is not the guest's own: the lowest,
        which is the same on every node. It is the gateway all the same if none is left, or if nobody has the subnet on
        a link: then guests have it on none, either, for one may have the broadcast address. In IPv6 a guest's router is
        fe80::1, and the gateway one more if it is in the subnet.
        """
        subnet = next((subnet for subnet in self.subnets if address in subnet), None)
        gateway = self.gateways.get(address.family) if subnet is None else self.gateway_of_subnet(subnet)
        if gateway is None or subnet is None or gateway in subnet:
            return gateway
        if address.family == IPV6:
            return None
        usable = subnet.lowest_usable((address, *own)) if self.is_on_a_link(subnet) else None
        return usable or gateway
