"""announce: tell the neighbours by hand where an address is."""

from snf_network_helper.commands.privilege import need_root
from snf_network_helper.errors import NetworkDownError, RoutedError, one_line
from snf_network_helper.guests.network import network_of, next_hops, subnets_of
from snf_network_helper.kernel import link
from snf_network_helper.lean import TYPE_CHECKING
from snf_network_helper.stanza.addresses import IPAddress
from snf_network_helper.stanza.names import check_interface
from snf_network_helper.stanza.spelling import right
from snf_network_helper.wire.announce import announce

if TYPE_CHECKING:
    from types import SimpleNamespace


def run(arguments: "SimpleNamespace") -> int:
    """Announces the addresses on a link."""
    need_root("announce")
    iface = check_interface(arguments.iface)
    if why := link.absence(iface):
        raise RoutedError(why)
    announce(iface, [_checked(iface, text) for text in arguments.addresses])
    return 0


def _checked(iface: str, text: str) -> IPAddress:
    """An address that may be announced: on a routed interface it is its network's, and no other host's gateway."""
    try:
        address = IPAddress.parse(text)
    except ValueError:
        raise RoutedError(f"{iface}: {one_line(text)}: {right(text, 'expected an IPv4 or IPv6 address')}") from None
    if not address.is_unicast or _is_reserved(iface, address):
        raise RoutedError(f"{iface}: {address}: expected an address that a host may have")
    subnets = subnets_of(iface)
    if subnets and not any(address in subnet for subnet in subnets):
        raise RoutedError(f"{iface}: {address}: expected an address in {' '.join(map(str, subnets))}")
    if address in next_hops(iface):
        raise RoutedError(f"{iface}: {address}: the gateway, which is another host")
    return address


def _is_reserved(iface: str, address: IPAddress) -> bool:
    """True for a network, broadcast or anycast address; not in a subnet whose every address guests may have."""
    try:
        network = network_of(iface)
    except NetworkDownError:
        return any(subnet.is_reserved(address) for subnet in subnets_of(iface))
    return address in network.anycasts or (network.has(address) and network.is_reserved(address))
