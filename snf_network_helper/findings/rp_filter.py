"""The reverse path filter drops what comes from the gateway."""

from collections.abc import Iterator

from snf_network_helper.findings.facts import Facts
from snf_network_helper.findings.finding import BAD, Finding
from snf_network_helper.stanza.addresses import IPV4

ID = "rp-filter"
SEVERITY = BAD


def look(facts: Facts) -> Iterator[Finding]:
    """The kernel looks the sender up as if the node had sent to it: by main, which leads elsewhere.

    What counts is the larger of the values of `all` and of the link; 1 is strict, 2 asks for any route at all.
    """
    for iface, network in facts.networks.items():
        gateway = network.gateways.get(IPV4)
        values = {name: int(facts.settings.get(f"net/ipv4/conf/{name}/rp_filter", "0")) for name in ("all", iface)}
        if gateway and gateway != network.asker and max(values.values()) == 1 and facts.default_link != iface:
            cause = f"rp_filter of {'all' if values['all'] else iface} is 1: {iface} drops what {gateway} forwards"
            yield Finding(iface, cause, (f"echo 2 > /proc/sys/net/ipv4/conf/{iface}/rp_filter",))
