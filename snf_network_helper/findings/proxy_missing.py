"""The node does not answer for a guest's address any more."""

from collections.abc import Iterator

from snf_network_helper.findings.facts import Facts
from snf_network_helper.findings.finding import BAD, Finding, some

ID = "proxy-missing"
SEVERITY = BAD


def look(facts: Facts) -> Iterator[Finding]:
    """Nobody on the link finds the guest. A link that was down for a moment has lost its proxies of IPv6."""
    for owner, network, commands in facts.lost("neigh"):
        yield Finding(owner, f"the kernel lost {some(commands)}", (f"snf-network-helper up {network}",))
