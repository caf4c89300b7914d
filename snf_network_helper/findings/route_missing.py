"""A route is gone."""

from collections.abc import Iterator

from snf_network_helper.findings.facts import Facts
from snf_network_helper.findings.finding import BAD, Finding, some

ID = "route-missing"
SEVERITY = BAD


def look(facts: Facts) -> Iterator[Finding]:
    """A link that was down for a moment has lost all of its routes."""
    for owner, network, commands in facts.lost("route"):
        yield Finding(owner, f"the kernel lost {some(commands)}", (f"snf-network-helper up {network}",))
