"""The gateway does not answer."""

from collections.abc import Iterator

from snf_network_helper.findings.facts import Facts
from snf_network_helper.findings.finding import BAD, Finding
from snf_network_helper.stanza.addresses import IPV4

ID = "gateway-silent"
SEVERITY = BAD
ACTIVE = True


def look(facts: Facts) -> Iterator[Finding]:
    """Asked by ARP and neighbour discovery: a router that answers no ping has to answer these."""
    for iface, answers in facts.answered():
        for gateway in facts.routers[iface]:
            if gateway not in answers:
                asked = "ARP" if gateway.family == IPV4 else "neighbour discovery"
                advice = f"look whether the router has {gateway}, is up, and is in the same VLAN as {iface}"
                yield Finding(iface, f"the gateway {gateway} does not answer {asked} on {iface}", advice=advice)
