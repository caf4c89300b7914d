"""The network that a routed interface is up for: what its guests need to know of it, as a value."""

from snf_network_helper.lean import TYPE_CHECKING

if TYPE_CHECKING:
    from snf_network_helper.stanza.addresses import IPAddress, Prefix

_LAST_PRIORITY = 32765  # main has the next


class Network:
    """What guests behind `iface` need: the subnets, and per family the gateway, the table and its priority.

    `asker` is the address by which the node asks on the link (IPv4), None where it has none. No guest may have that,
    nor the `reserved` ones, by which other nodes ask.
    """

    __slots__ = ("asker", "gateways", "iface", "priorities", "reserved", "subnets", "tables")

    def __init__(
        self,
        iface: str,
        tables: dict[str, str],
        priorities: dict[str, str],
        subnets: "tuple[Prefix, ...]",
        gateways: "dict[str, IPAddress]",
        asker: "IPAddress | None",
        reserved: "tuple[IPAddress, ...]" = (),
    ) -> None:
        self.iface = iface
        self.tables = tables
        self.priorities = priorities
        self.subnets = subnets
        self.gateways = gateways
        self.asker = asker
        self.reserved = reserved

    def guests_priority(self, family: str) -> str:
        """The priority of the rules for what guests send.

        What comes in by any routed link is looked up first: it may be a packet from a guest of this very subnet to one
        of another network, which the subnet's table would send out again, for ever. Rules of one priority stand in the
        order in which they were made. A network that 0.1.0 brought up may have the last priority before main's.
        """
        return str(min(int(self.priorities[family]) + 1, _LAST_PRIORITY))

    def subnet_of(self, address: "IPAddress") -> "Prefix":
        """The subnet that an address lies in; ValueError where none does."""
        for subnet in self.subnets:
            if address in subnet:
                return subnet
        raise ValueError(str(address))
