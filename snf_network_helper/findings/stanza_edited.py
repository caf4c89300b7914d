"""The stanza in the file asks for something else than what is up."""

from collections.abc import Iterator

from snf_network_helper.findings.facts import Facts
from snf_network_helper.findings.finding import WARNING, Finding, NotKnown

ID = "stanza-edited"
SEVERITY = WARNING


def look(facts: Facts) -> Iterator[Finding]:
    """A mistake in the file would else be found by the next boot."""
    for iface, state in facts.edited.items():
        if state == "edited":
            cause = f"the stanza of {iface} was edited since it was brought up"
            yield Finding(iface, cause, (f"snf-network-helper up {iface}",))
        elif state != "gone":
            raise NotKnown(state)
