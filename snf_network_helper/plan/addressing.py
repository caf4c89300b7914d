"""The plan of how a guest learns its addresses: by servers of its own or by nfdhcpd; pure."""

from snf_network_helper.changes.advertiser import Advertiser
from snf_network_helper.changes.binding import Binding
from snf_network_helper.changes.dhcp_server import DhcpServer
from snf_network_helper.changes.server_address import SERVER_ADDRESSES, ServerAddress
from snf_network_helper.lean import TYPE_CHECKING
from snf_network_helper.stanza.addresses import BITS, IPV4, IPV6, IPAddress, Prefix

if TYPE_CHECKING:
    from collections.abc import Iterator

    from snf_network_helper.changes.base import Change
    from snf_network_helper.plan.routed import Plan
    from snf_network_helper.stanza.attachment import Attachment
    from snf_network_helper.stanza.network import Network

# Of every Ethernet, so nobody needs to be told.
_USUAL_MTU = "1500"
_AUTOCONFIGURED = 64  # the length of a prefix in which a guest makes its addresses (RFC 4862, 5.5.3)


def addressing(attachment: "Attachment", network: "Network", mtu: str = _USUAL_MTU) -> "Plan":
    """What comes last in the plan of an attachment: whoever is told its addresses can use them.

    Without servers of its own it is nfdhcpd's, which knows a guest by its MAC address. `mtu` is the TAP's.
    """
    told = "" if mtu == _USUAL_MTU else mtu
    if attachment.serve:
        return tuple(_servers(attachment, network, told))
    return (_binding(attachment, network, told),) if attachment.mac else ()


def _servers(attachment: "Attachment", network: "Network", mtu: str) -> "Iterator[Change]":
    tap, dns = attachment.tap, ",".join(map(str, attachment.dns))
    ip, gateway, netmask = "", "", ""
    for address in attachment.of_family(IPV4)[:1]:  # a lease is one address
        router, subnet = _router_and_subnet(address, attachment, network)
        ip, gateway, netmask = str(address), _text(router), _netmask(subnet)
        yield ServerAddress(IPV4, SERVER_ADDRESSES[IPV4], tap)
    subnets = dict.fromkeys(attachment.home_of(address, network) for address in attachment.of_family(IPV6))
    subnets |= dict.fromkeys(prefix for prefix in attachment.prefixes if prefix.length == _AUTOCONFIGURED)
    prefixes = ",".join(map(str, subnets))
    if prefixes:
        yield ServerAddress(IPV6, SERVER_ADDRESSES[IPV6], tap)
    lease = {"dev": tap, "mac": attachment.mac, "ip": ip, "netmask": netmask, "gateway": gateway, "dns": dns}
    lease |= {"stateless": "yes" * bool(prefixes), "hostname": attachment.hostname}
    advertisement = {"dev": tap, "prefixes": prefixes, "dns": dns}
    if mtu:
        from snf_network_helper.changes.advertiser_with_mtu import AdvertiserWithMtu
        from snf_network_helper.changes.dhcp_server_with_mtu import DhcpServerWithMtu

        yield DhcpServerWithMtu(mtu, **lease)
        if prefixes:
            yield AdvertiserWithMtu(mtu, **advertisement)
        return
    yield DhcpServer(**lease)
    if prefixes:
        yield Advertiser(**advertisement)


def _binding(attachment: "Attachment", network: "Network", mtu: str) -> Binding:
    """The file has room for one address of each family; the guest makes its IPv6 address itself."""
    fields = {"dev": attachment.tap, "mac": attachment.mac, "hostname": attachment.hostname or attachment.tap}
    for address in attachment.of_family(IPV4)[:1]:
        fields["ip"] = str(address)
        router, subnet = _router_and_subnet(address, attachment, network)
        fields["gateway"], fields["subnet"] = _text(router), str(subnet)
    for address in attachment.of_family(IPV6)[:1]:
        fields["gateway6"] = _text(network.gateway_of(address))  # nfdhcpd advertises the prefix that it is in
        fields["subnet6"] = str(attachment.home_of(address, network))
        fields["eui64"] = str(address)
    if mtu:
        from snf_network_helper.changes.binding_with_mtu import BindingWithMtu

        return BindingWithMtu(mtu, **fields)
    return Binding(**fields)


def _router_and_subnet(
    address: IPAddress, attachment: "Attachment", network: "Network"
) -> tuple[IPAddress | None, Prefix]:
    """What a client is told: dhclient takes a router outside the subnet only where that is a single address."""
    router, subnet = network.gateway_of(address, attachment.of_family(IPV4)), network.subnet_of(address)
    return router, Prefix(IPV4, address.value, BITS[IPV4]) if router is not None and router not in subnet else subnet


def _text(address: IPAddress | None) -> str:
    return str(address) if address is not None else ""


def _netmask(subnet: Prefix) -> str:
    bits = BITS[IPV4]
    return str(IPAddress(IPV4, (1 << bits) - (1 << subnet.host_bits)))
