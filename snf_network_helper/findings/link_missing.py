"""The link of a routed interface is not there."""

from collections.abc import Iterator

from snf_network_helper.findings.facts import Facts
from snf_network_helper.findings.finding import BAD, Finding

ID = "link-missing"
SEVERITY = BAD


def look(facts: Facts) -> Iterator[Finding]:
    """A VLAN of a link that is there can be made again; what else is missing, a person has to bring."""
    for iface in facts.interfaces:
        if iface in facts.links:
            continue
        parent, dot, vlan = iface.rpartition(".")
        if dot and parent in facts.links and vlan.isdigit():
            made = f"ip link add link {parent} name {iface} type vlan id {int(vlan)}"
            yield Finding(iface, f"{iface} is up by its journal, but there is no such link",
                          (made, f"snf-network-helper up {iface}"))  # fmt: skip
        else:
            yield Finding(iface, f"{iface} is up by its journal, but there is no such link",
                          advice=f"bring the link {iface} back, then type `snf-network-helper up {iface}`")  # fmt: skip
