"""The last bring-up of an interface failed."""

from collections.abc import Iterator

from snf_network_helper.findings.facts import Facts
from snf_network_helper.findings.finding import BAD, Finding

ID = "bring-up-failed"
SEVERITY = BAD


def look(facts: Facts) -> Iterator[Finding]:
    """What the hook said then is the cause."""
    for iface, line in facts.failed.items():
        yield Finding(iface, f"the last ifup failed: {line}",
                      advice=f"mend what the line names, then type `snf-network-helper up {iface}`")  # fmt: skip
