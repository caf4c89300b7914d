"""The kernel does not use an address of the node, since another host has it."""

from collections.abc import Iterator

from snf_network_helper.findings.facts import Facts
from snf_network_helper.findings.finding import BAD, Finding

ID = "address-refused"
SEVERITY = BAD


def look(facts: Facts) -> Iterator[Finding]:
    """`ip addr` shows dadfailed; the address has to be added again once the other host has given it up."""
    for one in facts.refused:
        yield Finding(one.owner, f"another host has the address of `{one.change.add()}`: the kernel does not use it",
                      (one.change.remove(), f"snf-network-helper up {one.network}"),
                      "first take the address from the other host")  # fmt: skip
