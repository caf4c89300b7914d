"""Anything else that was made is gone: NAT, an address, ARP's source, a setting."""

from collections.abc import Iterator

from snf_network_helper.findings.facts import Facts
from snf_network_helper.findings.finding import BAD, Finding, some

ID = "change-missing"
SEVERITY = BAD
_OTHERS = ("nft", "rule", "route", "neigh", "forwarding", "force_forwarding", "accept_ra", "link")


def look(facts: Facts) -> Iterator[Finding]:
    """All that has no finding of its own."""
    others = {one.object for one in facts.gone} - {*_OTHERS}
    for owner, network, commands in facts.lost(*others):
        yield Finding(owner, f"the node lost {some(commands)}", (f"snf-network-helper up {network}",))
