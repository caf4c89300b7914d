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


def addressing(attachment: "Attachment", network: "Network") -> "Plan":
    """What comes last in the plan of an attachment: whoever is told its addresses can use them.

    Without servers of its own it is nfdhcpd's, which knows a guest by its MAC address.
    """
    if attachment.serve:
        return tuple(_servers(attachment, network))
    return (_binding(attachment, network),) if attachment.mac else ()


def _servers(attachment: "Attachment", network: "Network") -> "Iterator[Change]":
    tap, dns = attachment.tap, ",".join(map(str, attachment.dns))
    ip, gateway, netmask = "", "", ""
    for address in attachment.of_family(IPV4)[:1]:  # a lease is one address
        ip, gateway = str(address), _text(network.gateway_of(address))
        netmask = _netmask(network.subnet_of(address))
        yield ServerAddress(IPV4, SERVER_ADDRESSES[IPV4], tap)
    subnets = dict.fromkeys(network.subnet_of(address) for address in attachment.of_family(IPV6))
    prefixes = ",".join(map(str, subnets))
    if prefixes:
        yield ServerAddress(IPV6, SERVER_ADDRESSES[IPV6], tap)
    yield DhcpServer(tap, attachment.mac, ip, netmask, gateway, "yes" * bool(prefixes), dns, attachment.hostname)
    if prefixes:
        yield Advertiser(tap, prefixes, dns)


def _binding(attachment: "Attachment", network: "Network") -> Binding:
    """The file has room for one address of each family; the guest makes its IPv6 address itself."""
    fields = {}
    for address in attachment.of_family(IPV4)[:1]:
        fields["ip"] = str(address)
        fields["gateway"] = _text(network.gateway_of(address))
        fields["subnet"] = str(network.subnet_of(address))
    for address in attachment.of_family(IPV6)[:1]:
        fields["gateway6"] = _text(network.gateway_of(address))
        fields["subnet6"] = str(network.subnet_of(address))
        fields["eui64"] = str(address)
    return Binding(attachment.tap, attachment.mac, attachment.hostname or attachment.tap, **fields)


def _text(address: IPAddress | None) -> str:
    return str(address) if address is not None else ""


def _netmask(subnet: Prefix) -> str:
    bits = BITS[IPV4]
    return str(IPAddress(IPV4, (1 << bits) - (1 << subnet.host_bits)))
