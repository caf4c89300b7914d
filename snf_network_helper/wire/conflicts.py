"""Looking whether addresses that no other host may have are another's: after ifup, which does not wait for it.

A process in the background does it, and warns in the system's log.
"""

import time

from snf_network_helper.errors import KernelError
from snf_network_helper.kernel import link
from snf_network_helper.kernel.background import complain
from snf_network_helper.lean import TYPE_CHECKING
from snf_network_helper.stanza.addresses import IPV6
from snf_network_helper.wire.announce import announce, answers
from snf_network_helper.wire.frames import ETH_P_ALL, ETH_P_ARP
from snf_network_helper.wire.packet_socket import open_link

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from snf_network_helper.stanza.addresses import IPAddress

# A switch may take its time until it passes on what a port that has just come up sends.
LOOK_SECONDS = (0.0, 1.0, 3.0)
_EXPECTED = "expected an address that no other host has"
CARRIER_SECONDS, CARRIER_STEP = 20.0, 0.25


def look(dev: str, addresses: "Sequence[IPAddress]", announced: bool, is_up: "Callable[[], bool]") -> None:
    """Warns of each address that another host has, for as long as the stanza `is_up`.

    Those of the node's own are `announced`, but for one that another host answers for: that would draw its packets.
    """
    free, option = list(addresses), "routed-gateway" if announced else "routed-arp-ip"
    try:
        _wait_for_carrier(dev, is_up)
        start = time.monotonic()
        for number, seconds in enumerate(LOOK_SECONDS):
            time.sleep(max(0.0, start + seconds - time.monotonic()))
            if not (free and is_up()):
                return
            for address, mac in _others(dev, free).items():
                complain(f"{dev}: {option} {address}: in use, {mac} on the link answers for it, {_EXPECTED}")
                free.remove(address)
            if announced and not number:
                announce(dev, free, lambda _: is_up())
    except (KernelError, OSError):  # the link has gone, or down
        return
    for address in free:
        if announced and address.family == IPV6 and link.failed_detection(dev, str(address)):
            complain(f"{dev}: {option} {address}: in use, it failed duplicate address detection, {_EXPECTED}")


def _others(dev: str, addresses: "Sequence[IPAddress]") -> "dict[IPAddress, str]":
    """The addresses that answer, but for those of another link of this node, which may be on the same network.

    IPv4 is asked in the name of nobody (RFC 5227), so that no host learns anything by it; proxy ARP does not answer.
    """
    raw = open_link(dev, ETH_P_ALL if any(address.family == IPV6 for address in addresses) else ETH_P_ARP)
    try:
        taken = answers(raw, addresses, None)
    finally:
        raw.close()
    own = link.macs() if taken else set()
    return {address: mac for address, mac in taken.items() if mac not in own}


def _wait_for_carrier(dev: str, is_up: "Callable[[], bool]") -> None:
    end = time.monotonic() + CARRIER_SECONDS
    while time.monotonic() < end and is_up() and not link.has_carrier(dev):
        time.sleep(CARRIER_STEP)
