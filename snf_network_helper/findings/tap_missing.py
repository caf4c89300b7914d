"""A guest is attached, and its TAP is not there."""

from collections.abc import Iterator

from snf_network_helper.findings.facts import Facts
from snf_network_helper.findings.finding import BAD, Finding

ID = "tap-missing"
SEVERITY = BAD


def look(facts: Facts) -> Iterator[Finding]:
    """Another link of the same name is not the TAP: the number tells them apart."""
    for guest in facts.guests:
        tap, number = guest.attachment.tap, guest.attachment.link
        there = facts.links.get(tap)
        if there is None:
            yield Finding(tap, f"a guest is attached by {tap}, but there is no such link",
                          (f"snf-network-helper detach {tap}",))  # fmt: skip
        elif number and str(there["ifindex"]) != number:
            yield Finding(tap, f"{tap} is another link now: number {there['ifindex']}, and {number} was attached",
                          (f"snf-network-helper detach {tap}",))  # fmt: skip
