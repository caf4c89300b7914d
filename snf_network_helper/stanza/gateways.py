"""The options that say by which router guests leave the link."""

from snf_network_helper.lean import TYPE_CHECKING
from snf_network_helper.stanza.addresses import FAMILY_NAMES, IPAddress, Prefix
from snf_network_helper.stanza.reader import Reader
from snf_network_helper.stanza.stanza import ROUTER, ROUTER_VMC, VMC

if TYPE_CHECKING:
    from collections.abc import Mapping


class GatewayReader(Reader):
    """Reads routed-gateway and routed-onlink."""

    def gateways(self, role: str, subnets: tuple[Prefix, ...]) -> dict[str, IPAddress]:
        """The first gateway of each family, which is that of all subnets without one of their own."""
        gateways: dict[str, IPAddress] = {}
        for text in self.options.get("routed-gateway", []):
            gateway = self.address("routed-gateway", text, "expected an IPv4 or IPv6 address")
            family_name = FAMILY_NAMES[gateway.family]
            own = [subnet for subnet in subnets if subnet.family == gateway.family]
            if not own:
                raise self.error("routed-gateway", text, f"routed-subnet has no {family_name} subnet")
            if not (role == VMC and gateway.is_link_local):
                self.check_gateway(role, gateway, own)
            first = gateways.setdefault(gateway.family, gateway)
            if gateway != first:
                self.add_further(gateway, first, own)
        for subnet in subnets:
            if subnet.family not in gateways:
                raise self.missing("routed-gateway", f"an {FAMILY_NAMES[subnet.family]} address in {subnet}")
        return gateways

    def add_further(self, gateway: IPAddress, first: IPAddress, own: list[Prefix]) -> None:
        """Notes a gateway after the first, which must be that of a subnet, and its only one."""
        if (subnet := _home(gateway, own)) is None:
            raise self.error("routed-gateway", str(gateway), "expected a gateway in no subnet to be the first")
        if wide := next((one for one in own if subnet.is_part_of(one)), None):
            raise self.error("routed-gateway", str(gateway), f"{subnet} is part of {wide}, expected one in that")
        other = first if _home(first, own) == subnet else self.further.get(subnet, gateway)
        if other != gateway:
            raise self.error("routed-gateway", str(gateway), f"expected one gateway in {subnet}, which has {other}")
        self.further[subnet] = gateway

    def further_tables(self, role: str, tables: list[str]) -> "tuple[tuple[Prefix, IPAddress, str], ...]":
        """The further gateways with the tables that have their routes; routers need none."""
        counts: dict[str, int] = {}
        found = []
        for subnet, gateway in self.further.items():
            number = counts[subnet.family] = counts.get(subnet.family, 0) + 1
            found.append((subnet, gateway, tables[number] if role == VMC else ""))
        return tuple(found)

    def tables_needed(self, role: str) -> int:
        """One, and one more for each further gateway of a family: the families have tables of their own."""
        families = [subnet.family for subnet in self.further] if role == VMC else []
        return 1 + max((families.count(family) for family in families), default=0)

    def check_gateway(self, role: str, gateway: IPAddress, own: list[Prefix]) -> None:
        """Errors for a gateway that no host of the subnets has, unless it is asked for."""
        if self.yes("routed-onlink") and not any(gateway in subnet for subnet in own):
            if role == ROUTER:
                raise self.error("routed-onlink", "yes", f"expected with routed-role {VMC} or {ROUTER_VMC} only")
            if not gateway.is_unicast:
                raise self.error("routed-gateway", str(gateway), "expected an address that a host may have")
        else:
            hint = "; routed-onlink yes allows it" if role != ROUTER and not gateway.is_link_local else ""
            self.check_inside("routed-gateway", gateway, own, hint)

    def onlink(self, subnets: tuple[Prefix, ...], gateways: "Mapping[str, IPAddress]") -> frozenset[str]:
        """The families whose gateway is in none of the subnets."""
        outside = frozenset(
            family
            for family, gateway in gateways.items()
            if not gateway.is_link_local and not any(gateway in subnet for subnet in subnets)
        )
        if self.yes("routed-onlink") and not outside:
            self.warnings.append(f"{self.iface}: routed-onlink yes has no effect, routed-gateway is in routed-subnet")
        return outside


def _home(gateway: IPAddress, subnets: list[Prefix]) -> Prefix | None:
    """The subnet that a gateway is in, the narrowest of several."""
    homes = sorted((one for one in subnets if gateway in one), key=lambda subnet: subnet.length)
    return homes[-1] if homes else None
