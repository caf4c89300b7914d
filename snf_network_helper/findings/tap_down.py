"""A guest's TAP is down."""

from collections.abc import Iterator

from snf_network_helper.findings.facts import Facts
from snf_network_helper.findings.finding import BAD, Finding

ID = "tap-down"
SEVERITY = BAD


def look(facts: Facts) -> Iterator[Finding]:
    """With the link the kernel drops the guest's routes, so the network's renewal makes all of it again."""
    for guest in facts.guests:
        tap, network = guest.attachment.tap, guest.attachment.network
        if tap in facts.links and facts.in_trouble(tap):
            yield Finding(tap, f"{tap} is down, and the kernel has dropped the guest's routes",
                          (f"ip link set {tap} up", f"snf-network-helper up {network}"))  # fmt: skip
