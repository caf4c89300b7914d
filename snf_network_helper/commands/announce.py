"""announce: tell the neighbours by hand where an address is."""

from snf_network_helper.commands.privilege import need_root
from snf_network_helper.errors import RoutedError
from snf_network_helper.lean import TYPE_CHECKING
from snf_network_helper.stanza.addresses import IPAddress
from snf_network_helper.stanza.names import check_interface
from snf_network_helper.wire.announce import announce

if TYPE_CHECKING:
    from types import SimpleNamespace


def run(arguments: "SimpleNamespace") -> int:
    """Announces the addresses on a link."""
    need_root("announce")
    try:
        addresses = [IPAddress.parse(text) for text in arguments.addresses]
    except ValueError as error:
        raise RoutedError(f"{arguments.iface}: {error}: expected an IPv4 or IPv6 address") from None
    announce(check_interface(arguments.iface), addresses)
    return 0
