"""The link of a routed interface is down."""

from collections.abc import Iterator

from snf_network_helper.findings.facts import Facts
from snf_network_helper.findings.finding import BAD, Finding

ID = "link-down"
SEVERITY = BAD


def look(facts: Facts) -> Iterator[Finding]:
    """The kernel has dropped the routes of the link, and the IPv6 proxies: up alone does not bring them back."""
    for iface in facts.interfaces:
        if iface in facts.links and facts.in_trouble(iface):
            yield Finding(iface, f"the link {iface} is down, and the kernel has dropped its routes",
                          (f"snf-network-helper up {iface}",))  # fmt: skip
