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
        gateways: dict[str, IPAddress] = {}
        for text in self.options.get("routed-gateway", []):
            gateway = self.address("routed-gateway", text, "expected an IPv4 or IPv6 address")
            family_name = FAMILY_NAMES[gateway.family]
            own = [subnet for subnet in subnets if subnet.family == gateway.family]
            if not own:
                raise self.error("routed-gateway", text, f"routed-subnet has no {family_name} subnet")
            if gateways.get(gateway.family, gateway) != gateway:
                raise self.error("routed-gateway", text, f"expected at most one {family_name} gateway")
            if not (role == VMC and gateway.is_link_local):
                self.check_gateway(role, gateway, own)
            gateways[gateway.family] = gateway
        for subnet in subnets:
            if subnet.family not in gateways:
                raise self.missing("routed-gateway", f"an {FAMILY_NAMES[subnet.family]} address in {subnet}")
        return gateways

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
