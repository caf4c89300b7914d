"""No stanza describes what is up."""

from collections.abc import Iterator

from snf_network_helper.findings.facts import Facts
from snf_network_helper.findings.finding import WARNING, Finding

ID = "stanza-gone"
SEVERITY = WARNING


def look(facts: Facts) -> Iterator[Finding]:
    """The next boot brings it up no more."""
    for iface, state in facts.edited.items():
        if state == "gone":
            yield Finding(iface, f"{iface} is up, and no stanza in /etc/network/interfaces has routed-* options for it",
                          (f"snf-network-helper down {iface}",))  # fmt: skip
