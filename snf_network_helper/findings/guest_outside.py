"""No address of a guest is in a subnet of its network."""

from collections.abc import Iterator

from snf_network_helper.findings.facts import Facts
from snf_network_helper.findings.finding import BAD, Finding

ID = "guest-outside"
SEVERITY = BAD


def look(facts: Facts) -> Iterator[Finding]:
    """An edit of the stanza leaves a guest so."""
    for guest in facts.guests:
        network = facts.networks.get(guest.attachment.network)
        if network is not None and guest.attachment.is_outside(network):
            subnets = " ".join(map(str, network.subnets))
            tap, iface = guest.attachment.tap, network.iface
            way = f"give {iface} the subnet back and type `snf-network-helper up {iface}`, or attach {tap} anew"
            yield Finding(tap, f"{guest.attachment.outside()}, which are {subnets}", advice=way)
