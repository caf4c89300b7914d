"""attach: make the guest behind a TAP reachable."""

from snf_network_helper.commands.privilege import need_root
from snf_network_helper.errors import KernelError, RoutedError
from snf_network_helper.guests.attach import attach, receive
from snf_network_helper.guests.network import network_of
from snf_network_helper.kernel import link, process
from snf_network_helper.kernel.process import heed_signals
from snf_network_helper.lean import TYPE_CHECKING
from snf_network_helper.stanza.attach_options import checked
from snf_network_helper.stanza.names import check_interface

if TYPE_CHECKING:
    from types import SimpleNamespace


def run(arguments: "SimpleNamespace") -> int:
    """Attaches, or makes ready for a guest that moves in."""
    need_root("attach")
    process.verbose = arguments.verbose
    network = network_of(check_interface(arguments.network))
    attachment = checked(
        arguments.tap,
        network,
        arguments.ip,
        arguments.mac,
        arguments.hostname,
        arguments.serve,
        arguments.dns,
        arguments.subnet,
        arguments.gateway,
        arguments.mtu,
    )
    heed_signals(bringing_up=True)
    try:
        if arguments.role == "migrate-in":
            receive(attachment, network)
        else:
            attach(attachment, network, probe=not arguments.no_probe)
    except RoutedError as error:
        gone = link.absence(network.iface) if isinstance(error, KernelError) else ""  # of which the kernel says less
        raise RoutedError(f"{arguments.tap}: {f'--network {gone}' if gone else error}") from None
    return 0
