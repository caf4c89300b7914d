"""What one stanza asks for, as a value."""

from snf_network_helper.lean import TYPE_CHECKING
from snf_network_helper.stanza.addresses import IPV4, IPV6

if TYPE_CHECKING:
    from collections.abc import Mapping

    from snf_network_helper.stanza.addresses import IPAddress, Prefix

VMC = "vmc"
ROUTER = "router"
ROUTER_VMC = "router-vmc"
ROLES = (VMC, ROUTER, ROUTER_VMC)


class Stanza:
    """What one stanza asks for; every value is valid, canonical and with its default filled in."""

    __slots__ = (
        "iface", "role", "subnets", "gateways", "onlink", "table", "arp_ip", "uplink", "nat", "nat_except", "priority",
        "warnings", "further", "arp_ip_given",
    )  # fmt: skip

    def __init__(
        self,
        iface: str,
        role: str,
        subnets: "tuple[Prefix, ...]",
        gateways: "Mapping[str, IPAddress]",
        table: str,
        arp_ip: str,
        uplink: str,
        nat: frozenset[str],
        nat_except: "tuple[Prefix, ...]",
        priority: str,
        warnings: tuple[str, ...] = (),
        onlink: frozenset[str] = frozenset(),
        further: "tuple[tuple[Prefix, IPAddress, str], ...]" = (),
        arp_ip_given: bool = False,
    ) -> None:
        self.iface = iface
        self.role = role
        self.subnets = subnets
        self.gateways = gateways
        self.table = table
        self.arp_ip = arp_ip  # what no guest may have; a VMC asks by it
        self.arp_ip_given = arp_ip_given
        self.uplink = uplink
        self.nat = nat
        self.nat_except = nat_except
        self.priority = priority
        self.warnings = warnings
        self.onlink = onlink  # the families whose gateway is in none of the subnets
        self.further = further  # the subnets with a gateway of their own beside the first, and the table that has it

    def of_family(self, family: str) -> "tuple[Prefix, ...]":
        """The subnets of one family."""
        return tuple(subnet for subnet in self.subnets if subnet.family == family)

    @property
    def families(self) -> tuple[str, ...]:
        """The families that the subnets have, IPv4 first."""
        return tuple(family for family in (IPV4, IPV6) if self.of_family(family))

    def further_of_family(self, family: str) -> "list[tuple[Prefix, IPAddress, str]]":
        """Of one family the subnets with a gateway of their own beside the first, that, and the table that has it."""
        return [one for one in self.further if one[0].family == family]

    def gateways_of_family(self, family: str) -> "list[IPAddress]":
        """All gateways of one family, the first one first."""
        return [self.gateways[family], *(gateway for _, gateway, _ in self.further_of_family(family))]
