"""IPv6 is switched off on a link that has IPv6 to route."""

from collections.abc import Iterator

from snf_network_helper.findings.facts import Facts
from snf_network_helper.findings.finding import BAD, Finding

ID = "ipv6-disabled"
SEVERITY = BAD


def look(facts: Facts) -> Iterator[Finding]:
    """The kernel has dropped the IPv6 routes and proxies of the link."""
    for link, network in dict.fromkeys((one.owner, one.network) for one in facts.gone if one.is_ipv6):
        if facts.without_ipv6(link):
            on = f"echo 0 > /proc/sys/net/ipv6/conf/{link}/disable_ipv6"
            yield Finding(link, f"IPv6 is switched off on {link}, and the kernel has dropped its IPv6 routes",
                          (on, f"snf-network-helper up {network}"))  # fmt: skip
