"""The link of a routed interface is up, and nothing is at its other end."""

from collections.abc import Iterator

from snf_network_helper.findings.facts import Facts
from snf_network_helper.findings.finding import BAD, Finding

ID = "no-carrier"
SEVERITY = BAD


def look(facts: Facts) -> Iterator[Finding]:
    """The kernel says so of links with a carrier to detect only."""
    for iface in facts.interfaces:
        if not facts.in_trouble(iface) and "NO-CARRIER" in facts.flags(iface):
            yield Finding(iface, f"the link {iface} is up but has no carrier: no frame leaves the node by it",
                          advice=f"look at the cable of {iface}, and at the port of the switch")  # fmt: skip
