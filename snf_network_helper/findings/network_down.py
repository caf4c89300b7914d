"""A guest is attached to a network that is not up."""

from collections.abc import Iterator

from snf_network_helper.findings.facts import Facts
from snf_network_helper.findings.finding import BAD, Finding

ID = "network-down"
SEVERITY = BAD


def look(facts: Facts) -> Iterator[Finding]:
    """ifup gives the guests back what went with the network."""
    for guest in facts.guests:
        tap, network = guest.attachment.tap, guest.attachment.network
        if network not in facts.interfaces and network not in facts.failed:
            yield Finding(tap, f"the guest's network {network} is not up", (f"ifup {network}",))
